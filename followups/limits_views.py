"""The limits of the classes: seen, tried, and saved once it was seen what they change."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import AuditEntry, SentForm
from accounts.requests import Request
from followups.class_forms import MONTH
from lib import dates
from lib.templatetags.ui import year_month
from policies.class_preview import preview_of
from policies.models import ClassificationRun, Thresholds
from policies.tasks import wake_classification

# The limits in the order in which they are explained.
GROUPS = (
    (
        gettext_lazy("Classes"),
        ("develop_from", "relation_from", "nurture_from", "value_from", "margin", "old_from"),
    ),
    (gettext_lazy("Tiers of accounts"), ("key_share", "important_share", "general_share")),
    (gettext_lazy("Attention"), ("moves_from",)),
)


class LimitsForm(forms.ModelForm):  # type: ignore[type-arg]
    """The limits as they would be. `seen` is what was shown of them before they are saved."""

    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=1000)

    class Meta:
        model = Thresholds
        fields = [name for _title, names in GROUPS for name in names]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.standing = self.instance.as_numbers()
        for name in self.standing:
            field = self.fields[name]
            field.widget.attrs |= {"class": "form-control n", "inputmode": "numeric", "step": "1"}
            field.label = str(field.label)[:1].upper() + str(field.label)[1:]

    @property
    def groups(self) -> list[tuple[Any, list[Any]]]:
        usual = Thresholds().as_numbers()
        return [
            (title, [(self[name], usual[name], self.standing[name]) for name in names])
            for title, names in GROUPS
        ]

    @property
    def changes(self) -> dict[str, list[int]]:
        """What differs: as it stands, and as it would be."""
        wanted = self.instance.as_numbers()
        return {
            name: [standing, wanted[name]]
            for name, standing in self.standing.items()
            if wanted[name] != standing
        }

    @property
    def sealed(self) -> str:
        """What was shown, from where to where: no other limits are saved for it."""
        return signing.dumps([self.standing, self.instance.as_numbers()])

    @property
    def was_shown(self) -> bool:
        try:
            shown = signing.loads(self.cleaned_data["seen"])
        except signing.BadSignature:
            return False
        return bool(shown == [self.standing, self.instance.as_numbers()])


class MonthForm(forms.Form):
    """A month to be classified by hand."""

    month = forms.RegexField(
        MONTH, error_messages={"invalid": gettext_lazy("Write the month like 2026-06.")}
    )

    def clean_month(self) -> date:
        month = date.fromisoformat(f"{self.cleaned_data['month']}-01")
        if month > dates.today():
            raise forms.ValidationError(
                _("%(month)s has not begun: what is not known yet cannot be counted.")
                % {"month": year_month(month)}
            )
        return month


@require_http_methods(["GET", "POST"])
def limits(request: Request) -> HttpResponse:
    if not request.user.administers:
        raise PermissionDenied
    if request.POST.get("do") == "run":
        return _classified(request)
    form = LimitsForm(request.POST or None, instance=Thresholds.current())
    context = _around(form)
    if form.is_bound and not form.is_valid():
        return render(request, "followups/limits.html", context, status=422)
    if form.is_bound and form.changes:
        if request.POST.get("do") == "save" and form.was_shown:
            return _saved(request, form)
        context |= {"preview": preview_of(form.instance), "shown": True}
    return render(request, "followups/limits.html", context)


def _around(form: LimitsForm) -> dict[str, Any]:
    run = ClassificationRun.objects.order_by("-month").first()
    return {"form": form, "key": uuid.uuid4().hex, "run": run, "this_month": dates.today()}


def _classified(request: Request) -> HttpResponse:
    """Let the worker classify the month that was asked for, if it has begun."""
    asked = MonthForm(request.POST)
    if not asked.is_valid():
        context = _around(LimitsForm(instance=Thresholds.current())) | {"asked": asked}
        return render(request, "followups/limits.html", context, status=422)
    month = asked.cleaned_data["month"]
    AuditEntry.record(request.user, AuditEntry.Action.UPDATE, f"classes of {month:%Y-%m}")
    wake_classification(month)
    messages.success(request, _("%(month)s is being classified") % {"month": year_month(month)})
    return redirect("class_rules")


@transaction.atomic
def _saved(request: Request, form: LimitsForm) -> HttpResponse:
    """Save once, recorded with what was and what is; the month is classified again by the worker."""
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        changes = form.changes
        limits = form.save()
        AuditEntry.record(request.user, AuditEntry.Action.UPDATE, limits, **changes)
        wake_classification(dates.today().replace(day=1))
    messages.success(request, _("Limits saved: this month is being classified again"))
    return redirect("class_rules")
