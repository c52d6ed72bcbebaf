"""The client's year of service: what was done, what is planned and what was missed, by kind and month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from followups.models import FollowUp

ROWS = (
    (_("Premiums"), "accent", {1, 2, 3, 4}),
    (_("Service"), "slate", {5, 6}),
    (_("Payouts"), "teal", {7, 8}),
    (_("Care"), "plum", {9, 10, 11}),
)


@dataclass(frozen=True)
class Cell:
    state: str  # done, planned, missed, due, or nothing
    now: bool


@dataclass(frozen=True)
class Strip:
    rows: Sequence[tuple[str | Promise, str, list[Cell]]]
    done: int
    planned: int
    missed: int


def year_strip(client: Client, today: date) -> Strip:
    """What was done, is open and was missed for the client this year, by kind and month."""
    year = (date(today.year, 1, 1), date(today.year, 12, 31))
    standing = Q(status__in=[FollowUp.Status.OPEN, FollowUp.Status.DONE, FollowUp.Status.MISSED])
    seen: dict[tuple[int, int], set[str]] = {}
    counts = {"done": 0, "open": 0, "missed": 0}
    rows = client.followups.filter(standing, list_on__range=year)
    for item, status, list_on in rows.values_list("item", "status", "list_on"):
        counts[status] += 1
        seen.setdefault((item, list_on.month), set()).add(status)
    rows_of = [
        (label, tone, [_cell(seen, items, month, today) for month in range(1, 13)])
        for label, tone, items in ROWS
    ]
    return Strip(rows_of, counts["done"], counts["open"], counts["missed"])


def _cell(seen: dict[tuple[int, int], set[str]], items: set[int], month: int, today: date) -> Cell:
    here = set().union(*(seen.get((item, month), set()) for item in items))
    now = month == today.month
    if "open" in here:
        return Cell("due" if month <= today.month else "planned", now)
    return Cell(next((state for state in ("missed", "done") if state in here), ""), now)
