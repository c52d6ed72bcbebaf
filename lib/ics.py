"""Calendars as other programs read them (RFC 5545): whole days, CRLF, lines of 75 octets."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

LINE = 75  # octets, the line break not counted
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Event:
    uid: str
    day: date
    summary: str
    url: str = ""


def calendar(name: str, events: Iterable[Event], stamp: datetime) -> bytes:
    """A calendar of all-day events; `stamp` is when they were known to be so."""
    lines = (fold(line) for line in _lines(name, events, stamp))
    return "".join(f"{line}\r\n" for line in lines).encode()


def _lines(name: str, events: Iterable[Event], stamp: datetime) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield "PRODID:-//Evergreen//Follow-ups//EN"
    yield "CALSCALE:GREGORIAN"
    yield "METHOD:PUBLISH"
    yield f"X-WR-CALNAME:{escape(name)}"
    yield "REFRESH-INTERVAL;VALUE=DURATION:PT4H"
    yield "X-PUBLISHED-TTL:PT4H"
    for event in events:
        yield from _event(event, stamp)
    yield "END:VCALENDAR"


def _event(event: Event, stamp: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{event.uid}"
    yield f"DTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{event.day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{event.day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{escape(event.summary)}"
    if event.url:
        yield f"URL:{event.url}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def escape(text: str) -> str:
    """A value on one line, in which commas, semicolons and backslashes mean themselves."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return text.replace("\n", "\\n")


def fold(line: str) -> str:
    """Break a line that is too long, between characters and never inside one."""
    folded, room = [""], LINE
    for char in line:
        size = len(char.encode())
        if size > room:
            folded.append("")
            room = LINE - 1  # the blank that begins the next line counts
        folded[-1] += char
        room -= size
    return "\r\n ".join(folded)
