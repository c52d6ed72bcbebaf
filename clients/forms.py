"""What is typed about a client: the filters of the list, the person, a note."""

import uuid
from datetime import date, timedelta
from typing import Any, Self

from crispy_forms.helper import FormHelper
from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, Role, User
from accounts.scope import agents_seen_by
from clients import quality
from clients.models import Client, ClientQuerySet, Consent, Contact, Moved
from clients.privacy import hidden_fields
from lib import dates, identity, phones
from lib.crypto import blind_index
from lib.paging import MOST, MOST_SEARCHED, Found
from lib.panels import laid_out, panel, row
from lib.versioned import DayInput, VersionedForm


def agents_of(user: User) -> Any:
    return agents_seen_by(user).filter(role=Role.AGENT, is_active=True).order_by("staff_no")


class ListFilter(forms.Form):
    """A list's address: a wrong value in it is passed over."""

    q = forms.CharField(required=False, max_length=60, strip=True)
    agent = forms.ModelChoiceField(User.objects.none(), required=False)
    page = forms.IntegerField(required=False, min_value=1)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if user.oversees:
            self.fields["agent"].queryset = agents_of(user)  # type: ignore[attr-defined]
        self.full_clean()

    def asked(self, name: str) -> Any:
        return self.cleaned_data.get(name)

    @property
    def page_number(self) -> int:
        return self.asked("page") or 1


class ClientFilter(ListFilter):
    client_class = forms.ChoiceField(required=False, choices=[("", ""), *Client.Class.choices])
    birthday = forms.ChoiceField(
        required=False,
        choices=[
            ("", ""),
            ("week", _("Birthday within 7 days")),
            ("month", _("Birthday this month")),
        ],
    )
    pool = forms.BooleanField(required=False)
    lacks = forms.ChoiceField(
        required=False, choices=[(check.code, check.label) for check in quality.CHECKS]
    )

    def find(self, clients: ClientQuerySet, today: date) -> Found:
        order: tuple[str, ...] = ("pinyin", "pk")
        if agent := self.asked("agent"):
            clients = clients.filter(agent=agent)
        if self.asked("pool") and self.user.administers:
            clients = clients.filter(agent=None)
        if wanted := self.asked("client_class"):
            unclassed = [""] if wanted == Client.Class.MAINTAIN else []
            clients = clients.filter(client_class__in=[wanted, *unclassed])
        if days := birthday_days(self.asked("birthday") or "", today):
            clients = clients.filter(next_birthday_on__range=days)
            order = ("next_birthday_on", *order)
        if lacks := self.asked("lacks"):
            clients = quality.alive(clients).filter(quality.BY_CODE[lacks].lacks(today))
        text = self.asked("q") or ""
        return Found(clients.search(text), order, MOST_SEARCHED if text else MOST)

    @property
    def lacking(self) -> str:
        """What those shown lack, in words."""
        found = quality.BY_CODE.get(self.asked("lacks") or "")
        return str(found.label) if found else ""


def birthday_days(when: str, today: date) -> tuple[date, date] | None:
    if when == "week":
        return today, today + timedelta(days=7)
    if when == "month":
        first = today.replace(day=1)
        return first, dates.add_months(first, 1) - timedelta(days=1)
    return None


REACHED_BY = frozenset({"mobile", "phone", "address"})


class ClientForm(VersionedForm):
    masks = hidden_fields("client")

    id_number = forms.CharField(label=_("ID number"), required=False, max_length=30)
    mobile = forms.CharField(label=_("Mobile"), required=False, max_length=30)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=40)

    class Meta:
        model = Client
        fields = (
            "name",
            "gender",
            "birth_on",
            "birthday_calendar",
            "id_number",
            "id_valid_to",
            "mobile",
            "phone",
            "email",
            "address",
            "postcode",
            "agent",
            "source",
            "do_not_sell",
            "deceased",
            "do_not_contact",
            "note",
        )
        widgets = {
            "birth_on": DayInput(),
            "id_valid_to": DayInput(),
            "note": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["mobile"].widget.input_type = "tel"
        if user.serves:
            del self.fields["agent"]
        else:
            self.fields["agent"].queryset = agents_of(user)  # type: ignore[attr-defined]
            self.fields["agent"].required = not user.administers
        self.helper = self._layout()

    def _layout(self) -> FormHelper:
        agent = ["agent"] if "agent" in self.fields else []
        return laid_out(
            "version",
            "key",
            panel(
                _("Who"),
                row("name", "gender"),
                row("birth_on", "birthday_calendar"),
                row("id_number", "id_valid_to"),
            ),
            panel(
                _("How to reach them"),
                row("mobile", "phone"),
                row("email", "postcode"),
                "address",
                "do_not_contact",
            ),
            panel(
                _("How to serve them"),
                row("source"),
                *agent,
                "note",
                "do_not_sell",
                "deceased",
            ),
        )

    def clean_id_number(self) -> str:
        return self.kept_or("id_number", true_id)

    def clean_mobile(self) -> str:
        return self.kept_or("mobile", true_phone)

    def clean_phone(self) -> str:
        return self.kept_or("phone", true_phone)

    def clean_birth_on(self) -> date | None:
        born_on: date | None = self.cleaned_data["birth_on"]
        if born_on and not date(1900, 1, 31) <= born_on <= dates.today():
            raise forms.ValidationError(_("A birth date lies in the past, after 1900."))
        return born_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        number = cleaned.get("id_number")
        if number and self._somebody_else_has(number):
            self.add_error("id_number", _("Another client has this ID number."))
        if number and (known := identity.parse(number)):
            cleaned["birth_on"] = cleaned.get("birth_on") or known.born_on
            cleaned["gender"] = cleaned.get("gender") or known.sex[0]
        return cleaned

    def _somebody_else_has(self, number: str) -> bool:
        index = blind_index(number, "client.id_number")
        return Client.objects.filter(id_index=index).exclude(pk=self.instance.pk).exists()

    @transaction.atomic
    def record(self) -> Client:
        """Save, recorded by whom; the audit names the fields and never what stood in them."""
        client: Client = self.save(commit=False)
        created = client.pk is None
        if created and self.user.serves:
            client.agent = self.user
        client.version = client.version + (not created)
        if "agent" in self.changed_data and not created:
            client.handed_over_on = dates.today()
        if REACHED_BY.intersection(self.changed_data):
            client.verified_on, client.contact_invalid_on = dates.today(), None
        Moved.notes_are_of(dates.today())
        client.save()
        action = AuditEntry.Action.CREATE if created else AuditEntry.Action.UPDATE
        changed = sorted(set(self.changed_data) - {"version", "key"})
        AuditEntry.record(self.user, action, client, fields=changed)
        return client


class NoteForm(forms.Form):
    """One contact, written down by hand."""

    channel = forms.ChoiceField(
        label=_("How"),
        choices=Contact.Channel.choices,
        initial=Contact.Channel.CALL,
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Write down a contact…")}),
    )
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    @classmethod
    def blank(cls) -> Self:
        return cls(initial={"key": uuid.uuid4().hex, "channel": Contact.Channel.CALL})

    def record(self, client: Client, *, by: User, on: date) -> Contact:
        """Put the note on the client's timeline; call inside a transaction."""
        return Contact.objects.create(
            client=client,
            by=by,
            on=on,
            channel=self.cleaned_data["channel"],
            note=self.cleaned_data["note"],
        )


class ConsentForm(forms.Form):
    """What a client said about one way of hearing from us, and how we know."""

    channel = forms.ChoiceField(
        label=_("Way"), choices=Consent.Channel.choices, widget=forms.RadioSelect
    )
    state = forms.ChoiceField(
        label=_("What they said"), choices=Consent.State.choices, widget=forms.RadioSelect
    )
    on = forms.DateField(label=_("Said on"), widget=DayInput())
    evidence = forms.CharField(
        label=_("How we know"),
        max_length=200,
        error_messages={"required": _("Write down how we know: said on the phone, a letter…")},
    )
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid.uuid4().hex)

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > dates.today():
            raise forms.ValidationError(_("That day has not come yet. Choose today or earlier."))
        return on


def true_id(typed: str) -> str:
    if not identity.looks_like_one(typed):
        return identity.normalise(typed)  # a passport or another paper
    found = identity.parse(typed)
    if found is None:
        raise forms.ValidationError(_("The check digit does not fit: one digit is wrong."))
    return found.number


def true_phone(typed: str) -> str:
    found = phones.parse(typed)
    if found is None:
        raise forms.ValidationError(_("This is no phone number: a mobile has 11 digits."))
    return found.number
