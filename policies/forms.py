"""What is typed about a policy: the filters of the list, the contract, a payment."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from clients.forms import ListFilter, true_id
from clients.models import Client, has_digit, ways_to_find
from clients.privacy import hidden_fields
from lib import dates
from lib.paging import MOST_SEARCHED, Found
from lib.panels import laid_out, panel, row
from lib.versioned import DayInput, VersionedForm
from policies import premiums
from policies.lifecycle import PolicyEvent, because, may_become
from policies.models import MODE_MONTHS, Insurer, Policy, PolicyQuerySet, Product

BIGGEST_ID = 2**63 - 1
A_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class PolicyFilter(ListFilter):
    STAGES = [
        ("", _("All")),
        ("month", _("Due in 30 days")),
        ("grace", _("In grace")),
        ("lapsed", _("Lapsed")),
    ]

    stage = forms.ChoiceField(required=False, choices=STAGES)
    status = forms.ChoiceField(required=False, choices=[("", ""), *Policy.Status.choices])
    due = forms.RegexField(A_MONTH, required=False, max_length=7)

    def find(self, policies: PolicyQuerySet, today: date) -> Found:
        stage = self.asked("stage") or ""
        if agent := self.asked("agent"):
            policies = policies.filter(holder__agent=agent)
        if month := self.asked("due"):
            policies = policies.filter(next_due_on__range=days_of(month))
        ways = [
            in_stage(way, stage, today)
            for found in search(policies, self.asked("q") or "")
            for way in with_status(found, self.asked("status"), today)
        ]
        if stage == "lapsed":
            ways = [
                lapsed for way in ways for lapsed in with_status(way, Policy.Status.LAPSED, today)
            ]
        sorted_by = stage or (month and "month") or self.asked("status")
        return Found(ways, ORDERS.get(sorted_by, BY_HOLDER), MOST_SEARCHED)


BY_HOLDER = ("holder__pinyin", "holder_id", "pk")
ORDERS = {
    "month": ("next_due_on", "pk"),
    "grace": ("lapses_on", "pk"),
    "lapsed": ("-lapses_on", "-pk"),
}


def search(policies: PolicyQuerySet, text: str) -> list[PolicyQuerySet]:
    """Find by the beginning of the number, or by whoever holds it."""
    if not text:
        return [policies]
    ways = ways_to_find(text, "holder__")
    if has_digit(text):
        ways.append(Q(policy_no__startswith=text.upper()))
    return [policies.filter(way) for way in ways]


def with_status(policies: PolicyQuerySet, status: str, today: date) -> list[PolicyQuerySet]:
    if not status:
        return [policies]
    if status == Policy.Status.IN_FORCE:
        return [policies.in_force(today)]
    if status == Policy.Status.LAPSED:
        return [policies.lapsed(today), policies.filter(status=status)]
    return [policies.filter(status=status)]


def in_stage(policies: PolicyQuerySet, stage: str, today: date) -> PolicyQuerySet:
    if stage == "month":
        month = (today, today + timedelta(days=30))
        return policies.in_force(today).filter(next_due_on__range=month)
    if stage == "grace":
        return policies.in_force(today).filter(next_due_on__lt=today, lapses_on__gt=today)
    return policies


def days_of(month: str) -> tuple[date, date]:
    first = date.fromisoformat(f"{month}-01")
    return first, dates.add_months(first, 1) - timedelta(days=1)


# Of a policy that exists, these say what is owed: the insurer's files change them, or those who may.
KEPT_FIELDS = ("status", "premium", "premium_mode", "pay_years", "next_due_on")


class PolicyForm(VersionedForm):
    """A contract typed by hand. `fixed`: what is owed is shown, and stays as it is."""

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
            "authorisation",
            "authorised_until",
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
                "authorised_until",
            )
        } | {"holder": forms.HiddenInput()}

    def __init__(self, *args: Any, user: User, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fixed = fixed
        self.fields["holder"].queryset = Client.objects.visible_to(user)  # type: ignore[attr-defined]
        self.fields["insurer"].initial = Insurer.usual()
        self.fields["product"].queryset = Product.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["next_due_on"].help_text = _("Leave empty to count it from the effective date.")
        self.fields["covers_until"].help_text = _(
            "Leave empty to count it from the years of cover."
        )
        if fixed:
            self._fix()
        self.helper = self._layout()

    def _fix(self) -> None:
        for name in KEPT_FIELDS:
            self.fields[name].disabled = True
            self.fields[name].help_text = ""
        for name in ("status", "premium"):
            self.fields[name].help_text = _("Leaders and the office change this.")

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
                row("authorisation", "authorised_until"),
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
        ends_on = self.instance.cooling_off_ends_on
        if status == Policy.Status.COOLED_OFF != was and ends_on and dates.today() > ends_on:
            raise forms.ValidationError(
                _("Cooling-off ended on %(day)s: this is a surrender."),
                params={"day": ends_on.isoformat()},
            )
        return status

    @transaction.atomic
    def record(self) -> Policy:
        """Save, and let the open premium follow; the audit names fields, never contents."""
        policy: Policy = self.save(commit=False)
        created = policy.pk is None
        policy.version = policy.version + (not created)
        if policy.next_due_on is None and policy.status in premiums.PAYABLE and not self.fixed:
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


class BookingForm(forms.Form):
    """A day, and what else is booked with it; `key` makes a form sent twice count once."""

    on = forms.DateField(label=_("On"), widget=DayInput())
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.policy = policy

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > dates.today():
            raise forms.ValidationError(_("Choose a day up to today."))
        due_on = self.policy.next_due_on
        if due_on and on < dates.add_years(due_on, -1):
            raise forms.ValidationError(_("This is more than a year before the premium is due."))
        return on


class PremiumForm(BookingForm):
    """About the premium that was open when the form was."""

    instalment = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=BIGGEST_ID)


class PartForm(PremiumForm):
    amount = forms.DecimalField(
        label=_("Amount that came in"),
        min_value=Decimal("0.01"),
        max_digits=14,
        decimal_places=2,
        help_text=_(
            "The insurer books whole premiums: this one stays owed until all of it is there."
        ),
    )


class ModeForm(BookingForm):
    mode = forms.ChoiceField(label=_("Premium mode"))
    premium = forms.DecimalField(
        label=_("Premium each time"),
        min_value=Decimal("0.01"),
        max_digits=14,
        decimal_places=2,
        help_text=_("As the insurer's letter says; shorter modes cost a little more."),
    )

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, policy=policy, **kwargs)
        others = [mode for mode in MODE_MONTHS if mode != policy.premium_mode]
        self.fields["mode"].choices = [(mode.value, mode.label) for mode in others]  # type: ignore[attr-defined]


def _true_account(typed: str) -> str:
    digits = typed.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isalnum() and len(digits) >= 8):
        raise forms.ValidationError(_("A bank account has at least 8 digits."))
    return digits
