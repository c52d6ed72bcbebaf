"""Whom and what a request of the day is about."""

import uuid

from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from accounts import requests
from accounts.scope import agents_seen_by
from clients.models import Client, ClientQuerySet
from followups import agenda
from followups.agenda import Agenda, Stop
from followups.forms import DayForm, KeyForm
from followups.models import FollowUp, FollowUpQuerySet
from lib import dates

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


class Request(requests.Request):
    """Of an agent's work."""

    left_today: int  # where the page has counted it, the menu need not


def my_agenda(
    request: Request, followup: FollowUp | None = None, client: Client | None = None
) -> Agenda:
    """The day the request is about: its agent and day, or those of the client acted for."""
    form = DayForm(request.POST if request.method == "POST" else request.GET)
    chosen = form.chosen()
    client = followup.client if followup else client
    agent = client.agent if client else None
    if agent is None and chosen["agent"] and chosen["agent"] != request.user.pk:
        agent = get_object_or_404(agents_seen_by(request.user), pk=chosen["agent"])
    after = chosen["after"] and _followups(request).filter(pk=chosen["after"]).first()
    return agenda.of(
        request.user,
        agent or request.user,
        form.day(),
        dates.today(),
        chosen["kind"] or "",
        after=after or None,
        done_after=chosen["done_after"],
    )


def my_followup(request: Request, pk: int) -> FollowUp:
    return get_object_or_404(_followups(request), pk=pk)


def _followups(request: Request) -> FollowUpQuerySet:
    visible = FollowUp.objects.visible_to(request.user).for_list()
    return visible.select_related("contact", "client__agent")


def open_together(request: Request, followup: FollowUp) -> Stop:
    """What is open today where this client is met: one conversation may settle it all."""
    now = dates.today()
    home = FollowUp.objects.visible_to(request.user).filter(
        client__in=clients_at_home(request, followup.client)
    )
    standing = home.on(now) | home.open().filter(pk=followup.pk)
    rows = standing.for_list().select_related("client__card", "client__known")
    found = sorted(rows, key=lambda row: row.pk != followup.pk)
    still_open = [row for row in found if row.is_open] or [followup]
    done = [row for row in found if row.is_done]
    return agenda.with_coming([Stop(now, still_open)], now, done)[0]


def of_home(request: Request, client: Client) -> FollowUpQuerySet:
    """What a form about this client may name; what is settled already is told, not overlooked."""
    mine = FollowUp.objects.visible_to(request.user)
    mine = mine.filter(client__in=clients_at_home(request, client)).for_list()
    return mine.prefetch_related(None)  # it is acted upon, not shown


def clients_at_home(request: Request, client: Client) -> ClientQuerySet:
    """The client, and who of the household lives at the same address and is served by the same agent."""
    if not (client.household_id and client.address):
        return Client.objects.filter(pk=client.pk)
    return Client.objects.visible_to(request.user).filter(
        household=client.household_id, address=client.address, agent=client.agent_id
    )


def through(request: Request) -> bool:
    """Sent from focus mode, which goes on to the next client."""
    sent = request.POST if request.method == "POST" else request.GET
    return sent.get("through") == "1"


def sent_key(request: Request) -> str:
    form = KeyForm(request.POST)
    form.is_valid()
    key: str = form.cleaned_data.get("key", "")
    return key


def fresh_key() -> str:
    return uuid.uuid4().hex
