"""The leader's spot checks of the day, and what stands out in the records of the week."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import SentForm
from followups import sampling, signals, spot_checks
from followups.forms import KeyForm
from followups.refusal import Refused
from followups.requests import Request, fresh_key
from followups.spot_checks import SpotCheck, SpotCheckQuerySet
from lib import dates

LATELY = 15
SHOWN_SIGNALS = 30


class FindingForm(KeyForm):
    way = forms.ChoiceField(
        choices=SpotCheck.Way.choices,
        error_messages={"required": gettext_lazy("Say how you checked it.")},
    )
    finding = forms.ChoiceField(
        choices=SpotCheck.Finding.choices,
        error_messages={"required": gettext_lazy("Say what you found.")},
    )
    words = forms.CharField(required=False, max_length=1000)


@require_GET
def checks(request: Request) -> HttpResponse:
    """The three of today, those of the week that wait, what stands out, and what was found lately."""
    return _page(request)


@require_POST
def draw(request: Request) -> HttpResponse:
    """For who leads since today, or where the night's drawing failed."""
    _leader(request)
    if not sampling.draw(request.user, dates.today()):
        messages.info(request, _("Nothing was recorded in the last week that could be checked."))
    return redirect("team_checks")


@require_POST
def record(request: Request, pk: int) -> HttpResponse:
    check = _mine(request, pk)
    form = FindingForm(request.POST)
    if not form.is_valid():
        return _page(request, form, check)
    data = dict(form.cleaned_data)
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, data.pop("key")):
                spot_checks.record(check, by=request.user, at=timezone.now(), **data)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, check)
    messages.success(request, _("%(name)s · checked") % {"name": check.contact.client.name})
    return redirect("team_checks")


@require_POST
def swap(request: Request, pk: int) -> HttpResponse:
    check = _mine(request, pk)
    try:
        sampling.swap(check, at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("team_checks")


def _leader(request: Request) -> None:
    if not request.user.leads:
        raise PermissionDenied


def _mine(request: Request, pk: int) -> SpotCheck:
    _leader(request)
    rows = SpotCheck.objects.visible_to(request.user).filter(leader=request.user)
    return get_object_or_404(rows.select_related("leader__team", "contact__client"), pk=pk)


def _for_list(rows: SpotCheckQuerySet) -> SpotCheckQuerySet:
    found: SpotCheckQuerySet = rows.select_related("contact__client", "contact__by", "leader")
    return found


def _page(
    request: Request, form: FindingForm | None = None, wrong: SpotCheck | None = None
) -> HttpResponse:
    _leader(request)
    today = dates.today()
    seen = _for_list(SpotCheck.objects.visible_to(request.user))
    week = today - timedelta(days=sampling.DAYS_BACK)
    mine = list(seen.standing().filter(leader=request.user, on__range=(week, today)).order_by("pk"))
    done = [check for check in mine if check.done_at]
    context = {
        "checks": [check for check in mine if check.on == today],
        "earlier": [check for check in mine if check.on < today and not check.done_at],
        "done": sum(timezone.localdate(check.done_at) == today for check in done),
        "a_day": sampling.A_DAY,
        "signals": signals.signals_of(request.user, week, today)[:SHOWN_SIGNALS],
        "lately": seen.filter(done_at__isnull=False, on__lt=today).order_by("-done_at")[:LATELY],
        "form": form,
        "wrong": wrong,
        "ways": SpotCheck.Way.choices,
        "findings": SpotCheck.Finding.choices,
        "key": fresh_key(),
    }
    return render(request, "followups/spot_checks.html", context, status=422 if form else 200)
