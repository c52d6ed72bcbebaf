"""What the pages of the day accept: every parameter is read through one of these."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Contact
from followups.agenda import GROUPS
from followups.models import FollowUp
from lib import dates

Outcome = Contact.Outcome
TILES = {
    Outcome.DONE: "check-circle",
    Outcome.PAID_ALREADY: "check-circle-fill",
    Outcome.WILL_PAY: "calendar-check",
    Outcome.ASKED_LATER: "calendar-plus",
    Outcome.NO_ANSWER: "telephone-x",
    Outcome.REFUSED: "slash-circle",
    Outcome.PARTLY: "check2-circle",
    Outcome.NOT_HOME: "house",
    Outcome.WRONG_NUMBER: "question-lg",
    Outcome.MOVED: "geo-alt",
    Outcome.COMPLAINT: "exclamation-lg",
    Outcome.MANAGER: "people",
    Outcome.NOT_NEEDED: "three-dots",
    Outcome.DECEASED: "person-dash",
}
CHANNELS = {
    Contact.Channel.CALL: "telephone",
    Contact.Channel.WECHAT: "chat-dots",
    Contact.Channel.VISIT: "house",
    Contact.Channel.OTHER: "three-dots",
}
NEED_A_DAY = {Outcome.WILL_PAY, Outcome.ASKED_LATER}
# What else an outcome asks for, and what follows it: the page shows a field or a step by these.
ASKS = {
    Outcome.WILL_PAY: "day",
    Outcome.ASKED_LATER: "day",
    Outcome.REFUSED: "why",
    Outcome.MOVED: "address",
    Outcome.DECEASED: "sure",
}
WHY_LATER = (
    ("busy", _("Client is busy")),
    ("missed", _("Not reached")),
    ("payday", _("Waits for payday")),
)
# Under which code a step is offered after which outcome; after the others one may be added.
STEPS = {
    Outcome.NO_ANSWER: "again",
    Outcome.NOT_HOME: "home",
    Outcome.PARTLY: "rest",
    Outcome.WRONG_NUMBER: "number",
    Outcome.MOVED: "address",
    Outcome.WILL_PAY: "check",
}
ADDED = "more"
# These say themselves what follows, and nothing of it is the agent's to choose.
FIXED = {
    Outcome.ASKED_LATER: "later",
    Outcome.PAID_ALREADY: "file",
    Outcome.DECEASED: "quiet",
}
KEY_AHEAD = re.compile(r"[\w-]{1,24}(\.\d{1,18}){3}\.\d{8}")


class KeysAhead(forms.MultipleChoiceField):
    """Names of coming work; whether it is still coming is found out when it is taken."""

    def valid_value(self, value: str) -> bool:
        return KEY_AHEAD.fullmatch(value) is not None


class DayForm(forms.Form):
    """Where in the day one is. A value that makes no sense is as good as none."""

    kind = forms.ChoiceField(choices=[(kind.code, kind.label) for kind in GROUPS], required=False)
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
    met_at = forms.TimeField(label=_("When, if not just now"), required=False)
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
    refusal = forms.ChoiceField(label=_("Why"), choices=Contact.Refusal.choices, required=False)
    address = forms.CharField(label=_("New address"), required=False, max_length=200)
    sure = forms.BooleanField(required=False)
    steps = forms.BooleanField(required=False)  # the switches were there to be seen
    follow = forms.MultipleChoiceField(
        choices=[(code, code) for code in (*STEPS.values(), ADDED)], required=False
    )
    note = forms.CharField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    task = forms.ModelMultipleChoiceField(queryset=FollowUp.objects.none(), required=False)
    ahead = KeysAhead(required=False)

    def __init__(self, *args: Any, among: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].queryset = among  # type: ignore[attr-defined]
        for code in (*STEPS.values(), ADDED):
            self.fields[f"next_{code}"] = forms.DateField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        outcome = data.get("outcome")
        data["until"] = data.get("until_other") or data.get("until")
        if "until_other" in self.errors:
            self.add_error("until", self.errors["until_other"][0])
        if outcome in NEED_A_DAY and not data.get("until") and "until" not in self.errors:
            self.add_error("until", _("Choose the day."))
        if not data.get("task") and not data.get("ahead") and "task" not in self.errors:
            self.add_error("task", _("Tick at least one."))
        said = (data.get("note") or "").strip()
        if outcome == Outcome.REFUSED and not said and data.get("refusal") in {None, "", "other"}:
            self.add_error("note", _("Write the reason in a few words."))
        if outcome == Outcome.DECEASED and not data.get("sure"):
            self.add_error("sure", _("Tick that the family or a paper has confirmed it."))
        if outcome not in NEED_A_DAY:
            data["until"] = None
        data["channel"] = data.get("channel") or Contact.Channel.CALL
        data["follow"], data["next_on"] = self._step(outcome, data)
        return data

    def _step(self, outcome: str | None, data: dict[str, Any]) -> tuple[bool | None, date | None]:
        """Whether a next step was switched on, and its day; None where nobody was asked."""
        if not data.get("steps") or not outcome or outcome in FIXED:
            return None, None
        code = STEPS.get(Outcome(outcome), ADDED)
        if code not in data.get("follow", []):
            return False, None
        day = data.get(f"next_{code}")
        if code == ADDED and not day and "next_more" not in self.errors:
            self.add_error("next_more", _("Choose the day."))
        return True, day
