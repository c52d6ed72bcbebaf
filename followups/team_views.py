"""The leader's day: how far the team is, and one agent at a time."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.models import Team, User
from accounts.scope import agents_seen_by
from clients.models import Client
from followups import chips
from followups import team as figures
from followups.models import FollowUp
from followups.people_words import with_their_people
from lib import dates
from lib.templatetags.ui import tail
from policies.models import Instalment

PER_PAGE = 50


class TeamForm(forms.Form):
    """What the address may ask of the team page; what it may not is left out."""

    ORDERS = (("team", _("Organisation")), ("attention", _("Attention")), ("name", _("Name")))

    sort = forms.ChoiceField(choices=ORDERS, required=False)
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, label=_("Team"), empty_label=_("All teams")
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = figures.teams_seen_by(user)  # type: ignore[attr-defined]
        self.fields["team"].widget.attrs["class"] = "form-select"


class AgentForm(forms.Form):
    LISTS = (("today", _("Today")), ("overdue", _("Overdue")), ("grace", _("Grace period")))

    show = forms.ChoiceField(choices=LISTS, required=False)


def _leader(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User) or not user.oversees:
        raise PermissionDenied
    return user


def asked_of(form: forms.Form) -> dict[str, Any]:
    form.is_valid()
    return form.cleaned_data


@require_GET
def team(request: HttpRequest) -> HttpResponse:
    user = _leader(request)
    form = TeamForm(request.GET, user=user)
    asked = asked_of(form)
    order = asked.get("sort") or _usual_order(request)
    board = figures.board(user, dates.today(), asked.get("team"))
    board.sort(order)
    page = Paginator(board.agents, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "board": board,
        "page": page,
        "form": form,
        "order": order,
        "chosen": asked.get("team"),
    }
    return render(request, "followups/team.html", context)


def _usual_order(request: HttpRequest) -> str:
    """A phone shows a few rows at a time: there, whoever needs the leader comes first."""
    return "attention" if request.headers.get("Sec-CH-UA-Mobile") == "?1" else "team"


@require_GET
def agent(request: HttpRequest, pk: int) -> HttpResponse:
    user = _leader(request)
    someone = get_object_or_404(agents_seen_by(user), pk=pk)
    day = dates.today()
    show = asked_of(AgentForm(request.GET)).get("show") or "today"
    rows, line = LISTS[show]
    page = Paginator(rows(user, someone, day), PER_PAGE).get_page(request.GET.get("page"))
    if show != "grace":
        with_their_people(page.object_list)
    context = {
        "own": figures.figures_of_one(user, someone, day),
        "book": figures.book_of(user, someone),
        "show": show,
        "page": page,
        "lines": [line(row, day) for row in page],
    }
    fragment = getattr(request, "htmx", False)
    return render(request, f"followups/{'_' if fragment else ''}team_agent.html", context)


@dataclass(frozen=True)
class Line:
    """One row of an agent's lists, with the chip that says how it stands."""

    client: Client
    what: str
    amount: Decimal | None
    words: str
    tone: str
    at: datetime | None = None


def _today(user: User, agent: User, day: date) -> QuerySet[FollowUp]:
    """Done first, as it went, then what is open."""
    mine = FollowUp.objects.visible_to(user).filter(client__agent=agent).on(day)
    return mine.for_list().order_by(
        "status", "done_at", "priority", "keep_until", "client__pinyin", "pk"
    )


def _overdue(user: User, agent: User, day: date) -> QuerySet[FollowUp]:
    mine = FollowUp.objects.visible_to(user).filter(client__agent=agent).overdue(day)
    return mine.for_list().order_by("list_on", "priority", "pk")


def _grace(user: User, agent: User, day: date) -> QuerySet[Instalment]:
    owed = Instalment.objects.visible_to(user).filter(policy__holder__agent=agent)
    rows = owed.in_grace(day).select_related("policy__holder", "policy__product")
    return rows.order_by("grace_ends_on", "pk")


def _followup_line(row: FollowUp, day: date) -> Line:
    amount = row.instalment.amount if row.instalment else None
    what = row.get_item_display()
    if row.is_done:
        words = row.get_outcome_display() or row.get_status_display()
        return Line(row.client, what, amount, words, "ok", row.done_at)
    reasons = chips.of(row, day)
    if not reasons:
        return Line(row.client, what, amount, str(row.rule_label), "slate")
    return Line(row.client, what, amount, reasons[0].text, reasons[0].tone)


def _overdue_line(row: FollowUp, day: date) -> Line:
    late = (day - row.list_on).days
    words = ngettext("%(n)s day overdue", "%(n)s days overdue", late) % {"n": late}
    return replace(_followup_line(row, day), words=words, tone="danger")


def _grace_line(row: Instalment, day: date) -> Line:
    product = row.policy.product.name if row.policy.product else ""
    left = (row.grace_ends_on - day).days
    words = ngettext("Grace: %(n)s day left", "Grace: %(n)s days left", left) % {"n": left}
    tone = "danger" if left <= figures.SOON.days else "warn"
    return Line(
        row.policy.holder,
        f"{product} {tail(row.policy.policy_no)}".strip(),
        row.amount,
        words,
        tone,
    )


LISTS: dict[str, tuple[Any, Any]] = {
    "today": (_today, _followup_line),
    "overdue": (_overdue, _overdue_line),
    "grace": (_grace, _grace_line),
}
