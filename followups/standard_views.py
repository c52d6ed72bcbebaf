"""The month of 311: an agent's own, or that of everybody whom one leads."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.scope import agents_seen_by
from followups import standard
from followups.requests import Request
from followups.team import agents_of
from followups.team_views import TeamForm, asked_of
from lib import dates

PER_PAGE = 50


class MonthForm(forms.Form):
    month = forms.DateField(required=False, input_formats=["%Y-%m"])

    def chosen(self, today: date) -> date:
        month: date | None = self.cleaned_data.get("month") if self.is_valid() else None
        return month if month in standard.months_back(today) else today.replace(day=1)


def table_of(user: User, asked: QueryDict, today: date) -> standard.Month:
    """The month that is asked for, of oneself, or of those whom one leads: all, or a team."""
    team = asked_of(TeamForm(asked, user=user)).get("team")
    agents = agents_of(user, team) if user.oversees else agents_seen_by(user)
    return standard.month_of(user, agents, MonthForm(asked).chosen(today), today)


@require_GET
def month(request: Request) -> HttpResponse:
    user, today = request.user, dates.today()
    if user.audits:
        raise PermissionDenied
    chosen = MonthForm(request.GET).chosen(today)
    form = TeamForm(request.GET, user=user)
    form.is_valid()
    team = form.cleaned_data.get("team")
    leads = user.oversees
    table = table_of(user, request.GET, today)
    page = Paginator(table.rows, PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "table": table,
        "rows": table.with_days(page),
        "page": page,
        "leaders": standard.leaders_of(user, table) if leads else [],
        "month": chosen,
        "months": standard.months_back(today),
        "form": form,
        "chosen": team,
        "leads": leads,
        "visits": standard.VISITS,
    }
    return render(request, "followups/standard.html", context)
