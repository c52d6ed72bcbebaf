"""The limits of the classes: seen, tried, and saved once it was seen what they change."""

import uuid
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
from clients.views import Request
from policies.class_preview import preview_of
from policies.models import Thresholds
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


@require_http_methods(["GET", "POST"])
def limits(request: Request) -> HttpResponse:
    if not request.user.administers:
        raise PermissionDenied
    form = LimitsForm(request.POST or None, instance=Thresholds.current())
    context: dict[str, Any] = {"form": form, "key": uuid.uuid4().hex}
    if form.is_bound and not form.is_valid():
        return render(request, "followups/limits.html", context, status=422)
    if form.is_bound and form.changes:
        if request.POST.get("do") == "save" and form.was_shown:
            return _saved(request, form)
        context |= {"preview": preview_of(form.instance), "shown": True}
    return render(request, "followups/limits.html", context)


@transaction.atomic
def _saved(request: Request, form: LimitsForm) -> HttpResponse:
    """Save once, recorded with what was and what is; the month is classified again by the worker."""
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        changes = form.changes
        limits = form.save()
        AuditEntry.record(request.user, AuditEntry.Action.UPDATE, limits, **changes)
        wake_classification()
    messages.success(request, _("Limits saved: this month is being classified again"))
    return redirect("class_rules")
