"""Days that come round every year, in either calendar, and how they are rolled forward.

A rule waits for the stored date on which a day next comes round. Leap months and the 30th of a short
month are thought about once a year, in Python, and never by a query.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lib import dates, lunar

BATCH = 2000


class Calendar(models.TextChoices):
    SOLAR = "solar", pgettext_lazy("calendar", "Solar")
    LUNAR = "lunar", pgettext_lazy("calendar", "Lunar")


class Yearly(models.Model):
    """Month and day in one of the calendars; the year it began where it is known."""

    calendar = models.CharField(
        _("calendar"), max_length=5, choices=Calendar, default=Calendar.SOLAR
    )
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    month = models.PositiveSmallIntegerField(_("month"), null=True, blank=True)
    day = models.PositiveSmallIntegerField(_("day"), null=True, blank=True)
    leap = models.BooleanField(_("leap month"), default=False)
    next_on = models.DateField(null=True, editable=False)

    class Meta:
        abstract = True

    @staticmethod
    def constraints(prefix: str) -> tuple[models.CheckConstraint, ...]:
        return (
            models.CheckConstraint(
                condition=Q(month=None, day=None)
                | Q(month__gte=1, month__lte=12, day__gte=1, day__lte=31),
                name=f"{prefix}_has_a_month_and_a_day_or_neither",
            ),
        )

    @property
    def is_lunar(self) -> bool:
        return self.calendar == Calendar.LUNAR

    @property
    def begun_on(self) -> date | None:
        """The first of them, in the solar calendar."""
        if not (self.year and self.month and self.day):
            return None
        if self.is_lunar:
            return lunar.to_solar(lunar.LunarDate(self.year, self.month, self.day, self.leap))
        return date(self.year, self.month, self.day)

    def comes_on(self, on_or_after: date) -> date | None:
        """When it next comes round."""
        if not (self.month and self.day):
            return None
        if self.is_lunar:
            return lunar.next_lunar_birthday(self.month, self.day, self.leap, on_or_after)
        return next_solar(self.month, self.day, on_or_after)

    def nth_on(self, on: date) -> int | None:
        """How many years it is by then: an age, or which anniversary."""
        began = self.begun_on
        if began is None:
            return None
        if self.is_lunar:
            return lunar.to_lunar(on).year - lunar.to_lunar(began).year
        return on.year - began.year


def next_solar(month: int, day: int, on_or_after: date) -> date:
    this_year = dates.birthday_in(on_or_after.year, month, day)
    if this_year >= on_or_after:
        return this_year
    return dates.birthday_in(on_or_after.year + 1, month, day)


def roll(
    model: type[models.Model],
    field: str,
    read: tuple[str, ...],
    comes: Callable[[Any, date], date | None],
    day: date,
) -> int:
    """Move the days of `model` that have passed to when they next come round, in batches."""
    passed = list(model._default_manager.filter(**{f"{field}__lt": day}).only(field, *read))
    for row in passed:
        setattr(row, field, comes(row, day))
    model._default_manager.bulk_update(passed, [field], batch_size=BATCH)
    return len(passed)
