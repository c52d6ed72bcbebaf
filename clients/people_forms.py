"""What is typed about the people, the dates and the events around a client."""

import uuid
from calendar import monthrange
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from clients.card import InfoCard
from clients.family import FamilyMember
from clients.key_dates import KeyDate
from clients.kinship import Kin
from clients.life import LifeEvent
from clients.models import Client
from clients.yearly import Calendar
from lib import dates, lunar, names
from lib.versioned import DayInput

FIRST_YEAR = 1901  # of what people remember; the lunar table begins a year before
A_LEAP_YEAR = 2000  # in which every day of the solar calendar exists


class KeyedForm(forms.ModelForm):  # type: ignore[type-arg]
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["key"] = uuid.uuid4().hex


class YearlyForm(KeyedForm):
    """A date in either calendar. One that does not exist is told in words."""

    past: ClassVar[bool] = True  # what is remembered has happened

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, least, most in (("year", FIRST_YEAR, 2100), ("month", 1, 12), ("day", 1, 31)):
            attrs = {"min": least, "max": most, "inputmode": "numeric", "autocomplete": "off"}
            self.fields[name].widget.attrs |= attrs
        self.fields["calendar"].widget = forms.RadioSelect(choices=Calendar.choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors.keys() & {"calendar", "year", "month", "day"}:
            self._check(cleaned)
        return cleaned

    def _check(self, said: dict[str, Any]) -> None:
        month, day = said.get("month"), said.get("day")
        if month is None and day is None:
            if said.get("year") or said.get("leap"):
                self.add_error("month", _("Give the month and the day as well."))
            return
        if month is None or day is None:
            self.add_error("month" if month is None else "day", _("Give both month and day."))
            return
        wrong = wrong_with(said["calendar"], said.get("year"), month, day, bool(said.get("leap")))
        if wrong:
            self.add_error(*wrong)


def wrong_with(
    calendar: str, year: int | None, month: int, day: int, leap: bool
) -> tuple[str, str] | None:
    """The field that is wrong, and why; None where there is such a day."""
    if not 1 <= month <= 12:
        return "month", _("A year has twelve months: 1 to 12.")
    if year is not None and not FIRST_YEAR <= year <= dates.today().year:
        this = dates.today().year
        years = {"first": FIRST_YEAR, "last": this}
        return "year", _("Give a year from %(first)s to %(last)s, or none.") % years
    if calendar == Calendar.LUNAR:
        return _wrong_lunar(year, month, day, leap) or _not_yet(calendar, year, month, day, leap)
    if leap:
        return "leap", _("Only the lunar calendar has leap months.")
    return _wrong_solar(year, month, day) or _not_yet(calendar, year, month, day, leap)


def _wrong_solar(year: int | None, month: int, day: int) -> tuple[str, str] | None:
    if not 1 <= day <= monthrange(A_LEAP_YEAR, month)[1]:
        return "day", _("%(month)s has no day %(day)s.") % {"month": _month(month), "day": day}
    if year and day > monthrange(year, month)[1]:
        return "year", _("There was no 29 February in %(year)s.") % {"year": year}
    return None


def _wrong_lunar(year: int | None, month: int, day: int, leap: bool) -> tuple[str, str] | None:
    named = {"year": year, "month": _lunar_month(month, leap), "day": day}
    if not 1 <= day <= 30:
        return "day", _("A lunar month has 29 or 30 days.")
    if leap and not lunar.is_ever_doubled(month):
        return "leap", _("No year of these two centuries has a %(month)s.") % named
    if year is None:
        return None
    days = lunar.days_in(year, month, leap)
    if not days:
        return "leap", _("The lunar year %(year)s has no %(month)s.") % named
    if day > days:
        return "day", _("In the lunar year %(year)s the %(month)s has 29 days.") % named
    return None


def _not_yet(calendar: str, year: int | None, month: int, day: int, leap: bool) -> Any:
    if year is None:
        return None
    if calendar == Calendar.LUNAR:
        on = lunar.to_solar(lunar.LunarDate(year, month, day, leap))
    else:
        on = date(year, month, day)
    return ("year", _("This day has not come yet.")) if on > dates.today() else None


def _month(month: int) -> str:
    return str(MONTHS[month])


def _lunar_month(month: int, leap: bool) -> str:
    if (get_language() or "").startswith("zh"):
        return lunar.month_name(month, leap)
    words = _("leap month %(n)s") if leap else _("month %(n)s")
    return words % {"n": month}


class MemberForm(YearlyForm):
    """Somebody around the client."""

    class Meta:
        model = FamilyMember
        fields = (
            "kin", "called", "name", "gender", "calendar", "year", "month", "day", "leap", "person",
        )  # fmt: skip
        widgets: ClassVar[dict[str, Any]] = {"kin": forms.RadioSelect}

    def __init__(self, *args: Any, client: Client, clients: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.client = client
        self.fields["kin"].choices = Kin.choices  # type: ignore[attr-defined]
        home = clients.exclude(pk=client.pk).filter(household=client.household_id or 0)
        if self.instance.person_id:
            home = home | clients.filter(pk=self.instance.person_id)
        self.fields["person"].queryset = home  # type: ignore[attr-defined]
        self.fields["person"].widget.attrs["class"] = "form-select"

    def clean_name(self) -> str:
        name = names.normalise(self.cleaned_data["name"])
        others = FamilyMember.objects.filter(client=self.instance.client, name=name)
        if name and others.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("%(name)s stands here already.") % {"name": name})
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("kin") == Kin.OTHER and not cleaned.get("called"):
            self.add_error("called", _("Say in a word who they are, such as aunt."))
        return cleaned


class DateForm(YearlyForm):
    """A wedding anniversary, the day of a profession, a date of their own."""

    class Meta:
        model = KeyDate
        fields = ("kind", "label", "calendar", "year", "month", "day", "leap")
        widgets: ClassVar[dict[str, Any]] = {"kind": forms.RadioSelect}

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.client = client
        self.fields["kind"].choices = KeyDate.Kind.choices  # type: ignore[attr-defined]

    def clean_kind(self) -> str:
        kind: str = self.cleaned_data["kind"]
        others = KeyDate.objects.filter(client=self.instance.client, kind=kind)
        if kind != KeyDate.Kind.OWN and others.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("This date is there already: change it instead."))
        return kind

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("kind") == KeyDate.Kind.OWN and not cleaned.get("label"):
            self.add_error("label", _("Say in a word what day it is."))
        if not self.errors and cleaned.get("month") is None:
            self.add_error("month", _("Give both month and day."))
        return cleaned


class EventForm(KeyedForm):
    class Meta:
        model = LifeEvent
        fields = ("kind", "on", "note")
        widgets: ClassVar[dict[str, Any]] = {
            "kind": forms.RadioSelect,
            "on": DayInput(),
            "note": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = LifeEvent.Kind.choices  # type: ignore[attr-defined]
        self.initial.setdefault("on", dates.today())

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > dates.today():
            raise forms.ValidationError(
                _("Write it down when it has happened: choose a day up to today.")
            )
        if on < dates.add_years(dates.today(), -2):
            raise forms.ValidationError(_("This is more than two years ago: put it into the note."))
        return on


YES_NO = [
    ("", gettext_lazy("Not known")),
    ("true", gettext_lazy("Yes")),
    ("false", gettext_lazy("No")),
]


class CardForm(KeyedForm):
    """The whole card, for whoever wants to see or correct all of it."""

    ask_first = forms.TypedChoiceField(
        label=gettext_lazy("Wants to be asked first"),
        choices=YES_NO,
        required=False,
        coerce=lambda said: said == "true",
        empty_value=None,
    )

    class Meta:
        model = InfoCard
        fields = InfoCard.FACTS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = self.instance.ask_first
        self.initial["ask_first"] = "" if said is None else str(said).lower()
