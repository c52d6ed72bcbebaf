"""What an agent's days came to, added up in advance by the statements that record a contact.

A trigger of the database counts each agent and day anew whenever a contact of theirs is written, changed
or taken back, whoever does so and by whichever way; `wrong` proves that it has.
"""

from datetime import date
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet


class AgentDayQuerySet(ScopedQuerySet["AgentDay"]):
    agent_field = "agent"


class AgentDay(models.Model):
    """The contacts an agent recorded on a day. A household visited together is one visit."""

    agent = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    on = models.DateField(_("day"))
    visits = models.PositiveIntegerField(_("visits"), default=0)
    calls = models.PositiveIntegerField(_("calls"), default=0)
    written = models.PositiveIntegerField(_("written up"), default=0)  # with a word of its own

    objects = AgentDayQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["agent", "on"], name="one_row_of_an_agent_a_day"),
        )
        indexes = (models.Index(fields=["on"], name="agent_days_of_a_day"),)

    def __str__(self) -> str:
        return f"{self.agent_id} {self.on}"

    @classmethod
    def wrong(cls, first: date, last: date) -> list[tuple[Any, ...]]:
        """Agent, day, what stands and what ought to, where they differ: nowhere, or there is a fault."""
        with connection.cursor() as cursor:
            cursor.execute(DIFFERENCES, {"first": first, "last": last})
            return list(cursor.fetchall())


# What counts: somebody was reached, nothing was taken back, and a household is one entry.
COUNTED = """
    SELECT by_id AS agent_id, "on",
        count(DISTINCT client_id) FILTER (WHERE channel = 'visit') AS visits,
        count(*) FILTER (WHERE channel = 'call') AS calls,
        count(*) FILTER (WHERE channel IN ('visit', 'call') AND btrim(note) <> '') AS written
    FROM clients_contact
    WHERE undone_at IS NULL AND entry_id IS NULL
        AND outcome NOT IN ('no_answer', 'not_home', 'wrong_number')
"""
DIFFERENCES = f"""
    SELECT agent_id, "on", d.visits, c.visits, d.calls, c.calls, d.written, c.written
    FROM (SELECT * FROM followups_agentday WHERE "on" BETWEEN %(first)s AND %(last)s) d
    FULL JOIN ({COUNTED} AND "on" BETWEEN %(first)s AND %(last)s GROUP BY by_id, "on") c
        USING (agent_id, "on")
    WHERE (coalesce(d.visits, 0), coalesce(d.calls, 0), coalesce(d.written, 0))
        <> (coalesce(c.visits, 0), coalesce(c.calls, 0), coalesce(c.written, 0))
"""  # noqa: S608 - nothing in it comes from outside
