"""The people, dates and events around a client, and what is known of them: seen, added, changed."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import AuditEntry, SentForm
from accounts.requests import Request
from clients.card import InfoCard
from clients.family import FamilyMember, Household
from clients.key_dates import KeyDate, keep_career_day
from clients.kinship import read
from clients.life import LifeEvent
from clients.models import Client
from clients.people_forms import CardForm, DateForm, EventForm, MemberForm
from followups.card_answers import ask_later, earn, take_down
from followups.card_questions import BANDS, band_of, income_of
from followups.people_page import next_question
from lib import dates
from policies.models import Known, Policy

get_or_post = require_http_methods(["GET", "POST"])


def _client(request: Request, pk: int) -> Client:
    return get_object_or_404(Client.objects.visible_to(request.user), pk=pk)


def _home(client: Client, place: str) -> HttpResponse:
    return redirect(reverse("client", args=[client.pk]) + f"#{place}")


def _form_page(
    request: Request, client: Client, form: Any, template: str, **more: Any
) -> HttpResponse:
    context = {"client": client, "form": form} | more
    return render(request, template, context, status=422 if form.is_bound else 200)


def _settled(
    request: Request,
    client: Client,
    form: Any,
    do: Callable[[], str],
    place: str,
) -> HttpResponse:
    """Do it once, record who did, and go back to where it stands."""
    with transaction.atomic():
        if SentForm.first_time(request.user, request.POST.get("key", "")):
            messages.success(request, do())
    return _home(client, place)


# --- the family


@get_or_post
def new_member(request: Request, pk: int) -> HttpResponse:
    client = _client(request, pk)
    form = MemberForm(
        request.POST or None,
        client=client,
        clients=Client.objects.visible_to(request.user),
        initial=_as_insured(request, client),
    )
    return _member(request, client, form)


def _as_insured(request: Request, client: Client) -> dict[str, str]:
    """Whom a policy insures, so that nobody types them again; the address names the policy only."""
    number = request.GET.get("policy", "")
    policies = Policy.objects.visible_to(request.user).filter(holder=client)
    policy = policies.filter(pk=number).first() if number.isdecimal() else None
    relation = read(policy.relation) if policy else None
    if policy is None or relation is None:
        return {"kin": request.GET.get("kin", "")}
    return {
        "name": policy.insured_name,
        "kin": relation.kin,
        "gender": relation.gender,
        "called": relation.words,
    }


@get_or_post
def edit_member(request: Request, pk: int) -> HttpResponse:
    members = FamilyMember.objects.visible_to(request.user).select_related("client")
    row = get_object_or_404(members, pk=pk)
    client = row.client
    if request.POST.get("do") == "remove":
        return _settled(request, client, None, lambda: _removed(request, row), "family")
    form = MemberForm(
        request.POST or None,
        instance=row,
        client=client,
        clients=Client.objects.visible_to(request.user),
    )
    return _member(request, client, form)


def _member(request: Request, client: Client, form: MemberForm) -> HttpResponse:
    if not (form.is_bound and form.is_valid()):
        return _form_page(request, client, form, "followups/member.html")
    return _settled(request, client, form, lambda: _saved(request, client, form), "family")


def _saved(request: Request, client: Client, form: Any) -> str:
    made = form.save()
    what = str(made._meta.model_name)
    changed = sorted(set(form.changed_data) - {"key"})
    AuditEntry.record(request.user, AuditEntry.Action.UPDATE, client, part=what, fields=changed)
    return _("%(name)s saved") % {"name": made}


def _removed(request: Request, row: Any) -> str:
    told = _("%(name)s removed") % {"name": row}
    what = str(row._meta.model_name)
    AuditEntry.record(request.user, AuditEntry.Action.UPDATE, row.client, part=what, removed=row.pk)
    row.delete()
    return told


# --- the household


@get_or_post
def household(request: Request, pk: int) -> HttpResponse:
    """Who lives together: taken in and left by hand."""
    client = _client(request, pk)
    do = request.POST.get("do", "")
    if do in {"join", "leave"}:
        return _moved(request, client, do)
    sought = request.POST.get("who", "").strip()
    clients = Client.objects.visible_to(request.user).select_related("household")
    others = clients.exclude(pk=client.pk)
    home, door = client.household_id or 0, client.address or None
    found = {row.pk: row for way in others.search(sought)[:3] for row in way[:8]} if sought else {}
    context = {
        "client": client,
        "members": others.filter(household=home),
        "sought": sought,
        "found": _not_with(client, found.values()),
        "behind_the_door": _not_with(client, others.filter(address=door)[:8]),
        "key": uuid.uuid4().hex,
    }
    return render(request, "followups/household.html", context)


def _not_with(client: Client, rows: Any) -> list[Client]:
    return [
        row for row in rows if row.household_id is None or row.household_id != client.household_id
    ]


def _moved(request: Request, client: Client, do: str) -> HttpResponse:
    number = request.POST.get("who", "")
    seen = Client.objects.visible_to(request.user)
    other = get_object_or_404(seen, pk=number if number.isdecimal() else 0)

    def move() -> str:
        if do == "leave":
            Household.leave(other)
            told = _("%(name)s lives elsewhere now")
        else:
            Household.begin(client).join(other)
            told = _("%(name)s belongs to the household now")
        AuditEntry.record(request.user, AuditEntry.Action.UPDATE, other, household=do)
        return told % {"name": other.name}

    return _settled(request, client, None, move, "family")


# --- dates to remember


@get_or_post
def new_date(request: Request, pk: int) -> HttpResponse:
    client = _client(request, pk)
    kind = request.GET.get("kind", "")
    return _date(
        request, client, DateForm(request.POST or None, client=client, initial={"kind": kind})
    )


@get_or_post
def edit_date(request: Request, pk: int) -> HttpResponse:
    kept = KeyDate.objects.visible_to(request.user).select_related("client")
    row = get_object_or_404(kept, pk=pk)
    client = row.client
    if request.POST.get("do") == "remove":
        return _settled(request, client, None, lambda: _removed(request, row), "dates")
    return _date(request, client, DateForm(request.POST or None, instance=row, client=client))


def _date(request: Request, client: Client, form: DateForm) -> HttpResponse:
    if not (form.is_bound and form.is_valid()):
        return _form_page(request, client, form, "followups/date.html")
    return _settled(request, client, form, lambda: _saved(request, client, form), "dates")


# --- events


@get_or_post
def new_event(request: Request, pk: int) -> HttpResponse:
    client = _client(request, pk)
    form = EventForm(request.POST or None)
    if not (form.is_bound and form.is_valid()):
        return _form_page(request, client, form, "followups/event.html")
    said = form.cleaned_data

    def write_down() -> str:
        made = LifeEvent.record(
            client, said["kind"], on=said["on"], note=said["note"], by=request.user
        )
        return f"{client.name} · {made.get_kind_display()}"

    return _settled(request, client, form, write_down, "events")


@require_POST
def remove_event(request: Request, pk: int) -> HttpResponse:
    events = LifeEvent.objects.visible_to(request.user).select_related("client")
    row = get_object_or_404(events, pk=pk)
    client = row.client

    def take_back() -> str:
        told = _("%(name)s removed") % {"name": row.get_kind_display()}
        row.take_back(by=request.user)
        return told

    return _settled(request, client, None, take_back, "events")


# --- what is known


@get_or_post
def card(request: Request, pk: int) -> HttpResponse:
    """All of the card, to be seen and corrected."""
    client = _client(request, pk)
    known = Known.objects.filter(pk=client.pk).first()
    form = CardForm(request.POST or None, instance=InfoCard.of(client))
    if not (form.is_bound and form.is_valid()):
        more = {"band": band_of(known.income) if known else "", "bands": BANDS}
        return _form_page(request, client, form, "followups/card.html", **more)

    def save() -> str:
        form.instance.client = client
        kept = _saved(request, client, form)
        keep_career_day(client, form.instance.profession)
        if income := income_of(request.POST.get("income", "")):
            earn(client, income)
        return kept

    return _settled(request, client, form, save, "card")


@require_POST
@transaction.atomic
def answer(request: Request, pk: int) -> HttpResponse:
    """The answer to the one question, or not now."""
    client = _client(request, pk)
    fact, said = request.POST.get("question", ""), request.POST.get("answer", "").strip()
    later = "not_now" in request.POST
    wrong = "" if said or later else _("Write a word, or choose not now.")
    if not wrong and SentForm.first_time(request.user, request.POST.get("key", "")):
        if later:
            ask_later(client, fact, dates.today())
        else:
            take_down(client, fact, said, by=request.user)
    if request.htmx or wrong:
        context = next_question(client, dates.today()) | {"wrong": wrong, "client": client}
        context["answered"] = not wrong
        template = (
            "followups/_card_question.html" if request.htmx else "followups/card_question.html"
        )
        return render(request, template, context, status=422 if wrong else 200)
    return _home(client, "card")


# --- whether phone and address are right


@require_POST
def contact_checked(request: Request, pk: int) -> HttpResponse:
    client = _client(request, pk)

    def check() -> str:
        if request.POST.get("do") == "wrong":
            client.find_contact_wrong(dates.today())
            return _("Noted: the contact data is wrong")
        client.verify_contact(dates.today())
        return _("Noted: phone and address are right")

    return _settled(request, client, None, check, "card")
