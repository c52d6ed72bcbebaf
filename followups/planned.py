"""What somebody puts down for a client: a service that the plan allows, or a task of their own."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.scope import ScopedQuerySet
from clients.models import Client
from followups.models import ServiceItem
from lib import dates

MOST_DAYS = 366


class PlannedQuerySet(ScopedQuerySet["Planned"]):
    agent_field = "client__agent"

    def standing(self) -> Self:
        return self.filter(dropped_on=None)

    def services(self, _day: date | None = None) -> Self:
        return self.standing().exclude(item=ServiceItem.OWN)

    def tasks(self, _day: date | None = None) -> Self:
        return self.standing().filter(item=ServiceItem.OWN)

    def repeating(self) -> Self:
        return self.standing().exclude(every=Planned.Every.ONCE)


class Planned(models.Model):
    """One service or task for one client, on one day or on days that come around.

    `on` is the day it comes next, and moves on when that day has passed.
    """

    class Every(models.TextChoices):
        ONCE = "once", _("Once")
        WEEK = "week", _("Every week")
        MONTH = "month", _("Every month")
        YEAR = "year", _("Every year")
        DAYS = "days", _("Every few days")

    MONTHS: ClassVar[dict[str, int]] = {Every.MONTH: 1, Every.YEAR: 12}

    client = models.ForeignKey(Client, models.CASCADE, related_name="planned")
    item = models.PositiveSmallIntegerField(
        _("service item"), choices=ServiceItem, default=ServiceItem.OWN
    )
    words = models.CharField(_("what"), max_length=120, blank=True, default="")
    first_on = models.DateField(_("day"))
    every = models.CharField(_("repeat"), max_length=5, choices=Every, default=Every.ONCE)
    days = models.PositiveSmallIntegerField(
        _("days between"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
    )
    until = models.DateField(_("until"), null=True, blank=True)
    on = models.DateField(null=True, editable=False)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False, editable=False)
    made_at = models.DateTimeField(auto_now_add=True)
    dropped_on = models.DateField(null=True, editable=False)

    objects = PlannedQuerySet.as_manager()

    class Meta:
        verbose_name = _("planned by hand")
        verbose_name_plural = _("planned by hand")
        ordering = ("on", "pk")
        constraints = (
            models.CheckConstraint(
                condition=~Q(every="days") | Q(days__gte=1), name="every_few_days_says_how_many"
            ),
            models.CheckConstraint(
                condition=~Q(item=ServiceItem.OWN) | ~Q(words=""), name="an_own_task_has_words"
            ),
        )
        indexes = (models.Index(fields=["on"], name="planned_next"),)

    def __str__(self) -> str:
        return self.words or str(ServiceItem(self.item).label)

    @property
    def is_own(self) -> bool:
        return self.item == ServiceItem.OWN

    @property
    def repeats(self) -> bool:
        return self.every != self.Every.ONCE

    @property
    def rhythm(self) -> str:
        """How often, in words."""
        if self.every != self.Every.DAYS or not self.days:
            return str(self.Every(self.every).label)
        return ngettext("Every day", "Every %(n)s days", self.days) % {"n": self.days}

    def from_day(self, day: date) -> date | None:
        """The first of its days not before `day`; None where it has none any more."""
        coming = self._coming(day)
        return coming if coming and not (self.until and coming > self.until) else None

    def _coming(self, day: date) -> date | None:
        if day <= self.first_on:
            return self.first_on
        if months := self.MONTHS.get(self.every):
            # Counted from the first day, so that the 31st comes back after a short month.
            return dates.next_due_date(self.first_on, months, day)
        step = 7 if self.every == self.Every.WEEK else self.days
        if not self.repeats or not step:
            return None
        return day + timedelta(days=-(day - self.first_on).days % step)

    def days_in(self, first: date, last: date) -> Iterator[date]:
        day = self.from_day(first)
        while day and day <= last:
            yield day
            day = self.from_day(day + timedelta(days=1))

    @classmethod
    def roll(cls, day: date) -> None:
        """Move what comes around and has passed to its next day."""
        passed = list(cls.objects.repeating().filter(on__lt=day))
        for planned in passed:
            planned.on = planned.from_day(day)
        cls.objects.bulk_update(passed, ["on"], batch_size=2000)
