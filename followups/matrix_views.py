"""The service plan on a page: who gets what, and what would change before it is saved."""

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
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import SentForm
from accounts.requests import Request
from followups import matrix
from followups.matrix import CLASSES, Change, Levels
from followups.models import ServiceItem, ServicePlan
from lib import dates

# A level is for work that nobody asked for, or for what a real event causes; a choice of words.
HELP = (
    (ServicePlan.Level.MUST, gettext_lazy("the rules put it on the list")),
    (ServicePlan.Level.MAY, gettext_lazy("the agent may plan it")),
    (ServicePlan.Level.EVENT, gettext_lazy("the rules list it only when something real caused it")),
    (ServicePlan.Level.NO, gettext_lazy("not for this class")),
)


def name_of(item: int, client_class: str) -> str:
    return f"cell-{item}-{client_class}"


class MatrixForm(forms.Form):
    """33 cells. `seen` is what was shown of them before they are saved."""

    key = forms.CharField(required=False, max_length=64)
    seen = forms.CharField(required=False, max_length=4000)

    def __init__(self, *args: Any, standing: Levels, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.standing = standing
        for (item, client_class), level in standing.items():
            self.fields[name_of(item, client_class)] = forms.ChoiceField(
                choices=ServicePlan.Level.choices,
                initial=level,
                widget=forms.Select(attrs={"class": "form-select"}),
            )

    @property
    def wanted(self) -> Levels:
        return {place: self.cleaned_data[name_of(*place)] for place in self.standing}

    @property
    def changes(self) -> list[Change]:
        return matrix.changes_of(self.standing, self.wanted)

    @property
    def sealed(self) -> str:
        return signing.dumps([[c.item, c.client_class, c.was, c.now] for c in self.changes])

    @property
    def was_shown(self) -> bool:
        """Whether these very changes, from the plan as it stands, are those that were shown."""
        try:
            shown = signing.loads(self.cleaned_data["seen"])
        except signing.BadSignature:
            return False
        return bool(shown == [[c.item, c.client_class, c.was, c.now] for c in self.changes])

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "item": item,
                "rules": matrix.rules_of(item),
                "cells": [(name, self[name_of(item, name)], self._differs(item, name)) for name in CLASSES],
            }
            for item in ServiceItem.of_the_plan()
        ]  # fmt: skip

    def _differs(self, item: int, client_class: str) -> bool:
        field = self[name_of(item, client_class)]
        return bool(field.value() != self.standing[item, client_class])


@require_http_methods(["GET", "POST"])
def service_rules(request: Request) -> HttpResponse:
    if not request.user.administers:
        raise PermissionDenied
    form = MatrixForm(request.POST or None, standing=matrix.levels())
    first, last = matrix.month_after(dates.today())
    context: dict[str, Any] = {"form": form, "help": HELP, "month": first, "key": uuid.uuid4().hex}
    if form.is_bound and not form.is_valid():
        context["wrong"] = _("A cell holds what is no level. Choose each from its list.")
        return render(request, "followups/matrix.html", context, status=422)
    if form.is_bound and form.changes:
        if request.POST.get("do") == "save" and form.was_shown:
            return _saved(request, form)
        context["changes"] = matrix.preview(form.changes, first, last)
    return render(request, "followups/matrix.html", context)


@transaction.atomic
def _saved(request: Request, form: MatrixForm) -> HttpResponse:
    changes = form.changes
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        matrix.save(changes, by=request.user)
    n = len(changes)
    words = ngettext(
        "%(n)s cell of the service plan changed", "%(n)s cells of the service plan changed", n
    )
    messages.success(request, words % {"n": n})
    return redirect("service_rules")
