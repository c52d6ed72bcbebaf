"""A notice on paper, for the client."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.requests import Request
from lib import dates
from policies.models import Policy
from policies.notices import notice_of


@require_GET
def notice(request: Request, pk: int, kind: str) -> HttpResponse:
    policies = Policy.objects.visible_to(request.user).for_list()
    policy = get_object_or_404(policies, pk=pk)
    found = notice_of(policy, kind, dates.today())
    if found is None:
        messages.info(request, _("Today there is no such notice to bring."))
        return redirect("policy", pk)
    return render(request, "policies/notice.html", {"policy": policy, "notice": found})
