"""Persistency (继续率): how much of a month's new premium is paid again one and two years on.

For the assessment month m and k of 13 or 25, the cohort took effect k + 1 months before m: grace is 60
days, so that the last of it has ended when m does (13 for June 2026: took effect in April 2025, due
again in April 2026, last grace end 29 June 2026). A policy counts whole, with its annualised premium,
when the premium that opens the new policy year is received by the end of its own grace; for shorter
modes that is the first premium of the year. Money that came with a reinstatement comes too late.

Left out, and counted as excluded: withdrawn in cooling-off; ended by a claim or matured before that
premium fell due; nothing due any more because the paying years are over.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    DateField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import Cast, Coalesce, TruncMonth

from lib import dates
from policies.models import FIRST_YEAR, MODE_MONTHS, Instalment, Policy, PolicyQuerySet

MONTHS = (13, 25)
NO_MONEY = Decimal(0)

# How a cohort is split: the paths to the group's key and to its name.
BY: dict[str, tuple[str, str]] = {
    "agent": ("holder__agent", "holder__agent__name"),
    "team": ("holder__agent__team", "holder__agent__team__name"),
    "product": ("product", "product__name"),
}


@dataclass(frozen=True)
class Cohort:
    """The policies of an assessment month, or of the `months` that end with it."""

    month: date  # its first day
    k: int  # 13 or 25
    months: int = 1

    @property
    def years(self) -> int:
        """After how many years the premium in question falls due."""
        return self.k // 12

    @property
    def effective(self) -> tuple[date, date]:
        """First and last day on which its policies took effect."""
        last = dates.add_months(self.month, -(self.k + 1))
        return dates.add_months(last, 1 - self.months), dates.month_end(last)

    @property
    def due(self) -> tuple[date, date]:
        """First and last day on which the premiums in question fall due."""
        first, last = self.effective
        return dates.add_years(first, self.years), dates.month_end(
            dates.add_years(last, self.years)
        )

    def policies(self, among: PolicyQuerySet) -> QuerySet[Any]:
        """Policies of the cohort, each with `excluded`, `received` and `a_year`."""
        cohort = among.filter(effective_on__range=self.effective, premium_mode__in=MODE_MONTHS)
        dated = cohort.annotate(
            anniversary_on=self._in_years("%(expressions)s"),
            due_from=self._in_years("date_trunc('month', %(expressions)s)"),
            due_before=self._in_years("date_trunc('month', %(expressions)s) + interval '1 month'"),
        )
        weighed = dated.annotate(a_year=FIRST_YEAR, excluded=_case(self._left_out()))
        received = Case(
            When(excluded=False, then=Coalesce(Subquery(self._paid_in_time()), self._paid_later())),
            default=False,
        )
        counted: QuerySet[Any] = weighed.annotate(received=received)
        return counted

    def _in_years(self, day: str) -> Func:
        """A date that follows from the effective date, some years on; 29 February becomes the 28th."""
        return Func(
            F("effective_on"),
            template=f"({day} + make_interval(years => {self.years}))::date",
            output_field=DateField(),
        )

    def _left_out(self) -> Q:
        before_it_was_due = Q(ended_on=None) | Q(ended_on__lt=F("anniversary_on"))
        ended = Q(status__in=[Policy.Status.CLAIMED, Policy.Status.MATURED]) & before_it_was_due
        paid_in_full = Q(pay_years__gt=0, pay_years__lte=self.years)
        return Q(status=Policy.Status.COOLED_OFF) | ended | paid_in_full

    def _premium(self) -> QuerySet[Instalment]:
        """Subquery: the premium that opens the new policy year."""
        return Instalment.objects.filter(
            policy=OuterRef("pk"),
            due_on__gte=OuterRef("due_from"),
            due_on__lt=OuterRef("due_before"),
        )

    def _paid_in_time(self) -> QuerySet[Any]:
        """Subquery: whether that premium was received in time; NULL where there is none."""
        in_time = Q(paid_on__lte=F("grace_ends_on")) | Q(closed_as=Instalment.Closed.WAIVED)
        found: QuerySet[Any] = self._premium().order_by().values("policy")
        told: QuerySet[Any] = found.annotate(in_time=BoolOr(_case(in_time))).values("in_time")
        return told

    def _paid_later(self) -> Case:
        """Of a premium that fell due before we knew the policy, the book tells where it stands now."""
        stands_later = Q(next_due_on__gte=F("due_before")) | Q(paid_to__gte=F("due_before"))
        return _case(stands_later & Q(reinstated_on=None))

    def levers(self, among: PolicyQuerySet, day: date) -> QuerySet[Any]:
        """What can still be collected in time, the heaviest first; each with `grace_ends_on`."""
        owed = self._premium().filter(paid_on=None, closed_on=None, grace_ends_on__gte=day)
        collectable: QuerySet[Any] = self.policies(among).filter(
            Exists(owed), excluded=False, status=Policy.Status.IN_FORCE
        )
        with_end: QuerySet[Any] = collectable.annotate(
            grace_ends_on=owed.values("grace_ends_on")[:1]
        )
        return with_end.order_by("-a_year", "grace_ends_on", "pk")


@dataclass(frozen=True)
class Rate:
    """Money and policies of a group: what was received out of what there was."""

    key: Any
    name: str
    numerator: Decimal = NO_MONEY
    denominator: Decimal = NO_MONEY
    received: int = 0
    policies: int = 0
    excluded: int = 0

    @classmethod
    def of_all(cls, rates: "Iterable[Rate]") -> "Rate":
        """The groups taken together."""
        each = list(rates)
        return cls(
            None,
            "",
            sum((rate.numerator for rate in each), NO_MONEY),
            sum((rate.denominator for rate in each), NO_MONEY),
            sum(rate.received for rate in each),
            sum(rate.policies for rate in each),
            sum(rate.excluded for rate in each),
        )

    @property
    def by_premium(self) -> Decimal | None:
        """Share of the premium, four decimals; None where there was nothing to keep."""
        return _share(self.numerator, self.denominator)

    @property
    def by_count(self) -> Decimal | None:
        return _share(Decimal(self.received), Decimal(self.policies))


def rates(
    among: PolicyQuerySet, month: date, k: int, *, by: str | None = None, months: int = 1
) -> list[Rate]:
    """The rate of each group, by name; `months` of 12 takes the twelve cohorts that end with this one."""
    policies = Cohort(month, k, months).policies(among)
    if by is None:
        return list(_rates(policies, Value(None, IntegerField()), Value("")))
    key, name = BY[by]
    found = _rates(policies, F(key), Coalesce(F(name), Value("")))
    return sorted(found, key=lambda rate: (rate.name == "", rate.name, str(rate.key)))


def trend(among: PolicyQuerySet, month: date, k: int, months: int = 12) -> list[tuple[date, Rate]]:
    """The rate of each of the months up to this one, oldest first."""
    policies = Cohort(month, k, months).policies(among)
    cohort = Cast(TruncMonth("effective_on"), DateField())
    found = {
        dates.add_months(rate.key, k + 1): rate for rate in _rates(policies, cohort, Value(""))
    }
    wanted = [dates.add_months(month, back) for back in range(1 - months, 1)]
    return [(each, found.get(each, Rate(None, ""))) for each in wanted]


# Around the policies, so that each is asked once whether its premium came.
_SUMS = """
SELECT key, name,
    COALESCE(sum(a_year) FILTER (WHERE received), 0), COALESCE(sum(a_year) FILTER (WHERE NOT excluded), 0),
    count(*) FILTER (WHERE received), count(*) FILTER (WHERE NOT excluded), count(*) FILTER (WHERE excluded)
FROM ({policies} OFFSET 0) AS policy (key, name, a_year, excluded, received) GROUP BY key, name
"""


def _rates(policies: QuerySet[Any], key: Any, name: Any) -> Iterator[Rate]:
    rows = policies.order_by().values_list(key, name, "a_year", "excluded", "received")
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(policies=sql), params)
        for found in cursor.fetchall():
            yield Rate(*found)


@dataclass(frozen=True)
class Lever:
    """An unpaid policy still in grace, and what collecting it is worth."""

    policy: Policy
    premium: Decimal
    gain: Decimal  # in points of the rate, 0 to 1
    total: Decimal  # the gain of this and all heavier ones together
    grace_ends_on: date

    def days_left(self, day: date) -> int:
        return (self.grace_ends_on - day).days


@dataclass(frozen=True)
class Levers:
    """The fewest policies that lift the rate most, by weight; only those looked at are read whole."""

    rows: Sequence[tuple[int, Decimal, date]]  # which policy, its premium, the end of its grace
    whole: Decimal

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Lever]:
        return iter(self[:])

    def __getitem__(self, part: slice) -> list[Lever]:
        totals = list(accumulate(premium for _pk, premium, _ends in self.rows))
        policies = Policy.objects.select_related("holder__agent", "product")
        found = policies.in_bulk([pk for pk, *_rest in self.rows[part]])
        return [
            Lever(found[pk], premium, premium / self.whole, total / self.whole, ends_on)
            for (pk, premium, ends_on), total in zip(self.rows[part], totals[part], strict=True)
        ]

    @property
    def worth(self) -> Decimal:
        """What collecting all of them adds to the rate."""
        premiums = (premium for _pk, premium, _ends in self.rows)
        return sum(premiums, NO_MONEY) / self.whole if self.rows else NO_MONEY


def levers(
    among: PolicyQuerySet, month: date, k: int, day: date, whole: Rate | None = None
) -> Levers:
    """What can still be collected for that month, each as a share of `whole`, its rate."""
    rate = Rate.of_all(rates(among, month, k)) if whole is None else whole
    rows = Cohort(month, k).levers(among, day).values_list("pk", "a_year", "grace_ends_on")
    return Levers(list(rows), rate.denominator)


def latest_month(day: date) -> date:
    """The furthest month that can be looked at: its premiums fall due in the month of `day`."""
    return dates.add_months(day.replace(day=1), 2)


def _case(condition: Q) -> Case:
    return Case(When(condition, then=True), default=False, output_field=BooleanField())


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return (part / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP) if whole else None
