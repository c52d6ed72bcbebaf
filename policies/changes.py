"""What an import changed, row by row, so that it can be undone.

The database notes it: while an import writes, triggers put every row that it makes or changes into
a temporary table, a changed one with what stood in the changed columns before. At the end each
row's fingerprint goes with it into the ledger, by which somebody's later change is recognised.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

# Columns that move by themselves, so that nobody has changed the row.
_MOVES = frozenset(
    "version last_contact_on next_birthday_on client_class class_since attention tier last_login household_id"
    " sixty_on last_review_on enough_until client_since contact_by anniversary_on silent_since".split()
)

_BEGIN = """
CREATE TEMP TABLE IF NOT EXISTS import_change (
    subject text, row_id bigint, before jsonb, PRIMARY KEY (subject, row_id)
) ON COMMIT DROP;
TRUNCATE import_change;
SET LOCAL evergreen.noting = 'on'
"""
_KEEP = """
INSERT INTO policies_importchange (batch_id, subject, row_id, before, seen)
SELECT %(batch)s, c.subject, c.row_id, c.before, {seen}
FROM import_change c JOIN {table} t ON t.id = c.row_id WHERE c.subject = %(subject)s
"""


_COUNT = """
SELECT subject, count(*) FILTER (WHERE before IS NULL), count(before) FROM import_change GROUP BY 1
"""


class Subject(models.TextChoices):
    """What an import may make or change."""

    CLIENT = "client", _("Client")
    POLICY = "policy", _("Policy")
    INSTALMENT = "instalment", _("Premium")
    RECORD = "record", _("Record")
    BANK_ROW = "bank_row", _("Bank line")
    PRODUCT = "product", _("Product")
    AGENT = "agent", _("Agent")
    BRANCH = "branch", _("Branch")


TABLES: Mapping[str, str] = {
    Subject.CLIENT: "clients_client",
    Subject.POLICY: "policies_policy",
    Subject.INSTALMENT: "policies_instalment",
    Subject.RECORD: "policies_record",
    Subject.BANK_ROW: "policies_bankrow",
    Subject.PRODUCT: "policies_product",
    Subject.AGENT: "accounts_user",
    Subject.BRANCH: "policies_branch",
}


class ImportChange(models.Model):
    """A row that an import made (`before` is nothing) or changed, as it was in the changed columns."""

    pk = models.CompositePrimaryKey("batch_id", "subject", "row_id")
    batch = models.ForeignKey(
        "policies.ImportBatch", models.CASCADE, related_name="changes",
        db_index=False, db_constraint=False,  # a check for each row that an import makes
    )  # fmt: skip
    subject = models.CharField(max_length=10, choices=Subject)
    row_id = models.BigIntegerField()
    before = models.JSONField(null=True)
    seen = models.BigIntegerField()  # fingerprint of the row as the import left it

    def __str__(self) -> str:
        return f"{self.subject} {self.row_id}"


@contextmanager
def noted() -> Iterator[None]:
    """Note what is made and changed inside; the caller's transaction must be open."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN)
        yield
        cursor.execute("SET LOCAL evergreen.noting = 'off'")


def keep(batch: int) -> dict[str, list[int]]:
    """Put what was noted into the ledger; return by subject how many were made and changed."""
    with connection.cursor() as cursor:
        for subject, table in TABLES.items():
            statement = _KEEP.format(table=table, seen=fingerprint(table))
            cursor.execute(statement, {"batch": batch, "subject": str(subject)})
        telling = json.dumps({table: _telling(table) for table in TABLES.values()})
        cursor.execute("UPDATE policies_importbatch SET noted = %s WHERE id = %s", [telling, batch])
        cursor.execute(_COUNT)
        return {subject: [made, changed] for subject, made, changed in cursor.fetchall()}


def fingerprint(table: str, columns: Sequence[str] | None = None) -> str:
    """A number in SQL that tells whether the row `t` has been changed."""
    told = ", ".join(f't."{name}"' for name in columns or _telling(table))
    return f"hashtextextended(ROW({told})::text, 0)"


def _telling(table: str) -> list[str]:
    return [name for name in columns_of(table) if name not in _MOVES]


@cache
def columns_of(table: str) -> tuple[str, ...]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    return tuple(column.name for column in described)
