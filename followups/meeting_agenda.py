"""What the morning meeting is about, read from the data."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet, Sum

from accounts.models import User
from accounts.scope import agents_seen_by
from followups import day_logs, untouched
from followups.models import AgentWork, Escalation, FollowUp, SpotCheck
from followups.office_days import last_workday
from lib import dates
from policies.models import Instalment
from policies.promises import Promise

SOON = timedelta(days=7)
SHOWN = 12


@dataclass(frozen=True)
class Missed:
    agent: User
    count: int


@dataclass(frozen=True)
class MeetingAgenda:
    day: date
    since: date  # the last working day
    missed: list[Missed]
    ending: list[Instalment]  # grace ends within a week
    broken: list[Promise]
    untouched: list[FollowUp]
    matters: int
    differing: list[SpotCheck]
    without_log: list[User]
    birthdays: list[tuple[date, User]]


def agenda_of(leader: User, day: date) -> MeetingAgenda:
    """A dozen queries, however many agents there are."""
    since = last_workday(day)
    urgent = untouched.untouched(leader, day)
    checks = SpotCheck.objects.visible_to(leader).filter(finding=SpotCheck.Finding.DIFFERS)
    return MeetingAgenda(
        day,
        since,
        _missed(leader, since, day),
        list(_ending(leader, day)),
        list(_broken(leader, since, day)),
        list(urgent.for_list().select_related("client__agent")[:SHOWN]),
        Escalation.objects.visible_to(leader).open().count(),
        list(
            checks.filter(done_at__date__gte=since, done_at__date__lt=day).select_related(
                "contact__client", "contact__by"
            )[:SHOWN]
        ),
        list(day_logs.missing(leader, since)[:SHOWN]),
        birthdays(leader, day),
    )


def _missed(leader: User, first: date, day: date) -> list[Missed]:
    """What could last be done since the last working day, and was not, by agent."""
    ended = AgentWork.objects.visible_to(leader).filter(on__gte=first, on__lt=day).order_by()
    left = ended.values_list("agent").annotate(n=Sum("open_until") + Sum("missed_until"))
    counted = dict(left.filter(n__gt=0))
    agents = User.objects.in_bulk(counted)
    every = [Missed(agents[pk], n) for pk, n in counted.items()]
    return sorted(every, key=lambda one: (-one.count, one.agent.staff_no))[:SHOWN]


def _ending(leader: User, day: date) -> QuerySet[Instalment]:
    rows = Instalment.objects.listed_for(leader).in_grace(day).filter(grace_ends_on__lte=day + SOON)
    return rows.select_related("policy__holder__agent", "policy__product").order_by(
        "grace_ends_on", "pk"
    )[:SHOWN]


def _broken(leader: User, first: date, day: date) -> QuerySet[Promise]:
    """Promises whose day has passed since the last working day."""
    words: Any = Promise.objects.visible_to(leader).promises().with_state(day)
    broken = words.filter(
        state_now=Promise.State.BROKEN, promised_on__gte=first - timedelta(days=1)
    )
    rows: QuerySet[Promise] = broken.filter(promised_on__lt=day).select_related(
        "policy__holder__agent"
    )
    return rows.order_by("promised_on", "pk")[:SHOWN]


def birthdays(leader: User, day: date) -> list[tuple[date, User]]:
    """Who of the team has a birthday within a week."""
    staff = agents_seen_by(leader).filter(is_active=True, birth_on__isnull=False)
    coming = []
    for one in staff:
        assert one.birth_on
        on = dates.next_birthday(one.birth_on, day)
        if on <= day + SOON:
            coming.append((on, one))
    return sorted(coming, key=lambda found: (found[0], found[1].staff_no))
