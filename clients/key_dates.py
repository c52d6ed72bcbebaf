"""Dates of a client worth a word each year: the wedding, the day of their profession, days of their own."""

from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.scope import ScopedQuerySet
from clients.card import InfoCard
from clients.family import FamilyMember
from clients.models import Client, next_birthday
from clients.yearly import Yearly, roll
from lib import dates


class KeyDateQuerySet(ScopedQuerySet["KeyDate"]):
    agent_field = "client__agent"


class KeyDate(Yearly):
    class Kind(models.TextChoices):
        WEDDING = "wedding", _("Wedding anniversary")
        CAREER = "career", _("Day of their profession")
        OWN = "own", _("Another date")

    client = models.ForeignKey(Client, models.CASCADE, related_name="key_dates", db_index=False)
    kind = models.CharField(_("occasion"), max_length=7, choices=Kind)
    label = models.CharField(_("what it is"), max_length=40, blank=True, default="")

    objects = KeyDateQuerySet.as_manager()

    class Meta:
        verbose_name = _("date to remember")
        verbose_name_plural = _("dates to remember")
        constraints = (
            models.UniqueConstraint(
                fields=["client", "kind"],
                name="one_wedding_and_one_profession",
                condition=~Q(kind="own"),
            ),
            models.CheckConstraint(
                condition=Q(month__isnull=False, day__isnull=False),
                name="a_date_to_remember_is_a_date",
            ),
            *Yearly.constraints("key_date"),
        )
        indexes = (
            models.Index(fields=["client", "next_on"], name="key_dates_of_a_client"),
            models.Index(fields=["next_on", "kind"], name="key_date_comes"),
        )

    def __str__(self) -> str:
        return str(self.title)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.next_on = self.comes_on(dates.today())
        super().save(*args, **kwargs)

    @property
    def title(self) -> "str | Promise":
        return self.label or KeyDate.Kind(self.kind).label


def roll_days(day: date) -> int:
    """Move every date that has passed before `day` to when it next comes round; return how many."""
    return (
        roll(
            Client,
            "next_birthday_on",
            ("birth_on", "birthday_calendar"),
            lambda client, on: next_birthday(client.birth_on, client.birthday_calendar, on),
            day,
        )
        + roll(FamilyMember, "next_on", YEARLY, Yearly.comes_on, day)
        + roll(KeyDate, "next_on", YEARLY, Yearly.comes_on, day)
    )


YEARLY = ("calendar", "month", "day", "leap")


def keep_career_day(client: Client, profession: str) -> None:
    """Remember the day of the profession, unless a day was set by hand before."""
    on = InfoCard.DAY_OF.get(profession)
    there = KeyDate.objects.filter(client=client, kind=KeyDate.Kind.CAREER).exists()
    if on and not there:
        month, day = on
        KeyDate.objects.create(client=client, kind=KeyDate.Kind.CAREER, month=month, day=day)
