"""The page of the day's visits: their order, who is on it, and what was agreed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import SentForm
from clients.models import Client
from followups.agenda import Agenda
from followups.forms import KeyForm
from followups.models import RouteStop
from followups.requests import Request, fresh_key, my_agenda
from followups.route import MOST, Route, keep_order, route_of
from followups.route_map import map_of
from followups.tools import Shelf
from lib import dates

SUGGESTED_TOO = 20  # of those who could be visited as well


class DecisionForm(KeyForm):
    """What becomes of one visit: earlier, later, to a place, off the route, on it, or agreed for an hour."""

    do = forms.ChoiceField(choices=[(one, "") for one in ("up", "down", "to", "off", "on", "at")])
    at = forms.TimeField(required=False)
    place = forms.IntegerField(required=False, min_value=1, max_value=MOST)


@require_GET
def route(request: Request) -> HttpResponse:
    the_day = my_agenda(request)
    return render(request, "followups/route.html", _context(request, the_day))


@require_POST
@transaction.atomic
def route_stop(request: Request, pk: int) -> HttpResponse:
    """Decide about one visit; the same form sent twice decides once."""
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    the_day = my_agenda(request, client=client)
    form = DecisionForm(request.POST)
    stop = the_day.stop_of(client)
    if stop is None:
        messages.error(request, _("Nothing is open for %(name)s on this day.") % {"name": client})
    elif not form.is_valid():
        messages.error(request, _("The time was not understood. Enter it like 10:40."))
    elif SentForm.first_time(request.user, form.cleaned_data["key"]):
        _decide(_route(the_day), client, stop.clients, form.cleaned_data)
    return redirect(f"{_url(the_day)}#route-{client.pk}")


@require_POST
def route_again(request: Request) -> HttpResponse:
    """Leave the order made by hand for the suggested one."""
    the_day = my_agenda(request)
    mine = RouteStop.objects.visible_to(request.user)
    mine.filter(client__agent=the_day.agent, on=the_day.day).update(place=None)
    return redirect(_url(the_day))


def _decide(route: Route, client: Client, met: list[Client], data: dict[str, Any]) -> None:
    what, here = data["do"], route.place_of(client)
    places = {"up": here - 1, "down": here + 1, "to": data["place"] or here}
    if what in places:
        keep_order(route.moved(client, places[what]), route.day)
    elif what == "at":
        RouteStop.decide(met, route.day, at=data["at"])
    else:
        RouteStop.decide(met, route.day, goes=what == "on", place=None)


def _route(the_day: Agenda) -> Route:
    now = timezone.localtime() if the_day.day == dates.today() else None
    return route_of(the_day, now)


def _context(request: Request, the_day: Agenda) -> dict[str, Any]:
    found = _route(the_day)
    shelf = Shelf.now()
    return {
        "agenda": the_day,
        "route": found,
        "legs": [(leg, shelf.for_stop(leg.stop)) for leg in found.legs],
        "tools": shelf.for_stops(found.stops),
        "map": map_of(found.legs),
        "others": found.others[:SUGGESTED_TOO],
        "own": the_day.agent.pk == request.user.pk,
        "key": fresh_key(),
    }


def _url(the_day: Agenda) -> str:
    where = the_day.where.rstrip("&")
    return f"{reverse('today_route')}?{where}" if where else reverse("today_route")
