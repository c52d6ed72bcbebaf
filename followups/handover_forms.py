"""What the page of a handover asks: whose clients, why, which of them, and who takes them over."""

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from clients.models import Client, ClientQuerySet, Handover
from followups import handing_over
from lib import dates
from lib.versioned import DayInput

POOL = "pool"
BY_AREA, EVENLY = "area", "load"
A_MOVE = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)
SELECT = forms.Select(attrs={"class": "form-select"})


class WhoseForm(forms.Form):
    """The first question; the others depend on it."""

    whose = forms.ChoiceField(label=gettext_lazy("Whose clients"), widget=SELECT)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.agents = {str(agent.pk): agent for agent in handing_over.leavers(user)}
        pool = [(POOL, _("Orphan pool"))] if user.administers else []
        choices = [(pk, f"{one.name} · {one.staff_no}") for pk, one in self.agents.items()]
        self.fields["whose"].choices = [("", "—"), *pool, *choices]  # type: ignore[attr-defined]

    @property
    def from_agent(self) -> User | None:
        return self.agents.get(self.cleaned_data["whose"])

    @property
    def of_pool(self) -> bool:
        return bool(self.cleaned_data["whose"] == POOL)

    @property
    def clients(self) -> ClientQuerySet:
        return Client.objects.visible_to(self.user).filter(agent=self.from_agent)


class HandoverForm(forms.Form):
    HOW = (
        (BY_AREA, gettext_lazy("Neighbourhoods together, loads even")),
        (EVENLY, gettext_lazy("Loads even, wherever the clients live")),
    )

    reason = forms.ChoiceField(label=gettext_lazy("Why"), widget=SELECT)
    back_on = forms.DateField(
        label=gettext_lazy("Back on"),
        required=False,
        widget=DayInput(attrs={"class": "form-control"}),
        help_text=gettext_lazy("For an absence: on this day the clients return by themselves."),
    )
    only = forms.ChoiceField(label=gettext_lazy("Class"), required=False, widget=SELECT)
    area = forms.ChoiceField(label=gettext_lazy("Area"), required=False, widget=SELECT)
    how = forms.ChoiceField(
        label=gettext_lazy("Split by"), required=False, choices=HOW, widget=SELECT
    )
    to = forms.MultipleChoiceField(
        label=gettext_lazy("Who takes over"),
        error_messages={"required": gettext_lazy("Choose who takes the clients over.")},
    )

    def __init__(self, *args: Any, whose: WhoseForm, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.whose = whose
        self.areas = handing_over.areas_of(whose.clients)
        leaver = whose.from_agent
        self.receivers = [one for one in handing_over.receivers(whose.user) if one != leaver]
        self._choose("reason", self._reasons())
        self._choose("only", [("", _("All classes")), *Client.Class.choices])
        known = sorted(set(filter(None, self.areas.values())))
        self._choose("area", [("", _("All areas")), *((name, name) for name in known)])
        self._choose("to", [(str(one.pk), one.name) for one in self.receivers])

    def _choose(self, name: str, choices: Any) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _reasons(self) -> list[Any]:
        of_pool = self.whose.of_pool
        reasons = Handover.Reason.choices
        return [one for one in reasons if (one[0] == Handover.Reason.POOL) == of_pool]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        away, back_on = data.get("reason") in Handover.ABSENCES, data.get("back_on")
        if away and not back_on and "back_on" not in self.errors:
            self.add_error("back_on", _("Enter the day on which the agent is back."))
        if not away:
            data["back_on"] = None
        return data

    def clean_back_on(self) -> date | None:
        day: date | None = self.cleaned_data["back_on"]
        if day and day <= dates.today():
            raise forms.ValidationError(_("This day has come already. Enter one that is ahead."))
        return day

    @property
    def going(self) -> ClientQuerySet:
        """The clients chosen. A home goes as one: whoever lives with one of them goes along."""
        data, clients = self.cleaned_data, self.whose.clients
        if data["only"]:
            clients = clients.filter(pk__in=_of_class(clients, data["only"]))
        if data["area"]:
            there = [pk for pk, area in self.areas.items() if area == data["area"]]
            clients = clients.filter(pk__in=there)
        if not (data["only"] or data["area"]):
            return clients
        homes = clients.filter(household__isnull=False).values("household")
        together = self.whose.clients.filter(household__in=homes)
        return self.whose.clients.filter(pk__in=clients.values("pk").union(together.values("pk")))

    @property
    def moves(self) -> dict[int, int]:
        """The homes moved by hand: by their first client, to whom. The last word counts."""
        said = self.data.getlist("move") if self.is_bound else []  # type: ignore[attr-defined]
        return {int(found[1]): int(found[2]) for word in said if (found := A_MOVE.fullmatch(word))}

    def plan(self) -> handing_over.Plan:
        chosen = set(self.cleaned_data["to"])
        to = [one for one in self.receivers if str(one.pk) in chosen]
        by_area = self.cleaned_data["how"] != EVENLY
        split = handing_over.plan(self.going, self.areas, to, by_area=by_area)
        return split.moved(self.moves)


def _of_class(clients: ClientQuerySet, wanted: str) -> Any:
    """A client without a class counts as *maintain*."""
    words = [wanted, ""] if wanted == Client.Class.MAINTAIN else [wanted]
    return clients.filter(client_class__in=words).values("pk")
