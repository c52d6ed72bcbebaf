"""The agent's calendar: a month with its load and occasions, the day beside it, the work of ninety days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from accounts.models import Role, User
from accounts.scope import agents_seen_by
from followups.almanac import Face, faces, lunar_span
from followups.occasions import Occasion, Tag, occasions, tags_of
from followups.requests import Request
from followups.workload import AHEAD, DayOfWork, Matter, Workload, done_on, with_names, workload
from lib import dates
from lib.dates import days_from

YEARS = range(1901, 2101)
MONDAY, SUNDAY = 0, 6
SUNDAY_FIRST = {"us", "ca", "in", "za", "ph", "sg", "hk"}
SHOWN = 30  # matters of a day; its list has them all
DAYS_TO_COME = 5
HEIGHT = 120  # of the chart, in the drawing's own units; a day is 10 wide
ROOM = 130  # what the name of a month takes on a phone


class CalendarForm(forms.Form):
    """Which day is looked at, and whose. A value that makes no sense is as good as none."""

    on = forms.DateField(required=False)
    agent = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def asked(self, name: str) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name)


@dataclass(frozen=True)
class Cell:
    """One day of the month as it is drawn."""

    face: Face
    count: int
    past: bool
    out: bool
    tags: Sequence[Tag]
    more: int

    @property
    def day(self) -> date:
        return self.face.day


@require_GET
def calendar(request: Request, year: int | None = None, month: int | None = None) -> HttpResponse:
    form, today = CalendarForm(request.GET), dates.today()
    agent = _whose(request, form)
    first = _month_asked(year, month, form, today)
    chosen = form.asked("on") or (today if _within(today, first) else first)
    chosen = chosen if _within(chosen, first) else first
    days = grid_of(first, _week_begins(request))
    work = workload(request.user, agent, today, max(days[-1], today + timedelta(days=AHEAD)))
    falling = occasions(request.user, agent, days[0], days[-1])
    done = done_on(request.user, agent, days[0], days[-1])
    cells = [
        _cell(face, first, today, work.counts[face.day] + done[face.day], falling)
        for face in faces(days)
    ]
    context = {
        "agent": agent,
        "own": agent.pk == request.user.pk,
        "whose": "" if agent.pk == request.user.pk else f"agent={agent.pk}&",
        "agents": agents_of(request.user),
        "first": first,
        "today": today,
        "before": dates.add_months(first, -1),
        "after": dates.add_months(first, 1),
        "span": lunar_span(first, dates.month_end(first)),
        "weekdays": days[:7],
        "weeks": [cells[n : n + 7] for n in range(0, len(cells), 7)],
        "capacity": work.capacity,
        "coming": [
            face for face in faces(days_from(today, today + timedelta(days=AHEAD))) if face.names
        ][:DAYS_TO_COME],
        "chart": Chart(work, today),
    }
    context |= _day(chosen, cells, work, falling, done[chosen])
    template = "followups/_calendar_day.html" if request.htmx else "followups/calendar.html"
    return render(request, template, context)


def _month_asked(year: int | None, month: int | None, form: CalendarForm, today: date) -> date:
    if year is None or month is None:
        day: date = form.asked("on") or today
        return day.replace(day=1) if day.year in YEARS else today.replace(day=1)
    if year not in YEARS or not 1 <= month <= 12:
        raise Http404
    return date(year, month, 1)


def _within(day: date, first: date) -> bool:
    return (day.year, day.month) == (first.year, first.month)


def grid_of(first: date, begins: int) -> list[date]:
    """The days of whole weeks around the month."""
    last = dates.month_end(first)
    start = first - timedelta(days=(first.weekday() - begins) % 7)
    end = last + timedelta(days=(begins - 1 - last.weekday()) % 7)
    return days_from(start, end)


def _week_begins(request: Request) -> int:
    """On Monday; where English is read, as the reader's country has it."""
    if (get_language() or "").startswith("zh"):
        return MONDAY
    wished = request.headers.get("Accept-Language", "").split(",")[0].lower()
    return SUNDAY if wished.partition("-")[2] in SUNDAY_FIRST else MONDAY


def _whose(request: Request, form: CalendarForm) -> User:
    """The reader's own; of those who lead, that of the agent they ask for, or of their first."""
    seen = agents_seen_by(request.user)
    asked = form.asked("agent")
    if asked and asked != request.user.pk:
        return get_object_or_404(seen, pk=asked)
    if request.user.serves or asked:
        return request.user
    return agents_of(request.user).first() or request.user


def agents_of(user: User) -> Any:
    """Whose calendars may be looked at besides one's own."""
    if user.serves:
        return User.objects.none()
    return agents_seen_by(user).filter(role=Role.AGENT, is_active=True).order_by("staff_no")


def _cell(
    face: Face, first: date, today: date, count: int, falling: dict[date, list[Occasion]]
) -> Cell:
    here = falling.get(face.day, [])
    tags = tags_of(here)
    kinds = len({occasion.kind for occasion in here})
    return Cell(
        face,
        count,
        past=face.day < today,
        out=not _within(face.day, first),
        tags=tags,
        more=kinds - len(tags),
    )


def _day(
    day: date,
    cells: Sequence[Cell],
    work: Workload,
    falling: dict[date, list[Occasion]],
    done: int,
) -> dict[str, Any]:
    """What there is to say about the day that is looked at."""
    matters: list[Matter] = work.on(day)
    return {
        "day": day,
        "face": next(cell.face for cell in cells if cell.day == day),
        "falling": falling.get(day, []),
        "matters": with_names(matters[:SHOWN]),
        "further": len(matters[SHOWN:]),
        "count": len(matters),
        "done": done,
    }


@dataclass(frozen=True)
class Bar:
    """A day of the chart in the drawing's own units, the top of the picture being nought."""

    work: DayOfWork
    x: int
    y: float
    height: float


class Chart:
    """The work of ninety days, as bars against what a day can hold."""

    def __init__(self, work: Workload, today: date) -> None:
        self.capacity = work.capacity
        self.days = work.days[: AHEAD + 1]
        self.width, self.height = (AHEAD + 1) * 10, HEIGHT
        self.most = max([self.capacity, *(day.count for day in self.days)]) * 1.1
        self.over = sum(day.over for day in self.days)
        self.total = sum(day.count for day in self.days)

    @property
    def line(self) -> float:
        return round(self.height * (1 - self.capacity / self.most), 1)

    @property
    def bars(self) -> list[Bar]:
        return [self._bar(n, day) for n, day in enumerate(self.days)]

    def _bar(self, n: int, day: DayOfWork) -> Bar:
        height = round(self.height * day.count / self.most, 1)
        return Bar(day, n * 10 + 1, round(self.height - height, 1), height)

    @property
    def months(self) -> list[tuple[int, date]]:
        """Where each month begins; today's only where the next leaves it room."""
        begins = [(n * 10, day.day) for n, day in enumerate(self.days) if day.day.day == 1]
        return begins if begins[0][0] < ROOM else [(0, self.days[0].day), *begins]

    @property
    def weeks(self) -> list[tuple[date, list[DayOfWork | None]]]:
        """The same as a table: a row for each week from Monday on."""
        monday = self.days[0].day - timedelta(days=self.days[0].day.weekday())
        by_day = {day.day: day for day in self.days}
        starts = [monday + timedelta(days=7 * n) for n in range(len(self.days) // 7 + 2)]
        rows = [
            (start, [by_day.get(start + timedelta(days=n)) for n in range(7)]) for start in starts
        ]
        return [(start, row) for start, row in rows if any(row)]

    @property
    def weekdays(self) -> list[date]:
        monday = self.weeks[0][0]
        return days_from(monday, monday + timedelta(days=6))
