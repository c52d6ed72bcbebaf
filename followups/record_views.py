"""What came of a matter: recorded once, and taken back."""

from dataclasses import fields
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import SentForm
from clients.models import Client, Contact
from followups import agenda, ahead, card_answers, money_words, outcome_sheet, work
from followups.answers import agenda_url, answer, back, contact_of, refuse, sheet, whole_day
from followups.forms import LogForm
from followups.models import FollowUp
from followups.outcome_sheet import outcomes_for
from followups.requests import (
    Request,
    clients_at_home,
    fresh_key,
    get_or_post,
    my_agenda,
    my_followup,
    of_home,
    open_together,
    sent_key,
    through,
)
from lib import dates
from lib.templatetags.ui import clock
from lib.templatetags.ui import day as day_in_words

ENDS_HERE = {Contact.Outcome.COMPLAINT, Contact.Outcome.DECEASED, Contact.Outcome.MANAGER}
TOLD = tuple(field.name for field in fields(work.Told))


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
    among = of_home(request, client)
    sent = request.POST.copy()
    sent.setdefault("outcome", Contact.Outcome.DONE)
    form = LogForm(sent, among=among)
    if not form.is_valid():
        words = "; ".join(str(errors[0]) for errors in form.errors.values())
        return refuse(request, my_agenda(request, client=client), client, words)
    followups = list(form.cleaned_data["task"])
    if "outcome" not in request.POST and (asking := _asking(followups)):
        return redirect("task_log", asking.pk)
    return _record(request, client, followups, form.cleaned_data)


@get_or_post
def log(request: Request, pk: int) -> HttpResponse:
    """What came of it: outcome, channel, day and note, for one or several matters of the client."""
    followup = my_followup(request, pk)
    among = of_home(request, followup.client)
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
        return refuse(request, the_day, contact.client, str(refusal))
    if not request.htmx:
        messages.success(request, words)
        return back(request, agenda_url(request, contact.client))
    return whole_day(request, contact, words)


def _asking(followups: list[FollowUp]) -> FollowUp | None:
    return next((row for row in followups if row.is_open and agenda.needs_outcome(row)), None)


def _usual_channel(followup: FollowUp) -> str:
    care = agenda.kind_of(followup) is agenda.CARE
    return Contact.Channel.WECHAT if care else Contact.Channel.CALL


def log_initial(request: Request, followup: FollowUp) -> dict[str, Any]:
    outcome = request.GET.get("outcome", "")
    known = outcome in outcomes_for(followup)
    channel = request.GET.get("channel", "")
    if channel not in Contact.Channel:
        channel = _usual_channel(followup)
    return {"outcome": outcome if known else "", "channel": channel}


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
            if SentForm.first_time(request.user, sent_key(request)):
                early = _taken_early(request, client, data.get("ahead"))
                rows = [*followups, *early]
                contact = work.record_within(rows, by=request.user, on=dates.today(), **told)
                card_answers.from_the_log(request.POST, client, by=request.user)
    except work.Refused as refusal:
        about: dict[str, Any] = {"form": form, "followup": followup}
        return _refused(request, client, followups, str(refusal), **about)
    if contact is None:  # sent before: the answer is the same
        contact = contact_of(followups[0]) if followups else client.contacts.latest("at")
    return answer(request, client, contact, _said(client, followups, data["outcome"], contact))


def _taken_early(request: Request, client: Client, keys: list[str] | None) -> list[FollowUp]:
    """What was ticked of the coming work, written before its day."""
    if not keys:
        return []
    home = clients_at_home(request, client).values_list("pk", flat=True)
    return ahead.take(keys, list(home), dates.today())


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
    return refuse(request, my_agenda(request, client=client), client, "; ".join(settled) or words)


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


def _log_sheet(request: Request, followup: FollowUp, form: LogForm) -> HttpResponse:
    stop = open_together(request, followup)
    context = outcome_sheet.context(form, followup, stop.followups, stop.coming, dates.today())
    context["through"] = through(request)
    if form.is_bound and _is_inline(request):
        return _inline(request, "followups/_outcome.html", context, 422)
    return sheet(request, "followups/_log.html", context, 422 if form.is_bound else 200)


def _stale(request: Request, followup: FollowUp, form: LogForm, settled: list[str]) -> HttpResponse:
    """Somebody was quicker: who did what, what is still open, and what was typed."""
    stop = open_together(request, followup)
    context: dict[str, Any] = {"settled": settled, "through": through(request)}
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
        shown = _inline(request, inline, context | {"client": followup.client}, 409)
        if not stop.lead.is_open:  # a form of its own, in place of the one that was sent
            shown["HX-Retarget"], shown["HX-Reswap"] = "#outcome", "outerHTML"
        return shown
    response = sheet(request, fragment, context, 409)
    response["HX-Retarget"], response["HX-Reswap"] = "#sheet", "innerHTML"
    return response


def _is_inline(request: Request) -> bool:
    """Sent by the form that stands in the page of focus mode."""
    return bool(request.htmx) and request.POST.get("place") == "inline"


def _inline(request: Request, fragment: str, context: dict[str, Any], status: int) -> HttpResponse:
    context |= {"inline": True, "p": "f_", "key": fresh_key()}
    response = render(request, fragment, context, status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#outcome-fields", "innerHTML"
    return response
