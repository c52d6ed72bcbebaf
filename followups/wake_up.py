"""Who has not heard from us for half a year or longer, and what there is to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.forms import ListFilter
from clients.models import Client, Contact
from clients.models import ClientQuerySet as Clients
from followups import enough
from followups.models import FollowUp
from followups.placeholders import fill, salutation
from followups.rulebook.keeping_touch import ASLEEP, HALF_ASLEEP
from followups.scripts import TEXTS
from followups.work import record
from lib.paging import Found
from policies.models import ANNUALISED, Policy, annual_premium_of_holder

ORDER = ("silent_since", "pk")


class WakeUpFilter(ListFilter):
    """The list's address; a wrong value in it is passed over."""

    show = forms.ChoiceField(required=False, choices=[("half-asleep", ""), ("dormant", "")])
    client_class = forms.ChoiceField(required=False, choices=Client.Class.choices)
    say = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


@dataclass(frozen=True)
class Stage:
    code: str
    label: str | Promise
    tone: str
    clients: int = 0


STAGES = (
    Stage("half-asleep", _("Half a year and longer"), "warn"),
    Stage("dormant", _("A year and longer"), "danger"),
)


def stage_of(client: Client, today: date) -> Stage:
    days = (today - client.silent_since).days if client.silent_since else 0
    return STAGES[days >= ASLEEP]


def silent(clients: Clients, today: date, stage: str = "") -> Clients:
    """Those who may be spoken to, hold a policy in force, and have heard nothing for so long."""
    half = today - timedelta(days=HALF_ASLEEP)
    whole = today - timedelta(days=ASLEEP)
    held = Policy.objects.in_force(today).filter(holder=OuterRef("pk"))
    rows = clients.contactable().filter(Exists(held), silent_since__lte=half)
    if stage == "half-asleep":
        return rows.filter(silent_since__gt=whole)
    return rows.filter(silent_since__lte=whole) if stage == "dormant" else rows


@dataclass(frozen=True)
class WakeUp:
    """The list as it was asked for."""

    form: WakeUpFilter
    today: date
    mine: Clients

    @property
    def rows(self) -> Clients:
        """Everybody who is silent, of the agent and class that were asked for."""
        rows = silent(self.mine, self.today)
        if agent := self.form.asked("agent"):
            rows = rows.filter(agent=agent)
        if wanted := self.form.asked("client_class"):
            unclassed = [""] if wanted == Client.Class.MAINTAIN else []
            rows = rows.filter(client_class__in=[wanted, *unclassed])
        return rows

    @property
    def stages(self) -> list[Stage]:
        """Counted in one query."""
        whole = self.today - timedelta(days=ASLEEP)
        counts = self.rows.aggregate(
            dormant=Count("pk", filter=Q(silent_since__lte=whole)),
            half=Count("pk", filter=Q(silent_since__gt=whole)),
        )
        numbers = (counts["half"], counts["dormant"])
        return [
            Stage(stage.code, stage.label, stage.tone, n)
            for stage, n in zip(STAGES, numbers, strict=True)
        ]

    @property
    def shown(self) -> Clients:
        rows = self.rows
        whole = self.today - timedelta(days=ASLEEP)
        wanted = self.form.asked("show")
        if wanted == "dormant":
            return rows.filter(silent_since__lte=whole)
        return rows.filter(silent_since__gt=whole) if wanted else rows

    @property
    def found(self) -> Found:
        return Found([self.shown], ORDER)

    def premium(self) -> Decimal:
        """What those shown pay a year."""
        in_force = Policy.objects.in_force(self.today).filter(holder__in=self.shown.values("pk"))
        total: Decimal | None = in_force.aggregate(total=Sum(ANNUALISED))["total"]
        return total or Decimal(0)


@dataclass(frozen=True)
class Row:
    client: Client
    days: int
    stage: Stage
    premium: Decimal
    words: str  # what to say, if it was asked for


def for_list(today: date) -> Clients:
    clients: Clients = Client.objects.for_list().prefetch_related("consents")
    return clients.annotate(a_year=Subquery(annual_premium_of_holder(today)))


def rows_of(clients: Sequence[Any], speaker: User, today: date, say: int | None) -> list[Row]:
    return [
        Row(
            client,
            (today - client.silent_since).days,
            stage_of(client, today),
            client.a_year or Decimal(0),
            what_to_say(client, speaker, today) if client.pk == say else "",
        )
        for client in clients
    ]


def what_to_say(client: Client, speaker: User, today: date) -> str:
    values = {"name": salutation(client), "agent": speaker.name}
    return fill(str(TEXTS[stage_of(client, today).code]), values)


def spoken(client: Client, channel: str, *, by: User, on: date) -> Contact:
    """Somebody spoke to the client: the calls that stand on a list are done with it."""
    calls = FollowUp.objects.open().filter(client=client, series="silence", list_on__lte=on)
    rows = list(calls.select_related("client", "instalment"))
    if rows:
        return record(rows, by=by, on=on, outcome=Contact.Outcome.DONE, channel=channel)
    contact = Contact.objects.create(client=client, by=by, on=on, channel=channel)
    enough.after(contact)
    return contact
