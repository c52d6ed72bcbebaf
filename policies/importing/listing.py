"""Lists about known policies: staged as they are declared, and the steps that several of them share."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection

from lib.crypto import blind_index, encrypt
from policies.importing.layout import SEALED, Layout
from policies.importing.rows import ParsedRow
from policies.importing.staging import BATCH
from policies.importing.writing import (
    PAYABLE_SQL,
    REGULAR_SQL,
    follow_dates,
    grace_end,
    half_a_period,
)

if TYPE_CHECKING:
    from policies.importing.apply import Finding, Order, Report

_LEFT_BEHIND = "import_due, import_list"


class Stage:
    """The rows of a list as a temporary table whose columns are those of its declaration."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.rows = 0

    def fill(self, rows: Iterable[ParsedRow]) -> Iterator[int]:
        """Copy the rows in; yield after each batch how many there are."""
        self._create()
        source = iter(rows)
        while batch := list(islice(source, BATCH)):
            self._copy(batch)
            self.rows += len(batch)
            yield self.rows
        run(f"ANALYZE {self.layout.table}")

    def _create(self) -> None:
        self.drop()
        columns = ", ".join(
            f"{column.field} {column.sql}{' NOT NULL' if column.sql == 'text' else ''}"
            for column in self.layout.staged
        )
        columns += ", sealed bytea, sealed_index bytea" if self.layout.sealed else ""
        run(f"CREATE TEMP TABLE {self.layout.table} (n integer NOT NULL, row integer, {columns})")

    def _copy(self, batch: list[ParsedRow]) -> None:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        for n, row in enumerate(batch, self.rows + 1):
            writer.writerow([n, row.row_no, *self._said(row)])
        buffer.seek(0)
        names = ", ".join(column.field for column in self.layout.staged)
        names += ", sealed, sealed_index" if self.layout.sealed else ""
        texts = ", ".join(column.field for column in self.layout.staged if column.sql == "text")
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(
                f"COPY {self.layout.table} (n, row, {names}) FROM STDIN"
                f" WITH (FORMAT csv, FORCE_NOT_NULL ({texts}))",
                buffer,
            )

    def _said(self, row: ParsedRow) -> Iterator[object]:
        for column in self.layout.staged:
            value = row.values[self.layout.at[column.field]]
            yield _sealed(value, column.seals) if column.seals else value
        if self.layout.sealed:
            yield from self._sealed_together(row)

    def _sealed_together(self, row: ParsedRow) -> tuple[str | None, str | None]:
        """What a record keeps under lock and key, and by what it can be compared unopened."""
        said = {field: row.values[self.layout.at[field]] for field in self.layout.sealed}
        said = {field: value for field, value in said.items() if value}
        if not said:
            return None, None
        words = json.dumps(said, ensure_ascii=False, sort_keys=True)
        return _sealed(words, SEALED), "\\x" + blind_index(words, SEALED).hex()

    def drop(self) -> None:
        run(f"DROP TABLE IF EXISTS {_LEFT_BEHIND}, {self.layout.table}")


def _sealed(text: str, context: str) -> str | None:
    return "\\x" + encrypt(text, context).hex() if text else None


def run(statement: str, params: dict[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def ask(statement: str, params: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())


# --- whose policy

_KNOWN = """
ALTER TABLE import_list ADD policy_id bigint;
UPDATE import_list l SET policy_id = y.id FROM policies_policy y
WHERE y.insurer_id = %(insurer)s AND y.policy_no = l.policy_no;
CREATE INDEX ON import_list (policy_id); ANALYZE import_list
"""
_UNKNOWN = """
DELETE FROM import_list WHERE policy_id IS NULL RETURNING row, policy_no, policy_no, holder_name
"""
_NOT_PAYING = f"""
DELETE FROM import_list l USING policies_policy y
WHERE y.id = l.policy_id
  AND NOT (y.status IN ({PAYABLE_SQL}) AND y.premium_mode IN ({REGULAR_SQL}))
RETURNING l.row, l.policy_no, l.policy_no, l.holder_name
"""
_OTHER_HOLDER = """
SELECT l.row, l.holder_name, l.policy_no, l.holder_name FROM import_list l
JOIN policies_policy y ON y.id = l.policy_id JOIN clients_client c ON c.id = y.holder_id
WHERE l.holder_name NOT IN ('', c.name) ORDER BY l.n
"""


def find_policies(order: "Order", report: "Report") -> None:
    """Tie the rows to their policies; those of unknown policies are refused."""
    run(_KNOWN, {"insurer": order.insurer.pk})
    report.rejected += findings(order, "policy_no", "policy_unknown", ask(_UNKNOWN))


def refuse_not_paying(order: "Order", report: "Report") -> None:
    report.rejected += findings(order, "policy_no", "policy_not_paying", ask(_NOT_PAYING))


def findings(
    order: "Order", field: str, code: str, rows: Iterable[tuple[Any, ...]]
) -> list["Finding"]:
    """Rows of (row, value, policy number, holder) as what is wrong with them."""
    return [
        order.finding(row, field, str(value), code, policy_no, holder)
        for row, value, policy_no, holder in sorted(rows, key=lambda found: found[0])
    ]


# --- what is due

_REPEATED = """
DELETE FROM import_list earlier USING (
    SELECT n, lead(n) OVER (PARTITION BY policy_id, due_on, {same} ORDER BY n) AS again
    FROM import_list
) AS line
WHERE earlier.n = line.n AND line.again IS NOT NULL
RETURNING earlier.row, earlier.policy_no, earlier.policy_no, earlier.holder_name
"""


def drop_repeated(order: "Order", report: "Report", *same: str) -> None:
    """Of lines about the same premium that agree in the columns `same`, the last one counts."""
    rows = ask(_REPEATED.format(same=", ".join(same)))
    report.warnings += findings(order, "policy_no", "line_repeated", rows)


def stage_dues(statement: str) -> None:
    """Make the table `import_due`: one row for each premium that the list names."""
    run(statement)
    run("CREATE INDEX ON import_due (policy_id, due_on); ANALYZE import_due")
    run(_SETTLED_BEFORE)


# A premium that was settled when it was known under another day, a little earlier or later, is this
# one, unless one that is owed is nearer.
_SETTLED_BEFORE = f"""
UPDATE import_due i SET due_on = near.due_on
FROM (
    SELECT DISTINCT ON (l.policy_id, l.due_on) l.policy_id, l.due_on AS said_on, t.due_on
    FROM import_due l JOIN policies_policy y ON y.id = l.policy_id
    JOIN policies_instalment t ON t.policy_id = l.policy_id
        AND (t.paid_on IS NOT NULL OR t.closed_on IS NOT NULL)
        AND abs(t.due_on - l.due_on) < {half_a_period("y")}
    WHERE NOT EXISTS (SELECT 1 FROM policies_instalment o
            WHERE o.policy_id = l.policy_id AND (o.due_on = l.due_on
                OR (o.paid_on IS NULL AND o.closed_on IS NULL
                    AND abs(o.due_on - l.due_on) <= abs(t.due_on - l.due_on))))
      AND NOT EXISTS (SELECT 1 FROM import_due listed
            WHERE listed.policy_id = l.policy_id AND listed.due_on = t.due_on)
    ORDER BY l.policy_id, l.due_on, abs(t.due_on - l.due_on)
) AS near
WHERE i.policy_id = near.policy_id AND i.due_on = near.said_on
"""

# A premium that is owed on another day, less than half a period earlier, or later, is this one.
MOVE = f"""
WITH first AS (
    SELECT policy_id, min(due_on) AS due_on FROM import_due WHERE owed GROUP BY policy_id
), later AS (
    SELECT DISTINCT ON (t.policy_id) t.id, t.policy_id, first.due_on
    FROM first
    JOIN policies_policy y ON y.id = first.policy_id
    JOIN policies_instalment t ON t.policy_id = first.policy_id
        AND t.paid_on IS NULL AND t.closed_on IS NULL
        AND t.due_on > first.due_on - {half_a_period("y")}
    WHERE NOT EXISTS (SELECT 1 FROM policies_instalment o
            WHERE o.policy_id = first.policy_id AND o.due_on = first.due_on)
      AND NOT EXISTS (SELECT 1 FROM import_due listed
            WHERE listed.policy_id = t.policy_id AND listed.due_on = t.due_on)
    ORDER BY t.policy_id, abs(t.due_on - first.due_on)
)
UPDATE policies_instalment t SET due_on = later.due_on, grace_ends_on = {grace_end("later.due_on")}
FROM later JOIN policies_policy y ON y.id = later.policy_id
LEFT JOIN policies_product d ON d.id = y.product_id
WHERE t.id = later.id RETURNING t.policy_id
"""
MAKE = f"""
INSERT INTO policies_instalment (policy_id, due_on, grace_ends_on, amount)
SELECT i.policy_id, i.due_on, {grace_end("i.due_on")}, COALESCE(i.amount, t.amount, y.premium)
FROM import_due i JOIN policies_policy y ON y.id = i.policy_id
LEFT JOIN policies_instalment t ON t.policy_id = i.policy_id AND t.due_on = i.due_on
LEFT JOIN policies_product d ON d.id = y.product_id
WHERE i.owed AND y.status IN ({PAYABLE_SQL}) AND y.premium_mode IN ({REGULAR_SQL})
ON CONFLICT (policy_id, due_on) DO UPDATE SET amount = excluded.amount
WHERE policies_instalment.paid_on IS NULL AND policies_instalment.closed_on IS NULL
  AND policies_instalment.amount <> excluded.amount
RETURNING policy_id
"""
_NEXT_DUE = """
UPDATE policies_policy y SET next_due_on = owed.due_on
FROM (
    SELECT i.policy_id, min(t.due_on) AS due_on
    FROM (SELECT DISTINCT policy_id FROM import_due) i
    LEFT JOIN policies_instalment t
        ON t.policy_id = i.policy_id AND t.paid_on IS NULL AND t.closed_on IS NULL
    GROUP BY i.policy_id
) AS owed
WHERE y.id = owed.policy_id AND y.next_due_on IS DISTINCT FROM owed.due_on
RETURNING y.id
"""


def changed(statement: str, params: dict[str, Any] | None = None) -> set[int]:
    """Run a statement that returns policies; which they were."""
    return {policy for (policy,) in ask(statement, params)}


def follow() -> set[int]:
    """Next due dates, lapse and reinstatement of the listed policies, from what they owe now."""
    moved = changed(_NEXT_DUE)
    run(follow_dates("SELECT policy_id FROM import_due"))
    return moved


# --- whom to reach

_TEXTS = ("mobile", "phone", "address", "postcode")


def _said(alias: str, name: str) -> str:
    return f"(array_agg({alias}.{name} ORDER BY {alias}.n DESC) FILTER (WHERE {alias}.{name} <> ''))[1]"


_FILL_CLIENTS = f"""
UPDATE clients_client c SET version = c.version + 1,
    {", ".join(f"{n} = COALESCE(NULLIF(c.{n}, ''), i.{n}, '')" for n in _TEXTS)}
FROM (
    SELECT y.holder_id, {", ".join(f"{_said('l', n)} AS {n}" for n in _TEXTS)}
    FROM import_list l JOIN policies_policy y ON y.id = l.policy_id
    JOIN clients_client h ON h.id = y.holder_id
    WHERE l.holder_name IN ('', h.name) GROUP BY y.holder_id
) AS i
WHERE c.id = i.holder_id AND ({" OR ".join(f"(c.{n} = '' AND i.{n} <> '')" for n in _TEXTS)})
"""


def fill_contacts(order: "Order", report: "Report") -> None:
    """Phones and addresses where none are known; never over what is known."""
    report.warnings += findings(order, "holder_name", "holder_differs", ask(_OTHER_HOLDER))
    report.updated_clients = run(_FILL_CLIENTS)


def count(report: "Report", touched: set[int]) -> None:
    """How many of the listed policies were changed, and how many were known like that."""
    ((listed,),) = ask("SELECT count(DISTINCT policy_id) FROM import_list")
    report.updated_policies = len(touched)
    report.unchanged = listed - len(touched)
