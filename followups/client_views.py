"""The client's own page: policies, household, what happened and what comes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clients.forms import NoteForm
from clients.models import Client, Contact
from clients.views import Request
from followups import money_words, people_page
from followups.stock import StockMove
from followups.year import year_strip
from lib import dates
from lib.templatetags.ui import year_month
from policies import class_words
from policies.happened import Told, from_the_days, tell, tell_record
from policies.lifecycle import PolicyEvent
from policies.models import Instalment, Policy
from policies.premium_line import Held
from policies.records import Record

SHOWN_EVENTS = 20
MOST_EVENTS = 300


@require_GET
def client_page(request: Request, pk: int) -> HttpResponse:
    clients = Client.objects.visible_to(request.user).select_related("agent")
    client = get_object_or_404(clients, pk=pk)
    today = dates.today()
    policies = list(client.policies.select_related("product").order_by("-effective_on", "pk"))
    kind = request.GET.get("show", "")
    events = events_of(client, policies, kind, today)
    in_force = policies_in_force(policies, today)
    shown = events if "all" in request.GET else events[:SHOWN_EVENTS]
    context = {
        "client": client,
        "today": today,
        "age": client.age_on(today),
        "policies": [Held(policy, today) for policy in policies],
        "annual": sum(policy.annualised_premium for policy in in_force),
        "coming": sorted(coming_dates(policies, today), key=lambda coming: coming.on)[:8],
        "months": by_month(shown, today),
        "earlier": len(events) - len(shown),
        "show": kind if kind in KINDS else "",
        "followups": client.followups.open().filter(keep_until__gte=today).for_list(),
        "year": year_strip(client, today),
        "note_form": NoteForm.blank(),
    }
    context |= money_words.about_client(client, today) | class_words.about_client(client)
    context |= people_page.about_client(client, policies, request.user)
    return render(request, "followups/client.html", context)


def policies_in_force(policies: Iterable[Policy], today: date) -> list[Policy]:
    return [policy for policy in policies if policy.status_on(today) == Policy.Status.IN_FORCE]


@dataclass(frozen=True)
class Coming:
    on: date
    icon: str
    tone: str
    words: str
    beside: str = ""
    policy: Policy | None = None


def coming_dates(policies: Iterable[Policy], today: date) -> Iterator[Coming]:
    for policy in policies_in_force(policies, today):
        for on, icon, tone, words in policy_dates(policy, today):
            yield Coming(on, icon, tone, words, policy=policy)


def policy_dates(policy: Policy, today: date) -> Iterator[tuple[date, str, str, str]]:
    if policy.lapses_on and policy.in_grace_on(today):
        last_day = policy.lapses_on - timedelta(days=1)
        yield last_day, "exclamation-circle-fill", "danger", _("Grace ends")
    elif policy.next_due_on and policy.next_due_on >= today:
        yield policy.next_due_on, "arrow-repeat", "accent", _("Premium due")
    if policy.matures_on and policy.matures_on >= today:
        yield policy.matures_on, "bank", "teal", _("Policy matures")
    elif policy.covers_until and policy.covers_until >= today:
        yield policy.covers_until, "shield-check", "slate", _("Cover ends")


# --- what happened


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


KINDS = {"contacts", "policies"}
CHANNEL_ICONS = {
    "visit": "house",
    "call": "telephone",
    "wechat": "chat-dots",
    "card": "balloon-heart",
    "letter": "envelope",
    "gift": "gift",
}
OUTCOME_TONES = {"no_answer": "warn", "wrong_number": "danger", "refused": "danger"}


def events_of(client: Client, policies: list[Policy], kind: str, today: date) -> list[Event]:
    """What happened with the client, the latest first."""
    events: list[Event] = []
    if kind != "policies":
        events += [*contact_events(client), *gift_events(client)]
    if kind != "contacts":
        events += [*policy_events(policies), *payment_events(client)]
        events += [*moves_of(client, policies, today), *record_events(client, policies)]
    return sorted(events, key=lambda event: event.on, reverse=True)


def contact_events(client: Client) -> Iterator[Event]:
    given = Prefetch("gifts", StockMove.objects.given().select_related("item"))
    contacts = client.contacts.select_related("by").prefetch_related(given).order_by("-at")
    for contact in contacts[:MOST_EVENTS]:
        plain = contact.outcome == Contact.Outcome.DONE
        yield Event(
            contact.on,
            CHANNEL_ICONS.get(contact.channel, "journal-text"),
            OUTCOME_TONES.get(contact.outcome, "accent"),
            contact.get_channel_display() if plain else contact.get_outcome_display(),
            beside=" · ".join([contact.by.name, *(move.item.name for move in contact.gifts.all())]),
            text=contact.note,
            undone=contact.undone_at is not None,
        )


def gift_events(client: Client) -> Iterator[Event]:
    """What was handed over besides the contacts that tell of it."""
    moves = client.gifts.given().filter(contact=None).select_related("item", "by")
    for move in moves[:MOST_EVENTS]:
        yield Event(move.on, "gift", "plum", move.item.name, beside=move.by.name)


def policy_events(policies: Iterable[Policy]) -> Iterator[Event]:
    for policy in policies:
        if on := policy.issued_on or policy.effective_on:
            yield Event(on, "file-earmark-check", "teal", _("Policy issued"), policy=policy)
        if policy.receipt_signed_on:
            on = policy.receipt_signed_on
            yield Event(on, "person-check", "ok", _("Receipt signed"), policy=policy)


def payment_events(client: Client) -> Iterator[Event]:
    """Premiums that came in as paid; of the others the events of their policies tell."""
    told = PolicyEvent.objects.filter(
        policy=OuterRef("policy"),
        kind=PolicyEvent.Kind.INSTALMENT,
        now=Instalment.State.PAID,
        due_on=OuterRef("due_on"),
    )
    paid = Instalment.objects.filter(policy__holder=client, paid_on__isnull=False)
    silent = paid.exclude(Exists(told)).select_related("policy__product")
    for instalment in silent.order_by("-paid_on")[:MOST_EVENTS]:
        if instalment.paid_on:
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


def by_month(events: list[Event], today: date) -> list[tuple[str, list[Event]]]:
    groups = groupby(events, key=lambda event: (event.on.year, event.on.month, event.on == today))
    return [
        (_("Today") if is_today else year_month(date(year, month, 1)), list(rows))
        for (year, month, is_today), rows in groups
    ]
