"""What is typed about a policy: the filters of the list, the contract, a payment."""

import re
from datetime import date, timedelta
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from clients.forms import agents_of, true_id
from clients.models import Client, ClientQuerySet
from clients.privacy import hidden_fields
from lib import dates
from lib.panels import laid_out, panel, row
from lib.versioned import DayInput, VersionedForm
from policies import premiums
from policies.lifecycle import PolicyEvent, because, may_become
from policies.models import Insurer, Policy, PolicyQuerySet, Product

A_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class PolicyFilter(forms.Form):
    """The list's address: a wrong value in it is passed over."""

    STAGES = [
        ("", _("All")),
        ("month", _("Due in 30 days")),
        ("grace", _("In grace")),
        ("lapsed", _("Lapsed")),
    ]

    q = forms.CharField(required=False, max_length=60, strip=True)
    stage = forms.ChoiceField(required=False, choices=STAGES)
    status = forms.ChoiceField(required=False, choices=[("", ""), *Policy.Status.choices])
    due = forms.RegexField(A_MONTH, required=False, max_length=7)
    agent = forms.ModelChoiceField(User.objects.none(), required=False)
    page = forms.IntegerField(required=False, min_value=1)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if user.leads or user.administers:
            self.fields["agent"].queryset = agents_of(user)  # type: ignore[attr-defined]
        self.full_clean()

    def asked(self, name: str) -> Any:
        return self.cleaned_data.get(name)

    @property
    def page_number(self) -> int:
        return self.asked("page") or 1

    def narrow(self, policies: PolicyQuerySet, today: date) -> PolicyQuerySet:
        if text := self.asked("q"):
            policies = search(policies, text, Client.objects.visible_to(self.user))
        if agent := self.asked("agent"):
            policies = policies.filter(holder__agent=agent)
        if status := self.asked("status"):
            policies = with_status(policies, status, today)
        if month := self.asked("due"):
            policies = policies.filter(next_due_on__range=days_of(month))
        return in_stage(policies, self.asked("stage") or "", today)


def search(policies: PolicyQuerySet, text: str, clients: ClientQuerySet) -> PolicyQuerySet:
    """Find by the beginning of the number, or by whoever holds it."""
    holders = clients.search(text).values("pk")
    numbered = Policy.objects.filter(policy_no__startswith=text.strip().upper()).values("pk")
    held = Policy.objects.filter(holder__in=holders).values("pk")
    return policies.filter(pk__in=numbered.union(held))


def with_status(policies: PolicyQuerySet, status: str, today: date) -> PolicyQuerySet:
    if status == Policy.Status.IN_FORCE:
        return policies.in_force(today)
    if status == Policy.Status.LAPSED:
        return policies.lapsed(today) | policies.filter(status=status)
    return policies.filter(status=status)


def in_stage(policies: PolicyQuerySet, stage: str, today: date) -> PolicyQuerySet:
    if stage == "month":
        return (
            policies.in_force(today)
            .filter(next_due_on__range=(today, today + timedelta(days=30)))
            .order_by("next_due_on", "pk")
        )
    if stage == "grace":
        return (
            policies.in_force(today)
            .filter(next_due_on__lt=today, lapses_on__isnull=False)
            .order_by("lapses_on", "pk")
        )
    if stage == "lapsed":
        return with_status(policies, Policy.Status.LAPSED, today).order_by("-lapses_on", "pk")
    return policies.order_by("-pk")


def days_of(month: str) -> tuple[date, date]:
    first = date.fromisoformat(f"{month}-01")
    return first, dates.add_months(first, 1) - timedelta(days=1)


class PolicyForm(VersionedForm):
    masks = hidden_fields("policy")

    insured_id_number = forms.CharField(
        label=_("ID number of the insured"), required=False, max_length=30
    )
    account = forms.CharField(label=_("Bank account"), required=False, max_length=40)

    class Meta:
        model = Policy
        fields = (
            "holder",
            "insurer",
            "policy_no",
            "proposal_no",
            "product",
            "status",
            "insured_name",
            "relation",
            "insured_id_number",
            "sum_assured",
            "premium",
            "premium_mode",
            "pay_years",
            "cover_years",
            "issued_on",
            "effective_on",
            "next_due_on",
            "matures_on",
            "covers_until",
            "receipt_signed_on",
            "bank_name",
            "account",
        )
        widgets = {
            name: DayInput()
            for name in (
                "issued_on",
                "effective_on",
                "next_due_on",
                "matures_on",
                "covers_until",
                "receipt_signed_on",
            )
        } | {"holder": forms.HiddenInput()}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["holder"].queryset = Client.objects.visible_to(user)  # type: ignore[attr-defined]
        self.fields["insurer"].initial = Insurer.usual()
        self.fields["product"].queryset = Product.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["next_due_on"].help_text = _("Leave empty to count it from the effective date.")
        self.fields["covers_until"].help_text = _(
            "Leave empty to count it from the years of cover."
        )
        self.helper = self._layout()

    def _layout(self) -> FormHelper:
        return laid_out(
            "version",
            "key",
            "holder",
            panel(
                _("Contract"),
                row("policy_no", "proposal_no"),
                row("insurer", "product"),
                row("status", "sum_assured"),
                row("issued_on", "effective_on"),
                row("cover_years", "covers_until"),
                row("matures_on", "receipt_signed_on"),
            ),
            panel(
                _("Premium"),
                row("premium", "premium_mode"),
                row("pay_years", "next_due_on"),
                row("bank_name", "account"),
            ),
            panel(_("Insured person"), row("insured_name", "relation"), row("insured_id_number")),
        )

    def clean_policy_no(self) -> str:
        return "".join(str(self.cleaned_data["policy_no"]).split()).upper()

    def clean_premium(self) -> Any:
        premium = self.cleaned_data["premium"]
        if premium is not None and premium < 0:
            raise forms.ValidationError(_("A premium is not negative."))
        return premium

    def clean_effective_on(self) -> date | None:
        effective_on: date | None = self.cleaned_data["effective_on"]
        if effective_on and effective_on > dates.add_years(dates.today(), 1):
            raise forms.ValidationError(_("This is more than a year ahead."))
        return effective_on

    def clean_insured_id_number(self) -> str:
        return self.kept_or("insured_id_number", true_id)

    def clean_account(self) -> str:
        return self.kept_or("account", _true_account)

    def clean_status(self) -> str:
        """A contract moves as contracts move; only the insurer's file may say otherwise."""
        status: str = self.cleaned_data["status"]
        was = self.initial.get("status") if self.instance.pk else None
        if was and not may_become("policy", was, status):
            raise forms.ValidationError(
                _('A policy does not go from "%(was)s" to "%(now)s".'),
                params={"was": Policy.Status(was).label, "now": Policy.Status(status).label},
            )
        return status

    @transaction.atomic
    def record(self) -> Policy:
        """Save, and let the open premium follow; the audit names fields, never contents."""
        policy: Policy = self.save(commit=False)
        created = policy.pk is None
        policy.version = policy.version + (not created)
        if policy.next_due_on is None and policy.status in premiums.PAYABLE:
            policy.next_due_on = premiums.first_due(policy, dates.today())
        if policy.covers_until is None and policy.effective_on and policy.cover_years:
            policy.covers_until = dates.cover_end(policy.effective_on, policy.cover_years)
        if created:
            policy.agent = policy.holder.agent
        with because(PolicyEvent.Source.HAND, by=self.user):
            policy.save()
            premiums.schedule(policy)
        action = AuditEntry.Action.CREATE if created else AuditEntry.Action.UPDATE
        changed = sorted(set(self.changed_data) - {"version", "key"})
        AuditEntry.record(self.user, action, policy, fields=changed)
        return policy


class PaymentForm(forms.Form):
    paid_on = forms.DateField(label=_("Paid on"), widget=DayInput())
    instalment = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def clean_paid_on(self) -> date:
        paid_on: date = self.cleaned_data["paid_on"]
        if paid_on > dates.today():
            raise forms.ValidationError(_("A payment lies in the past."))
        return paid_on


def _true_account(typed: str) -> str:
    digits = typed.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isalnum() and len(digits) >= 8):
        raise forms.ValidationError(_("A bank account has at least 8 digits."))
    return digits
