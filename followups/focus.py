"""Focus mode: the day as a queue, one client or household after the other, and where one is in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from followups.agenda import Agenda, Stop

KEY = "focus"
MOST_TICKS = 24  # with more of them a bar says it better


@dataclass
class Place:
    """Where somebody is in the day's queue: kept with the session, and forgotten with the day."""

    day: date
    at: str = ""
    skipped: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, session: Any, day: date) -> "Place":
        kept = session.get(KEY) or {}
        if kept.get("day") != day.isoformat():
            return cls(day)
        return cls(day, kept.get("at", ""), list(kept.get("skipped", ())))

    def keep(self, session: Any) -> None:
        kept = {"day": self.day.isoformat(), "at": self.at, "skipped": self.skipped}
        if session.get(KEY) != kept:
            session[KEY] = kept

    def skip(self, stop: Stop) -> None:
        """To the end of the queue, behind what was skipped before."""
        self.skipped = [home for home in self.skipped if home != stop.home] + [stop.home]


@dataclass(frozen=True)
class Queue:
    """What is left of the day in the order in which it comes, what was skipped at its end."""

    agenda: Agenda
    skipped: Sequence[str] = ()

    @cached_property
    def stops(self) -> list[Stop]:
        turn = {home: n for n, home in enumerate(self.skipped, 1)}
        return sorted(self.agenda.open_stops, key=lambda stop: turn.get(stop.home, 0))

    @property
    def done(self) -> int:
        return len(self.agenda.done_stops)

    @property
    def total(self) -> int:
        return self.done + len(self.stops)

    def at(self, home: str) -> Stop | None:
        """The stop one has been at; where it is done or gone, the first that is left."""
        return next((stop for stop in self.stops if stop.home == home), None) or self.first

    @property
    def first(self) -> Stop | None:
        return self.stops[0] if self.stops else None

    def place_of(self, stop: Stop) -> int:
        """Counted from one, what is done before it included; 0 where it is not of this day."""
        homes = [one.home for one in self.stops]
        return self.done + homes.index(stop.home) + 1 if stop.home in homes else 0

    def before(self, stop: Stop) -> Stop | None:
        return self._beside(stop, -1)

    def after(self, stop: Stop) -> Stop | None:
        return self._beside(stop, 1)

    def _beside(self, stop: Stop, step: int) -> Stop | None:
        n = self.place_of(stop) - self.done - 1 + step
        return self.stops[n] if 0 <= n < len(self.stops) else None

    def coming_after(self, stop: Stop) -> list[Stop]:
        n = self.place_of(stop) - self.done
        return self.stops[n : n + 3]

    def ticks(self, stop: Stop) -> list[str]:
        """A tick for each client, none where they are too many to be told apart."""
        if self.total > MOST_TICKS:
            return []
        here = self.place_of(stop)
        states = ["on"] * self.done + [""] * len(self.stops)
        return ["now" if n == here else state for n, state in enumerate(states, 1)]
