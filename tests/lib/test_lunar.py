from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.lunar import (
    LunarDate,
    lunar_birthday_in,
    lunar_name,
    next_lunar_birthday,
    to_lunar,
    to_solar,
)

FIRST, LAST = date(1900, 1, 31), date(2101, 1, 28)


def test_every_day_agrees_with_the_astronomers():
    sxtwl = pytest.importorskip("sxtwl")
    day, differing = FIRST, []
    while day <= LAST:
        true = sxtwl.fromSolar(day.year, day.month, day.day)
        ours = to_lunar(day)
        if ours != (
            true.getLunarYear(),
            true.getLunarMonth(),
            true.getLunarDay(),
            true.isLunarLeap(),
        ):
            differing.append(day)
        day += timedelta(days=1)
    assert differing == []


@given(st.dates(FIRST, LAST))
def test_there_and_back(day):
    assert to_solar(to_lunar(day)) == day


@pytest.mark.parametrize(
    ("day", "lunar"),
    [
        (date(2026, 2, 17), LunarDate(2026, 1, 1)),
        (date(1978, 9, 17), LunarDate(1978, 8, 15)),  # Hong Kong's almanac has it a day earlier
        (date(2033, 12, 22), LunarDate(2033, 11, 1, leap=True)),
    ],
)
def test_known_days(day, lunar):
    assert to_lunar(day) == lunar


@pytest.mark.parametrize("day", [FIRST - timedelta(days=1), LAST + timedelta(days=1)])
def test_outside_the_table_it_says_so(day):
    with pytest.raises(ValueError, match="outside"):
        to_lunar(day)


def test_there_is_no_thirtieth_of_a_short_month():
    with pytest.raises(ValueError, match="no lunar day"):
        to_solar(LunarDate(2026, 1, 31))


def test_a_birthday_in_a_leap_month_is_kept_in_the_plain_one_when_the_year_lacks_it():
    # 2025 has a sixth month twice, 2026 does not.
    assert to_lunar(lunar_birthday_in(2025, 6, 12, leap=True)) == LunarDate(2025, 6, 12, leap=True)
    assert to_lunar(lunar_birthday_in(2025, 6, 12, leap=False)) == LunarDate(2025, 6, 12)
    assert to_lunar(lunar_birthday_in(2026, 6, 12, leap=True)) == LunarDate(2026, 6, 12)


@given(
    month=st.integers(1, 12),
    day=st.integers(1, 30),
    leap=st.booleans(),
    start=st.dates(date(1950, 1, 1), date(2098, 1, 1)),
)
def test_a_lunar_birthday_comes_within_thirteen_moons(month, day, leap, start):
    coming = next_lunar_birthday(month, day, leap, start)
    lunar = to_lunar(coming)
    assert start <= coming <= start + timedelta(days=385)
    assert lunar.month == month
    assert lunar.day == day or (day == 30 and lunar.day == 29)


def test_the_thirtieth_of_a_short_month_is_kept_on_the_29th():
    coming = next_lunar_birthday(12, 30, False, date(2026, 1, 1))
    assert to_lunar(coming) == LunarDate(2025, 12, 29)


@pytest.mark.parametrize(
    ("month", "day", "leap", "name"),
    [
        (4, 27, False, "四月廿七"),
        (1, 1, False, "正月初一"),
        (6, 10, True, "闰六月初十"),
        (12, 30, False, "腊月三十"),
        (11, 20, False, "冬月二十"),
        (8, 15, False, "八月十五"),
    ],
)
def test_chinese_names(month, day, leap, name):
    assert lunar_name(month, day, leap) == name
