"""The wake-up list, and working it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import SentForm
from accounts.requests import Request
from clients.consent import Consent
from clients.models import Client
from followups import wake_up
from followups.wake_up import WakeUp, WakeUpFilter
from lib import dates
from lib.paging import page_of


@require_GET
def wake_up_list(request: Request) -> HttpResponse:
    if request.user.audits:
        raise PermissionDenied
    today = dates.today()
    form = WakeUpFilter(request.GET, user=request.user)
    asked = WakeUp(form, today, Client.objects.listed_for(request.user))
    page = page_of(asked.found, wake_up.for_list(today), form.page_number)
    context = {
        "form": form,
        "page": page,
        "rows": wake_up.rows_of(page.object_list, request.user, today, form.asked("say")),
        "stages": asked.stages,
        "premium": asked.premium() if page.count <= page.most else None,
        "classes": Client.Class.choices,
        "ways": Consent.Channel.choices,
    }
    return render(request, "followups/wake_up.html", context)


@require_POST
@transaction.atomic
def wake_up_spoken(request: Request, pk: int) -> HttpResponse:
    """One was spoken to: whoever was silent leaves the list."""
    clients = Client.objects.visible_to(request.user).select_for_update(of=("self",))
    client = get_object_or_404(clients, pk=pk)
    channel = request.POST.get("channel", "")
    if channel not in Consent.Channel.values:
        messages.error(request, _("Say whether you called, wrote or visited."))
    elif SentForm.first_time(request.user, request.POST.get("key", "")):
        contact = wake_up.spoken(client, channel, by=request.user, on=dates.today())
        undo = reverse("contact_undo", args=[contact.pk])
        words = _("%(name)s · contact written down") % {"name": client.name}
        messages.success(request, words, extra_tags=f"undo:{undo}")
    here = reverse("wake_up")
    query = request.GET.urlencode()
    return redirect(f"{here}?{query}" if query else here)
