"""Why, why not, and what to do where it is not right: silence a rule for a client, or hear it again."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import SentForm
from clients.models import Client
from followups import silence, why_not
from followups.forms import KeyForm
from followups.models import ListRun, RuleMute
from followups.requests import Request, fresh_key, my_followup
from followups.rulebook import BY_CODE, label_of
from lib import dates
from lib.templatetags.ui import day as in_words

FOUND = 20
FAR = timedelta(days=400)


class WhyNotForm(forms.Form):
    """Whom and which day is asked about. What makes no sense is as good as nothing."""

    q = forms.CharField(required=False, max_length=40)
    on = forms.DateField(required=False)

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return self.cleaned_data

    def day(self) -> date:
        today = dates.today()
        day: date | None = self.asked().get("on")
        return day if day and abs(day - today) <= FAR else today


class SilenceForm(KeyForm):
    until = forms.DateField(error_messages={"required": gettext_lazy("Choose the day.")})
    reason = forms.CharField(
        max_length=200,
        error_messages={"required": gettext_lazy("Write the reason in a few words.")},
    )


@require_GET
def whom(request: Request) -> HttpResponse:
    """Find the client who is missed on a list."""
    form = WhyNotForm(request.GET)
    text = (form.asked().get("q") or "").strip()
    visible = Client.objects.visible_to(request.user)
    found = {c.pk: c for way in visible.search(text) for c in way[:FOUND]} if text else {}
    if len(found) == 1:
        return redirect(_address(next(iter(found)), form.day()))
    context = {"q": text, "day": form.day(), "found": list(found.values())[:FOUND]}
    return render(request, "followups/why_not_whom.html", context)


def _address(client_id: int, day: date) -> str:
    return f"{reverse('client_why_not', args=[client_id])}?on={day.isoformat()}"


@require_GET
def client_why_not(request: Request, pk: int) -> HttpResponse:
    """Every rule with the first of its conditions that fails for this client on this day."""
    clients = Client.objects.visible_to(request.user).select_related("agent")
    client = get_object_or_404(clients, pk=pk)
    day = WhyNotForm(request.GET).day()
    verdicts = why_not.verdicts(client, day)
    context = {
        "client": client,
        "day": day,
        "today": dates.today(),
        "listed": [verdict for verdict in verdicts if verdict.listed],
        "missing": [v for v in verdicts if not v.listed and v.failed != "population"],
        "nothing": [verdict for verdict in verdicts if verdict.failed == "population"],
        "written": ListRun.objects.filter(day=day).order_by("at").last(),
        "key": fresh_key(),
    }
    return render(request, "followups/why_not.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def silence_rule(request: Request, pk: int) -> HttpResponse:
    """Keep one rule off this client's list: until when, and why."""
    followup = my_followup(request, pk)
    form = SilenceForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _silence_sheet(request, followup, form)
    data = form.cleaned_data
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, data["key"]):
                silence.silence(
                    followup.client,
                    followup.rule,
                    until=data["until"],
                    reason=data["reason"],
                    by=request.user,
                    on=dates.today(),
                )
    except silence.Refused as refusal:
        form.add_error(None, str(refusal))
        return _silence_sheet(request, followup, form)
    words = _("%(name)s · %(rule)s · silent until %(day)s")
    about = {"name": followup.client.name, "rule": label_of(followup.rule)}
    messages.success(request, words % (about | {"day": in_words(data["until"])}))
    return _to(request, _address(followup.client_id, dates.today()))


def _silence_sheet(request: Request, followup: Any, form: SilenceForm) -> HttpResponse:
    rule = BY_CODE.get(followup.rule)
    today = dates.today()
    context = {
        "followup": followup,
        "client": followup.client,
        "form": form,
        "key": fresh_key(),
        "label": label_of(followup.rule),
        "mutable": rule is not None and rule.mutable,
        "first_day": today,
        "usual": form.data.get("until") or (today + timedelta(days=30)).isoformat(),
        "fragment": "followups/_silence.html",
    }
    template = "followups/_silence.html" if request.htmx else "followups/sheet.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


@require_POST
def lift(request: Request, pk: int) -> HttpResponse:
    """Hear the rule again."""
    mutes = RuleMute.objects.visible_to(request.user).select_related("client")
    mute = get_object_or_404(mutes, pk=pk)
    silence.lift(mute, by=request.user, on=dates.today())
    messages.success(request, _("%(rule)s is heard again") % {"rule": label_of(mute.rule)})
    return _to(request, _address(mute.client_id, dates.today()))


def _to(request: Request, url: str) -> HttpResponse:
    if not request.htmx:
        return redirect(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
    return response
