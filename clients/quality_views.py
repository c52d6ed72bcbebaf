"""What is to be mended in the records of clients, by agent."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.requests import Request
from clients import quality
from clients.models import Client
from lib import dates

PER_PAGE = 50


@require_GET
def data_quality(request: Request) -> HttpResponse:
    if request.user.audits:
        raise PermissionDenied
    lines = quality.by_agent(Client.objects.listed_for(request.user), dates.today())
    context = {
        "checks": quality.CHECKS,
        "whole": quality.whole(lines),
        "page": Paginator(lines, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "clients/quality.html", context)
