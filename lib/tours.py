"""The order in which to visit several places: by appointment, by importance, by way.

What an order costs, in minutes: the way and the waiting, ten for each minute that an appointment is
missed by, and a little for each minute that something important has to wait. The search begins with
a few good orders and mends them until nothing moved, turned or exchanged saves anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf
from random import Random

LATE = 10.0  # for a minute after an appointment
HURRY = 0.05  # for a minute before something important is reached, times its weight
LONGEST_MOVED = 3  # visits that are moved together
BEGINNINGS = 3  # orders that are mended
SHAKES = 5000  # by the square of how many visits: the fewer, the more thoroughly
Minutes = Sequence[Sequence[float]]  # from one visit to another


@dataclass(frozen=True)
class Visit:
    """How long it takes, when it was agreed (in minutes after the day began), how much it matters."""

    stay: float = 35
    at: float | None = None
    weight: float = 0


def cost(
    order: Sequence[int], visits: Sequence[Visit], way: Minutes, first: Sequence[float] = ()
) -> float:
    """`first` is the way to each visit from where the day begins; empty: it begins with a visit."""
    return _Search(visits, way, first).cost(order)


def arrivals(
    order: Iterable[int], visits: Sequence[Visit], way: Minutes, first: Sequence[float] = ()
) -> list[float]:
    """When each of the visits begins, in their order."""
    now, before, times = 0.0, -1, []
    for n in order:
        now += way[before][n] if before >= 0 else (first[n] if first else 0)
        now = max(now, visits[n].at or 0)
        times.append(now)
        now += visits[n].stay
        before = n
    return times


def best_order(visits: Sequence[Visit], way: Minutes, first: Sequence[float] = ()) -> list[int]:
    """A good order of all visits; the same one for the same day."""
    if not visits:
        return []
    search = _Search(visits, way, first)
    begun = sorted(_beginnings(visits, way, first), key=lambda order: (search.cost(order), order))
    mended = [search.mended(order) for order in begun[:BEGINNINGS]]
    return search.shaken(min(mended, key=search.cost))


def _beginnings(visits: Sequence[Visit], way: Minutes, first: Sequence[float]) -> list[list[int]]:
    everybody = range(len(visits))
    nearest = [_nearest_first(start, way, len(visits)) for start in everybody]
    return [*nearest, _inserted(visits, way, first)]


def _nearest_first(start: int, way: Minutes, count: int) -> list[int]:
    order, left = [start], set(range(count)) - {start}
    while left:
        here = order[-1]
        following = min(left, key=lambda n: (way[here][n], n))
        order.append(following)
        left.remove(following)
    return order


def _inserted(visits: Sequence[Visit], way: Minutes, first: Sequence[float]) -> list[int]:
    """The appointments in their order, each of the others where it costs least."""
    agreed = [n for n, visit in enumerate(visits) if visit.at is not None]
    order = sorted(agreed, key=lambda n: (visits[n].at or 0, n))
    others = sorted(set(range(len(visits))) - set(order), key=lambda n: (-visits[n].weight, n))
    for n in others:
        places = range(len(order) + 1)
        tried = ([*order[:place], n, *order[place:]] for place in places)
        order = min(tried, key=lambda one: cost(one, visits, way, first))
    return order


class _Search:
    """Mends orders. What a change leaves alone at the beginning of an order is not counted again."""

    def __init__(self, visits: Sequence[Visit], way: Minutes, first: Sequence[float]) -> None:
        self.visits, self.way, self.first = visits, way, first

    def cost(self, order: Sequence[int]) -> float:
        return self._after(order, 0, 0.0, 0.0)

    def mended(self, order: list[int]) -> list[int]:
        """Until no single change saves anything."""
        least = self.cost(order)
        while better := self._better(order, least):
            least, order = better
        return order

    def _better(self, order: list[int], least: float) -> tuple[float, list[int]] | None:
        begun = self._begun(order)
        for first, changed in _changes(order):
            spent = self._after(changed, first, *begun[first], most=least)
            if spent < least - 1e-9:
                return spent, changed
        return None

    def shaken(self, order: list[int]) -> list[int]:
        """Mended again from orders near the best one: the first good one is not always the best."""
        chance, count = Random(0), len(order)
        for _again in range(min(SHAKES // count**2, 20) if count > 3 else 0):
            other = order[:]
            for _moved in range(3):
                other.insert(chance.randrange(count), other.pop(chance.randrange(count)))
            order = min(order, self.mended(other), key=self.cost)
        return order

    def _begun(self, order: Sequence[int]) -> list[tuple[float, float]]:
        """The clock and what was spent before each visit of the order."""
        states, now, spent = [], 0.0, 0.0
        for place in range(len(order)):
            states.append((now, spent))
            now, spent = self._step(order, place, now, spent)
        return [*states, (now, spent)]

    def _after(
        self, order: Sequence[int], place: int, now: float, spent: float, most: float = inf
    ) -> float:
        while place < len(order):
            now, spent = self._step(order, place, now, spent)
            if now + spent > most:  # it never becomes less
                return inf
            place += 1
        return now + spent

    def _step(
        self, order: Sequence[int], place: int, now: float, spent: float
    ) -> tuple[float, float]:
        visit = self.visits[order[place]]
        if place:
            now += self.way[order[place - 1]][order[place]]
        elif self.first:
            now += self.first[order[0]]
        if visit.at is not None:
            spent += LATE * max(now - visit.at, 0)
            now = max(now, visit.at)
        spent += HURRY * visit.weight * now - visit.stay
        return now + visit.stay, spent


def _changes(order: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Every order that is one change away, with the place from which on it differs."""
    yield from _turned(order)
    yield from _moved(order)
    for first, last in combinations(range(len(order)), 2):
        changed = order[:]
        changed[first], changed[last] = order[last], order[first]
        yield first, changed


def _turned(order: list[int]) -> Iterator[tuple[int, list[int]]]:
    """A stretch turned around; two in a row are also exchanged."""
    for first, last in combinations(range(len(order) + 1), 2):
        if last - first > 2:
            yield first, [*order[:first], *reversed(order[first:last]), *order[last:]]


def _moved(order: list[int]) -> Iterator[tuple[int, list[int]]]:
    """A stretch put elsewhere, as it is or turned around."""
    count = len(order)
    for length in range(1, min(LONGEST_MOVED, count - 1) + 1):
        for first in range(count - length + 1):
            stretch, rest = order[first : first + length], order[:first] + order[first + length :]
            for place in range(len(rest) + 1):
                if place == first:
                    continue
                yield min(first, place), [*rest[:place], *stretch, *rest[place:]]
                if length > 1:
                    yield min(first, place), [*rest[:place], *stretch[::-1], *rest[place:]]
