"""The leader's list of what agents handed up, and how a matter is closed."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.gates import for_leaders
from accounts.models import SentForm
from followups import escalations, untouched
from followups.forms import KeyForm
from followups.models import Escalation
from followups.requests import Request, fresh_key
from lib import dates

LATELY_CLOSED = 10


class CloseForm(KeyForm):
    answer = forms.CharField(
        max_length=1000, error_messages={"required": gettext_lazy("Write what was done.")}
    )


@require_GET
@for_leaders
def matters(request: Request) -> HttpResponse:
    """Open complaints and what needs the leader, the oldest first."""
    return _page(request)


@require_POST
@for_leaders
def close(request: Request, pk: int) -> HttpResponse:
    matter = get_object_or_404(Escalation.objects.visible_to(request.user), pk=pk)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _page(request, form, matter)
    with transaction.atomic():
        if SentForm.first_time(request.user, form.cleaned_data["key"]):
            answer = form.cleaned_data["answer"]
            escalations.close(matter, by=request.user, on=dates.today(), answer=answer)
    name = matter.client.name
    messages.success(request, _("%(name)s · matter closed") % {"name": name})
    return redirect("team_matters")


def _page(
    request: Request, form: CloseForm | None = None, matter: Escalation | None = None
) -> HttpResponse:
    rows = Escalation.objects.visible_to(request.user).select_related(
        "client__agent", "contact__by", "closed_by"
    )
    closed = rows.filter(closed_on__isnull=False).order_by("-closed_on", "-pk")
    today = dates.today()
    urgent = untouched.untouched(request.user, today).for_list()
    context = {
        "urgent": urgent.select_related("client__agent")[:50],
        "matters": rows.open()[:50],
        "closed": closed[:LATELY_CLOSED],
        "form": form,
        "wrong": matter,
        "today": today,
        "key": fresh_key(),
    }
    return render(request, "followups/matters.html", context, status=422 if form else 200)
