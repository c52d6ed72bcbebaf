"""The renewal board: premiums by how near they are, and the nine-grid (九宫图) of a month.

Every number of the board is a count and a sum over `picked(...)`, and so is the list it opens: what
the one says the other adds up to, under any filter.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Least
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lib import dates
from policies.models import OWED, Instalment, InstalmentQuerySet, Policy, Product
from policies.premiums import USUAL_GRACE_DAYS
from policies.rhythm import Numbered

NO_MONEY = Decimal(0)
FIRST = 1
WEEK, MONTH, QUARTER = (timedelta(days=n) for n in (7, 30, 90))


@dataclass(frozen=True)
class Stage:
    """One stage of the pipeline: what is owed in it, and how much of it there is."""

    code: str
    label: str | Promise
    tone: str
    count: int = 0
    amount: Decimal = NO_MONEY


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


def _when(day: date) -> dict[str, Q]:
    covered = Q(policy__status=Policy.Status.IN_FORCE) & (
        Q(policy__lapses_on=None) | Q(policy__lapses_on__gt=day)
    )
    recoverable = Q(
        policy__status__in=[Policy.Status.IN_FORCE, Policy.Status.LAPSED],
        policy__lapses_on__lte=day,
        policy__reinstate_by__gte=day,
        due_on__lte=day,
    )
    return {
        "quarter": covered & Q(due_on__gt=day + MONTH, due_on__lte=day + QUARTER),
        "month": covered & Q(due_on__gt=day + WEEK, due_on__lte=day + MONTH),
        "week": covered & Q(due_on__gte=day, due_on__lte=day + WEEK),
        "grace": covered & Q(due_on__lt=day),
        "lapsed": recoverable,
    }


def pipeline(instalments: InstalmentQuerySet, day: date) -> list[Stage]:
    """The five stages, in one query."""
    stage = Case(
        *(When(when, then=Value(code)) for code, when in _when(day).items()), default=Value("")
    )
    near = instalments.owed().filter(due_on__lte=day + QUARTER).annotate(stage=stage).order_by()
    found = {
        row["stage"]: (row["n"], row["total"])
        for row in near.values("stage").annotate(n=Count("pk"), total=Sum("amount"))
    }
    return [
        Stage(code, label, tone, *found.get(code, ())) for code, (label, tone) in STAGES.items()
    ]


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
    """Renewal premiums that are the business of a month, each with its `column` and `row`.

    A premium stands in one column: due in the month; else, its grace ending in the month; else in
    grace all through it. What is paid stays receivable and counts as collected; what was waived,
    advanced as a loan or cancelled, or is owed on a policy that has ended, is nobody's any more.
    `row` is 4 for the fourth and all later, and 0 where it is not known; the first is no renewal.
    """
    ends = dates.month_end(month)
    business = Q(due_on__range=(month - _longest_grace(), ends), grace_ends_on__gte=month)
    wanted = Q(paid_on__isnull=False) | Q(OWED, policy__status__in=Policy.ALIVE)
    column = Case(
        When(due_on__gte=month, then=Value("due")),
        When(grace_ends_on__lte=ends, then=Value("last")),
        default=Value("next"),
        output_field=CharField(),
    )
    rows: QuerySet[Any] = instalments.filter(business, wanted).annotate(
        column=column, row=Least(Numbered(), 4)
    )
    return rows


def _longest_grace() -> timedelta:
    """Of any product, however its days are counted: what fell due earlier need not be looked at."""
    days = Product.objects.aggregate(days=Max("grace_days"))["days"] or 0
    return timedelta(days=max(days, USUAL_GRACE_DAYS) + 31)


def nine_grid(instalments: InstalmentQuerySet, month: date) -> Grid:
    """Counts and sums of the month, in one query."""
    grid = Grid(month)
    paid = Q(paid_on__isnull=False)
    grouped = receivable(instalments, month).order_by().values("row", "column")
    for found in grouped.annotate(
        count=Count("pk"),
        total=Sum("amount", default=NO_MONEY),
        collected=Count("pk", filter=paid),
        collected_total=Sum("amount", filter=paid, default=NO_MONEY),
    ):
        if found["row"] == FIRST:
            continue
        cell = grid.cell(str(found["row"]), found["column"])
        cell.count, cell.amount = found["count"], found["total"]
        cell.collected, cell.collected_amount = found["collected"], found["collected_total"]
    return grid


def in_cell(instalments: InstalmentQuerySet, code: str, month: date) -> QuerySet[Instalment]:
    """The premiums of a cell ("due.2"), or of a whole column ("due.all")."""
    column, _dot, row = code.partition(".")
    rows = receivable(instalments, month).filter(column=column)
    return rows.exclude(row=FIRST) if row == "all" else rows.filter(row=int(row))


CELLS = [f"{column}.{row}" for column in COLUMNS for row in (*ROWS, "all")]
