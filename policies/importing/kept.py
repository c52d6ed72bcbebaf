"""Lists whose lines stay: each becomes a record of its policy, or changes the one that is known."""

from policies.importing import listing, modes
from policies.importing.apply import Order, Report
from policies.importing.layout import Layout
from policies.importing.layouts import LAYOUTS

_REPEATED = """
DELETE FROM import_list earlier USING (
    SELECT n, lead(n) OVER (PARTITION BY policy_id, ({number}), ({part}) ORDER BY n) AS again
    FROM import_list
) AS line
WHERE earlier.n = line.n AND line.again IS NOT NULL
RETURNING earlier.row, earlier.policy_no, earlier.policy_no, earlier.holder_name
"""
# A case that was known without its parts is one of those that the list names now.
_NAME_THE_PART = """
UPDATE policies_record r SET part = said.part
FROM (
    SELECT policy_id, {number} AS number, min({part}) AS part FROM import_list WHERE {part} <> '' GROUP BY 1, 2
) AS said
WHERE r.policy_id = said.policy_id AND r.kind = %(kind)s AND r.number = said.number AND r.part = ''
  AND NOT EXISTS (SELECT FROM policies_record o WHERE o.policy_id = r.policy_id AND o.kind = r.kind
        AND o.number = r.number AND o.part = said.part)
"""
# What the list does not say stays as it is known.
_KEEP = """
INSERT INTO policies_record AS known
    (policy_id, kind, number, part, "on", state, fields, sealed, sealed_index, batch_id, created_at)
SELECT DISTINCT ON (l.policy_id, l.number, said.part) l.policy_id, %(kind)s, l.number, said.part,
    CASE WHEN %(fills)s THEN COALESCE(r."on", {on}, %(today)s) ELSE COALESCE({on}, r."on", %(today)s) END,
    CASE WHEN %(fills)s AND r.state <> '' THEN r.state ELSE COALESCE(NULLIF({state}, ''), r.state, '') END,
    CASE WHEN %(fills)s THEN cells.fields || COALESCE(r.fields, '{{}}')
        ELSE COALESCE(r.fields, '{{}}') || cells.fields END,
    COALESCE({sealed}, r.sealed, ''), COALESCE({sealed_index}, r.sealed_index), %(batch)s::bigint, now()
FROM (SELECT *, {number} AS number, {part} AS part FROM import_list l) AS l
LEFT JOIN policies_record r ON r.policy_id = l.policy_id AND r.kind = %(kind)s
    AND r.number = l.number AND l.part IN ('', r.part),
LATERAL (SELECT COALESCE(NULLIF(l.part, ''), r.part, '') AS part) AS said,
LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object({fields})) AS fields) AS cells
WHERE r.id IS NULL OR NOT %(skips)s
ORDER BY l.policy_id, l.number, said.part, l.part DESC, l.n
ON CONFLICT (policy_id, kind, number, part) DO UPDATE SET "on" = excluded."on", state = excluded.state,
    fields = excluded.fields, sealed_index = excluded.sealed_index, batch_id = excluded.batch_id,
    sealed = CASE WHEN known.sealed_index IS NOT DISTINCT FROM excluded.sealed_index
        THEN known.sealed ELSE excluded.sealed END
WHERE (known."on", known.state, known.fields, known.sealed_index)
    IS DISTINCT FROM (excluded."on", excluded.state, excluded.fields, excluded.sealed_index)
RETURNING policy_id, xmax = 0
"""
SIGN = """
UPDATE policies_policy y SET receipt_signed_on = l.signed_on, version = y.version + 1
FROM (SELECT policy_id, max(signed_on) AS signed_on FROM import_list GROUP BY policy_id) AS l
WHERE y.id = l.policy_id AND y.receipt_signed_on IS DISTINCT FROM l.signed_on
RETURNING y.id
"""
MATURE = """
UPDATE policies_policy y SET matures_on = l.matures_on, version = y.version + 1
FROM (SELECT policy_id, max(matures_on) AS matures_on FROM import_list GROUP BY policy_id) AS l
WHERE y.id = l.policy_id AND y.matures_on IS DISTINCT FROM l.matures_on
RETURNING y.id
"""


def write(order: Order, report: Report) -> None:
    """Keep the lines of the list as records."""
    layout = LAYOUTS[report.kind]
    listing.find_policies(order, report)
    _drop_repeated(layout, order, report)
    (lines,) = listing.ask("SELECT count(*) FROM import_list")[0]
    said = {"kind": layout.code, "today": order.today, "batch": order.batch}
    said |= {"fills": order.mode == modes.FILL, "skips": order.mode == modes.NEW}
    _run(_NAME_THE_PART, layout, said)
    kept = listing.ask(_KEEP.format(**_parts(layout)), said)
    listing.fill_contacts(order, report)
    new = sum(is_new for _policy, is_new in kept)
    report.counts = {"recorded": new, "renewed": len(kept) - new}
    report.unchanged = max(lines - len(kept), 0)


def sign(order: Order, report: Report) -> None:
    """Receipts: the day of signing stands on the policy, too."""
    write(order, report)
    report.updated_policies = len(listing.changed(SIGN))


def mature(order: Order, report: Report) -> None:
    """Maturities: the insurer's day stands on the policy, too."""
    write(order, report)
    report.updated_policies = len(listing.changed(MATURE))


def _drop_repeated(layout: Layout, order: Order, report: Report) -> None:
    """Of lines that are known by the same number the last one counts."""
    rows = listing.ask(_REPEATED.format(**_parts(layout, of="")))
    report.warnings += listing.findings(order, "policy_no", "line_repeated", rows)


def _run(statement: str, layout: Layout, params: dict[str, object]) -> None:
    listing.run(statement.format(**_parts(layout, of="")), params)


def _parts(layout: Layout, of: str = "l.") -> dict[str, str]:
    """What the statements say of a layout, in SQL; `of` is the name of the staged table."""
    kept = layout.kept
    assert kept, layout.code
    told = [c for c in layout.staged if c.field not in _KNOWN]
    fields = ", ".join(f"'{c.field}', {_filled(of + c.field, c.sql)}" for c in told)
    days = ", ".join(f"{of}{field}" for field in kept.on)
    return {
        "number": _text(of, kept.number),
        "part": _text(of, kept.part),
        "on": f"COALESCE({days})" if days else "NULL::date",
        "state": f"{of}{kept.state}" if kept.state else "''",
        "fields": fields,
        "sealed": f"{of}sealed" if layout.sealed else "NULL::bytea",
        "sealed_index": f"{of}sealed_index" if layout.sealed else "NULL::bytea",
    }


# What the policy and its holder keep themselves.
_KNOWN = frozenset("policy_no holder_name mobile phone address postcode".split())


def _text(of: str, field: str) -> str:
    return f"COALESCE({of}{field}::text, '')" if field else "''"


def _filled(name: str, sql: str) -> str:
    return f"NULLIF({name}, '')" if sql == "text" else name
