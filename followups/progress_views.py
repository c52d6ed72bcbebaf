"""Progress: an agent's own, or that of everybody whom one leads; each number opens its list."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.scope import agents_seen_by
from followups import progress as figures
from followups import standard
from followups.models import FollowUp, ServiceItem
from followups.requests import Request
from followups.standard_views import MonthForm
from followups.team_views import TeamForm, asked_of
from lib import dates
from lib.paging import Found, page_of

PER_PAGE = 50


class ListForm(forms.Form):
    """Which number was opened."""

    DUE = "due"
    STATES = (
        (DUE, pgettext_lazy("matters", "Due")),
        (figures.DONE, _("In time")),
        (figures.LATE, _("Late")),
        (figures.MISSED, _("Missed")),
        (figures.OPEN, _("Still open")),
    )

    state = forms.ChoiceField(choices=STATES, required=False)
    item = forms.TypedChoiceField(choices=ServiceItem.choices, coerce=int, required=False)
    agent = forms.IntegerField(required=False, min_value=1)
    must = forms.BooleanField(required=False)
    page = forms.IntegerField(required=False, min_value=1)

    def items(self) -> set[int]:
        """The service items that are asked for."""
        said = asked_of(self)
        items = {said["item"]} if said.get("item") else set(ServiceItem.values)
        return items & figures.must_items() if said.get("must") else items

    def states(self) -> tuple[str, ...]:
        """How what is asked for may stand; what has days left is not due yet."""
        state = asked_of(self).get("state")
        if state == self.DUE:
            return figures.DUE
        return (state,) if state else figures.STATES


def _agents(user: User, asked: QueryDict) -> QuerySet[User]:
    """The people of the team that the address names, and of those who have left what they did."""
    agents, team = agents_seen_by(user), asked_of(TeamForm(asked, user=user)).get("team")
    return agents.filter(team__path__startswith=team.path) if team else agents


def found_for(user: User, asked: QueryDict) -> figures.Progress:
    """What the address asks; the page and the file ask the same."""
    today = dates.today()
    month = MonthForm(asked).chosen(today)
    return figures.progress(user, _agents(user, asked), month, today)


@require_GET
def progress(request: Request) -> HttpResponse:
    user = request.user
    if user.audits:
        raise PermissionDenied
    found = found_for(user, request.GET)
    context: dict[str, Any] = {
        "found": found,
        "page": Paginator(found.agents, PER_PAGE).get_page(request.GET.get("page")),
        "bars": figures.bars(found.months),
        "months": standard.months_back(dates.today()),
        "form": TeamForm(request.GET, user=user),
        "leads": user.oversees,
    }
    return render(request, "followups/progress.html", context)


ORDER = ("keep_until", "client__pinyin", "pk")


def _rows(user: User, asked: QueryDict) -> Any:
    """The matters behind a number."""
    today, form = dates.today(), ListForm(asked)
    month: date = MonthForm(asked).chosen(today)
    agents = _agents(user, asked)
    if agent := asked_of(form).get("agent"):
        agents = agents.filter(pk=agent)
    rows = figures.work_of(user, agents.order_by().values("pk"), month, dates.month_end(month))
    return rows.filter(figures.standing(form.states(), today), item__in=form.items())


def _shown(rows: Any) -> Any:
    rows = rows.annotate(state=figures.state_of(dates.today()))
    return rows.select_related("client__agent", "served_by", "policy__product", "planned")


def rows_for(user: User, asked: QueryDict) -> Any:
    """The same matters for a file."""
    return _shown(_rows(user, asked)).order_by(*ORDER)


def _wanted(counted: figures.Parts, form: ListForm) -> int:
    """The number that was opened."""
    asked, items, states = asked_of(form), form.items(), form.states()
    return sum(
        getattr(count, state)
        for (agent, item), count in counted.items()
        if asked.get("agent") in (None, agent) and item in items
        for state in states
    )


@require_GET
def progress_list(request: Request) -> HttpResponse:
    user, today = request.user, dates.today()
    if user.audits:
        raise PermissionDenied
    month: date = MonthForm(request.GET).chosen(today)
    form = ListForm(request.GET)
    rows = _rows(user, request.GET)
    count = rows.count()
    found = Found([rows], ORDER, most=count)
    number = asked_of(form).get("page") or 1
    counted = figures.counted(
        user, _agents(user, request.GET).order_by().values("pk"), month, today
    )
    context = {
        "page": page_of(found, _shown(FollowUp.objects.all()), number, count),
        "elsewhere": _wanted(counted, form) - count,
        "month": month,
        "states": ListForm.STATES,
        "state": asked_of(form).get("state") or "",
    }
    return render(request, "followups/progress_list.html", context)
