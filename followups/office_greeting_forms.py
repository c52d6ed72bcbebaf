"""What the office types about festivals, texts and stock."""

import uuid
from decimal import Decimal
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from followups.festivals import Festival
from followups.forms import KeyForm
from followups.greeting_forms import WordsField
from followups.stock import StockItem
from followups.texts import Occasion, Text
from lib.panels import laid_out, panel, row
from lib.versioned import VersionedForm

ALL = [("", _("All"))]


class FestivalForm(VersionedForm):
    """A festival: its name, its day, for whom, and how early."""

    classes = forms.MultipleChoiceField(
        label=_("Classes"),
        choices=Client.Class.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Tick at least one class, or switch the festival off.")},
    )

    class Meta:
        model = Festival
        fields = (
            "name",
            "name_en",
            "kind",
            "month",
            "day",
            "nth",
            "weekday",
            "for_whom",
            "trades",
            "classes",
            "lead",
            "active",
        )

    @property
    def helper(self) -> FormHelper:
        return laid_out(
            "version",
            "key",
            panel(_("Festival"), row("name", "name_en"), "active"),
            panel(_("When"), "kind", row("month", "day"), row("nth", "weekday"), "lead"),
            panel(_("For whom"), "for_whom", "trades", "classes"),
        )


class TextForm(KeyForm):
    """The office's words for an occasion; empty words take them back."""

    client_class = forms.ChoiceField(
        label=_("Class"), choices=[*ALL, *Client.Class.choices], required=False
    )

    def __init__(self, *args: Any, occasion: Occasion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channels = [(one.value, one.label) for one in occasion.channels]
        self.fields["channel"] = forms.ChoiceField(
            label=_("Channel"), choices=[*ALL, *channels], required=False
        )
        self.fields["words"] = WordsField(
            label=_("Words"),
            allowed=occasion.allowed,
            required=False,
            help_text=_("Empty takes the text back; the next more general one is used."),
        )

    def text(self, **about: Any) -> Text:
        data = self.cleaned_data
        return Text(
            client_class=data["client_class"],
            channel=data["channel"],
            words=data["words"].strip(),
            **about,
        )


class StockItemForm(VersionedForm):
    class Meta:
        model = StockItem
        fields = ("name", "kind", "unit_cost", "reorder_at", "active")

    @property
    def helper(self) -> FormHelper:
        return laid_out(
            "version",
            "key",
            panel(_("Stock item"), "name", row("kind", "unit_cost"), row("reorder_at"), "active"),
        )

    def clean_unit_cost(self) -> Decimal:
        cost: Decimal = self.cleaned_data["unit_cost"]
        if cost < 0:
            raise forms.ValidationError(_("A cost is not less than nothing."))
        return cost


class ShelfForm(KeyForm):
    """A delivery, or what was counted."""

    n = forms.IntegerField(label=_("Number"), min_value=0, max_value=100_000)
    note = forms.CharField(label=_("Note"), required=False, max_length=120)
    do = forms.ChoiceField(choices=[("receive", ""), ("count", "")])

    @classmethod
    def blank(cls) -> "ShelfForm":
        return cls(initial={"key": uuid.uuid4().hex})

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("do") == "receive" and data.get("n") == 0:
            self.add_error("n", _("A delivery has at least one."))
        return data
