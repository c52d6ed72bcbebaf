"""Writing a day's list: ours against the same rules written by hand, and against the size of the book.

The figures say how many of the rulebook's rules are compared: those of `by_hand.CODES`, on both sides.
"""

from collections.abc import Callable
from datetime import date, timedelta
from statistics import median
from time import perf_counter
from unittest.mock import patch

from django.db import connection, transaction

from bench import book, by_hand
from followups import daily
from followups.models import ListRun
from followups.rulebook import RULEBOOK

ONE_DAY = timedelta(days=1)
ROUNDS = 3
OUR_NOTES = "ALTER TABLE followups_followup {} TRIGGER USER"
Say = Callable[..., None]

# Both sides write the same rules, however many the book has by now.
the_same_rules = patch.object(
    daily, "RULEBOOK", [rule for rule in RULEBOOK if rule.code in by_hand.CODES]
)


@the_same_rules
def bench_a_day(say: Say, today: date, clients: int) -> None:
    """An ordinary day after a day of ordinary work, and the same day again."""
    _yesterday(today, clients)
    by_hand_s, ours, again = [], [], []
    for _ in range(ROUNDS):
        by_hand_s += _tried(lambda: by_hand.write_day(today), notes=False)
        first, second = _tried(lambda: daily.write_day(today), times=2)
        ours.append(first)
        again.append(second)
    limit = median(by_hand_s)
    run = daily.write_day(today)
    new = sum(run.created.values())
    compared = f"{len(by_hand.CODES)} of {len(RULEBOOK)}"
    more = {"by_hand_s": round(limit, 4), "looked_at": run.looked_at, "rules": compared}
    say("write an ordinary day", median(ours), 1.2 * limit, new, **more)
    say("write it again", median(again), limit / 2, new)


@the_same_rules
def bench_ten_times(say: Say, today: date, clients: int, policies: int) -> None:
    """The same work due, in a tenth of the book and then in the whole of it."""
    tenth, policies_of_tenth = clients // 10, policies // 10
    book.fill(clients=tenth, policies=policies_of_tenth, today=today)
    small, new = _ordinary_day(today, tenth)
    book.grow(clients=clients - tenth, policies=policies - policies_of_tenth, today=today)
    large, as_many = _ordinary_day(today, tenth)
    assert new == as_many, "the larger book is meant to have no more to do"
    say("write it in a book ten times as large", large, 1.5 * small, new, small_s=round(small, 4))


def _ordinary_day(today: date, clients: int) -> tuple[float, int]:
    _yesterday(today, clients)
    took = median(_tried(lambda: daily.write_day(today))[0] for _ in range(ROUNDS))
    with transaction.atomic():
        new = sum(daily.write_day(today).created.values())
        transaction.set_rollback(True)
    return took, new


def _yesterday(today: date, clients: int) -> None:
    """Write yesterday's list, and let the first `clients` of the book live through the day."""
    daily.write_day(today - ONE_DAY)
    book.live_a_day(today - ONE_DAY, clients=clients)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE followups_followup, followups_touched")
    assert ListRun.last_day() == today - ONE_DAY


def _tried(write: Callable[[], object], *, times: int = 1, notes: bool = True) -> list[float]:
    """Seconds it takes each time, from where we are; what is by hand does not pay for our notes."""
    took = []
    with transaction.atomic(), connection.cursor() as cursor:
        if not notes:
            cursor.execute(OUR_NOTES.format("DISABLE"))
        for _ in range(times):
            began = perf_counter()
            write()
            took.append(perf_counter() - began)
        transaction.set_rollback(True)
    return took
