"""The morning meeting: an agenda from the data, and the minutes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import Role, SentForm, User
from accounts.scope import agents_seen_by
from followups import meeting_agenda, meetings
from followups.forms import KeyForm
from followups.meetings import MorningMeeting
from followups.requests import Request, fresh_key
from lib import dates

LATELY = 10
MOST = 300  # of whom it is noted who was there; a branch meets by departments


class MinutesForm(KeyForm):
    minutes = forms.CharField(
        max_length=5000, error_messages={"required": gettext_lazy("Write what was said.")}
    )
    present = forms.ModelMultipleChoiceField(User.objects.none(), required=False)

    def __init__(self, *args: Any, team: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["present"].queryset = team  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def meeting(request: Request) -> HttpResponse:
    user, today = request.user, dates.today()
    if not user.leads:
        raise PermissionDenied
    team = (
        agents_seen_by(user)
        .filter(role=Role.AGENT, is_active=True)
        .order_by("team__path", "staff_no")
    )
    form = MinutesForm(request.POST if request.method == "POST" else None, team=team)
    if form.is_bound and form.is_valid():
        _hold(request, form.cleaned_data)
        messages.success(request, _("The minutes are kept"))
        return redirect("team_meeting")
    held = MorningMeeting.objects.visible_to(user).held_by(user)
    todays = held.filter(on=today).prefetch_related("present").first()
    context = {
        "agenda": meeting_agenda.agenda_of(user, today),
        "held": todays,
        "there": {one.pk for one in todays.present.all()} if todays else None,
        "team": team[:MOST],
        "lately": held.exclude(on=today).prefetch_related("present")[:LATELY],
        "form": form,
        "key": fresh_key(),
    }
    return render(request, "followups/meeting.html", context, status=422 if form.is_bound else 200)


def _hold(request: Request, data: dict[str, Any]) -> None:
    with transaction.atomic():
        if SentForm.first_time(request.user, data["key"]):
            said = {"minutes": data["minutes"], "present": data["present"]}
            meetings.hold(request.user, dates.today(), at=timezone.now(), **said)
