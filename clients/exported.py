"""The list of clients as a file."""

from collections.abc import Callable
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.exports import Column, Listing, Words
from accounts.models import User
from clients import quality
from clients.forms import ClientFilter
from clients.models import Client, Duplicate
from clients.privacy import hidden_fields
from lib import dates


def personal(model: str, heading: Words, field: str, value: Callable[[Any], object]) -> Column:
    """A column of what `clients.privacy` hides."""
    return Column(heading, value, hidden_fields(model)[field])


def of_agent(agent: Callable[[Any], User | None]) -> tuple[Column, Column]:
    return (
        Column(_("Agent number"), lambda row: _of(agent(row), "staff_no")),
        Column(_("Agent"), lambda row: _of(agent(row), "name")),
    )


def _of(agent: User | None, field: str) -> object:
    return getattr(agent, field) if agent else ""


def _clients(user: User, asked: QueryDict) -> Any:
    form = ClientFilter(asked, user=user)
    found = form.find(Client.objects.listed_for(user), dates.today())
    return found.all_of(Client.objects.for_list())


CLIENTS = Listing(
    "clients",
    _("Clients"),
    "clients:list",
    (
        Column(_("Name"), lambda client: client.name),
        Column(_("Gender"), lambda client: client.get_gender_display()),
        Column(_("Born on"), lambda client: client.birth_on),
        personal("client", _("ID number"), "id_number", lambda client: client.id_number),
        Column(_("ID valid until"), lambda client: client.id_valid_to),
        personal("client", _("Mobile"), "mobile", lambda client: client.mobile),
        personal("client", _("Phone"), "phone", lambda client: client.phone),
        Column(_("Email"), lambda client: client.email),
        Column(_("Address"), lambda client: client.address),
        Column(_("Postcode"), lambda client: client.postcode),
        Column(_("Class"), lambda client: client.shown_class.label),
        Column(_("Attention"), lambda client: client.attention),
        Column(_("Policies"), lambda client: len(client.policies.all())),
        *of_agent(lambda client: client.agent),
        Column(_("Last contact"), lambda client: client.last_contact_on),
    ),
    _clients,
)


def _duplicates(user: User, asked: QueryDict) -> Any:
    pairs = Duplicate.objects.visible_to(user).select_related("one__agent", "other__agent")
    return pairs.exclude(different_at=None) if "different" in asked else pairs.open()


def _of_both(pick: Callable[[Duplicate], Client]) -> tuple[Column, ...]:
    return (
        Column(_("Name"), lambda pair: pick(pair).name),
        Column(_("Born on"), lambda pair: pick(pair).birth_on),
        personal("client", _("Mobile"), "mobile", lambda pair: pick(pair).mobile),
        *of_agent(lambda pair: pick(pair).agent),
    )


DUPLICATES = Listing(
    "duplicates",
    _("Duplicates"),
    "clients:duplicates",
    (
        *_of_both(lambda pair: pair.one),
        *_of_both(lambda pair: pair.other),
        Column(_("Evidence"), lambda pair: " · ".join(str(words) for words, _for in pair.evidence)),
    ),
    _duplicates,
    allows=lambda user: user.oversees,
)


def _quality(user: User, asked: QueryDict) -> Any:
    return quality.by_agent(Client.objects.listed_for(user), dates.today())


def _counted(place: int) -> Callable[[quality.Line], int]:
    return lambda line: line.counts[place]


QUALITY = Listing(
    "quality",
    _("Data quality"),
    "clients:quality",
    (
        Column(_("Agent number"), lambda line: line.staff_no),
        Column(_("Agent"), lambda line: line.name),
        Column(_("Clients"), lambda line: line.clients),
        *(Column(check.label, _counted(n)) for n, check in enumerate(quality.CHECKS)),
    ),
    _quality,
)
