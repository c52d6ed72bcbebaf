"""A premium is paid, the next one opens, and cover ends when nobody pays."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import AuditEntry
from policies import premiums
from policies.models import Policy


def due_days(policy: Policy) -> list[date]:
    return list(policy.instalments.values_list("due_on", flat=True))


def pay(policy: Policy, times: int, by: Any) -> None:
    for _ in range(times):
        opened = policy.instalments.filter(paid_on=None).first()
        premiums.record_payment(opened, on=opened.due_on, by=by)


def test_a_payment_opens_the_next_premium(make_instalment: Any, bob: Any) -> None:
    first = make_instalment(due_on=date(2026, 4, 17))
    following = premiums.record_payment(first, on=date(2026, 6, 12), by=bob)
    assert first.paid_on == date(2026, 6, 12)
    assert following.due_on == date(2027, 4, 17)
    assert following.grace_ends_on == date(2027, 6, 16)
    assert following.amount == first.policy.premium


def test_cover_follows_the_earliest_unpaid_premium(make_instalment: Any, bob: Any) -> None:
    earlier = make_instalment(due_on=date(2025, 4, 17))
    later = make_instalment(policy=earlier.policy, due_on=date(2026, 4, 17))
    premiums.record_payment(earlier, on=date(2025, 6, 12), by=bob)
    policy = Policy.objects.get(pk=earlier.policy_id)
    assert policy.next_due_on == later.due_on
    assert policy.lapses_on == later.grace_ends_on + timedelta(days=1)


def test_month_ends_are_clamped_without_drift(
    make_policy: Any, make_instalment: Any, bob: Any
) -> None:
    policy = make_policy(effective_on=date(2025, 10, 31), premium_mode="monthly", pay_years=None)
    make_instalment(policy=policy, due_on=date(2026, 1, 31))
    pay(policy, 3, bob)
    assert due_days(policy) == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]


def test_a_leap_day_comes_back(make_policy: Any, make_instalment: Any, bob: Any) -> None:
    policy = make_policy(effective_on=date(2024, 2, 29))
    make_instalment(policy=policy, due_on=date(2026, 2, 28))
    pay(policy, 2, bob)
    assert due_days(policy)[-2:] == [date(2027, 2, 28), date(2028, 2, 29)]


def test_paying_ends_with_the_paying_years(
    make_policy: Any, make_instalment: Any, bob: Any
) -> None:
    policy = make_policy(effective_on=date(2021, 4, 17), pay_years=6)
    last = make_instalment(policy=policy, due_on=date(2026, 4, 17))
    assert premiums.record_payment(last, on=date(2026, 4, 17), by=bob) is None
    policy.refresh_from_db()
    assert policy.next_due_on is None
    assert policy.lapses_on is None


def test_a_payment_twice_is_one_payment(make_instalment: Any, bob: Any) -> None:
    first = make_instalment(due_on=date(2026, 4, 17))
    premiums.record_payment(first, on=date(2026, 6, 12), by=bob)
    premiums.record_payment(first, on=date(2026, 6, 13), by=bob)
    assert first.policy.instalments.count() == 2
    assert first.policy.instalments.get(due_on=first.due_on).paid_on == date(2026, 6, 12)
    assert AuditEntry.objects.filter(action="payment").count() == 1


def test_the_payment_is_recorded_with_who_and_what(make_instalment: Any, bob: Any) -> None:
    first = make_instalment(due_on=date(2026, 4, 17))
    premiums.record_payment(first, on=date(2026, 6, 12), by=bob)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.subject) == (bob, f"policy {first.policy_id}")
    assert entry.detail == {"due_on": "2026-04-17", "paid_on": "2026-06-12"}


def test_grace_is_what_the_product_says(make_policy: Any, make_instalment: Any, bob: Any) -> None:
    policy = make_policy()
    policy.product.grace_days = 30
    policy.product.save()
    first = make_instalment(policy=policy, due_on=date(2026, 4, 17))
    following = premiums.record_payment(first, on=date(2026, 4, 17), by=bob)
    assert following.grace_ends_on == date(2027, 5, 17)


def test_a_new_policy_gets_its_open_premium(make_policy: Any) -> None:
    policy = make_policy(next_due_on=date(2026, 7, 1))
    opened = premiums.schedule(policy)
    assert opened is not None
    assert (opened.due_on, opened.grace_ends_on) == (date(2026, 7, 1), date(2026, 8, 30))
    assert policy.lapses_on == date(2026, 8, 31)


def test_another_date_moves_the_open_premium(make_instalment: Any) -> None:
    policy = make_instalment(due_on=date(2026, 4, 17)).policy
    policy.next_due_on, policy.premium = date(2026, 5, 1), Decimal("7000.00")
    opened = premiums.schedule(policy)
    assert opened is not None
    assert due_days(policy) == [date(2026, 5, 1)]
    assert opened.amount == Decimal("7000.00")


def test_nothing_is_owed_when_no_date_is_left(make_instalment: Any) -> None:
    policy = make_instalment(due_on=date(2026, 4, 17)).policy
    policy.next_due_on = None
    assert premiums.schedule(policy) is None
    assert policy.lapses_on is None


def test_the_first_due_day_is_counted_from_the_effective_date(make_policy: Any) -> None:
    policy = make_policy(effective_on=date(2021, 4, 17), pay_years=6)
    assert premiums.first_due(policy, date(2026, 1, 1)) == date(2026, 4, 17)
    assert premiums.first_due(policy, date(2026, 4, 18)) is None
    policy.premium_mode = Policy.Mode.SINGLE
    assert premiums.first_due(policy, date(2026, 1, 1)) is None
