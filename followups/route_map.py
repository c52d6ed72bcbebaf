"""The route as a drawing: districts as boxes, roughly where they lie, with the visits in their streets.

Not to scale: it tells east from west and what lies together, no more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from followups.route import Leg

WIDTH = 360
GAP = 8
PAD = 10
HEAD = 26  # the district's name
STREET = 16  # a street's name
ROW = 34  # a row of pins
STEP = 30  # from pin to pin


@dataclass(frozen=True)
class Pin:
    x: int
    y: int
    leg: Leg


@dataclass(frozen=True)
class Label:
    x: int
    y: int
    text: str


@dataclass(frozen=True)
class Box:
    x: int
    y: int
    width: int
    height: int
    name: str
    streets: Sequence[Label]
    pins: Sequence[Pin]


@dataclass(frozen=True)
class Map:
    boxes: Sequence[Box]
    width: int = WIDTH

    @property
    def height(self) -> int:
        return max((box.y + box.height for box in self.boxes), default=0)

    @property
    def pins(self) -> list[Pin]:
        pins = [pin for box in self.boxes for pin in box.pins]
        return sorted(pins, key=lambda pin: pin.leg.number)

    @property
    def line(self) -> str:
        """From visit to visit, as points of a polyline."""
        return " ".join(f"{pin.x},{pin.y}" for pin in self.pins)


def map_of(legs: Sequence[Leg]) -> Map:
    districts = _districts(legs)
    if len(districts) == 1:
        return Map(_column(districts, 0, WIDTH))
    half = -(-len(districts) // 2)
    width = (WIDTH - GAP) // 2
    west, east = districts[:half], districts[half:]
    return Map([*_column(west, 0, width), *_column(east, width + GAP, width)])


def _districts(legs: Sequence[Leg]) -> list[list[Leg]]:
    """The visits of each district, from west to east; what lies nobody knows where comes last."""

    def where(leg: Leg) -> tuple[str, str]:
        return leg.where.code, leg.region

    grouped = [list(rows) for _key, rows in groupby(sorted(legs, key=where), key=where)]
    return sorted(grouped, key=lambda rows: _east(rows[0]))


def _east(leg: Leg) -> tuple[float, str]:
    return leg.where.spot[1] if leg.where.spot else 999, leg.region


def _north(leg: Leg) -> tuple[float, str]:
    return -leg.where.spot[0] if leg.where.spot else 999, leg.region


def _column(districts: Iterable[list[Leg]], x: int, width: int) -> list[Box]:
    """Boxes one below the other, the north above."""
    boxes: list[Box] = []
    y = 0
    for legs in sorted(districts, key=lambda rows: _north(rows[0])):
        boxes.append(_box(legs, x, y, width))
        y += boxes[-1].height + GAP
    return boxes


def _box(legs: Sequence[Leg], x: int, y: int, width: int) -> Box:
    streets: list[Label] = []
    pins: list[Pin] = []
    below = y + HEAD
    a_row = max((width - 2 * PAD) // STEP, 1)
    for name, along in _streets(legs):
        if name:
            below += STREET
            streets.append(Label(x + PAD, below - 4, name))
        for n, leg in enumerate(along):
            row, place = divmod(n, a_row)
            pins.append(Pin(x + PAD + STEP // 2 + place * STEP, below + ROW // 2 + row * ROW, leg))
        below += -(-len(along) // a_row) * ROW
    return Box(x, y, width, below + PAD - y, legs[0].region, streets, pins)


def _streets(legs: Sequence[Leg]) -> list[tuple[str, list[Leg]]]:
    """The visits of each street along its numbers, the streets as they are come to."""
    streets: dict[str, list[Leg]] = {}
    for leg in sorted(legs, key=lambda leg: leg.number):
        streets.setdefault(leg.where.street, []).append(leg)
    return [
        (name, sorted(along, key=lambda leg: (leg.where.number or 0, leg.number)))
        for name, along in streets.items()
    ]
