"""Which premium of its policy one is (交次), also where the premium mode was changed on the way.

The database notes at each change from which premium on the new rhythm holds, which one that is, and
in which mode and of which amount the earlier ones were; see decision 0016.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import chain, takewhile
from typing import NamedTuple

from django.db.models import F, Func, IntegerField

from lib import dates
from policies.models import MODE_MONTHS, Policy


class Change(NamedTuple):
    """The last change of mode: the premium that opened the present rhythm, and what was before."""

    on: date
    number: int
    months_before: int
    premium_before: Decimal

    @classmethod
    def of(cls, policy: Policy) -> "Change | None":
        on, number, premium = policy.rhythm_from, policy.rhythm_number, policy.premium_before
        if on is None or number is None or premium is None:
            return None
        return cls(on, number, MODE_MONTHS[Policy.Mode(policy.mode_before)], premium)


def number_of(policy: Policy, due_on: date) -> int | None:
    """Which premium falls due on that day, the one on the effective date being the first."""
    months, effective_on = policy.months_between, policy.effective_on
    if not (months and effective_on) or due_on < effective_on:
        return None
    change = Change.of(policy)
    if change is None:
        return _between(effective_on, due_on) // months + 1
    since = _between(change.on, due_on)
    if due_on >= change.on:
        return change.number + since // months
    return max(change.number + since // change.months_before, 1)


class Numbered(Func):
    """`number_of` the premium due on `due_on`, in SQL; 0 where that cannot be told."""

    function = "policies_number_of"
    output_field = IntegerField()

    def __init__(self, due_on: str = "due_on", policy: str = "policy__") -> None:
        of_policy = ("effective_on", "premium_mode", "rhythm_from", "rhythm_number", "mode_before")
        super().__init__(*(F(policy + name) for name in of_policy), F(due_on))


def due_days(policy: Policy) -> Iterator[tuple[int, date]]:
    """Every premium of the contract by its number, to the end of the paying years."""
    if policy.effective_on is None or not policy.months_between:
        return
    change = Change.of(policy)
    day: date | None = change.on if change else policy.effective_on
    number = change.number if change else 1
    if change:
        yield from _earlier(policy.effective_on, change)
    while day is not None:
        yield number, day
        day, number = policy.due_after(day), number + 1


def _earlier(effective_on: date, change: Change) -> list[tuple[int, date]]:
    """The premiums before the present rhythm; of two changes only the last is known."""
    all_days = chain([effective_on], dates.due_dates(effective_on, change.months_before))
    days = list(takewhile(lambda on: on < change.on, all_days))
    days = days[max(len(days) - change.number + 1, 0) :]
    return list(enumerate(days, start=change.number - len(days)))


def usual_amount(policy: Policy, due_on: date) -> Decimal:
    """What the premium of that day was where its own row does not say so."""
    change = Change.of(policy)
    return change.premium_before if change and due_on < change.on else policy.premium


def _between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
