"""The renewal board on a page: pipeline, nine-grid, and the list behind each of their numbers."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import Team, User
from accounts.requests import Request
from clients.forms import agents_of
from lib import dates
from lib.paging import Found, Page, page_of
from policies.models import BoardPremium, Instalment, InstalmentQuerySet, Policy, Product
from policies.renewals import (
    CELLS,
    COLUMNS,
    ROWS,
    STAGES,
    Board,
    Cell,
    Stage,
    in_cell,
    in_stage,
)
from policies.rhythm import Numbered

NO_MONEY = Decimal(0)


Narrowed = TypeVar("Narrowed", bound=QuerySet[Any])


class BoardForm(forms.Form):
    """The board's address; a wrong value in it is passed over."""

    ORDERS: ClassVar[dict[str, tuple[str | Promise, tuple[str, ...]]]] = {
        "left": (_("Days of cover left"), ("grace_ends_on", "-at_risk", "pk")),
        "risk": (_("Sum assured at risk"), ("-at_risk", "grace_ends_on", "pk")),
        "premium": (_("Premium"), ("-amount", "grace_ends_on", "pk")),
    }

    stage = forms.ChoiceField(choices=[(code, code) for code in STAGES], required=False)
    cell = forms.ChoiceField(choices=[(code, code) for code in CELLS], required=False)
    month = forms.RegexField(r"^(19|20)\d\d-(0[1-9]|1[0-2])$", required=False)
    agent = forms.ModelChoiceField(User.objects.none(), required=False)
    team = forms.ModelChoiceField(Team.objects.none(), required=False)
    product = forms.ModelChoiceField(Product.objects.order_by("name"), required=False)
    mode = forms.ChoiceField(choices=Policy.Mode.choices, required=False)
    sort = forms.ChoiceField(choices=[(code, code) for code in ORDERS], required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=10_000)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user.oversees:
            self.fields["agent"].queryset = agents_of(user)  # type: ignore[attr-defined]
            self.fields["team"].queryset = teams_of(user)  # type: ignore[attr-defined]
        self.full_clean()

    def asked(self, name: str) -> Any:
        return self.cleaned_data.get(name)

    @property
    def month_shown(self) -> date:
        text = self.asked("month")
        return date.fromisoformat(f"{text}-01") if text else dates.today().replace(day=1)

    @property
    def order(self) -> str:
        return self.asked("sort") or "left"

    def narrow(self, instalments: Narrowed) -> Narrowed:
        """Only the agent, team, product and mode that were asked for."""
        if agent := self.asked("agent"):
            instalments = instalments.filter(policy__holder__agent=agent)
        if team := self.asked("team"):
            members = User.objects.filter(team__path__startswith=team.path)
            instalments = instalments.filter(policy__holder__agent__in=members.values("pk"))
        if product := self.asked("product"):
            instalments = instalments.filter(policy__product=product)
        if mode := self.asked("mode"):
            instalments = instalments.filter(policy__premium_mode=mode)
        return instalments

    def picked(self, instalments: InstalmentQuerySet, day: date) -> "Picked":
        """The list that was opened: of a cell, or else of a stage."""
        if cell := self.asked("cell"):
            column, _dot, row = cell.partition(".")
            title = f"{COLUMNS[column]} · {ROWS[row]}" if row in ROWS else COLUMNS[column]
            return Picked(cell, title, in_cell(instalments, cell, self.month_shown))
        stage = self.asked("stage") or "grace"
        return Picked(stage, STAGES[stage][0], in_stage(instalments, stage, day))


@dataclass(frozen=True)
class Picked:
    code: str
    title: str | Promise
    rows: QuerySet[Any]

    def sums(self) -> dict[str, Any]:
        return self.rows.order_by().aggregate(n=Count("pk"), amount=Sum("amount", default=NO_MONEY))

    def listed(self, order: str) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.rows.annotate(at_risk=AT_RISK)
        return listed(rows.order_by(*BoardForm.ORDERS[order][1]))

    def page(self, order: str, number: int, count: int) -> Page:
        found = Found([self.rows.annotate(at_risk=AT_RISK)], BoardForm.ORDERS[order][1])
        return page_of(found, listed(Instalment.objects.all()), number, count)


AT_RISK = Coalesce(F("policy__sum_assured"), NO_MONEY)


def listed(instalments: QuerySet[Any]) -> QuerySet[Any]:
    """Premiums with all that a line of the list says."""
    told: QuerySet[Any] = instalments.select_related(
        "policy__holder__agent", "policy__product"
    ).annotate(nth=Numbered())
    return told


@require_GET
def renewals(request: Request) -> HttpResponse:
    if request.user.audits:
        raise PermissionDenied
    form = BoardForm(request.GET, user=request.user)
    mine = form.narrow(Instalment.objects.listed_for(request.user))
    counted = form.narrow(BoardPremium.objects.added_up_for(request.user))
    today, month = dates.today(), form.month_shown
    picked = form.picked(mine, today)
    board = Board.of(counted, today, month)
    grid = board.grid
    shown: tuple[Stage | Cell, ...] = (*board.stages, *grid.totals, *grid.cells.values())
    numbers = {each.code: each for each in shown}
    number = numbers[picked.code]
    page = picked.page(form.order, form.asked("page") or 1, number.count)
    context = {
        "form": form,
        "picked": picked,
        "number": number,
        "page": page,
        "lines": [Line(instalment, today) for instalment in page.object_list],
    }
    context |= {
        "stages": board.stages,
        "largest": max(stage.count for stage in board.stages),
        "grid": grid,
        "columns": COLUMNS.values(),
        "before": dates.add_months(month, -1),
        "after": dates.add_months(month, 1),
    }
    return render(request, "policies/renewals.html", context)


@dataclass(frozen=True)
class Line:
    """One premium of the list, and how it stands."""

    instalment: Instalment
    today: date

    @property
    def left(self) -> int:
        """Days on which paying still keeps the cover."""
        return (self.instalment.grace_ends_on - self.today).days

    @property
    def until_due(self) -> int:
        return (self.instalment.due_on - self.today).days

    @property
    def broke_promise(self) -> bool:
        promised_on = self.instalment.promised_on
        return self.instalment.is_owed and promised_on is not None and promised_on < self.today

    @property
    def state(self) -> str:
        return self.instalment.state_on(self.today)

    @property
    def state_label(self) -> str | Promise:
        return Instalment.State(self.state).label


def teams_of(user: User) -> QuerySet[Team]:
    if user.administers:
        return Team.objects.order_by("path")
    if user.team is None:
        return Team.objects.none()
    return Team.objects.filter(path__startswith=user.team.path).order_by("path")
