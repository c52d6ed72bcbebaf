"""The list of a day, on the screen and on paper."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from followups import agenda, chips, day_logs, festivals
from followups.day_page import day_context, stop_context
from followups.forms import DayForm
from followups.requests import Request, fresh_key, my_agenda
from followups.tools import Shelf
from lib import dates


@require_GET
def today(request: Request) -> HttpResponse:
    the_day = my_agenda(request)
    chosen = DayForm(request.GET).chosen()
    if request.htmx and (chosen["after"] or chosen["done_after"]):
        fragment = "followups/_more.html" if chosen["after"] else "followups/_done_rows.html"
        return render(request, fragment, {"agenda": the_day, "key": fresh_key()})
    the_day = agenda.look_ahead(the_day)
    stop = the_day.stop_with(chosen["task"])
    context = day_context(request, the_day) | {
        "week": agenda.load(request.user, the_day.agent, agenda.week_of(the_day.day)),
        "inspected": stop,
        "lunar_day": chips.lunar_words(the_day.day),
        "festival": _next_festival(the_day.day),
    }
    if context["own"]:
        context["sent_back"] = day_logs.to_mend(request.user, dates.today())
    if context["own"] and the_day.day == dates.today():
        request.left_today = the_day.left
    if stop:
        context |= stop_context(request, stop, context["bag"].shelf)
    return render(request, "followups/today.html", context)


@require_GET
def print_day(request: Request) -> HttpResponse:
    the_day = my_agenda(request)
    shelf = Shelf.now()
    context = {
        "agenda": the_day,
        "sections": [
            (group, [(number, stop, shelf.for_stop(stop)) for number, stop in stops])
            for group, stops in the_day.numbered
        ],
        "lunar_day": chips.lunar_words(the_day.day),
        "printed_at": timezone.now(),
    }
    return render(request, "followups/print.html", context)


def _next_festival(day: date) -> dict[str, Any] | None:
    found = festivals.next_for_all(day)
    return {"name": found[1], "days": (found[0] - day).days} if found else None
