"""The reinstatement desk: which lapsed policies can come back, until when, and who has the next move."""

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import SentForm, User
from accounts.requests import Request
from clients.forms import agents_of
from lib import dates
from lib.versioned import DayInput
from policies.models import Policy, Reinstatement
from policies.premiums import Refused, dues
from policies.reinstatement import NEEDED, PAPERS, STEPS, begin, desk, keep_papers, owed_of, take
from policies.views import may_record_payment

PER_PAGE = 50
SOON_DAYS = 90  # before the deadline, from which on a policy is pressing


class DeskForm(forms.Form):
    """The desk's address; a wrong value in it is passed over."""

    STAGES = [
        ("", gettext_lazy("All")),
        ("none", gettext_lazy("Not begun")),
        *((state, Reinstatement.State(state).label) for state in Reinstatement.OPEN),
    ]

    stage = forms.ChoiceField(choices=STAGES, required=False)
    agent = forms.ModelChoiceField(User.objects.none(), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user.oversees:
            self.fields["agent"].queryset = agents_of(user)  # type: ignore[attr-defined]
        self.full_clean()

    def narrow(self, policies: Any) -> Any:
        if agent := self.cleaned_data.get("agent"):
            policies = policies.filter(holder__agent=agent)
        open_ones = Reinstatement.objects.filter(state__in=Reinstatement.OPEN)
        stage = self.cleaned_data.get("stage")
        if stage == "none":
            return policies.exclude(pk__in=open_ones.values("policy"))
        if stage:
            return policies.filter(pk__in=open_ones.filter(state=stage).values("policy"))
        return policies


@dataclass(frozen=True)
class Line:
    """A lapsed policy on the desk, with its application if one is open."""

    policy: Any
    application: Reinstatement | None
    today: date
    arrears: Decimal = Decimal(0)

    @property
    def days_left(self) -> int:
        return int((self.policy.reinstate_by - self.today).days)

    @property
    def days_lapsed(self) -> int:
        return int((self.today - self.policy.lapses_on).days)

    @property
    def tone(self) -> str:
        if self.days_left <= SOON_DAYS // 3:
            return "danger"
        return "warn" if self.days_left <= SOON_DAYS else "slate"

    @property
    def is_late(self) -> bool:
        return bool(self.application and self.application.medical_is_late(self.today))

    @property
    def waits_for(self) -> str | Promise:
        return self.application.waits_for if self.application else _("Somebody to begin")


@require_GET
def reinstatements(request: Request) -> HttpResponse:
    if request.user.audits:
        raise PermissionDenied
    today = dates.today()
    form = DeskForm(request.GET, user=request.user)
    lapsed = desk(form.narrow(Policy.objects.visible_to(request.user)), today)
    page = Paginator(lapsed.select_related("holder__agent", "product"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {"form": form, "page_obj": page, "lines": lines_of(list(page), today)}
    return render(request, "policies/reinstatements.html", context)


def lines_of(policies: list[Any], today: date) -> list[Line]:
    found = Reinstatement.objects.filter(policy__in=policies, state__in=Reinstatement.OPEN)
    open_ones = {each.policy_id: each for each in found}
    owed = owed_of(policies, today)
    return [Line(policy, open_ones.get(policy.pk), today, owed[policy.pk]) for policy in policies]


class StepForm(forms.Form):
    """What happened with an application: papers that came in, or a step and its day."""

    step = forms.ChoiceField(required=False)
    on = forms.DateField(label=gettext_lazy("On"), widget=DayInput())
    papers = forms.MultipleChoiceField(choices=list(PAPERS.items()), required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, application: Reinstatement | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = application.steps if application else [("begin", _("Begin"))]
        self.fields["step"].choices = choices  # type: ignore[attr-defined]

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > dates.today():
            raise forms.ValidationError(_("Choose a day up to today."))
        return on


@require_http_methods(["GET", "POST"])
@transaction.atomic
def reinstatement(request: Request, pk: int) -> HttpResponse:
    """One policy's way back; the papers are the agent's, the money and the end the leader's to book."""
    policy = get_object_or_404(Policy.objects.visible_to(request.user).for_list(), pk=pk)
    application = policy.reinstatements.order_by("-pk").first()
    current = application if application and application.is_open else None
    form = StepForm(request.POST or None, application=current)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                _act(request.user, policy, current, form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("reinstatement", pk)
    today = dates.today()
    owed = dues(policy, today)
    context = {
        "policy": policy,
        "line": Line(policy, current, today) if _can_come_back(policy, today) else None,
        "application": application,
        "form": form,
        "papers": [(code, label, code in NEEDED) for code, label in PAPERS.items()],
        "owed": owed,
        "arrears": sum(due.amount for due in owed),
        "may_book": may_record_payment(request.user),
        "today": today,
        "idempotency_key": uuid.uuid4().hex,
    }
    return render(
        request, "policies/reinstatement.html", context, status=422 if form.errors else 200
    )


def _can_come_back(policy: Policy, today: date) -> bool:
    return desk(Policy.objects.filter(pk=policy.pk), today).exists()


def _act(
    user: User, policy: Policy, application: Reinstatement | None, said: dict[str, Any]
) -> None:
    if not SentForm.first_time(user, said["key"]):
        return
    if application is None:
        if not _can_come_back(policy, said["on"]):
            raise Refused(_("This policy has not lapsed. Nothing was changed."))
        begin(policy, on=said["on"], by=user)
        return
    if not said["step"]:
        keep_papers(application, said["papers"], by=user)
        return
    if STEPS[said["step"]].ends == Reinstatement.State.DONE and not may_record_payment(user):
        raise PermissionDenied
    take(application, said["step"], on=said["on"], by=user)
