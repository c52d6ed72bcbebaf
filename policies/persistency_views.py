"""Persistency on a page: the rate, its twelve months, who and what makes it, and the levers left."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import Team, User
from accounts.requests import Request
from clients.forms import agents_of
from lib import dates
from policies.cohorts import COUNTED, USUAL, Counting
from policies.models import Policy, PolicyQuerySet
from policies.persistency import MONTHS, Lever, Levers, Rate, latest_month, levers, rates, trend
from policies.renewal_views import teams_of

PER_PAGE = 50
A_YEAR = 12


def _way(label: Any) -> forms.BooleanField:
    ticked = forms.CheckboxInput({"class": "form-check-input"})
    return forms.BooleanField(label=label, required=False, widget=ticked)


class PersistencyForm(forms.Form):
    """What the address may ask for; what it may not is left out."""

    GROUPS = (("agent", _("Agent")), ("team", _("Team")), ("product", _("Product")))

    k = forms.TypedChoiceField(
        choices=[(k, _("%(n)s months") % {"n": k}) for k in MONTHS], coerce=int, required=False
    )
    by = forms.ChoiceField(choices=GROUPS, required=False)
    rolling = forms.BooleanField(required=False)
    kept = _way(_("Of what was kept the year before (25 months)"))
    each = _way(_("Every premium of the policy year, by itself"))
    reinstated = _way(_("Money that came too late counts, too"))
    month = forms.RegexField(r"^\d{4}-(0[1-9]|1[0-2])$", required=False)
    agent = forms.ModelChoiceField(User.objects.none(), required=False)
    team = forms.ModelChoiceField(Team.objects.none(), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.usual_group = "agent" if user.oversees else "product"  # of one agent there is one
        if user.oversees:
            self.fields["agent"].queryset = agents_of(user)  # type: ignore[attr-defined]
            self.fields["team"].queryset = teams_of(user)  # type: ignore[attr-defined]

    @property
    def ways(self) -> list[forms.BoundField]:
        """Other ways to count, to be ticked."""
        return [self[name] for name in COUNTED]

    def asked(self) -> "Asked":
        self.is_valid()
        found = self.cleaned_data
        this_month = dates.today().replace(day=1)
        text = found.get("month")
        month = date.fromisoformat(f"{text}-01") if text else this_month
        known = month.year > 1990 and month <= latest_month(dates.today())
        return Asked(
            k=found.get("k") or MONTHS[0],
            by=found.get("by") or self.usual_group,
            months=A_YEAR if found.get("rolling") else 1,
            month=month if known else this_month,
            agent=found.get("agent"),
            team=found.get("team"),
            counting=Counting(**{name: bool(found.get(name)) for name in COUNTED}),
        )


@dataclass(frozen=True)
class Asked:
    k: int
    by: str
    months: int
    month: date
    agent: User | None
    team: Team | None
    counting: Counting

    def narrow(self, policies: PolicyQuerySet) -> PolicyQuerySet:
        """Only those of the agent and the team that were asked for."""
        if self.agent:
            policies = policies.filter(holder__agent=self.agent)
        if self.team:
            members = User.objects.filter(team__path__startswith=self.team.path)
            policies = policies.filter(holder__agent__in=members.values("pk"))
        return policies

    def rates(self, mine: PolicyQuerySet) -> list[Rate]:
        """Of each group that was asked for, by name."""
        month, k, counting = self.month, self.k, self.counting
        return rates(mine, month, k, by=self.by, months=self.months, counting=counting)

    def levers(self, mine: PolicyQuerySet, day: date, whole: Rate | None = None) -> Levers:
        return levers(mine, self.month, self.k, day, whole, counting=self.counting)

    @property
    def before(self) -> date:
        return dates.add_months(self.month, -1)

    @property
    def after(self) -> date | None:
        following = dates.add_months(self.month, 1)
        return following if following <= latest_month(dates.today()) else None


@require_GET
def persistency(request: Request) -> HttpResponse:
    if request.user.audits:
        raise PermissionDenied
    form = PersistencyForm(request.GET, user=request.user)
    asked = form.asked()
    mine = asked.narrow(Policy.objects.added_up_for(request.user))
    today = dates.today()
    groups = asked.rates(mine)
    shown = trend(mine, asked.month, asked.k, counting=asked.counting)
    _month, this_month = shown[-1]
    found = asked.levers(mine, today, this_month)
    page: Page[Lever] = Paginator(found, PER_PAGE).get_page(  # type: ignore[arg-type]
        request.GET.get("page")
    )
    context: dict[str, Any] = {
        "asked": asked,
        "usual": asked.counting == USUAL,
        "form": form,
        "months": MONTHS,
        "grouped_by": dict(form.GROUPS)[asked.by],
        "whole": Rate.of_all(groups),
        "groups": Paginator(groups, PER_PAGE).get_page(request.GET.get("group")),
        "page": page,
        "levers": [(lever, lever.days_left(today)) for lever in page],
        "worth": found.worth,
        "trend": shown,
    }
    return render(request, "policies/persistency.html", context)
