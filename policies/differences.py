"""What a checked list would change, as a page shows it: old and new, field by field."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from clients.models import Client
from policies.batches import ImportBatch
from policies.changes import Subject
from policies.importing.layouts import LAYOUTS
from policies.models import Instalment, Policy

PER_PAGE = 50
_MODELS: dict[str, Any] = {
    Subject.CLIENT: Client, Subject.POLICY: Policy, Subject.INSTALMENT: Instalment,
}  # fmt: skip


@dataclass(frozen=True)
class Changed:
    label: str
    was: str
    becomes: str


@dataclass(frozen=True)
class Line:
    row: int
    policy_no: str
    name: str
    subject: str
    changes: list[Changed]


@dataclass(frozen=True)
class Page:
    lines: list[Line]
    number: int
    all: int

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return self.number * PER_PAGE < self.all

    @property
    def previous(self) -> int:
        return self.number - 1

    @property
    def next(self) -> int:
        return self.number + 1

    @property
    def first(self) -> int:
        return (self.number - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - 1


class Differences:
    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch

    def page(self, asked: str | None) -> Page:
        number = (
            int(asked) if asked and asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
        )
        count = int(self.batch.report.get("differences", 0))
        number = max(1, min(number, (count + PER_PAGE - 1) // PER_PAGE or 1))
        start = (number - 1) * PER_PAGE
        return Page(list(self._lines(start, start + PER_PAGE)), number, count)

    def _lines(self, start: int, end: int) -> Iterator[Line]:
        if not self.batch.differences_file:
            return
        with self.batch.differences_file.open("rb") as file:
            for line in islice(file, start, end):
                row, policy_no, name, subject, changes = json.loads(line)
                told = [self._told(subject, *change) for change in changes]
                yield Line(row, policy_no, name, str(Subject(subject).label), told)

    def _told(self, subject: str, field: str, was: Any, becomes: Any) -> Changed:
        return Changed(
            self._label(subject, field),
            _words(subject, field, was),
            _words(subject, field, becomes),
        )

    def _label(self, subject: str, field: str) -> str:
        model = _MODELS.get(subject)
        name = field.removesuffix("_id")
        if model and any(name == known.name for known in model._meta.fields):
            return str(model._meta.get_field(name).verbose_name)
        layout = LAYOUTS.get(self.batch.kind)
        if layout and field in layout.at:
            return layout.column(field).label
        return field


def _words(subject: str, field: str, value: Any) -> str:
    """A code of a closed list by its words."""
    model = _MODELS.get(subject)
    if value in (None, ""):
        return "–"
    choices: dict[Any, Any] = {}
    if model and any(field == known.name for known in model._meta.fields):
        choices = dict(model._meta.get_field(field).choices or ())
    return str(choices.get(value, value))
