"""Days counted from an anchor.

Month ends are clamped and never drift, since nothing is counted from a clamped day.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import MAXYEAR, date, timedelta

from django.utils import timezone


def today() -> date:
    """The office's day; business dates come from here and never from a moment in UTC."""
    return timezone.localdate()


def add_months(anchor: date, months: int) -> date:
    """The same day `months` later (or earlier), or the last day of a month too short for it."""
    year, month0 = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    last_day = monthrange(year, month0 + 1)[1]
    return date(year, month0 + 1, min(anchor.day, last_day))


def add_years(anchor: date, years: int) -> date:
    return add_months(anchor, 12 * years)


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def due_dates(effective_on: date, months: int) -> Iterator[date]:
    """Every day, after the first one, on which a payment each `months` months falls due."""
    if months < 1:
        raise ValueError("a payment comes round every month at the soonest")
    step = months
    while (effective_on.year * 12 + effective_on.month - 1 + step) // 12 <= MAXYEAR:
        yield add_months(effective_on, step)
        step += months


def next_due_date(effective_on: date, months: int, on_or_after: date) -> date:
    """The first due day not before `on_or_after`, found without walking through the past."""
    between = (on_or_after.year - effective_on.year) * 12 + on_or_after.month - effective_on.month
    step = max(between // months, 1) * months
    due_on = add_months(effective_on, step)
    return due_on if due_on >= on_or_after else add_months(effective_on, step + months)


def cover_end(effective_on: date, years: int) -> date:
    """The last covered day: the day before the anniversary."""
    return add_years(effective_on, years) - timedelta(days=1)


def days_from(first: date, last: date) -> list[date]:
    """Every day of `first..last`."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def birthday_in(year: int, month: int, day: int) -> date:
    """A birthday in `year`; 29 February is kept on the 28th in common years."""
    if (month, day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return date(year, month, day)


def next_birthday(born_on: date, on_or_after: date) -> date:
    this_year = birthday_in(on_or_after.year, born_on.month, born_on.day)
    if this_year >= on_or_after:
        return this_year
    return birthday_in(on_or_after.year + 1, born_on.month, born_on.day)


def age_on(born_on: date, day: date) -> int:
    """Full years on `day`."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
