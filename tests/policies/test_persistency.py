"""Persistency as the trade counts it, worked out beside the code by hand and by brute force."""

import json
import random
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from lib import dates
from policies.lifecycle import PolicyEvent, because
from policies.models import Instalment, Policy
from policies.persistency import Cohort, Rate, levers, rates, trend

JUNE = date(2026, 6, 1)


@pytest.fixture
def sold(make_policy: Any) -> Any:
    """A policy that took effect in April 2025, its second premium paid on a day or not."""

    def sell(premium: int, paid_on: date | None = None, day: int = 10, **fields: Any) -> Policy:
        effective_on = date(2025, 4, day)
        usual = {"pay_years": 20, "premium": Decimal(premium), "effective_on": effective_on}
        policy: Policy = make_policy(**(usual | fields))
        due_on = dates.add_years(effective_on, 1)
        Instalment.objects.create(
            policy=policy,
            due_on=due_on,
            grace_ends_on=due_on + timedelta(days=60),
            amount=policy.premium,
            paid_on=paid_on,
        )
        return policy

    return sell


def only(month: date = JUNE, k: int = 13, **options: Any) -> Any:
    found = rates(Policy.objects.all(), month, k, **options)
    return found[0] if found else Rate(None, "")


def test_the_thirteenth_month_of_june_is_about_april_of_last_year() -> None:
    cohort = Cohort(JUNE, 13)
    assert cohort.effective == (date(2025, 4, 1), date(2025, 4, 30))
    assert cohort.due == (date(2026, 4, 1), date(2026, 4, 30))
    assert cohort.due[1] + timedelta(days=60) == date(2026, 6, 29)


def test_the_twenty_fifth_month_looks_a_year_further_back() -> None:
    cohort = Cohort(JUNE, 25)
    assert cohort.effective == (date(2024, 4, 1), date(2024, 4, 30))
    assert cohort.due == (date(2026, 4, 1), date(2026, 4, 30))


def test_a_hundred_policies_worked_out_by_hand(sold: Any) -> None:
    """60 paid in time (60 x 1,000), 10 on the last day of grace (10 x 2,000), 5 a day too late (5 x 4,000),
    12 unpaid (12 x 3,000), 3 waived (3 x 500), 4 cooled off, 3 ended by claims, 2 matured, 1 single."""
    for _n in range(60):
        sold(1000, date(2026, 4, 12))
    for _n in range(10):
        sold(2000, date(2026, 6, 9))
    for _n in range(5):
        sold(4000, date(2026, 6, 10))
    for _n in range(12):
        sold(3000)
    for _n in range(3):
        waived = sold(500).instalments.get()
        waived.closed_on, waived.closed_as = date(2026, 4, 10), "waived"
        waived.save()
    for _n in range(4):
        sold(9000, status="cooled_off")
    for _n in range(3):
        sold(9000, status="claimed", ended_on=date(2026, 4, 9))
    for _n in range(2):
        sold(9000, status="matured", ended_on=date(2026, 1, 9))
    sold(9000, premium_mode="single")
    rate = only()
    received = Decimal(60 * 1000 + 10 * 2000 + 3 * 500)
    there_was = received + 5 * 4000 + 12 * 3000
    assert (rate.numerator, rate.denominator) == (received, there_was)
    assert rate.by_premium == Decimal("0.5927")
    assert rate.by_count == Decimal("0.8111")  # 73 of 90
    assert rate.excluded == 9


def test_what_ended_by_a_claim_after_it_fell_due_stays_in(sold: Any) -> None:
    sold(1000, status="claimed", ended_on=date(2026, 4, 10))
    assert (only().denominator, only().excluded) == (1000, 0)


def test_a_surrender_is_a_loss_and_no_exclusion(sold: Any) -> None:
    sold(1000, status="surrendered", ended_on=date(2025, 12, 1))
    assert (only().by_premium, only().excluded) == (Decimal("0.0000"), 0)


def test_nothing_is_expected_when_paying_is_over(sold: Any) -> None:
    sold(1000, pay_years=1)
    assert (only().by_premium, only().excluded) == (None, 1)


def test_shorter_modes_weigh_what_they_pay_a_year(sold: Any) -> None:
    sold(100, date(2026, 5, 1), premium_mode="monthly")
    sold(300, premium_mode="quarterly")
    rate = only()
    assert (rate.numerator, rate.denominator) == (1200, 2400)


def test_money_on_reinstatement_comes_too_late(sold: Any) -> None:
    sold(1000, date(2026, 8, 1))
    assert only(JUNE).numerator == 0


def test_a_premium_that_fell_due_before_we_knew_the_policy_is_told_by_the_book(
    make_policy: Any,
) -> None:
    make_policy(effective_on=date(2025, 4, 10), next_due_on=date(2027, 4, 10))
    make_policy(effective_on=date(2025, 4, 10), next_due_on=date(2026, 4, 10))
    assert (only().received, only().policies) == (1, 2)


def test_a_leap_day_is_due_on_the_twenty_eighth(make_policy: Any) -> None:
    policy = make_policy(
        effective_on=date(2024, 2, 29), status="claimed", ended_on=date(2025, 2, 28)
    )
    rate = only(date(2025, 4, 1))
    assert (rate.policies, rate.excluded) == (1, 0)
    policy.ended_on = date(2025, 2, 27)
    policy.save()
    assert only(date(2025, 4, 1)).excluded == 1


def test_groups_add_up_to_the_whole(
    sold: Any, make_client: Any, alice: Any, carol: Any, make_policy: Any
) -> None:
    for agent, paid in ((alice, True), (alice, False), (carol, True)):
        sold(1000, date(2026, 4, 12) if paid else None, holder=make_client(agent=agent))
    for by in ("agent", "team"):
        groups = rates(Policy.objects.all(), JUNE, 13, by=by)
        assert sorted(rate.by_premium for rate in groups) == [Decimal("0.5000"), Decimal("1.0000")]
    assert len(rates(Policy.objects.all(), JUNE, 13, by="product")) == 1


def test_twelve_months_are_their_sums(sold: Any) -> None:
    sold(1000, date(2026, 4, 12))
    sold(3000)
    assert only(date(2026, 9, 1), months=12).denominator == 4000
    assert only(date(2027, 6, 1), months=12).denominator == 0


def test_the_trend_is_the_rate_of_each_month(sold: Any) -> None:
    sold(1000, date(2026, 4, 12))
    sold(3000)
    months = trend(Policy.objects.all(), date(2026, 7, 1), 13)
    assert [month for month, _rate in months][-2:] == [JUNE, date(2026, 7, 1)]
    assert [rate.by_premium for _month, rate in months][-2:] == [Decimal("0.2500"), None]


def test_the_lever_list_is_what_brute_force_finds(sold: Any) -> None:
    rng = random.Random(7)
    for _n in range(30):
        paid_on = rng.choice([None, None, date(2026, 4, 20)])
        sold(rng.randrange(500, 9000), paid_on, day=rng.randrange(1, 29))
    day = date(2026, 6, 12)
    whole = only().denominator
    in_grace = [
        instalment.policy
        for instalment in Instalment.objects.select_related("policy")
        if instalment.paid_on is None and instalment.grace_ends_on >= day
    ]
    best = sorted((policy.premium for policy in in_grace), reverse=True)
    every = levers(Policy.objects.all(), JUNE, 13, day)
    found = every[:]
    assert every.worth == found[-1].total
    assert every[3:5] == found[3:5]
    assert [lever.premium for lever in found] == best
    assert found
    for n, lever in enumerate(found, start=1):
        assert lever.gain == lever.premium / whole
        assert lever.total == sum(best[:n], Decimal(0)) / whole


def test_collecting_the_levers_gains_what_they_promised(sold: Any, bob: Any) -> None:
    for premium in (1000, 2000, 3000):
        sold(premium, day=20)
    sold(4000, date(2026, 4, 20))
    day = date(2026, 6, 12)
    before = only().by_premium
    heaviest = levers(Policy.objects.all(), JUNE, 13, day)[:1][0]
    with because(PolicyEvent.Source.HAND, on=day, by=bob):
        heaviest.policy.instalments.update(paid_on=day)
    assert only().by_premium == before + heaviest.gain


def test_what_lapsed_is_no_lever(sold: Any) -> None:
    sold(1000, day=1)
    assert not levers(Policy.objects.all(), JUNE, 13, date(2026, 6, 1))


def told(*args: str) -> Any:
    out = StringIO()
    call_command("persistency", *args, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_prints_a_group_a_line(sold: Any, alice: Any) -> None:
    sold(1000, date(2026, 4, 12))
    sold(3000)
    (row,) = told("--month", "2026-06", "--k", "13", "--by", "agent")
    assert row["group"] == alice.name
    assert row["rate_premium"] == 0.25
    assert (row["rate_count"], row["numerator"], row["denominator"]) == (0.5, 1000.0, 4000.0)
    assert row["excluded"] == 0


def test_the_command_says_so_when_nothing_was_sold(db: None) -> None:
    (row,) = told("--month", "2026-06", "--k", "25")
    assert (row["rate_premium"], row["denominator"]) == (None, 0.0)


@pytest.mark.parametrize("month", ["2026-13", "June", "2999-01"])
def test_a_month_that_cannot_be_is_refused(month: str, db: None) -> None:
    with pytest.raises(CommandError):
        call_command("persistency", "--month", month, "--k", "13")
