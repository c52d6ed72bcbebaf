"""Whom a matter of care is about, in words: the wedding, the child, what happened."""

from collections.abc import Iterable
from datetime import date
from functools import reduce

from django.db.models import prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clients.card import InfoCard
from clients.family import FamilyMember
from clients.key_dates import KeyDate
from clients.life import LifeEvent
from followups.models import FollowUp

# The series that are about somebody or something around the client.
ABOUT = {
    "wedding": "key_dates",
    "career": "key_dates",
    "family": "family",
    "age": "family",
    "life": "life_events",
}
Profession = InfoCard.Profession
DAYS: dict[str, str | Promise] = {
    Profession.POLICE: gettext_lazy("Police Day"),
    Profession.NURSE: gettext_lazy("Nurses' Day"),
    Profession.SOLDIER: gettext_lazy("Army Day"),
    Profession.DOCTOR: gettext_lazy("Doctors' Day"),
    Profession.TEACHER: gettext_lazy("Teachers' Day"),
    Profession.JOURNALIST: gettext_lazy("Journalists' Day"),
    Profession.FIREFIGHTER: gettext_lazy("Fire Safety Day"),
    Profession.ENGINEER: gettext_lazy("Engineers' Day"),
    Profession.LAWYER: gettext_lazy("Constitution Day"),
}
_BY_DAY = {on: DAYS[profession] for profession, on in InfoCard.DAY_OF.items()}


def with_their_people(followups: Iterable[FollowUp]) -> None:
    """Fetch what the words are made of for all of them at once; nothing where none asks for it."""
    for name in sorted(set(ABOUT.values())):
        clients = [row.client for row in followups if ABOUT.get(row.series) == name]
        if clients:
            prefetch_related_objects(clients, name)


def title_of(kept: KeyDate) -> str:
    """`Teachers' Day`, `Wedding anniversary`, or what somebody called it."""
    if kept.kind == KeyDate.Kind.CAREER and not kept.label and kept.month and kept.day:
        return str(_BY_DAY.get((kept.month, kept.day), kept.title))
    return str(kept.title)


def wedding_of(followup: FollowUp) -> KeyDate | None:
    return _key_date(followup, KeyDate.Kind.WEDDING)


def _key_date(followup: FollowUp, kind: str) -> KeyDate | None:
    return next((kept for kept in followup.client.key_dates.all() if kept.kind == kind), None)


def wedding_words(followup: FollowUp) -> str:
    kept = wedding_of(followup)
    n = kept.nth_on(followup.occasion_on) if kept else None
    if not n or n < 0:
        return _("Wedding anniversary")
    return ngettext("%(n)s year married", "%(n)s years married", n) % {"n": n}


def anniversary(kept: KeyDate, on: date) -> str:
    """`Wedding anniversary, 5 years`, `Teachers' Day`"""
    n = kept.nth_on(on)
    if kept.kind != KeyDate.Kind.WEDDING or not n or n < 0:
        return title_of(kept)
    words = ngettext("Wedding anniversary, %(n)s year", "Wedding anniversary, %(n)s years", n)
    return words % {"n": n}


def career_words(followup: FollowUp) -> str:
    kept = _key_date(followup, KeyDate.Kind.CAREER)
    return title_of(kept) if kept else _("Day of their profession")


def celebrating(followup: FollowUp) -> list[FamilyMember]:
    """Whose birthday the matter is about: twins have theirs together."""
    month_and_day = followup.occasion_on
    return [
        member
        for member in followup.client.family.all()
        if member.comes_on(month_and_day) == month_and_day
    ]


def coming_of_age(followup: FollowUp) -> list[FamilyMember]:
    of_age = followup.occasion_on
    return [member for member in followup.client.family.all() if member.of_age_on == of_age]


def who(members: Iterable[FamilyMember], on: date | None = None, *, inside: bool = False) -> str:
    """`Daughter 乐乐, 9`; inside a sentence it begins small."""
    told = []
    for member in members:
        role = str(member.role).lower() if inside else str(member.role)
        words = " ".join(filter(None, (role, member.name)))
        age = member.nth_on(on) if on else None
        told.append(_("%(who)s, %(age)s") % {"who": words, "age": age} if age else words)
    return reduce(_and, told) if told else ""


def _and(one: str, other: str) -> str:
    return _("%(one)s and %(other)s") % {"one": one, "other": other}


def events_of(followup: FollowUp) -> list[LifeEvent]:
    """What happened on the day the matter is about."""
    happened = followup.client.life_events.all()
    return [event for event in happened if event.on == followup.occasion_on]
