"""The book of the logs: an agent's own days, and the leader's going through them."""

from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.gates import for_leaders
from accounts.models import SentForm, User
from accounts.scope import agents_seen_by
from followups import agenda, day_end, day_logs
from followups.day_logs import LATE_DAYS, DayLog
from followups.forms import DayForm, KeyForm
from followups.office_days import last_workday
from followups.refusal import Refused
from followups.requests import Request, fresh_key
from lib import dates

PER_PAGE = 30
LATELY = 10


class ReviewForm(KeyForm):
    note = forms.CharField(required=False, max_length=1000)
    send_back = forms.BooleanField(required=False)


@require_GET
def log_book(request: Request) -> HttpResponse:
    """One's own days, or those of an agent whom one leads; the latest first."""
    agent = _whose(request)
    logs = DayLog.objects.visible_to(request.user).filter(agent=agent).select_related("reviewed_by")
    page = Paginator(logs.order_by("-on"), PER_PAGE).get_page(request.GET.get("page"))
    context = {"agent": agent, "own": agent == request.user, "page": page}
    return render(request, "followups/log_book.html", context)


def _whose(request: Request) -> User:
    chosen = DayForm(request.GET).chosen()["agent"]
    if not chosen and not request.user.serves:
        raise PermissionDenied
    return get_object_or_404(agents_seen_by(request.user), pk=chosen) if chosen else request.user


def _may_mend(log: DayLog, today: date) -> bool:
    return log.on >= today - timedelta(days=LATE_DAYS)


@require_GET
def log(request: Request, pk: int) -> HttpResponse:
    return _log_page(request, _mine(request, pk))


@require_POST
def review(request: Request, pk: int) -> HttpResponse:
    """Gone through, with or without a word; or sent back, with one."""
    found = _mine(request, pk)
    if not request.user.oversees:
        raise PermissionDenied
    form = ReviewForm(request.POST)
    form.is_valid()
    note = form.cleaned_data.get("note", "")
    send_back = form.cleaned_data.get("send_back", False)
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, form.cleaned_data.get("key", "")):
                day_logs.review(
                    found, by=request.user, at=timezone.now(), note=note, send_back=send_back
                )
    except Refused as refusal:
        return _log_page(request, found, str(refusal))
    words = _("%(name)s · sent back") if send_back else _("%(name)s · gone through")
    messages.success(request, words % {"name": found.agent.name})
    return redirect("team_logs")


def _mine(request: Request, pk: int) -> DayLog:
    logs = DayLog.objects.visible_to(request.user).select_related("agent", "reviewed_by")
    return get_object_or_404(logs, pk=pk)


def _log_page(request: Request, found: DayLog, refused: str = "") -> HttpResponse:
    leads = request.user.oversees
    today = dates.today()
    context = {
        "log": found,
        "facts": day_end.facts_of(request.user, found.agent, found.on),
        "own": found.agent_id == request.user.pk,
        "may_review": leads
        and found.agent_id != request.user.pk
        and found.state == DayLog.State.HANDED_IN,
        "may_mend": found.agent_id == request.user.pk
        and not found.is_reviewed
        and _may_mend(found, today),
        "visits_wanted": agenda.VISITS_A_DAY,
        "refused": refused,
        "typed": request.POST.get("note", ""),
        "key": fresh_key(),
    }
    return render(request, "followups/log.html", context, status=422 if refused else 200)


@require_GET
@for_leaders
def to_review(request: Request) -> HttpResponse:
    """What was handed in and waits, the oldest first; and who handed nothing in."""
    user = request.user
    logs = DayLog.objects.visible_to(user).exclude(agent=user).select_related("agent")
    waiting = Paginator(logs.to_review().order_by("on", "agent__staff_no"), PER_PAGE)
    day = last_workday(dates.today())
    context = {
        "page": waiting.get_page(request.GET.get("page")),
        "missing_on": day,
        "missing": day_logs.missing(user, day).select_related("team")[:PER_PAGE],
        "lately": logs.filter(reviewed_by=user).order_by("-reviewed_at")[:LATELY],
    }
    return render(request, "followups/logs.html", context)
