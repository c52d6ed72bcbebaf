"""What a policy's page tells of its premiums: the line, the states, the history, the story."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from lib import dates
from policies import premiums, promises
from policies.bank import BankRow
from policies.batches import ImportBatch
from policies.lifecycle import PolicyEvent, because
from policies.models import Policy
from policies.premium_line import line_of, premiums_of, states_of
from tests.conftest import TODAY


def days(n: int) -> date:
    return dates.today() + timedelta(days=n)


@pytest.fixture(autouse=True)
def _in_english(settings: Any) -> Iterator[None]:
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        yield


@pytest.fixture
def bank_line(db: None) -> Any:
    """A line of a return file about a premium."""
    numbers = iter(range(1, 1000))

    def make(owed: Any, on: date, failure: str = "", **fields: Any) -> BankRow:
        policy, n = owed.policy, next(numbers)
        batch, _made = ImportBatch.objects.get_or_create(insurer=policy.insurer, name="bank.xlsx")
        usual = {
            "batch": batch,
            "row": n,
            "reference": policy.policy_no,
            "account_end": "8830",
            "amount": owed.amount,
            "returned_on": on,
            "ok": not failure,
            "failure": failure,
            "state": "matched",
            "policy": policy,
            "instalment": owed,
            "digest": f"{policy.pk}-{n}",
        }
        return BankRow.objects.create(**(usual | fields))

    return make


def page_of(browser: Any, policy: Any, ask: str = "") -> Any:
    answer = browser.get(f"/policies/{policy.pk}/{ask}")
    assert answer.status_code == 200
    return answer.context


def results(browser: Any, policy: Any) -> list[tuple[str, str]]:
    return [(str(one.result), one.tone) for one, *_ in page_of(browser, policy)["entries"]]


# --- the states


def current(policy: Any, today: date = TODAY) -> tuple[str, str]:
    line = line_of(policy, policy.open_instalment, today)
    (state,) = [one for one in states_of(policy, line, today) if one.current]
    return state.name, state.words


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "paid_up"}, ("Reduced paid-up", "Nothing more to pay")),
        ({"status": "in_force"}, ("In force", "Nothing more to pay")),
        ({"status": "lapsed"}, ("Lapsed", "No cover")),
        (
            {"status": "surrendered", "ended_on": date(2026, 3, 2)},
            ("Surrendered", "on 2 March 2026"),
        ),
        ({"status": "claimed"}, ("Ended by a claim", "No longer served")),
        ({"status": "matured"}, ("Matured", "No longer served")),
        (
            {"reinstated_on": date(2025, 9, 1)},
            ("Reinstated", "Reinstated on 1 September 2025"),
        ),
    ],
)
def test_the_strip_names_where_the_policy_stands(
    make_policy: Any, fields: dict[str, Any], said: tuple[str, str]
) -> None:
    assert current(make_policy(**fields)) == said


@pytest.mark.parametrize(
    ("due_in", "name"), [(10, "In force"), (0, "In force"), (-10, "Grace"), (-61, "Lapsed")]
)
def test_grace_and_lapse_follow_from_the_days(make_instalment: Any, due_in: int, name: str) -> None:
    policy = make_instalment(due_on=TODAY + timedelta(days=due_in)).policy
    assert current(policy)[0] == name


def test_a_reinstated_policy_can_be_in_grace_again(make_instalment: Any) -> None:
    policy = make_instalment(due_on=TODAY - timedelta(days=3)).policy
    policy.reinstated_on = date(2025, 9, 1)
    assert current(policy)[0] == "Grace"


def test_premiums_say_how_each_was_settled(make_policy: Any, make_instalment: Any) -> None:
    policy = make_policy()
    make_instalment(policy, date(2023, 4, 17), closed_on=TODAY, closed_as="waived")
    make_instalment(policy, date(2024, 4, 17), closed_on=TODAY, closed_as="loan")
    make_instalment(policy, date(2025, 4, 17), paid_on=TODAY, amount=Decimal(7000))
    make_instalment(policy, date(2026, 4, 17))
    drawn = premiums_of(policy, policy.instalments.all())
    assert drawn is not None
    states = [premium.state for premium in drawn.all]
    assert states[:7] == ["paid", "paid", "waived", "loan", "paid", "open", "later"]
    assert (drawn.paid, drawn.waived, drawn.loans) == (3, 1, 1)
    assert drawn.paid_amount == 2 * 6820 + 7000


def test_a_paid_up_policy_keeps_what_was_paid(make_policy: Any) -> None:
    policy = make_policy(status="paid_up", paid_to=date(2024, 4, 17))
    drawn = premiums_of(policy)
    assert drawn is not None and drawn.paid == 3


# --- the line


def test_failed_debits_and_words_stand_on_the_line(
    make_instalment: Any, bank_line: Any, alice: Any
) -> None:
    instalment = make_instalment(due_on=date(2026, 4, 17))
    tries = [
        bank_line(instalment, on, "insufficient") for on in (date(2026, 4, 18), date(2026, 5, 17))
    ]
    promises.promise(instalment, on=date(2026, 4, 20), until=date(2026, 4, 30), by=alice)
    promises.claim(instalment, on=date(2026, 6, 11), by=alice)
    words = instalment.policy.promises.all()
    line = line_of(instalment.policy, instalment, TODAY, tries=tries, words=words)
    assert line is not None
    assert [mark.words for mark in line.marks] == [
        "18 Apr debit failed",
        "Promised for 30 Apr",
        "17 May debit failed",
        "Said paid 11 Jun",
    ]
    assert [mark.at for mark in line.marks] == sorted(mark.at for mark in line.marks)
    assert all(0 <= mark.at <= 100 for mark in line.marks)


def test_words_on_the_line_do_not_cover_each_other(make_instalment: Any, bank_line: Any) -> None:
    instalment = make_instalment(due_on=date(2026, 4, 17))
    tries = [
        bank_line(instalment, date(2026, 4, 18) + timedelta(days=3 * n), "insufficient")
        for n in range(15)
    ]
    line = line_of(instalment.policy, instalment, TODAY, tries=tries)
    assert line is not None and len(line.marks) == 15
    for row in (True, False):
        shown = [mark for mark in line.marks if mark.side and mark.is_high is row]
        ends = [_span(mark) for mark in shown]
        assert all(right <= left for (_a, right), (left, _b) in pairwise(ends))
    assert line.marks[-1].side


def _span(mark: Any) -> tuple[int, int]:
    side = mark.side.removeprefix("high ")
    left = mark.at - {"mid": 10, "end": 20, "start": 0}[side]
    return left, left + 20


def test_the_line_keeps_the_years_of_the_product(make_instalment: Any) -> None:
    instalment = make_instalment(due_on=date(2026, 4, 17))
    instalment.policy.product.reinstate_years = 3
    line = line_of(instalment.policy, instalment, TODAY)
    assert line is not None and line.reinstatement_ends_on == date(2029, 6, 16)


# --- the history


def test_the_history_shows_each_try_and_how_it_ended(
    login: Any, alice: Any, make_policy: Any, make_instalment: Any, bank_line: Any
) -> None:
    policy = make_policy(bank_name="工商银行", account="6222021202018830")
    on_time = make_instalment(policy, days(-800), paid_on=days(-799))
    bank_line(on_time, days(-799))
    late = make_instalment(policy, days(-435), paid_on=days(-400))
    bank_line(late, days(-434), "insufficient")
    bank_line(late, days(-400))
    owed = make_instalment(policy, days(-40))
    bank_line(owed, days(-39), "frozen_or_closed")
    bank_line(owed, days(-10), "other", words="账户异常")
    entries = [one for one, *_ in page_of(login(alice), policy)["entries"]]
    said = [(re.sub(r"^\d+ \w+ ", "", str(one.result)), one.tone) for one in entries]
    assert said == [
        ("账户异常", "danger"),
        ("Account frozen or closed", "danger"),
        ("Paid in grace", "warn"),
        ("Balance too low", "danger"),
        ("Paid", "ok"),
    ]
    assert entries[0].method == "工商银行 …8830"
    assert [one.received_on for one in entries] == [None, None, days(-400), None, days(-799)]


@pytest.mark.parametrize(
    ("due_in", "fields", "said"),
    [
        (20, {}, ("Not due yet", "slate")),
        (0, {}, ("Due today", "accent")),
        (-5, {}, ("Not received", "danger")),
        (-70, {}, ("Unpaid, lapsed", "danger")),
        (-5, {"closed_as": "waived", "closed_on": days(-1)}, ("Waived", "teal")),
        (-5, {"closed_as": "loan", "closed_on": days(-1)}, ("Advanced as a premium loan", "warn")),
        (-90, {"paid_on": days(-1)}, ("Paid on reinstatement", "teal")),
        (-5, {"paid_on": days(-5)}, ("Paid", "ok")),
        (-5, {"said_paid_on": days(-1), "rests_until": days(4)}, ("Waiting for the return file", "accent")),
    ],
)  # fmt: skip
def test_the_history_says_what_became_of_a_premium(
    login: Any, alice: Any, make_instalment: Any, due_in: int, fields: Any, said: tuple[str, str]
) -> None:
    policy = make_instalment(due_on=days(due_in), **fields).policy
    assert results(login(alice), policy) == [said]


def test_a_claim_that_no_file_confirmed_is_told(
    login: Any, alice: Any, make_instalment: Any
) -> None:
    policy = make_instalment(due_on=days(-20), said_paid_on=days(-9), rests_until=days(-4)).policy
    ((said, tone),) = results(login(alice), policy)
    assert said.endswith("not confirmed") and tone == "danger"


def test_a_line_of_the_bank_waits_for_a_person(
    login: Any, alice: Any, bob: Any, make_instalment: Any, bank_line: Any
) -> None:
    instalment = make_instalment(due_on=days(-5))
    bank_line(instalment, days(-1), state="ambiguous", instalment=None, amount=Decimal(6800))
    policy = instalment.policy
    assert results(login(alice), policy)[0][1] == "warn"
    for user, sees in ((alice, False), (bob, True)):
        page = login(user).get(f"/policies/{policy.pk}/").content.decode()
        assert (">Look<" in page) is sees


def test_a_delivered_notice_stands_beside_its_premium(
    login: Any, alice: Any, make_instalment: Any, make_followup: Any
) -> None:
    instalment = make_instalment(due_on=days(-40), paid_on=days(-40))
    make_followup(
        instalment.policy.holder,
        policy=instalment.policy,
        instalment=instalment,
        rule="success-notice",
        list_on=days(-39),
        keep_until=days(10),
    )
    ((_entry, notice, paper),) = page_of(login(alice), instalment.policy)["entries"]
    assert (notice, paper.kind) == ("Notice to be delivered", "paid")


def test_a_long_history_is_shortened_and_opened(
    login: Any, alice: Any, make_policy: Any, make_instalment: Any
) -> None:
    policy = make_policy(premium_mode="monthly")
    for n in range(30):
        make_instalment(policy, days(-31 * n - 40), paid_on=days(-31 * n - 40))
    page = page_of(login(alice), policy)
    assert (len(page["entries"]), page["entries_more"]) == (12, 18)
    assert len(page_of(login(alice), policy, "?all=entries")["entries"]) == 30
    page_of(login(alice), policy, "?all=x&all=%00")


# --- the story


def test_the_story_names_who_and_which_file(
    login: Any, alice: Any, bob: Any, admin: Any, make_instalment: Any
) -> None:
    policy = make_instalment(due_on=days(-5)).policy
    premiums.close(policy.open_instalment, "waived", on=days(-1), by=bob)
    with because(PolicyEvent.Source.FILE, on=days(0), by=admin):
        Policy.objects.filter(pk=policy.pk).update(status="surrendered")
    story = page_of(login(alice), policy)["story"]
    assert [(str(one.title), str(one.source), one.by) for one in story[:2]] == [
        ("Surrendered", "The insurer's file", admin.name),
        (f"Premium of {days(-5)} waived", "By hand", bob.name),
    ]


def test_lapse_and_return_are_told_though_no_event_says_so(
    login: Any, alice: Any, bob: Any, make_instalment: Any
) -> None:
    policy = make_instalment(due_on=days(-100)).policy
    browser = login(alice)
    assert str(page_of(browser, policy)["story"][0].title) == "Lapsed"
    premiums.reinstate(policy, on=days(0), by=bob)
    story = page_of(browser, policy)["story"]
    assert [str(one.title) for one in story[:2]] == ["Reinstated", f"Premium of {days(-100)} paid"]


def test_the_clients_timeline_tells_it_once(
    login: Any, alice: Any, bob: Any, make_policy: Any, make_instalment: Any
) -> None:
    policy = make_policy()
    make_instalment(policy, days(-400), paid_on=days(-400))
    premiums.record_payment(make_instalment(policy, days(-5)), on=days(-1), by=bob)
    premiums.change_mode(policy, "monthly", Decimal(600), on=days(0), by=bob)
    page = login(alice).get(f"/clients/{policy.holder_id}/").context
    told = [str(event.title) for _month, events in page["months"] for event in events]
    assert told[:3] == [
        "Premium mode: Monthly, before Yearly",
        f"Premium of {days(-5)} paid",
        "Premium paid",
    ]
    page = login(alice).get(f"/clients/{policy.holder_id}/?show=contacts").context
    assert page["months"] == []


@pytest.mark.parametrize(
    ("mode", "labels"),
    [("yearly", ["24", "25"]), ("quarterly", ["24.10", "25.1", "4", "7", "10", "26.1", "4", "7"])],
)
def test_premiums_of_one_year_are_told_apart_by_their_month(
    login: Any, alice: Any, make_policy: Any, mode: str, labels: list[str]
) -> None:
    policy = make_policy(premium_mode=mode, effective_on=date(2024, 10, 17), pay_years=2)
    page = login(alice).get(f"/policies/{policy.pk}/").content.decode()
    strip = page[page.index('<ol class="prem">') :].partition("</ol>")[0]
    assert re.findall(r'<span aria-hidden="true">([\d.]+)</span>', strip) == labels


# --- facts


def test_the_facts_add_up(
    login: Any, alice: Any, bob: Any, make_policy: Any, make_instalment: Any
) -> None:
    policy = make_policy()
    make_instalment(policy, days(-370), closed_on=days(-300), closed_as="loan")
    owed = make_instalment(policy, days(-5))
    promises.promise(owed, on=days(-4), until=days(-2), by=alice)
    promises.promise(owed, on=days(-1), until=days(3), by=alice)
    page = page_of(login(alice), policy)
    assert (page["facts"].arrears, page["facts"].loans) == (6820, 6820)
    assert (page["promised"]["broken"], page["promised"]["open"]) == (1, 1)
    assert [str(one.words) for one in page["coming"]] == ["Payment promised", "Grace ends"]


def test_many_premiums_cost_the_queries_of_one(
    login: Any, bob: Any, make_policy: Any, make_instalment: Any, bank_line: Any, alice: Any
) -> None:
    policy, browser = make_policy(), login(bob)

    def fill(n: int) -> None:
        paid = make_instalment(policy, days(-365 * n - 30), paid_on=None)
        bank_line(paid, days(-365 * n - 29), "insufficient")
        promises.promise(paid, on=days(-365 * n - 29), until=days(-365 * n - 28), by=alice)
        premiums.record_payment(paid, on=days(-365 * n - 20), by=bob)

    def cost(url: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(url).status_code == 200
        return len(seen)

    fill(20)
    urls = (f"/policies/{policy.pk}/", f"/clients/{policy.holder_id}/")
    before = [cost(url) for url in urls]
    for n in range(1, 15):
        fill(n)
    assert [cost(url) for url in urls] == before
