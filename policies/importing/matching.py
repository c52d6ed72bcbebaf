"""Who is who: rows become people, people become clients; set-based, in the order of certainty.

Inside the file: by ID number; a row without one belongs to the only person of its name and birth
date (the mobile decides between several), else to the only one of its name and mobile; a row that
has nothing but a name, to the same name with the same agent. Against the book the same order holds,
and a policy that is known brings its holder along where the name is the same. Two ID numbers, or two
birth dates, are never one person.
"""

from django.db import connection

from policies.importing.staging import analyze, next_id

# One row for each policy: of repeated ones the last row is taken.
REPEATED = """
DELETE FROM import_row AS earlier USING (
    SELECT policy_no, max(n) AS last FROM import_row GROUP BY policy_no HAVING count(*) > 1
) AS repeated
WHERE earlier.policy_no = repeated.policy_no AND earlier.n <> repeated.last
RETURNING earlier.row, earlier.policy_no, earlier.name
"""

PEOPLE = (
    """
CREATE TEMP TABLE import_person_of AS
WITH identified AS (
    SELECT name, birth_on, mobile, encode(id_index, 'hex') AS person
    FROM import_row WHERE id_index IS NOT NULL AND birth_on IS NOT NULL
        AND name IN (SELECT name FROM import_row WHERE id_index IS NULL AND birth_on IS NOT NULL)
), by_birth AS (
    SELECT name, birth_on, min(person) AS person FROM identified
    GROUP BY name, birth_on HAVING count(DISTINCT person) = 1
), by_birth_and_mobile AS (
    SELECT name, birth_on, mobile, min(person) AS person FROM identified WHERE mobile <> ''
    GROUP BY name, birth_on, mobile HAVING count(DISTINCT person) = 1
)
SELECT r.n, r.policy_no, r.name, r.birth_on, r.mobile, r.agent_no, r.id_index, CASE
    WHEN r.id_index IS NOT NULL THEN encode(r.id_index, 'hex')
    WHEN r.birth_on IS NOT NULL
        THEN COALESCE(b.person, m.person, concat_ws(':', 'birth', r.birth_on, r.name))
END AS person
FROM import_row r
LEFT JOIN by_birth b ON r.id_index IS NULL AND b.name = r.name AND b.birth_on = r.birth_on
LEFT JOIN by_birth_and_mobile m ON r.id_index IS NULL AND m.name = r.name
    AND m.birth_on = r.birth_on AND m.mobile = r.mobile
""",
    """
UPDATE import_person_of AS r
SET person = COALESCE(found.person, concat_ws(':', 'mobile', r.mobile, r.name))
FROM (
    SELECT lacking.n, known.person FROM import_person_of lacking LEFT JOIN (
        SELECT name, mobile, min(person) AS person FROM import_person_of
        WHERE person IS NOT NULL AND mobile <> ''
        GROUP BY name, mobile HAVING count(DISTINCT person) = 1
    ) AS known USING (name, mobile)
    WHERE lacking.person IS NULL AND lacking.mobile <> ''
) AS found WHERE found.n = r.n
""",
    """
UPDATE import_person_of SET person = CASE
    WHEN agent_no <> '' THEN concat_ws(':', 'agent', agent_no, name)
    ELSE concat_ws(':', 'policy', policy_no) END
WHERE person IS NULL
""",
    # Whose record went into another is that one, under whatever name, birth date or ID number the
    # list goes on to give them; the record that stayed has its own.
    """
WITH RECURSIVE led AS (
    SELECT id, kept_pk FROM clients_merge WHERE undone_at IS NULL
    UNION SELECT led.id, m.kept_pk FROM led
    JOIN clients_merge m ON m.gone_pk = led.kept_pk AND m.undone_at IS NULL
), merged AS (
    SELECT m.gone_name, m.gone_birth_on, m.gone_mobile, m.gone_id_index, c.id AS stays,
        c.name, c.birth_on, c.id_index
    FROM led JOIN clients_merge m USING (id) JOIN clients_client c ON c.id = led.kept_pk
)
UPDATE import_person_of AS r SET person = 'merged:' || m.stays FROM merged m
WHERE (r.id_index = m.gone_id_index AND r.id_index IS DISTINCT FROM m.id_index)
   OR ((r.id_index IS NULL OR m.gone_id_index IS NULL) AND r.name = m.gone_name
       AND (r.birth_on = m.gone_birth_on OR ((r.birth_on IS NULL OR m.gone_birth_on IS NULL)
            AND r.mobile <> '' AND r.mobile = m.gone_mobile))
       AND (r.id_index IS NULL OR r.id_index IS DISTINCT FROM m.id_index)
       AND (r.name, r.birth_on) IS DISTINCT FROM (m.name, m.birth_on))
""",
    """
CREATE TEMP TABLE import_candidate AS
SELECT person, NULL::bigint AS client_id,
    (array_agg(name ORDER BY n DESC))[1] AS name,
    (array_agg(birth_on ORDER BY n DESC) FILTER (WHERE birth_on IS NOT NULL))[1] AS birth_on,
    COALESCE((array_agg(mobile ORDER BY n DESC) FILTER (WHERE mobile <> ''))[1], '') AS mobile,
    (array_agg(id_index))[1] AS id_index, max(agent_no) AS agent_no
FROM import_person_of GROUP BY person
""",
    analyze("import_person_of", "import_candidate"),
)

# What forbids taking person p and client c for one.
ONE_PERSON = """(c.id_index IS NULL OR p.id_index IS NULL)
    AND (c.birth_on IS NULL OR p.birth_on IS NULL OR c.birth_on = p.birth_on)"""

CLIENTS = (
    "UPDATE import_candidate SET client_id = split_part(person, ':', 2)::bigint WHERE starts_with(person, 'merged:')",
    "UPDATE import_candidate p SET client_id = c.id FROM clients_client c"
    " WHERE c.id_index = p.id_index AND p.client_id IS NULL",
    f"""
UPDATE import_candidate AS known SET client_id = found.id FROM (
    SELECT p.person, min(c.id) AS id
    FROM import_candidate p
    JOIN import_person_of o ON o.person = p.person
    JOIN policies_policy y ON y.insurer_id = %(insurer)s AND y.policy_no = o.policy_no
    JOIN clients_client c ON c.id = y.holder_id AND c.name = o.name
    WHERE p.client_id IS NULL AND {ONE_PERSON}
    GROUP BY p.person
) AS found WHERE found.person = known.person
""",
    """
UPDATE import_candidate AS known SET client_id = found.ids[1] FROM (
    SELECT p.person,
        array_agg(c.id ORDER BY same.mobile DESC, c.id_index NULLS FIRST, c.id) AS ids,
        count(*) AS all_of_them, count(*) FILTER (WHERE same.mobile) AS with_mobile,
        count(*) FILTER (WHERE c.id_index IS NULL) AS without_id
    FROM import_candidate p
    JOIN clients_client c ON c.name = p.name AND c.birth_on = p.birth_on,
    LATERAL (SELECT c.mobile = p.mobile AND p.mobile <> '' AS mobile) AS same
    WHERE p.client_id IS NULL AND (c.id_index IS NULL OR p.id_index IS NULL)
    GROUP BY p.person
) AS found
WHERE found.person = known.person
  AND (all_of_them = 1 OR with_mobile = 1 OR (with_mobile = 0 AND without_id = 1))
""",
    f"""
UPDATE import_candidate AS known SET client_id = found.id FROM (
    SELECT p.person, min(c.id) AS id
    FROM import_candidate p
    JOIN clients_client c ON c.name = p.name AND c.mobile = p.mobile
    WHERE p.client_id IS NULL AND p.mobile <> '' AND {ONE_PERSON}
    GROUP BY p.person HAVING count(*) = 1
) AS found WHERE found.person = known.person
""",
    """
UPDATE import_candidate AS known SET client_id = found.id FROM (
    SELECT p.person, min(c.id) AS id
    FROM import_candidate p
    JOIN clients_client c ON c.name = p.name
    JOIN accounts_user a ON a.id = c.agent_id AND a.staff_no = p.agent_no
    WHERE p.client_id IS NULL AND p.person LIKE 'agent:%%'
      AND c.id_index IS NULL AND c.birth_on IS NULL AND c.mobile = ''
    GROUP BY p.person
) AS found WHERE found.person = known.person
""",
    # Two people cannot become one client, however well each of them fits.
    """
UPDATE import_candidate AS p SET client_id = NULL
WHERE p.client_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM import_candidate q
    WHERE q.client_id = p.client_id AND q.person <> p.person
      AND NOT (starts_with(q.person, 'merged:') OR starts_with(p.person, 'merged:'))
      AND ((q.id_index IS NOT NULL AND p.id_index IS NOT NULL) OR q.birth_on <> p.birth_on)
      AND (p.id_index IS NULL, p.person) > (q.id_index IS NULL, q.person))
""",
    f"""
CREATE TEMP TABLE import_person AS
SELECT person, client_id IS NULL AS is_new,
    COALESCE(client_id, {next_id("clients_client")}) AS client_id
FROM import_candidate
""",
    analyze("import_person"),
)


def drop_repeated() -> list[tuple[int, str, str]]:
    """Drop rows whose policy comes again further down; return their row, policy number and name."""
    with connection.cursor() as cursor:
        cursor.execute(REPEATED)
        return sorted(cursor.fetchall())


def find_people(insurer_id: int) -> None:
    """Say of every row which client its holder is or will be."""
    with connection.cursor() as cursor:
        for statement in PEOPLE:
            cursor.execute(statement)
        for statement in CLIENTS:
            cursor.execute(statement, {"insurer": insurer_id})
