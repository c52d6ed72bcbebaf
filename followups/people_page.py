"""What the client's page says of the people, the dates and the events around a client."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from clients.card import InfoCard
from clients.family import FamilyMember
from clients.kinship import Kin, read
from clients.life import LifeEvent
from clients.models import Client
from followups.card_questions import Knowing, Question, band_of, question_for
from followups.people_words import anniversary
from lib import dates, lunar
from policies.known import known_of
from policies.models import Known, Policy

SHOWN_EVENTS = 5


def about_client(
    client: Client, policies: Iterable[Policy], at_home: Iterable[Client]
) -> dict[str, Any]:
    """Everything the fragments need: household, dates, events, what is known, one question."""
    today = dates.today()
    card = getattr(client, "card", None) or InfoCard(client=client)
    known: Known | None = getattr(client, "known", None)
    return {
        "household": household_of(client, policies, at_home),
        "kept_dates": dates_of(client, today),
        "life_events": _latest(client.life_events.all()),
        "in_mourning": client.in_mourning(today),
        "facts": facts_of(card, known),
        "card": card,
    } | next_question(client, today, card, known)


def _latest(events: Iterable[LifeEvent]) -> list[LifeEvent]:
    return sorted(events, key=lambda event: (event.on, event.pk), reverse=True)[:SHOWN_EVENTS]


# --- the household


@dataclass
class Person:
    """Somebody of the tree, wherever they are known from."""

    name: str
    role: str | Promise
    kin: str
    age: int | None = None
    policies: int = 0
    client: int | None = None  # their own page, if the reader may see it
    member: int | None = None
    policy: int | None = None  # the book knows them, nobody has written them down


@dataclass
class Household:
    """The client and the people around them, placed as in a family tree."""

    own: int
    places: dict[str, list[Person]] = field(default_factory=dict)

    @property
    def parents(self) -> Sequence[Person]:
        return self.places.get(Kin.PARENT, [])

    @property
    def partners(self) -> Sequence[Person]:
        return self.places.get(Kin.SPOUSE, [])

    @property
    def children(self) -> Sequence[Person]:
        return self.places.get(Kin.CHILD, [])

    @property
    def others(self) -> Sequence[Person]:
        return [*self.places.get(Kin.SIBLING, []), *self.places.get(Kin.OTHER, [])]

    @property
    def people(self) -> list[Person]:
        return [person for place in self.places.values() for person in place]

    @property
    def size(self) -> int:
        return 1 + len(self.people)


def household_of(
    client: Client, policies: Iterable[Policy], at_home: Iterable[Client]
) -> Household:
    """Family, insured and who lives with them, each once: by hand before by the book.

    `at_home` are the other clients of the household whom the reader may see.
    """
    today = dates.today()
    people: dict[str, Person] = {}
    for member in family_of(client):
        key = member.name or f"#{member.pk}"
        age = dates.age_on(member.birth_on, today) if member.birth_on else None
        people[key] = Person(member.name, member.role, member.kin, age, member=member.pk)
    own = _insured(client, policies, people)
    _under_one_roof(at_home, people)
    tree = Household(own)
    for person in people.values():
        tree.places.setdefault(person.kin, []).append(person)
    return tree


def family_of(client: Client) -> list[FamilyMember]:
    """Read once for a client, however many fragments of a page ask."""
    prefetch_related_objects([client], "family")
    return sorted(client.family.all(), key=_by_kin_and_age)


def _by_kin_and_age(member: FamilyMember) -> tuple[str, date, int]:
    return member.kin, member.birth_on or date.max, member.pk


def _insured(client: Client, policies: Iterable[Policy], people: dict[str, Person]) -> int:
    """Count each one's policies; return how many are the client's own."""
    own = 0
    for policy in policies:
        relation = read(policy.relation)
        if policy.insured_name in {"", client.name}:
            own += 1
            continue
        known = people.get(policy.insured_name)
        if known is None:
            kin, gender, words = relation or (Kin.OTHER, "", "")
            role = words or FamilyMember(kin=kin, gender=gender).role if policy.relation else ""
            known = Person(policy.insured_name, role, kin, policy=policy.pk)
            people[policy.insured_name] = known
        known.policies += 1
    return own


def at_home_with(client: Client, reader: User) -> Iterable[Client]:
    """Other clients of the household, as far as the reader may see them."""
    if client.household_id is None:
        return []
    together = Client.objects.visible_to(reader).filter(household=client.household_id)
    return together.exclude(pk=client.pk).order_by("birth_on", "pk")


def _under_one_roof(at_home: Iterable[Client], people: dict[str, Person]) -> None:
    for other in at_home:
        known = people.setdefault(other.name, Person(other.name, "", Kin.OTHER))
        known.client = other.pk
        known.age = known.age if known.age is not None else other.age_on(dates.today())


# --- dates


@dataclass(frozen=True)
class Kept:
    """A date to remember, with when it next comes round in both calendars."""

    on: date
    icon: str
    words: str
    lunar: str  # 农历六月初三
    is_lunar: bool
    edit: str


def dates_of(client: Client, today: date) -> list[Kept]:
    kept = list(_birthdays(client))
    for row in client.key_dates.all():
        if row.next_on:
            edit = reverse("client_date", args=[row.pk])
            kept.append(
                Kept(
                    row.next_on,
                    ICONS[row.kind],
                    anniversary(row, row.next_on),
                    lunar_words(row.next_on),
                    row.is_lunar,
                    edit,
                )
            )
    return sorted(kept, key=lambda one: one.on)


def _kept(on: date, icon: str, words: str, is_lunar: bool, edit: str) -> Kept:
    return Kept(on, icon, words, lunar_words(on), is_lunar, edit)


ICONS = {"wedding": "heart", "career": "building", "own": "star"}


def _birthdays(client: Client) -> Iterable[Kept]:
    if on := client.next_birthday_on:
        kept_lunar = client.birthday_calendar == Client.Calendar.LUNAR
        age = on.year - client.birth_on.year if client.birth_on else 0
        edit = reverse("clients:edit", args=[client.pk])
        yield Kept(
            on,
            "cake2",
            _("Birthday, turns %(age)d") % {"age": age},
            lunar_words(on),
            kept_lunar,
            edit,
        )
    for member in family_of(client):
        if on := member.next_on:
            edit = reverse("client_member", args=[member.pk])
            yield Kept(
                on, "cake2", _birthday_of(member, on), lunar_words(on), member.is_lunar, edit
            )


def _birthday_of(member: FamilyMember, on: date) -> str:
    who = " ".join(filter(None, (str(member.role), member.name)))
    age = member.nth_on(on)
    if age:
        return _("%(who)s turns %(age)s") % {"who": who, "age": age}
    return _("Birthday of %(who)s") % {"who": who}


def lunar_words(day: date) -> str:
    """`农历六月初三`, or `lunar 6/3` for who does not read it."""
    try:
        found = lunar.to_lunar(day)
    except ValueError:
        return ""
    if (get_language() or "").startswith("zh"):
        return _("lunar calendar %(name)s") % {
            "name": lunar.lunar_name(found.month, found.day, found.leap)
        }
    name = f"{found.month}/{found.day}"
    name = _("leap %(date)s") % {"date": name} if found.leap else name
    return _("lunar calendar %(name)s") % {"name": name}


# --- what is known


@dataclass(frozen=True)
class Fact:
    label: str | Promise
    words: str | Promise
    own: bool = False  # in the agent's own words


def facts_of(card: InfoCard, known: Known | None) -> list[Fact]:
    """Only what is known, the most useful first."""
    facts = [Fact(_("Best time"), visit_words(card))] if visit_words(card) else []
    if known and known.income:
        facts.append(Fact(_("Income a year"), band_of(known.income)))
    for name in SHOWN_FACTS:
        column = InfoCard._meta.get_field(name)
        value = getattr(card, name)
        if not value:
            continue
        choices = dict(column.flatchoices)  # type: ignore[union-attr]
        facts.append(Fact(_capital(column.verbose_name), choices.get(value, value), not choices))  # type: ignore[union-attr]
    return facts


SHOWN_FACTS = tuple(name for name in InfoCard.FACTS if name not in {"visit_time", "ask_first"})


def _capital(label: Any) -> str:
    words = str(label)
    return words[:1].upper() + words[1:]


def visit_words(card: InfoCard) -> str:
    """`Weekday mornings, ask first`: what stands where the agent calls or sets out."""
    asks = {"True": _("ask first"), "False": _("need not be asked")}.get(str(card.ask_first), "")
    time = str(card.get_visit_time_display()) if card.visit_time else ""
    return " · ".join(filter(None, (time, asks)))


def question_about(client: Client, today: date) -> Question | None:
    """The one question that stands where a contact with the client is logged."""
    prefetch_related_objects([client], "card", "known")
    return next_question(client, today)["question"]  # type: ignore[no-any-return]


def next_question(
    client: Client,
    today: date,
    card: InfoCard | None = None,
    known: Known | None = None,
) -> dict[str, Any]:
    """The one question of the page and the key of its form."""
    knowing = Knowing(
        client,
        card or InfoCard.of(client),
        known or known_of(client),
        frozenset(member.kin for member in family_of(client)),
        client.age_on(today),
    )
    return {"question": question_for(knowing, today), "question_key": uuid.uuid4().hex}
