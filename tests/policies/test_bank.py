"""Return files: what the bank collected pays its premium, once, whatever comes in what order."""

import io
import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import bank
from policies.bank import BankRow, Branch, Posted, look_again
from policies.batches import ImportBatch
from policies.importing.apply import Order
from policies.importing.problems import Refusal
from policies.models import Instalment, Insurer, Policy, PolicyEvent
from policies.premiums import record_payment
from tests.policies.importing.books import SAMPLES

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 12)
DUE = date(2026, 6, 1)
COLLECTED = date(2026, 6, 5)
PREMIUM = Decimal("6820.00")

TABLE = """
CREATE TEMP TABLE IF NOT EXISTS import_bank (n int, row int, reference text, account_name text,
    account_end text, branch text, amount numeric, returned_on date, ok bool, failure text, words text);
TRUNCATE import_bank
"""


@dataclass(frozen=True)
class Line:
    """One line of a return file."""

    reference: str
    amount: Decimal = PREMIUM
    on: date = COLLECTED
    failure: str = ""
    account_end: str = "0731"
    branch: str = ""

    def values(self, n: int) -> tuple[Any, ...]:
        end, ok = self.account_end, not self.failure
        said = (self.branch, self.amount, self.on, ok, self.failure, "")
        return (n, n + 1, self.reference, "陈志远", end, *said)


def stage(lines: Iterable[Line]) -> None:
    rows = [line.values(n) for n, line in enumerate(lines, 1)]
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        for start in range(0, len(rows), 1000):
            part = rows[start : start + 1000]
            places = ", ".join(["(" + ", ".join(["%s"] * 11) + ")"] * len(part))
            values = [value for row in part for value in row]
            cursor.execute(f"INSERT INTO import_bank VALUES {places}", values)


def post(*lines: Line, dry_run: bool = False) -> Posted:
    insurer = Insurer.usual()
    batch = ImportBatch.objects.create(insurer=insurer, name="回盘.xlsx", state="applying")
    with transaction.atomic():
        stage(lines)
        return bank.post(Order(insurer, today=TODAY, batch=batch.pk, dry_run=dry_run))


def told(reference: str) -> tuple[str, str]:
    row = BankRow.objects.get(reference=reference)
    return row.state, row.why


@pytest.fixture
def owed(make_instalment: Any, make_policy: Any) -> Callable[..., Any]:
    def make(due_on: date = DUE, **policy: Any) -> Any:
        usual = {"effective_on": date(2021, 6, 1)}
        return make_instalment(make_policy(**(usual | policy)), due_on=due_on)

    return make


# --- collected


def test_a_success_pays_the_premium_on_its_own_day_and_opens_the_next(owed: Any) -> None:
    instalment = owed()
    posted = post(Line(instalment.policy.policy_no))
    instalment.refresh_from_db()
    policy = Policy.objects.get()
    assert (posted.lines, posted.paid, posted.paid_amount) == (1, 1, PREMIUM)
    assert instalment.paid_on == COLLECTED
    assert policy.next_due_on == date(2027, 6, 1)
    assert policy.lapses_on == date(2027, 8, 1)
    assert policy.reinstate_by == date(2029, 7, 31)
    assert policy.open_instalment.amount == PREMIUM


def test_its_event_bears_the_banks_day_and_the_file(owed: Any) -> None:
    policy = owed().policy
    post(Line(policy.policy_no))
    event = policy.events.get()
    assert (event.source, event.was, event.now, event.on) == ("bank", "owed", "paid", COLLECTED)
    assert event.batch == ImportBatch.objects.get()


def test_it_does_what_recording_by_hand_does(owed: Any, bob: Any) -> None:
    by_bank, by_hand = owed(), owed()
    post(Line(by_bank.policy.policy_no))
    record_payment(by_hand, on=COLLECTED, by=bob)
    assert state_of(by_bank.policy) == state_of(by_hand.policy)


def state_of(policy: Policy) -> Any:
    dates = ("next_due_on", "lapses_on", "reinstate_by")
    premiums = ("due_on", "grace_ends_on", "amount", "paid_on", "failed_on", "failure")
    return (
        Policy.objects.filter(pk=policy.pk).values_list(*dates).get(),
        list(policy.instalments.order_by("due_on").values_list(*premiums)),
    )


@pytest.mark.parametrize(
    ("mode", "effective_on", "due_on", "following"),
    [
        ("monthly", date(2025, 1, 31), date(2026, 2, 28), date(2026, 3, 31)),
        ("monthly", date(2025, 1, 31), date(2026, 4, 30), date(2026, 5, 31)),
        ("quarterly", date(2025, 11, 30), date(2026, 2, 28), date(2026, 5, 30)),
        ("yearly", date(2024, 2, 29), date(2027, 2, 28), date(2028, 2, 29)),
        ("half_yearly", None, date(2026, 6, 1), date(2026, 12, 1)),
        ("single", date(2026, 6, 1), date(2026, 6, 1), None),
    ],
)  # fmt: skip
def test_the_next_due_date_does_not_drift(
    owed: Any, mode: str, effective_on: date, due_on: date, following: date
) -> None:
    policy = owed(due_on, premium_mode=mode, effective_on=effective_on).policy
    post(Line(policy.policy_no, on=due_on))
    policy.refresh_from_db()
    assert policy.next_due_on == following == policy.due_after(due_on)


def test_nothing_opens_when_the_paying_years_are_over(owed: Any) -> None:
    policy = owed(effective_on=date(2021, 6, 1), pay_years=6).policy
    post(Line(policy.policy_no))
    policy.refresh_from_db()
    assert (policy.next_due_on, policy.lapses_on, policy.reinstate_by) == (None, None, None)


@given(
    effective_on=st.dates(date(2000, 1, 1), date(2030, 12, 31)) | st.none(),
    due_on=st.dates(date(2000, 1, 1), date(2045, 12, 31)),
    years=st.none() | st.integers(0, 30),
    mode=st.sampled_from(Policy.Mode.values),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_database_counts_due_dates_as_policies_do(
    effective_on: date, due_on: date, years: int, mode: str
) -> None:
    policy = Policy(effective_on=effective_on, pay_years=years, premium_mode=mode)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT policies_due_after(%s::date, %s::int, %s::int, %s::date)",
            [effective_on, policy.months_between, years, due_on],
        )
        assert cursor.fetchone() == (policy.due_after(due_on),)


def test_the_money_may_come_a_little_before_the_due_date(owed: Any) -> None:
    yearly, monthly = owed(date(2026, 7, 5)), owed(date(2026, 7, 5), premium_mode="monthly")
    post(Line(yearly.policy.policy_no), Line(monthly.policy.policy_no))
    assert told(yearly.policy.policy_no) == ("matched", "")
    assert told(monthly.policy.policy_no) == ("ambiguous", "nothing")


def test_what_the_bank_collected_first_is_not_meant_for_what_a_later_booking_opened(
    owed: Any, bob: Any
) -> None:
    instalment = owed(COLLECTED - timedelta(days=18), premium_mode="monthly")
    record_payment(instalment, on=COLLECTED + timedelta(days=2), by=bob)
    post(Line(instalment.policy.policy_no))
    instalment.refresh_from_db()
    assert BankRow.objects.get().instalment == instalment
    assert instalment.paid_on == COLLECTED


def test_a_payment_booked_before_the_file_came_is_confirmed(owed: Any, bob: Any) -> None:
    instalment = owed()
    record_payment(instalment, on=TODAY, by=bob)
    before = Instalment.objects.count()
    post(Line(instalment.policy.policy_no))
    row = BankRow.objects.get()
    instalment.refresh_from_db()
    assert (row.state, row.confirms, row.instalment) == ("matched", True, instalment)
    assert instalment.paid_on == COLLECTED, "the bank knows the day"
    assert Instalment.objects.count() == before
    confirmed = instalment.policy.events.get(source="bank")
    assert (confirmed.now, confirmed.on, confirmed.due_on) == ("paid", COLLECTED, DUE)


# --- failed


def test_a_failure_is_noted_on_the_premium(owed: Any) -> None:
    instalment = owed()
    posted = post(Line(instalment.policy.policy_no, failure="insufficient"))
    instalment.refresh_from_db()
    assert (instalment.failed_on, instalment.failure) == (COLLECTED, "insufficient")
    assert instalment.is_owed
    assert posted.failures == {"insufficient": 1}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_later_success_closes_an_earlier_failure_in_any_order(owed: Any, order: Any) -> None:
    instalment = owed()
    number = instalment.policy.policy_no
    lines = [Line(number, failure="insufficient"), Line(number, on=COLLECTED + timedelta(days=9))]
    for n in order:
        post(lines[n])
    instalment.refresh_from_db()
    assert (instalment.paid_on, instalment.failed_on, instalment.failure) == (lines[1].on, None, "")
    assert BankRow.objects.filter(state="matched", instalment=instalment).count() == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_latest_failure_stands(owed: Any, order: Any) -> None:
    instalment = owed()
    number = instalment.policy.policy_no
    lines = [
        Line(number, failure="insufficient"),
        Line(number, on=COLLECTED + timedelta(days=2), failure="limit_exceeded"),
    ]
    for n in order:
        post(lines[n])
    instalment.refresh_from_db()
    assert (instalment.failed_on, instalment.failure) == (lines[1].on, "limit_exceeded")


@pytest.mark.parametrize(
    ("failure", "authorisation"),
    [
        ("", "signed"),
        ("insufficient", "signed"),
        ("no_authorisation", "missing"),
        ("account_not_found", "missing"),
        ("frozen_or_closed", "missing"),
        ("system_error", "expired"),
    ],
)
def test_the_answer_tells_whether_the_authorisation_holds(
    owed: Any, failure: str, authorisation: str
) -> None:
    policy = owed(authorisation="expired").policy
    post(Line(policy.policy_no, failure=failure))
    policy.refresh_from_db()
    assert policy.authorisation == authorisation


def test_a_form_signed_since_is_not_lost_to_an_older_file(owed: Any) -> None:
    policy = owed().policy
    post(Line(policy.policy_no, failure="no_authorisation"))
    Policy.objects.update(authorisation="signed")
    post(Line(policy.policy_no, failure="name_mismatch", on=COLLECTED - timedelta(days=3)))
    policy.refresh_from_db()
    assert policy.authorisation == "signed"


# --- what waits for a person


def test_a_number_nobody_knows_touches_nothing(owed: Any) -> None:
    policy = owed().policy
    before = state_of(policy)
    posted = post(Line("86000000000001"))
    assert told("86000000000001") == ("unknown", "")
    assert (posted.unknown, posted.unknown_rows) == (1, [(2, "86000000000001", "陈志远")])
    assert state_of(policy) == before


def test_a_wrong_amount_waits(owed: Any) -> None:
    policy = owed().policy
    before = state_of(policy)
    post(Line(policy.policy_no, amount=PREMIUM - Decimal("0.01")))
    assert told(policy.policy_no) == ("ambiguous", "amount")
    assert state_of(policy) == before


def test_two_premiums_of_one_amount_wait(owed: Any, make_instalment: Any) -> None:
    policy = owed().policy
    make_instalment(policy, due_on=DUE - timedelta(days=30))
    post(Line(policy.policy_no))
    assert told(policy.policy_no) == ("ambiguous", "several")


def test_a_premium_is_not_paid_twice(owed: Any) -> None:
    policy = owed().policy
    post(Line(policy.policy_no))
    after = state_of(policy)
    post(Line(policy.policy_no, on=COLLECTED + timedelta(days=3)))
    assert list(BankRow.objects.order_by("returned_on").values_list("state", "why")) == [
        ("matched", ""), ("ambiguous", "paid"),
    ]  # fmt: skip
    assert state_of(policy) == after


def test_money_for_a_lapsed_policy_waits(owed: Any) -> None:
    policy = owed(date(2026, 3, 1)).policy
    before = state_of(policy)
    post(Line(policy.policy_no))
    assert told(policy.policy_no) == ("ambiguous", "lapsed")
    assert state_of(policy) == before


def test_money_for_an_ended_policy_waits(owed: Any) -> None:
    policy = owed(status="surrendered").policy
    post(Line(policy.policy_no))
    assert told(policy.policy_no) == ("ambiguous", "ended")


def test_the_last_day_of_grace_is_in_time(owed: Any) -> None:
    last, late = owed(), owed()
    ends_on = last.grace_ends_on
    post(Line(last.policy.policy_no, on=ends_on))
    post(Line(late.policy.policy_no, on=ends_on + timedelta(days=1)))
    assert told(last.policy.policy_no) == ("matched", "")
    assert told(late.policy.policy_no) == ("ambiguous", "lapsed")


def test_another_insurers_policy_of_the_number_is_not_meant(owed: Any) -> None:
    policy = owed().policy
    Policy.objects.update(insurer=Insurer.objects.create(code="other", name="另一家"))
    post(Line(policy.policy_no))
    assert told(policy.policy_no) == ("unknown", "")


# --- once


def test_a_line_counts_once_in_a_file_and_in_another(owed: Any) -> None:
    policy = owed().policy
    first = post(Line(policy.policy_no), Line(policy.policy_no))
    after = state_of(policy), events_of(policy)
    again = post(Line(policy.policy_no))
    assert (first.lines, first.repeated, first.paid) == (1, 1, 1)
    assert (again.lines, again.repeated, again.paid) == (0, 1, 0)
    assert (state_of(policy), events_of(policy)) == after


def events_of(policy: Policy) -> list[Any]:
    return list(policy.events.order_by("pk").values_list("kind", "was", "now", "due_on"))


def test_a_check_writes_nothing(owed: Any) -> None:
    policy = owed().policy
    before = state_of(policy)
    posted = post(Line(policy.policy_no), Line("86000000000001"), dry_run=True)
    assert (posted.paid, posted.unknown) == (1, 1)
    assert state_of(policy) == before
    assert not BankRow.objects.exists()


def test_the_database_collects_a_premium_once(owed: Any) -> None:
    policy = owed().policy
    post(Line(policy.policy_no))
    twice = BankRow.objects.get()
    twice.pk, twice.digest = None, "another"
    with pytest.raises(IntegrityError, match="a_premium_is_collected_once"), transaction.atomic():
        twice.save()


# --- whose file


def test_a_file_of_another_branch_is_refused_whole(owed: Any) -> None:
    policy = owed().policy
    post(Line("86000000000001", branch="杭州中心支公司"))
    before = state_of(policy)
    with pytest.raises(Refusal, match="宁波"):
        post(
            Line("86000000000002", branch="杭州中心支公司"),
            Line(policy.policy_no, branch="宁波中心支公司"),
        )
    assert state_of(policy) == before
    assert BankRow.objects.count() == 1


def test_a_branch_that_was_added_is_ours(owed: Any) -> None:
    post(Line("86000000000001", branch="杭州中心支公司"))
    Branch.learn(Insurer.usual().pk, {"宁波中心支公司"})
    assert post(Line("86000000000002", branch="宁波中心支公司")).lines == 1


def test_a_code_does_not_tell_of_another_branch_than_a_name() -> None:
    Branch.learn(Insurer.usual().pk, {"杭州中心支公司"})
    post(Line("86000000000001", branch="3301"))
    with pytest.raises(Refusal):
        post(Line("86000000000002", branch="3302"))


def test_an_outlet_is_no_branch() -> None:
    Branch.learn(Insurer.usual().pk, {"西湖网点"}, "网点名称")
    assert not Branch.objects.exists()


# --- with the insurer's other lists


def _import(name: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_book", str(SAMPLES / name), "--json", stdout=out)
    return dict(json.loads(out.getvalue()))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_book_drawn_before_the_bank_collected_opens_nothing_again() -> None:
    book, returns = "issued-11-none.xlsx", "bank-11-none.xlsx"
    rows = _import(book)["rows"]
    posted = _import(returns)
    assert (posted["collected"], posted["failed"], posted["waiting"]) == (36, 33, 0)
    after = outcome()
    assert _import(book)["unchanged"] == rows
    assert _import(returns)["unchanged"] == posted["rows"]
    assert outcome() == after


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_lines_that_came_before_their_book_are_posted_with_it() -> None:
    returns, book = "bank-11-none.xlsx", "issued-11-none.xlsx"
    assert _import(returns)["unknown"] == 69
    _import(book)
    states = BankRow.objects.values_list("ok", "state").order_by("ok").distinct()
    assert list(states) == [(False, "matched"), (True, "matched")]
    assert Instalment.objects.filter(paid_on__isnull=False).count() == 36
    before = outcome()
    assert _import(returns)["unchanged"] == 69
    assert outcome() == before


def test_a_waiting_line_is_understood_when_its_premium_gets_its_amount(
    owed: Any, admin: Any
) -> None:
    instalment = owed()
    post(Line(instalment.policy.policy_no, amount=PREMIUM + 1))
    instalment.amount = PREMIUM + 1
    instalment.save()
    order = Order(instalment.policy.insurer, by=admin, batch=BankRow.objects.get().batch_id)
    look_again(order)
    assert told(instalment.policy.policy_no) == ("matched", "")


def test_what_a_person_set_aside_is_not_looked_at_again(owed: Any, admin: Any) -> None:
    instalment = owed()
    post(Line(instalment.policy.policy_no, amount=PREMIUM + 1))
    row = BankRow.objects.get()
    row.put_aside("错账", by=admin)
    Instalment.objects.update(amount=PREMIUM + 1)
    look_again(Order(instalment.policy.insurer, by=admin, batch=row.batch_id))
    assert told(instalment.policy.policy_no)[0] == "set_aside"


# --- any order, any repetition


MONTHLY = Decimal("500.00")
DAYS = [date(2026, 3, 10) + timedelta(days=n) for n in range(0, 110, 6)]
LINES = st.builds(
    Line,
    st.sampled_from(["M", "Y", "H"]),
    st.sampled_from([MONTHLY, PREMIUM, Decimal("7.00")]),
    st.sampled_from(DAYS),
    st.sampled_from(["", "", "", "insufficient", "no_authorisation", "system_error"]),
)


def outcome() -> Any:
    rows = BankRow.objects.order_by("digest")
    return (
        list(rows.values_list("digest", "state", "why", "confirms", "instalment__due_on")),
        list(
            Instalment.objects.order_by("policy__policy_no", "due_on").values_list(
                "policy__policy_no", "due_on", "grace_ends_on", "amount", "paid_on", "failed_on", "failure"
            )
        ),
        list(
            Policy.objects.order_by("policy_no").values_list(
                "policy_no", "next_due_on", "lapses_on", "reinstate_by", "authorisation"
            )
        ),
    )  # fmt: skip


@given(st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20
)
def test_any_order_of_files_and_any_repetition_ends_in_the_same_state(
    make_client: Any, make_policy: Any, make_instalment: Any, bob: Any, data: Any
) -> None:
    lines = data.draw(st.lists(LINES, min_size=2, max_size=7, unique=True))
    orders = [
        lines,
        data.draw(st.permutations(lines)),
        [*lines, *data.draw(st.permutations(lines))],
    ]
    cuts = [data.draw(st.integers(1, 3)) for _order in orders]
    owed_twice = data.draw(st.booleans())
    seen = []
    for order, size in zip(orders, cuts, strict=True):
        with transaction.atomic():
            _three_policies(make_client(), make_policy, make_instalment, owed_twice)
            record_payment(
                Instalment.objects.get(policy__policy_no="H"), on=date(2026, 5, 2), by=bob
            )
            for start in range(0, len(order), size):
                post(*order[start : start + size])
            seen.append(outcome())
            _money_never_moves_twice()
            transaction.set_rollback(True)
    assert seen[0] == seen[1] == seen[2]


def _three_policies(holder: Any, make_policy: Any, make_instalment: Any, owed_twice: bool) -> None:
    usual = {"effective_on": date(2025, 3, 31), "authorisation": "expired"}
    monthly = make_policy(
        holder, policy_no="M", premium=MONTHLY, premium_mode="monthly", pay_years=2, **usual
    )
    yearly = make_policy(holder, policy_no="Y", premium=PREMIUM, **usual)
    make_instalment(monthly, due_on=date(2026, 3, 31))
    by_hand = make_policy(holder, policy_no="H", premium=PREMIUM, **usual)
    make_instalment(yearly, due_on=date(2026, 3, 31))
    make_instalment(by_hand, due_on=date(2026, 3, 31))
    if owed_twice:
        make_instalment(monthly, due_on=date(2026, 4, 30))
    for policy in (monthly, yearly, by_hand):
        record = policy.instalments.order_by("due_on").first()
        ends = record.grace_ends_on
        Policy.objects.filter(pk=policy.pk).update(
            next_due_on=record.due_on, lapses_on=ends + timedelta(days=1)
        )


def _money_never_moves_twice() -> None:
    collected = BankRow.objects.filter(ok=True, state="matched")
    assert collected.count() == collected.values("instalment").distinct().count()
    for row in collected.select_related("instalment"):
        assert (row.instalment.paid_on, row.instalment.amount) == (row.returned_on, row.amount)
    paid = Instalment.objects.exclude(paid_on=None).exclude(policy__policy_no="H")
    assert paid.count() == collected.exclude(policy__policy_no="H").count()


# --- at size


FAILURES = (
    "insufficient", "account_not_found", "card_invalid", "name_mismatch", "frozen_or_closed",
    "limit_exceeded", "system_error",
)  # fmt: skip


def _a_branch(make_client: Any, size: int) -> list[str]:
    holder, insurer = make_client(), Insurer.usual()
    policies = Policy.objects.bulk_create(
        Policy(
            insurer=insurer, policy_no=f"B{n:06d}", holder=holder, premium=PREMIUM,
            effective_on=date(2021, 6, 1), next_due_on=DUE, lapses_on=DUE + timedelta(days=61),
        )
        for n in range(size)
    )  # fmt: skip
    ends_on = DUE + timedelta(days=60)
    Instalment.objects.bulk_create(
        Instalment(policy=policy, due_on=DUE, grace_ends_on=ends_on, amount=PREMIUM)
        for policy in policies
    )
    return [policy.policy_no for policy in policies]


def test_five_thousand_lines_in_a_few_seconds(make_client: Any) -> None:
    numbers = _a_branch(make_client, 5000)
    lines = [
        Line(number, failure="" if n < 4200 else FAILURES[n % 7])
        for n, number in enumerate(numbers)
    ]
    began = time.monotonic()
    posted = post(*lines)
    seconds = time.monotonic() - began
    assert (posted.lines, posted.paid, posted.failed) == (5000, 4200, 800)
    assert sum(posted.failures.values()) == 800
    assert set(posted.failures) == set(FAILURES)
    assert posted.paid_amount == 4200 * PREMIUM
    assert Instalment.objects.filter(paid_on=COLLECTED).count() == 4200
    assert Instalment.objects.filter(failed_on=COLLECTED, paid_on=None).count() == 800
    assert PolicyEvent.objects.filter(source="bank").count() == 4200
    assert seconds < 10
    before = outcome()
    again = post(*lines)
    assert (again.lines, again.repeated) == (0, 5000)
    assert outcome() == before


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_who_post_at_once_end_as_if_one_after_the_other(make_client: Any) -> None:
    numbers = _a_branch(make_client, 300)
    first = [Line(number) for number in numbers[:200]]
    second = [Line(number) for number in numbers[100:]]
    second += [Line(number, on=COLLECTED + timedelta(days=2)) for number in numbers[:100]]

    def send(lines: list[Line]) -> Posted:
        try:
            return post(*lines)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(send, [first, second]))
    assert sum(result.lines for result in results) == 400
    assert Instalment.objects.filter(paid_on=COLLECTED).count() == 300
    assert BankRow.objects.filter(state="matched").count() == 300
    assert BankRow.objects.filter(state="ambiguous", why="paid").count() == 100
    assert Instalment.objects.count() == 600


def test_a_file_that_breaks_off_leaves_nothing(owed: Any) -> None:
    policy = owed().policy
    before = state_of(policy)
    insurer = Insurer.usual()
    with pytest.raises(RuntimeError), transaction.atomic():
        batch = ImportBatch.objects.create(insurer=insurer, name="回盘.xlsx", state="applying")
        stage([Line(policy.policy_no)])
        bank.post(Order(insurer, today=TODAY, batch=batch.pk))
        raise RuntimeError
    assert state_of(policy) == before
    assert not BankRow.objects.exists()
    assert not policy.events.exists()
