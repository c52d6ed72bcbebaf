"""What happened with a client: contacts, policies and the system itself, the latest first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from clients.models import Client, Contact
from followups.models import FollowUp
from followups.stock import StockMove
from lib.templatetags.ui import year_month
from policies.happened import Told, from_the_days, tell, tell_record
from policies.lifecycle import PolicyEvent
from policies.models import ClientClass, Instalment, Policy
from policies.records import Record

SHOWN_EVENTS = 20
MOST_EVENTS = 300


@dataclass(frozen=True)
class Event:
    on: date
    icon: str
    tone: str
    title: str | Promise
    beside: str | Promise = ""
    text: str = ""
    undone: bool = False
    policy: Policy | None = None
    record: Record | None = None


KINDS = ("contacts", "policies", "system")
CHANNEL_ICONS = {
    "visit": "house",
    "call": "telephone",
    "wechat": "chat-dots",
    "card": "balloon-heart",
    "letter": "envelope",
    "gift": "gift",
}
OUTCOME_TONES = {"no_answer": "warn", "wrong_number": "danger", "refused": "danger"}


def events_of(
    client: Client,
    policies: list[Policy],
    instalments: list[Instalment],
    kind: str,
    today: date,
) -> list[Event]:
    """What happened with the client, the latest first; of one kind, or of all."""
    events: list[Event] = []
    if kind in {"", "contacts"}:
        events += contact_events(client)
    if kind in {"", "policies"}:
        events += [*policy_events(policies), *payment_events(instalments)]
        events += [*moves_of(client, policies, today), *record_events(client, policies)]
    if kind in {"", "system"}:
        events += word_events(client)
    if kind == "system":
        events += [*class_events(client), *moved_events(client), *followup_events(client)]
    return sorted(events, key=lambda event: event.on, reverse=True)


def contact_events(client: Client) -> Iterator[Event]:
    """Contacts with what was given on them, and what was handed over besides."""
    moves = client.gifts.given().select_related("item", "by").order_by("-on", "pk")
    given: dict[int | None, list[StockMove]] = {}
    for move in moves[:MOST_EVENTS]:
        given.setdefault(move.contact_id, []).append(move)
    told = client.contacts.select_related("by", "escalation__closed_by")
    for contact in told.order_by("-at")[:MOST_EVENTS]:
        plain = contact.outcome == Contact.Outcome.DONE
        yield Event(
            contact.on,
            CHANNEL_ICONS.get(contact.channel, "journal-text"),
            OUTCOME_TONES.get(contact.outcome, "accent"),
            contact.get_channel_display() if plain else contact.get_outcome_display(),
            beside=" · ".join(
                [contact.by.name, *(move.item.name for move in given.get(contact.pk, []))]
            ),
            text=contact.note,
            undone=contact.undone_at is not None,
        )
        yield from _answered(contact)
    for move in given.get(None, []):
        yield Event(move.on, "gift", "plum", move.item.name, beside=move.by.name)


def _answered(contact: Contact) -> Iterator[Event]:
    """What the supervisor did about what was handed up on the contact."""
    matter = getattr(contact, "escalation", None)
    if matter and matter.closed_on:
        title = _("Answered by the supervisor")
        yield Event(matter.closed_on, "flag", "ok", title, matter.closed_by.name, matter.answer)


def policy_events(policies: Iterable[Policy]) -> Iterator[Event]:
    for policy in policies:
        if on := policy.issued_on or policy.effective_on:
            yield Event(on, "file-earmark-check", "teal", _("Policy issued"), policy=policy)
        if policy.receipt_signed_on:
            on = policy.receipt_signed_on
            yield Event(on, "person-check", "ok", _("Receipt signed"), policy=policy)


def instalments_of(client: Client, today: date) -> list[Instalment]:
    """Premiums that were paid, and those of which a word of the client is waited for."""
    told = PolicyEvent.objects.filter(
        policy=OuterRef("policy"),
        kind=PolicyEvent.Kind.INSTALMENT,
        now=Instalment.State.PAID,
        due_on=OuterRef("due_on"),
    )
    heard = Q(paid_on__isnull=False) | Q(rests_until__gte=today)
    rows = Instalment.objects.filter(heard, policy__holder=client).annotate(told=Exists(told))
    return list(rows.select_related("policy__product").order_by("-due_on")[:MOST_EVENTS])


def payment_events(instalments: Iterable[Any]) -> Iterator[Event]:
    """Premiums that came in as paid; of the others the events of their policies tell."""
    for instalment in instalments:
        if instalment.paid_on and not instalment.told:
            words = _("Premium paid")
            yield Event(instalment.paid_on, "check-lg", "ok", words, policy=instalment.policy)


def moves_of(client: Client, policies: list[Policy], today: date) -> Iterator[Event]:
    """What moved on the client's policies, and by whose hand or which file."""
    moves = PolicyEvent.objects.filter(policy__holder=client).select_related("by")
    latest = list(moves[:MOST_EVENTS])
    by_pk = {policy.pk: policy for policy in policies}
    told: list[tuple[Told, Policy | None]] = []
    for policy in policies:
        own = [event for event in latest if event.policy_id == policy.pk]
        told += [(one, policy) for one in from_the_days(policy, own, today)]
    told += [(tell(event), by_pk.get(event.policy_id)) for event in latest]
    for one, about in told:
        said = " · ".join(filter(None, [str(one.source), one.by]))
        yield Event(one.on, one.icon, one.tone, one.title, beside=said, policy=about)


def record_events(client: Client, policies: Iterable[Policy]) -> Iterator[Event]:
    """What the insurer's lists say of the client's policies."""
    by_pk = {policy.pk: policy for policy in policies}
    for record in Record.objects.filter(policy__holder=client)[:MOST_EVENTS]:
        told = tell_record(record)
        yield Event(told.on, told.icon, told.tone, told.title, beside=told.source,
            policy=by_pk.get(record.policy_id), record=record)  # fmt: skip


def class_events(client: Client) -> Iterator[Event]:
    """Each month in which the client came into another class."""
    rows = ClientClass.objects.filter(client=client).exclude(last_class="")
    for row in rows.exclude(last_class=F("final_class")).order_by("-month")[:MOST_EVENTS]:
        words = {
            "before": Client.Class(row.last_class).label,
            "after": row.get_final_class_display(),
        }
        title = _("From %(before)s to %(after)s") % words
        yield Event(row.month, "grid-3x3-gap", "slate", title, beside=_("monthly classification"))


def word_events(client: Client) -> Iterator[Event]:
    """What the client said about how they want to hear from us."""
    for word in client.consents.all():
        tone = "warn" if word.is_no else "ok"
        title = f"{word.get_channel_display()}: {word.get_state_display()}"
        yield Event(word.on, "slash-circle" if word.is_no else "check-lg", tone, title,
            text=word.evidence)  # fmt: skip


def moved_events(client: Client) -> Iterator[Event]:
    for moved in client.moves.order_by("-on")[:MOST_EVENTS]:
        title = _("%(what)s changed") % {"what": moved.get_what_display()}
        yield Event(moved.on, "person-check", "teal", title)


def followup_events(client: Client) -> Iterator[Event]:
    """Work that came to nothing, and why."""
    over = Q(status=FollowUp.Status.MISSED) | Q(status=FollowUp.Status.WITHDRAWN)
    rows = client.followups.filter(over).select_related("policy__product")
    for row in rows.order_by("-list_on", "-pk")[:MOST_EVENTS]:
        missed = row.status == FollowUp.Status.MISSED
        said = row.get_status_display() if missed else row.get_reason_display()
        on = row.keep_until if missed else row.withdrawn_on or row.list_on
        yield Event(on, "x-lg" if missed else "arrow-return-left", "danger" if missed else "slate",
            str(row.rule_label), beside=said, policy=row.policy)  # fmt: skip


def by_month(events: list[Event], today: date) -> list[tuple[str, list[Event]]]:
    groups = groupby(events, key=lambda event: (event.on.year, event.on.month, event.on == today))
    return [
        (_("Today") if is_today else year_month(date(year, month, 1)), list(rows))
        for (year, month, is_today), rows in groups
    ]
