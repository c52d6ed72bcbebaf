import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Whoever serves the client when a follow-up is done or missed keeps it; opened again it is of today's agent.
NOTE_WHOSE = """
CREATE FUNCTION followups_note_whose() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.served_by_id := NULL;
    IF NEW.status IN ('done', 'missed') THEN
        NEW.served_by_id := (SELECT agent_id FROM clients_client WHERE id = NEW.client_id);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER note_whose_on_insert BEFORE INSERT ON followups_followup FOR EACH ROW
    WHEN (NEW.status IN ('done', 'missed')) EXECUTE FUNCTION followups_note_whose();
CREATE TRIGGER note_whose_on_update BEFORE UPDATE OF status ON followups_followup FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION followups_note_whose();
"""
# What was settled before: before a handover by whoever had the client until then, where that is known.
WHOSE_IT_WAS = """
ALTER TABLE followups_followup DISABLE TRIGGER USER;
UPDATE followups_followup f SET served_by_id = CASE
    WHEN c.handed_over_on IS NULL OR coalesce(f.done_on, f.keep_until) >= c.handed_over_on THEN c.agent_id
    ELSE (SELECT h.from_agent_id FROM clients_handedover l JOIN clients_handover h ON h.id = l.handover_id
          WHERE l.client_id = c.id AND h."on" > coalesce(f.done_on, f.keep_until)
          ORDER BY h.at LIMIT 1)
    END
FROM clients_client c WHERE c.id = f.client_id AND f.status IN ('done', 'missed');
ALTER TABLE followups_followup ENABLE TRIGGER USER
"""
WORK = {
    "open_since": "status = 'open' AND what = 'since'",
    "open_until": "status = 'open' AND what = 'until'",
    "missed_since": "status = 'missed' AND what = 'since'",
    "missed_until": "status = 'missed' AND what = 'until'",
    "done": "status = 'done'",
}
DUE = {
    "open": "status = 'open'",
    "done": "status = 'done' AND done_on <= keep_until",
    "late": "status = 'done' AND done_on > keep_until",
    "missed": "status = 'missed'",
}
DAY = "CASE status WHEN 'open' THEN keep_until ELSE date_trunc('month', keep_until::timestamp)::date END"


def _summed(sums: dict[str, str]) -> str:
    return ", ".join(f"sum(sign * ({when})::int)" for when in sums.values())


# Appends what `rows`, follow-ups with their agent and a sign, add to both tables of sums.
APPEND = f"""
    , due AS (
        INSERT INTO followups_duework (agent_id, item, "on", {", ".join(DUE)})
        SELECT agent_id, item, {DAY}, {_summed(DUE)} FROM rows
        WHERE agent_id IS NOT NULL AND status IN ('open', 'missed', 'done')
        GROUP BY 1, 2, 3 HAVING ({_summed(DUE)}) <> (0, 0, 0, 0)
    )
    INSERT INTO followups_agentwork (agent_id, "on", {", ".join(WORK)})
    SELECT agent_id, d."on", {_summed(WORK)} FROM rows,
        LATERAL (VALUES (list_on, 'since'), (keep_until, 'until'), (done_on, 'done')) AS d ("on", what)
    WHERE agent_id IS NOT NULL AND status IN ('open', 'missed', 'done')
        AND (status = 'done') = (what = 'done')
    GROUP BY agent_id, d."on" HAVING ({_summed(WORK)}) <> (0, 0, 0, 0, 0)
"""  # noqa: S608 - nothing in it comes from outside
AGENT = "CASE f.status WHEN 'open' THEN c.agent_id ELSE f.served_by_id END AS agent_id"
NOTHING_CHANGED = """
    IF TG_OP = 'INSERT' THEN PERFORM FROM new_rows LIMIT 1; ELSE PERFORM FROM old_rows LIMIT 1; END IF;
    IF NOT FOUND THEN RETURN NULL; END IF;
"""
# As in 0022, for both tables.
ADD_UP = f"""
CREATE OR REPLACE FUNCTION followups_add_up_work() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = on AS $$
DECLARE
    changed text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT *, 1 AS sign FROM new_rows'
        WHEN 'DELETE' THEN 'SELECT *, -1 AS sign FROM old_rows'
        ELSE 'SELECT *, 1 AS sign FROM new_rows UNION ALL SELECT *, -1 AS sign FROM old_rows'
    END;
BEGIN
    {NOTHING_CHANGED}
    EXECUTE format($q$
        WITH rows AS (
            SELECT {AGENT}, f.* FROM (%s) f LEFT JOIN clients_client c ON c.id = f.client_id
        ) {APPEND}
    $q$, changed);
    RETURN NULL;
END $$;
"""
# A client given to somebody else takes along what is open.
MOVE = f"""
CREATE OR REPLACE FUNCTION followups_move_work() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = on AS $$
DECLARE
    moved text := CASE TG_OP
        WHEN 'DELETE' THEN 'SELECT id, agent_id AS was, NULL::bigint AS now FROM old_rows'
        ELSE 'SELECT id, o.agent_id AS was, n.agent_id AS now FROM new_rows n JOIN old_rows o USING (id)
              WHERE n.agent_id IS DISTINCT FROM o.agent_id'
    END;
BEGIN
    {NOTHING_CHANGED}
    EXECUTE format($q$
        WITH rows AS (
            SELECT a.agent_id, a.sign, f.item, f.status, f.list_on, f.keep_until, f.done_on
            FROM (%s) m JOIN followups_followup f ON f.client_id = m.id AND f.status = 'open',
                LATERAL (VALUES (now, 1), (was, -1)) AS a (agent_id, sign)
        ) {APPEND}
    $q$, moved);
    RETURN NULL;
END $$;
"""
FILL = f"""
TRUNCATE followups_agentwork;
WITH rows AS (
    SELECT {AGENT}, 1 AS sign, f.item, f.status, f.list_on, f.keep_until, f.done_on
    FROM followups_followup f JOIN clients_client c ON c.id = f.client_id
) {APPEND}
"""


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0015_handover"),
        ("followups", "0025_days_of_many"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        # A province's work of years is a minute's.
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="followup",
            name="served_by",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="DueWork",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("item", models.PositiveSmallIntegerField(verbose_name="service item")),
                ("on", models.DateField(verbose_name="day")),
                *((name, models.IntegerField(default=0)) for name in DUE),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["agent", "on"], name="due_work_of_an_agent")],
            },
        ),
        migrations.RunSQL([NOTE_WHOSE, WHOSE_IT_WAS, ADD_UP, MOVE, FILL]),
    ]
