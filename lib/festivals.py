"""The usual festivals of a year: those of the solar year, of the lunar year, and those that float."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lib import lunar, solar_terms

ONE_DAY = timedelta(days=1)
SUNDAY = 6


@dataclass(frozen=True)
class Festival:
    """A day of the solar or lunar year; in the solar one also "the second Sunday of May"."""

    code: str
    name: str | Promise
    month: int
    day: int = 0
    lunar: bool = False
    sunday: int = 0  # the how-manieth of the month
    before: int = 0  # days before it
    term: int | None = None  # the solar term on which it falls

    def __str__(self) -> str:
        return str(self.name)

    def in_year(self, year: int) -> date:
        """When it is kept; of lunar ones in the lunar year `year`. ValueError outside the tables."""
        if self.term is not None:
            return solar_terms.day_of_term(year, self.term)
        if self.lunar:
            return (
                lunar.to_solar(lunar.LunarDate(year, self.month, self.day)) - self.before * ONE_DAY
            )
        if self.sunday:
            first = date(year, self.month, 1)
            return first + timedelta(days=(SUNDAY - first.weekday()) % 7 + 7 * (self.sunday - 1))
        return date(year, self.month, self.day)


USUAL = (
    Festival("new-year", _("New Year"), 1, 1),
    Festival("eve", _("New Year's Eve (lunar)"), 1, 1, lunar=True, before=1),
    Festival("spring", _("Spring Festival"), 1, 1, lunar=True),
    Festival("lantern", _("Lantern Festival"), 1, 15, lunar=True),
    Festival("women", _("Women's Day"), 3, 8),
    Festival("qingming", _("Qingming Festival"), 4, term=solar_terms.CLEAR_AND_BRIGHT),
    Festival("labour", _("Labour Day"), 5, 1),
    Festival("mothers", _("Mother's Day"), 5, sunday=2),
    Festival("nurses", _("Nurses' Day"), 5, 12),
    Festival("children", _("Children's Day"), 6, 1),
    Festival("dragon-boat", _("Dragon Boat Festival"), 5, 5, lunar=True),
    Festival("fathers", _("Father's Day"), 6, sunday=3),
    Festival("qixi", _("Qixi Festival"), 7, 7, lunar=True),
    Festival("teachers", _("Teachers' Day"), 9, 10),
    Festival("mid-autumn", _("Mid-Autumn Festival"), 8, 15, lunar=True),
    Festival("national", _("National Day"), 10, 1),
    Festival("double-ninth", _("Double Ninth Festival"), 9, 9, lunar=True),
    Festival("journalists", _("Journalists' Day"), 11, 8),
)


def between(first: date, last: date) -> list[tuple[date, Festival]]:
    """The festivals on the days `first..last`, in order; none where a table ends."""
    return sorted(_between(first, last), key=lambda found: found[0])


def _between(first: date, last: date) -> Iterator[tuple[date, Festival]]:
    for festival in USUAL:
        for year in range(first.year - 1, last.year + 1):
            try:
                day = festival.in_year(year)
            except ValueError:
                continue
            if first <= day <= last:
                yield day, festival
