"""The festivals that are greeted: when each comes round, and whom it is about."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import reduce
from operator import or_

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import translation
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from clients.kinship import FAMILY_WORDS, Kin, read
from clients.models import Client, FamilyMember, InfoCard, KeyDate
from followups.card_questions import TOP
from lib import dates, lunar
from lib.remembered import remembered
from policies.models import Policy

SUBJECT = "festival"  # what its greetings are about, in the codes of the rules
ONE_DAY = timedelta(days=1)
NEVER_LATER = timedelta(days=800)  # every festival comes round within
SMALL, OLD = 14, 60
LAST = -1


def _every_class() -> list[str]:
    return list(Client.Class.values)


class Festival(models.Model):
    """A day of the year, in either calendar, on which clients are greeted."""

    class Kind(models.TextChoices):
        SOLAR = "solar", gettext_lazy("A date")
        LUNAR = "lunar", gettext_lazy("A lunar date")
        EVE = "eve", gettext_lazy("The day before a lunar date")
        WEEKDAY = "weekday", gettext_lazy("A weekday of a month")
        QINGMING = "qingming", gettext_lazy("Qingming, by the sun")

    class ForWhom(models.TextChoices):
        ALL = "all", gettext_lazy("Everybody")
        WOMEN = "women", gettext_lazy("Women")
        MEN = "men", gettext_lazy("Men")
        MOTHERS = "mothers", gettext_lazy("Mothers")
        FATHERS = "fathers", gettext_lazy("Fathers")
        PARENTS = "parents", gettext_lazy("Parents of children under 14")
        OLD = "old", gettext_lazy("People of 60 and older")
        TRADE = "trade", gettext_lazy("People of certain occupations")

    class Nth(models.IntegerChoices):
        FIRST = 1, pgettext_lazy("weekday", "first")
        SECOND = 2, pgettext_lazy("weekday", "second")
        THIRD = 3, pgettext_lazy("weekday", "third")
        FOURTH = 4, pgettext_lazy("weekday", "fourth")
        LAST = LAST, pgettext_lazy("weekday", "last")

    class Weekday(models.IntegerChoices):
        MONDAY = 0, gettext_lazy("Monday")
        TUESDAY = 1, gettext_lazy("Tuesday")
        WEDNESDAY = 2, gettext_lazy("Wednesday")
        THURSDAY = 3, gettext_lazy("Thursday")
        FRIDAY = 4, gettext_lazy("Friday")
        SATURDAY = 5, gettext_lazy("Saturday")
        SUNDAY = 6, gettext_lazy("Sunday")

    # Of those the product brings along; they have a text of their own from the start.
    code = models.CharField(max_length=20, blank=True, default="", editable=False)
    name = models.CharField(gettext_lazy("name"), max_length=40, unique=True)
    name_en = models.CharField(gettext_lazy("English name"), max_length=60, blank=True, default="")
    kind = models.CharField(gettext_lazy("comes on"), max_length=8, choices=Kind)
    month = models.PositiveSmallIntegerField(
        gettext_lazy("month"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
    )
    day = models.PositiveSmallIntegerField(
        gettext_lazy("day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
    )
    nth = models.SmallIntegerField(gettext_lazy("which"), null=True, blank=True, choices=Nth)
    weekday = models.PositiveSmallIntegerField(
        gettext_lazy("weekday"), null=True, blank=True, choices=Weekday
    )
    for_whom = models.CharField(
        gettext_lazy("for whom"), max_length=8, choices=ForWhom, default=ForWhom.ALL
    )
    trades = models.CharField(
        gettext_lazy("occupations"),
        max_length=120,
        blank=True,
        default="",
        help_text=gettext_lazy(
            "Words of the position, the employer or the note, with blanks between."
        ),
    )
    classes = ArrayField(
        models.CharField(max_length=8, choices=Client.Class),
        verbose_name=gettext_lazy("classes"),
        default=_every_class,
    )
    lead = models.PositiveSmallIntegerField(
        gettext_lazy("days ahead"),
        default=5,
        validators=[MaxValueValidator(30)],
        help_text=gettext_lazy("So many days before it, its line comes on the list."),
    )
    active = models.BooleanField(gettext_lazy("greeted"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = gettext_lazy("festival")
        verbose_name_plural = gettext_lazy("festivals")
        ordering = ("pk",)

    def __str__(self) -> str:
        chinese = (get_language() or "").startswith("zh")
        return self.name if chinese or not self.name_en else self.name_en

    def clean(self) -> None:
        wrong = self._what_is_missing() or self._what_cannot_be()
        if wrong:
            raise ValidationError(wrong)
        if self.for_whom == self.ForWhom.TRADE and not self.trades.split():
            raise ValidationError({"trades": _("Name at least one occupation.")})

    def _what_is_missing(self) -> dict[str, str]:
        needed = {
            self.Kind.SOLAR: ("month", "day"),
            self.Kind.LUNAR: ("month", "day"),
            self.Kind.EVE: ("month", "day"),
            self.Kind.WEEKDAY: ("month", "nth", "weekday"),
        }
        lacking = [n for n in needed.get(self.Kind(self.kind), ()) if getattr(self, n) is None]
        return {name: _("Needed for the day to be found.") for name in lacking}

    def _what_cannot_be(self) -> dict[str, str]:
        month = self.month or 0
        if self.kind == self.Kind.SOLAR and 1 <= month <= 12 and self.day:
            if (month, self.day) == (2, 29):
                return {"day": _("29 February does not come every year; take the 28th.")}
            if self.day > monthrange(2000, month)[1]:
                return {"day": _("This month has no such day.")}
        if self.kind in {self.Kind.LUNAR, self.Kind.EVE} and self.day and self.day > 30:
            return {"day": _("A lunar month has at most 30 days.")}
        return {}

    # --- when

    def occasions(self, first: date, last: date) -> Iterator[date]:
        """The days of `first..last` on which it falls."""
        for year in range(first.year - 1, last.year + 1):
            on = self.in_year(year)
            if on and first <= on <= last:
                yield on

    def next_on(self, on_or_after: date) -> date | None:
        return next(self.occasions(on_or_after, on_or_after + NEVER_LATER), None)

    def in_year(self, year: int) -> date | None:
        """The day in the year, which is a lunar one where the date is; None where no table reaches."""
        month, day = self.month or 1, self.day or 1
        try:
            if self.kind == self.Kind.SOLAR:
                return date(year, month, day)
            if self.kind == self.Kind.WEEKDAY:
                return _weekday_of(year, month, self.nth or 1, self.weekday or 0)
            if self.kind == self.Kind.QINGMING:
                return lunar.qingming(year)
            on = lunar.lunar_birthday_in(year, month, day, False)
        except ValueError:
            return None
        return on - ONE_DAY if self.kind == self.Kind.EVE else on

    # --- for whom

    def people(self, on: date) -> QuerySet[Client]:
        """Whom it is about on that day, of the classes that get it, who hold a policy in force."""
        insured = Policy.objects.in_force(on).filter(holder=OuterRef("pk"))
        own_class = Coalesce(NullIf("client_class", Value("")), Value(Client.Class.MAINTAIN.value))
        clients = Client.objects.filter(Exists(insured)).filter(self._about(on))
        if set(self.classes) == set(Client.Class.values):
            return clients
        return clients.alias(own_class=own_class).filter(own_class__in=self.classes)

    def _about(self, on: date) -> Q:
        whom, about = self.ForWhom, Q()
        if self.for_whom in {whom.WOMEN, whom.MOTHERS}:
            about &= Q(gender=Client.Gender.FEMALE)
        if self.for_whom in {whom.MEN, whom.FATHERS}:
            about &= Q(gender=Client.Gender.MALE)
        if self.for_whom in {whom.MOTHERS, whom.FATHERS}:
            about &= _has_children()
        if self.for_whom == whom.PARENTS:
            small = FamilyMember.objects.children_under(SMALL, on)
            about &= Q(Exists(small.filter(client=OuterRef("pk"))))
        if self.for_whom == whom.OLD:
            about &= Q(birth_on__lte=dates.add_years(on, -OLD))
        if self.for_whom == whom.TRADE:
            about &= _of_trades(self.trades.split()) & ~_remembered_by_a_rule(on)
        return about


def _remembered_by_a_rule(on: date) -> Q:
    """Top clients are wished well on the day of their profession one by one, not here as well."""
    days = KeyDate.objects.filter(kind=KeyDate.Kind.CAREER, next_on=on, client=OuterRef("pk"))
    return Q(Exists(days), tier__in=TOP)


def _weekday_of(year: int, month: int, nth: int, weekday: int) -> date:
    if nth == LAST:
        end = dates.month_end(date(year, month, 1))
        return end - timedelta(days=(end.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


CHILD_WORDS = [words for words in FAMILY_WORDS if (said := read(words)) and said.kin == Kin.CHILD]


def _has_children() -> Q:
    """A child is known, or insured by one of the client's policies."""
    known = FamilyMember.objects.filter(kin=Kin.CHILD, client=OuterRef("pk"))
    insured = Policy.objects.filter(relation__in=CHILD_WORDS, holder=OuterRef("pk"))
    return Q(Exists(known)) | Q(Exists(insured))


def _of_trades(words: list[str]) -> Q:
    """Whose profession is one of these, or whose position, employer or note names it."""
    with translation.override("zh-hans"):
        professions = [code for code, label in InfoCard.Profession.choices if str(label) in words]
    cards = reduce(
        or_,
        (Q(position__icontains=word) | Q(employer__icontains=word) for word in words),
        Q(profession__in=professions) if professions else Q(profession="?"),
    )
    said = InfoCard.objects.filter(cards, client=OuterRef("pk"))
    return reduce(or_, (Q(note__icontains=word) for word in words), Q(Exists(said)))


@remembered
def greeted_ones() -> list[Festival]:
    return list(Festival.objects.filter(active=True))


def coming(day: date, last: date) -> list[tuple[date, Festival]]:
    """The festivals that are greeted, with their days in `day..last`, in order."""
    found = [(on, festival) for festival in greeted_ones() for on in festival.occasions(day, last)]
    return sorted(found, key=lambda one: (one[0], one[1].pk))


def next_for_all(day: date, within: int = 30) -> tuple[date, Festival] | None:
    """The next one that is about everybody, for the head of the day."""
    everybody = Festival.ForWhom.ALL
    rows = coming(day, day + timedelta(days=within))
    return next((one for one in rows if one[1].for_whom == everybody), None)
