from datetime import date, timedelta
from itertools import islice

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from lib.dates import (
    add_months,
    add_years,
    birthday_in,
    cover_end,
    due_dates,
    next_birthday,
    next_due_date,
    today,
)

DAYS = st.dates(date(1901, 1, 1), date(2100, 12, 31))


def test_month_ends_are_clamped_and_do_not_drift():
    due = list(islice(due_dates(date(2024, 1, 31), 1), 5))
    assert due == [
        date(2024, 2, 29),
        date(2024, 3, 31),
        date(2024, 4, 30),
        date(2024, 5, 31),
        date(2024, 6, 30),
    ]


def test_a_leap_day_comes_back_in_leap_years():
    due = list(islice(due_dates(date(2024, 2, 29), 12), 4))
    assert due == [date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


@pytest.mark.parametrize(
    ("effective_on", "years", "ends_on"),
    [
        (date(2024, 2, 29), 5, date(2029, 2, 27)),
        (date(2020, 5, 1), 10, date(2030, 4, 30)),
        (date(2024, 3, 1), 1, date(2025, 2, 28)),
    ],
)
def test_cover_ends_the_day_before_the_anniversary(effective_on, years, ends_on):
    assert cover_end(effective_on, years) == ends_on


def test_years_are_added_backwards_too():
    assert add_years(date(2024, 2, 29), -1) == date(2023, 2, 28)
    assert add_months(date(2024, 3, 31), -1) == date(2024, 2, 29)
    assert add_months(date(2024, 1, 15), -1) == date(2023, 12, 15)


def test_a_birthday_on_29_february_is_kept_on_the_28th_in_common_years():
    born_on = date(2000, 2, 29)
    assert birthday_in(2027, 2, 29) == date(2027, 2, 28)
    assert next_birthday(born_on, date(2027, 2, 28)) == date(2027, 2, 28)
    assert next_birthday(born_on, date(2027, 3, 1)) == date(2028, 2, 29)
    assert next_birthday(born_on, date(2028, 2, 28)) == date(2028, 2, 29)


@given(DAYS, DAYS)
def test_each_birthday_comes_once_a_year(born_on, day):
    coming = next_birthday(born_on, day)
    assert day <= coming <= day + timedelta(days=366)
    assert next_birthday(born_on, coming + timedelta(days=1)).year == coming.year + 1


@given(DAYS, st.sampled_from([1, 3, 6, 12]), DAYS)
def test_the_next_due_date_is_the_first_of_the_series_not_before_the_day(effective_on, months, day):
    series = due_dates(effective_on, months)
    assert next_due_date(effective_on, months, day) == next(d for d in series if d >= day)


def test_a_payment_needs_a_step():
    with pytest.raises(ValueError, match="every month"):
        next(due_dates(date(2024, 1, 1), 0))


@pytest.mark.parametrize("months", [1, 12])
def test_a_series_ends_with_the_calendar(months):
    assert len(list(due_dates(date(9990, 1, 31), months))) <= 120


def test_today_is_the_day_of_the_office_not_of_greenwich():
    with time_machine.travel("2026-11-22T18:00:00+00:00", tick=False):
        assert today() == date(2026, 11, 23)
