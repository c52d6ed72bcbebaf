"""Who lives together, as far as the book tells it: the same address, and a bond besides."""

from typing import Any

from django.db import connection, transaction

from clients.kinship import FAMILY_WORDS
from lib.names import DOUBLE_SURNAMES

MOST = 8  # more of a name behind one door live in an office, a dormitory or a village
LOCK = 0x686F6D65  # one derivation at a time

# An address names a door only if it has a number. Whoever was put somewhere by hand stays there, and
# whoever left by hand is passed over.
DERIVE = """
CREATE TEMPORARY TABLE homes ON COMMIT DROP AS
WITH RECURSIVE lived AS MATERIALIZED (
    SELECT id, agent_id, household_id, name, replace(address, ' ', '') AS door,
           CASE WHEN left(name, 2) = ANY(%(double)s) THEN left(name, 2)
                WHEN name ~ '^[\u4e00-\u9fff]' THEN left(name, 1) END AS surname
    FROM clients_client
    WHERE agent_id IS NOT NULL AND NOT deceased
      AND (household_id IS NOT NULL OR NOT household_by_hand)
      AND length(address) >= 6 AND address ~ '[0-9]'
), namesakes AS (
    SELECT id, first_value(id) OVER same AS first, count(*) OVER (PARTITION BY agent_id, door, surname) AS many
    FROM lived WHERE surname IS NOT NULL
    WINDOW same AS (PARTITION BY agent_id, door, surname ORDER BY id)
), insured AS (
    SELECT h.id, i.id AS other
    FROM lived h
    JOIN policies_policy p ON p.holder_id = h.id AND p.relation = ANY(%(family)s)
    JOIN lived i ON i.agent_id = h.agent_id AND i.door = h.door AND i.name = p.insured_name AND i.id <> h.id
), bonds AS (
    SELECT id AS one, first AS other FROM namesakes WHERE id <> first AND many <= %(most)s
    UNION SELECT first, id FROM namesakes WHERE id <> first AND many <= %(most)s
    UNION SELECT id, other FROM insured
    UNION SELECT other, id FROM insured
), reach AS (
    SELECT one AS head, one AS id FROM bonds
    UNION SELECT reach.head, bonds.other FROM reach JOIN bonds ON bonds.one = reach.id
), together AS (
    SELECT id, min(head) AS head FROM reach GROUP BY id
)
SELECT t.id, t.head, l.household_id AS before,
       min(l.household_id) OVER (PARTITION BY t.head) AS household_id
FROM together t JOIN lived l USING (id)
"""
BEGIN_NEW = """
WITH new AS (
    SELECT h.head, nextval(pg_get_serial_sequence('clients_household', 'id')) AS household_id
    FROM homes h WHERE h.household_id IS NULL GROUP BY h.head
), numbered AS (
    UPDATE homes SET household_id = new.household_id FROM new WHERE homes.head = new.head
    RETURNING homes.id
)
INSERT INTO clients_household (id, name, address, main_client_id)
SELECT new.household_id, left(c.name, 60), c.address, c.id
FROM new JOIN clients_client c ON c.id = new.head CROSS JOIN (SELECT count(*) FROM numbered) AS done
"""
MOVE_IN = """
UPDATE clients_client c SET household_id = h.household_id
FROM homes h WHERE h.id = c.id AND h.before IS NULL
"""


@transaction.atomic
def derive_households() -> int:
    """Put clients of one agent who live together into a household; return how many moved in.

    Never by the address alone: they bear the same family name, or one is insured by the other as a
    member of the family. Run again it changes nothing.
    """
    facts: dict[str, Any] = {
        "double": list(DOUBLE_SURNAMES),
        "family": list(FAMILY_WORDS),
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("DROP TABLE IF EXISTS pg_temp.homes")
        cursor.execute(DERIVE, facts)
        cursor.execute(BEGIN_NEW)
        cursor.execute(MOVE_IN)
        return int(cursor.rowcount)
