"""The trade's own examples of days, as a branch would check them with a calendar."""

from datetime import date, timedelta
from typing import Any

import pytest

from lib import dates
from policies import premiums
from policies.forms import PolicyForm
from policies.models import Policy
from policies.premium_line import Held
from policies.premiums import record_payment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("basis", "first", "last", "lapses", "back_by"),
    [
        ("date", date(2026, 3, 16), date(2026, 5, 14), date(2026, 5, 15), date(2028, 5, 14)),
        ("month_end", date(2026, 4, 1), date(2026, 5, 30), date(2026, 5, 31), date(2028, 5, 30)),
    ],
)
def test_sixty_days_of_grace(
    basis: str, first: date, last: date, lapses: date, back_by: date, make_policy: Any
) -> None:
    policy = make_policy(next_due_on=date(2026, 3, 15), effective_on=date(2021, 3, 15))
    policy.product.due_basis = basis
    policy.product.save()
    premiums.schedule(policy)
    policy.refresh_from_db()
    assert (policy.lapses_on, policy.reinstate_by) == (lapses, back_by)
    left = [Held(policy, day).days_left for day in (first - timedelta(days=1), last)]
    assert left == [60, 0]
    assert policy.status_on(last) == "in_force"
    assert policy.status_on(lapses) == "lapsed"


def test_the_last_day_of_each_month(make_policy: Any, bob: Any) -> None:
    policy = make_policy(
        effective_on=date(2024, 1, 31), premium_mode="monthly", next_due_on=date(2024, 2, 29)
    )
    owed = premiums.schedule(policy)
    days = []
    for _ in range(4):
        assert owed is not None
        days.append(owed.due_on)
        owed = record_payment(owed, on=owed.due_on, by=bob)
    assert days == [date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31)]


def test_a_leap_day_each_year(make_policy: Any) -> None:
    policy = make_policy(effective_on=date(2024, 2, 29), premium_mode="yearly")
    day, days = policy.effective_on, []
    for _ in range(4):
        day = policy.due_after(day)
        days.append(day)
    assert days == [date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


@pytest.mark.parametrize(
    ("days", "counts_from", "ends"),
    [
        (15, "next_day", date(2026, 6, 16)),
        (15, "same_day", date(2026, 6, 15)),
        (10, "next_day", date(2026, 6, 11)),
        (20, "next_day", date(2026, 6, 21)),
    ],
)
def test_cooling_off_counts_from_the_day_that_the_product_says(
    days: int, counts_from: str, ends: date, make_policy: Any
) -> None:
    policy = make_policy(receipt_signed_on=date(2026, 6, 1))
    policy.product.cooling_off_days = days
    policy.product.cooling_off_from = counts_from
    assert policy.cooling_off_ends_on == ends
    assert make_policy(receipt_signed_on=None).cooling_off_ends_on is None


@pytest.mark.parametrize(("today", "may"), [(date(2026, 6, 16), True), (date(2026, 6, 17), False)])
def test_after_cooling_off_a_policy_is_surrendered_and_not_withdrawn(
    today: date, may: bool, make_policy: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dates, "today", lambda: today)
    policy: Policy = make_policy(receipt_signed_on=date(2026, 6, 1))
    form = PolicyForm({"status": "cooled_off"}, instance=policy, user=bob)
    form.is_valid()
    assert ("status" not in form.errors) is may
