"""The way from D to C to B to A: how the letters moved between two months, and what stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, FilteredRelation, Q
from django.utils.functional import Promise

from policies.classification import LETTERS, ClientClassQuerySet
from policies.known import Indicator

TREND = 6  # months


@dataclass(frozen=True)
class Cell:
    """Clients who had one letter and have another; `was` is empty where they were not counted yet."""

    was: str
    now: str
    n: int

    @property
    def way(self) -> str:
        if self.was in {"", self.now}:
            return ""
        return "better" if self.now < self.was else "worse"


@dataclass(frozen=True)
class Line:
    """One letter of the earlier month, by the letters of the later one."""

    was: str
    cells: list[Cell]

    @property
    def n(self) -> int:
        return sum(cell.n for cell in self.cells)


@dataclass(frozen=True)
class Hindrance:
    """An indicator, and how many clients are off its target now and were before."""

    code: str
    n: int
    before: int

    @property
    def label(self) -> str | Promise:
        return Indicator(self.code).label

    @property
    def grown(self) -> int:
        return self.n - self.before


@dataclass(frozen=True)
class Share:
    """The clients of one agent by letter, and how many moved."""

    agent: int | None
    name: str
    letters: list[tuple[str, int]]
    better: int
    worse: int


@dataclass(frozen=True)
class Month:
    month: date
    letters: list[tuple[str, int]]

    @property
    def n(self) -> int:
        return sum(n for _letter, n in self.letters)


@dataclass(frozen=True)
class Way:
    lines: list[Line]
    hindrances: list[Hindrance]
    agents: list[Share]
    months: list[Month]

    def _moved(self, way: str) -> int:
        return sum(cell.n for line in self.lines for cell in line.cells if cell.way == way)

    @property
    def better(self) -> int:
        return self._moved("better")

    @property
    def worse(self) -> int:
        return self._moved("worse")

    @property
    def n(self) -> int:
        return sum(line.n for line in self.lines)

    @property
    def now(self) -> list[tuple[str, int]]:
        return [
            (letter, sum(line.cells[place].n for line in self.lines))
            for place, letter in enumerate(LETTERS)
        ]

    @property
    def most(self) -> int:
        return max((hindrance.n for hindrance in self.hindrances), default=0)


def way_of(rows: ClientClassQuerySet, first: date, last: date, months: Sequence[date]) -> Way:
    """`rows` are those one may see, of all months; each part of the report is one query."""
    rows = rows.order_by()
    now = rows.filter(month=last).annotate(
        before=FilteredRelation("client__classes", condition=Q(client__classes__month=first))
    )
    return Way(_lines(now), _hindrances(rows, first, last), _agents(now), _months(rows, months))


def _lines(now: Any) -> list[Line]:
    found = {
        (row["before__attention"] or "", row["attention"]): row["n"]
        for row in now.values("before__attention", "attention").annotate(n=Count("pk"))
    }
    lines = [
        Line(was, [Cell(was, letter, found.get((was, letter), 0)) for letter in LETTERS])
        for was in [*reversed(LETTERS), ""]
    ]
    return [line for line in lines if line.was or line.n]


def _hindrances(rows: ClientClassQuerySet, first: date, last: date) -> list[Hindrance]:
    off = {code: Count("pk", filter=Q(**{f"{code}_ok": False})) for code in Indicator.values}
    now = rows.filter(month=last).aggregate(**off)
    before = rows.filter(month=first).aggregate(**off)
    found = [Hindrance(code, now[code], before[code]) for code in Indicator.values]
    return sorted(found, key=lambda hindrance: -hindrance.n)


def _agents(now: Any) -> list[Share]:
    counts: dict[str, Any] = {letter: Count("pk", filter=Q(attention=letter)) for letter in LETTERS}
    counts["better"] = Count("pk", filter=Q(attention__lt=F("before__attention")))
    worse = Q(attention__gt=F("before__attention"), before__attention__gt="")
    counts["worse"] = Count("pk", filter=worse)
    agents = now.values("client__agent", "client__agent__name", "client__agent__staff_no")
    return [
        Share(
            row["client__agent"],
            row["client__agent__name"] or "",
            [(letter, row[letter]) for letter in LETTERS],
            row["better"],
            row["worse"],
        )
        for row in agents.annotate(**counts).order_by("client__agent__staff_no")
    ]


def _months(rows: ClientClassQuerySet, months: Sequence[date]) -> list[Month]:
    found = {
        (row["month"], row["attention"]): row["n"]
        for row in rows.filter(month__in=months).values("month", "attention").annotate(n=Count("pk"))
    }  # fmt: skip
    return [
        Month(month, [(letter, found.get((month, letter), 0)) for letter in LETTERS])
        for month in months
    ]
