"""The 80/20 curve: how much of the premium the largest clients bring, and the tiers they make."""

from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.utils.functional import Promise

from policies.classification import ClientClass, ClientClassQuerySet

MARKS = (1, 4, 10, 20, 30, 40, 50, 60, 80, 100)  # percent of the clients
WIDTH, HEIGHT = 600, 300
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Point:
    clients: int  # percent of the clients, the largest first
    n: int
    premium: Decimal
    share: Decimal  # of all premium, 0 to 1

    @property
    def at(self) -> str:
        return f"{self.clients * WIDTH / 100:.1f},{HEIGHT * (1 - float(self.share)):.1f}"


@dataclass(frozen=True)
class TierSum:
    label: str | Promise
    code: str
    n: int
    premium: Decimal
    share: Decimal


@dataclass(frozen=True)
class Curve:
    points: list[Point]
    tiers: list[TierSum]
    clients: int
    premium: Decimal

    @property
    def line(self) -> str:
        """The points of a drawing 600 wide and 300 high."""
        return " ".join(["0,300", *(point.at for point in self.points)])

    @property
    def fifth(self) -> Point | None:
        """What a fifth of the clients bring."""
        return next((point for point in self.points if point.clients == 20), None)


def curve_of(rows: ClientClassQuerySet) -> Curve:
    """Summed by the database, which alone reads every client of a branch."""
    tiers = _tiers(rows)
    clients, whole = sum(tier.n for tier in tiers), sum((tier.premium for tier in tiers), NOTHING)
    upto = {mark: -(-clients * mark // 100) for mark in MARKS} if whole else {}
    place = Window(RowNumber(), order_by=[F("premium").desc(), F("pk").asc()])
    sums = {f"first_{mark}": Sum("premium", filter=Q(place__lte=n)) for mark, n in upto.items()}
    found = rows.order_by().annotate(place=place).aggregate(**sums) if sums else {}
    points = [
        Point(mark, n, found[f"first_{mark}"], found[f"first_{mark}"] / whole)
        for mark, n in upto.items()
    ]
    shares = [replace(tier, share=tier.premium / (whole or 1)) for tier in tiers]
    return Curve(points, shares, clients, whole)


def _tiers(rows: ClientClassQuerySet) -> list[TierSum]:
    found = rows.order_by().values("tier").annotate(n=Count("pk"), premium=Sum("premium"))
    by_tier = {row["tier"]: row for row in found}
    return [
        TierSum(tier.label, tier.value, row["n"], row["premium"], NOTHING)
        for tier in ClientClass.Tier
        if (row := by_tier.get(tier.value))
    ]
