from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.template import Context, Engine
from django.test import RequestFactory
from django.utils import translation

from lib.templatetags import ui

FRIDAY = date(2026, 6, 12)


@pytest.fixture(params=["zh-hans", "en"])
def both_languages(request: pytest.FixtureRequest):
    with translation.override(request.param):
        yield request.param


def in_language(code: str, function, *arguments) -> str:
    with translation.override(code):
        return function(*arguments)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (6820, "¥6,820"),
        (Decimal("6820.00"), "¥6,820"),
        (Decimal("6820.5"), "¥6,820.50"),
        ("1234567.891", "¥1,234,567.89"),
        (0, "¥0"),
        (Decimal("-30"), "-¥30"),
        (None, "–"),
        ("", "–"),
    ],
)
def test_money_has_cents_only_when_there_are_some(amount, shown):
    assert ui.money(amount) == shown


@pytest.mark.parametrize(
    ("amount", "han", "english"),
    [
        (200_000, "20 万", "¥200k"),
        (1_200_000, "120 万", "¥1.2m"),
        (15_000, "1.5 万", "¥15k"),
        (680, "¥680", "¥680"),
        (120_000_000, "1.2 亿", "¥120m"),
        (None, "–", "–"),
    ],
)
def test_sums_assured_are_told_in_the_units_of_the_language(amount, han, english):
    assert in_language("zh-hans", ui.wan, amount) == han
    assert in_language("en", ui.wan, amount) == english


@pytest.mark.parametrize(
    ("filter_", "style", "han", "english"),
    [
        (ui.day, "", "6月12日", "12 June"),
        (ui.day, "short", "6月12日", "12 Jun"),
        (ui.day, "year", "2026年6月12日", "12 June 2026"),
        (ui.weekday_day, "", "6月12日 周五", "Fri 12 June"),
        (ui.weekday_day, "long", "6月12日 星期五", "Friday 12 June"),
        (ui.weekday, "", "周五", "Fri"),
        (ui.weekday, "narrow", "五", "Fr"),
        (ui.weekday, "long", "星期五", "Friday"),
    ],
)
def test_days_are_written_as_people_of_the_language_write_them(filter_, style, han, english):
    assert in_language("zh-hans", filter_, FRIDAY, style) == han
    assert in_language("en", filter_, FRIDAY, style) == english


def test_months_have_a_year():
    assert in_language("zh-hans", ui.year_month, FRIDAY) == "2026年6月"
    assert in_language("en", ui.year_month, FRIDAY) == "June 2026"


def test_a_moment_is_shown_on_the_office_day_it_falls_on(settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    late = datetime(2026, 6, 11, 16, 30, tzinfo=UTC)
    assert ui.iso(late) == "2026-06-12"
    assert ui.clock(late) == "00:30"


def test_missing_days_leave_no_word_none(both_languages):
    assert [ui.day(None), ui.weekday_day(None), ui.weekday(None), ui.year_month(None)] == [""] * 4
    assert ui.clock(None) == ""
    assert ui.iso(None) == "–"


def test_a_policy_is_called_by_its_last_four():
    assert in_language("zh-hans", ui.tail, "P3301 2021 0417 6421") == "尾号 6421"
    assert in_language("en", ui.tail, "P33012021041706421") == "…6421"
    assert ui.tail("") == ""


def test_an_avatar_keeps_its_colour():
    assert ui.initial(" chen zhiyuan") == "C"
    assert ui.tone("陈志远") == ui.tone("陈志远")
    assert ui.avatar("陈志远", "lg") == (
        f'<span class="av {ui.tone("陈志远")} lg" aria-hidden="true">陈</span>'
    )


def test_names_are_escaped():
    assert "<script" not in ui.avatar("<script>")
    assert "<script" not in ui.pips(1, 1, "<script>")


@pytest.mark.parametrize(
    ("value", "total", "css"),
    [
        (0, 16, "at t0 u0"),
        (5, 16, "at t3 u1"),
        (1, 900, "at t0 u1"),
        (20, 16, "at t10 u0"),
        (3, 0, "at t0 u0"),
        (None, 16, "at t0 u0"),
    ],
)
def test_a_bar_is_a_class_of_whole_percent(value, total, css):
    assert ui.at(value, total) == css


@pytest.mark.parametrize(
    ("percent", "css"),
    [(None, "h-none"), (0, "h-low"), (59.9, "h-low"), (60, "h-60"), (88, "h-80"), (100, "h-100")],
)
def test_heat_has_five_steps_and_an_alarm(percent, css):
    assert ui.heat(percent) == css


def test_the_ring_says_what_it_shows(both_languages):
    drawn = ui.ring(5, 16, "ring")
    assert 'role="img"' in drawn
    assert 'id="ring"' in drawn
    assert "/ 16" in drawn
    assert "style=" not in drawn


def test_the_ring_is_empty_at_nought_and_ticked_at_the_end():
    assert "arc" not in ui.ring(0, 16)
    assert "tick" in ui.ring(16, 16)
    assert "tick" not in ui.ring(0, 0)


def test_pips_count():
    assert ui.pips(1, 3, "Visits").count('class="on"') == 1
    assert 'aria-label="Visits 1/3"' in ui.pips(1, 3, "Visits")


def test_a_message_may_carry_its_way_back():
    assert ui.undo_url(SimpleNamespace(extra_tags="big undo:/tasks/8/undo/")) == "/tasks/8/undo/"
    assert ui.undo_url(SimpleNamespace(extra_tags=None)) == ""


def test_the_page_language_is_a_region_and_the_other_one_click_away():
    assert in_language("zh-hans", ui.html_lang) == "zh-CN"
    assert in_language("en", ui.html_lang) == "en"
    assert in_language("en", ui.other_language)["code"] == "zh-hans"


def test_tags_are_there_without_loading():
    engine = Engine(builtins=["lib.templatetags.ui"])
    page = engine.from_string('{% icon "telephone" "big" %}{{ 6820|money }}')
    text = page.render(Context({"request": RequestFactory().get("/")}))
    assert 'class="i big"' in text
    assert "icons" in text
    assert "¥6,820" in text


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ({"rows": 1115, "created_clients": 498, "unchanged": 0}, "rows 1115, created clients 498"),
        (["mobile", "note"], "mobile, note"),
        ("退保", "退保"),
        (None, "–"),
        (True, "True"),
    ],
)
def test_what_the_log_keeps_is_read_without_brackets(kept: object, words: str) -> None:
    assert ui.plainly(kept) == words
