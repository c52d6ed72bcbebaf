"""The end of an agent's day: the summary drafted from the records, edited and handed in."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import SentForm
from followups import agenda, day_end, day_logs
from followups.day_logs import LATE_DAYS, DayLog
from followups.forms import DayForm, KeyForm
from followups.office_days import WorkingDay
from followups.refusal import Refused
from followups.requests import Request, fresh_key
from lib import dates
from lib.templatetags.ui import day as day_in_words

ONE_DAY = timedelta(days=1)


class DayEndForm(KeyForm, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = DayLog
        fields = ("summary", "best", "prospects", "wants", *DayLog.ATTENDANCE)

    def __init__(self, *args: Any, usual: WorkingDay, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = {
            "attended": usual.notes_attendance,
            "at_meeting": usual.notes_meeting,
            "trained": usual.notes_training,
        }
        for name, is_asked in asked.items():
            if is_asked:
                label = self.fields[name].label
                self.fields[name] = forms.BooleanField(label=label, required=False)
            else:
                del self.fields[name]
        self.fields["summary"].error_messages["required"] = _("Write what was done.")

    @property
    def said(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "key"}


@require_http_methods(["GET", "HEAD", "POST"])
def summary(request: Request) -> HttpResponse:
    """Today's, or that of a day not long ago: drafted, or as it was handed in."""
    if not request.user.serves:
        raise PermissionDenied
    day = _day(request)
    log = DayLog.objects.visible_to(request.user).filter(agent=request.user, on=day).first()
    facts = day_end.facts_of(request.user, request.user, day)
    usual = WorkingDay.current()
    if request.method == "POST":
        # Bound to a row of its own: what is refused changes nothing of what is shown.
        form = DayEndForm(request.POST, usual=usual)
        if form.is_valid() and _hand_in(request, form, day):
            messages.success(request, _("%(day)s · handed in") % {"day": day_in_words(day)})
            return redirect("log_book")
    else:
        initial = None if log else day_end.draft(facts)
        form = DayEndForm(instance=log, initial=initial, usual=usual)
    context = {
        "day": day,
        "log": log,
        "facts": facts,
        "form": form,
        "tomorrow": agenda.of(request.user, request.user, day + ONE_DAY, dates.today()),
        "visits_wanted": agenda.VISITS_A_DAY,
        "own": True,
        "key": fresh_key(),
    }
    return render(request, "followups/day_end.html", context, status=422 if form.errors else 200)


def _day(request: Request) -> date:
    day, today = DayForm(request.GET).day(), dates.today()
    if not today - timedelta(days=LATE_DAYS) <= day <= today:
        raise Http404
    return day


def _hand_in(request: Request, form: DayEndForm, day: date) -> bool:
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, form.cleaned_data["key"]):
                day_logs.hand_in(request.user, day, at=timezone.now(), **form.said)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    return True
