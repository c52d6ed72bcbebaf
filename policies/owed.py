"""Premiums that are owed, each beside its agent and what its policy says: for the sums over many agents.

Triggers keep a row as long as a premium is owed, whoever changes premium, policy or agent, and by whichever
way; so the sums of a province join nothing. It says nothing of any day. `wrong` proves it.
"""

from datetime import date
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q

from accounts.models import User
from accounts.scope import ScopedQuerySet


class OwedPremiumQuerySet(ScopedQuerySet["OwedPremium"]):
    agent_field = "agent"


class OwedPremium(models.Model):
    """An instalment that is neither paid nor closed. No foreign key: nobody waits for anybody."""

    instalment_id = models.BigIntegerField(primary_key=True)
    agent = models.ForeignKey(
        User, models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    due_on = models.DateField()
    grace_ends_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    status = models.CharField(max_length=12)
    lapses_on = models.DateField(null=True)
    reinstate_by = models.DateField(null=True)

    objects = OwedPremiumQuerySet.as_manager()

    class Meta:
        indexes = (
            # The sums read nothing else.
            models.Index(
                fields=["agent", "due_on"],
                name="owed_of_an_agent",
                include=["grace_ends_on", "lapses_on", "reinstate_by", "status", "amount"],
            ),
        )

    def __str__(self) -> str:
        return f"{self.instalment_id}"

    @staticmethod
    def in_grace(day: date) -> Q:
        """As `Instalment.objects.in_grace` asks it of the instalments themselves."""
        covered = Q(lapses_on=None) | Q(lapses_on__gt=day)
        return covered & Q(status="in_force", due_on__lt=day)

    @classmethod
    def wrong(cls) -> list[tuple[Any, ...]]:
        """The instalments whose row is missing, too much or another: none, or there is a fault."""
        with connection.cursor() as cursor:
            cursor.execute(DIFFERENCES)
            return list(cursor.fetchall())

    @classmethod
    @transaction.atomic
    def mend(cls) -> int:
        """Put right what differs, while others go on working; return how many rows."""
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.owed_differing")
            cursor.execute(f"CREATE TEMPORARY TABLE owed_differing ON COMMIT DROP AS {DIFFERENCES}")
            cursor.execute(TAKE_AWAY)
            cursor.execute(f"{INTO} {WANTED} AND i.id IN ({DIFFERING}) ON CONFLICT DO NOTHING")
            cursor.execute("SELECT count(*) FROM owed_differing")
            return int(cursor.fetchone()[0])


COLUMNS = "agent_id, due_on, grace_ends_on, amount, status, lapses_on, reinstate_by"
INTO = f"INSERT INTO policies_owedpremium (instalment_id, {COLUMNS})"
WANTED = """
    SELECT i.id AS instalment_id, c.agent_id, i.due_on, i.grace_ends_on, i.amount, p.status, p.lapses_on,
        p.reinstate_by
    FROM policies_instalment i JOIN policies_policy p ON p.id = i.policy_id
        JOIN clients_client c ON c.id = p.holder_id
    WHERE i.paid_on IS NULL AND i.closed_on IS NULL
"""
DIFFERENCES = f"""
    SELECT instalment_id FROM ({WANTED}) w
    FULL JOIN policies_owedpremium o USING (instalment_id)
    WHERE ({", ".join(f"w.{name}" for name in COLUMNS.split(", "))})
        IS DISTINCT FROM ({", ".join(f"o.{name}" for name in COLUMNS.split(", "))})
    ORDER BY instalment_id
"""  # noqa: S608 - nothing in it comes from outside
DIFFERING = "SELECT instalment_id FROM owed_differing"
TAKE_AWAY = """
    DELETE FROM policies_owedpremium WHERE instalment_id IN (SELECT instalment_id FROM owed_differing)
"""
