"""What of an agent's work had to be done by when, by service item, and what became of it; added up in advance."""

from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet
from followups.added_up import AGENT, AddedUp


class DueWorkQuerySet(ScopedQuerySet["DueWork"]):
    agent_field = "agent"

    def standing(self, *by: str, today: date) -> Any:
        """By those columns: done in time, late, missed or left, and what has days left."""
        over = Q(on__lt=today)
        return (
            self.order_by()
            .values_list(*by)
            .annotate(
                in_time=Sum("done"),
                too_late=Sum("late"),
                gone=Sum("missed") + Sum("open", filter=over, default=0),
                left=Sum("open", filter=~over, default=0),
            )
        )

    def by_month(self) -> "DueWorkQuerySet":
        return self.annotate(month=TruncMonth("on"))


class DueWork(AddedUp, models.Model):
    """A part of the sums of an agent and item: as many rows as there were statements, until packed.

    What is open lies at its last day, since it turns to missed when that is over; what is settled at the
    first of the month of its last day.
    """

    agent = models.ForeignKey(
        User, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    item = models.PositiveSmallIntegerField(_("service item"))
    on = models.DateField(_("day"))
    open = models.IntegerField(default=0)
    done = models.IntegerField(default=0)  # in time
    late = models.IntegerField(default=0)
    missed = models.IntegerField(default=0)

    KEYS = ("agent_id", "item", "on")
    SUMS = ("open", "done", "late", "missed")
    COUNTED = f"""
        SELECT agent_id, item, "on",
            count(*) FILTER (WHERE status = 'open') AS open,
            count(*) FILTER (WHERE status = 'done' AND done_on <= keep_until) AS done,
            count(*) FILTER (WHERE status = 'done' AND done_on > keep_until) AS late,
            count(*) FILTER (WHERE status = 'missed') AS missed
        FROM (
            SELECT {AGENT} AS agent_id, item, status, done_on, keep_until, CASE status
                WHEN 'open' THEN keep_until ELSE date_trunc('month', keep_until::timestamp)::date
                END AS "on"
            FROM followups_followup f JOIN clients_client c ON c.id = f.client_id
            WHERE status IN ('open', 'missed', 'done')
        ) AS due
        WHERE agent_id IS NOT NULL AND "on" BETWEEN %(first)s AND %(last)s
        GROUP BY 1, 2, 3
    """  # noqa: S608 - nothing in it comes from outside

    objects = DueWorkQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["agent", "on"], name="due_work_of_an_agent"),)

    def __str__(self) -> str:
        return f"{self.agent_id} {self.on} {self.item}"
