"""What the file says against what is known, and the writing of the difference: one statement for each table.

A cell that is blank leaves what is known; a row that brings nothing new writes nothing.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection

from lib.crypto import decrypt
from policies.importing.staging import analyze, next_id
from policies.models import MODE_MONTHS
from policies.premiums import PAYABLE, REINSTATEMENT_YEARS, USUAL_GRACE_DAYS

_TEXTS = "gender mobile phone email address postcode".split()


def _last(name: str, said: str) -> str:
    return f"(array_agg(r.{name} ORDER BY r.n DESC) FILTER (WHERE {said}))[1]"


def _last_text(name: str) -> str:
    return "COALESCE(" + _last(name, f"r.{name} <> ''") + f", '') AS {name}"


_CLIENT_TEXTS = ", ".join(_last_text(name) for name in _TEXTS)
_CLIENT_DAYS = ", ".join(
    _last(name, f"r.{name} IS NOT NULL") + f" AS {name}"
    for name in ("birth_on", "next_birthday_on", "id_index", "id_number", "id_valid_to")
)
_SAME_CLIENT = " AND ".join(
    (
        "c.name = i.name",
        *(f"i.{name} IN ('', c.{name})" for name in _TEXTS),
        "(i.birth_on IS NULL OR i.birth_on IS NOT DISTINCT FROM c.birth_on)",
        "(i.id_index IS NULL OR i.id_index IS NOT DISTINCT FROM c.id_index)",
        "(i.id_valid_to IS NULL OR i.id_valid_to IS NOT DISTINCT FROM c.id_valid_to)",
    )
)

COMPARE_CLIENTS = (
    f"""
CREATE TEMP TABLE import_client AS
SELECT p.client_id, bool_or(p.is_new) AS is_new, false AS is_changed, {_CLIENT_TEXTS}, {_CLIENT_DAYS},
    {_last("name", "true")} AS name, {_last("pinyin", "true")} AS pinyin,
    {_last("initials", "true")} AS initials
FROM import_row r JOIN import_person_of o ON o.n = r.n JOIN import_person p ON p.person = o.person
WHERE NOT starts_with(p.person, 'merged:')
GROUP BY p.client_id
""",
    f"""
UPDATE import_client i SET is_changed = true FROM clients_client c
WHERE c.id = i.client_id AND NOT i.is_new AND NOT ({_SAME_CLIENT})
""",
    analyze("import_client"),
)

# The value of a policy's column after the import: the file's word, else what is known.
_POLICY_TEXTS = "proposal_no insured_name relation bank_name".split()
_POLICY_VALUES = (
    "sum_assured pay_years cover_years issued_on effective_on matures_on covers_until".split()
)
# The account of a book is the one that is debited: where it names accounts at all, a blank says that
# there is nothing to collect from. What a person or the bank said of the authorisation stands.
_NO_ACCOUNT = "COALESCE(octet_length(y.account), 0) = 0"
_AUTHORISATION = f"""CASE
    WHEN r.account IS NOT NULL
        AND (COALESCE(y.authorisation, '') = '' OR (y.authorisation = 'missing' AND {_NO_ACCOUNT}))
        THEN 'signed'
    WHEN r.account IS NULL AND COALESCE(y.authorisation, '') = '' AND {_NO_ACCOUNT}
        AND (SELECT count(account) FROM import_row) > 0 THEN 'missing'
    ELSE COALESCE(y.authorisation, '') END"""
_AFTER = (
    {name: f"COALESCE(NULLIF(r.{name}, ''), y.{name}, '')" for name in _POLICY_TEXTS}
    | {name: f"COALESCE(r.{name}, y.{name})" for name in _POLICY_VALUES}
    | {
        "holder_id": "CASE WHEN y.id IS NOT NULL AND %(fills)s THEN y.holder_id ELSE p.client_id END",
        "product_id": "COALESCE(d.id, y.product_id)",
        "agent_id": "CASE WHEN r.agent_no = '' THEN y.agent_id ELSE a.id END",
        "premium": "COALESCE(r.premium, y.premium, 0)",
        "premium_mode": "COALESCE(NULLIF(r.premium_mode, ''), y.premium_mode, 'yearly')",
        "authorisation": _AUTHORISATION,
        "status": "COALESCE(NULLIF(r.status, ''), y.status, 'in_force')",
        # A book that was drawn before a premium was paid does not open it again.
        "next_due_on": "CASE WHEN r.next_due_on <= settled.due_on THEN y.next_due_on"
        " ELSE COALESCE(r.next_due_on, y.next_due_on, r.guessed_due_on) END",
    }
)
_NAMES = ", ".join(_AFTER)

COMPARE_POLICIES = (
    f"""
CREATE TEMP TABLE import_policy AS
SELECT r.n, r.policy_no, y.holder_id AS old_holder_id, y.agent_id AS old_agent_id,
    COALESCE(y.id, {next_id("policies_policy")}) AS policy_id,
    y.id IS NULL AS is_new,
    y.id IS NOT NULL AND ROW({", ".join(_AFTER.values())})
        IS DISTINCT FROM ROW({", ".join(f"y.{name}" for name in _AFTER)}) AS is_changed,
    {", ".join(f"{value} AS {name}" for name, value in _AFTER.items())}
FROM import_row r
JOIN import_person_of o ON o.n = r.n
JOIN import_person p ON p.person = o.person
LEFT JOIN policies_policy y ON y.insurer_id = %(insurer)s AND y.policy_no = r.policy_no
LEFT JOIN (
    SELECT policy_id, max(due_on) AS due_on FROM policies_instalment
    WHERE paid_on IS NOT NULL OR closed_as IN ('waived', 'loan') GROUP BY policy_id
) AS settled ON settled.policy_id = y.id
LEFT JOIN policies_product d ON d.insurer_id = %(insurer)s AND d.name = r.product_name
LEFT JOIN accounts_user a ON a.staff_no = r.agent_no
""",
    analyze("import_policy"),
)  # fmt: skip

# Encrypted numbers differ in every writing, so that they are compared here and not in SQL.
SEALED = """
SELECT i.n, r.insured_id_number, y.insured_id_number, r.account, y.account
FROM import_policy i JOIN import_row r ON r.n = i.n JOIN policies_policy y ON y.id = i.policy_id
WHERE NOT i.is_changed AND (r.insured_id_number IS NOT NULL OR r.account IS NOT NULL)
"""

COUNT = """
SELECT (SELECT count(*) FROM import_client WHERE is_new) AS created_clients,
    (SELECT count(*) FROM import_client WHERE is_changed) AS updated_clients,
    count(*) FILTER (WHERE is_new) AS created_policies,
    count(*) FILTER (WHERE is_changed) AS updated_policies,
    count(*) FILTER (WHERE NOT is_new AND NOT is_changed) AS unchanged
FROM import_policy
"""

WRITE_CLIENTS = (
    f"""
INSERT INTO clients_client (id, name, pinyin, initials, {", ".join(_TEXTS)}, birth_on, next_birthday_on,
    id_index, id_number, id_valid_to, birthday_calendar, client_class, attention, deceased, do_not_contact,
    note, version,
    source, agent_id, created_at)
SELECT client_id, name, pinyin, initials, {", ".join(_TEXTS)}, birth_on, next_birthday_on,
    id_index, COALESCE(id_number, ''), id_valid_to, 'solar', '', '', false, false, '', 1,
    CASE WHEN served.agent_id IS NULL THEN 'orphan' ELSE 'import' END, served.agent_id, now()
FROM import_client
LEFT JOIN (
    SELECT DISTINCT ON (holder_id) holder_id, agent_id FROM import_policy WHERE agent_id IS NOT NULL
    ORDER BY holder_id, effective_on DESC NULLS LAST, policy_no DESC
) AS served ON served.holder_id = client_id
WHERE is_new ORDER BY client_id
""",
    f"""
UPDATE clients_client c SET name = i.name, pinyin = i.pinyin, initials = i.initials,
    {", ".join(f"{name} = COALESCE(NULLIF(i.{name}, ''), c.{name})" for name in _TEXTS)},
    birth_on = COALESCE(i.birth_on, c.birth_on),
    next_birthday_on = CASE WHEN i.birth_on IS NULL OR i.birth_on = c.birth_on
        THEN c.next_birthday_on ELSE i.next_birthday_on END,
    id_index = COALESCE(i.id_index, c.id_index),
    id_number = CASE WHEN i.id_index IS NULL OR i.id_index IS NOT DISTINCT FROM c.id_index
        THEN c.id_number ELSE i.id_number END,
    id_valid_to = COALESCE(i.id_valid_to, c.id_valid_to),
    version = c.version + 1
FROM import_client i WHERE c.id = i.client_id AND i.is_changed
""",
)


def grace_end(due_on: str) -> str:
    """`premiums.grace_end` in SQL; the product is `d`, and may be unknown."""
    month_end = f"(date_trunc('month', {due_on}) + interval '1 month - 1 day')::date"
    return (
        f"CASE WHEN d.due_basis = 'month_end' THEN {month_end} ELSE {due_on} END"
        f" + COALESCE(d.grace_days, {USUAL_GRACE_DAYS})"
    )


def half_a_period(policy: str) -> str:
    """In days; two premiums of a policy are never so near to each other."""
    months = " ".join(f"WHEN '{mode.value}' THEN {n}" for mode, n in MODE_MONTHS.items())
    return f"15 * CASE {policy}.premium_mode {months} ELSE 0 END"


def paid_some_day(policy: str) -> str:
    """When a premium was paid of which the insurer says no more than that it is; `t` is the premium.

    Nobody is taken to have paid late, unless the same list brings the policy back.
    """
    return (
        f"CASE WHEN {policy}.reinstated_on = %(today)s THEN %(today)s"
        " ELSE LEAST(%(today)s, t.grace_ends_on) END"
    )


def follow_dates(policies: str, *, due: bool = False) -> str:
    """`premiums.follow_dates` of many: what follows from what they owe. `policies` selects their ids.

    When they are due next is the word of a book; where there is none, `due` lets it follow, too.
    """
    next_due = "next_due_on = owed.due_on, " if due else ""
    moved = " OR y.next_due_on IS DISTINCT FROM owed.due_on" if due else ""
    return f"""
UPDATE policies_policy y SET {next_due}lapses_on = owed.grace_ends_on + 1,
    reinstate_by = (owed.grace_ends_on + make_interval(years => owed.years))::date
FROM (
    SELECT p.id, min(t.due_on) AS due_on, min(t.grace_ends_on) AS grace_ends_on,
        COALESCE(min(d.reinstate_years), {REINSTATEMENT_YEARS}) AS years
    FROM policies_policy p
    LEFT JOIN policies_product d ON d.id = p.product_id
    LEFT JOIN policies_instalment t
        ON t.policy_id = p.id AND t.paid_on IS NULL AND t.closed_on IS NULL
    WHERE p.id IN ({policies}) GROUP BY p.id
) AS owed
WHERE y.id = owed.id AND ((y.lapses_on, y.reinstate_by) IS DISTINCT FROM
    (owed.grace_ends_on + 1, (owed.grace_ends_on + make_interval(years => owed.years))::date){moved})
"""


# A product was corrected: its days hold for what is owed, not for what was paid or closed.
FOLLOW_A_PRODUCT = (
    f"""
UPDATE policies_instalment t SET grace_ends_on = {grace_end("t.due_on")}
FROM policies_policy p JOIN policies_product d ON d.id = p.product_id
WHERE p.id = t.policy_id AND d.id = %(product)s AND t.paid_on IS NULL AND t.closed_on IS NULL
    AND t.grace_ends_on <> {grace_end("t.due_on")}
""",
    follow_dates("SELECT id FROM policies_policy WHERE product_id = %(product)s"),
)

REGULAR_SQL = ", ".join(f"'{mode.value}'" for mode in MODE_MONTHS)
PAYABLE_SQL = ", ".join(f"'{status.value}'" for status in PAYABLE)

# A policy of the book has a premium to come.
_OWES = f"i.next_due_on IS NOT NULL AND i.status IN ({PAYABLE_SQL}) AND i.premium_mode IN ({REGULAR_SQL})"

WRITE_POLICIES = (
    f"""
INSERT INTO policies_policy (id, insurer_id, policy_no, {_NAMES}, insured_id_number, account,
    lapses_on, reinstate_by, version, created_at)
SELECT i.policy_id, %(insurer)s, i.policy_no, {", ".join(f"i.{name}" for name in _AFTER)},
    COALESCE(r.insured_id_number, ''), COALESCE(r.account, ''),
    grace.ends_on + 1, (grace.ends_on + make_interval(years => grace.years))::date, 1, now()
FROM import_policy i JOIN import_row r ON r.n = i.n
LEFT JOIN LATERAL (
    SELECT {grace_end("i.next_due_on")} AS ends_on,
        COALESCE(d.reinstate_years, {REINSTATEMENT_YEARS}) AS years
    FROM (SELECT) AS owes LEFT JOIN policies_product d ON d.id = i.product_id WHERE {_OWES}
) AS grace ON true
WHERE i.is_new ORDER BY i.n
""",
    f"""
UPDATE policies_policy y SET {", ".join(f"{name} = i.{name}" for name in _AFTER)},
    insured_id_number = COALESCE(r.insured_id_number, y.insured_id_number),
    account = COALESCE(r.account, y.account), version = y.version + 1
FROM import_policy i JOIN import_row r ON r.n = i.n WHERE y.id = i.policy_id AND i.is_changed
""",
)


WRITE_INSTALMENTS = (
    # What is owed a few days earlier or later is the same premium.
    f"""
UPDATE policies_instalment t SET due_on = same.next_due_on, grace_ends_on = {grace_end("same.next_due_on")}
FROM (
    SELECT DISTINCT ON (t.policy_id) t.id, i.next_due_on, i.product_id
    FROM import_policy i JOIN policies_instalment t ON t.policy_id = i.policy_id
        AND t.paid_on IS NULL AND t.closed_on IS NULL
        AND abs(t.due_on - i.next_due_on) < {half_a_period("i")}
    WHERE i.is_changed AND NOT EXISTS (
        SELECT FROM policies_instalment o WHERE o.policy_id = i.policy_id AND o.due_on = i.next_due_on)
    ORDER BY t.policy_id, abs(t.due_on - i.next_due_on)
) AS same LEFT JOIN policies_product d ON d.id = same.product_id
WHERE t.id = same.id
""",
    # The insurer waits for a later premium: the earlier ones are paid.
    f"""
UPDATE policies_instalment t SET paid_on = {paid_some_day("y")}
FROM import_policy i JOIN policies_policy y ON y.id = i.policy_id
WHERE t.policy_id = i.policy_id AND i.is_changed
  AND t.paid_on IS NULL AND t.closed_on IS NULL AND t.due_on < i.next_due_on
""",
    f"""
INSERT INTO policies_instalment (policy_id, due_on, grace_ends_on, amount)
SELECT i.policy_id, i.next_due_on, {grace_end("i.next_due_on")}, i.premium
FROM import_policy i LEFT JOIN policies_product d ON d.id = i.product_id
WHERE (i.is_new OR i.is_changed) AND {_OWES}
ON CONFLICT (policy_id, due_on) DO UPDATE SET amount = excluded.amount
WHERE policies_instalment.paid_on IS NULL AND policies_instalment.amount <> excluded.amount
""",
    # Without figures of what has just been written, the first book of an office takes a quarter of an hour.
    "ANALYZE policies_policy, policies_instalment",
    follow_dates("SELECT policy_id FROM import_policy WHERE is_changed"),
)

# A client belongs to the agent of the policy that took effect last: a new one from the beginning, a
# known one only where the book moved a policy, so that a handover in the office stands until the
# insurer says otherwise.
WRITE_AGENTS = """
WITH moved AS (
    SELECT unnest(ARRAY[holder_id, old_holder_id]) AS id FROM import_policy
    WHERE is_changed
      AND (agent_id IS DISTINCT FROM old_agent_id OR holder_id IS DISTINCT FROM old_holder_id)
    UNION
    SELECT i.holder_id FROM import_policy i JOIN clients_client c ON c.id = i.holder_id
    WHERE i.is_new AND c.agent_id IS NULL
), served AS (
    SELECT DISTINCT ON (m.id) m.id, y.agent_id FROM moved m
    LEFT JOIN policies_policy y ON y.holder_id = m.id AND y.agent_id IS NOT NULL
    ORDER BY m.id, y.effective_on DESC NULLS LAST, y.policy_no DESC
)
UPDATE clients_client c SET agent_id = served.agent_id FROM served
WHERE c.id = served.id AND c.agent_id IS DISTINCT FROM served.agent_id
"""


def compare(insurer_id: int, mode: str = "take") -> dict[str, int]:
    """Work out what is new, changed and unchanged; return the counts."""
    from policies.importing import modes

    _run(COMPARE_CLIENTS[:1], {})
    modes.prepare_clients(mode)
    _run(COMPARE_CLIENTS[1:], {})
    _run(COMPARE_POLICIES, {"insurer": insurer_id, "fills": mode == modes.FILL})
    modes.drop_strangers(mode)
    _mark_changed(_resealed())
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))


def write(insurer_id: int, today: date) -> None:
    for statements in (WRITE_CLIENTS, WRITE_POLICIES, WRITE_INSTALMENTS, [WRITE_AGENTS]):
        _run(statements, {"insurer": insurer_id, "today": today})


def _run(statements: Iterable[str], params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, params)


def _resealed() -> list[int]:
    """Rows of known policies whose encrypted numbers are others than the known ones."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(SEALED)
        return [
            n for n, insured, known_insured, account, known_account in cursor
            if _differs(insured, known_insured, "policy.insured_id_number")
            or _differs(account, known_account, "policy.account")
        ]  # fmt: skip


def _differs(said: memoryview | None, known: memoryview | None, context: str) -> bool:
    if said is None:
        return False
    return not known or decrypt(bytes(said), context) != decrypt(bytes(known), context)


def _mark_changed(numbers: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE import_policy SET is_changed = true WHERE n = ANY(%s)", [numbers])
