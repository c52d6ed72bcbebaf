"""Days that come round in either calendar, against an astronomical oracle and by brute force."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.key_dates import roll_days
from clients.models import Client, FamilyMember, KeyDate
from clients.people_forms import wrong_with
from clients.yearly import Calendar
from lib import dates, lunar

FIRST, LAST = date(1951, 1, 1), date(2099, 1, 1)
A_DAY = timedelta(days=1)
starts = st.dates(FIRST, LAST)


def kept(calendar: str, month: int, day: int, leap: bool = False) -> KeyDate:
    return KeyDate(kind="own", calendar=calendar, month=month, day=day, leap=leap)


def by_the_oracle(day: date) -> tuple[int, int, bool]:
    sxtwl = pytest.importorskip("sxtwl")
    found = sxtwl.fromSolar(day.year, day.month, day.day)
    return found.getLunarMonth(), found.getLunarDay(), found.isLunarLeap()


@settings(max_examples=150, deadline=None)
@given(month=st.integers(1, 12), day=st.integers(1, 30), leap=st.booleans(), start=starts)
def test_a_lunar_date_comes_when_walking_through_the_oracle_finds_it(
    month: int, day: int, leap: bool, start: date
) -> None:
    """Day by day until the lunar year has it: the leap month if it is kept in one and the year
    has it, else the plain month; the 30th of a short month on its 29th."""
    found = kept("lunar", month, day, leap).comes_on(start)
    assert found == _walked(month, day, leap, start)


def _walked(month: int, day: int, leap: bool, start: date) -> date:
    year = lunar.to_lunar(start).year
    while True:
        first, last = (lunar.to_solar(lunar.LunarDate(y, 1, 1)) for y in (year, year + 1))
        days = [first + n * A_DAY for n in range((last - first).days)]
        named = [(on, by_the_oracle(on)) for on in days]
        in_leap = [on for on, (m, _d, is_leap) in named if (m, is_leap) == (month, True)]
        plain = [on for on, (m, _d, is_leap) in named if (m, is_leap) == (month, False)]
        its_month = in_leap if leap and in_leap else plain
        on = its_month[min(day, len(its_month)) - 1]
        if on >= start:
            return on
        year += 1


@given(month=st.integers(1, 12), day=st.integers(1, 31), start=starts)
def test_a_solar_date_comes_when_walking_through_the_days_finds_it(
    month: int, day: int, start: date
) -> None:
    if wrong_with(Calendar.SOLAR, None, month, day, leap=False):
        return
    found = kept("solar", month, day).comes_on(start)
    on = start
    while (on.month, on.day) != (month, day):
        if (month, day) == (2, 29) and (on.month, on.day) == (2, 28) and (on + A_DAY).day == 1:
            break
        on += A_DAY
    assert found == on


@pytest.mark.parametrize(
    ("calendar", "month", "day", "leap", "start", "on"),
    [
        ("solar", 2, 29, False, date(2026, 1, 1), date(2026, 2, 28)),
        ("solar", 2, 29, False, date(2028, 1, 1), date(2028, 2, 29)),
        ("solar", 6, 12, False, date(2026, 6, 12), date(2026, 6, 12)),
        ("lunar", 6, 3, False, date(2026, 6, 12), date(2026, 7, 16)),
        ("lunar", 6, 12, True, date(2025, 1, 1), date(2025, 8, 5)),  # 2025 has a leap 6th month
        ("lunar", 6, 12, False, date(2025, 1, 1), date(2025, 7, 6)),
        ("lunar", 6, 12, True, date(2026, 1, 1), date(2026, 7, 25)),  # 2026 has none
        ("lunar", 12, 30, False, date(2026, 1, 1), date(2026, 2, 16)),  # 29 days: New Year's Eve
    ],
)
def test_known_days(calendar: str, month: int, day: int, leap: bool, start: date, on: date) -> None:
    assert kept(calendar, month, day, leap).comes_on(start) == on


@pytest.mark.parametrize(
    ("calendar", "year", "month", "day", "leap", "field", "words"),
    [
        ("solar", None, 13, 1, False, "month", "twelve months"),
        ("solar", None, 2, 30, False, "day", "February has no day 30"),
        ("solar", None, 4, 31, False, "day", "April has no day 31"),
        ("solar", 2023, 2, 29, False, "year", "no 29 February in 2023"),
        ("solar", 1899, 2, 1, False, "year", "from 1901"),
        ("solar", None, 6, 1, True, "leap", "Only the lunar"),
        ("lunar", None, 6, 31, False, "day", "29 or 30 days"),
        ("lunar", None, 12, 1, True, "leap", "No year of these two centuries"),
        ("lunar", 2024, 6, 1, True, "leap", "2024 has no leap month 6"),
        ("lunar", 2024, 6, 30, False, "day", "2024 the month 6 has 29 days"),
    ],
)
def test_what_no_year_has_is_told_in_words(
    calendar: str, year: int | None, month: int, day: int, leap: bool, field: str, words: str
) -> None:
    with override("en"):
        wrong = wrong_with(calendar, year, month, day, leap)
    assert wrong is not None
    assert wrong[0] == field
    assert words in wrong[1]


@given(
    calendar=st.sampled_from(["solar", "lunar"]),
    year=st.integers(1901, 2025),
    month=st.integers(1, 12),
    day=st.integers(1, 31),
    leap=st.booleans(),
)
def test_what_is_not_told_to_be_wrong_exists(
    calendar: str, year: int, month: int, day: int, leap: bool
) -> None:
    if wrong_with(calendar, year, month, day, leap) is None:
        row = KeyDate(calendar=calendar, year=year, month=month, day=day, leap=leap)
        assert row.begun_on is not None
        assert row.comes_on(row.begun_on) == row.begun_on


@pytest.mark.django_db
def test_every_day_of_the_year_is_rolled_by_one_mechanism(
    make_client: Any, django_assert_num_queries: Any
) -> None:
    client = make_client(birth_on=date(1980, 2, 29))
    FamilyMember.objects.create(client=client, kin="child", calendar="lunar", month=6, day=3)
    KeyDate.objects.create(client=client, kind="wedding", month=6, day=12)
    Client.objects.update(next_birthday_on=date(2025, 2, 28))
    FamilyMember.objects.update(next_on=date(2025, 6, 28))
    KeyDate.objects.update(next_on=date(2026, 6, 12))
    assert roll_days(date(2026, 6, 12)) == 2
    assert Client.objects.get().next_birthday_on == date(2027, 2, 28)
    assert FamilyMember.objects.get().next_on == date(2026, 7, 16)
    assert KeyDate.objects.get().next_on == date(2026, 6, 12)
    assert roll_days(date(2026, 6, 12)) == 0
    with django_assert_num_queries(3):
        roll_days(dates.today() - timedelta(days=9000))
