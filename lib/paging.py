"""Fifty rows at a time, without counting a table to its end or sorting more than is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property

SIZE = 50
MOST = 10_000  # counted exactly, and reached by paging; beyond it one searches
MOST_SEARCHED = 2_000  # the same where a text or a join is looked at; beyond it one says more


@dataclass(frozen=True)
class Found:
    """Rows found in one or several ways, each way by its own index; some in more than one."""

    ways: Sequence[QuerySet[Any, Any]]
    order: tuple[str, ...]
    most: int = MOST

    def count(self) -> int:
        """How many there are, `most + 1` where there are more."""
        ways = [way.order_by().values_list("pk")[: self.most + 1] for way in self.ways]
        return ways[0].union(*ways[1:])[: self.most + 1].count() if ways else 0

    def pks(self, start: int, stop: int) -> list[Any]:
        # Only columns of the index that serves the order: the rows themselves come afterwards.
        columns = [name.removeprefix("-") for name in self.order]
        ways = [way.order_by(*self.order).values_list(*columns)[:stop] for way in self.ways]
        merged = ways[0].union(*ways[1:]).order_by(*self.order) if ways[1:] else ways[0]
        return [row[-1] for row in merged[start:stop]]

    def all_of(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Every one, however many: of `rows`, in their order."""
        ways = [Q(pk__in=way.order_by().values("pk")) for way in self.ways]
        return rows.filter(reduce(or_, ways)).order_by(*self.order) if ways else rows.none()


@dataclass(frozen=True)
class Page:
    """Named as a page of Django's paginator, so that one template draws both."""

    object_list: Sequence[Any]
    number: int
    count: int
    most: int = MOST

    @property
    def start_index(self) -> int:
        return (self.number - 1) * SIZE + 1

    @property
    def end_index(self) -> int:
        return self.start_index + len(self.object_list) - 1

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return min(self.count, self.most) > self.number * SIZE

    @property
    def previous_page_number(self) -> int:
        return self.number - 1

    @property
    def next_page_number(self) -> int:
        return self.number + 1

    @property
    def counted(self) -> str:
        return f"{self.most:,}+" if self.count > self.most else f"{self.count:,}"


def page_of(found: Found, rows: QuerySet[Any, Any], number: int, count: int | None = None) -> Page:
    """Return that page of what was found, read from `rows`; past the end it is the last one."""
    count = found.count() if count is None else count
    pages = max(-(-min(count, found.most) // SIZE), 1)
    number = min(max(number, 1), pages)
    start = (number - 1) * SIZE
    pks = found.pks(start, min(start + SIZE, found.most)) if count else []
    read = {row.pk: row for row in rows.filter(pk__in=pks)}
    return Page([read[pk] for pk in pks if pk in read], number, count, found.most)


class UpTo(Paginator):  # type: ignore[type-arg]
    """Django's pages of a query of which no more than `most` rows are counted and reached."""

    most = MOST

    @cached_property
    def found(self) -> int:
        """How many there are, `most + 1` where there are more."""
        rows: Any = self.object_list
        return int(rows.order_by()[: self.most + 1].count())

    @property
    def count(self) -> int:
        return min(self.found, self.most)

    @property
    def is_whole(self) -> bool:
        return self.found <= self.most

    @property
    def counted(self) -> str:
        return f"{self.count:,}" if self.is_whole else f"{self.most:,}+"
