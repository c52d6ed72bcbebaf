"""The standard 311, proven from the records: three visits, one summary and one record a day.

A visit counts with an outcome and a time, once for a client and day, where somebody was there; the summary
when it was handed in on its day or the next; the record when a visit or call was written up in words.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from accounts.models import Role, Team, User
from accounts.scope import agents_seen_by
from followups.agent_days import AgentDay
from followups.day_logs import DayLog
from followups.meetings import MorningMeeting
from followups.office_days import Days
from followups.spot_checks import SpotCheck
from lib.dates import days_from, month_end

VISITS = 3
CHECKS = 3  # of a leader
FULL = Q(visits__gte=VISITS)
WRITTEN = Q(written__gte=1)


@dataclass
class Tally:
    """Of one agent, or of several together, over the working days of a month."""

    visits: int = 0
    full: int = 0  # days with three visits
    summaries: int = 0
    records: int = 0
    met: int = 0  # days with all of it

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.visits + other.visits,
            self.full + other.full,
            self.summaries + other.summaries,
            self.records + other.records,
            self.met + other.met,
        )


@dataclass
class DayOf311:
    on: date
    visits: int = 0
    written: int = 0
    summary: bool = False
    off: bool = False

    @property
    def recorded(self) -> bool:
        return self.written > 0

    @property
    def met(self) -> bool:
        return self.visits >= VISITS and self.recorded and self.summary

    @property
    def tone(self) -> str:
        """The class of its cell: what counts is deep, what lacks is pale, a free day is hatched."""
        if self.met:
            return "h-100"
        if self.off and not self.visits:
            return "h-none"
        return ("h-low", "h-60", "h-70", "h-80")[min(self.visits, VISITS)]


@dataclass
class MonthOf311:
    agent: User
    tally: Tally
    days: list[DayOf311] = field(default_factory=list)


@dataclass
class TeamOf311:
    team: Team | None
    agents: int
    tally: Tally


@dataclass(frozen=True)
class Month:
    """The table of a month up to today, for whoever the reader leads."""

    first: date
    last: date
    rows: list[MonthOf311]
    known: Days

    @cached_property
    def workdays(self) -> int:
        return sum(not self.known.is_off(day) for day in days_from(self.first, self.last))

    @property
    def total(self) -> Tally:
        return sum((row.tally for row in self.rows), Tally())

    @property
    def due(self) -> int:
        """How many days all of them together could have met it on."""
        return self.workdays * len(self.rows)

    @property
    def teams(self) -> list[TeamOf311]:
        """The teams, in the order of the organisation."""
        grouped = groupby(self.rows, key=lambda row: row.agent.team)
        found = [(team, list(rows)) for team, rows in grouped]
        return [
            TeamOf311(team, len(rows), sum((row.tally for row in rows), Tally()))
            for team, rows in found
        ]

    def with_days(self, rows: Iterable[MonthOf311]) -> list[MonthOf311]:
        """The same rows, each with its days: two queries."""
        rows = list(rows)
        agents = [row.agent.pk for row in rows]
        between = {"agent__in": agents, "on__range": (self.first, self.last)}
        days = {(day.agent_id, day.on): day for day in AgentDay.objects.filter(**between)}
        logs = set(DayLog.objects.filter(**between).in_time().values_list("agent", "on"))
        for row in rows:
            row.days = [
                self._day(row.agent.pk, on, days, logs) for on in days_from(self.first, self.last)
            ]
        return rows

    def _day(
        self,
        agent: int,
        on: date,
        days: dict[tuple[int, date], AgentDay],
        logs: set[tuple[int, date]],
    ) -> DayOf311:
        day, off = days.get((agent, on)), self.known.is_off(on)
        visits, written = (day.visits, day.written) if day else (0, 0)
        return DayOf311(on, visits, written, (agent, on) in logs, off)


def month_of(reader: User, agents: QuerySet[User], month: date, today: date) -> Month:
    """The table of the month in which `month` lies: five queries, however many agents there are."""
    first, last = month.replace(day=1), min(month_end(month), today)
    within = {"on__range": (first, last)}
    handed_in = DayLog.objects.in_time().filter(agent=OuterRef("agent"), on=OuterRef("on"))
    days = AgentDay.objects.visible_to(reader).filter(**within).order_by().values("agent")
    sums = days.annotate(
        all=Sum("visits"),
        full=Count("pk", filter=FULL),
        records=Count("pk", filter=WRITTEN),
        met=Count("pk", filter=FULL & WRITTEN & Q(Exists(handed_in))),
    )
    logs = DayLog.objects.visible_to(reader).in_time().filter(**within).order_by()
    summaries = dict(logs.values_list("agent").annotate(n=Count("pk")))
    tallies = {
        row["agent"]: Tally(row["all"], row["full"], 0, row["records"], row["met"]) for row in sums
    }
    rows = []
    for agent in agents.select_related("team").order_by("team__path", "staff_no"):
        tally = tallies.get(agent.pk, Tally())
        tally.summaries = summaries.get(agent.pk, 0)
        rows.append(MonthOf311(agent, tally))
    return Month(first, last, rows, Days(first, last))


def days_on(reader: User, agents: Any, *days: date) -> dict[tuple[int, date], DayOf311]:
    """How far each of the agents was on these days, where there is anything to tell: two queries."""
    whose = {"agent__in": agents, "on__in": days}
    logs = DayLog.objects.visible_to(reader).filter(**whose).in_time().order_by()
    found = {key: DayOf311(key[1], summary=True) for key in logs.values_list("agent", "on")}
    for row in AgentDay.objects.visible_to(reader).filter(**whose):
        day = found.setdefault((row.agent_id, row.on), DayOf311(row.on))
        day.visits, day.written = row.visits, row.written
    return found


@dataclass
class LeaderMonth:
    """Three spot checks, one meeting, one log gone through a day: of somebody who leads."""

    leader: User
    checks: int = 0
    meetings: int = 0
    reviews: int = 0
    met: int = 0


def leaders_of(reader: User, month: Month) -> list[LeaderMonth]:
    """The reader and whoever leads below, in the order of the organisation: four queries."""
    leaders = agents_seen_by(reader).filter(
        role__in=[Role.SUPERVISOR, Role.MANAGER], is_active=True
    )
    days = {"day__gte": month.first, "day__lte": month.last}
    checks = SpotCheck.objects.filter(leader__in=leaders).annotate(day=TruncDate("done_at"))
    held = MorningMeeting.objects.filter(leader__in=leaders, on__range=(month.first, month.last))
    logs = DayLog.objects.filter(reviewed_by__in=leaders).annotate(day=TruncDate("reviewed_at"))
    counts = [
        _by_day(checks.filter(**days), "leader", "day"),
        _by_day(held, "leader", "on"),
        _by_day(logs.filter(**days), "reviewed_by", "day"),
    ]
    return [_leader(one, month, *counts) for one in leaders.order_by("team__path", "staff_no")]


Counts = dict[tuple[int, date], int]


def _by_day(rows: QuerySet[Any], whose: str, day: str) -> Counts:
    counted = rows.order_by().values_list(whose, day).annotate(n=Count("pk"))
    return {(pk, on): n for pk, on, n in counted}


def _leader(
    leader: User, month: Month, checks: Counts, held: Counts, reviews: Counts
) -> LeaderMonth:
    found = LeaderMonth(leader)
    for day in days_from(month.first, month.last):
        key = (leader.pk, day)
        each = checks.get(key, 0), held.get(key, 0), reviews.get(key, 0)
        found.checks += each[0]
        found.meetings += each[1]
        found.reviews += each[2]
        found.met += each[0] >= CHECKS and each[1] > 0 and each[2] > 0
    return found


def months_back(today: date, n: int = 12) -> list[date]:
    """The first days of the months that one may look at, the latest first."""
    months = [today.replace(day=1)]
    while len(months) < n:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months
