"""How far a team is: a few set-based queries, however many agents and follow-ups there are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from accounts.models import Role, Team, User
from accounts.scope import FEW, agents_seen_by
from clients.models import Client
from followups import agent_work, campaign_lines, standard, untouched
from followups.models import FollowUp
from followups.office_days import workdays_before
from followups.standard import DayOf311
from followups.waiting import Waiting, waiting_for
from lib import names
from lib.dates import days_from
from policies import renewals
from policies.models import OwedPremium, Policy
from policies.persistency import MONTHS, Rate, rates
from policies.renewals import InGrace, Stage

DAYS_BACK = 10
LOW_PERCENT = 60
GOOD_PERCENT = 80
SEVERAL = 3  # fewer is a bad day, not a pattern
SOON = timedelta(days=7)
K = MONTHS[0]
LOW_RATE = Decimal("0.90")  # below it persistency is marked

NO_DAY = DayOf311(date.min)
NO_MONEY = Decimal(0)
NOTHING_KEPT = Rate(None, "")
NONE_IN_GRACE = InGrace()
NOTHING_HAS = Q(pk__in=())  # come up to the reader


@dataclass
class Day:
    """What was done on a day, and what stood on its list and was not."""

    on: date
    done: int = 0
    undone: int = 0

    @property
    def total(self) -> int:
        return self.done + self.undone

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 means everything; None where there was nothing to do."""
        return 100 * self.done // self.total if self.total else None

    @property
    def low(self) -> bool:
        return self.percent is not None and self.percent < LOW_PERCENT


@dataclass
class AgentFigures:
    agent: User
    today: Day
    days: list[Day]  # the days before today, oldest first
    overdue: int = 0
    grace: InGrace = NONE_IN_GRACE
    persistency: Rate = NOTHING_KEPT
    standard: DayOf311 = field(default_factory=lambda: DayOf311(date.min))
    untouched: int = 0  # urgent, and come up to the reader
    no_log: bool = False  # of the last working day, where others handed theirs in

    @cached_property
    def low_days(self) -> int:
        return sum(day.low for day in self.days)

    @property
    def often_low(self) -> bool:
        return self.low_days >= SEVERAL

    @property
    def persistency_is_low(self) -> bool:
        return _is_low(self.persistency)

    @property
    def needs_you(self) -> bool:
        return self.often_low or self.grace.soon > 0 or self.untouched > 0 or self.no_log

    @property
    def percent(self) -> int | None:
        """Completion over all the days before today together."""
        return _together(self.days).percent

    @property
    def tone(self) -> str:
        if (self.today.percent or 0) >= GOOD_PERCENT:
            return "ok"
        return "danger" if self.overdue >= SEVERAL and self.today.low else "accent"


@dataclass
class Board:
    day: date
    agents: list[AgentFigures]
    pipeline: list[Stage]
    persistency: Rate  # of all together, over 13 months
    waiting: Waiting = field(default_factory=Waiting)
    since: date = date.min  # the last working day

    @cached_property
    def today(self) -> Day:
        return _together([figures.today for figures in self.agents], self.day)

    @property
    def visits(self) -> int:
        return sum(figures.standard.visits for figures in self.agents)

    @property
    def visits_wanted(self) -> int:
        return standard.VISITS * len(self.agents)

    @property
    def met(self) -> int:
        """Who has met 311 today."""
        return sum(figures.standard.met for figures in self.agents)

    @property
    def overdue(self) -> int:
        return sum(figures.overdue for figures in self.agents)

    @cached_property
    def most_overdue(self) -> AgentFigures | None:
        worst = max(self.agents, key=lambda figures: figures.overdue, default=None)
        return worst if worst and worst.overdue else None

    @cached_property
    def grace(self) -> InGrace:
        return sum((figures.grace for figures in self.agents), NONE_IN_GRACE)

    @cached_property
    def needing_you(self) -> list[AgentFigures]:
        return sorted((figures for figures in self.agents if figures.needs_you), key=_attention)

    @property
    def persistency_is_low(self) -> bool:
        return _is_low(self.persistency)

    @property
    def pipeline_count(self) -> int:
        return sum(stage.count for stage in self.pipeline)

    @property
    def pipeline_amount(self) -> Decimal:
        return sum((stage.amount for stage in self.pipeline), NO_MONEY)

    @property
    def largest_stage(self) -> int:
        return max((stage.count for stage in self.pipeline), default=0)

    def sort(self, order: str) -> None:
        """Order the agents; the default is that of the organisation, never a ranking."""
        if order == "attention":
            self.agents.sort(key=_attention)
        if order == "name":
            self.agents.sort(key=lambda figures: names.pinyin(figures.agent.name))


def teams_seen_by(user: User) -> QuerySet[Team]:
    """The subtree one leads, every team for an administrator."""
    if user.administers:
        return Team.objects.all()
    return user.team.subtree() if user.leads and user.team else Team.objects.none()


def agents_of(user: User, team: Team | None = None) -> QuerySet[User]:
    """Who stands on the board: active agents, and whoever else still has clients to serve."""
    serving = Exists(Client.objects.filter(agent=OuterRef("pk")))
    agents = agents_seen_by(user).filter(Q(role=Role.AGENT, is_active=True) | serving)
    return agents.filter(team__path__startswith=team.path) if team else agents


def board(user: User, day: date, team: Team | None = None) -> Board:
    """Everything the team page shows on `day`."""
    owed, policies = OwedPremium.objects.listed_for(user), Policy.objects.listed_for(user)
    if team:
        members = User.objects.filter(team__path__startswith=team.path).values("pk")
        owed = owed.filter(agent__in=members)
        policies = policies.filter(holder__agent__in=members)
    kept = {rate.key: rate for rate in rates(policies, day.replace(day=1), K, by="agent")}
    workdays = workdays_before(day, untouched.WORKDAYS)
    come_up = untouched.come_up_to(user, workdays)
    agents = figures_of(user, agents_of(user, team), day, come_up)
    premiums = renewals.Standing.of(owed, day, day + SOON)
    for own in agents:
        own.persistency = kept.get(own.agent.pk, own.persistency)
        own.grace = premiums.grace.get(own.agent.pk, own.grace)
    since = workdays[0]
    _how_they_stand(user, agents, day, since)
    waiting = waiting_for(user, day)
    return Board(day, agents, premiums.stages, Rate.of_all(kept.values()), waiting, since)


def _how_they_stand(user: User, agents: list[AgentFigures], day: date, since: date) -> None:
    """311 of today, and the log of the last working day."""
    theirs = [own.agent.pk for own in agents]
    days = standard.days_on(user, theirs, since, day)
    kept = any(found.summary for (_agent, on), found in days.items() if on == since)
    for own in agents:
        own.standard = days.get((own.agent.pk, day), own.standard)
        handed_in = days.get((own.agent.pk, since), NO_DAY).summary
        own.no_log = kept and not handed_in and own.agent.serves


def figures_of(
    user: User, agents: QuerySet[User], day: date, come_up: Q = NOTHING_HAS
) -> list[AgentFigures]:
    """The figures of each agent, in the order of the organisation.

    Completion of a day d is: done on d ÷ (done on d + rows still open or missed whose list days
    cover d). What was withdrawn or replaced counts nowhere, and what was done later than d does not
    count against d. A campaign is one row. A rate is a whole percent rounded down, None where d asked for nothing.
    """
    everyone = list(agents.select_related("team").order_by("team__path", "staff_no"))
    # A group is named one by one, so that the planner knows how few there are.
    theirs: Any = [agent.pk for agent in everyone] if len(everyone) <= FEW else agents.values("pk")
    first = day - timedelta(days=DAYS_BACK)
    work = agent_work.work_of(user, theirs, first, day)
    spans = campaign_lines.spans_of(user, theirs, first, day)
    lying = _untouched(user, theirs, day, come_up)
    found = []
    for agent in everyone:
        own = work.get(agent.pk, agent_work.NOTHING)
        days = [Day(on, *own.on(on)) for on in days_from(first, day)]
        _count_campaigns(days, spans.get(agent.pk, []))
        *before, today = days
        figures = AgentFigures(agent, today, before, own.overdue)
        figures.untouched = lying.get(agent.pk, 0)
        found.append(figures)
    return found


def _untouched(user: User, theirs: Any, day: date, come_up: Q) -> dict[int, int]:
    """How much is urgent and has come up to the reader."""
    followups = FollowUp.objects.visible_to(user).filter(client__agent__in=theirs).overdue(day)
    rows = followups.filter(come_up).order_by().values_list("client__agent")
    return dict(rows.annotate(n=Count("pk")))


def _count_campaigns(days: list[Day], spans: Iterable[campaign_lines.Span]) -> None:
    """Each campaign counts as one: done on the day of its last greeting, or unfinished over its days."""
    for span in spans:
        for day in days:
            if not span.left:
                day.done += span.done_on == day.on
            elif span.opens_on <= day.on <= span.on:
                day.undone += 1


def _together(days: list[Day], on: date = date.min) -> Day:
    return Day(on, sum(day.done for day in days), sum(day.undone for day in days))


def _is_low(rate: Rate) -> bool:
    return rate.by_premium is not None and rate.by_premium < LOW_RATE


def _attention(figures: AgentFigures) -> tuple[Any, ...]:
    """Whoever needs the leader first: grace that runs out, overdue work, days below the mark."""
    percent = figures.today.percent
    return (
        -figures.grace.soon,
        -figures.untouched,
        -figures.overdue,
        -figures.low_days,
        -figures.no_log,
        -figures.grace.amount,
        100 if percent is None else percent,
    )


def figures_of_one(user: User, agent: User, day: date) -> AgentFigures:
    """What the sheet of an agent shows."""
    [own] = figures_of(user, User.objects.filter(pk=agent.pk), day)
    owed = OwedPremium.objects.visible_to(user).filter(agent=agent)
    own.grace = renewals.Standing.of(owed, day, day + SOON).grace.get(agent.pk, own.grace)
    return own


def book_of(user: User, agent: User) -> dict[str, Any]:
    """How many clients and policies an agent serves, and when a client was last spoken to."""
    mine = Client.objects.visible_to(user).filter(agent=agent)
    found = mine.aggregate(clients=Count("pk"), last=Max("last_contact_on"))
    policies = Policy.objects.visible_to(user).filter(holder__agent=agent).count()
    return found | {"policies": policies}
