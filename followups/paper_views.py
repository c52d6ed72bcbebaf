"""Forms that come back signed: why a premium was not paid, and the bank's authorisation."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import SentForm
from accounts.requests import Request
from followups.forms import KeyForm
from followups.models import FollowUp
from followups.requests import fresh_key
from lib import dates
from lib.versioned import DayInput
from policies import authorisation, uncollected
from policies.models import Policy, UncollectedCase
from policies.uncollected import UncollectedQuerySet, month_of, report, trade_month

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 50
BOX = {"class": "form-control"}
FORM_TASKS = {"uncollected": "uncollected-form", "authorisation": "authorisation-missing"}


class SignedForm(KeyForm):
    signed_on = forms.DateField(label=gettext_lazy("Signed on"), widget=DayInput(attrs=BOX))

    def clean_signed_on(self) -> date:
        day: date = self.cleaned_data["signed_on"]
        if day > dates.today():
            raise forms.ValidationError(_("This day is still to come. Enter when it was signed."))
        return day


class UncollectedForm(SignedForm):
    reason = forms.TypedChoiceField(
        label=gettext_lazy("Why it was not paid"),
        choices=UncollectedCase.Why.choices,
        coerce=int,
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs=BOX | {"rows": 2}),
    )
    field_order = ("reason", "signed_on", "note")


class AuthorisationForm(SignedForm):
    until = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=DayInput(attrs=BOX),
        help_text=gettext_lazy("Leave empty if it does not run out."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        until, signed_on = data.get("until"), data.get("signed_on")
        if until and signed_on and until <= signed_on:
            self.add_error("until", _("It runs out before it begins. Correct one of the days."))
        return data


def _policy(request: Request, pk: int) -> Policy:
    return get_object_or_404(Policy.objects.visible_to(request.user).for_list(), pk=pk)


def _settle(policy: Policy, rule: str) -> None:
    """The form is here: nobody needs to fetch it any more."""
    tasks = FollowUp.objects.open().filter(policy=policy, rule=rule)
    tasks.update(status=FollowUp.Status.WITHDRAWN, reason=FollowUp.Reason.SIGNED)


@get_or_post
@transaction.atomic
def uncollected_form(request: Request, pk: int) -> HttpResponse:
    policy = _policy(request, pk)
    instalment = policy.open_instalment
    if instalment is None or instalment.due_on > dates.today():
        messages.info(request, _("No premium of this policy is overdue."))
        return redirect("policy", pk)
    known = UncollectedCase.objects.filter(instalment=instalment).first()
    initial = {"signed_on": dates.today(), "key": fresh_key()}
    if known:
        initial |= {"reason": known.reason, "signed_on": known.signed_on, "note": known.note}
    form = UncollectedForm(request.POST or None, initial=initial)
    if form.is_bound and form.is_valid() and _bring_back(request, form, policy, instalment):
        return redirect("policy", pk)
    context = {"form": form, "policy": policy, "instalment": instalment}
    return render(
        request, "followups/uncollected_form.html", context, status=422 if form.is_bound else 200
    )


def _bring_back(request: Request, form: UncollectedForm, policy: Policy, instalment: Any) -> bool:
    data = form.cleaned_data
    if not SentForm.first_time(request.user, data["key"]):
        return True
    try:
        uncollected.bring_back(
            instalment,
            reason=data["reason"],
            signed_on=data["signed_on"],
            note=data["note"],
            by=request.user,
        )
    except uncollected.Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    _settle(policy, FORM_TASKS["uncollected"])
    messages.success(request, _("The form is recorded"))
    return True


@get_or_post
@transaction.atomic
def authorisation_form(request: Request, pk: int) -> HttpResponse:
    policy = _policy(request, pk)
    initial = {"signed_on": dates.today(), "key": fresh_key()}
    form = AuthorisationForm(request.POST or None, initial=initial)
    if not (form.is_bound and form.is_valid()):
        context = {"form": form, "policy": policy, "today": dates.today()}
        status = 422 if form.is_bound else 200
        return render(request, "followups/authorisation.html", context, status=status)
    data = form.cleaned_data
    if SentForm.first_time(request.user, data["key"]):
        authorisation.sign(policy, on=data["signed_on"], until=data["until"], by=request.user)
        _settle(policy, FORM_TASKS["authorisation"])
        messages.success(request, _("The authorisation is recorded"))
    return redirect("policy", pk)


@require_GET
def authorisation_print(request: Request, pk: int) -> HttpResponse:
    policy = _policy(request, pk)
    context = {"policy": policy, "today": dates.today(), "due": policy.open_instalment}
    return render(request, "followups/authorisation_print.html", context)


# --- the month's report


class ReportForm(forms.Form):
    """The report's address; a wrong value in it is passed over."""

    GROUPS = (("agent", gettext_lazy("Agent")), ("team", gettext_lazy("Team")))

    by = forms.ChoiceField(choices=GROUPS, required=False)
    month = forms.RegexField(r"^(19|20)\d{2}-(0[1-9]|1[0-2])$", required=False)
    reason = forms.TypedChoiceField(
        choices=UncollectedCase.Why.choices, coerce=int, required=False, empty_value=None
    )
    whose = forms.RegexField(r"^\d{1,18}$", required=False)  # an agent or a team; 0: nobody
    page = forms.IntegerField(required=False, min_value=1, max_value=10**6)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.full_clean()

    @property
    def group(self) -> str:
        return self.cleaned_data.get("by") or "agent"

    @property
    def first_of_month(self) -> date:
        text = self.cleaned_data.get("month")
        return date.fromisoformat(f"{text}-01") if text else month_of(dates.today())

    def of_month(self, cases: UncollectedQuerySet) -> UncollectedQuerySet:
        return cases.of_month(self.first_of_month)

    def picked(self, cases: UncollectedQuerySet) -> QuerySet[UncollectedCase]:
        cases = self.of_month(cases)
        if reason := self.cleaned_data.get("reason"):
            cases = cases.filter(reason=reason)
        if whose := self.cleaned_data.get("whose"):
            cases = cases.filter(**{f"{uncollected.GROUPS[self.group]}": int(whose) or None})
        return cases.for_list()


@require_GET
def uncollected_report(request: Request) -> HttpResponse:
    if request.user.audits:
        raise PermissionDenied
    mine = UncollectedCase.objects.visible_to(request.user)
    form = ReportForm(request.GET)
    month = form.first_of_month
    lines, whole = report(form.of_month(mine), form.group)
    later = dates.add_months(month, 1)
    context = {
        "form": form,
        "month": month,
        "days": trade_month(month),
        "before": dates.add_months(month, -1),
        "after": later if later <= month_of(dates.today()) else None,
        "lines": lines,
        "whole": whole,
        "reasons": UncollectedCase.Why.choices,
        "page": Paginator(form.picked(mine), PER_PAGE).get_page(form.cleaned_data.get("page") or 1),
        "reason": dict(UncollectedCase.Why.choices).get(form.cleaned_data.get("reason") or 0),
    }
    return render(request, "followups/uncollected.html", context)
