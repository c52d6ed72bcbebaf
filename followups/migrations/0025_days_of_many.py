from django.db import migrations

COUNTED = """
    SELECT count(DISTINCT client_id) FILTER (WHERE channel = 'visit'),
        count(*) FILTER (WHERE channel = 'call'),
        count(*) FILTER (WHERE channel IN ('visit', 'call') AND btrim(note) <> '')
    FROM clients_contact c
    WHERE c.by_id = d.agent_id AND c."on" = d."on" AND undone_at IS NULL AND entry_id IS NULL
        AND outcome NOT IN ('no_answer', 'not_home', 'wrong_number')
"""
# As in 0018, but planned anew each time: what suits one row, or a table that is empty still, would compare
# thousands each with each.
COUNT = f"""
CREATE OR REPLACE FUNCTION followups_count_days() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = on AS $$
DECLARE
    agents bigint[];
    days date[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(by_id), array_agg("on") INTO agents, days
        FROM (SELECT DISTINCT by_id, "on" FROM new_rows) r;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(by_id), array_agg("on") INTO agents, days
        FROM (SELECT DISTINCT by_id, "on" FROM old_rows) r;
    ELSE
        EXECUTE '
            WITH changed AS (
                SELECT o.by_id AS was_by, o."on" AS was_on, n.by_id, n."on"
                FROM new_rows n JOIN old_rows o USING (id) WHERE n *<> o
            )
            SELECT array_agg(by_id), array_agg("on")
            FROM (SELECT by_id, "on" FROM changed UNION SELECT was_by, was_on FROM changed) r'
        INTO agents, days;
    END IF;
    IF agents IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO followups_agentday (agent_id, "on", visits, calls, written)
    SELECT agent, day, 0, 0, 0 FROM unnest(agents, days) AS r (agent, day) ORDER BY agent, day
    ON CONFLICT (agent_id, "on") DO UPDATE SET visits = followups_agentday.visits;
    EXECUTE $q$
        UPDATE followups_agentday d SET (visits, calls, written) = ({COUNTED})
        FROM unnest($1, $2) AS r (agent, day) WHERE d.agent_id = r.agent AND d."on" = r.day
    $q$ USING agents, days;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("followups", "0024_next_steps")]
    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]
