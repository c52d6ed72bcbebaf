import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SUMS = {
    "open_since": "status = 'open' AND what = 'since'",
    "open_until": "status = 'open' AND what = 'until'",
    "missed_since": "status = 'missed' AND what = 'since'",
    "missed_until": "status = 'missed' AND what = 'until'",
    "done": "status = 'done'",
}
SUMMED = ", ".join(f"sum(sign * ({when})::int)" for when in SUMS.values())
# Appends what `rows`, follow-ups with their agent and a sign, add to each agent and day.
APPEND = f"""
    INSERT INTO followups_agentwork (agent_id, "on", {", ".join(SUMS)})
    SELECT agent_id, d."on", {SUMMED} FROM rows,
        LATERAL (VALUES (list_on, 'since'), (keep_until, 'until'), (done_on, 'done')) AS d ("on", what)
    WHERE agent_id IS NOT NULL AND status IN ('open', 'missed', 'done')
        AND (status = 'done') = (what = 'done')
    GROUP BY agent_id, d."on" HAVING ({SUMMED}) <> (0, 0, 0, 0, 0)
"""  # noqa: S608 - nothing in it comes from outside
NOTHING_CHANGED = """
    IF TG_OP = 'INSERT' THEN PERFORM FROM new_rows LIMIT 1; ELSE PERFORM FROM old_rows LIMIT 1; END IF;
    IF NOT FOUND THEN RETURN NULL; END IF;
"""
# Planned anew each time: what suits one row would be quadratic for a night's list.
ADD_UP = f"""
CREATE FUNCTION followups_add_up_work() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on AS $$
DECLARE
    changed text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT *, 1 AS sign FROM new_rows'
        WHEN 'DELETE' THEN 'SELECT *, -1 AS sign FROM old_rows'
        ELSE 'SELECT *, 1 AS sign FROM new_rows UNION ALL SELECT *, -1 AS sign FROM old_rows'
    END;
BEGIN
    {NOTHING_CHANGED}
    EXECUTE format($q$
        WITH rows AS (SELECT c.agent_id, f.* FROM (%s) f JOIN clients_client c ON c.id = f.client_id)
        {APPEND}
    $q$, changed);
    RETURN NULL;
END $$;
"""
# A client given to somebody else takes all work along.
MOVE = f"""
CREATE FUNCTION followups_move_work() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on AS $$
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
            SELECT a.agent_id, a.sign, f.status, f.list_on, f.keep_until, f.done_on
            FROM (%s) m JOIN followups_followup f ON f.client_id = m.id,
                LATERAL (VALUES (now, 1), (was, -1)) AS a (agent_id, sign)
        )
        {APPEND}
    $q$, moved);
    RETURN NULL;
END $$;
"""
SEEN_BY = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}
WATCHED = [
    *(("followups_followup", event, "followups_add_up_work") for event in SEEN_BY),
    *(("clients_client", event, "followups_move_work") for event in ("UPDATE", "DELETE")),
]
# What was there before there were triggers.
FILL = f"""
WITH rows AS (
    SELECT c.agent_id, 1 AS sign, f.status, f.list_on, f.keep_until, f.done_on
    FROM followups_followup f JOIN clients_client c ON c.id = f.client_id
) {APPEND}
"""


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0015_handover"),
        ("followups", "0021_contacts_are_watched"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="AgentWork",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("on", models.DateField(verbose_name="day")),
                *((name, models.IntegerField(default=0)) for name in SUMS),
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
                "indexes": [
                    models.Index(fields=["agent", "on"], name="agent_work_of_an_agent"),
                    models.Index(fields=["on"], name="agent_work_of_a_day"),
                ],
            },
        ),
        migrations.RunSQL(
            [ADD_UP, MOVE],
            ["DROP FUNCTION followups_add_up_work()", "DROP FUNCTION followups_move_work()"],
        ),
        migrations.RunSQL(
            [
                f"CREATE TRIGGER add_up_on_{event.lower()} AFTER {event} ON {table} {SEEN_BY[event]} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
                for table, event, function in WATCHED
            ],
            [f"DROP TRIGGER add_up_on_{event.lower()} ON {table}" for table, event, _name in WATCHED],
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                condition=models.Q(("priority", 1), ("status", "open")),
                fields=["list_on"],
                include=("client", "keep_until", "id"),
                name="urgent_followups",
            ),
        ),
    ]
