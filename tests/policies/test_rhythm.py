"""After a change of premium mode, numbers and counts go on from the premium that opened it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import persistency, premiums
from policies.models import BoardPremium, Policy
from policies.premium_line import premiums_of
from policies.renewals import Board
from policies.rhythm import Numbered, due_days, number_of

pytestmark = pytest.mark.django_db
BEGINS = date(2023, 1, 31)
MODES = ("yearly", "half_yearly", "quarterly", "monthly")


@pytest.fixture
def policy(make_policy: Any, make_instalment: Any) -> Policy:
    """Yearly from January 2023: the premium of January 2025, its third, is open."""
    made: Policy = make_policy(effective_on=BEGINS, pay_years=4, premium=Decimal(6000))
    make_instalment(made, due_on=date(2025, 1, 31))
    return Policy.objects.get()


def numbers(policy: Policy) -> dict[date, int | None]:
    """As Python and as the database count, which is the same."""
    policy.refresh_from_db()
    rows = policy.instalments.annotate(nth=Numbered()).order_by("due_on")
    found = {row.due_on: number_of(policy, row.due_on) for row in rows}
    assert {row.due_on: row.nth or None for row in rows} == found
    return found


def pay_up_to(policy: Policy, end: date, by: Any) -> None:
    while (owed := policy.instalments.owed().filter(due_on__lte=end).first()) is not None:
        premiums.record_payment(owed, on=owed.due_on, by=by)


def test_the_numbers_go_on(policy: Policy, bob: Any) -> None:
    premiums.change_mode(policy, "monthly", Decimal(520), on=date(2025, 1, 10), by=bob)
    pay_up_to(policy, date(2025, 3, 31), bob)
    assert list(numbers(policy).items()) == [
        (date(2025, 1, 31), 3), (date(2025, 2, 28), 4), (date(2025, 3, 31), 5), (date(2025, 4, 30), 6)
    ]  # fmt: skip


def test_earlier_premiums_keep_theirs(policy: Policy, make_instalment: Any, bob: Any) -> None:
    make_instalment(policy, due_on=date(2024, 1, 31), paid_on=date(2024, 2, 1))
    premiums.change_mode(policy, "quarterly", Decimal(1550), on=date(2025, 1, 10), by=bob)
    assert list(numbers(policy).values()) == [2, 3]


def test_the_contracts_premiums_are_counted_in_both_rhythms(policy: Policy, bob: Any) -> None:
    premiums.change_mode(policy, "half_yearly", Decimal(3100), on=date(2025, 1, 10), by=bob)
    pay_up_to(policy, date(2025, 8, 1), bob)
    policy.refresh_from_db()
    drawn = premiums_of(policy, policy.instalments.all())
    assert drawn is not None
    assert [(one.number, one.due_on, one.amount) for one in drawn.all] == [
        (1, date(2023, 1, 31), 6000), (2, date(2024, 1, 31), 6000), (3, date(2025, 1, 31), 3100),
        (4, date(2025, 7, 31), 3100), (5, date(2026, 1, 31), 3100), (6, date(2026, 7, 31), 3100),
    ]  # fmt: skip
    assert (drawn.paid, drawn.paid_amount) == (4, 2 * 6000 + 2 * 3100)


def test_a_change_by_the_insurers_file_counts_alike(policy: Policy) -> None:
    Policy.objects.update(premium_mode="monthly", premium=520)
    assert numbers(policy) == {date(2025, 1, 31): 3}
    assert (policy.mode_before, policy.premium_before) == ("yearly", 6000)


def test_a_rhythm_given_up_at_once_leaves_no_trace(policy: Policy, bob: Any) -> None:
    for mode, premium in (("monthly", 520), ("yearly", 6000)):
        premiums.change_mode(policy, mode, Decimal(premium), on=date(2025, 1, 10), by=bob)
    pay_up_to(policy, date(2025, 2, 1), bob)
    assert list(numbers(policy).values()) == [3, 4]
    assert [number for number, _on in due_days(policy)] == [1, 2, 3, 4]


def test_the_board_counts_the_new_rhythm(policy: Policy, bob: Any) -> None:
    premiums.change_mode(policy, "monthly", Decimal(520), on=date(2025, 1, 10), by=bob)
    assert square("3", date(2025, 1, 1)) == 1
    pay_up_to(policy, date(2025, 2, 1), bob)
    assert square("4", date(2025, 2, 1)) == 1


def square(row: str, month: date) -> int:
    return Board.of(BoardPremium.objects.all(), month, month).grid.cell(row, "due").count


def test_persistency_weighs_the_premium_of_the_first_year(policy: Policy, bob: Any) -> None:
    premiums.change_mode(policy, "monthly", Decimal(520), on=date(2025, 1, 10), by=bob)
    (rate,) = persistency.rates(Policy.objects.all(), date(2025, 3, 1), 25)
    assert rate.denominator == 6000


walks = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(MODES)), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=st.sampled_from(MODES), day=st.integers(1, 31), walk=walks)
def test_the_numbers_are_those_of_counting_premium_by_premium(
    first: str, day: int, walk: list[tuple[int, str]], make_policy: Any, bob: Any
) -> None:
    with transaction.atomic():
        policy = make_policy(
            effective_on=date(2020, 1, day), premium_mode=first, pay_years=None, next_due_on=None
        )
        Policy.objects.filter(pk=policy.pk).update(
            next_due_on=policy.due_after(policy.effective_on)
        )
        policy.refresh_from_db()
        premiums.schedule(policy)
        counted = {policy.next_due_on: 2}
        for pays, mode in walk:
            _pay(policy, pays, counted, bob)
            known = {on: nth for on, nth in counted.items() if on >= _known_since(policy)}
            assert numbers(policy).items() >= known.items()
            if mode != policy.premium_mode:
                on = policy.next_due_on
                premiums.change_mode(policy, mode, Decimal(100), on=on, by=bob)
                policy.refresh_from_db()
        transaction.set_rollback(True)


def _pay(policy: Policy, times: int, counted: dict[date, int], by: Any) -> None:
    """Pay what is owed so many times, and count each premium that follows."""
    for _ in range(times):
        owed = policy.instalments.owed().get()
        following = premiums.record_payment(owed, on=owed.due_on, by=by)
        assert following is not None
        counted[following.due_on] = counted[owed.due_on] + 1


def _known_since(policy: Policy) -> date:
    """Of several changes the premiums since the last but one are known exactly."""
    changes = policy.events.filter(kind="mode").count()
    return date.min if changes < 2 or policy.rhythm_from is None else policy.rhythm_from


def test_a_rhythm_off_the_effective_day_ends_with_the_paying_years(make_policy: Any) -> None:
    policy = make_policy(effective_on=date(2021, 4, 17), pay_years=2, premium_mode="half_yearly")
    days = [date(2021, 5, 1)]
    while following := policy.due_after(days[-1]):
        days.append(following)
    assert days[-1] == date(2022, 11, 1)
