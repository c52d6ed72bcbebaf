"""Giving clients with their open work to another agent: one, or those that were ticked on a list."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_list_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import SentForm, User
from clients.models import Client
from followups import giving
from followups.forms import KeyForm
from followups.models import FollowUp
from followups.refusal import Refused
from followups.requests import Request, fresh_key
from lib import dates


class GiveForm(KeyForm):
    to = forms.IntegerField(error_messages={"required": gettext_lazy("Choose who takes it over.")})
    reason = forms.CharField(
        max_length=200, error_messages={"required": gettext_lazy("Say why, for the record.")}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: Request) -> HttpResponse:
    """What goes along, to whom and why. The address names the clients: ?client=7&client=9."""
    asked = request.GET.getlist("client")
    if not asked:
        messages.error(request, _("Tick whom to give away."))
        return redirect("team_matters")
    seen = Client.objects.visible_to(request.user).select_related("agent")
    clients = get_list_or_404(seen.order_by("pinyin", "pk"), pk__in=_numbers(asked))
    if not request.user.oversees:
        raise PermissionDenied
    form = GiveForm(request.POST if request.method == "POST" else None)
    serving = {client.agent for client in clients}
    [before] = serving if len(serving) == 1 else [None]
    if form.is_bound and form.is_valid() and _given(request, clients, form):
        return redirect("team_agent", before.pk) if before else redirect("team_matters")
    along = giving.going(request.user, clients).select_related("agent").order_by("pinyin", "pk")
    work = FollowUp.objects.visible_to(request.user).open().filter(client__in=along)
    context = {
        "clients": clients,
        "client": clients[0],
        "before": before,
        "going": along,
        "work": work.filter(keep_until__gte=dates.today()).for_list(),
        "receivers": giving.receivers(request.user, clients),
        "form": form,
        "key": fresh_key(),
    }
    return render(request, "followups/give.html", context, status=422 if form.is_bound else 200)


def _numbers(words: list[str]) -> set[int]:
    return {int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19}


def _given(request: Request, clients: list[Client], form: GiveForm) -> bool:
    to = User.objects.filter(pk=form.cleaned_data["to"]).first() or User()
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, form.cleaned_data["key"]):
                reason = form.cleaned_data["reason"]
                n = giving.give(clients, to, by=request.user, reason=reason)
                messages.success(request, _went(n, to))
    except Refused as refusal:
        form.add_error("to", str(refusal))
        return False
    return True


def _went(n: int, to: User) -> str:
    return ngettext(
        "%(n)s client given to %(who)s, with all open work.",
        "%(n)s clients given to %(who)s, with all open work.",
        n,
    ) % {"n": n, "who": to.name}
