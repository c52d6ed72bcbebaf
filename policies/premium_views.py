"""What is booked about the open premium by those who may: paid, waived, advanced, another mode."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import AuditEntry, SentForm, User
from accounts.requests import Request
from lib import dates
from policies import premiums, promises
from policies.forms import BookingForm, ModeForm, PartForm, PremiumForm
from policies.models import Instalment, Policy
from policies.rhythm import number_of
from policies.views import may_record_payment


@dataclass(frozen=True)
class Deed:
    """One thing that can be booked: its words, what is asked, and the verb."""

    title: str | Promise
    lead: str | Promise
    button: str | Promise
    done: str | Promise
    when: str | Promise
    icon: str
    form: type[BookingForm]
    act: Callable[[Policy, dict[str, Any], User], object]


def _pay(policy: Policy, said: dict[str, Any], user: User) -> None:
    premiums.record_payment(_owed(policy, said), on=said["on"], by=user)


def _receive_part(policy: Policy, said: dict[str, Any], user: User) -> None:
    owed, amount = _owed(policy, said), said["amount"]
    if amount >= owed.amount:
        raise premiums.Refused(_("That is all of the premium. Mark it paid instead."))
    if promises.receive_part(owed, amount=amount, on=said["on"]) is None:
        raise premiums.Refused(
            _("On that day nobody had promised to pay. Note the promise first, then its part.")
        )
    detail = {"due_on": str(owed.due_on), "part": str(amount), "on": str(said["on"])}
    AuditEntry.record(user, AuditEntry.Action.PAYMENT, policy, **detail)


def _waive(policy: Policy, said: dict[str, Any], user: User) -> None:
    premiums.close(_owed(policy, said), Instalment.Closed.WAIVED, on=said["on"], by=user)


def _advance(policy: Policy, said: dict[str, Any], user: User) -> None:
    premiums.close(_owed(policy, said), Instalment.Closed.LOAN, on=said["on"], by=user)


def _change_mode(policy: Policy, said: dict[str, Any], user: User) -> None:
    premiums.change_mode(policy, said["mode"], said["premium"], on=said["on"], by=user)


def _owed(policy: Policy, said: dict[str, Any]) -> Instalment:
    """The premium that the form was opened for, if it is still owed."""
    premiums.locked(policy.pk)
    instalment = get_object_or_404(Instalment, pk=said["instalment"], policy=policy)
    if not instalment.is_owed:
        raise premiums.Refused(
            _("Somebody has booked this premium meanwhile. Nothing was changed.")
        )
    return instalment


DEEDS: dict[str, Deed] = {
    "paid": Deed(
        gettext_lazy("Record a payment"),
        gettext_lazy("The insurer has the money: the next premium opens, and nobody is reminded."),
        gettext_lazy("Mark paid"),
        gettext_lazy("Payment recorded"),
        gettext_lazy("Paid on"),
        "check-lg",
        PremiumForm,
        _pay,
    ),
    "part": Deed(
        gettext_lazy("Note a part payment"),
        gettext_lazy("What came in before the promised day counts for the promise of the client."),
        gettext_lazy("Note it"),
        gettext_lazy("Part payment noted"),
        gettext_lazy("Came in on"),
        "wallet2",
        PartForm,
        _receive_part,
    ),
    "waive": Deed(
        gettext_lazy("Waive the premium"),
        gettext_lazy("The insurer forgoes this premium; cover goes on and the next one opens."),
        gettext_lazy("Waive it"),
        gettext_lazy("Premium waived"),
        gettext_lazy("Waived on"),
        "heart",
        PremiumForm,
        _waive,
    ),
    "loan": Deed(
        gettext_lazy("Enter a premium loan"),
        gettext_lazy("The insurer has advanced this premium from the cash value; interest runs."),
        gettext_lazy("Enter the loan"),
        gettext_lazy("Premium loan entered"),
        gettext_lazy("Advanced on"),
        "bank",
        PremiumForm,
        _advance,
    ),
    "mode": Deed(
        gettext_lazy("Change the premium mode"),
        gettext_lazy("From the open premium on, this much is paid in this rhythm."),
        gettext_lazy("Change it"),
        gettext_lazy("Premium mode changed"),
        gettext_lazy("Changed on"),
        "arrow-repeat",
        ModeForm,
        _change_mode,
    ),
}


@require_http_methods(["GET", "POST"])
def book(request: Request, pk: int, deed: str) -> HttpResponse:
    """Book one deed about the open premium of a policy."""
    policy = get_object_or_404(Policy.objects.visible_to(request.user).for_list(), pk=pk)
    if not may_record_payment(request.user):
        raise PermissionDenied
    asked = DEEDS[deed]
    form = asked.form(request.POST or None, policy=policy, initial=_initial(policy))
    if request.method == "POST" and form.is_valid() and _booked(request, policy, asked, form):
        return _answer(request, pk)
    return _sheet(request, policy, deed, form)


def deeds_for(user: User, policy: Policy) -> list[tuple[str, Deed]]:
    """What the user may book now, with the address of each."""
    if policy.open_instalment is None or policy.status not in premiums.PAYABLE:
        return []
    if not may_record_payment(user):
        return []
    codes = ["paid", "waive", "loan"]
    if promises.promise_on(policy.open_instalment, dates.today()):
        codes.insert(1, "part")
    if policy.months_between is not None:
        codes.append("mode")
    return [(reverse(f"policies:{code}", args=[policy.pk]), DEEDS[code]) for code in codes]


def _initial(policy: Policy) -> dict[str, Any]:
    opened = policy.open_instalment
    return {
        "on": dates.today(),
        "instalment": opened and opened.pk,
        "key": uuid.uuid4().hex,
    }


def _booked(request: Request, policy: Policy, deed: Deed, form: BookingForm) -> bool:
    """Whether it stands in the books now; if not, the form says why."""
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, form.cleaned_data["key"]):
                deed.act(policy, form.cleaned_data, request.user)
                messages.success(request, str(deed.done))
    except premiums.Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def _answer(request: Request, pk: int) -> HttpResponse:
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("policy", args=[pk])})
    return redirect("policy", pk)


def _sheet(request: Request, policy: Policy, code: str, form: BookingForm) -> HttpResponse:
    opened = policy.open_instalment
    context = {
        "policy": policy,
        "deed": DEEDS[code],
        "here": reverse(f"policies:{code}", args=[policy.pk]),
        "form": form,
        "opened": opened,
        "number": opened and number_of(policy, opened.due_on),
        "today": dates.today(),
        "page": not request.htmx,
    }
    template = "policies/_deed.html" if request.htmx else "policies/deed.html"
    return render(request, template, context, status=422 if form.errors else 200)
