"""Splitting clients among agents: a home stays whole, a neighbourhood together, and loads are even."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

LEEWAY = Fraction(5, 100)  # of an even share; inside it neighbourhoods count for more


@dataclass(frozen=True)
class Home:
    """Clients who are handed over together."""

    clients: tuple[int, ...]
    load: int
    area: str = ""


def split(homes: Sequence[Home], receivers: Sequence[int]) -> dict[int, list[Home]]:
    """Give each home to one receiver; the same input always ends in the same shares.

    In the end each share is within LEEWAY of an even one, or no home of the fullest could make up
    for the emptiest. Raises ValueError where there is nobody to receive.
    """
    if not receivers:
        raise ValueError("there is nobody to receive")
    shares = _cut(homes, receivers)
    _even_out(shares)
    return shares


def load_of(share: Sequence[Home]) -> int:
    return sum(home.load for home in share)


def _cut(homes: Sequence[Home], receivers: Sequence[int]) -> dict[int, list[Home]]:
    """Walk through the areas and pass on to the next receiver where an even share is reached."""
    shares: dict[int, list[Home]] = {receiver: [] for receiver in receivers}
    total, before = max(load_of(homes), 1), 0
    for home in sorted(homes, key=lambda home: (home.area, -home.load, home.clients)):
        middle = (2 * before + home.load) * len(receivers) // (2 * total)
        shares[receivers[min(middle, len(receivers) - 1)]].append(home)
        before += home.load
    return shares


def _even_out(shares: dict[int, list[Home]]) -> None:
    """Move home after home from the fullest to the emptiest; each move brings the two closer."""
    loads = {receiver: load_of(share) for receiver, share in shares.items()}
    even = Fraction(sum(loads.values()), len(loads))
    while any(abs(load - even) > LEEWAY * even for load in loads.values()):
        fullest, emptiest = max(loads, key=loads.__getitem__), min(loads, key=loads.__getitem__)
        home = _mover(shares[fullest], shares[emptiest], loads[fullest] - loads[emptiest])
        if home is None:
            return
        shares[fullest].remove(home)
        shares[emptiest].append(home)
        loads[fullest] -= home.load
        loads[emptiest] += home.load


def _mover(fullest: list[Home], emptiest: list[Home], gap: int) -> Home | None:
    """The home that fits best: of an area the receiver goes to anyway, of about half the gap."""
    areas = {home.area for home in emptiest}
    movable = [home for home in fullest if 0 < home.load < gap]
    return min(
        movable,
        key=lambda home: (home.area not in areas, abs(2 * home.load - gap), home.clients),
        default=None,
    )
