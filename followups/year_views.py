"""A month of the client's year, and what the agent puts down for the client, moves or drops."""

import uuid
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import SentForm
from clients.models import Client
from followups import planning
from followups.models import Planned, ServiceItem, ServicePlan
from followups.planning import Refused
from followups.requests import Request
from followups.year import month_of, year_strip
from lib import dates
from lib.templatetags.ui import day as in_words

YEARS = range(2000, 2101)
FOUND = 12


class PlannedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A task in words with its day and how often; of a service of the plan only the day."""

    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    class Meta:
        model = Planned
        fields = ("words", "first_on", "every", "days", "until")
        field_classes = {"first_on": forms.DateField, "until": forms.DateField}
        widgets = {
            "first_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        labels = {
            "words": gettext_lazy("What is to be done"),
            "first_on": gettext_lazy("Day"),
            "until": gettext_lazy("Last day (may stay empty)"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()  # type: ignore[no-untyped-call]
        self.helper.form_tag = False
        if self.instance.is_own:
            self.fields["words"].required = True
        else:
            for name in ("words", "every", "days", "until"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("every") == Planned.Every.DAYS and not data.get("days") and not self.errors:
            self.add_error("days", _("Say every how many days."))
        return data

    def put_down(self, request: Request) -> bool:
        """Save it once, however often it was sent; False with the reason where it cannot be."""
        if not self.is_valid():
            return False
        try:
            with transaction.atomic():
                if SentForm.first_time(request.user, self.cleaned_data["key"]):
                    planning.put_down(self.instance, today=dates.today())
        except Refused as refusal:
            self.add_error("first_on", str(refusal))
            return False
        return True


# --- reading


@require_GET
def client_month(request: Request, pk: int, year: int, month: int) -> HttpResponse:
    """What was done, is planned and was missed in a month, and what may be done besides."""
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    if year not in YEARS or not 1 <= month <= 12:
        raise Http404
    first, today = date(year, month, 1), dates.today()
    kinds = month_of(client, first, today)
    context = {
        "client": client,
        "month": first,
        "today": today,
        "kinds": kinds,
        "before": dates.add_months(first, -1),
        "after": dates.add_months(first, 1),
        "plan": _plan_of(client),
        "proposed": max(first, today),
        "closed": dates.month_end(first) < today,
        "key": uuid.uuid4().hex,
    }
    if request.htmx:
        return render(request, "followups/_client_month.html", context)
    context["year"] = year_strip(client, today, year)
    return render(request, "followups/client_month.html", context)


def _plan_of(client: Client) -> dict[str, list[str]]:
    """The items that must and that may be done for the client's class, by their words."""
    levels = planning.levels_for(client)
    may = [ServiceItem(n) for n, level in levels.items() if level == ServicePlan.Level.MAY]
    must = [ServiceItem(n) for n, level in levels.items() if level == ServicePlan.Level.MUST]
    return {"may": may, "must": [str(item.label) for item in must]}  # type: ignore[dict-item]


# --- putting down


@require_http_methods(["GET", "POST"])
def planned_new(request: Request, pk: int) -> HttpResponse:
    """A task in words; or, with `item`, a service that the plan leaves to the agent."""
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    asked = request.POST.get("item") or request.GET.get("item") or ""
    item = int(asked) if asked in map(str, ServiceItem.values) else ServiceItem.OWN
    planned = Planned(client=client, item=item, by=request.user)
    form = PlannedForm(request.POST or None, instance=planned, initial=_initial(request))
    if request.method == "POST" and form.put_down(request):
        return _said(request, planned, _("%(what)s · planned for %(day)s"))
    return _sheet(request, form, planned)


@require_GET
def task_new(request: Request) -> HttpResponse:
    """For whom? Then the task itself."""
    text = request.GET.get("q", "").strip()[:60]
    mine = Client.objects.visible_to(request.user)
    found = [client for way in mine.search(text) for client in way.order_by("pinyin")[:FOUND]]
    unlike = {client.pk: client for client in found} if text else {}
    context = {
        "q": text,
        "found": list(unlike.values())[:FOUND],
        "on": _initial(request)["first_on"],
    }
    return render(request, "followups/task_new.html", context)


@require_http_methods(["GET", "POST"])
def planned_edit(request: Request, pk: int) -> HttpResponse:
    planned = get_object_or_404(_planned(request), pk=pk, dropped_on=None)
    form = PlannedForm(request.POST or None, instance=planned, initial=_initial(request))
    if request.method == "POST" and form.put_down(request):
        return _said(request, planned, _("%(what)s · moved to %(day)s"))
    return _sheet(request, form, planned)


@require_POST
def planned_drop(request: Request, pk: int) -> HttpResponse:
    planned = get_object_or_404(_planned(request), pk=pk)
    try:
        if planned.dropped_on is None:
            planning.drop(planned, today=dates.today())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _back(planned)
    undo = f"undo:{reverse('planned_back', args=[planned.pk])}"
    return _said(request, planned, _("%(what)s · taken off the plan"), undo)


@require_POST
def planned_back(request: Request, pk: int) -> HttpResponse:
    planned = get_object_or_404(_planned(request), pk=pk)
    if planned.dropped_on:
        planning.take_back(planned, today=dates.today())
    response = _said(request, planned, _("%(what)s · back on the plan"))
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
    return response


def _planned(request: Request) -> Any:
    return Planned.objects.visible_to(request.user).select_related("client")


def _initial(request: Request) -> dict[str, Any]:
    on = request.GET.get("on", "")
    try:
        day = date.fromisoformat(on)
    except ValueError:
        day = dates.today()
    return {"first_on": day, "key": uuid.uuid4().hex}


def _sheet(request: Request, form: PlannedForm, planned: Planned) -> HttpResponse:
    context = {"form": form, "planned": planned, "client": planned.client, "today": dates.today()}
    template = "followups/_planned.html" if request.htmx else "followups/planned.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


def _said(request: Request, planned: Planned, words: str, tags: str = "") -> HttpResponse:
    day = planned.on or planned.first_on
    messages.success(request, words % {"what": planned, "day": in_words(day)}, extra_tags=tags)
    return _back(planned)


def _back(planned: Planned) -> HttpResponse:
    day = planned.on or planned.first_on
    return redirect("client_month", planned.client_id, day.year, day.month)
