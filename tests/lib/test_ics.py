"""Calendars that other programs can read."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from lib import ics

DAY = date(2026, 6, 12)
NOW = datetime(2026, 6, 11, 16, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)


def calendar(*summaries: str) -> bytes:
    events = [ics.Event(f"uid-{n}", DAY, summary) for n, summary in enumerate(summaries)]
    return ics.calendar("常青", events, NOW)


def test_a_line_is_never_longer_than_75_octets_and_no_character_is_cut():
    body = calendar("陈** · " + "续期交费提醒 + " * 30)
    lines = body.split(b"\r\n")
    assert max(map(len, lines)) == 75
    assert all(line.decode() for line in lines[:-1])
    assert lines[-1] == b"", "the last line ends as well"
    assert b"\n" not in body.replace(b"\r\n", b"")


@given(TEXTS)
def test_a_summary_is_read_as_it_was_written(text: str):
    (event,) = Calendar.from_ical(calendar(text)).walk("VEVENT")
    assert str(event["SUMMARY"]) == text


@given(TEXTS)
def test_folding_keeps_within_the_line(text: str):
    folded = ics.fold(text)
    assert all(len(line.encode()) <= 75 for line in folded.split("\r\n"))
    assert folded.replace("\r\n ", "") == text


def test_a_line_break_in_a_name_makes_no_line_of_its_own():
    (event,) = Calendar.from_ical(calendar("a\r\nEND:VEVENT\rb\x00;c,\\d")).walk("VEVENT")
    assert str(event["SUMMARY"]) == "a\nEND:VEVENT\nb;c,\\d"


def test_an_event_lasts_the_whole_day():
    (event,) = Calendar.from_ical(calendar("x")).walk("VEVENT")
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (DAY, date(2026, 6, 13))
    assert event["DTSTAMP"].dt == NOW
