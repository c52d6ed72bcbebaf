"""What other limits would change, told from the month that was counted last: nothing is written."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils.functional import Promise

from clients.models import Client
from lib import dates
from policies.class_sql import JUDGEMENT, OTHERWISE
from policies.classification import LETTERS, ClassificationRun, ClientClass, Thresholds

SHOWN = 8
COUNTS = """
SELECT final_class, new_class, tier, new_tier, attention, new_letter, count(*) FROM judged
GROUP BY GROUPING SETS ((final_class, new_class), (tier, new_tier), (attention, new_letter))
"""
SAMPLE = """
SELECT client_id, final_class, new_class FROM judged WHERE final_class <> new_class
ORDER BY premium DESC, client_id LIMIT %(shown)s
"""


@dataclass(frozen=True)
class Row:
    """Those who are `was` now, by what they would be."""

    label: str | Promise
    cells: list[int]
    stays: int  # which of the cells is no change

    @property
    def n(self) -> int:
        return sum(self.cells)


@dataclass(frozen=True)
class Matrix:
    """From (rows) and to (columns), of everybody who was counted."""

    labels: list[str | Promise]
    rows: list[Row]

    @property
    def now(self) -> list[int]:
        return [row.n for row in self.rows]

    @property
    def then(self) -> list[int]:
        return [sum(row.cells[place] for row in self.rows) for place in range(len(self.labels))]

    @property
    def moved(self) -> int:
        return sum(row.n - row.cells[row.stays] for row in self.rows)


@dataclass(frozen=True)
class Moving:
    """A client who would be of another class."""

    client: Client
    was: str | Promise
    now: str | Promise


@dataclass(frozen=True)
class Preview:
    month: date
    classes: Matrix
    tiers: Matrix
    letters: Matrix
    sample: list[Moving]

    @property
    def moved(self) -> int:
        return self.classes.moved + self.tiers.moved + self.letters.moved


def preview_of(limits: Thresholds) -> Preview | None:
    """Judge the latest month again by `limits`; None where nothing has been counted yet."""
    run = ClassificationRun.objects.order_by("-month").first()
    if run is None:
        return None
    judged = OTHERWISE.format(**JUDGEMENT)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(judged + COUNTS, _params(run, limits))
        counts = cursor.fetchall()
        cursor.execute(judged + SAMPLE, _params(run, limits) | {"shown": SHOWN})
        moving = cursor.fetchall()
    letters = {letter: letter for letter in LETTERS}
    return Preview(
        run.month,
        _matrix(dict(Client.Class.choices), [(was, now, n) for was, now, *_, n in counts]),
        _matrix(dict(ClientClass.Tier.choices), [row[2:4] + row[6:] for row in counts]),
        _matrix(letters, [row[4:] for row in counts]),
        _named(moving),
    )


def _params(run: ClassificationRun, limits: Thresholds) -> dict[str, Any]:
    before = ClassificationRun.objects.filter(month__lt=run.month).order_by("-month").first()
    return limits.as_numbers() | {
        "month": run.month,
        "year_ago": dates.add_years(run.month, -1),
        "last_month": before.month if before else None,
        "old_birth": dates.add_years(run.month, -limits.old_from),
    }


def _matrix(labels: dict[str, Any], counts: list[Any]) -> Matrix:
    found = {(was, now): n for was, now, n in counts if was is not None}
    rows = [
        Row(label, [found.get((was, now), 0) for now in labels], place)
        for place, (was, label) in enumerate(labels.items())
    ]
    return Matrix(list(labels.values()), rows)


def _named(moving: list[Any]) -> list[Moving]:
    clients = Client.objects.select_related("agent").in_bulk([pk for pk, _was, _now in moving])
    label = dict(Client.Class.choices)
    return [Moving(clients[pk], label[was], label[now]) for pk, was, now in moving]
