"""How often a client is to hear from us, how often at most, and at what time of the day."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from lib.remembered import remembered


def _number(label: Any, default: int, most: int) -> "models.PositiveSmallIntegerField[int, int]":
    limits = [MinValueValidator(1), MaxValueValidator(most)]
    return models.PositiveSmallIntegerField(label, default=default, validators=limits)


class Rhythm(models.Model):
    """The office's word; one row, edited by the administrator."""

    develop_days = _number(_("longest silence of clients to develop, days"), 30, 365)
    nurture_days = _number(_("longest silence of clients to nurture, days"), 60, 365)
    maintain_days = _number(_("longest silence of clients to maintain, days"), 180, 365)
    per_week = _number(_("contacts with a client in a week, at most"), 2, 20)
    per_month = _number(_("contacts with a client in thirty days, at most"), 5, 60)
    quiet_until = models.TimeField(_("in the morning nobody is called before"), default=time(8, 0))
    quiet_from = models.TimeField(_("in the evening nobody is called after"), default=time(20, 30))

    class Meta:
        verbose_name = _("rhythm of contacts")
        verbose_name_plural = _("rhythm of contacts")

    def __str__(self) -> str:
        return str(_("rhythm of contacts"))

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """The limits hold at once: whoever was spoken to lately is counted anew."""
        super().save(*args, **kwargs)
        with connection.cursor() as cursor:
            cursor.execute(COUNT_EVERYBODY)

    @classmethod
    def current(cls) -> "Rhythm":
        return cls.objects.order_by("pk").first() or cls()

    def clean(self) -> None:
        """Refuse what makes no sense, in words."""
        wrong: dict[str, Any] = {}
        if self.per_week and self.per_month and self.per_month < self.per_week:
            wrong["per_month"] = _("Thirty days cannot hold fewer contacts than a week.")
        if self.quiet_until and self.quiet_from and self.quiet_until >= self.quiet_from:
            wrong["quiet_from"] = _("The evening must begin after the morning ends.")
        if wrong:
            raise ValidationError(wrong)

    @property
    def days(self) -> Mapping[str, int]:
        """The longest silence by class; a client without a class counts as *maintain*."""
        return {
            Client.Class.DEVELOP: self.develop_days,
            Client.Class.NURTURE: self.nurture_days,
            Client.Class.MAINTAIN: self.maintain_days,
        }

    def next_word(self, client: Client, on_or_after: date) -> date:
        """When the client should next hear from us at the latest, if until then nobody speaks to them.

        Whoever was not reached in time is due again after as long a silence.
        """
        since: date = client.silent_since or timezone.localdate(client.created_at)
        days = self.days[client.shown_class]
        rounds = -((since - on_or_after).days // days)
        return since + timedelta(days=days * max(rounds, 1))

    def is_quiet(self, moment: datetime) -> bool:
        """Whether at that (local) time of the day a client is left in peace."""
        return not self.quiet_until <= moment.time() <= self.quiet_from


the_rhythm = remembered(Rhythm.current)  # for pages that only show it


# Who has never been spoken to has nothing to count.
COUNT_EVERYBODY = """
SELECT clients_count_contacts(array_agg(id)) FROM clients_client WHERE enough_until IS NOT NULL
"""
