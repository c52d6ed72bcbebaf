from datetime import date, timedelta

import pytest
from django.utils import translation

from lib.solar_terms import TERMS, day_of_term, term_on

NAMES = (
    "小寒 大寒 立春 雨水 惊蛰 春分 清明 谷雨 立夏 小满 芒种 夏至 "
    "小暑 大暑 立秋 处暑 白露 秋分 寒露 霜降 立冬 小雪 大雪 冬至"
).split()


def test_every_day_agrees_with_the_astronomers() -> None:
    sxtwl = pytest.importorskip("sxtwl")
    day, differing = date(1901, 1, 1), []
    while day <= date(2100, 12, 31):
        true = sxtwl.fromSolar(day.year, day.month, day.day)
        theirs = TERMS[(true.getJieQi() - 1) % 24][0] if true.hasJieQi() else None
        if term_on(day) != theirs:
            differing.append(day)
        day += timedelta(days=1)
    assert differing == []


def test_they_have_their_chinese_names() -> None:
    with translation.override("zh-hans"):
        assert [str(name) for name, _earliest in TERMS] == NAMES


def test_outside_the_table_there_are_none() -> None:
    assert term_on(date(2101, 1, 5)) is None
    with pytest.raises(ValueError, match="outside"):
        day_of_term(2101, 0)
