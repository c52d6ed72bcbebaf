"""A campaign as one line of work: of an agent's day, of the menu's count, of a team's progress."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from accounts.models import User
from followups.festivals import Festival
from followups.greetings import Campaign, Greeting, GreetingQuerySet

SECONDS_EACH = 45  # to look at a text, copy it and send it


@dataclass(frozen=True)
class CampaignLine:
    """How far one agent is with one campaign. As a whole it is one piece of work."""

    campaign: Campaign
    left: int
    total: int
    done_on: date | None  # the day of the latest that was sent or left out

    @property
    def done(self) -> int:
        return self.total - self.left

    @property
    def minutes(self) -> int:
        return -(-self.left * SECONDS_EACH // 60)

    def is_done_on(self, day: date) -> bool:
        return not self.left and self.done_on == day


def lines_of(reader: User, agent: User, day: date) -> list[CampaignLine]:
    """The campaigns on the agent's list of `day`: with clients left, or finished that very day."""
    mine = Greeting.objects.visible_to(reader).filter(client__agent=agent).running(day)
    return [line for line in counted(mine) if line.left or line.is_done_on(day)]


def left_today(user: User, day: date) -> QuerySet[Greeting, Any]:
    """The campaigns that have clients of this agent left."""
    mine = Greeting.objects.visible_to(user).filter(client__agent=user).running(day).open()
    return mine.order_by().values("campaign").distinct()


OF_CAMPAIGN = ("campaign", "campaign__on", "campaign__opens_on")
OF_FESTIVAL = ("campaign__festival__name", "campaign__festival__name_en")


def counted(greetings: GreetingQuerySet) -> list[CampaignLine]:
    """The campaigns of these greetings, the earliest first: one query."""
    left = Count("pk", filter=Q(state=Greeting.State.OPEN))
    rows = greetings.order_by("campaign__on", "campaign").values_list(*OF_CAMPAIGN, *OF_FESTIVAL)
    return [_line(row) for row in rows.annotate(left=left, n=Count("pk"), done=Max("done_on"))]


def _line(row: tuple[Any, ...]) -> CampaignLine:
    pk, on, opens_on, name, name_en, left, total, done_on = row
    festival = Festival(name=name, name_en=name_en)
    campaign = Campaign(pk=pk, on=on, opens_on=opens_on, festival=festival)
    return CampaignLine(campaign, left, total, done_on)


@dataclass(frozen=True)
class Span:
    """A campaign in an agent's progress: finished on a day, or unfinished over its days."""

    opens_on: date
    on: date
    left: int
    done_on: date | None


def spans_of(user: User, agents: Any, first: date, last: date) -> dict[int, list[Span]]:
    """The campaigns on the lists of `first..last`, by agent: one query for all of them."""
    here = Greeting.objects.visible_to(user).filter(client__agent__in=agents)
    here = here.filter(campaign__opens_on__lte=last, campaign__on__gte=first)
    rows = (
        here.order_by()
        .values_list("client__agent", "campaign")
        .annotate(
            opens_on=Min("campaign__opens_on"),
            on=Min("campaign__on"),
            left=Count("pk", filter=Q(state=Greeting.State.OPEN)),
            done=Max("done_on"),
        )
    )
    spans: dict[int, list[Span]] = defaultdict(list)
    for agent, _campaign, opens_on, on, left, done in rows:
        spans[agent].append(Span(opens_on, on, left, done))
    return spans
