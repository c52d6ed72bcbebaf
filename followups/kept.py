"""The day's list as a phone may keep it: what is to be done for whom, and no number of anybody."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from clients.models import Contact
from followups import agenda
from followups.forms import CHANNELS, TILES
from followups.outcome_sheet import outcomes_for
from lib import dates


@require_GET
def kept_day(request: HttpRequest) -> HttpResponse:
    """One's own day, with a form for each client that needs no further page."""
    assert isinstance(request.user, User)
    today = dates.today()
    the_day = agenda.of(request.user, request.user, today, today)
    context = {
        "agenda": the_day,
        "stops": [
            (
                stop,
                [
                    (outcome.value, outcome.label, TILES[outcome])
                    for outcome in outcomes_for(stop.lead)
                    if outcome
                    != Contact.Outcome.DECEASED  # to be confirmed in the office's own form
                ],
            )
            for stop in the_day.shown
        ],
        "channels": [(channel.value, channel.label, icon) for channel, icon in CHANNELS.items()],
        "key": str(uuid.uuid4()),
        "at": timezone.now(),
    }
    return render(request, "followups/kept.html", context)
