"""The day pack: on the screen to be printed, and as a PDF."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import AuditEntry
from followups import chips
from followups.agenda import Stop
from followups.day_pack import DayPack, pack_of
from followups.day_pack_pdf import pdf_of
from followups.requests import Request, my_agenda
from lib import dates


@require_GET
def day_pack(request: Request) -> HttpResponse:
    pack = _pack(request)
    context = {
        "pack": pack,
        "agenda": pack.agenda,
        "lunar_day": chips.lunar_words(pack.agenda.day),
    }
    return render(request, "followups/day_pack.html", context)


@require_POST
def day_pack_pdf(request: Request) -> HttpResponse:
    """The same as a file; who took it is recorded."""
    pack = _pack(request)
    AuditEntry.record(
        request.user, AuditEntry.Action.EXPORT, pack.agenda.agent, rows=len(pack.lines)
    )
    answer = HttpResponse(pdf_of(pack), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{pack.agenda.day:%Y-%m-%d}.pdf"'
    return answer


def _pack(request: Request) -> DayPack:
    def outcome_of(stop: Stop, visited: bool) -> str:
        form = reverse("task_log", args=[stop.lead.pk])
        return request.build_absolute_uri(f"{form}?channel=visit" if visited else form)

    return pack_of(my_agenda(request), dates.today(), timezone.localtime(), outcome_of)
