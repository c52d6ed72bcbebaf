"""The bank's answers to the premiums: what each line means, one statement for all policies at once.

The outcome follows from the lines and not from the order in which their files came. So a line that
comes late lifts the later ones of its policy, and all are judged again, the oldest first. That
happens in two temporary tables; only what differs in the end is written.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from policies.importing.writing import follow_dates, grace_end
from policies.models import MODE_MONTHS, Policy

_ALIVE = ", ".join(f"'{status}'" for status in Policy.ALIVE)
_MONTHS = "CASE y.premium_mode " + "".join(
    f"WHEN '{mode.value}' THEN {months} " for mode, months in MODE_MONTHS.items()
) + "END"  # fmt: skip
_KEY = "returned_on, ok, digest"  # lines are judged in this order: of a day, the failures first

# A debit runs a few days ahead of the due date; a month ahead at most, of monthly premiums half.
_SLACK = "CASE y.premium_mode WHEN 'monthly' THEN 15 ELSE 31 END"
_TEXTS = "reference account_name account_end branch words".split()
_LONGEST = {"reference": 40, "account_name": 100, "account_end": 4, "branch": 80, "words": 120}
_DIGEST = (
    "encode(sha256(convert_to(concat_ws('|', %(insurer)s::text, reference, amount, returned_on, ok,"
    " failure, account_end), 'UTF8')), 'hex')"
)

STAGE = (
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0",
    # What came in just before is not yet counted; a wrong guess of the planner costs minutes here.
    "ANALYZE policies_policy, policies_instalment, policies_bankrow",
    "DROP TABLE IF EXISTS bank_line, bank_premium",
    f"""
CREATE TEMP TABLE bank_line ON COMMIT DROP AS
WITH said AS (
    SELECT n, row, {", ".join(f"left(COALESCE({t}, ''), {_LONGEST[t]}) AS {t}" for t in _TEXTS)},
        amount::numeric(14, 2), returned_on, ok,
        CASE WHEN ok THEN '' ELSE COALESCE(NULLIF(failure, ''), 'other') END AS failure
    FROM import_bank
), marked AS (SELECT *, {_DIGEST} AS digest FROM said)
SELECT DISTINCT ON (m.digest) m.*, y.id AS policy_id, NULL::bigint AS id,
    NULL::bigint AS was_of, false AS was_paying, true AS fresh, 0 AS turn, 'unknown' AS state, '' AS why,
    NULL::date AS due_on, false AS confirms
FROM marked m
LEFT JOIN policies_policy y ON y.insurer_id = %(insurer)s AND y.policy_no = m.reference
WHERE NOT EXISTS (SELECT FROM policies_bankrow b WHERE b.digest = m.digest)
ORDER BY m.digest, m.n
""",
    # Lines that wait may be understood now: their policy has come, or their premium another amount.
    f"""
INSERT INTO bank_line (digest, row, amount, returned_on, ok, failure, {", ".join(_TEXTS)},
    policy_id, id, was_paying, fresh, turn, state, why, confirms)
SELECT b.digest, b.row, b.amount, b.returned_on, b.ok, b.failure, {", ".join(f"b.{t}" for t in _TEXTS)},
    COALESCE(b.policy_id, y.id), b.id, false, b.policy_id IS NULL, 0, 'unknown', '', false
FROM policies_bankrow b
JOIN policies_importbatch m ON m.id = b.batch_id AND m.insurer_id = %(insurer)s
LEFT JOIN policies_policy y ON y.insurer_id = m.insurer_id AND y.policy_no = b.reference
WHERE b.state IN ('ambiguous', 'unknown') AND b.settled_by_id IS NULL
  AND COALESCE(b.policy_id, y.id) IS NOT NULL
""",
    "CREATE INDEX ON bank_line (policy_id); CREATE INDEX ON bank_line (id); ANALYZE bank_line",
    "SELECT id FROM policies_policy WHERE id IN (SELECT policy_id FROM bank_line) ORDER BY id FOR UPDATE",
    # Later lines of the same policies are lifted, unless a person has had a hand in them.
    f"""
INSERT INTO bank_line (digest, row, amount, returned_on, ok, failure, {", ".join(_TEXTS)},
    policy_id, id, was_of, was_paying, fresh, turn, state, why, confirms)
SELECT b.digest, b.row, b.amount, b.returned_on, b.ok, b.failure, {", ".join(f"b.{t}" for t in _TEXTS)},
    b.policy_id, b.id, b.instalment_id, b.ok AND b.state = 'matched' AND NOT b.confirms, false, 0, '', '', false
FROM policies_bankrow b
JOIN (
    SELECT DISTINCT ON (policy_id) policy_id, {_KEY} FROM bank_line
    WHERE policy_id IS NOT NULL ORDER BY policy_id, {_KEY}
) AS first ON first.policy_id = b.policy_id
LEFT JOIN policies_instalment t ON t.id = b.instalment_id
WHERE b.settled_by_id IS NULL AND b.state = 'matched'
  AND (b.returned_on, b.ok, b.digest) > (first.returned_on, first.ok, first.digest)
  AND (NOT b.ok OR t.paid_on = b.returned_on)
""",
    f"""
UPDATE bank_line l SET turn = ordered.turn FROM (
    SELECT digest, row_number() OVER (PARTITION BY policy_id ORDER BY {_KEY}) AS turn
    FROM bank_line WHERE policy_id IS NOT NULL
) AS ordered WHERE ordered.digest = l.digest
""",
    """
CREATE TEMP TABLE bank_premium ON COMMIT DROP AS
SELECT t.id, t.policy_id, t.due_on, t.grace_ends_on, t.amount, t.closed_on,
    CASE WHEN lifted.was_of IS NULL THEN t.paid_on END AS paid_on, lifted.was_of IS NOT NULL AS lifted,
    EXISTS (
        SELECT FROM policies_bankrow b WHERE b.instalment_id = t.id AND b.ok AND b.state = 'matched'
        AND NOT EXISTS (SELECT FROM bank_line l WHERE l.id = b.id)
    ) AS taken
FROM policies_instalment t
LEFT JOIN (SELECT was_of FROM bank_line WHERE was_paying) AS lifted ON lifted.was_of = t.id
WHERE t.policy_id IN (SELECT policy_id FROM bank_line)
""",
    "CREATE INDEX ON bank_premium (policy_id, due_on); CREATE INDEX ON bank_line (turn)",
    "ANALYZE bank_line; ANALYZE bank_premium",
)

# As of the line's day: owed still, or booked later by another hand, of which the line is the proof.
_OPEN = "p.closed_on IS NULL AND (p.paid_on IS NULL OR p.paid_on >= l.returned_on AND NOT (l.ok AND p.taken))"

JUDGE = (
    f"""
UPDATE bank_line l SET state = CASE WHEN judged.why = '' THEN 'matched' ELSE 'ambiguous' END,
    why = judged.why, confirms = judged.why = '' AND judged.confirms,
    due_on = CASE WHEN judged.why = '' THEN judged.due_on END
FROM (
    SELECT l.digest, found.due_on, l.ok AND found.confirms AS confirms, CASE
        WHEN y.status NOT IN ({_ALIVE}) THEN 'ended'
        WHEN found.fitting = 1 AND found.confirms THEN ''
        WHEN l.ok AND found.owed > 0 AND (found.late OR y.status = 'lapsed') THEN 'lapsed'
        WHEN found.fitting = 1 THEN ''
        WHEN found.fitting > 1 THEN 'several'
        WHEN found.owed > 0 THEN 'amount'
        WHEN found.settled THEN 'paid'
        ELSE 'nothing'
    END AS why
    FROM bank_line l JOIN policies_policy y ON y.id = l.policy_id
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE fits) AS fitting, count(*) FILTER (WHERE open) AS owed,
            min(due_on) FILTER (WHERE fits) AS due_on,
            COALESCE(bool_or(paid_on IS NOT NULL) FILTER (WHERE fits), false) AS confirms,
            COALESCE(bool_or(open AND paid_on IS NULL AND grace_ends_on < l.returned_on), false) AS late,
            COALESCE(bool_or(NOT open AND amount = l.amount), false) AS settled
        FROM (
            SELECT p.*, {_OPEN} AS open, {_OPEN} AND p.amount = l.amount AS fits
            FROM bank_premium p
            WHERE p.policy_id = l.policy_id AND p.due_on <= l.returned_on + {_SLACK}
              -- What a payment opens is not there while that is lifted, nor before its day.
              AND NOT EXISTS (
                SELECT FROM bank_premium q
                WHERE q.policy_id = p.policy_id AND q.due_on < p.due_on
                  AND (q.lifted AND q.paid_on IS NULL OR q.paid_on >= l.returned_on AND NOT q.taken)
              )
        ) AS p
    ) AS found
    WHERE l.turn = %(turn)s
) AS judged WHERE judged.digest = l.digest
""",
    """
UPDATE bank_premium p SET paid_on = least(p.paid_on, l.returned_on), taken = true
FROM bank_line l
WHERE l.turn = %(turn)s AND l.ok AND l.state = 'matched'
  AND p.policy_id = l.policy_id AND p.due_on = l.due_on
""",
    f"""
INSERT INTO bank_premium (policy_id, due_on, grace_ends_on, amount, lifted, taken)
SELECT l.policy_id, n.due_on, {grace_end("n.due_on")}, y.premium, false, false
FROM bank_line l
JOIN policies_policy y ON y.id = l.policy_id
LEFT JOIN policies_product d ON d.id = y.product_id
CROSS JOIN LATERAL (
    SELECT policies_due_after(y.effective_on, {_MONTHS}, y.pay_years, l.due_on) AS due_on
) AS n
WHERE l.turn = %(turn)s AND l.ok AND l.state = 'matched' AND NOT l.confirms AND n.due_on IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM bank_premium p WHERE p.policy_id = l.policy_id AND p.due_on = n.due_on
  )
""",
)  # fmt: skip

_POLICIES = "SELECT policy_id FROM bank_line"
_MEANT = "LEFT JOIN policies_instalment t ON t.policy_id = l.policy_id AND t.due_on = l.due_on"

WRITE = (
    """
INSERT INTO policies_instalment (policy_id, due_on, grace_ends_on, amount)
SELECT policy_id, due_on, grace_ends_on, amount FROM bank_premium WHERE id IS NULL
""",
    """
UPDATE policies_instalment t SET paid_on = p.paid_on,
    failed_on = CASE WHEN p.paid_on IS NULL THEN t.failed_on END,
    failure = CASE WHEN p.paid_on IS NULL THEN t.failure ELSE '' END
FROM bank_premium p
WHERE p.policy_id = t.policy_id AND p.due_on = t.due_on AND p.paid_on IS DISTINCT FROM t.paid_on
""",
    # What another hand had booked does not move, but that the bank has collected it is an event.
    """
INSERT INTO policies_policyevent
    (policy_id, at, "on", source, kind, was, now, due_on, amount, by_id, batch_id)
SELECT l.policy_id, now(), l.returned_on, 'bank', 'instalment', 'paid', 'paid', l.due_on, l.amount,
    %(by)s, %(batch)s
FROM bank_line l WHERE l.confirms AND l.id IS NULL
""",
    # A premium is collected once: whoever gives one up goes before who takes it.
    f"""
UPDATE policies_bankrow b SET state = 'ambiguous', instalment_id = NULL
FROM bank_line l {_MEANT}
WHERE b.id = l.id AND b.instalment_id IS NOT NULL AND b.instalment_id IS DISTINCT FROM t.id
""",
    f"""
UPDATE policies_bankrow b SET state = l.state, why = l.why, confirms = l.confirms, instalment_id = t.id,
    policy_id = l.policy_id
FROM bank_line l {_MEANT}
WHERE b.id = l.id AND (b.state, b.why, b.confirms, b.instalment_id, b.policy_id)
    IS DISTINCT FROM (l.state, l.why, l.confirms, t.id, l.policy_id)
""",
    f"""
INSERT INTO policies_bankrow (batch_id, row, amount, returned_on, ok, failure, {", ".join(_TEXTS)},
    state, why, confirms, policy_id, instalment_id, digest)
SELECT %(batch)s, l.row, l.amount, l.returned_on, l.ok, l.failure, {", ".join(f"l.{t}" for t in _TEXTS)},
    l.state, l.why, l.confirms, l.policy_id, t.id, l.digest
FROM bank_line l {_MEANT} WHERE l.id IS NULL ORDER BY l.n
""",
)  # fmt: skip

# The latest failure of a premium that is still owed; an older one arriving late changes nothing.
TELL_FAILURES = """
UPDATE policies_instalment t SET failed_on = said.returned_on, failure = said.failure
FROM (
    SELECT DISTINCT ON (b.instalment_id) b.instalment_id, b.returned_on, b.failure
    FROM policies_bankrow b
    WHERE b.policy_id IN ({policies}) AND NOT b.ok AND b.state = 'matched'
    ORDER BY b.instalment_id, b.returned_on DESC, b.digest DESC
) AS said
WHERE t.id = said.instalment_id AND t.paid_on IS NULL AND t.closed_on IS NULL
  -- A list that told the same reason did not know the day.
  AND (t.failed_on IS NULL OR t.failed_on <= said.returned_on OR t.failure = said.failure)
  AND (t.failed_on, t.failure) IS DISTINCT FROM (said.returned_on, said.failure)
"""

# What the bank said last of the account: it collected or looked for money, or there is nothing to
# collect from. Faults of its own say nothing.
_TELLING = "b.failure NOT IN ('system_error', 'other')"
TELL_AUTHORISATION = f"""
UPDATE policies_policy y SET authorisation = said.authorisation
FROM (
    SELECT DISTINCT ON (b.policy_id) b.policy_id, b.digest,
        CASE WHEN b.failure IN ('', 'insufficient', 'limit_exceeded') THEN 'signed' ELSE 'missing' END
            AS authorisation
    FROM policies_bankrow b WHERE b.policy_id IN ({_POLICIES}) AND {_TELLING}
    ORDER BY b.policy_id, b.returned_on DESC, b.ok DESC, b.digest DESC
) AS said
JOIN bank_line l ON l.digest = said.digest AND l.fresh
WHERE y.id = said.policy_id AND y.authorisation <> said.authorisation
"""

COUNT = """
SELECT count(*), (SELECT count(*) FROM import_bank),
    count(*) FILTER (WHERE ok AND state = 'matched'),
    COALESCE(sum(amount) FILTER (WHERE ok AND state = 'matched'), 0),
    count(*) FILTER (WHERE NOT ok AND state = 'matched'),
    count(*) FILTER (WHERE state = 'ambiguous'), count(*) FILTER (WHERE state = 'unknown')
FROM bank_line WHERE id IS NULL
"""
BY_REASON = """
SELECT failure, count(*) FROM bank_line WHERE id IS NULL AND NOT ok AND state = 'matched'
GROUP BY failure ORDER BY count(*) DESC, failure
"""
UNKNOWN = """
SELECT row, reference, account_name FROM bank_line WHERE id IS NULL AND state = 'unknown' ORDER BY n
"""


# As it is when no file is being posted.
NO_FILE = """
CREATE TEMP TABLE import_bank (
    n integer, row integer, reference text, account_name text, account_end text, branch text,
    amount numeric(14, 2), returned_on date, ok boolean, failure text, words text
) ON COMMIT DROP
"""


def judge(insurer_id: int) -> None:
    """Fill the temporary tables with the new lines and what each of them means."""
    _run(STAGE, {"insurer": insurer_id})
    ((turns,),) = fetch("SELECT COALESCE(max(turn), 0) FROM bank_line")
    for turn in range(1, turns + 1):
        _run(JUDGE, {"turn": turn})


def write(batch: int, by: int | None) -> None:
    """Write what `judge` has found."""
    _run(WRITE, {"batch": batch, "by": by})
    _run([TELL_AUTHORISATION], {})
    _follow(_POLICIES)


def follow(policy_id: int) -> None:
    """Let the failures and dates of a policy follow a line that a person has settled."""
    _follow(str(int(policy_id)))


def _follow(policies: str) -> None:
    _run([TELL_FAILURES.format(policies=policies), follow_dates(policies, due=True)], {})


def no_file() -> None:
    _run(("DROP TABLE IF EXISTS pg_temp.import_bank", NO_FILE), {})


def fetch(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _run(statements: Iterable[str], params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, params)
