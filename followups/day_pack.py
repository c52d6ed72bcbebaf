"""All that a day needs on paper: list, route, tools, the notices and cards to bring or to post."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any

import segno
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.models import Client, Contact
from followups import scripts
from followups.agenda import Agenda, Stop
from followups.campaign_lines import CampaignLine
from followups.models import FollowUp
from followups.money_words import NOTICES
from followups.placeholders import salutation
from followups.route import Leg, Route, route_of
from followups.route_map import Map, map_of
from followups.texts import Text
from followups.tools import Shelf, Taken
from policies.notices import Notice, notices_together

CARDS = frozenset({"birthday", "wedding"})  # rules of the day itself
UrlOf = Callable[[Stop, bool], str]  # the outcome form of a stop, of a visit or not


@dataclass(frozen=True)
class Line:
    """One client or household of the day, as on the list."""

    number: int
    stop: Stop
    leg: Leg | None
    tools: Sequence[Taken]
    qr: SafeString  # opens the outcome form


@dataclass(frozen=True)
class Section:
    title: str | Promise
    lines: Sequence[Line]
    campaigns: Sequence[CampaignLine] = ()


@dataclass(frozen=True)
class Card:
    client: Client
    words: str

    @property
    def opening(self) -> str:
        """The line above the words, where they do not address the client themselves."""
        name = salutation(self.client)
        return "" if name in self.words else gettext("Dear %(name)s,") % {"name": name}


@dataclass(frozen=True)
class DayPack:
    agenda: Agenda
    route: Route
    sections: Sequence[Section]
    tools: Sequence[Taken]
    notices: Sequence[Notice]
    cards: Sequence[Card]
    posted: Sequence[Client]  # who is not visited and is sent what is theirs
    printed_at: datetime

    @property
    def map(self) -> Map:
        return map_of(self.route.legs)

    @property
    def lines(self) -> list[Line]:
        return [line for section in self.sections for line in section.lines]


def pack_of(the_day: Agenda, today: date, now: datetime, url_of: UrlOf) -> DayPack:
    """The papers of a day, in a number of queries that does not grow with it."""
    route = route_of(the_day, now if the_day.day == today else None)
    shelf = Shelf.now()
    notices = notices_together(_notices_wanted(the_day), today)
    cards = list(_cards(the_day, the_day.agent, today))
    return DayPack(
        the_day,
        route,
        _sections(the_day, route, shelf, url_of),
        shelf.for_stops(route.stops),
        notices,
        cards,
        _posted(route, [*(one.policy.holder for one in notices), *(one.client for one in cards)]),
        now,
    )


def qr_of(url: str) -> SafeString:
    """As SVG without a size: the page says how large."""
    code = segno.make(url, error="m", micro=False)
    drawn = code.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None)
    return mark_safe(drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S308


def _sections(the_day: Agenda, route: Route, shelf: Shelf, url_of: UrlOf) -> list[Section]:
    numbers = count(1)

    def line(stop: Stop, leg: Leg | None = None) -> Line:
        return Line(
            next(numbers), stop, leg, shelf.for_stop(stop), qr_of(url_of(stop, leg is not None))
        )

    visited = {leg.stop.home for leg in route.legs}
    driven = [line(leg.stop, leg) for leg in route.legs]
    sections = [Section(_("Route"), driven)] if driven else []
    for group in the_day.groups:
        lines = [line(stop) for stop in group.stops if stop.home not in visited]
        if lines or group.campaigns:
            sections.append(Section(group.kind.label, lines, group.campaigns))
    return sections


def _rows(the_day: Agenda) -> list[FollowUp]:
    return [row for stop in the_day.open_stops for row in stop.followups]


def _notices_wanted(the_day: Agenda) -> list[tuple[int, str]]:
    return [
        (row.policy_id, NOTICES[row.series])
        for row in _rows(the_day)
        if row.policy_id and row.series in NOTICES
    ]


def _cards(the_day: Agenda, sender: User, today: date) -> Iterable[Card]:
    own = list(Text.objects.in_force().filter(festival=None))
    for row in _rows(the_day):
        if row.rule in CARDS:
            words = scripts.text_for(row, sender, today, Contact.Channel.CARD, own)
            yield Card(row.client, words)


def _posted(route: Route, clients: Iterable[Client]) -> list[Client]:
    """Once each, in the order of their names, with an address."""
    visited = {client.pk for stop in route.stops for client in stop.clients}
    sent: Mapping[int, Any] = {
        client.pk: client for client in clients if client.address and client.pk not in visited
    }
    return sorted(sent.values(), key=lambda client: (client.pinyin, client.pk))
