"""Fifty rows at a time, without counting a table to its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

SIZE = 50
MOST = 10_000  # counted exactly, and reached by paging; beyond it one searches


@dataclass(frozen=True)
class Page:
    rows: Sequence[Any]
    number: int
    count: int

    @property
    def first(self) -> int:
        return (self.number - 1) * SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if min(self.count, MOST) > self.number * SIZE else None

    @property
    def counted(self) -> str:
        """How many there are, in words where they are too many to count."""
        return _("10,000+") if self.count > MOST else f"{self.count:,}"


def page_of(rows: QuerySet[Any, Any], number: int) -> Page:
    """Return that page; a number past the end shows the last one."""
    count = rows.order_by()[: MOST + 1].count()
    pages = max(-(-min(count, MOST) // SIZE), 1)
    number = min(max(number, 1), pages)
    start = (number - 1) * SIZE
    return Page(list(rows[start : start + SIZE]), number, count)
