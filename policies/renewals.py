"""The renewal board: premiums by how near they are, and the nine-grid (九宫图) of a month.

Every number of the board is a count and a sum over the conditions that its list has, too: what the
one says the other adds up to, under any filter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Least
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lib import dates
from policies.models import OWED, BoardPremium, Instalment, InstalmentQuerySet, Policy, Product
from policies.owed import OwedPremium, OwedPremiumQuerySet
from policies.premiums import USUAL_GRACE_DAYS
from policies.rhythm import Numbered

NO_MONEY = Decimal(0)
FIRST = 1
A_DAY, WEEK, MONTH, QUARTER = (timedelta(days=n) for n in (1, 7, 30, 90))


@dataclass(frozen=True)
class Stage:
    """One stage of the pipeline: what is owed in it, and how much of it there is."""

    code: str
    label: str | Promise
    tone: str
    count: int = 0
    amount: Decimal = NO_MONEY


class Sums(NamedTuple):
    """Premiums of one kind added up; the code says which kind."""

    code: int
    n: int
    amount: Decimal


STAGES: dict[str, tuple[str | Promise, str]] = {
    "quarter": (_("Quarter ahead"), "slate"),
    "month": (_("Month ahead"), "slate"),
    "week": (_("Due in 7 days"), "accent"),
    "grace": (_("In grace"), "warn"),
    "lapsed": (_("Lapsed, recoverable"), "danger"),
}


def in_stage(instalments: InstalmentQuerySet, code: str, day: date) -> InstalmentQuerySet:
    """What is owed in that stage on `day`; each premium is in one stage at most."""
    return instalments.owed().filter(_when(day)[code])


def _when(day: date, policy: str = "policy__") -> dict[str, Q]:
    """The conditions; `policy` is the way to the policy's fields."""
    status, lapses_on = f"{policy}status", f"{policy}lapses_on"
    covered = Q(**{status: Policy.Status.IN_FORCE}) & (
        Q(**{lapses_on: None}) | Q(**{f"{lapses_on}__gt": day})
    )
    recoverable = Q(
        Q(due_on__lte=day),
        **{
            f"{status}__in": [Policy.Status.IN_FORCE, Policy.Status.LAPSED],
            f"{lapses_on}__lte": day,
            f"{policy}reinstate_by__gte": day,
        },
    )
    return {
        "quarter": covered & _due(day + MONTH + A_DAY, day + QUARTER),
        "month": covered & _due(day + WEEK + A_DAY, day + MONTH),
        "week": covered & _due(day, day + WEEK),
        "grace": covered & Q(due_on__lt=day, grace_ends_on__gte=day),
        "lapsed": recoverable,
    }


def _due(first: date, last: date) -> Q:
    """No grace ends before its premium falls due; said all the same, since lists begin there."""
    return Q(due_on__range=(first, last), grace_ends_on__gte=first)


def _stage(day: date, policy: str = "policy__") -> Case:
    """The number of the stage, from 1; 0 where it is in none."""
    when = _when(day, policy)
    whens = (When(when[code], then=Value(n)) for n, code in enumerate(STAGES, start=1))
    return Case(*whens, default=Value(0), output_field=IntegerField())


def pipeline(instalments: InstalmentQuerySet, day: date) -> list[Stage]:
    """The five stages, in one query."""
    near = instalments.owed().filter(due_on__lte=day + QUARTER)
    return _stages(_sums(near, _stage(day)))


@dataclass(frozen=True)
class InGrace:
    """Premiums in their days of grace, and those of them whose grace ends soon."""

    count: int = 0
    amount: Decimal = NO_MONEY
    soon: int = 0
    soon_amount: Decimal = NO_MONEY

    def __add__(self, other: "InGrace") -> "InGrace":
        return InGrace(
            self.count + other.count,
            self.amount + other.amount,
            self.soon + other.soon,
            self.soon_amount + other.soon_amount,
        )


@dataclass(frozen=True)
class Standing:
    """The five stages of many agents together, and what each has in grace."""

    stages: list[Stage]
    grace: dict[int | None, InGrace]

    @classmethod
    def of(cls, owed: OwedPremiumQuerySet, day: date, soon: date) -> "Standing":
        """One query. Whose grace ends by `soon` is told apart."""
        in_grace = OwedPremium.in_grace(day)
        ends_soon = in_grace & Q(grace_ends_on__lte=soon)
        near = owed.filter(due_on__lte=day + QUARTER).order_by()
        groups = near.values_list("agent", _stage(day, policy=""))
        sums: Any = groups.annotate(
            n=Count("due_on"),
            total=Sum("amount"),
            graced=Count("due_on", filter=in_grace),
            graced_total=Sum("amount", filter=in_grace, default=NO_MONEY),
            soon=Count("due_on", filter=ends_soon),
            soon_total=Sum("amount", filter=ends_soon, default=NO_MONEY),
        )
        stages, grace = [], dict[int | None, InGrace]()
        for agent, stage, n, total, *own in sums:
            stages.append(Sums(stage, n, total))
            grace[agent] = grace.get(agent, InGrace()) + InGrace(*own)
        return cls(_stages(stages), grace)


def _stages(sums: Iterable[Sums]) -> list[Stage]:
    counts, amounts = dict.fromkeys(STAGES, 0), dict.fromkeys(STAGES, NO_MONEY)
    for number, n, amount in sums:
        if number:
            counts[list(STAGES)[number - 1]] += n
            amounts[list(STAGES)[number - 1]] += amount
    return [
        Stage(code, label, tone, counts[code], amounts[code])
        for code, (label, tone) in STAGES.items()
    ]


# Apart from the premiums, so that the planner expects few groups: it adds up instead of sorting.
_SUMS = "SELECT code, count(*), sum(amount) FROM ({premiums} OFFSET 0) AS told (code, amount) GROUP BY code"


def _sums(premiums: QuerySet[Any], code: Combinable) -> list[Sums]:
    """How many there are of each code, and how much money."""
    sql, params = premiums.order_by().values_list(code, "amount").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(premiums=sql), params)
        return [Sums(*row) for row in cursor.fetchall()]


# The nine-grid

COLUMNS: dict[str, str | Promise] = {
    "due": _("Due this month"),
    "next": _("In grace, ends later"),
    "last": _("Grace ends this month"),
}
ROWS: dict[str, str | Promise] = {
    "2": _("Second premium"),
    "3": _("Third premium"),
    "4": _("Fourth premium and later"),
    "0": pgettext_lazy("premium", "Number not known"),
}


@dataclass
class Cell:
    """Receivable and collected, of one row and column of the grid."""

    code: str
    count: int = 0
    amount: Decimal = NO_MONEY
    collected: int = 0
    collected_amount: Decimal = NO_MONEY

    @property
    def rate(self) -> Decimal | None:
        return self.collected_amount / self.amount if self.amount else None

    def add(self, other: "Cell") -> None:
        self.count += other.count
        self.amount += other.amount
        self.collected += other.collected
        self.collected_amount += other.collected_amount


@dataclass
class Grid:
    month: date
    cells: dict[str, Cell] = field(default_factory=dict)

    def cell(self, row: str, column: str) -> Cell:
        code = f"{column}.{row}"
        return self.cells.setdefault(code, Cell(code))

    def count(self, square: int, sums: Sums, *, collected: bool) -> None:
        """Add premiums to their square, if they have one: the first is no renewal."""
        column, row = divmod(square, 10)
        if not column or row == FIRST:
            return
        added = Cell("", sums.n, sums.amount)
        if collected:
            added.collected, added.collected_amount = sums.n, sums.amount
        self.cell(str(row), list(COLUMNS)[column - 1]).add(added)

    @property
    def rows(self) -> list[tuple[str | Promise, list[Cell]]]:
        """The rows in order; that of unknown numbers only where there are any."""
        return [
            (label, [self.cell(row, column) for column in COLUMNS])
            for row, label in ROWS.items()
            if row != "0" or any(self.cell(row, column).count for column in COLUMNS)
        ]

    @property
    def totals(self) -> list[Cell]:
        totals = []
        for column in COLUMNS:
            total = Cell(f"{column}.all")
            for row in ROWS:
                total.add(self.cell(row, column))
            totals.append(total)
        return totals


def receivable(instalments: InstalmentQuerySet, month: date) -> QuerySet[Any]:
    """Renewal premiums that are the business of a month, each with the numbers of its column and row.

    A premium stands in one column: due in the month; else, its grace ending in the month; else in
    grace all through it. What is paid stays receivable and counts as collected; what was waived,
    advanced as a loan or cancelled, or is owed on a policy that has ended, is nobody's any more.
    `row` is 4 for the fourth and all later, and 0 where it is not known; the first is no renewal.
    """
    wanted = PAID | (OWED & STILL_WANTED)
    business = instalments.filter(_business(month), wanted)
    rows: QuerySet[Any] = business.annotate(column=_column(month), row=ROW)
    return rows


PAID = Q(paid_on__isnull=False)
STILL_WANTED = Q(policy__status__in=Policy.ALIVE)
ROW = Least(Numbered(), 4)


def _business(month: date) -> Q:
    since = month - _longest_grace()
    return Q(due_on__range=(since, dates.month_end(month)), grace_ends_on__gte=month)


def _longest_grace() -> timedelta:
    """Of any product, however its days are counted: what fell due earlier need not be looked at."""
    days = Product.objects.aggregate(days=Max("grace_days"))["days"] or 0
    return timedelta(days=max(days, USUAL_GRACE_DAYS) + 31)


def _column(month: date) -> Case:
    """The number of the column, from 1, of what is the business of that month."""
    due, in_grace, last = (Value(n) for n, _code in enumerate(COLUMNS, start=1))
    return Case(
        When(due_on__gte=month, then=due),
        When(grace_ends_on__lte=dates.month_end(month), then=last),
        default=in_grace,
        output_field=IntegerField(),
    )


@dataclass(frozen=True)
class Board:
    """Pipeline and grid; one pass over the premiums tells both."""

    stages: list[Stage]
    grid: Grid

    @classmethod
    def of(cls, premiums: QuerySet[BoardPremium], day: date, month: date) -> "Board":
        business, owed = _business(month), Q(is_paid=False)
        ahead = Q(due_on__lte=max(day + QUARTER, dates.month_end(month)))
        looked_at = premiums.filter(owed & ahead | Q(is_paid=True) & business)
        collected = Value(COLLECTED) + _square(month, business)
        code = Case(
            When(owed, then=_stage(day) * A_STAGE + _square(month, business & STILL_WANTED)),
            default=collected,
            output_field=IntegerField(),
        )
        grid, stages = Grid(month), []
        for sums in _sums(looked_at, code):
            stage, square = divmod(sums.code, A_STAGE)
            is_paid = sums.code >= COLLECTED
            grid.count(square, sums, collected=is_paid)
            if not is_paid:
                stages.append(sums._replace(code=stage))
        return cls(_stages(stages), grid)


A_STAGE, COLLECTED = 100, 1000  # in the code: stage, column, row


def _square(month: date, wanted: Q) -> Case:
    """Ten times the number of the column and the row; 0 where it stands in no square."""
    return Case(
        When(wanted, then=_column(month) * 10 + ROW),
        default=Value(0),
        output_field=IntegerField(),
    )


def in_cell(instalments: InstalmentQuerySet, code: str, month: date) -> QuerySet[Instalment]:
    """The premiums of a cell ("due.2"), or of a whole column ("due.all")."""
    column, _dot, row = code.partition(".")
    number = list(COLUMNS).index(column) + 1
    rows = receivable(instalments, month).filter(column=number)
    return rows.exclude(row=FIRST) if row == "all" else rows.filter(row=int(row))


CELLS = [f"{column}.{row}" for column in COLUMNS for row in (*ROWS, "all")]
