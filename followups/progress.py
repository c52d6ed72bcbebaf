"""How much of a month's work was done, by agent, service item and month."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import groupby
from operator import or_
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When

from accounts.models import Role, User
from followups.due_work import DueWork, DueWorkQuerySet
from followups.models import FollowUp, ServiceItem, ServicePlan
from lib import dates

MONTHS = 6
DONE, LATE, MISSED, OPEN = "done", "late", "missed", "open"


@dataclass(frozen=True)
class Standing:
    """How the work stands whose last day lies in a month. Withdrawn and replaced work is in none."""

    done: int = 0  # in time
    late: int = 0
    missed: int = 0
    open: int = 0  # there are days left

    @property
    def due(self) -> int:
        return self.done + self.late + self.missed

    @property
    def percent(self) -> int | None:
        """Completion, rounded down, so that 100 means everything."""
        return 100 * (self.done + self.late) // self.due if self.due else None

    @property
    def on_time(self) -> int | None:
        return 100 * self.done // self.due if self.due else None

    def __add__(self, other: "Standing") -> "Standing":
        return Standing(
            self.done + other.done,
            self.late + other.late,
            self.missed + other.missed,
            self.open + other.open,
        )


DUE = (DONE, LATE, MISSED)
STATES = (*DUE, OPEN)
NOTHING = Standing()


def work_of(user: User, agents: Any, first: date, last: date) -> QuerySet[Any, Any]:
    """What had to be done by a day of `first..last`.

    What is open is of whoever serves the client, what was settled of whoever did then; a reader sees the
    rows of those alone whose clients they see today.
    """
    rows = FollowUp.objects.visible_to(user).filter(keep_until__range=(first, last))
    theirs = Q(status=FollowUp.Status.OPEN, client__agent__in=agents) | Q(served_by__in=agents)
    gone = Q(status__in=(FollowUp.Status.WITHDRAWN, FollowUp.Status.SUPERSEDED))
    return rows.filter(theirs).exclude(gone)


def standing(states: Collection[str], today: date) -> Q:
    """The matters that stand like this."""
    meant = _meant(today)
    return reduce(or_, (meant[state] for state in states)) if set(states) < set(STATES) else Q()


def state_of(today: date) -> Case:
    """How a matter stands, for who shows it."""
    return Case(*(When(meant, then=Value(state)) for state, meant in _meant(today).items()))


def _meant(today: date) -> dict[str, Q]:
    status, over = FollowUp.Status, Q(keep_until__lt=today)
    return {
        DONE: Q(status=status.DONE, done_on__lte=F("keep_until")),
        LATE: Q(status=status.DONE, done_on__gt=F("keep_until")),
        MISSED: Q(status=status.MISSED) | Q(over, status=status.OPEN),
        OPEN: Q(~over, status=status.OPEN),
    }


@dataclass(frozen=True)
class Line:
    """One agent, team, item or month, with its figures."""

    of: Any
    count: Standing
    mandatory: Standing = NOTHING  # of it, what some class must be given
    must: bool = False  # such an item


@dataclass(frozen=True)
class Progress:
    month: date
    agents: list[Line]
    teams: list[Line]
    items: list[Line]
    months: list[Line]
    parts: list[tuple[User, ServiceItem, Standing]]

    @property
    def total(self) -> Standing:
        return sum((line.count for line in self.agents), NOTHING)

    @property
    def must(self) -> Standing:
        return sum((line.mandatory for line in self.agents), NOTHING)


def progress(user: User, agents: QuerySet[User], month: date, today: date) -> Progress:
    """Everything the page shows, in four queries however many agents there are.

    Of the people it may be about, those who work as agents, and whoever else had something to do in the month.
    """
    whose = agents.order_by().values("pk")
    by_part = counted(user, whose, month, today)
    serving = Q(role=Role.AGENT, is_active=True) | Q(pk__in={agent for agent, _item in by_part})
    shown = agents.filter(serving).select_related("team").order_by("team__path", "staff_no")
    everyone = list(shown)
    of_agent: dict[int, Standing] = {one.pk: NOTHING for one in everyone}
    must, mandatory = must_items(), dict(of_agent)
    of_item: dict[int, Standing] = {}
    for (agent, item), count in by_part.items():
        of_agent[agent] += count
        of_item[item] = of_item.get(item, NOTHING) + count
        if item in must:
            mandatory[agent] += count
    people = {agent.pk: agent for agent in everyone}
    agent_lines = [Line(people[pk], count, mandatory[pk]) for pk, count in of_agent.items()]
    return Progress(
        month,
        agent_lines,
        _teams(agent_lines),
        [Line(ServiceItem(pk), count, must=pk in must) for pk, count in sorted(of_item.items())],
        _months(user, whose, month, today, must),
        [
            (people[agent], ServiceItem(item), count)
            for (agent, item), count in sorted(by_part.items(), key=lambda part: part[0][1])
        ],
    )


def _teams(agents: list[Line]) -> list[Line]:
    """In the order of the organisation, as the agents are."""
    grouped = groupby(agents, key=lambda line: line.of.team)
    return [_together(team, list(lines)) for team, lines in grouped]


def _together(of: Any, lines: list[Line]) -> Line:
    count = sum((line.count for line in lines), NOTHING)
    return Line(of, count, sum((line.mandatory for line in lines), NOTHING))


def must_items() -> set[int]:
    """What some class must be given."""
    plans = ServicePlan.objects.filter(level=ServicePlan.Level.MUST)
    return set(plans.values_list("item", flat=True))


Parts = dict[tuple[int, int], Standing]  # by agent and item


def counted(user: User, agents: Any, month: date, today: date) -> Parts:
    """The figures of the month."""
    due = _due(user, agents, month, month)
    return {
        (agent, item): Standing(*sums)
        for agent, item, *sums in due.standing("agent", "item", today=today)
    }


def _months(user: User, agents: Any, month: date, today: date, must: set[int]) -> list[Line]:
    first = dates.add_months(month, 1 - MONTHS)
    found: dict[date, list[Line]] = {dates.add_months(first, n): [] for n in range(MONTHS)}
    due = _due(user, agents, first, month).by_month()
    for of, item, *sums in due.standing("month", "item", today=today):
        count = Standing(*sums)
        found[of].append(Line(of, count, count if item in must else NOTHING))
    return [_together(of, lines) for of, lines in found.items()]


def _due(user: User, agents: Any, first: date, last: date) -> DueWorkQuerySet:
    """What is added up of the months `first..last`."""
    return DueWork.objects.visible_to(user).filter(
        agent__in=agents, on__range=(first, dates.month_end(last))
    )


@dataclass(frozen=True)
class Bar:
    """A month of the picture: what was done from below, what was not above it."""

    x: int
    of: date
    count: Standing
    scale: int  # the tallest month

    HEIGHT = 100

    @property
    def done(self) -> int:
        return self.HEIGHT * (self.count.done + self.count.late) // self.scale

    @property
    def missed(self) -> int:
        return self.HEIGHT * self.count.missed // self.scale

    @property
    def y_done(self) -> int:
        return self.HEIGHT - self.done

    @property
    def y_missed(self) -> int:
        return self.y_done - self.missed


def bars(months: Iterable[Line]) -> list[Bar]:
    lines = list(months)
    scale = max((line.count.due for line in lines), default=0) or 1
    return [Bar(100 * n, line.of, line.count, scale) for n, line in enumerate(lines)]
