"""Public holidays and the weekend days that are worked instead, as the State Council decrees them.

For a year without a decree yet the holidays are those of the law, and nobody knows of exchanged days.
"""

from datetime import date
from functools import cache
from typing import NamedTuple

HOLIDAY_NOTE = "（"  # what follows says why it is off: made up for, exchanged
SATURDAY = 5


class Official(NamedTuple):
    works: bool
    name: str  # of the holiday; empty on a day that is only exchanged


def official(day: date) -> Official | None:
    """What the decree says of the day; nothing of ordinary days."""
    return _of_year(day.year).get(day)


def is_workday(day: date) -> bool:
    """Whether offices work, as far as the decree goes."""
    said = official(day)
    return said.works if said else day.weekday() < SATURDAY


@cache
def _of_year(year: int) -> dict[date, Official]:
    # Imported when first asked for: no page but the calendar waits for it.
    from holidays import country_holidays

    china = country_holidays("CN", years=year, language="zh_CN")
    found = {day: Official(works=False, name=_plain(name)) for day, name in china.items()}
    worked = (day for day in china.weekend_workdays if day.year == year)
    return found | {day: Official(works=True, name="") for day in worked}


def _plain(name: str) -> str:
    bare = name.split(HOLIDAY_NOTE, maxsplit=1)[0]
    return "" if bare == "休息日" else bare
