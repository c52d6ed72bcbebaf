"""What the list of a day shows, and the inspector beside it."""

from datetime import timedelta
from typing import Any

from django.db.models import F, Q

from accounts.models import User
from clients.card import InfoCard
from clients.models import Client
from followups import agenda, chips, people_page, scripts
from followups.agenda import Agenda, Stop
from followups.requests import Request, fresh_key
from followups.tools import Bag, Shelf
from lib import dates
from policies.models import Policy

ONE_DAY = timedelta(days=1)
QUIET_DAYS = 90


def day_context(request: Request, the_day: Agenda) -> dict[str, Any]:
    context: dict[str, Any] = {
        "agenda": the_day,
        "key": fresh_key(),
        "today": dates.today(),
        "own": the_day.agent.pk == request.user.pk,
        "bag": Bag(the_day),
    }
    if not the_day.left:
        tomorrow = the_day.day + ONE_DAY
        context["tomorrow"] = agenda.of(request.user, the_day.agent, tomorrow, dates.today())
    if not the_day.total:
        context["quiet"] = _quiet_clients(request.user, the_day.agent)
    return context


def _quiet_clients(reader: User, agent: User) -> int:
    """How many clients nobody has spoken to for a quarter."""
    since = dates.today() - timedelta(days=QUIET_DAYS)
    mine = Client.objects.visible_to(reader).filter(agent=agent).contactable()
    return mine.filter(Q(last_contact_on=None) | Q(last_contact_on__lt=since)).count()


def stop_context(request: Request, stop: Stop, shelf: Shelf) -> dict[str, Any]:
    """What the inspector shows beside the list: what to say and take along, policies, last contact."""
    policies = Policy.objects.visible_to(request.user).filter(holder=stop.client).for_list()
    soonest = policies.order_by(F("lapses_on").asc(nulls_last=True), "pk")
    last = stop.client.contacts.filter(undone_at=None).order_by("-at").first()
    premium = next((f for f in stop.followups if f.instalment), stop.lead)
    return {
        "stop": stop,
        "stop_rows": [
            (row, agenda.service_of(row), agenda.needs_outcome(row)) for row in stop.followups
        ],
        "grace": chips.grace_of(premium, stop.day) if stop.lead.is_open else None,
        "premium": premium,
        "script": scripts.text_for(stop.lead, request.user, stop.day),
        "tools": shelf.for_stop(stop),
        "policies": [(p, p.in_grace_on(stop.day), p.status_on(stop.day)) for p in soonest],
        "last_contact": last,
        "age": stop.client.age_on(stop.day),
        "visit_words": people_page.visit_words(InfoCard.of(stop.client)),
        "in_mourning": stop.client.in_mourning(stop.day),
        "day": stop.day,
    }
