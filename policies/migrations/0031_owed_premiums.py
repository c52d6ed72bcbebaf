import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COLUMNS = "agent_id, due_on, grace_ends_on, amount, status, lapses_on, reinstate_by"
INTO = f"INSERT INTO policies_owedpremium (instalment_id, {COLUMNS})"
# Of `i`, instalments, with their policy and its holder.
OWED = """
    SELECT i.id, c.agent_id, i.due_on, i.grace_ends_on, i.amount, p.status, p.lapses_on, p.reinstate_by
    FROM {instalments} i JOIN policies_policy p ON p.id = i.policy_id JOIN clients_client c ON c.id = p.holder_id
    WHERE i.paid_on IS NULL AND i.closed_on IS NULL
"""
# Planned anew each time: what suits one row would be quadratic for an import.
KEEP_OWED = f"""
CREATE FUNCTION policies_keep_owed() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on AS $$
DECLARE
    changed text := CASE TG_OP
        WHEN 'INSERT' THEN 'new_rows'
        ELSE '(SELECT n.* FROM new_rows n JOIN old_rows o USING (id)
               WHERE (n.policy_id, n.due_on, n.grace_ends_on, n.amount, n.paid_on, n.closed_on) IS DISTINCT FROM
                     (o.policy_id, o.due_on, o.grace_ends_on, o.amount, o.paid_on, o.closed_on))'
    END;
BEGIN
    IF TG_OP = 'DELETE' THEN
        EXECUTE 'DELETE FROM policies_owedpremium w USING old_rows o WHERE w.instalment_id = o.id';
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        EXECUTE 'DELETE FROM policies_owedpremium w USING new_rows n
                 WHERE w.instalment_id = n.id AND (n.paid_on IS NOT NULL OR n.closed_on IS NOT NULL)';
    END IF;
    EXECUTE format($q$
        {INTO} {OWED.format(instalments="%s")}
        ON CONFLICT (instalment_id) DO UPDATE SET ({COLUMNS}) =
            ({", ".join(f"excluded.{name}" for name in COLUMNS.split(", "))})
    $q$, changed);
    RETURN NULL;
END $$;
"""
# Most changes concern neither: what does is picked out first, so that nothing is joined for the others.
OF_A_POLICY = """
CREATE FUNCTION policies_owed_of_a_policy() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on AS $$
DECLARE changed bigint[];
BEGIN
    EXECUTE 'SELECT array_agg(id) FROM new_rows n JOIN old_rows o USING (id)
             WHERE (n.status, n.lapses_on, n.reinstate_by, n.holder_id) IS DISTINCT FROM
                   (o.status, o.lapses_on, o.reinstate_by, o.holder_id)' INTO changed;
    IF changed IS NOT NULL THEN
        EXECUTE 'UPDATE policies_owedpremium w
                 SET status = p.status, lapses_on = p.lapses_on, reinstate_by = p.reinstate_by,
                     agent_id = c.agent_id
                 FROM unnest($1) AS u (id) JOIN policies_policy p USING (id)
                     JOIN clients_client c ON c.id = p.holder_id JOIN policies_instalment i ON i.policy_id = p.id
                 WHERE w.instalment_id = i.id AND i.paid_on IS NULL AND i.closed_on IS NULL' USING changed;
    END IF;
    RETURN NULL;
END $$;
"""
OF_A_CLIENT = """
CREATE FUNCTION policies_owed_of_a_client() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on AS $$
DECLARE moved bigint[];
BEGIN
    EXECUTE 'SELECT array_agg(id) FROM new_rows n JOIN old_rows o USING (id)
             WHERE n.agent_id IS DISTINCT FROM o.agent_id' INTO moved;
    IF moved IS NOT NULL THEN
        EXECUTE 'UPDATE policies_owedpremium w SET agent_id = c.agent_id
                 FROM unnest($1) AS u (id) JOIN clients_client c USING (id)
                     JOIN policies_policy p ON p.holder_id = c.id JOIN policies_instalment i ON i.policy_id = p.id
                 WHERE w.instalment_id = i.id AND i.paid_on IS NULL AND i.closed_on IS NULL' USING moved;
    END IF;
    RETURN NULL;
END $$;
"""
SEEN_BY = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}
WATCHED = [
    *(("policies_instalment", event, "policies_keep_owed") for event in SEEN_BY),
    ("policies_policy", "UPDATE", "policies_owed_of_a_policy"),
    ("clients_client", "UPDATE", "policies_owed_of_a_client"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0015_handover"),
        ("policies", "0030_changes_unchecked"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="OwedPremium",
            fields=[
                ("instalment_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("due_on", models.DateField()),
                ("grace_ends_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=2, max_digits=14)),
                ("status", models.CharField(max_length=12)),
                ("lapses_on", models.DateField(null=True)),
                ("reinstate_by", models.DateField(null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        # What was there before there were triggers; the index is made over all of it at once.
        migrations.RunSQL(
            f"{INTO} {OWED.format(instalments='policies_instalment')}", migrations.RunSQL.noop
        ),
        migrations.AddIndex(
            model_name="owedpremium",
            index=models.Index(
                fields=["agent", "due_on"],
                include=("grace_ends_on", "lapses_on", "reinstate_by", "status", "amount"),
                name="owed_of_an_agent",
            ),
        ),
        migrations.RunSQL(
            [KEEP_OWED, OF_A_POLICY, OF_A_CLIENT],
            [f"DROP FUNCTION {name}()" for name in sorted({name for *_on, name in WATCHED})],
        ),
        migrations.RunSQL(
            [
                f"CREATE TRIGGER owed_on_{event.lower()} AFTER {event} ON {table} {SEEN_BY[event]} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
                for table, event, function in WATCHED
            ],
            [f"DROP TRIGGER owed_on_{event.lower()} ON {table}" for table, event, _name in WATCHED],
        ),
    ]
