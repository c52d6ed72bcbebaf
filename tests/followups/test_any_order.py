"""All of it together: lists, bookings, words and evenings in any order end in the same state.

One true history of a few policies is told by the policy book, the renewal-due list, the persistency
list and the bank's return, by a leader who books a payment and by what clients say. Whoever hears it
in whatever order, over days on which the lists are written, ends with the same book and the same work.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Substr
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import User
from followups import daily
from followups.daily import write_day
from followups.models import FollowUp
from followups.rulebook import RULEBOOK
from policies import promises
from policies.batches import ImportBatch
from policies.importing.apply import Order, Report, take_in
from policies.importing.layouts import best
from policies.importing.rows import RowParser
from policies.models import BankRow, Instalment, Insurer, Policy, Promise
from policies.premiums import record_payment
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
DAYS = 4
# Before anything comes in, and so lately that the work about it is worth doing to the end.
PAID, FAILED = TODAY - 3 * A_DAY, TODAY - A_DAY
FATES = ("owed", "failed", "collected", "by hand", "told paid", "claimed", "promised", "lapsed")
BANK_WORDS = {"collected": "收费成功", "failed": "余额不足"}


@dataclass(frozen=True)
class Told:
    """What is true of one policy, and how late it is told."""

    fate: str
    mode: str  # 年缴, 月缴
    since: int  # days since the premium fell due
    shift: int  # days by which the lists move that day, if it is still owed
    late: bool  # whether persistency list and book were drawn after the money came

    @property
    def was_due_on(self) -> date:
        return TODAY - self.since * A_DAY

    @property
    def due_on(self) -> date:
        return self.was_due_on + (0 if self.is_paid else self.shift) * A_DAY

    @property
    def next_due_on(self) -> date:
        """As the insurer waits for it once this one is paid."""
        return (
            Policy(
                effective_on=self.was_due_on.replace(year=2021), premium_mode=MODES[self.mode]
            ).due_after(self.due_on)
            or date.max
        )

    @property
    def is_paid(self) -> bool:
        return self.fate in {"collected", "by hand", "told paid"}

    @property
    def told_as_paid(self) -> bool:
        return self.is_paid and (self.late or self.fate != "collected")


ABOUT_PREMIUMS = [
    rule for rule in RULEBOOK if rule.series in {"premium", "form", "notice", "lapse", "authorise"}
]


@pytest.fixture(autouse=True)
def _rules_about_premiums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "RULEBOOK", ABOUT_PREMIUMS)


MODES = {"年缴": "yearly", "月缴": "monthly"}
policies = st.builds(
    Told,
    st.sampled_from(FATES),
    st.sampled_from(list(MODES)),
    st.integers(8, 25),
    st.sampled_from([0, 0, 2]),
    st.booleans(),
)
BOOK = ["保险单号码", "投保人", "险种名称", "保险费", "缴费方式", "生效日期", "保单状态", "应缴日"]
RENEWAL = ["保险单号码", "投保人", "险种名称", "交费对应日", "应收保费", "手机号码"]
PERSISTENCY = ["保单号", "应交日", "交至日", "保单当前状态", "交费失败原因", "应收保费", "投保人"]
BANK = ["账户名", "账号", "金额", "状态描述", "回盘日期", "费用类型", "关联业务号码", "管理机构"]


def book(number: str, told: Told) -> list[str]:
    due_on = told.next_due_on if told.told_as_paid else told.due_on
    status = "失效" if told.fate == "lapsed" else "有效"
    effective = told.was_due_on.replace(year=2021).isoformat()
    due = due_on.isoformat()
    return [number, f"张三{number}", "安心", "1000", told.mode, effective, status, due]


def renewal(number: str, told: Told) -> list[str]:
    due_on = told.next_due_on if told.told_as_paid else told.due_on
    return [number, f"张三{number}", "安心", due_on.isoformat(), "1000", ""]


def persistency(number: str, told: Told) -> list[str]:
    paid_to = told.next_due_on if told.told_as_paid else told.due_on
    status = "失效" if told.fate == "lapsed" else "有效"
    why = BANK_WORDS["failed"] if told.fate == "failed" else ""
    days = [told.due_on.isoformat(), paid_to.isoformat()]
    return [number, *days, status, why, "1000", f"张三{number}"]


def bank(number: str, told: Told) -> list[str] | None:
    if told.fate not in BANK_WORDS:
        return None
    on = PAID if told.fate == "collected" else FAILED
    return ["", "6214", "1000", BANK_WORDS[told.fate], on.isoformat(), "续期", number, "杭州"]


World = dict[str, Told]  # by policy number
LISTS: dict[str, tuple[list[str], Callable[[str, Told], list[str] | None]]] = {
    "book": (BOOK, book),
    "renewal": (RENEWAL, renewal),
    "persistency": (PERSISTENCY, persistency),
    "bank": (BANK, bank),
}
DEEDS = (*LISTS, "hand", "word")


def take(name: str, world: World, day: date) -> None:
    headings, line = LISTS[name]
    _weight, layout, matches = best(headings)
    parser = RowParser(layout, matches, today=day)
    lines = [row for number, told in world.items() if (row := line(number, told))]
    rows = parser.parse(list(enumerate(map(list, lines), start=2)))
    assert not [row.problems for row in rows if row.refused]
    batch = ImportBatch.objects.create(insurer=Insurer.usual(), name=f"{name}.xlsx")
    columns = {match.field: match.heading for match in matches}
    order = Order(Insurer.usual(), today=day, batch=batch.pk, columns=columns)
    report = take_in(rows, order, Report(), layout=layout)
    assert report.kind == ("issued" if name == "book" else name)
    assert not report.rejected


def act(name: str, world: World, by: User) -> None:
    """Somebody books a payment, or says what the client said, about the premium as it stands."""
    for number, told in world.items():
        premium = Instalment.objects.filter(
            policy__policy_no=number, due_on__range=(told.was_due_on, told.due_on)
        ).get()
        if name == "hand" and told.fate == "by hand":
            record_payment(premium, on=PAID, by=by)
        elif name == "word" and told.fate == "claimed":
            promises.claim(premium, on=TODAY, by=by)
        elif name == "word" and told.fate == "promised":
            promises.promise(premium, on=TODAY, until=TODAY + 2 * A_DAY, by=by)


@dataclass(frozen=True)
class Life:
    """The policies of one telling of the history, and what is told on which of the days."""

    world: World
    plan: tuple[Sequence[str], Sequence[int]]

    @property
    def numbers(self) -> list[str]:
        return list(self.world)

    def told_on(self, day: int) -> list[str]:
        return [name for name, on in zip(*self.plan, strict=True) if on == day]


def live(lives: Sequence[Life], by: User) -> None:
    """Let the days pass: what came in during one is known when the list of the next is written."""
    write_day(TODAY)
    for n in range(DAYS):
        for life in lives:
            for name in life.told_on(n):
                if name in LISTS:
                    take(name, life.world, TODAY + n * A_DAY)
                else:
                    act(name, life.world, by)
        write_day(TODAY + (n + 1) * A_DAY)


def outcome(life: Life) -> dict[str, Any]:
    """The state of everything; of a payment that only lists tell of, the day is that of the list."""
    theirs = {"policy__policy_no__in": life.numbers}
    nth = Substr("policy__policy_no", 2)  # the same in every life
    fates = {number[1:]: told.fate for number, told in life.world.items()}
    unsure = {n for n, fate in fates.items() if fate in {"told paid", "by hand"}}
    premiums = Instalment.objects.filter(**theirs).order_by("policy__policy_no", "due_on")
    premium_rows = premiums.values_list(
        nth, "due_on", "grace_ends_on", "amount", "paid_on", "closed_as", "failed_on", "failure",
        "promised_on", "said_paid_on", "rests_until",
    )  # fmt: skip
    contracts = Policy.objects.filter(policy_no__in=life.numbers).order_by("policy_no")
    lines = BankRow.objects.filter(reference__in=life.numbers).order_by("reference", "returned_on")
    words = Promise.objects.filter(**theirs).order_by("policy__policy_no")
    work = FollowUp.objects.open().filter(**theirs, keep_until__gte=TODAY + DAYS * A_DAY)
    work_rows = work.values_list(nth, "rule", "occasion_on", "list_on", "priority")
    return {
        "premiums": [
            (*row[:4], bool(row[4]) if row[0] in unsure else row[4], *row[5:])
            for row in premium_rows
        ],
        "policies": list(
            contracts.values_list(
                Substr("policy_no", 2), "status", "next_due_on", "lapses_on", "reinstate_by",
                "premium", "premium_mode",
            )
        ),
        "lines": list(
            lines.values_list(Substr("reference", 2), "ok", "state", "instalment__due_on")
        ),
        "words": list(words.values_list("kind", "promised_on")),
        "work": sorted(
            row for row in work_rows if row[1] != "success-notice" or row[0] not in unsure
        ),
    }  # fmt: skip


plans = st.tuples(
    st.permutations(DEEDS), st.lists(st.integers(0, DAYS - 1), min_size=6, max_size=6)
)


@settings(
    max_examples=4, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(told=st.lists(policies, min_size=8, max_size=12), one=plans, other=plans)
def test_any_order_of_files_deeds_and_days_ends_in_the_same_state(
    told: list[Told], one: Any, other: Any, make_client: Any, make_policy: Any,
    make_instalment: Any, alice: User, bob: User,
) -> None:  # fmt: skip
    """Both tellings live side by side, of policies of their own, and share the evenings."""
    lives = [
        Life({f"{letter}{n}": each for n, each in enumerate(told)}, plan)
        for letter, plan in (("A", one), ("B", other))
    ]
    everything = lives[0].world | lives[1].world
    with transaction.atomic():
        _known_before(everything, make_client, make_policy, make_instalment, alice)
        live(lives, bob)
        ends = [outcome(life) for life in lives]
        for name in LISTS:  # and once more changes nothing
            take(name, everything, TODAY + DAYS * A_DAY)
        write_day(TODAY + DAYS * A_DAY)
        again = [outcome(life) for life in lives]
        transaction.set_rollback(True)
    assert again == ends
    assert ends[0] == ends[1]
    _is_the_truth(told, ends[0])


def _known_before(
    world: World, make_client: Any, make_policy: Any, make_instalment: Any, agent: User
) -> None:
    for number, told in world.items():
        policy = make_policy(
            make_client(name=f"张三{number}", agent=agent), policy_no=number,
            premium=Decimal(1000), premium_mode=MODES[told.mode],
            effective_on=told.was_due_on.replace(year=2021), pay_years=None,
        )  # fmt: skip
        make_instalment(policy, due_on=told.was_due_on, amount=Decimal(1000))


def _is_the_truth(told: Sequence[Told], end: dict[str, Any]) -> None:
    """The common end is the true one, not merely the same."""
    next_due = {row[0]: row[2] for row in end["policies"]}
    for n, each in enumerate(told):
        expected = [(each.due_on, each.is_paid)]
        if each.is_paid:
            expected.append((each.next_due_on, False))
        found = [(row[1], bool(row[4])) for row in end["premiums"] if row[0] == str(n)]
        assert found == expected
        assert next_due[str(n)] == expected[-1][0]
