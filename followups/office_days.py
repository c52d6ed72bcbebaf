"""When the office works and how much an agent gets done: the decree, and what the office says of it."""

from datetime import date, timedelta
from itertools import islice

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib import workdays
from lib.dates import days_from

SATURDAY, SUNDAY = 5, 6
LONGEST_REST = timedelta(days=20)  # no holidays are longer


class Holiday(models.Model):
    """A day of which the office says otherwise than the decree: off, or worked."""

    on = models.DateField(_("date"), unique=True)
    is_workday = models.BooleanField(_("worked"), default=False)
    name = models.CharField(_("name"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("holiday or extra workday")
        verbose_name_plural = _("holidays and extra workdays")
        ordering = ("-on",)

    def __str__(self) -> str:
        return f"{self.on} {self.name}".strip()


class WorkingDay(models.Model):
    """What a day of an agent holds; one row, edited by the administrator."""

    capacity = models.PositiveSmallIntegerField(
        _("matters an agent settles a day"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(500)],
    )
    saturdays = models.BooleanField(_("works on Saturdays"), default=False)
    sundays = models.BooleanField(_("works on Sundays"), default=False)
    # What the log of a day asks for besides what was done.
    notes_attendance = models.BooleanField(_("logs note attendance"), default=False)
    notes_meeting = models.BooleanField(_("logs note the morning meeting"), default=False)
    notes_training = models.BooleanField(_("logs note training"), default=False)

    class Meta:
        verbose_name = _("working day")
        verbose_name_plural = _("working day")

    def __str__(self) -> str:
        return str(_("working day"))

    @classmethod
    def current(cls) -> "WorkingDay":
        return cls.objects.order_by("pk").first() or cls()


class Days:
    """Which days of a stretch are off, and what they are called: two queries, however long it is."""

    def __init__(self, first: date, last: date) -> None:
        self.usual = WorkingDay.current()
        self.own = {row.on: row for row in Holiday.objects.filter(on__range=(first, last))}

    def said(self, day: date) -> workdays.Official | None:
        """What the office or the decree says of the day; nothing of ordinary days."""
        if own := self.own.get(day):
            return workdays.Official(own.is_workday, own.name)
        return workdays.official(day)

    def is_off(self, day: date) -> bool:
        if said := self.said(day):
            return not said.works
        free = {SATURDAY: not self.usual.saturdays, SUNDAY: not self.usual.sundays}
        return free.get(day.weekday(), False)


def last_workday(before: date) -> date:
    """The last day before this on which the office worked."""
    return workdays_before(before, 1)[0]


def workdays_before(day: date, n: int) -> list[date]:
    """The `n` working days before `day`, the latest first."""
    first = day - n * LONGEST_REST
    known = Days(first, day)
    worked = (one for one in reversed(days_from(first, day)[:-1]) if not known.is_off(one))
    return list(islice(worked, n))
