"""Undo of an import: what it changed is as before, what it made is gone, what people did since stays.

Statements over all rows at once, in one transaction. A policy, its premiums, records and bank lines
are one thing: if somebody has changed any of it since, all of it stays as it is, and is named.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from lib import dates
from policies.batches import ImportBatch
from policies.changes import TABLES, Subject, fingerprint
from policies.importing import listing
from policies.lifecycle import PolicyEvent, because

NAMED = 200  # of what stays, on the page; the counts are of all


class Why(models.TextChoices):
    """Why something stays as the import left it."""

    EDITED = "edited", _("Changed since")
    WORKED = "worked", _("Somebody has worked with it")
    HELD = "held", _("Another policy is theirs")


class Kept(NamedTuple):
    """A client or policy that stays, for the page."""

    subject: str
    pk: int
    name: str
    why: str


@dataclass
class Undone:
    removed: dict[str, int] = field(default_factory=dict)
    restored: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    named: list[Kept] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"named": [list(kept) for kept in self.named]}


OF_A_POLICY = {Subject.INSTALMENT, Subject.RECORD, Subject.BANK_ROW}
_OWNERS = {Subject.CLIENT: "NULL::bigint, t.id", Subject.POLICY: "t.id, t.holder_id"}

_ROWS = """
INSERT INTO undo_row (subject, row_id, before, edited, policy_id, client_id)
SELECT c.subject, c.row_id, c.before, t.id IS NULL OR {seen} <> c.seen, {owners}
FROM policies_importchange c LEFT JOIN {table} t ON t.id = c.row_id
WHERE c.batch_id = %(batch)s AND c.subject = %(subject)s
"""
_BEGIN = """
DROP TABLE IF EXISTS undo_row, undo_kept;
CREATE TEMP TABLE undo_row (
    subject text, row_id bigint, before jsonb, edited boolean, policy_id bigint, client_id bigint
) ON COMMIT DROP;
CREATE TEMP TABLE undo_kept (
    subject text, id bigint, why text, PRIMARY KEY (subject, id)
) ON COMMIT DROP
"""
_INDEX = """
CREATE INDEX ON undo_row (subject, row_id); CREATE INDEX ON undo_row (policy_id); ANALYZE undo_row
"""
_KEEP_EDITED = """
INSERT INTO undo_kept SELECT DISTINCT 'policy', policy_id, 'edited' FROM undo_row
WHERE edited AND policy_id IS NOT NULL AND subject <> 'client' ON CONFLICT DO NOTHING;
INSERT INTO undo_kept SELECT subject, row_id, 'edited' FROM undo_row
WHERE edited AND (subject = 'client' OR policy_id IS NULL) ON CONFLICT DO NOTHING
"""
# Whoever was followed up keeps what came with them.
_KEEP_THEIRS = """
INSERT INTO undo_kept SELECT 'policy', p.row_id, k.why FROM undo_row p
JOIN undo_kept k ON k.subject = 'client' AND k.id = p.client_id
JOIN undo_row c ON c.subject = 'client' AND c.row_id = p.client_id AND c.before IS NULL
WHERE p.subject = 'policy' AND p.before IS NULL ON CONFLICT DO NOTHING
"""
# What came since with another list, or was typed in, has nowhere else to stand.
_KEEP_ADDED_TO = """
INSERT INTO undo_kept SELECT DISTINCT 'policy', u.policy_id, 'edited' FROM undo_row u
JOIN {table} t ON t.policy_id = u.row_id
WHERE u.subject = 'policy' AND u.before IS NULL AND NOT EXISTS (
    SELECT FROM undo_row o WHERE o.subject = '{subject}' AND o.row_id = t.id)
ON CONFLICT DO NOTHING
"""
_STAYS = """EXISTS (SELECT FROM undo_kept k WHERE
    k.subject = 'policy' AND k.id = u.policy_id AND u.subject <> 'client'
    OR k.subject = u.subject AND k.id = u.row_id)"""
_KEEP_WORKED = """
INSERT INTO undo_kept SELECT DISTINCT '{kept}', u.{keeps}, 'worked' FROM undo_row u
JOIN ({people}) AS said (id) ON said.id = u.row_id
WHERE u.subject = '{subject}' AND u.before IS NULL AND u.{keeps} IS NOT NULL
ON CONFLICT DO NOTHING
"""
_KEEP_NAMED = """
INSERT INTO undo_kept SELECT u.subject, u.row_id, 'held' FROM undo_row u
WHERE u.subject = '{subject}' AND u.before IS NULL
  AND EXISTS (SELECT FROM {table} t WHERE t."{key}" = u.row_id)
ON CONFLICT DO NOTHING
"""
_FIND_GONE = f"""
DROP TABLE IF EXISTS undo_gone;
CREATE TEMP TABLE undo_gone ON COMMIT DROP AS SELECT u.row_id FROM undo_row u
WHERE u.subject = %(subject)s AND u.before IS NULL AND NOT {_STAYS};
CREATE UNIQUE INDEX ON undo_gone (row_id); ANALYZE undo_gone
"""
_DELETE = "DELETE FROM {table} t USING undo_gone g WHERE g.row_id = t.id"
_CHANGED_COLUMNS = """
SELECT DISTINCT jsonb_object_keys(before) FROM undo_row
WHERE subject = %(subject)s AND before IS NOT NULL
"""
_SET = """"{name}" = CASE WHEN u.before ? '{name}' THEN was."{name}" ELSE t."{name}" END"""
_RESTORE = (
    """
UPDATE {table} t SET {sets} FROM undo_row u,
    LATERAL jsonb_populate_record(NULL::{table}, u.before) AS was
WHERE u.subject = %(subject)s AND u.before IS NOT NULL AND t.id = u.row_id AND NOT """
    + _STAYS
)
_KEEP_HOLDERS = """
INSERT INTO undo_kept SELECT DISTINCT 'client', u.row_id, 'held' FROM undo_row u
JOIN policies_policy y ON y.holder_id = u.row_id
WHERE u.subject = 'client' AND u.before IS NULL ON CONFLICT DO NOTHING
"""
_NAMES = """
SELECT k.subject, k.id, COALESCE(y.policy_no, c.name), k.why FROM undo_kept k
LEFT JOIN policies_policy y ON k.subject = 'policy' AND y.id = k.id
LEFT JOIN clients_client c ON k.subject = 'client' AND c.id = k.id
WHERE k.subject IN ('policy', 'client') AND COALESCE(y.policy_no, c.name) IS NOT NULL
ORDER BY k.subject DESC, k.why, k.id LIMIT %(most)s
"""
# Those of the import itself, and those which putting the old addresses back has looked like.
_FORGET_MOVES = """
DELETE FROM clients_moved m WHERE m.batch = %(batch)s AND NOT EXISTS (
    SELECT FROM undo_kept k WHERE k.subject = 'client' AND k.id = m.client_id)
"""
_FORGET_EVENTS = """
DELETE FROM policies_policyevent e WHERE e.batch_id = %(batch)s AND NOT EXISTS (
    SELECT FROM undo_kept k WHERE k.subject = 'policy' AND k.id = e.policy_id)
"""


# Whoever deletes a row is asked by the database for everybody who names it; without an index that is
# one look through a whole table for each row.
_UNINDEXED = """
SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
JOIN pg_class t ON t.oid = c.conrelid
WHERE c.contype = 'f' AND c.confrelid = ANY(%(tables)s::regclass[]) AND t.reltuples > 1000
  AND NOT EXISTS (SELECT FROM pg_index i
        WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL)
"""
_HOMES_LEFT = """
DELETE FROM clients_household h WHERE h.main_client_id IS NULL
  AND NOT EXISTS (SELECT FROM clients_client c WHERE c.household_id = h.id)
"""
MANY = 1_000


def undo(batch: ImportBatch, by: User | None) -> Undone:
    """Undo it in the caller's transaction, which holds the place in the queue of imports."""
    listing.run("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
    done = Undone()
    with because(PolicyEvent.Source.FILE, on=dates.today(), by=by, batch=batch.pk):
        _find_rows(batch)
        _find_what_stays()
        keys = _index_keys()
        _remove((Subject.BANK_ROW, Subject.RECORD, Subject.INSTALMENT, Subject.POLICY), done)
        for subject in TABLES:
            _restore(Subject(subject), done)
        listing.run(_KEEP_HOLDERS)
        _remove((Subject.CLIENT, Subject.BRANCH), done)
        if done.removed.get(Subject.CLIENT):
            listing.run(_HOMES_LEFT)
        _remove_unused((Subject.PRODUCT, Subject.AGENT), done)
        if keys:
            listing.run("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            listing.run("; ".join(f"DROP INDEX {name}" for name in keys))
    listing.run(_FORGET_EVENTS, {"batch": batch.pk})
    listing.run(_FORGET_MOVES, {"batch": batch.pk})
    done.kept = dict(listing.ask("SELECT subject, count(*) FROM undo_kept GROUP BY 1"))
    done.named = [Kept(*row) for row in listing.ask(_NAMES, {"most": NAMED})]
    AuditEntry.record(
        by, AuditEntry.Action.UNDO, batch,
        removed=done.removed, restored=done.restored, kept=done.kept,
    )  # fmt: skip
    return done


def _find_rows(batch: ImportBatch) -> None:
    listing.run(_BEGIN)
    for subject, table in TABLES.items():
        owners = "t.policy_id, NULL::bigint" if subject in OF_A_POLICY else "NULL, NULL"
        statement = _ROWS.format(
            table=table, owners=_OWNERS.get(Subject(subject), owners),
            seen=fingerprint(table, batch.noted.get(table)),
        )  # fmt: skip
        listing.run(statement, {"batch": batch.pk, "subject": str(subject)})
    listing.run(_INDEX)


def _find_what_stays() -> None:
    listing.run(_KEEP_EDITED)
    for subject in sorted(OF_A_POLICY):
        listing.run(_KEEP_ADDED_TO.format(subject=subject, table=TABLES[subject]))
    _keep_worked(Subject.CLIENT, "client_id")
    listing.run(_KEEP_THEIRS)
    for subject in (Subject.POLICY, *sorted(OF_A_POLICY)):
        _keep_worked(subject, "policy_id")
    listing.run("ANALYZE undo_kept")


def _index_keys() -> list[str]:
    """Where much goes, index what names it until it is gone; return the names of the indexes."""
    (many,) = listing.ask("SELECT count(*) FROM undo_row WHERE before IS NULL")[0]
    if many < MANY:
        return []
    tables = [TABLES[name] for name in (Subject.CLIENT, Subject.POLICY, Subject.INSTALMENT)]
    names = []
    for n, (table, column) in enumerate(listing.ask(_UNINDEXED, {"tables": tables})):
        names.append(f"undo_key_{n}")
        listing.run(f'CREATE INDEX {names[-1]} ON {table} ("{column}")')
    return names


# --- what hangs on a row


def _model(subject: str) -> type[models.Model]:
    table = TABLES[subject]
    return next(model for model in apps.get_models() if model._meta.db_table == table)


def _relations(model: type[models.Model]) -> list[tuple[type[models.Model], Any]]:
    """Who names a row of the model by a key of the database: model and field."""
    return [
        (field.related_model, field.field)
        for field in model._meta.get_fields(include_hidden=True)
        if isinstance(field, models.ManyToOneRel)
        and getattr(field.field, "db_constraint", False)
        and field.related_model._meta.managed  # a view has no keys, and nothing to delete
    ]


def by_machine(model: type[models.Model]) -> Q | None:
    """Which rows of a model nobody would miss, since no person wrote them; None: none of them."""
    known: Q | None = getattr(model, "BY_MACHINE", None)
    return known


def _keep_worked(subject: Subject, keeps: str) -> None:
    """Keep what people have added something to since."""
    own = set(TABLES.values())
    for model, key in _relations(_model(subject)):
        loose = key.remote_field.on_delete is models.SET_NULL
        if model._meta.db_table in own or model is PolicyEvent or loose:
            continue
        rows = model._base_manager.all()
        machine = by_machine(model)
        people = rows if machine is None else rows.exclude(machine)
        sql, params = people.values(key.attname).query.get_compiler("default").as_sql()
        kept = "policy" if keeps == "policy_id" else "client"
        with connection.cursor() as cursor:
            cursor.execute(
                _KEEP_WORKED.format(kept=kept, keeps=keeps, people=sql, subject=subject),
                params,
            )


def _remove(subjects: Iterable[Subject], done: Undone) -> None:
    """Delete what the import made and nobody has touched, with what the machine hung on it."""
    for subject in subjects:
        _find_gone(subject)
        _forget(_model(subject), RawSQL("SELECT row_id FROM undo_gone", []))
        _delete(subject, done)


def _find_gone(subject: Subject) -> None:
    listing.run(_FIND_GONE, {"subject": str(subject)})


def _delete(subject: Subject, done: Undone) -> None:
    if gone := listing.run(_DELETE.format(table=TABLES[subject])):
        done.removed[str(subject)] = gone


def _forget(model: type[models.Model], gone: Any) -> None:
    """Delete or loosen what hangs on rows that go; what is no machine's work is not there."""
    own = set(TABLES.values())
    for other, key in _relations(model):
        if other._meta.db_table in own:
            continue
        rows = other._base_manager.filter(**{f"{key.name}__in": gone})
        if key.null and key.remote_field.on_delete is models.SET_NULL:
            rows.update(**{key.name: None})
        elif other is not model:
            _forget(other, rows.values("pk"))
            rows._raw_delete(rows.db)


def _remove_unused(subjects: Iterable[Subject], done: Undone) -> None:
    """Products and agents that came with the import go where nothing names them any more."""
    for subject in subjects:
        for model, key in _relations(_model(subject)):
            listing.run(
                _KEEP_NAMED.format(subject=subject, table=model._meta.db_table, key=key.column)
            )
        _find_gone(subject)
        _delete(subject, done)


def _restore(subject: Subject, done: Undone) -> None:
    """Put back what stood in the changed columns."""
    table = TABLES[subject]
    changed = listing.ask(_CHANGED_COLUMNS, {"subject": str(subject)})
    follows = {field.column for field in _model(subject)._meta.fields if field.generated}
    sets = ", ".join(_SET.format(name=name) for (name,) in changed if name not in follows)
    if not sets:
        return
    n = listing.run(_RESTORE.format(table=table, sets=sets), {"subject": str(subject)})
    done.restored[str(subject)] = n
