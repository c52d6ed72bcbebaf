"""How a day presents itself: its lunar day, the solar term or festival on it, whether the office works."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from followups import festivals
from followups.office_days import Days
from lib import lunar
from lib.solar_terms import term_on


@dataclass(frozen=True)
class Face:
    """A day of the calendar: one word under its number, and all there is to say about it."""

    day: date
    word: str
    tone: str  # festivals in red, solar terms in teal
    off: str  # 休, 班, or nothing
    rests: bool
    names: list[str] = field(default_factory=list)
    lunar: str = ""


def faces(days: Sequence[date]) -> list[Face]:
    """One for each of the consecutive days; three queries, however many."""
    known = Days(days[0], days[-1])
    named: dict[date, list[str]] = {}
    for day, festival in festivals.coming(days[0], days[-1]):
        named.setdefault(day, []).append(str(festival))
    return [_face(day, named.get(day, []), known) for day in days]


def _face(day: date, kept: list[str], known: Days) -> Face:
    term = term_on(day)
    said = known.said(day)
    names = list(kept)
    if said and said.name and said.name not in names and not kept:
        names.append(said.name)
    if term and str(term) not in "".join(names):
        names.append(str(term))
    word, tone = lunar_word(day), ""
    if kept:
        word, tone = kept[0], "danger"
    elif term:
        word, tone = str(term), "teal"
    marked = (
        "" if said is None else pgettext("day", "Work") if said.works else pgettext("day", "Off")
    )
    rests = known.is_off(day)
    return Face(day, word, tone, marked, rests, names, lunar_words(day))


def lunar_word(day: date) -> str:
    """`廿七`, on the first of a month `五月`; in English `4/27`; nothing outside the table."""
    try:
        found = lunar.to_lunar(day)
    except ValueError:
        return ""
    if not _in_chinese():
        return f"{found.month}/{found.day}"
    return (
        lunar.month_name(found.month, found.leap) if found.day == 1 else lunar.day_name(found.day)
    )


def lunar_words(day: date) -> str:
    """`农历五月初五`, `Lunar 5/5`"""
    try:
        found = lunar.to_lunar(day)
    except ValueError:
        return ""
    if not _in_chinese():
        return _("Lunar %(day)s") % {"day": f"{found.month}/{found.day}"}
    name = lunar.lunar_name(found.month, found.day, found.leap)
    return _("Lunar %(day)s") % {"day": name}


def _in_chinese() -> bool:
    return (get_language() or "").startswith("zh")


STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
ANIMALS = "Rat Ox Tiger Rabbit Dragon Snake Horse Goat Monkey Rooster Dog Pig".split()


def lunar_span(first: date, last: date) -> str:
    """`丙午年 四月十六 – 五月十六`, `Year of the Horse, lunar 4/16 – 5/16`"""
    try:
        begin, end = lunar.to_lunar(first), lunar.to_lunar(last)
    except ValueError:
        return ""
    n = begin.year - 4
    if _in_chinese():
        words = [lunar.lunar_name(one.month, one.day, one.leap) for one in (begin, end)]
        return f"{STEMS[n % 10]}{BRANCHES[n % 12]}年 {words[0]} – {words[1]}"
    days = f"{begin.month}/{begin.day} – {end.month}/{end.day}"
    return f"Year of the {ANIMALS[n % 12]}, lunar {days}"
