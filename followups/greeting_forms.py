"""What the pages of greetings accept: the campaign's address, one greeting, the picked ones."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.forms import ListFilter
from clients.models import Client, Contact
from followups.forms import KeyForm
from followups.greetings import Greeting, GreetingQuerySet
from followups.placeholders import checked
from followups.stock import StockItem
from policies.models import ClassificationRun, ClientClass

Channel = Contact.Channel
# How one greets, with its icon; what is handed over comes off the shelf.
WAYS = {
    Channel.WECHAT: "chat-dots",
    Channel.CALL: "telephone",
    Channel.CARD: "balloon-heart",
    Channel.LETTER: "envelope",
    Channel.GIFT: "gift",
}
FROM_THE_SHELF = {Channel.CARD: "card", Channel.LETTER: "letter", Channel.GIFT: "gift"}
SHOWN = (
    ("", _("Left")),
    ("sent", pgettext_lazy("greetings", "Sent")),
    ("skipped", pgettext_lazy("greetings", "Skipped")),
)


class GreetingFilter(ListFilter):
    """The campaign's address; a wrong value in it is passed over."""

    show = forms.ChoiceField(required=False, choices=[("", ""), *Greeting.State.choices])
    of_class = forms.ChoiceField(required=False, choices=[("", ""), *Client.Class.choices])
    tier = forms.ChoiceField(required=False, choices=[("", ""), *ClientClass.Tier.choices])
    how = forms.ChoiceField(required=False, choices=[(way.value, way.label) for way in WAYS])
    item = forms.ModelChoiceField(StockItem.objects.filter(active=True), required=False)

    @property
    def way(self) -> str:
        return self.asked("how") or Channel.WECHAT

    @property
    def kind_of_stock(self) -> str:
        return FROM_THE_SHELF.get(Channel(self.way), "")

    @property
    def stock(self) -> StockItem | None:
        item: StockItem | None = self.asked("item")
        return item if item and item.kind == self.kind_of_stock else None

    def of_whom(self, greetings: GreetingQuerySet) -> GreetingQuerySet:
        agent = self.asked("agent")
        return greetings.filter(client__agent=agent) if agent else greetings

    def narrow(self, greetings: GreetingQuerySet) -> GreetingQuerySet:
        """The class, tier and name asked for; whether done or left comes after."""
        wanted = Q()
        if own_class := self.asked("of_class"):
            unclassed = ["", own_class] if own_class == Client.Class.MAINTAIN else [own_class]
            wanted &= Q(client__client_class__in=unclassed)
        if text := self.asked("q"):
            wanted &= Q(client__name__startswith=text)
        if tier := self.asked("tier"):
            wanted &= Q(Exists(_of_tier(tier)))
        return greetings.filter(wanted)

    def in_state(self, greetings: GreetingQuerySet) -> GreetingQuerySet:
        return greetings.filter(state=self.asked("show") or Greeting.State.OPEN)


def _of_tier(tier: str) -> Any:
    latest = ClassificationRun.objects.order_by("-month").values("month")[:1]
    return ClientClass.objects.filter(
        client=OuterRef("client_id"), month=Subquery(latest), tier=tier
    )


class WordsField(forms.CharField):
    """Words to clients: only known placeholders, the others are named."""

    def __init__(self, *, allowed: Collection[str], **kwargs: Any) -> None:
        self.allowed = allowed
        super().__init__(max_length=600, widget=forms.Textarea, **kwargs)

    def clean(self, value: Any) -> str:
        return checked(super().clean(value), self.allowed)


class OwnWordsForm(KeyForm):
    """The text for one client, as the agent would say it; what stands in braces stays so."""

    words = forms.CharField(
        label=_("Text"), max_length=600, widget=forms.Textarea(attrs={"rows": 6, "maxlength": 600})
    )


class SkipForm(KeyForm):
    why = forms.ChoiceField(
        label=_("Reason"),
        choices=Greeting.Why.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason.")},
    )


class PickForm(KeyForm):
    """The ticked greetings of a page."""

    pick = forms.ModelMultipleChoiceField(
        Greeting.objects.none(), error_messages={"required": _("Tick at least one.")}
    )

    def __init__(self, *args: Any, among: GreetingQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pick"].queryset = among  # type: ignore[attr-defined]
