"""Persistency (继续率): the rate of a cohort, by whom and what, and what can still lift it.

Which policies make the cohort of a month, and what counts as received: `policies/cohorts.py`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from typing import Any

from django.db import connection
from django.db.models import DateField, F, IntegerField, QuerySet, Value
from django.db.models.functions import Cast, Coalesce

from lib import dates
from policies.cohorts import USUAL, Counting, cohort
from policies.models import Policy, PolicyQuerySet

MONTHS = (13, 25)
NO_MONEY = Decimal(0)

# How a cohort is split: the paths to the group's key and to its name.
BY: dict[str, tuple[str, str]] = {
    "agent": ("holder__agent", "holder__agent__name"),
    "team": ("holder__agent__team", "holder__agent__team__name"),
    "product": ("product", "product__name"),
}


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
    among: PolicyQuerySet,
    month: date,
    k: int,
    *,
    by: str | None = None,
    months: int = 1,
    counting: Counting = USUAL,
) -> list[Rate]:
    """The rate of each group, by name; `months` of 12 takes the twelve cohorts that end with this one."""
    whole: tuple[Any, Any] = (Value(None, IntegerField()), Value(""))
    key, name = (F(BY[by][0]), Coalesce(F(BY[by][1]), Value(""))) if by else whole
    found = _rates(cohort(month, k, months, counting).policies(among), key, name)
    return sorted(found, key=lambda rate: (rate.name == "", rate.name, str(rate.key)))


def trend(
    among: PolicyQuerySet, month: date, k: int, months: int = 12, counting: Counting = USUAL
) -> list[tuple[date, Rate]]:
    """The rate of each of the months up to this one, oldest first."""
    of_all = cohort(month, k, months, counting)
    due_month = Cast(F("due_from"), DateField())
    found = {
        dates.add_months(rate.key, k + 1 - 12 * of_all.years): rate
        for rate in _rates(of_all.policies(among), due_month, Value(""))
    }
    wanted = [dates.add_months(month, back) for back in range(1 - months, 1)]
    return [(each, found.get(each, Rate(None, ""))) for each in wanted]


# Around the policies, so that each is asked once whether its premium came.
_SUMS = """
SELECT key, name,
    COALESCE(sum(weight) FILTER (WHERE received), 0), COALESCE(sum(weight) FILTER (WHERE NOT excluded), 0),
    count(*) FILTER (WHERE received), count(*) FILTER (WHERE NOT excluded), count(*) FILTER (WHERE excluded)
FROM ({policies} OFFSET 0) AS policy (key, name, weight, excluded, received) GROUP BY key, name
"""


def _rates(policies: QuerySet[Any], key: Any, name: Any) -> Iterator[Rate]:
    rows = policies.order_by().values_list(key, name, "weight", "excluded", "received")
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
    among: PolicyQuerySet,
    month: date,
    k: int,
    day: date,
    whole: Rate | None = None,
    *,
    counting: Counting = USUAL,
) -> Levers:
    """What can still be collected for that month, each as a share of `whole`, its rate."""
    rate = Rate.of_all(rates(among, month, k, counting=counting)) if whole is None else whole
    rows = (
        cohort(month, k, counting=counting)
        .levers(among, day)
        .values_list("pk", "weight", "grace_ends_on")
    )
    return Levers(list(rows), rate.denominator)


def latest_month(day: date) -> date:
    """The furthest month that can be looked at: its premiums fall due in the month of `day`."""
    return dates.add_months(day.replace(day=1), 2)


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return (part / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP) if whole else None
