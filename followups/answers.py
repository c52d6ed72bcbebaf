"""How a deed is answered: the fresh row, the whole day or a sheet; without script, a page."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from clients.models import Client, Contact
from followups import agenda
from followups.agenda import Agenda, home_of
from followups.day_page import day_context, stop_context
from followups.forms import DayForm
from followups.models import FollowUp
from followups.requests import Request, fresh_key, my_agenda, through
from lib import dates


def answer(request: Request, client: Client, contact: Contact | None, words: str) -> HttpResponse:
    """The fresh row with ring, counts and toast beside it; without script back to the list."""
    undo_url = (
        reverse("contact_undo", args=[contact.pk]) if contact and not contact.undone_at else ""
    )
    if through(request) or not request.htmx:
        messages.success(request, words, extra_tags=_what_may_follow(contact, undo_url))
        return back(request, agenda_url(request, client))
    if _is_on(request, "today_route"):
        messages.success(request, words, extra_tags=_what_may_follow(contact, undo_url))
        return _drawn_again()
    the_day = my_agenda(request, client=client)
    return _row(request, the_day, client, {"contact": contact, "said": words, "undo_url": undo_url})


def refuse(request: Request, the_day: Agenda, client: Client, words: str) -> HttpResponse:
    """Somebody else was quicker: the fresh row with a note."""
    if not request.htmx:
        messages.error(request, words)
        return back(request, the_day.url)
    return _row(
        request, the_day, client, {"said": words, "said_icon": "exclamation-triangle-fill"}, 409
    )


def _row(
    request: Request, the_day: Agenda, client: Client, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    home = home_of(client)
    context = day_context(request, the_day) | {
        "client": client,
        "home": home,
        "fresh": the_day.stop_of(client),
        "settled": the_day.done_stop_of(more.get("contact")),
        "in_place": request.htmx.target == f"stop-{home}",
    }
    if "inspector" in request.POST:
        context["inspected"] = the_day.stop_of(client) or the_day.next_stop
        if context["inspected"]:
            context |= stop_context(request, context["inspected"], context["bag"].shelf)
    return render(request, "followups/_answer.html", context | more, status=status)


def whole_day(request: Request, contact: Contact, words: str) -> HttpResponse:
    """After an undo everything may have moved: the list is drawn again where one stands."""
    in_focus = _is_on(request, "today_focus")
    if in_focus or _is_on(request, "today_route") or not _is_on(request, "today"):
        messages.success(request, words)
        again = contact.client.followups.open().filter(keep_until__gte=dates.today()).first()
        if not (again and in_focus):
            return _drawn_again()
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("today_focus_on", args=[again.pk])
        return response
    context = day_context(request, my_agenda(request)) | {"said": words}
    response = render(request, "followups/_agenda.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#agenda", "outerHTML"
    return response


def _is_on(request: Request, *pages: str) -> bool:
    """Whether the form was sent from one of these pages, by their names, or from what lies below."""
    path = request.htmx.current_url_abs_path or ""
    return any(path.startswith(reverse(page)) for page in pages)


def _drawn_again() -> HttpResponse:
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


def _what_may_follow(contact: Contact | None, undo_url: str) -> str:
    """It can be undone; and whoever was there may say how the client stands."""
    if contact is None or not undo_url:
        return ""
    marks = reverse("client_marks", args=[contact.client_id])
    visited = contact.channel == Contact.Channel.VISIT
    return f"undo:{undo_url} more:{marks}" if visited else f"undo:{undo_url}"


def back(request: Request, list_url: str) -> HttpResponse:
    """To the list, or in focus mode to the next client."""
    url = reverse("today_focus") if through(request) else list_url
    if not request.htmx:
        return redirect(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
    return response


def agenda_url(request: Request, client: Client) -> str:
    """The list this client stands on: one's own today, or that of the client's agent."""
    form = DayForm(request.POST)
    agent = client.agent or request.user
    return agenda.url_of(request.user, agent, form.day(), dates.today())


def sheet(
    request: Request, fragment: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A fragment for the sheet or the inspector, or the same as a page of its own."""
    about = context["followup"] if "followup" in context else context["stop"]
    context |= {
        "key": fresh_key(),
        "fragment": fragment,
        "day": dates.today(),
        "client": about.client,
    }
    template = fragment if request.htmx else "followups/sheet.html"
    return render(request, template, context, status=status)


def contact_of(followup: FollowUp) -> Contact | None:
    return Contact.objects.filter(followups=followup.pk).first()
