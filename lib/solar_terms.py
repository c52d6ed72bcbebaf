"""The twenty-four solar terms, 1900 to 2100, as dates of Beijing.

The table follows the astronomical computation of sxtwl, and a test compares them day by day.
`bin/lunar-table terms` prints it.
"""

from datetime import date
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FIRST_YEAR = 1900

# Two a month from January on, each with the earliest day of the month it ever falls on.
TERMS: tuple[tuple[str | Promise, int], ...] = (
    (_("Minor Cold"), 4),
    (_("Major Cold"), 19),
    (_("Spring Begins"), 3),
    (_("Rain Water"), 18),
    (_("Insects Awaken"), 4),
    (_("Spring Equinox"), 19),
    (_("Clear and Bright"), 4),
    (_("Grain Rain"), 19),
    (_("Summer Begins"), 4),
    (_("Grain Buds"), 20),
    (_("Grain in Ear"), 4),
    (_("Summer Solstice"), 20),
    (_("Minor Heat"), 6),
    (_("Major Heat"), 22),
    (_("Autumn Begins"), 6),
    (_("Heat Ends"), 22),
    (_("White Dew"), 6),
    (_("Autumn Equinox"), 22),
    (_("Cold Dew"), 7),
    (_("Frost"), 22),
    (_("Winter Begins"), 6),
    (_("Minor Snow"), 21),
    (_("Major Snow"), 6),
    (_("Winter Solstice"), 21),
)
CLEAR_AND_BRIGHT = 6

# One number a year: two bits for each term, by how many days it falls later than its earliest.
_YEARS = (
    0x5aa665a65a56, 0x6aaaa6aa9a5a, 0xaaaaaabaaa6a, 0xaaabbabbafaa, 0x5aa665a65aab, 0x6aaaa6aa9a5a,
    0xaaaaaaaaaa6a, 0xaaabbabbafaa, 0x5aa665a65aab, 0x6aaaa6aa9a5a, 0xaaaaaaaaaa6a, 0xaaabbabbafaa,
    0x56a665a65aab, 0x6aa6a6aa9a56, 0xaaaaaaaa9a5a, 0xaaabaabaaeaa, 0x569665a65aaa, 0x6aa6a6a69a56,
    0x6aaaaaaa9a5a, 0xaaabaabaaeaa, 0x569665a65aaa, 0x5aa6a6a65a56, 0x6aaaaaaa9a5a, 0xaaabaabaaa6a,
    0x569665a65aaa, 0x5aa6a6a65a56, 0x6aaaa6aa9a5a, 0xaaabaabaaa6a, 0x555665a65aaa, 0x5aa665a65a56,
    0x6aaaa6aa9a5a, 0xaaaaaabaaa6a, 0x555665665aaa, 0x5aa665a65a56, 0x6aaaa6aa9a5a, 0xaaaaaaaaaa6a,
    0x555665665aaa, 0x5aa665a65a56, 0x6aaaa6aa9a5a, 0xaaaaaaaaaa6a, 0x555665665aaa, 0x5aa665a65a56,
    0x6aaaa6aa9a5a, 0xaaaaaaaaaa6a, 0x555665655aaa, 0x569665a65a56, 0x6aa6a6aa9a56, 0xaaaaaaaa9a5a,
    0x5556556559aa, 0x569665a65a55, 0x6aa6a6a65a56, 0xaaaaaaaa9a5a, 0x5556556559aa, 0x569665a65a55,
    0x5aa6a6a65a56, 0x6aaaa6aa9a5a, 0x5556556555aa, 0x569665a65a55, 0x5aa665a65a56, 0x6aaaa6aa9a5a,
    0x55555565556a, 0x555665665a55, 0x5aa665a65a56, 0x6aaaa6aa9a5a, 0x55555565556a, 0x555665665a55,
    0x5aa665a65a56, 0x6aaaa6aa9a5a, 0x55555555556a, 0x555665665a55, 0x5aa665a65a56, 0x6aaaa6aa9a5a,
    0x55555555556a, 0x555665655a55, 0x5aa665a65a56, 0x6aa6a6aa9a5a, 0x55555555456a, 0x555655655a55,
    0x5a9665a65a56, 0x6aa6a6a69a56, 0x55555555456a, 0x555655655a55, 0x569665a65a56, 0x6aa6a6a65a56,
    0x55555155455a, 0x555655655955, 0x569665a65a55, 0x5aa6a5a65a56, 0x15555155455a, 0x555555655555,
    0x569665665a55, 0x5aa665a65a56, 0x15555155455a, 0x555555655515, 0x555665665a55, 0x5aa665a65a56,
    0x15555155455a, 0x555555555515, 0x555665665a55, 0x5aa665a65a56, 0x15555155455a, 0x555555555515,
    0x555665665a55, 0x5aa665a65a56, 0x15555155455a, 0x555555555515, 0x555655655a55, 0x5aa665a65a56,
    0x15515155455a, 0x555555554515, 0x555655655a55, 0x5a9665a65a56, 0x15515151455a, 0x555551554515,
    0x555655655a55, 0x569665a65a56, 0x155151510556, 0x555551554505, 0x555655655955, 0x569665665a55,
    0x155110510556, 0x155551554505, 0x555555655555, 0x569665665a55, 0x055110510556, 0x155551554505,
    0x555555555515, 0x555665665a55, 0x055110510556, 0x155551554505, 0x555555555515, 0x555665665a55,
    0x055110510556, 0x155551554505, 0x555555555515, 0x555655655a55, 0x055110510556, 0x155551554505,
    0x555555555515, 0x555655655a55, 0x055110510556, 0x155151514505, 0x555555554515, 0x555655655a55,
    0x054110510556, 0x155151510505, 0x555551554515, 0x555655655a55, 0x014110110556, 0x155110510501,
    0x555551554505, 0x555555655555, 0x014110110555, 0x155110510501, 0x555551554505, 0x555555555555,
    0x014110110555, 0x055110510501, 0x155551554505, 0x555555555555, 0x000110110555, 0x055110510501,
    0x155551554505, 0x555555555515, 0x000110110555, 0x055110510501, 0x155551554505, 0x555555555515,
    0x000100100555, 0x055110510501, 0x155151514505, 0x555555555515, 0x000100100555, 0x054110510501,
    0x155151514505, 0x555551554515, 0x000100100555, 0x054110510501, 0x155150510505, 0x555551554515,
    0x000100100555, 0x014110110501, 0x155110510505, 0x555551554505, 0x000000100055, 0x014110110500,
    0x155110510501, 0x555551554505, 0x000000000055, 0x014110110500, 0x055110510501, 0x155551554505,
    0x000000000055, 0x000110110500, 0x055110510501, 0x155551554505, 0x000000000015, 0x000100110500,
    0x055110510501, 0x155551554505, 0x555555555515,
)  # fmt: skip


def term_on(day: date) -> str | Promise | None:
    """The solar term that begins on the day; none outside the table."""
    return _terms_of(day.year).get(day)


def day_of_term(year: int, place: int) -> date:
    """When the term in that place of TERMS begins. Raises ValueError outside the table."""
    if not FIRST_YEAR <= year < FIRST_YEAR + len(_YEARS):
        raise ValueError(f"the solar terms of {year} are outside the table")
    later = _YEARS[year - FIRST_YEAR] >> 2 * place & 3
    return date(year, place // 2 + 1, TERMS[place][1] + later)


@cache
def _terms_of(year: int) -> dict[date, str | Promise]:
    if not FIRST_YEAR <= year < FIRST_YEAR + len(_YEARS):
        return {}
    return {day_of_term(year, place): name for place, (name, _earliest) in enumerate(TERMS)}
