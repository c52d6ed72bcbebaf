import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COUNTED = """
    SELECT count(DISTINCT client_id) FILTER (WHERE channel = 'visit'),
        count(*) FILTER (WHERE channel = 'call'),
        count(*) FILTER (WHERE channel IN ('visit', 'call') AND btrim(note) <> '')
    FROM clients_contact c
    WHERE c.by_id = d.agent_id AND c."on" = d."on" AND undone_at IS NULL AND entry_id IS NULL
        AND outcome NOT IN ('no_answer', 'not_home', 'wrong_number')
"""
# The rows are taken first, in one order, so that two who record for the same agent count one after the
# other: in a function each statement sees what was committed before it.
COUNT = f"""
CREATE FUNCTION followups_count_days() RETURNS trigger LANGUAGE plpgsql
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
        SELECT array_agg(by_id), array_agg("on") INTO agents, days
        FROM (SELECT n.by_id, n."on" FROM new_rows n JOIN old_rows o USING (id) WHERE n *<> o
              UNION SELECT o.by_id, o."on" FROM new_rows n JOIN old_rows o USING (id) WHERE n *<> o) r;
    END IF;
    IF agents IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO followups_agentday (agent_id, "on", visits, calls, written)
    SELECT agent, day, 0, 0, 0 FROM unnest(agents, days) AS r (agent, day) ORDER BY agent, day
    ON CONFLICT (agent_id, "on") DO UPDATE SET visits = followups_agentday.visits;
    UPDATE followups_agentday d SET (visits, calls, written) = ({COUNTED})
    FROM unnest(agents, days) AS r (agent, day) WHERE d.agent_id = r.agent AND d."on" = r.day;
    RETURN NULL;
END $$;
"""
SEEN_BY = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}
# What was recorded before there were triggers.
FILL = [
    """INSERT INTO followups_agentday (agent_id, "on", visits, calls, written)
    SELECT DISTINCT by_id, "on", 0, 0, 0 FROM clients_contact""",
    f"UPDATE followups_agentday d SET (visits, calls, written) = ({COUNTED})",
]


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0013_days_of_agents"),
        ("followups", "0017_spot_checks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="AgentDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("on", models.DateField(verbose_name="day")),
                ("visits", models.PositiveIntegerField(default=0, verbose_name="visits")),
                ("calls", models.PositiveIntegerField(default=0, verbose_name="calls")),
                ("written", models.PositiveIntegerField(default=0, verbose_name="written up")),
                (
                    "agent",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["on"], name="agent_days_of_a_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agent", "on"), name="one_row_of_an_agent_a_day"
                    )
                ],
            },
        ),
        migrations.RunSQL(COUNT, "DROP FUNCTION followups_count_days();"),
        migrations.RunSQL(
            [
                f"CREATE TRIGGER count_days_on_{event.lower()} AFTER {event} ON clients_contact "
                f"{rows} FOR EACH STATEMENT EXECUTE FUNCTION followups_count_days()"
                for event, rows in SEEN_BY.items()
            ],
            [f"DROP TRIGGER count_days_on_{event.lower()} ON clients_contact" for event in SEEN_BY],
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
