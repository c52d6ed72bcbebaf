"""What cannot well have been as it was recorded: facts for the leader to ask about, and no verdict.

Nothing is known of where anybody was: the records are held against each other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    Value,
    Window,
)
from django.db.models.functions import Coalesce, Lag, Length, Trim
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.models import Contact, ContactQuerySet
from followups.agenda import home_of
from lib import driving, places
from lib.templatetags.ui import clock

MANY, RUSH = 10, timedelta(minutes=2)
SAME, A_TEXT = 3, 12  # so many clients told of in the same words, which are no mere phrase
SOON = timedelta(minutes=30)  # what lies further apart is not looked at
HURRY = 4  # nobody drives in a quarter of the time that the way is guessed to take
SPOKEN = (Contact.Channel.VISIT, Contact.Channel.CALL)
Key = tuple[int, date]  # whose, and on which day
# As `Contact.moment` has it.
_TOLD = ExpressionWrapper(F("on") + F("met_at"), output_field=DateTimeField())
TOOK_PLACE = Coalesce(Func(Value(settings.TIME_ZONE), _TOLD, function="timezone"), F("at"),
                      output_field=DateTimeField())  # fmt: skip


@dataclass(frozen=True)
class Signal:
    """What stands out in the records of one agent on one day, with the contacts that show it."""

    code: str
    agent: User
    on: date
    contacts: list[Contact]

    TITLES: ClassVar[dict[str, str | Promise]] = {
        "rush": _("Many results within two minutes"),
        "copied": _("The same words about several clients"),
        "apart": _("Visits in two districts within minutes"),
    }

    @property
    def title(self) -> str | Promise:
        return self.TITLES[self.code]

    @property
    def span(self) -> str:
        """From when until when it took place: 13:02–13:04."""
        moments = sorted(one.moment for one in self.contacts)
        return f"{clock(moments[0])}–{clock(moments[-1])}"


def recorded(reader: User, first: date, last: date) -> ContactQuerySet:
    """Calls and visits that stand, an entry about a household once."""
    rows: ContactQuerySet = Contact.objects.visible_to(reader).filter(
        on__range=(first, last), undone_at=None, entry=None, channel__in=SPOKEN
    )
    return rows


def signals_of(reader: User, first: date, last: date, agent: User | None = None) -> list[Signal]:
    """Every signal of these days, the latest first: four queries, however many agents there are."""
    rows = recorded(reader, first, last)
    if agent:
        rows = rows.filter(by=agent)
    found = [*_rushed(rows), *_copied(rows), *_apart(rows)]
    return sorted(found, key=lambda one: (one.on, one.agent.staff_no, one.code), reverse=True)


def _whole(rows: ContactQuerySet) -> Iterator[tuple[Key, list[Contact]]]:
    """The contacts of each agent and day, in the order in which they took place."""
    whole = sorted(
        rows.select_related("client", "by"), key=lambda one: (one.by_id, one.moment, one.pk)
    )
    for key, group in groupby(whole, key=lambda one: (one.by_id, one.on)):
        yield key, list(group)


def _rushed(rows: ContactQuerySet) -> Iterator[Signal]:
    """The database finds the days; what was kept offline and sent at once has its own times."""
    before = Window(Lag("at", MANY - 1), partition_by=["by", "on"], order_by=["at", "pk"])
    gap = ExpressionWrapper(F("at") - F("tenth_before"), output_field=DurationField())
    days = rows.annotate(tenth_before=before).annotate(gap=gap).filter(gap__lte=RUSH)
    suspects = set(days.values_list("by", "on"))
    if not suspects:
        return
    of_them = rows.filter(by__in={by for by, _on in suspects}, on__in={on for _by, on in suspects})
    for key, day in _whole(of_them):
        if key in suspects and (hasty := _hasty(day)):
            yield Signal("rush", day[0].by, key[1], hasty)


def _hasty(day: list[Contact]) -> list[Contact]:
    """Those that lie in a stretch of two minutes with at least nine others."""
    hasty: dict[int, Contact] = {}
    for first, last in zip(day, day[MANY - 1 :], strict=False):
        if last.moment - first.moment <= RUSH:
            hasty |= {one.pk: one for one in day if first.moment <= one.moment <= last.moment}
    return list(hasty.values())


def _copied(rows: ContactQuerySet) -> Iterator[Signal]:
    met = rows.counted().annotate(said=Trim("note"))
    long = met.annotate(letters=Length("said")).filter(letters__gte=A_TEXT).order_by()
    texts = long.values_list("by", "said").annotate(n=Count("client", distinct=True))
    suspects = {(by, said) for by, said, n in texts.filter(n__gte=SAME)}
    if not suspects:
        return
    same = met.filter(said__in={said for _by, said in suspects}).select_related("client", "by")
    ordered = sorted(same, key=lambda one: (one.by_id, one.note.strip(), one.moment))
    for key, group in groupby(ordered, key=lambda one: (one.by_id, one.note.strip())):
        contacts = list(group)
        if key in suspects:
            yield Signal("copied", contacts[0].by, max(one.on for one in contacts), contacts)


def _apart(rows: ContactQuerySet) -> Iterator[Signal]:
    """The database finds the visits that lie close together; only those are looked at."""
    visits = rows.counted().filter(channel=Contact.Channel.VISIT)
    in_order: dict[str, Any] = {"partition_by": ["by", "on"], "order_by": [TOOK_PLACE, "pk"]}
    close = visits.annotate(
        one=Window(Lag("pk"), **in_order),
        address_before=Window(Lag("client__address"), **in_order),
        gap=ExpressionWrapper(
            TOOK_PLACE - Window(Lag(TOOK_PLACE), **in_order), output_field=DurationField()
        ),
    ).filter(gap__lte=SOON)
    elsewhere = close.exclude(client__address=F("address_before"))
    pairs = list(elsewhere.order_by("by", "on", TOOK_PLACE, "pk").values_list("one", "pk"))
    whole = visits.select_related("client", "by").in_bulk({pk for pair in pairs for pk in pair})
    met = [(whole[one], whole[other]) for one, other in pairs]
    for (_by, on), day in groupby(met, key=lambda pair: (pair[1].by_id, pair[1].on)):
        shown = {one.pk: one for pair in day if _is_far(*pair) for one in pair}
        if shown:
            contacts = list(shown.values())
            yield Signal("apart", contacts[0].by, on, contacts)


def _is_far(one: Contact, other: Contact) -> bool:
    """Two homes in two districts, and between them far less time than the way takes by car."""
    between = other.moment - one.moment
    if between > SOON or home_of(one.client) == home_of(other.client):
        return False
    here, there = places.read_all([one.client.address, other.client.address])
    if not (here.code and there.code) or here.code == there.code:
        return False  # a region that the table does not know is no fact
    return between * HURRY < timedelta(minutes=driving.minutes(here, there))


def by_contact(signals: Iterable[Signal]) -> dict[int, str]:
    """Which contacts stand out, and the first reason why."""
    found: dict[int, str] = {}
    for signal in signals:
        for contact in signal.contacts:
            found.setdefault(contact.pk, signal.code)
    return found
