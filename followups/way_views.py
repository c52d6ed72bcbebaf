"""The way from D to C to B to A, as a report whose every number opens its list."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.requests import Request
from followups.class_forms import ClassFilter
from followups.way import TREND, way_of
from policies.models import ClassificationRun, ClientClass


@dataclass(frozen=True)
class Span:
    """From which month to which, of those that were classified, the latest first."""

    months: list[date]
    first: date
    last: date


def span_of(form: ClassFilter) -> Span | None:
    """The months that were asked for; unless they are two, the latest and the one before it."""
    months = list(ClassificationRun.objects.order_by("-month").values_list("month", flat=True))
    if not months:
        return None
    last = form.month_asked if form.month_asked in months else months[0]
    earlier = [month for month in months if month < last]
    since = form.since_asked
    first = since if since in earlier else (earlier or [last])[0]
    return Span(months, first, last)


@require_GET
def way(request: Request) -> HttpResponse:
    if request.user.audits:
        raise PermissionDenied
    form = ClassFilter(request.GET, user=request.user)
    span = span_of(form)
    context: dict[str, Any] = {"form": form, "span": span}
    if span:
        rows = form.of_whom(ClientClass.objects.listed_for(request.user))
        trend = sorted(month for month in span.months if month <= span.last)[-TREND:]
        context["way"] = way_of(rows, span.first, span.last, trend)
    return render(request, "followups/class_way.html", context)
