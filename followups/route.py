"""The day's visits in an order to drive them: by appointment, by what is urgent, and by address.

Times and ways are guesses from the addresses alone. No outside service is asked, and nobody's
position is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import Enum
from functools import cached_property

from django.db import transaction

from clients.models import Client, Contact
from followups.agenda import Agenda, Stop
from followups.models import FollowUp, RouteStop, ServiceItem
from lib import driving, places, tours
from lib.places import Place

BEGIN = 9 * 60  # minutes after midnight
STAY = 35  # minutes that a visit takes
EVENING = time(20)  # nobody is called upon later, unless it was agreed
MOST = 16  # visits of one day; more cannot be driven
VISITED_ITEMS = frozenset(
    {
        ServiceItem.AUTHORISATION,
        ServiceItem.UNCOLLECTED,
        ServiceItem.PAID_NOTICE,
        ServiceItem.PAYOUT_NOTICE,
        ServiceItem.POLICY_REVIEW,
    }
)
VISITED_RULES = frozenset(
    {
        "grace-30",
        "grace-45",
        "grace-last-week",
        "grace-last-days",
        "lapsed",
        "lapsed-30",
        "reinstate-90",
        "reinstate-30",
        "payout-to-family",
    }
)


@dataclass(frozen=True)
class Leg:
    """One visit of the route, and the way to it."""

    stop: Stop
    where: Place
    agreed: time | None
    number: int = 0
    drive: int | None = None  # minutes from the visit before, or from where the day begins
    begins: int = 0  # minutes after midnight
    by_hand: int | None = None

    @property
    def starts(self) -> time:
        return _clock(self.begins)

    @property
    def late(self) -> int:
        """Minutes after what was agreed."""
        return max(self.begins - _minutes(self.agreed), 0) if self.agreed else 0

    @property
    def region(self) -> str:
        return self.where.district or self.where.city

    @property
    def urgency(self) -> float:
        """How much it matters that this visit comes early."""
        return max(_urgency(row, self.stop.day) for row in self.stop.followups)


class Start(Enum):
    """From where the first way is counted."""

    VISIT = "visit"  # the last one of today
    OWN = "own"  # where the agent sets out
    OFFICE = "office"
    UNKNOWN = ""


@dataclass(frozen=True)
class Route:
    day: date
    start: Start
    legs: Sequence[Leg]
    others: Sequence[Stop]  # who could be visited as well
    nowhere: Sequence[Stop]  # who is to be visited, with no address
    done: Sequence[Stop]
    home: int | None = None  # minutes from the last visit to where the day began

    @property
    def by_hand(self) -> bool:
        return any(leg.by_hand is not None for leg in self.legs)

    @cached_property
    def minutes_driven(self) -> int:
        return sum(leg.drive or 0 for leg in self.legs) + (self.home or 0)

    @property
    def ends(self) -> time | None:
        """When the last visit is over, or one is back from it where the way back is known."""
        return _clock(self.legs[-1].begins + STAY + (self.home or 0)) if self.legs else None

    @property
    def too_late(self) -> list[Leg]:
        """Visits that would come in the evening, though nobody agreed to that."""
        return [leg for leg in self.legs if leg.starts >= EVENING and not leg.agreed]

    @property
    def regions(self) -> list[tuple[str, int]]:
        """The districts in their order, each with how many visits in a row: 西湖区 2, 拱墅区 1."""
        runs: list[tuple[str, int]] = []
        for leg in self.legs:
            if runs and runs[-1][0] == leg.region:
                runs[-1] = (leg.region, runs[-1][1] + 1)
            else:
                runs.append((leg.region, 1))
        return runs

    @property
    def stops(self) -> list[Stop]:
        return [leg.stop for leg in self.legs]

    def place_of(self, client: Client) -> int:
        """From 1 on; 0 for who is not on the route."""
        return next((leg.number for leg in self.legs if client in leg.stop.clients), 0)

    def moved(self, client: Client, place: int) -> "list[Leg]":
        """The legs with the visit of this client in that place, if there is such a place."""
        legs, here = list(self.legs), self.place_of(client)
        if here and 1 <= place <= len(legs):
            legs.insert(place - 1, legs.pop(here - 1))
        return legs


def wants_a_visit(followup: FollowUp) -> bool:
    return followup.item in VISITED_ITEMS or followup.rule in VISITED_RULES


def visits_of(the_day: Agenda) -> list[Stop]:
    """The stops of a day that are visits, most urgent first: suggested, put on, not taken off."""
    return [stop for stop, decided in _decided(the_day) if _goes(stop, decided)][:MOST]


def route_of(the_day: Agenda, now: datetime | None = None) -> Route:
    """The day's visits in their order; of a day under way, from now on."""
    decided = _decided(the_day)
    going = [(stop, known) for stop, known in decided if _goes(stop, known)][:MOST]
    homes = {stop.home for stop, _known in going}
    wanted = [stop for stop, known in decided if _is_wanted(stop, known)]
    legs = _legs(going)
    start, address = _start(the_day)
    first = _ways(address, legs)
    ordered = _in_order(legs, _begin(legs, first, the_day.day, now), first)
    _from, base = _base(the_day)
    return Route(
        the_day.day,
        start,
        ordered,
        others=[s for s, _known in decided if _can_be_visited(s) and s.home not in homes],
        nowhere=[s for s in wanted if not s.client.address and s.client.ways.visit],
        done=[s for s in the_day.done_stops if _was_visited(s)],
        home=next(reversed(_ways(base, ordered)), None),
    )


@transaction.atomic
def keep_order(legs: Sequence[Leg], on: date) -> None:
    for place, leg in enumerate(legs, 1):
        RouteStop.decide(leg.stop.clients, on, place=place)


def _decided(the_day: Agenda) -> list[tuple[Stop, RouteStop | None]]:
    """The open stops, each with what the agent decided about it: one query."""
    clients = [client.pk for stop in the_day.open_stops for client in stop.clients]
    rows = RouteStop.objects.filter(on=the_day.day, client__in=clients)
    known = {row.client_id: row for row in rows}
    return [
        (stop, next((known[c.pk] for c in stop.clients if c.pk in known), None))
        for stop in the_day.open_stops
    ]


def _is_wanted(stop: Stop, decided: RouteStop | None) -> bool:
    if decided and decided.goes is not None:
        return decided.goes
    return any(wants_a_visit(followup) for followup in stop.followups)


def _can_be_visited(stop: Stop) -> bool:
    return bool(stop.client.address) and stop.client.ways.visit


def _goes(stop: Stop, decided: RouteStop | None) -> bool:
    return _can_be_visited(stop) and _is_wanted(stop, decided)


def _was_visited(stop: Stop) -> bool:
    return stop.contact is not None and stop.contact.channel == Contact.Channel.VISIT


def _legs(going: Sequence[tuple[Stop, RouteStop | None]]) -> list[Leg]:
    where = places.read_all([stop.client.address for stop, _known in going])
    return [
        Leg(stop, place, known.at if known else None, by_hand=known.place if known else None)
        for (stop, known), place in zip(going, where, strict=True)
    ]


def _start(the_day: Agenda) -> tuple[Start, str]:
    """From where the next way leads, with the address: who was visited last, or where the day begins."""
    visited = [
        (stop.contact.at, stop.client.address)
        for stop in the_day.done_stops
        if stop.contact and _was_visited(stop) and stop.client.address
    ]
    if visited:
        return Start.VISIT, max(visited)[1]
    return _base(the_day)


def _base(the_day: Agenda) -> tuple[Start, str]:
    """Where the day begins and ends."""
    if the_day.agent.starts_from:
        return Start.OWN, the_day.agent.starts_from
    address = the_day.agent.office_address
    return (Start.OFFICE, address) if address else (Start.UNKNOWN, "")


def _ways(address: str, legs: Sequence[Leg]) -> list[int]:
    """Minutes between there and each visit; nothing where it is not known."""
    if not address:
        return []
    here, *there = places.read_all([address, *(leg.stop.client.address for leg in legs)])
    return [
        0 if leg.stop.client.address == address else driving.minutes(here, place)
        for leg, place in zip(legs, there, strict=True)
    ]


def _in_order(legs: list[Leg], begin: int, first: Sequence[int]) -> list[Leg]:
    """In the order made by hand, what is new at its end; else in a good order. With times."""
    way = [[0 if one is other else _drive(one, other) for other in legs] for one in legs]
    visits = [tours.Visit(STAY, _after(leg.agreed, begin), leg.urgency) for leg in legs]
    if any(leg.by_hand is not None for leg in legs):
        order = sorted(range(len(legs)), key=lambda n: (legs[n].by_hand or MOST + 1, n))
    else:
        order = tours.best_order(visits, way, first)
    begins = tours.arrivals(order, visits, way, first)
    return [
        replace(
            legs[n],
            number=place + 1,
            drive=way[order[place - 1]][n] if place else (first[n] if first else None),
            begins=begin + round(begins[place]),
        )
        for place, n in enumerate(order)
    ]


def _drive(one: Leg, other: Leg) -> int:
    if one.stop.client.address == other.stop.client.address:
        return 0
    return driving.minutes(one.where, other.where)


def _begin(legs: Sequence[Leg], first: Sequence[int], day: date, now: datetime | None) -> int:
    """When one sets out; of a day under way not before the next quarter of an hour."""
    ways = first or [0] * len(legs)
    agreed = [_minutes(leg.agreed) - way for leg, way in zip(legs, ways, strict=True) if leg.agreed]
    begin = max(min([BEGIN, *agreed]), 0)
    if now is None or now.date() != day:
        return begin
    return max(begin, -(-_minutes(now.time()) // 15) * 15)


def _after(agreed: time | None, begin: int) -> int | None:
    return max(_minutes(agreed) - begin, 0) if agreed else None


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _clock(minutes: int) -> time:
    """The time of day; what would be after midnight is its last minute."""
    return time(*divmod(min(minutes, 24 * 60 - 1), 60))


def _urgency(followup: FollowUp, day: date) -> float:
    due = followup.instalment
    last_days = due is not None and due.due_on < day and (due.grace_ends_on - day).days <= 3
    if last_days or followup.keep_until == day or followup.rule == "promise-check":
        return 2
    return 1 if followup.priority == 1 else 0
