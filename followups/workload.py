"""An agent's work of the days to come: what is open, what the rules will ask for, own tasks; smoothed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from accounts.models import User
from clients.models import Client
from followups import foreseen
from followups.agenda import service_of
from followups.models import FollowUp, FollowUpQuerySet, Planned
from followups.office_days import Days, WorkingDay
from followups.rulebook import may_wait
from followups.smoothing import Piece, spread
from lib.dates import days_from
from policies.models import Policy

ONE_DAY = timedelta(days=1)
AHEAD = 90


@dataclass(frozen=True)
class Matter:
    """One follow-up, written or foreseen, on the day on which it is best done."""

    followup: FollowUp
    on: date

    @property
    def moved(self) -> bool:
        return self.on > self.followup.list_on and not self.followup.is_done

    @property
    def what(self) -> str:
        return service_of(self.followup)

    @property
    def client(self) -> Client:
        return self.followup.client


@dataclass(frozen=True)
class DayOfWork:
    day: date
    count: int
    off: bool
    over: bool


@dataclass(frozen=True)
class Workload:
    """Up to `last`: the flexible is moved inside its window, so that no day holds more than it can."""

    today: date
    last: date
    matters: Sequence[Matter]
    capacity: int
    known: Days

    @cached_property
    def counts(self) -> Counter[date]:
        return Counter(matter.on for matter in self.matters)

    @property
    def days(self) -> list[DayOfWork]:
        days = days_from(self.today, self.last)
        counts, full = self.counts, self.capacity
        return [
            DayOfWork(day, counts[day], self.known.is_off(day), counts[day] > full) for day in days
        ]

    def on(self, day: date) -> list[Matter]:
        return [matter for matter in self.matters if matter.on == day]


def workload(reader: User, agent: User, today: date, last: date) -> Workload:
    """What `agent` has to do up to `last`, as far as `reader` may see it.

    The plan is advice: a matter stands on its list from the day its rule says, and may be done there.
    """
    work = [*_open(reader, agent, today, last), *_foreseen(agent, today, last)]
    usual, known = WorkingDay.current(), Days(today, last)
    pieces = [
        Piece(row.keep_until, max(row.list_on, today), n, may_wait(row.rule))
        for n, row in enumerate(work)
    ]
    placed = spread(pieces, days_from(today, last), usual.capacity, known.is_off)
    matters = [Matter(row, placed[n]) for n, row in enumerate(work)]
    return Workload(today, last, matters, usual.capacity, known)


def _open(reader: User, agent: User, today: date, last: date) -> list[FollowUp]:
    mine = of(reader, agent).open().filter(keep_until__gte=today, list_on__lte=last)
    return list(mine.order_by("list_on", "priority", "pk"))


def of(reader: User, agent: User) -> FollowUpQuerySet:
    rows: FollowUpQuerySet = FollowUp.objects.visible_to(reader).filter(client__agent=agent)
    return rows


def _foreseen(agent: User, today: date, last: date) -> list[FollowUp]:
    rows = foreseen.of_agent(agent.pk, today + ONE_DAY, last, today=today)
    return [row.followup for row in rows]


def done_on(reader: User, agent: User, first: date, last: date) -> Counter[date]:
    """How much was done on each of the days: one query."""
    done = of(reader, agent).filter(status=FollowUp.Status.DONE, done_on__range=(first, last))
    return Counter(day for day in done.values_list("done_on", flat=True) if day)


def with_names(matters: Sequence[Matter]) -> list[Matter]:
    """The matters with the client, the product and the words they are shown with: three queries."""
    rows = [matter.followup for matter in matters]
    clients = Client.objects.in_bulk({row.client_id for row in rows})
    policies = Policy.objects.select_related("product").in_bulk(
        {row.policy_id for row in rows if row.policy_id}
    )
    planned = Planned.objects.in_bulk({row.planned_id for row in rows if row.planned_id})
    for row in rows:
        row.client = clients[row.client_id]
        row.policy = policies.get(row.policy_id or 0)
        row.planned = planned.get(row.planned_id or 0)
    return list(matters)
