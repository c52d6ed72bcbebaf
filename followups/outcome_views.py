"""The office's table: what follows each outcome, and after how many days."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import AuditEntry
from followups.models import Successor
from followups.requests import Request, fresh_key

MOST_TIMES, LONGEST = 6, 60


class DaysField(forms.CharField):
    """`1, 2, 4`: a number of days for each time."""

    def clean(self, value: Any) -> list[int]:
        text = super().clean(value).replace("，", ",").replace("、", ",")
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not all(part.isdecimal() and 1 <= int(part) <= LONGEST for part in parts):
            raise forms.ValidationError(_("Days are numbers from 1 to 60, one for each time."))
        if not 1 <= len(parts) <= MOST_TIMES:
            raise forms.ValidationError(_("Write one to six numbers, with commas between."))
        return [int(part) for part in parts]


class SuccessorsForm(forms.Form):
    def __init__(self, *args: Any, rows: list[Successor], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in rows:
            shown = ", ".join(map(str, row.days))
            label = row.get_outcome_display()
            self.fields[row.outcome] = DaysField(initial=shown, label=label, max_length=40)


@require_http_methods(["GET", "HEAD", "POST"])
def outcomes(request: Request) -> HttpResponse:
    if not request.user.administers:
        raise PermissionDenied
    rows = list(Successor.objects.all())
    form = SuccessorsForm(request.POST or None, rows=[row for row in rows if row.is_timed])
    if form.is_bound and form.is_valid():
        _save(request, rows, form.cleaned_data)
        messages.success(request, _("The next steps are saved"))
        return redirect("outcomes")
    lines = [(row, form[row.outcome] if row.is_timed else None) for row in rows]
    context = {"lines": lines, "form": form, "key": fresh_key()}
    return render(request, "followups/outcomes.html", context, status=422 if form.is_bound else 200)


@transaction.atomic
def _save(request: Request, rows: list[Successor], days: dict[str, list[int]]) -> None:
    for row in rows:
        wished = days.get(row.outcome, row.days)
        if wished != row.days:
            AuditEntry.record(
                request.user, AuditEntry.Action.UPDATE, row, days=",".join(map(str, wished))
            )
            row.days = wished
            row.save(update_fields=["days"])
