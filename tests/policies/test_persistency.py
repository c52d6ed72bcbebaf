"""Persistency as the trade counts it, worked out beside the code by hand and by brute force."""

import json
import random
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from itertools import islice, takewhile
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from lib import dates
from policies.cohorts import COUNTED, Cohort, Counting
from policies.lifecycle import PolicyEvent, because
from policies.models import Instalment, Policy
from policies.persistency import Rate, levers, rates, trend
from policies.rhythm import Change, due_days

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


def test_what_was_transferred_out_before_it_fell_due_is_left_out(sold: Any) -> None:
    sold(1000, status="transferred", ended_on=date(2026, 4, 9))
    sold(3000, status="transferred", ended_on=date(2026, 4, 10))
    assert (only().denominator, only().excluded) == (3000, 1)


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


# --- counted in another way

KEPT, EACH = Counting(kept=True), Counting(each=True)


@pytest.fixture
def of_2024(make_policy: Any) -> Any:
    """A policy of 10 April 2024 with its premiums of 2025 and 2026, each paid on a day or not."""

    def sell(premium: int, *paid: date | None, **fields: Any) -> Policy:
        effective_on = date(2024, 4, 10)
        usual = {"pay_years": 20, "premium": Decimal(premium), "effective_on": effective_on}
        policy: Policy = make_policy(**(usual | fields))
        for years, paid_on in enumerate(paid, start=1):
            owe(policy, dates.add_years(effective_on, years), paid_on)
        return policy

    return sell


def owe(policy: Policy, due_on: date, paid_on: date | None = None) -> Instalment:
    return Instalment.objects.create(
        policy=policy,
        due_on=due_on,
        grace_ends_on=due_on + timedelta(days=60),
        amount=policy.premium,
        paid_on=paid_on,
    )


def test_the_twenty_fifth_month_of_what_was_kept_the_year_before(of_2024: Any) -> None:
    """Of 20,000: 8,000 kept twice, 4,000 only the first year, 5,000 lost at once, 3,000 the year after."""
    second, third = date(2025, 4, 12), date(2026, 4, 12)
    of_2024(8000, second, third)
    of_2024(4000, second, None)
    of_2024(5000, None)
    of_2024(3000, date(2025, 8, 1), third)  # too late in 2025, and in time in 2026
    usual, year_on_year = only(k=25), only(k=25, counting=KEPT)
    assert (usual.numerator, usual.denominator) == (11000, 20000)
    assert usual.by_premium == Decimal("0.5500")
    assert (year_on_year.numerator, year_on_year.denominator) == (8000, 12000)
    assert year_on_year.by_premium == Decimal("0.6667")
    assert (year_on_year.received, year_on_year.policies, year_on_year.excluded) == (1, 2, 2)


def test_in_the_thirteenth_month_everything_was_kept_before(sold: Any) -> None:
    sold(1000, date(2026, 4, 12))
    sold(3000)
    assert only(counting=KEPT) == only()


def test_what_came_too_late_may_count(sold: Any, make_policy: Any) -> None:
    sold(1000, date(2026, 8, 1))
    sold(3000)
    known_later = {"next_due_on": date(2027, 4, 10), "reinstated_on": date(2026, 9, 1)}
    make_policy(effective_on=date(2025, 4, 10), premium=Decimal(4000), **known_later)
    found = only(counting=Counting(reinstated=True))
    assert (only().numerator, found.numerator, found.denominator) == (0, 5000, 8000)


def test_every_premium_is_weighed_in_the_month_in_which_its_grace_ends(make_policy: Any) -> None:
    """Due in April 2026: a yearly premium of 1,200, the second half-yearly one of 600, and of two
    monthly policies of 100 the first and the seventh of the second year."""
    april = date(2026, 4, 10)
    for began, mode, premium, paid_on in (
        (date(2025, 4, 10), "yearly", 1200, april),
        (date(2024, 10, 10), "half_yearly", 600, None),
        (date(2025, 4, 10), "monthly", 100, april),
        (date(2024, 10, 10), "monthly", 100, date(2026, 7, 1)),
    ):
        policy = make_policy(effective_on=began, premium_mode=mode, premium=Decimal(premium))
        owe(policy, april, paid_on)
    make_policy(effective_on=date(2025, 1, 10), premium_mode="yearly")  # not due in April
    make_policy(effective_on=date(2024, 4, 10), premium_mode="monthly")  # in its third year
    found = only(counting=EACH)
    assert (found.numerator, found.denominator) == (1300, 2000)
    assert found.by_premium == Decimal("0.6500")
    assert (found.received, found.policies) == (2, 4)


def test_after_twelve_months_a_policy_has_been_weighed_whole(make_policy: Any) -> None:
    """Nine of the twelve premiums of the second year came: 900 of 1,200, which the first alone decides
    otherwise."""
    policy = make_policy(
        effective_on=date(2025, 4, 10), premium_mode="monthly", premium=Decimal(100)
    )
    for n in range(12):
        due_on = dates.add_months(date(2026, 4, 10), n)
        owe(policy, due_on, due_on if n < 9 else None)
    last = date(2027, 5, 1)
    assert only(last, months=12, counting=EACH).by_premium == Decimal("0.7500")
    by_the_first = trend(Policy.objects.all(), last, 13)
    assert [rate.numerator for _month, rate in by_the_first] == [1200] + [0] * 11
    each = trend(Policy.objects.all(), last, 13, counting=EACH)
    assert [rate.numerator for _month, rate in each] == [100] * 9 + [0] * 3


def test_a_lever_of_one_premium_is_worth_that_premium(make_policy: Any) -> None:
    monthly = make_policy(
        effective_on=date(2025, 4, 10), premium_mode="monthly", premium=Decimal(100)
    )
    owe(monthly, date(2026, 4, 10))
    yearly = make_policy(effective_on=date(2025, 4, 10), premium=Decimal(300))
    owe(yearly, date(2026, 4, 10), date(2026, 4, 10))
    (lever,) = levers(Policy.objects.all(), JUNE, 13, date(2026, 6, 1), counting=EACH)
    assert (lever.premium, lever.gain) == (100, Decimal("0.25"))


def test_any_way_of_counting_is_what_brute_force_counts(make_policy: Any) -> None:
    rng = random.Random(46)
    for _n in range(24):
        _some_policy(make_policy, rng)
    sold = [Sold(policy) for policy in Policy.objects.prefetch_related("instalments")]
    for _n in range(30):
        ways = [rng.random() < 0.5 for _way in COUNTED]
        counting = Counting(**dict(zip(COUNTED, ways, strict=True)))
        month, k = dates.add_months(JUNE, rng.randrange(-6, 7)), rng.choice([13, 25])
        months = rng.choice([1, 12])
        found = only(month, k, months=months, counting=counting)
        counted = (found.numerator, found.denominator, found.received, found.policies)
        expected = [Decimal(0), Decimal(0), 0, 0, 0]
        for back in range(months):
            for one in sold:
                one.add(expected, dates.add_months(month, -back - 2), k // 12, counting)
        assert [*counted, found.excluded] == expected, (month, k, months, counting)


MODES = ["yearly", "half_yearly", "quarterly", "monthly"]


def _some_policy(make_policy: Any, rng: random.Random) -> None:
    """Sold between 2023 and 2025; some change their mode, end, or owe; some rows are not known."""
    effective_on = date(2023, 3, 1) + timedelta(days=rng.randrange(900))
    policy = make_policy(
        effective_on=effective_on,
        premium_mode=rng.choice([*MODES, "monthly", "single"]),
        premium=Decimal(rng.randrange(1, 50) * 12),
        pay_years=rng.choice([1, 2, 5, 20]),
        next_due_on=dates.add_months(effective_on, rng.choice([12, 12, 18, 24])),
    )
    if policy.premium_mode != "single" and rng.random() < 0.4:
        policy.premium_mode, policy.premium = rng.choice(MODES), Decimal(240)
        policy.save()
        policy.refresh_from_db()
    dues = takewhile(lambda due: due[1] < date(2027, 1, 1), due_days(policy))
    known = [owed(policy, due_on, rng) for _number, due_on in dues if rng.random() < 0.8]
    Instalment.objects.bulk_create(known)
    policy.status = rng.choice(["in_force"] * 6 + ["cooled_off", "claimed", "surrendered"])
    if policy.status != "in_force":
        policy.ended_on = effective_on + timedelta(days=rng.randrange(900))
    policy.next_due_on = rng.choice([None, date(2026, 4, 1), date(2028, 1, 1)])
    policy.reinstated_on = rng.choice([None, None, date(2026, 1, 1)])
    with because(PolicyEvent.Source.FILE, on=JUNE):
        policy.save()


def owed(policy: Policy, due_on: date, rng: random.Random) -> Instalment:
    late = rng.choice([-5, 0, 30, 60, 61, 200, None])
    return Instalment(
        policy=policy,
        due_on=due_on,
        grace_ends_on=due_on + timedelta(days=60),
        amount=policy.premium,
        paid_on=None if late is None else due_on + timedelta(days=late),
    )


class Sold:
    """A policy as one counts it by hand: its due months, and what it weighs in each."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.change = policy, Change.of(policy)
        pays, policy.pay_years = policy.pay_years, None  # when paying is over is asked apart
        dues = islice(due_days(policy), 80) if policy.months_between else ()
        self.months = {on.replace(day=1) for _number, on in dues}
        policy.pay_years = pays

    def add(self, sums: list[Any], due_month: date, years: int, counting: Counting) -> None:
        """What it adds to the five sums for the premium of that month, if that is asked about."""
        months = self._months_since_it_began(due_month)
        asked = range(12 * years, 12 * years + (12 if counting.each else 1))
        if months not in asked or (counting.each and due_month not in self.months):
            return
        if not self.policy.months_between:
            return
        if self._left_out(dates.add_months(self.policy.effective_on, months), years) or (
            counting.kept
            and years > 1
            and not self._came(dates.add_months(due_month, -12), counting)
        ):
            sums[4] += 1
            return
        weight = self._first_year() * (self._paid_for(due_month) if counting.each else 12) / 12
        came = self._came(due_month, counting)
        sums[0] += weight if came else 0
        sums[1] += weight
        sums[2] += came
        sums[3] += 1

    def _months_since_it_began(self, due_month: date) -> int:
        began = self.policy.effective_on
        return (due_month.year - began.year) * 12 + due_month.month - began.month

    def _left_out(self, due_on: date, years: int) -> bool:
        policy = self.policy
        before = policy.ended_on is None or policy.ended_on < due_on
        return (
            policy.status == "cooled_off"
            or (policy.status == "claimed" and before)
            or policy.pay_years <= years
        )

    def _first_year(self) -> Decimal:
        if self.change:
            return self.change.premium_before * 12 / self.change.months_before
        return self.policy.annualised_premium

    def _paid_for(self, due_month: date) -> Any:
        if self.change and due_month < self.change.on.replace(day=1):
            return self.change.months_before
        return self.policy.months_between

    def _came(self, due_month: date, counting: Counting) -> bool:
        policy = self.policy
        rows = [one for one in policy.instalments.all() if one.due_on.replace(day=1) == due_month]
        if not rows:
            following = dates.add_months(due_month, 1)
            stands_later = bool(policy.next_due_on and policy.next_due_on >= following)
            return stands_later and (counting.reinstated or policy.reinstated_on is None)
        return any(
            one.paid_on and (counting.reinstated or one.paid_on <= one.grace_ends_on)
            for one in rows
        )


def test_the_command_counts_in_another_way(of_2024: Any) -> None:
    of_2024(1000, date(2025, 4, 12), date(2026, 4, 12))
    of_2024(3000, None)
    (row,) = told("--month", "2026-06", "--k", "25", "--kept")
    assert (row["rate_premium"], row["denominator"], row["excluded"]) == (1.0, 1000.0, 1)
