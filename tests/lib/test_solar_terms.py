from datetime import date, timedelta
from itertools import product

import pytest
from django.utils import translation

from lib.solar_terms import TERMS, day_of_term, term_on

NAMES = (
    "小寒 大寒 立春 雨水 惊蛰 春分 清明 谷雨 立夏 小满 芒种 夏至 "
    "小暑 大暑 立秋 处暑 白露 秋分 寒露 霜降 立冬 小雪 大雪 冬至"
).split()


YEARS = range(1901, 2101)
WINDOWS = (*range(3, 10), *range(18, 26))  # the days of a month on which a term may begin


def test_every_term_begins_when_the_astronomers_say() -> None:
    sxtwl = pytest.importorskip("sxtwl")
    theirs = {}
    for year, month, n in product(YEARS, range(1, 13), WINDOWS):
        true = sxtwl.fromSolar(year, month, n)
        if true.hasJieQi():
            theirs[date(year, month, n)] = TERMS[(true.getJieQi() - 1) % 24][0]
    assert len(theirs) == len(TERMS) * len(YEARS)  # there is none on another day
    first, last = date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    assert {day: term for day in days if (term := term_on(day))} == theirs


def test_they_have_their_chinese_names() -> None:
    with translation.override("zh-hans"):
        assert [str(name) for name, _earliest in TERMS] == NAMES


def test_outside_the_table_there_are_none() -> None:
    assert term_on(date(2101, 1, 5)) is None
    with pytest.raises(ValueError, match="outside"):
        day_of_term(2101, 0)
