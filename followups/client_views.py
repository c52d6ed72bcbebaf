"""The client's own page, all of it on one; and the client's word about how we may reach them."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import SentForm
from accounts.requests import Request
from clients.family import OF_AGE
from clients.forms import ConsentForm, NoteForm
from clients.models import Client, ClientQuerySet, Consent, Merge, Rhythm
from clients.rhythm import the_rhythm
from followups import chips, money_words, people_page, timeline, year
from followups.models import FollowUp
from followups.policy_dates import coming_dates, policies_in_force
from followups.talking import talking_point
from lib import dates
from policies import class_words
from policies.attention import last_marks
from policies.coverage import coverage_of
from policies.models import ClientClass, Instalment, Policy
from policies.premium_line import Held

AROUND = ("consents", "family", "key_dates", "life_events")
TABS = ("", "timeline", "policies", "family")  # on a phone one at a time


@require_GET
def client_page(request: Request, pk: int) -> HttpResponse:
    at_home = _at_home(Client.objects.visible_to(request.user), pk)
    client = at_home.pop(pk, None)
    if client is None:
        return _taken_in(request, pk)
    today = dates.today()
    policies = list(client.policies.select_related("product").order_by("-effective_on", "pk"))
    instalments = timeline.instalments_of(client, today)
    context = _timeline(request, client, policies, instalments, today)
    if request.htmx and request.headers.get("HX-Target") == "timeline":
        return render(request, "followups/_client_timeline.html", context)
    context |= people_page.about_client(client, policies, at_home.values())
    context |= money_words.about_client(client, instalments, today)
    context |= class_words.about_client(client)
    context |= _standing(client, policies, context, today)
    return render(request, "followups/client.html", context)


def _taken_in(request: Request, pk: int) -> HttpResponse:
    """Whose record went into another is found there."""
    merged = Merge.objects.visible_to(request.user).standing()
    return redirect("client", get_object_or_404(merged, gone_pk=pk).kept_pk)


def _at_home(clients: ClientQuerySet, pk: int) -> dict[int, Client]:
    """The client and who lives with them, read at once."""
    rows = clients.at_home_with(pk).select_related("agent", "known", "card")
    rows = rows.annotate(last_marks=last_marks()).order_by("birth_on", "pk")
    return {client.pk: client for client in rows.prefetch_related(*AROUND)}


def _timeline(
    request: Request,
    client: Client,
    policies: list[Policy],
    instalments: list[Instalment],
    today: date,
) -> dict[str, Any]:
    """What happened, and on top of it what stands on the list today."""
    kind = request.GET.get("show", "")
    kind = kind if kind in timeline.KINDS else ""
    events = timeline.events_of(client, policies, instalments, kind, today)
    shown = events if "all" in request.GET else events[: timeline.SHOWN_EVENTS]
    services = list(year.standing_in(client, today.year, today))
    for row in services:
        row.client = client
    followups = [row for row in services if row.is_open and row.keep_until >= today]
    tab = request.GET.get("tab", "")
    return {
        "client": client,
        "today": today,
        "tab": tab if tab in TABS else "",
        "services": services,
        "followups": followups,
        "due": [_due(row, today) for row in followups if row.list_on <= today] if not kind else [],
        "months": timeline.by_month(shown, today),
        "earlier": len(events) - len(shown),
        "show": kind,
        "note_form": NoteForm.blank(),
    }


def _due(followup: FollowUp, today: date) -> tuple[FollowUp, chips.Chip | None]:
    return followup, next(iter(chips.of(followup, today)), None)


def _standing(
    client: Client, policies: list[Policy], found: dict[str, Any], today: date
) -> dict[str, Any]:
    """Where the client stands: policies, coverage, what comes next, what to talk about."""
    held = [Held(policy, today) for policy in policies]
    in_force = policies_in_force(policies, today)
    known = getattr(client, "known", None)
    children = [one for one in found["household"].children if one.age is None or one.age < OF_AGE]
    coverage = coverage_of(client.name, policies, known, len(children), today)
    rhythm = the_rhythm()
    return {
        "age": client.age_on(today),
        "policies": held,
        "annual": sum(policy.annualised_premium for policy in in_force),
        "coming": coming_dates(policies, today),
        "coverage": coverage,
        "year": year.strip_of(client, found["services"], today),
        "quiet": rhythm if rhythm.is_quiet(timezone.localtime()) else None,
        "next_contact": next_contact(client, found["followups"], rhythm, today),
        "talk": talking_point(client, held, coverage, _praise(found["standing"]), today),
    }


def next_contact(
    client: Client, followups: list[FollowUp], rhythm: Rhythm, today: date
) -> date | None:
    """When the client next hears from us: what stands on a list, else what the rhythm of their
    class asks for, put off while they have heard enough. Nobody who may be spoken to is without.
    """
    if client.deceased or client.do_not_contact:
        return None
    asked = max(rhythm.next_word(client, today), client.enough_until or today)
    return min([max(row.list_on, today) for row in followups] + [asked])


def _praise(standing: ClientClass | None) -> str:
    """What may be thanked for."""
    if standing and standing.on_time is not None and standing.on_time >= 100:
        return _("Thank them for paying in time.")
    return ""


@require_http_methods(["GET", "POST"])
def consent(request: Request, pk: int) -> HttpResponse:
    """Take down what the client said about one way of hearing from us."""
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    form = ConsentForm(request.POST or None, initial={"on": dates.today()})
    if not (form.is_bound and form.is_valid()):
        context = {"client": client, "form": form, "words": client.consents.order_by("channel")}
        status = 422 if form.is_bound else 200
        return render(request, "followups/consent.html", context, status=status)
    with transaction.atomic():
        if SentForm.first_time(request.user, form.cleaned_data.pop("key")):
            word = Consent.take(client, by=request.user, **form.cleaned_data)
            said = (client.name, f"{word.get_channel_display()}: {word.get_state_display()}")
            messages.success(request, " · ".join(said))
    return redirect(reverse("client", args=[pk]))
