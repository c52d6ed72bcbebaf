"""The agent's day: the list, the sheets around a row, and what is done there."""

import uuid
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import SentForm, User
from accounts.scope import agents_seen_by
from clients.card import InfoCard
from clients.models import Client, Contact
from followups import agenda, chips, money_words, people_page, scripts, work
from followups.agenda import Agenda, Stop
from followups.forms import (
    ADDED,
    CHANNELS,
    STEPS,
    TILES,
    WHY_LATER,
    DayForm,
    KeyForm,
    LaterForm,
    LogForm,
)
from followups.models import FollowUp, FollowUpQuerySet, ListRun
from lib import dates, lunar
from lib.templatetags.ui import day as day_in_words
from lib.templatetags.ui import weekday_day
from policies.models import Policy

ONE_DAY = timedelta(days=1)
QUIET_DAYS = 90
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


class Request(HttpRequest):
    """A request behind the login, as the middleware leaves it."""

    user: User
    htmx: Any


# --- reading


@require_GET
def today(request: Request) -> HttpResponse:
    the_day = _agenda(request)
    chosen = DayForm(request.GET).chosen()
    if request.htmx and (chosen["after"] or chosen["done_after"]):
        fragment = "followups/_more.html" if chosen["after"] else "followups/_done_rows.html"
        return render(request, fragment, {"agenda": the_day, "key": _fresh_key()})
    stop = the_day.stop_with(chosen["task"])
    context = _day_context(request, the_day) | {
        "week": agenda.load(request.user, the_day.agent, agenda.week_of(the_day.day)),
        "inspected": stop,
        "lunar_day": chips.lunar_words(the_day.day),
        "festival": _next_festival(the_day.day),
    }
    if stop:
        context |= _stop_context(request, stop)
    return render(request, "followups/today.html", context)


@require_GET
def print_day(request: Request) -> HttpResponse:
    the_day = _agenda(request)
    context = {
        "agenda": the_day,
        "sections": the_day.numbered,
        "lunar_day": chips.lunar_words(the_day.day),
        "printed_at": timezone.now(),
    }
    return render(request, "followups/print.html", context)


@require_GET
def task(request: Request, pk: int) -> HttpResponse:
    followup = _followup(request, pk)
    the_day = _agenda(request, followup)
    stop = _stop_holding(the_day, followup)
    context = _stop_context(request, stop) | {"agenda": the_day, "through": _through(request)}
    return _sheet(request, "followups/_inspector.html", context)


@require_GET
def why(request: Request, pk: int) -> HttpResponse:
    followup = _followup(request, pk)
    return _sheet(
        request,
        "followups/_why.html",
        {
            "followup": followup,
            "grace": chips.grace_of(followup, dates.today()),
            "sentence": chips.sentence(followup, dates.today()),
            "run": ListRun.objects.filter(day=followup.list_on).order_by("at").first(),
        },
    )


# --- acting


@require_POST
def done(request: Request, pk: int) -> HttpResponse:
    """Close a greeting or a notice with one tap; what needs an outcome is asked for it."""
    followup = _followup(request, pk)
    if agenda.needs_outcome(followup):
        return redirect("task_log", pk)
    return _record(
        request,
        followup.client,
        [followup],
        {"outcome": Contact.Outcome.DONE, "channel": _usual_channel(followup)},
    )


@require_POST
def stop(request: Request, client_id: int) -> HttpResponse:
    """Complete what was ticked for one client with one outcome; greetings need not say which."""
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=client_id)
    among = FollowUp.objects.visible_to(request.user).filter(client=client).for_list()
    sent = request.POST.copy()
    sent.setdefault("outcome", Contact.Outcome.DONE)
    form = LogForm(sent, among=among)
    if not form.is_valid():
        words = "; ".join(str(errors[0]) for errors in form.errors.values())
        return _refuse(request, _agenda(request, client=client), client, words)
    followups = list(form.cleaned_data["task"])
    if "outcome" not in request.POST and (asking := _asking(followups)):
        return redirect("task_log", asking.pk)
    return _record(request, client, followups, form.cleaned_data)


@get_or_post
def log(request: Request, pk: int) -> HttpResponse:
    """What came of it: outcome, channel, day and note, for one or several matters of the client."""
    followup = _followup(request, pk)
    if request.method == "POST":
        form = LogForm(request.POST, among=_of_client(request, followup))
        if form.is_valid():
            data = form.cleaned_data
            return _record(
                request, followup.client, list(data["task"]), data, form=form, followup=followup
            )
    else:
        form = LogForm(initial=_log_initial(request, followup), among=_of_client(request, followup))
    return _log_sheet(request, followup, form)


@get_or_post
def later(request: Request, pk: int) -> HttpResponse:
    followup = _followup(request, pk)
    form = LaterForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _later_sheet(request, followup, form)
    until = form.cleaned_data["until"]
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, form.cleaned_data["key"]):
                work.put_off(
                    followup,
                    by=request.user,
                    until=until,
                    on=dates.today(),
                    reason=form.cleaned_data["reason"],
                )
    except work.Refused as refusal:
        form.add_error("until", str(refusal))
        return _later_sheet(request, followup, form)
    words = _("%(name)s · moved to %(day)s") % {
        "name": followup.client.name,
        "day": day_in_words(until),
    }
    return _answer(request, followup.client, _contact_of(followup), words)


@require_POST
def undo(request: Request, pk: int) -> HttpResponse:
    mine = Client.objects.visible_to(request.user)
    contact = get_object_or_404(
        Contact.objects.filter(client__in=mine).select_related("client__agent"), pk=pk
    )
    try:
        work.undo(contact, by=request.user)
        words = _("%(name)s · taken back") % {"name": contact.client.name}
    except work.Refused as refusal:
        return _refuse(request, _agenda(request), contact.client, str(refusal))
    if not request.htmx:
        messages.success(request, words)
        return _back(request, _agenda(request))
    return _whole_day(request, words)


# --- how it is answered


def _record(
    request: Request,
    client: Client,
    followups: list[FollowUp],
    data: dict[str, Any],
    *,
    form: LogForm | None = None,
    followup: FollowUp | None = None,
) -> HttpResponse:
    """Record once, however often it was sent, and answer the same each time."""
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, _key(request)):
                work.record(
                    followups,
                    by=request.user,
                    outcome=data["outcome"],
                    on=dates.today(),
                    note=data.get("note", ""),
                    channel=data.get("channel") or Contact.Channel.CALL,
                    until=data.get("until"),
                    amount=data.get("amount"),
                    follow=data.get("follow"),
                    next_on=data.get("next_on"),
                )
    except work.Refused as refusal:
        if form is not None and followup is not None and followup.is_open:
            form.add_error(None, str(refusal))
            return _log_sheet(request, followup, form)
        return _refuse(request, _agenda(request), client, str(refusal))
    contact = _contact_of(followups[0])
    return _answer(request, client, contact, _said(client, followups, data["outcome"], contact))


def _said(client: Client, followups: list[FollowUp], outcome: str, contact: Contact | None) -> str:
    label = Contact.Outcome(outcome).label
    words = f"{client.name} · {agenda.task_of(followups[0])} · {label}"
    step = FollowUp.objects.open().filter(after__contact=contact).first() if contact else None
    if step is None:
        word = contact.promises.select_related("instalment").first() if contact else None
        waiting = money_words.waiting_for(word.instalment, dates.today()) if word else ""
        return f"{words} · {waiting}" if waiting else words
    return f"{words} · " + _("next step %(day)s") % {"day": day_in_words(step.list_on)}


def _answer(request: Request, client: Client, contact: Contact | None, words: str) -> HttpResponse:
    """The fresh row with ring, counts and toast beside it; without script back to the list."""
    the_day = _agenda(request, client=client)
    undo_url = (
        reverse("contact_undo", args=[contact.pk]) if contact and not contact.undone_at else ""
    )
    if not request.htmx:
        messages.success(request, words, extra_tags=f"undo:{undo_url}" if undo_url else "")
        return _back(request, the_day)
    return _row(request, the_day, client, {"contact": contact, "said": words, "undo_url": undo_url})


def _refuse(request: Request, the_day: Agenda, client: Client, words: str) -> HttpResponse:
    """Somebody else was quicker: the fresh row with a note."""
    if not request.htmx:
        messages.error(request, words)
        return _back(request, the_day)
    return _row(
        request, the_day, client, {"said": words, "said_icon": "exclamation-triangle-fill"}, 409
    )


def _row(
    request: Request, the_day: Agenda, client: Client, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    context = _day_context(request, the_day) | {
        "client": client,
        "fresh": the_day.stop_of(client.pk),
        "settled": the_day.done_stop_of(more.get("contact")),
        "in_place": request.htmx.target == f"stop-{client.pk}",
    }
    if "inspector" in request.POST:
        context["inspected"] = the_day.stop_of(client.pk) or the_day.next_stop
        if context["inspected"]:
            context |= _stop_context(request, context["inspected"])
    return render(request, "followups/_answer.html", context | more, status=status)


def _whole_day(request: Request, words: str) -> HttpResponse:
    """After an undo everything may have moved: the list is drawn again where one stands."""
    if not (request.htmx.current_url_abs_path or "").startswith(reverse("today")):
        messages.success(request, words)
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    context = _day_context(request, _agenda(request)) | {"said": words}
    response = render(request, "followups/_agenda.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#agenda", "outerHTML"
    return response


def _back(request: Request, the_day: Agenda) -> HttpResponse:
    if _through(request) and the_day.next_stop:
        return redirect(f"{reverse('task', args=[the_day.next_stop.lead.pk])}?through=1")
    query = the_day.where.rstrip("&")
    return redirect(f"{reverse('today')}?{query}" if query else "today")


def _sheet(
    request: Request, fragment: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A fragment for the sheet or the inspector, or the same as a page of its own."""
    about = context["followup"] if "followup" in context else context["stop"]
    context |= {
        "key": _fresh_key(),
        "fragment": fragment,
        "day": dates.today(),
        "client": about.client,
    }
    template = fragment if request.htmx else "followups/sheet.html"
    return render(request, template, context, status=status)


def _log_sheet(request: Request, followup: FollowUp, form: LogForm) -> HttpResponse:
    ticked = form.data.getlist("task") if form.is_bound else None  # type: ignore[attr-defined]
    among = _open_together(request, followup)
    context = {
        "followup": followup,
        "form": form,
        "among": [
            (row, agenda.service_of(row), ticked is None or str(row.pk) in ticked) for row in among
        ],
        "outcomes": [(o.value, o.label, TILES[o]) for o in outcomes_for(followup)],
        "asks_amount": followup.instalment is not None,
        "channels": [(c.value, c.label, icon) for c, icon in CHANNELS.items()],
        "days": _promise_days(followup),
        "steps": _steps(form),
        "first_day": dates.today(),
        "through": _through(request),
        "service_of": agenda.service_of(followup),
    }
    return _sheet(request, "followups/_log.html", context, 422 if form.is_bound else 200)


def outcomes_for(followup: FollowUp) -> list[Contact.Outcome]:
    """An owed premium is never simply "done": the client says so, the bank's word comes later."""
    other = Contact.Outcome.PAID_ALREADY
    if followup.series == "premium" and followup.instalment:
        other = Contact.Outcome.DONE
    return [outcome for outcome in TILES if outcome != other]


def _steps(form: LogForm) -> list[dict[str, Any]]:
    """The next step after each outcome, as it is offered or as it was sent."""
    usual = {STEPS[Contact.Outcome.NO_ANSWER]: 1, STEPS[Contact.Outcome.WILL_PAY]: 0, ADDED: 7}
    sent = form.data.getlist("follow") if form.is_bound else None  # type: ignore[attr-defined]
    steps = []
    for code, days in usual.items():
        day = (dates.today() + days * ONE_DAY).isoformat() if days else ""
        steps.append(
            {
                "code": code,
                "on": code != ADDED if sent is None else code in sent,
                "day": form.data.get(f"next_{code}", "") if form.is_bound else day,
                "wrong": form.errors.get(f"next_{code}") if form.is_bound else None,
            }
        )
    return steps


def _promise_days(followup: FollowUp) -> list[tuple[date, str]]:
    now = dates.today()
    monday = now + timedelta(days=7 - now.weekday())
    named = {now: _("Today"), now + ONE_DAY: _("Tomorrow")}
    named.setdefault(monday, weekday_day(monday))
    ends_on = followup.instalment.grace_ends_on if followup.instalment else None
    return [
        (day, words) for day, words in named.items() if ends_on is None or day <= max(ends_on, now)
    ]


def _later_sheet(request: Request, followup: FollowUp, form: LaterForm) -> HttpResponse:
    now = dates.today()
    context = {
        "followup": followup,
        "form": form,
        "suggestions": [
            (one, chips.lunar_words(one.load.day))
            for one in agenda.suggested_days(request.user, followup, now)
        ],
        "chip": next(iter(chips.of(followup, now)), None),
        "service_of": agenda.service_of(followup),
        "through": _through(request),
        "reasons": WHY_LATER,
        "typed": form.data.get("until_other") or form.data.get("until") or "",
        "first_day": now,
        "last_day": followup.instalment.grace_ends_on if followup.instalment else None,
    }
    return _sheet(request, "followups/_later.html", context, 422 if form.is_bound else 200)


# --- finding


def _followups(request: Request) -> FollowUpQuerySet:
    visible = FollowUp.objects.visible_to(request.user).for_list()
    return visible.select_related("contact", "client__agent")


def _followup(request: Request, pk: int) -> FollowUp:
    return get_object_or_404(_followups(request), pk=pk)


def _contact_of(followup: FollowUp) -> Contact | None:
    return Contact.objects.filter(followups=followup.pk).first()


def _agenda(
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


def _asking(followups: list[FollowUp]) -> FollowUp | None:
    return next((row for row in followups if row.is_open and agenda.needs_outcome(row)), None)


def _stop_holding(the_day: Agenda, followup: FollowUp) -> Stop:
    stops = [*the_day.open_stops, *the_day.done_stops]
    holding = (s for s in stops if any(row.pk == followup.pk for row in s.followups))
    return next(holding, Stop(the_day.day, [followup]))


def _open_together(request: Request, followup: FollowUp) -> list[FollowUp]:
    """What else is open for this client today: one conversation may settle it all."""
    now = dates.today()
    visible = FollowUp.objects.visible_to(request.user).filter(client=followup.client_id)
    standing = Q(list_on__lte=now, keep_until__gte=now) | Q(pk=followup.pk)
    return sorted(visible.open().filter(standing).for_list(), key=lambda row: row.pk != followup.pk)


def _of_client(request: Request, followup: FollowUp) -> Any:
    """What a form about this client may name; what is settled already is told, not overlooked."""
    return FollowUp.objects.visible_to(request.user).filter(client=followup.client_id)


def _day_context(request: Request, the_day: Agenda) -> dict[str, Any]:
    context: dict[str, Any] = {
        "agenda": the_day,
        "key": _fresh_key(),
        "today": dates.today(),
        "own": the_day.agent.pk == request.user.pk,
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


def _stop_context(request: Request, stop: Stop) -> dict[str, Any]:
    """What the inspector shows beside the list: what to say, the policies, the last contact."""
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
        "policies": [(p, p.in_grace_on(stop.day), p.status_on(stop.day)) for p in soonest],
        "last_contact": last,
        "age": stop.client.age_on(stop.day),
        "visit_words": people_page.visit_words(InfoCard.of(stop.client)),
        "in_mourning": stop.client.in_mourning(stop.day),
        "day": stop.day,
    }


def _next_festival(day: date) -> dict[str, Any] | None:
    try:
        festival, on = lunar.next_festival(day)
    except ValueError:
        return None
    days = (on - day).days
    return {"name": festival.name, "days": days} if days <= 30 else None


def _log_initial(request: Request, followup: FollowUp) -> dict[str, Any]:
    outcome = request.GET.get("outcome", "")
    known = outcome in outcomes_for(followup)
    return {"outcome": outcome if known else "", "channel": _usual_channel(followup)}


def _usual_channel(followup: FollowUp) -> str:
    care = agenda.kind_of(followup) is agenda.CARE
    return Contact.Channel.WECHAT if care else Contact.Channel.CALL


def _through(request: Request) -> bool:
    sent = request.POST if request.method == "POST" else request.GET
    return sent.get("through") == "1"


def _key(request: Request) -> str:
    form = KeyForm(request.POST)
    form.is_valid()
    key: str = form.cleaned_data.get("key", "")
    return key


def _fresh_key() -> str:
    return uuid.uuid4().hex
