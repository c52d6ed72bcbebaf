"""One matter: what it is, why it stands there, and putting it off."""

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import SentForm
from followups import agenda, chips, money_words, work
from followups.agenda import Agenda, Stop
from followups.answers import answer, contact_of, sheet
from followups.day_page import stop_context
from followups.forms import WHY_LATER, LaterForm
from followups.models import FollowUp, ListRun
from followups.requests import Request, get_or_post, my_agenda, my_followup, through
from followups.tools import Shelf
from lib import dates
from lib.templatetags.ui import day as day_in_words


@require_GET
def task(request: Request, pk: int) -> HttpResponse:
    followup = my_followup(request, pk)
    the_day = my_agenda(request, followup)
    stop = _stop_holding(the_day, followup)
    context = stop_context(request, stop, Shelf.now()) | {
        "agenda": the_day,
        "through": through(request),
    }
    return sheet(request, "followups/_inspector.html", context)


def _stop_holding(the_day: Agenda, followup: FollowUp) -> Stop:
    stops = [*the_day.open_stops, *the_day.done_stops]
    holding = (s for s in stops if any(row.pk == followup.pk for row in s.followups))
    return next(holding, Stop(the_day.day, [followup]))


@require_GET
def why(request: Request, pk: int) -> HttpResponse:
    followup = my_followup(request, pk)
    return sheet(
        request,
        "followups/_why.html",
        {
            "followup": followup,
            "grace": chips.grace_of(followup, dates.today()),
            "sentence": chips.sentence(followup, dates.today()),
            "run": ListRun.objects.filter(day=followup.list_on).order_by("at").first(),
            "notice": money_words.notice_for(followup, dates.today()),
        },
    )


@get_or_post
def later(request: Request, pk: int) -> HttpResponse:
    followup = my_followup(request, pk)
    form = LaterForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _later_sheet(request, followup, form)
    until = form.cleaned_data["until"]
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, form.cleaned_data["key"]):
                work.put_off(
                    followup,
                    by=request.user,
                    until=until,
                    on=dates.today(),
                    reason=form.cleaned_data["reason"],
                )
    except work.Refused as refusal:
        form.add_error("until", str(refusal))
        return _later_sheet(request, followup, form)
    words = _("%(name)s · moved to %(day)s") % {
        "name": followup.client.name,
        "day": day_in_words(until),
    }
    return answer(request, followup.client, contact_of(followup), words)


def _later_sheet(request: Request, followup: FollowUp, form: LaterForm) -> HttpResponse:
    now = dates.today()
    context = {
        "followup": followup,
        "form": form,
        "suggestions": [
            (one, chips.lunar_words(one.load.day))
            for one in agenda.suggested_days(request.user, followup, now)
        ],
        "chip": next(iter(chips.of(followup, now)), None),
        "service_of": agenda.service_of(followup),
        "through": through(request),
        "reasons": WHY_LATER,
        "typed": form.data.get("until_other") or form.data.get("until") or "",
        "first_day": now,
        "last_day": followup.instalment.grace_ends_on if followup.instalment else None,
    }
    return sheet(request, "followups/_later.html", context, 422 if form.is_bound else 200)
