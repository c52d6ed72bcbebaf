"""The agent's day: the list, the sheets around a row, and what is done there."""

import uuid
from dataclasses import fields
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
from clients.models import Client, ClientQuerySet, Contact
from followups import (
    agenda,
    ahead,
    card_answers,
    chips,
    day_logs,
    festivals,
    money_words,
    outcome_sheet,
    people_page,
    scripts,
    work,
)
from followups.agenda import Agenda, Stop, home_of
from followups.forms import (
    WHY_LATER,
    DayForm,
    KeyForm,
    LaterForm,
    LogForm,
)
from followups.models import FollowUp, FollowUpQuerySet, ListRun
from followups.outcome_sheet import outcomes_for
from followups.tools import Bag, Shelf
from lib import dates
from lib.templatetags.ui import clock
from lib.templatetags.ui import day as day_in_words
from policies.models import Policy

ONE_DAY = timedelta(days=1)
QUIET_DAYS = 90
ENDS_HERE = {Contact.Outcome.COMPLAINT, Contact.Outcome.DECEASED, Contact.Outcome.MANAGER}
TOLD = tuple(field.name for field in fields(work.Told))
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


class Request(HttpRequest):
    """A request behind the login, as the middleware leaves it."""

    user: User
    htmx: Any
    left_today: int  # where the page has counted it, the menu need not


# --- reading


@require_GET
def today(request: Request) -> HttpResponse:
    the_day = my_agenda(request)
    chosen = DayForm(request.GET).chosen()
    if request.htmx and (chosen["after"] or chosen["done_after"]):
        fragment = "followups/_more.html" if chosen["after"] else "followups/_done_rows.html"
        return render(request, fragment, {"agenda": the_day, "key": fresh_key()})
    the_day = agenda.look_ahead(the_day)
    stop = the_day.stop_with(chosen["task"])
    context = _day_context(request, the_day) | {
        "week": agenda.load(request.user, the_day.agent, agenda.week_of(the_day.day)),
        "inspected": stop,
        "lunar_day": chips.lunar_words(the_day.day),
        "festival": _next_festival(the_day.day),
    }
    if context["own"]:
        context["sent_back"] = day_logs.to_mend(request.user, dates.today())
    if context["own"] and the_day.day == dates.today():
        request.left_today = the_day.left
    if stop:
        context |= _stop_context(request, stop, context["bag"].shelf)
    return render(request, "followups/today.html", context)


@require_GET
def print_day(request: Request) -> HttpResponse:
    the_day = my_agenda(request)
    shelf = Shelf.now()
    context = {
        "agenda": the_day,
        "sections": [
            (group, [(number, stop, shelf.for_stop(stop)) for number, stop in stops])
            for group, stops in the_day.numbered
        ],
        "lunar_day": chips.lunar_words(the_day.day),
        "printed_at": timezone.now(),
    }
    return render(request, "followups/print.html", context)


@require_GET
def task(request: Request, pk: int) -> HttpResponse:
    followup = my_followup(request, pk)
    the_day = my_agenda(request, followup)
    stop = _stop_holding(the_day, followup)
    context = _stop_context(request, stop, Shelf.now()) | {
        "agenda": the_day,
        "through": _through(request),
    }
    return _sheet(request, "followups/_inspector.html", context)


@require_GET
def why(request: Request, pk: int) -> HttpResponse:
    followup = my_followup(request, pk)
    return _sheet(
        request,
        "followups/_why.html",
        {
            "followup": followup,
            "grace": chips.grace_of(followup, dates.today()),
            "sentence": chips.sentence(followup, dates.today()),
            "run": ListRun.objects.filter(day=followup.list_on).order_by("at").first(),
            "notice": money_words.notice_for(followup, dates.today()),
        },
    )


# --- acting


@require_POST
def done(request: Request, pk: int) -> HttpResponse:
    """Close a greeting or a notice with one tap; what needs an outcome is asked for it."""
    followup = my_followup(request, pk)
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
    among = _of_home(request, client)
    sent = request.POST.copy()
    sent.setdefault("outcome", Contact.Outcome.DONE)
    form = LogForm(sent, among=among)
    if not form.is_valid():
        words = "; ".join(str(errors[0]) for errors in form.errors.values())
        return _refuse(request, my_agenda(request, client=client), client, words)
    followups = list(form.cleaned_data["task"])
    if "outcome" not in request.POST and (asking := _asking(followups)):
        return redirect("task_log", asking.pk)
    return _record(request, client, followups, form.cleaned_data)


@get_or_post
def log(request: Request, pk: int) -> HttpResponse:
    """What came of it: outcome, channel, day and note, for one or several matters of the client."""
    followup = my_followup(request, pk)
    among = _of_home(request, followup.client)
    if request.method == "POST":
        form = LogForm(request.POST, among=among)
        if form.is_valid():
            data = form.cleaned_data
            return _record(
                request, followup.client, list(data["task"]), data, form=form, followup=followup
            )
    else:
        form = LogForm(initial=log_initial(request, followup), among=among)
    return _log_sheet(request, followup, form)


@get_or_post
def later(request: Request, pk: int) -> HttpResponse:
    followup = my_followup(request, pk)
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
        the_day = my_agenda(request, client=contact.client)
        return _refuse(request, the_day, contact.client, str(refusal))
    if not request.htmx:
        messages.success(request, words)
        return _back(request, _agenda_url(request, contact.client))
    return _whole_day(request, contact, words)


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
    told = {name: data[name] for name in TOLD if name in data}
    told["channel"] = told.get("channel") or Contact.Channel.CALL
    contact = None
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, _key(request)):
                early = _taken_early(request, client, data.get("ahead"))
                rows = [*followups, *early]
                contact = work.record_within(rows, by=request.user, on=dates.today(), **told)
                card_answers.from_the_log(request.POST, client, by=request.user)
    except work.Refused as refusal:
        about: dict[str, Any] = {"form": form, "followup": followup}
        return _refused(request, client, followups, str(refusal), **about)
    if contact is None:  # sent before: the answer is the same
        contact = _contact_of(followups[0]) if followups else client.contacts.latest("at")
    return _answer(request, client, contact, _said(client, followups, data["outcome"], contact))


def _taken_early(request: Request, client: Client, keys: list[str] | None) -> list[FollowUp]:
    """What was ticked of the coming work, written before its day."""
    if not keys:
        return []
    home = _clients_at_home(request, client).values_list("pk", flat=True)
    return ahead.take(keys, list(home), dates.today())


def _refused(
    request: Request,
    client: Client,
    followups: list[FollowUp],
    words: str,
    *,
    form: LogForm | None,
    followup: FollowUp | None,
) -> HttpResponse:
    """What does not fit comes back with the form; what was settled meanwhile with who did it."""
    settled = _settled(followups)
    if form is not None and followup is not None:
        if settled:
            return _stale(request, followup, form, settled)
        form.add_error(None, words)
        return _log_sheet(request, followup, form)
    return _refuse(request, my_agenda(request, client=client), client, "; ".join(settled) or words)


def _settled(followups: list[FollowUp]) -> list[str]:
    """Who settled what of it, when, and how: a sentence for each that is no longer open."""
    gone = FollowUp.objects.filter(pk__in=[row.pk for row in followups]).exclude(
        status=FollowUp.Status.OPEN
    )
    rows = gone.select_related("client", "policy__product", "done_by").order_by("pk")
    return [_who_settled(row) for row in rows]


def _who_settled(row: FollowUp) -> str:
    about = {"name": row.client.name, "task": agenda.service_of(row)}
    if row.done_by and row.done_at:
        about |= {"who": row.done_by.name, "outcome": row.get_outcome_display()}
        about["time"] = clock(row.done_at)
        return _("%(name)s · %(task)s: %(who)s recorded “%(outcome)s” at %(time)s.") % about
    about["why"] = row.get_reason_display() if row.reason else row.get_status_display()
    return _("%(name)s · %(task)s is no longer open: %(why)s.") % about


def _said(client: Client, followups: list[FollowUp], outcome: str, contact: Contact | None) -> str:
    label = Contact.Outcome(outcome).label
    task = [agenda.task_of(row) for row in followups[:1]]
    words = " · ".join([client.name, *task, str(label)])
    step = work.step_after(contact) if contact and outcome not in ENDS_HERE else None
    if step is None:
        told = contact is not None and outcome in work.WORDS
        word = contact.promises.select_related("instalment").first() if contact and told else None
        waiting = money_words.waiting_for(word.instalment, dates.today()) if word else ""
        return f"{words} · {waiting}" if waiting else words
    return f"{words} · " + _("next step %(day)s") % {"day": day_in_words(step.list_on)}


def _answer(request: Request, client: Client, contact: Contact | None, words: str) -> HttpResponse:
    """The fresh row with ring, counts and toast beside it; without script back to the list."""
    undo_url = (
        reverse("contact_undo", args=[contact.pk]) if contact and not contact.undone_at else ""
    )
    if _through(request) or not request.htmx:
        messages.success(request, words, extra_tags=_what_may_follow(contact, undo_url))
        return _back(request, _agenda_url(request, client))
    if _is_on(request, "today_route"):
        messages.success(request, words, extra_tags=_what_may_follow(contact, undo_url))
        return _drawn_again()
    the_day = my_agenda(request, client=client)
    return _row(request, the_day, client, {"contact": contact, "said": words, "undo_url": undo_url})


def _is_on(request: Request, *pages: str) -> bool:
    """Whether the form was sent from one of these pages, by their names, or from what lies below."""
    path = request.htmx.current_url_abs_path or ""
    return any(path.startswith(reverse(page)) for page in pages)


def _drawn_again() -> HttpResponse:
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


def _what_may_follow(contact: Contact | None, undo_url: str) -> str:
    """It can be undone; and whoever was there may say how the client stands."""
    if contact is None or not undo_url:
        return ""
    marks = reverse("client_marks", args=[contact.client_id])
    visited = contact.channel == Contact.Channel.VISIT
    return f"undo:{undo_url} more:{marks}" if visited else f"undo:{undo_url}"


def _refuse(request: Request, the_day: Agenda, client: Client, words: str) -> HttpResponse:
    """Somebody else was quicker: the fresh row with a note."""
    if not request.htmx:
        messages.error(request, words)
        return _back(request, the_day.url)
    return _row(
        request, the_day, client, {"said": words, "said_icon": "exclamation-triangle-fill"}, 409
    )


def _row(
    request: Request, the_day: Agenda, client: Client, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    home = home_of(client)
    context = _day_context(request, the_day) | {
        "client": client,
        "home": home,
        "fresh": the_day.stop_of(client),
        "settled": the_day.done_stop_of(more.get("contact")),
        "in_place": request.htmx.target == f"stop-{home}",
    }
    if "inspector" in request.POST:
        context["inspected"] = the_day.stop_of(client) or the_day.next_stop
        if context["inspected"]:
            context |= _stop_context(request, context["inspected"], context["bag"].shelf)
    return render(request, "followups/_answer.html", context | more, status=status)


def _whole_day(request: Request, contact: Contact, words: str) -> HttpResponse:
    """After an undo everything may have moved: the list is drawn again where one stands."""
    in_focus = _is_on(request, "today_focus")
    if in_focus or _is_on(request, "today_route") or not _is_on(request, "today"):
        messages.success(request, words)
        again = contact.client.followups.open().filter(keep_until__gte=dates.today()).first()
        if not (again and in_focus):
            return _drawn_again()
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("today_focus_on", args=[again.pk])
        return response
    context = _day_context(request, my_agenda(request)) | {"said": words}
    response = render(request, "followups/_agenda.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#agenda", "outerHTML"
    return response


def _back(request: Request, list_url: str) -> HttpResponse:
    """To the list, or in focus mode to the next client."""
    url = reverse("today_focus") if _through(request) else list_url
    if not request.htmx:
        return redirect(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
    return response


def _agenda_url(request: Request, client: Client) -> str:
    """The list this client stands on: one's own today, or that of the client's agent."""
    form = DayForm(request.POST)
    agent = client.agent or request.user
    return agenda.url_of(request.user, agent, form.day(), dates.today())


def _sheet(
    request: Request, fragment: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A fragment for the sheet or the inspector, or the same as a page of its own."""
    about = context["followup"] if "followup" in context else context["stop"]
    context |= {
        "key": fresh_key(),
        "fragment": fragment,
        "day": dates.today(),
        "client": about.client,
    }
    template = fragment if request.htmx else "followups/sheet.html"
    return render(request, template, context, status=status)


def _log_sheet(request: Request, followup: FollowUp, form: LogForm) -> HttpResponse:
    stop = open_together(request, followup)
    context = outcome_sheet.context(form, followup, stop.followups, stop.coming, dates.today())
    context["through"] = _through(request)
    if form.is_bound and _is_inline(request):
        return _inline(request, "followups/_outcome.html", context, 422)
    return _sheet(request, "followups/_log.html", context, 422 if form.is_bound else 200)


def _is_inline(request: Request) -> bool:
    """Sent by the form that stands in the page of focus mode."""
    return bool(request.htmx) and request.POST.get("place") == "inline"


def _inline(request: Request, fragment: str, context: dict[str, Any], status: int) -> HttpResponse:
    context |= {"inline": True, "p": "f_", "key": fresh_key()}
    response = render(request, fragment, context, status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#outcome-fields", "innerHTML"
    return response


def _stale(request: Request, followup: FollowUp, form: LogForm, settled: list[str]) -> HttpResponse:
    """Somebody was quicker: who did what, what is still open, and what was typed."""
    stop = open_together(request, followup)
    context: dict[str, Any] = {"settled": settled, "through": _through(request)}
    if stop.lead.is_open:
        lead = stop.lead
        context |= outcome_sheet.context(form, lead, stop.followups, stop.coming, dates.today())
        fragment = "followups/_log.html"
    else:
        context |= {"followup": followup, "note": form.cleaned_data.get("note", "")}
        context["channel"] = form.cleaned_data.get("channel") or Contact.Channel.CALL
        fragment = "followups/_stale.html"
    if _is_inline(request):
        inline = "followups/_outcome.html" if stop.lead.is_open else fragment
        answer = _inline(request, inline, context | {"client": followup.client}, 409)
        if not stop.lead.is_open:  # a form of its own, in place of the one that was sent
            answer["HX-Retarget"], answer["HX-Reswap"] = "#outcome", "outerHTML"
        return answer
    response = _sheet(request, fragment, context, 409)
    response["HX-Retarget"], response["HX-Reswap"] = "#sheet", "innerHTML"
    return response


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


def my_followup(request: Request, pk: int) -> FollowUp:
    return get_object_or_404(_followups(request), pk=pk)


def _contact_of(followup: FollowUp) -> Contact | None:
    return Contact.objects.filter(followups=followup.pk).first()


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


def _asking(followups: list[FollowUp]) -> FollowUp | None:
    return next((row for row in followups if row.is_open and agenda.needs_outcome(row)), None)


def _stop_holding(the_day: Agenda, followup: FollowUp) -> Stop:
    stops = [*the_day.open_stops, *the_day.done_stops]
    holding = (s for s in stops if any(row.pk == followup.pk for row in s.followups))
    return next(holding, Stop(the_day.day, [followup]))


def open_together(request: Request, followup: FollowUp) -> Stop:
    """What is open today where this client is met: one conversation may settle it all."""
    now = dates.today()
    home = FollowUp.objects.visible_to(request.user).filter(
        client__in=_clients_at_home(request, followup.client)
    )
    standing = home.on(now) | home.open().filter(pk=followup.pk)
    rows = standing.for_list().select_related("client__card", "client__known")
    found = sorted(rows, key=lambda row: row.pk != followup.pk)
    still_open = [row for row in found if row.is_open] or [followup]
    done = [row for row in found if row.is_done]
    return agenda.with_coming([Stop(now, still_open)], now, done)[0]


def _of_home(request: Request, client: Client) -> FollowUpQuerySet:
    """What a form about this client may name; what is settled already is told, not overlooked."""
    mine = FollowUp.objects.visible_to(request.user)
    mine = mine.filter(client__in=_clients_at_home(request, client)).for_list()
    return mine.prefetch_related(None)  # it is acted upon, not shown


def _clients_at_home(request: Request, client: Client) -> ClientQuerySet:
    """The client, and who of the household lives at the same address and is served by the same agent."""
    if not (client.household_id and client.address):
        return Client.objects.filter(pk=client.pk)
    return Client.objects.visible_to(request.user).filter(
        household=client.household_id, address=client.address, agent=client.agent_id
    )


def _day_context(request: Request, the_day: Agenda) -> dict[str, Any]:
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


def _stop_context(request: Request, stop: Stop, shelf: Shelf) -> dict[str, Any]:
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


def _next_festival(day: date) -> dict[str, Any] | None:
    found = festivals.next_for_all(day)
    return {"name": found[1], "days": (found[0] - day).days} if found else None


def log_initial(request: Request, followup: FollowUp) -> dict[str, Any]:
    outcome = request.GET.get("outcome", "")
    known = outcome in outcomes_for(followup)
    channel = request.GET.get("channel", "")
    if channel not in Contact.Channel:
        channel = _usual_channel(followup)
    return {"outcome": outcome if known else "", "channel": channel}


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


def fresh_key() -> str:
    return uuid.uuid4().hex
