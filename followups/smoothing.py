"""Spreading work over days: what can wait moves inside its window, so that no day holds too much."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import heappop, heappush

ONE_DAY = timedelta(days=1)
IsOff = Callable[[date], bool]


@dataclass(frozen=True, order=True)
class Piece:
    """One matter: the day it is listed, the last on which it is worth doing, and whether it may wait."""

    until: date
    day: date
    key: Hashable
    flexible: bool = False


def spread(
    pieces: Iterable[Piece], days: Sequence[date], capacity: int, is_off: IsOff
) -> dict[Hashable, date]:
    """Return the day of each piece; `days` are consecutive, and each piece is listed on one of them.

    What is not flexible stays where it is. Of the rest, each day takes what ends first until it is
    full; what would end is taken even so. Days off take it only where there is no other day. So no day
    above capacity holds a piece that could lie on a day below it.
    """
    pieces = sorted(pieces)
    placed = {piece.key: piece.day for piece in pieces if not piece.flexible}
    load = dict.fromkeys(days, 0)
    for day in placed.values():
        load[day] = load.get(day, 0) + 1
    waiting: list[Piece] = []
    arriving = by_day(piece for piece in pieces if piece.flexible)
    for day in days:
        for piece in arriving.get(day, ()):
            heappush(waiting, _within(piece, days[-1], is_off))
        room = 0 if is_off(day) else capacity
        while waiting and (load[day] < room or waiting[0].until <= day):
            piece = heappop(waiting)
            placed[piece.key] = day
            load[day] += 1
    return placed


def by_day(pieces: Iterable[Piece]) -> Mapping[date, list[Piece]]:
    found: dict[date, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.day, []).append(piece)
    return found


def _within(piece: Piece, last: date, is_off: IsOff) -> Piece:
    """The piece with its last working day, or its own day where there is none in its window."""
    until = min(piece.until, last)
    while until > piece.day and is_off(until):
        until -= ONE_DAY
    return Piece(until, piece.day, piece.key, piece.flexible)
