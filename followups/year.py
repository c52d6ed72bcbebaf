"""The client's year and month of service: what was done, what is planned and what was missed, by kind."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from followups import chips, foreseen
from followups.agenda import product_of, task_of
from followups.models import FollowUp, FollowUpQuerySet
from lib import dates
from policies.models import Instalment, Policy

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Kind:
    """One of the four kinds of service, with its items."""

    label: str | Promise
    tone: str
    items: frozenset[int]


KINDS = (
    Kind(_("Premiums"), "accent", frozenset({1, 2, 3, 4})),
    Kind(_("Service"), "slate", frozenset({5, 6})),
    Kind(_("Payouts"), "teal", frozenset({7, 8})),
    Kind(_("Care"), "plum", frozenset({9, 10, 11, 12})),
)
STATES = ("due", "planned", "missed", "done")  # what a cell shows where there are several
STATE_WORDS = {
    "done": _("done"),
    "planned": _("planned"),
    "missed": _("missed"),
    "due": _("open"),
    "unpaid": _("if it stays unpaid"),
}


def state_of(followup: FollowUp, today: date) -> str:
    if followup.status != FollowUp.Status.OPEN:
        return followup.status
    if followup.keep_until < today:
        return "missed"
    return "due" if followup.list_on <= today else "planned"


def standing(client: Client) -> FollowUpQuerySet:
    """What was withdrawn or replaced is no service."""
    shown = [FollowUp.Status.OPEN, FollowUp.Status.DONE, FollowUp.Status.MISSED]
    rows: FollowUpQuerySet = FollowUp.objects.filter(client=client, status__in=shown)
    return rows


# --- the year


@dataclass(frozen=True)
class Cell:
    month: int
    state: str  # one of STATES, or nothing
    count: int
    now: bool

    @property
    def word(self) -> str | Promise:
        return STATE_WORDS[self.state]


@dataclass(frozen=True)
class Strip:
    client: Client
    year: int
    months: Sequence[tuple[int, bool]]
    rows: Sequence[tuple[Kind, list[Cell]]]
    counts: dict[str, int]


def year_strip(client: Client, today: date, year: int | None = None) -> Strip:
    """What was done, stands open, is foreseen and was missed in the year, by kind and month."""
    year = year or today.year
    fields = ("status", "item", "list_on", "keep_until")
    rows = standing(client).filter(list_on__year=year).only(*fields)
    return strip_of(client, rows, today, year)


def standing_in(client: Client, year: int, today: date) -> FollowUpQuerySet:
    """The services of the year, and those of any year that can still be done."""
    still_open = Q(status=FollowUp.Status.OPEN, keep_until__gte=today)
    rows = standing(client).filter(still_open | Q(list_on__year=year))
    return rows.for_list().prefetch_related(None)


def strip_of(
    client: Client, rows: Iterable[FollowUp], today: date, year: int | None = None
) -> Strip:
    """The strip of rows that have been read; what lies in another year is left out."""
    year = year or today.year
    first, last = date(year, 1, 1), date(year, 12, 31)
    services = [(row, state_of(row, today)) for row in rows if row.list_on.year == year]
    services += [(row.followup, "planned") for row in coming(client, first, last, today)]
    counts = {state: [one for _row, one in services].count(state) for state in STATES}
    seen: dict[tuple[int, int], list[str]] = {}
    for row, state in services:
        seen.setdefault((row.item, row.list_on.month), []).append(state)
    now = today.month if today.year == year else 0
    cells = [(kind, [_cell(seen, kind, month, now) for month in range(1, 13)]) for kind in KINDS]
    months = [(month, month == now) for month in range(1, 13)]
    return Strip(client, year, months, cells, counts)


def coming(
    client: Client, first: date, last: date, today: date, *, unpaid: bool = False
) -> list[foreseen.Foreseen]:
    begins = max(first, today + ONE_DAY)
    if begins > last:
        return []
    return foreseen.of_client(client.pk, begins, last, today=today, unpaid=unpaid)


def _cell(seen: dict[tuple[int, int], list[str]], kind: Kind, month: int, now: int) -> Cell:
    here = [state for item in kind.items for state in seen.get((item, month), [])]
    state = next((state for state in STATES if state in here), "")
    return Cell(month, state, len(here), month == now)


# --- a month of it


@dataclass(frozen=True)
class Entry:
    """One service of the month, with its state and why it is there."""

    followup: FollowUp
    state: str

    @property
    def on(self) -> date:
        return self.followup.done_on or self.followup.list_on

    @property
    def word(self) -> str | Promise:
        return STATE_WORDS[self.state]

    @property
    def what(self) -> str:
        return task_of(self.followup)

    @property
    def about(self) -> str:
        return product_of(self.followup)

    @property
    def why(self) -> str:
        """The rule, and what made it speak where that says more."""
        first = [chip.text for chip in chips.of(self.followup, self.followup.list_on)[:1]]
        return " · ".join(dict.fromkeys([str(self.followup.rule_label), *first]))


def month_of(client: Client, month: date, today: date) -> list[tuple[Kind, list[Entry]]]:
    """The services of the month, by kind; also those that a premium left unpaid would bring."""
    first, last = month.replace(day=1), dates.month_end(month)
    rows = standing(client).filter(list_on__range=(first, last)).for_list()
    entries = [Entry(row, state_of(row, today)) for row in rows.select_related("contact")]
    entries += _foreseen(client, coming(client, first, last, today, unpaid=True))
    entries.sort(key=lambda entry: (entry.on, entry.followup.priority))
    by_kind = [(kind, [e for e in entries if e.followup.item in kind.items]) for kind in KINDS]
    return [(kind, found) for kind, found in by_kind if found]


def _foreseen(client: Client, rows: Iterable[foreseen.Foreseen]) -> Iterator[Entry]:
    rows = list(rows)
    policies = Policy.objects.select_related("product").in_bulk(
        {row.policy_id for row in rows if row.policy_id}
    )
    instalments = Instalment.objects.in_bulk(
        {row.instalment_id for row in rows if row.instalment_id}
    )
    planned = client.planned.in_bulk({row.planned_id for row in rows if row.planned_id})
    for row in rows:
        followup = row.followup
        followup.client = client
        followup.policy = policies.get(row.policy_id or 0)
        followup.instalment = instalments.get(row.instalment_id or 0)
        followup.planned = planned.get(row.planned_id or 0)
        yield Entry(followup, "unpaid" if row.unpaid else "planned")
