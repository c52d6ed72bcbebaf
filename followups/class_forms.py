"""What the classification pages accept."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from clients.forms import ListFilter
from clients.models import Client
from lib import dates
from lib.templatetags.ui import year_month
from lib.versioned import DayInput
from policies.classification import LETTERS, LONGEST_OVERRIDE, ClientClassQuerySet, longest_until
from policies.known import Indicator
from policies.models import ClientClass, Known

MONTH = r"^(19|20)\d\d-(0[1-9]|1[0-2])$"
USUAL_MONTHS = 3  # for which a class is set by hand unless somebody says otherwise


class ClassFilter(ListFilter):
    """The table's address; a wrong value in it is passed over."""

    month = forms.RegexField(MONTH, required=False)
    show = forms.ChoiceField(required=False, choices=Client.Class.choices)
    letter = forms.ChoiceField(required=False, choices=[(letter, letter) for letter in LETTERS])
    tier = forms.ChoiceField(required=False, choices=ClientClass.Tier.choices)
    moved = forms.BooleanField(required=False)
    by_hand = forms.BooleanField(required=False)
    open = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    since = forms.RegexField(MONTH, required=False)
    was = forms.ChoiceField(required=False, choices=[(was, was) for was in (*LETTERS, "new")])
    way = forms.ChoiceField(required=False, choices=[(way, way) for way in ("better", "worse")])
    off = forms.ChoiceField(required=False, choices=Indicator.choices)

    @property
    def month_asked(self) -> date | None:
        return _first_of(self.asked("month"))

    @property
    def since_asked(self) -> date | None:
        return _first_of(self.asked("since"))

    def of_whom(self, rows: ClientClassQuerySet) -> ClientClassQuerySet:
        agent = self.asked("agent")
        return rows.filter(client__agent=agent) if agent else rows

    def narrow(self, rows: ClientClassQuerySet) -> ClientClassQuerySet:
        """Only the class, letter and tier that were asked for."""
        wanted = {"show": "final_class", "letter": "attention", "tier": "tier"}
        fits = Q(**{field: self.asked(name) for name, field in wanted.items() if self.asked(name)})
        if self.asked("by_hand"):
            fits &= Q(override__isnull=False)
        if text := self.asked("q"):
            fits &= Q(client__name__startswith=text)
        if off := self.asked("off"):
            fits &= Q(**{f"{off}_ok": False})
        rows = self._since(rows.filter(fits))
        return rows.moved() if self.asked("moved") else rows

    @property
    def narrowings(self) -> list[tuple[str, str]]:
        """What narrows the table beside class and letter, in words, and the address without it."""
        said = [
            (self._said_since(), ("since", "was", "way")),
            (self._said_of("off", Indicator, _("%(what)s off target")), ("off",)),
            (self._said_of("tier", ClientClass.Tier, "%(what)s"), ("tier",)),
            (str(_("Set by hand")) if self.asked("by_hand") else "", ("by_hand",)),
        ]
        return [(words, self._without(*names)) for words, names in said if words]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What stays as it is while somebody searches for a name, an agent or a tier."""
        typed = {"q", "agent", "tier", "page", "open"}
        return [
            (name, value) for name, value in self.data.items() if name in self.fields.keys() - typed
        ]

    def _without(self, *names: str) -> str:
        left = self.data.copy()  # type: ignore[attr-defined]
        for name in (*names, "page", "open"):
            left.pop(name, None)
        return f"?{left.urlencode()}"

    def _said_of(self, name: str, choices: Any, words: Any) -> str:
        value = self.asked(name)
        return str(words % {"what": choices(value).label}) if value else ""

    def _said_since(self) -> str:
        asked = self.asked("was") or self.asked("way")
        if self.since_asked is None or not asked:
            return ""
        words = {
            "new": _("not counted in %(month)s"),
            "better": _("improved since %(month)s"),
            "worse": _("worsened since %(month)s"),
        }.get(asked, _("%(letter)s in %(month)s"))
        return str(words % {"letter": asked, "month": year_month(self.since_asked)})

    def _since(self, rows: ClientClassQuerySet) -> ClientClassQuerySet:
        """Only those whose letter was another one in an earlier month."""
        if self.since_asked is None:
            return rows
        then = ClientClass.objects.filter(month=self.since_asked, client=OuterRef("client"))
        then = then.exclude(attention="")
        way = {"better": "attention__gt", "worse": "attention__lt"}
        if was := self.asked("was"):
            known = Exists(then if was == "new" else then.filter(attention=was))
            rows = rows.exclude(known) if was == "new" else rows.filter(known)
        if asked := self.asked("way"):
            rows = rows.filter(Exists(then.filter(**{way[asked]: OuterRef("attention")})))
        return rows


def _first_of(month: str | None) -> date | None:
    return date.fromisoformat(f"{month}-01") if month else None


class OverrideForm(forms.Form):
    """A class set by hand."""

    client_class = forms.ChoiceField(
        label=_("Class"), choices=Client.Class.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)
    until = forms.DateField(label=_("Until"), widget=DayInput())
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.initial.setdefault("until", dates.add_months(today, USUAL_MONTHS))

    @property
    def first_day(self) -> date:
        return self.today + timedelta(days=1)

    @property
    def last_day(self) -> date:
        return longest_until(self.today)

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if until <= self.today:
            raise forms.ValidationError(_("Choose a day after today."))
        if until > self.last_day:
            raise forms.ValidationError(
                _("At most %(n)s months: afterwards the figures decide, or you set it again.")
                % {"n": LONGEST_OVERRIDE}
            )
        return until


class KnownForm(forms.ModelForm):  # type: ignore[type-arg]
    """What was found out about a client; empty is as good as unknown."""

    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    class Meta:
        model = Known
        fields = ("income", "need", "referred")
        widgets = {"referred": forms.NullBooleanSelect()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("income", "need"):
            self.fields[name].min_value = 1  # type: ignore[attr-defined]
            self.fields[name].widget.attrs |= {"min": 1, "step": "any", "inputmode": "decimal"}

    def clean_income(self) -> Any:
        return _more_than_nothing(self.cleaned_data["income"])

    def clean_need(self) -> Any:
        return _more_than_nothing(self.cleaned_data["need"])


def _more_than_nothing(amount: Any) -> Any:
    if amount is not None and amount <= 0:
        raise forms.ValidationError(_("Leave it empty if it is not known; nothing is no amount."))
    return amount
