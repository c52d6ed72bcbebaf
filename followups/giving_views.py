"""Giving a client with the open work to another agent, one at a time."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import SentForm, User
from clients.models import Client
from followups import giving
from followups.forms import KeyForm
from followups.models import FollowUp
from followups.refusal import Refused
from followups.views import Request, fresh_key
from lib import dates


class GiveForm(KeyForm):
    to = forms.IntegerField(error_messages={"required": gettext_lazy("Choose who takes it over.")})
    reason = forms.CharField(
        max_length=200, error_messages={"required": gettext_lazy("Say why, for the record.")}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: Request, pk: int) -> HttpResponse:
    client = get_object_or_404(
        Client.objects.visible_to(request.user).select_related("agent"), pk=pk
    )
    if not request.user.oversees:
        raise PermissionDenied
    form = GiveForm(request.POST if request.method == "POST" else None)
    before = client.agent_id
    if form.is_bound and form.is_valid() and _given(request, client, form):
        messages.success(request, _("%(name)s · given over") % {"name": client.name})
        return redirect("team_agent", before) if before else redirect("team")
    clients = list(giving.going(request.user, client))
    work = FollowUp.objects.visible_to(request.user).open().filter(client__in=clients)
    context = {
        "client": client,
        "going": clients,
        "work": work.filter(keep_until__gte=dates.today()).for_list(),
        "receivers": giving.receivers(request.user, client),
        "form": form,
        "key": fresh_key(),
    }
    return render(request, "followups/give.html", context, status=422 if form.is_bound else 200)


def _given(request: Request, client: Client, form: GiveForm) -> bool:
    to = User.objects.filter(pk=form.cleaned_data["to"]).first() or User()
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, form.cleaned_data["key"]):
                giving.give(client, to, by=request.user, reason=form.cleaned_data["reason"])
    except Refused as refusal:
        form.add_error("to", str(refusal))
        return False
    return True
