"""What the pages of the day accept: every parameter is read through one of these."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Contact
from followups.agenda import KINDS
from followups.models import FollowUp
from lib import dates

TILES = {
    Contact.Outcome.DONE: "check-circle",
    Contact.Outcome.PAID_ALREADY: "check-circle-fill",
    Contact.Outcome.WILL_PAY: "calendar-check",
    Contact.Outcome.ASKED_LATER: "calendar-plus",
    Contact.Outcome.NO_ANSWER: "telephone-x",
    Contact.Outcome.REFUSED: "slash-circle",
    Contact.Outcome.WRONG_NUMBER: "question-lg",
    Contact.Outcome.NOT_NEEDED: "three-dots",
}
CHANNELS = {
    Contact.Channel.CALL: "telephone",
    Contact.Channel.WECHAT: "chat-dots",
    Contact.Channel.VISIT: "house",
    Contact.Channel.OTHER: "three-dots",
}
NEED_A_DAY = {Contact.Outcome.WILL_PAY, Contact.Outcome.ASKED_LATER}
WHY_LATER = (
    ("busy", _("Client is busy")),
    ("missed", _("Not reached")),
    ("payday", _("Waits for payday")),
)
# Which step is offered after which outcome; after all others one may be added.
STEPS = {Contact.Outcome.NO_ANSWER: "again", Contact.Outcome.WILL_PAY: "check"}
ADDED = "more"


class DayForm(forms.Form):
    """Where in the day one is. A value that makes no sense is as good as none."""

    kind = forms.ChoiceField(choices=[(kind.code, kind.label) for kind in KINDS], required=False)
    on = forms.DateField(required=False)
    task = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    agent = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    through = forms.BooleanField(required=False)
    after = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    done_after = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}

    def day(self) -> date:
        day: date | None = self.chosen()["on"]
        today = dates.today()
        return day if day and abs((day - today).days) <= 400 else today


class KeyForm(forms.Form):
    """The idempotency key that every form of the day carries."""

    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)


class LaterForm(KeyForm):
    until = forms.DateField(required=False)
    until_other = forms.DateField(required=False)
    reason = forms.ChoiceField(choices=WHY_LATER, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["until"] = data.get("until") or data.get("until_other")
        if "until_other" in self.errors:
            self.add_error("until", self.errors["until_other"][0])
        elif not data["until"] and "until" not in self.errors:
            self.add_error("until", _("Choose the day."))
        data["reason"] = str(dict(WHY_LATER).get(data.get("reason", ""), ""))
        return data


class LogForm(KeyForm):
    """What came of it: one contact for the ticked follow-ups of one client."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=Contact.Outcome.choices)
    channel = forms.ChoiceField(label=_("How"), choices=Contact.Channel.choices, required=False)
    until = forms.DateField(
        label=_("On which day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until_other = forms.DateField(required=False)
    amount = forms.DecimalField(
        label=_("How much, if not all"),
        required=False,
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=2,
    )
    steps = forms.BooleanField(required=False)  # the switches were there to be seen
    follow = forms.MultipleChoiceField(
        choices=[(code, code) for code in (*STEPS.values(), ADDED)], required=False
    )
    next_again = forms.DateField(required=False)
    next_check = forms.DateField(required=False)
    next_more = forms.DateField(required=False)
    note = forms.CharField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    task = forms.ModelMultipleChoiceField(
        queryset=FollowUp.objects.none(), error_messages={"required": _("Tick at least one.")}
    )

    def __init__(self, *args: Any, among: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].queryset = among  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        outcome = data.get("outcome")
        data["until"] = data.get("until_other") or data.get("until")
        if "until_other" in self.errors:
            self.add_error("until", self.errors["until_other"][0])
        if outcome in NEED_A_DAY and not data.get("until") and "until" not in self.errors:
            self.add_error("until", _("Choose the day."))
        if outcome == Contact.Outcome.REFUSED and not (data.get("note") or "").strip():
            self.add_error("note", _("Write the reason in a few words."))
        if outcome not in NEED_A_DAY:
            data["until"] = None
        data["channel"] = data.get("channel") or Contact.Channel.CALL
        data["follow"], data["next_on"] = self._step(outcome, data)
        return data

    def _step(self, outcome: str | None, data: dict[str, Any]) -> tuple[bool | None, date | None]:
        """Whether a next step was switched on, and its day; None where nobody was asked."""
        if not data.get("steps") or not outcome or outcome == Contact.Outcome.ASKED_LATER:
            return None, None
        code = STEPS.get(Contact.Outcome(outcome), ADDED)
        if code not in data.get("follow", []):
            return False, None
        day = data.get(f"next_{code}")
        if code == ADDED and not day and "next_more" not in self.errors:
            self.add_error("next_more", _("Choose the day."))
        return True, day
