"""The pages of focus mode; what came of it is posted to the outcome form of the day."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from followups import agenda, ahead, chips, money_words, outcome_sheet, talk
from followups.focus import Place, Queue
from followups.forms import LogForm
from followups.models import FollowUp
from followups.people_page import at_home_with, household_of
from followups.record_views import log_initial
from followups.requests import Request, fresh_key, my_agenda, my_followup
from lib import dates
from policies.models import Policy


@require_GET
def start(request: Request) -> HttpResponse:
    """On with whom one was at, or with the first that is left."""
    the_day = my_agenda(request)
    place = Place.of(request.session, the_day.day)
    stop = Queue(the_day, place.skipped).at(place.at)
    return redirect("today_focus_on", stop.lead.pk) if stop else redirect(the_day.url)


@require_GET
def focus(request: Request, pk: int) -> HttpResponse:
    """One client or household, with everything needed to talk to them and to write down the outcome."""
    followup, the_day = _on_its_day(request, pk)
    if not followup.is_open:
        return redirect("today_focus")
    place = Place.of(request.session, the_day.day)
    queue = Queue(the_day, place.skipped)
    stop = the_day.stop_of(followup.client) or agenda.Stop(the_day.day, [followup])
    place.at = stop.home
    place.keep(request.session)
    context = _about(request, agenda.with_coming([stop], the_day.day, the_day.done_rows)[0])
    own = the_day.agent.pk == request.user.pk
    context["keeps"] = own and the_day.day == dates.today()  # what cannot be sent just now
    return render(request, "followups/focus.html", context | _where(queue, stop))


def _on_its_day(request: Request, pk: int) -> tuple[FollowUp, agenda.Agenda]:
    """The follow-up and the day it stands in: nearly always it stands in that of the reader."""
    the_day = my_agenda(request)
    if followup := the_day.row(pk):
        return followup, the_day
    followup = my_followup(request, pk)
    return followup, my_agenda(request, followup)


@require_POST
def skip(request: Request, pk: int) -> HttpResponse:
    """To the end of today's queue, and on to the next."""
    followup = my_followup(request, pk)
    the_day = my_agenda(request, followup)
    place = Place.of(request.session, the_day.day)
    stop = the_day.stop_of(followup.client)
    if stop:
        following = Queue(the_day, place.skipped).after(stop)
        place.skip(stop)
        place.at = following.home if following else ""
        place.keep(request.session)
    return redirect("today_focus")


def _where(queue: Queue, stop: agenda.Stop) -> dict[str, Any]:
    return {
        "agenda": queue.agenda,
        "place": queue.place_of(stop),
        "queue": queue,
        "ticks": queue.ticks(stop),
        "before": queue.before(stop),
        "after": queue.after(stop),
        "up_next": queue.coming_after(stop),
    }


def _about(request: Request, stop: agenda.Stop) -> dict[str, Any]:
    """Who it is, why now, what to say, and the form for what came of it."""
    lead, day = stop.lead, stop.day
    policies = list(_policies(request, stop))
    ahead.with_their_policies(stop.coming, policies)
    premium = next((row for row in stop.followups if row.instalment), lead)
    form = LogForm(initial=log_initial(request, lead), among=FollowUp.objects.none())
    context = outcome_sheet.context(form, lead, stop.followups, stop.coming, dates.today())
    channel = talk.channel_of(request.GET.get("say", ""), lead)
    return context | {
        "stop": stop,
        "client": stop.client,
        "day": day,
        "key": fresh_key(),
        "age": stop.client.age_on(day),
        "rows": [(row, words, chips.of(row, day)[:1]) for row, words, _ticked in context["among"]],
        "grace": chips.grace_of(premium, day),
        "premium": premium,
        "failed": money_words.failed(premium),
        "sentence": chips.sentence(premium, day),
        "talk": talk.of(lead, request.user, day, channel),
        "policies": [(p, p.in_grace_on(day), p.status_on(day)) for p in policies],
        "household": household_of(stop.client, policies, at_home_with(stop.client, request.user)),
        "contacts": stop.client.contacts.filter(undone_at=None).order_by("-at")[:3],
        "through": True,
    }


def _policies(request: Request, stop: agenda.Stop) -> Any:
    visible = Policy.objects.visible_to(request.user).filter(holder__in=stop.clients)
    return visible.for_list().order_by("holder_id", "pk")
