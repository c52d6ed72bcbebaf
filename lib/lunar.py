"""The Chinese lunar calendar, 1900-01-31 to the end of lunar 2100.

The usual small libraries are wrong on 30 to 400 days of these years; the table follows the
astronomical computation of sxtwl, and a test compares them day by day. `bin/lunar-table` prints it.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import count
from typing import NamedTuple

FIRST_YEAR = 1900
_FIRST_DAY = date(1900, 1, 31).toordinal()

# One number a lunar year. Bits 0-12: the month in that place has 30 days; above them stands the
# number of the month that is doubled.
_YEARS = (
    0x116d2, 0x00752, 0x00ea5, 0x0b64a, 0x0064b, 0x00a9b, 0x09556, 0x0056a, 0x00b59, 0x05752,
    0x00752, 0x0db25, 0x00b25, 0x00a4b, 0x0b4ab, 0x002ad, 0x0056b, 0x04b69, 0x00da9, 0x0fd92,
    0x00e92, 0x00d25, 0x0ba4d, 0x00a56, 0x002b6, 0x095b5, 0x006d4, 0x00ea9, 0x05e92, 0x00e92,
    0x0cd26, 0x0052b, 0x00a57, 0x0b2b6, 0x00b5a, 0x006d4, 0x06ec9, 0x00749, 0x0f693, 0x00a93,
    0x0052b, 0x0ca5b, 0x00aad, 0x0056a, 0x09b55, 0x00ba4, 0x00b49, 0x05a93, 0x00a95, 0x0f52d,
    0x00536, 0x00aad, 0x0b5aa, 0x005b2, 0x00da5, 0x07d4a, 0x00d4a, 0x10a95, 0x00a97, 0x00556,
    0x0cab5, 0x00ad5, 0x006d2, 0x08ea5, 0x00ea5, 0x0064a, 0x06c97, 0x00a9b, 0x0f55a, 0x0056a,
    0x00b69, 0x0b752, 0x00b52, 0x00b25, 0x0964b, 0x00a4b, 0x114ab, 0x002ad, 0x0056d, 0x0cb69,
    0x00da9, 0x00d92, 0x09d25, 0x00d25, 0x15a4d, 0x00a56, 0x002b6, 0x0c5b5, 0x006d5, 0x00ea9,
    0x0be92, 0x00e92, 0x00d26, 0x06a56, 0x00a57, 0x114d6, 0x0035a, 0x006d5, 0x0b6c9, 0x00749,
    0x00693, 0x0952b, 0x0052b, 0x00a5b, 0x0555a, 0x0056a, 0x0fb55, 0x00ba4, 0x00b49, 0x0ba93,
    0x00a95, 0x0052d, 0x08aad, 0x00ab5, 0x135aa, 0x005d2, 0x00da5, 0x0dd4a, 0x00d4a, 0x00c95,
    0x0952e, 0x00556, 0x00ab5, 0x055b2, 0x006d2, 0x0cea5, 0x00725, 0x0064b, 0x0ac97, 0x00cab,
    0x0055a, 0x06ad6, 0x00b69, 0x17752, 0x00b52, 0x00b25, 0x0da4b, 0x00a4b, 0x004ab, 0x0a55b,
    0x005ad, 0x00b6a, 0x05b52, 0x00d92, 0x0fd25, 0x00d25, 0x00a55, 0x0b4ad, 0x004b6, 0x005b5,
    0x06daa, 0x00ec9, 0x11e92, 0x00e92, 0x00d26, 0x0ca56, 0x00a57, 0x00556, 0x086d5, 0x00755,
    0x00749, 0x06e93, 0x00693, 0x0f52b, 0x0052b, 0x00a5b, 0x0b55a, 0x0056a, 0x00b65, 0x0974a,
    0x00b4a, 0x11a95, 0x00a95, 0x0052d, 0x0caad, 0x00ab5, 0x005aa, 0x08ba5, 0x00da5, 0x00d4a,
    0x07c95, 0x00c96, 0x0f94e, 0x00556, 0x00ab5, 0x0b5b2, 0x006d2, 0x00ea5, 0x08e4a, 0x0068b,
    0x10c97, 0x004ab, 0x0055b, 0x0cad6, 0x00b6a, 0x00752, 0x09725, 0x00b45, 0x00a8b, 0x0549b,
    0x004ab,
)  # fmt: skip


class LunarDate(NamedTuple):
    year: int
    month: int
    day: int
    leap: bool = False


_MONTH_NAMES = "正二三四五六七八九十冬腊"
_DIGITS = "一二三四五六七八九十"


class _Month(NamedTuple):
    year: int
    month: int
    leap: bool
    days: int


def to_lunar(day: date) -> LunarDate:
    """Raise ValueError outside the table."""
    ordinal = day.toordinal()
    starts, months = _calendar()
    place = bisect_right(starts, ordinal) - 1
    if place < 0 or ordinal - starts[place] >= months[place].days:
        raise ValueError(f"{day} is outside the lunar calendar's table")
    month = months[place]
    return LunarDate(month.year, month.month, ordinal - starts[place] + 1, month.leap)


def to_solar(lunar: LunarDate) -> date:
    """Raise ValueError where there is no such day."""
    start, days = _month_starts().get((lunar.year, lunar.month, lunar.leap), (0, 0))
    if not 1 <= lunar.day <= days:
        raise ValueError(f"there is no lunar day {lunar}")
    return date.fromordinal(start + lunar.day - 1)


def days_in(year: int, month: int, leap: bool = False) -> int:
    """29 or 30; nothing where the year has no such month."""
    return _month_starts().get((year, month, leap), (0, 0))[1]


def is_ever_doubled(month: int) -> bool:
    return any(code >> 13 == month for code in _YEARS)


def lunar_birthday_in(year: int, month: int, day: int, leap: bool) -> date:
    """A birthday in the lunar `year`.

    A leap month that the year lacks is kept in the plain month, the 30th of a short month on
    its 29th.
    """
    starts = _month_starts()
    start, days = (leap and starts.get((year, month, True))) or starts.get(
        (year, month, False), (0, 0)
    )
    if not start or not 1 <= day <= 30:
        raise ValueError(f"there is no lunar birthday {month}-{day} in {year}")
    return date.fromordinal(start + min(day, days) - 1)


def next_lunar_birthday(month: int, day: int, leap: bool, on_or_after: date) -> date:
    for year in count(to_lunar(on_or_after).year):
        birthday = lunar_birthday_in(year, month, day, leap)
        if birthday >= on_or_after:
            return birthday
    raise AssertionError("unreachable: the table ends with a ValueError")


def month_name(month: int, leap: bool = False) -> str:
    return f"{'闰' if leap else ''}{_MONTH_NAMES[month - 1]}月"


def day_name(day: int) -> str:
    if day in (10, 20, 30):
        return ("初", "二", "三")[day // 10 - 1] + "十"
    return ("初", "十", "廿")[day // 10] + _DIGITS[day % 10 - 1]


def lunar_name(month: int, day: int, leap: bool = False) -> str:
    """As an almanac writes it: 四月廿七, 闰六月初一."""
    return month_name(month, leap) + day_name(day)


@cache
def _calendar() -> tuple[list[int], list[_Month]]:
    """The first day (an ordinal) of every month, and the months."""
    starts, months, start = [], [], _FIRST_DAY
    for month in _months():
        starts.append(start)
        months.append(month)
        start += month.days
    return starts, months


@cache
def _month_starts() -> dict[tuple[int, int, bool], tuple[int, int]]:
    starts, months = _calendar()
    return {
        (month.year, month.month, month.leap): (start, month.days)
        for start, month in zip(starts, months, strict=True)
    }


def _months() -> Iterator[_Month]:
    for year, code in enumerate(_YEARS, FIRST_YEAR):
        for place, (month, leap) in enumerate(_month_order(code >> 13)):
            yield _Month(year, month, leap, 30 if code >> place & 1 else 29)


def _month_order(doubled: int) -> list[tuple[int, bool]]:
    order = [(month, False) for month in range(1, 13)]
    if doubled:
        order.insert(doubled, (doubled, True))
    return order


def qingming(year: int) -> date:
    """The day of Qingming in China, by the usual reckoning; it holds from 1901 to 2099."""
    if not 1901 <= year <= 2099:
        raise ValueError(f"the reckoning of Qingming does not reach {year}")
    since = year - 1900
    return date(year, 4, int(since * 0.2422 + 5.59) - since // 4)
