from django.db import migrations, models

# Whatever changes about a client since the lists were last written is noted here by the database
# itself, whoever changes it and by whichever way. One note per statement and client.
NOTE = """
CREATE FUNCTION followups_touch() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on AS $$
DECLARE
    changed text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT * FROM new_rows'
        WHEN 'DELETE' THEN 'SELECT * FROM old_rows'
        ELSE 'SELECT n.* FROM new_rows n JOIN old_rows o USING (id) WHERE n *<> o
              UNION ALL SELECT o.* FROM new_rows n JOIN old_rows o USING (id) WHERE n *<> o'
    END;
BEGIN
    EXECUTE format('WITH changed AS (%s) INSERT INTO followups_touched (client_id) SELECT DISTINCT %s',
                   changed, TG_ARGV[0]);
    RETURN NULL;
END $$;
"""
FORGET = "DROP FUNCTION followups_touch();"

OF_ITS_POLICY = "p.holder_id FROM changed JOIN policies_policy p ON p.id = changed.policy_id"
# Table, and the clients its changed rows are about.
WATCHED = {
    "clients_client": "id FROM changed",
    "policies_policy": "holder_id FROM changed",
    "policies_instalment": OF_ITS_POLICY,
    "policies_uncollectedcase": OF_ITS_POLICY,
    "policies_product": "p.holder_id FROM changed JOIN policies_policy p ON p.product_id = changed.id",
    "followups_followup": "client_id FROM changed",
}
# What the lists change themselves is no news to them.
LOOK_AWAY = {
    "followups_followup": "WHEN (current_setting('evergreen.writing_lists', true) IS DISTINCT FROM 'on')"
}
SEEN_BY = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}


def watch(table, clients):
    return migrations.RunSQL(
        [
            f"CREATE TRIGGER touch_on_{event.lower()} AFTER {event} ON {table} {rows} "
            f"FOR EACH STATEMENT {LOOK_AWAY.get(table, '')} EXECUTE FUNCTION followups_touch('{clients}')"
            for event, rows in SEEN_BY.items()
        ],
        [f"DROP TRIGGER touch_on_{event.lower()} ON {table}" for event in SEEN_BY],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0001_initial"),
        ("followups", "0002_usual_service_plan"),
        ("policies", "0006_moves_and_events"),
    ]
    operations = [
        migrations.CreateModel(
            name="Touched",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("client_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Unsettled",
            fields=[("client_id", models.BigIntegerField(primary_key=True, serialize=False))],
            options={"db_table": "followups_unsettled", "managed": False},
        ),
        migrations.AddField(
            model_name="listrun",
            name="looked_at",
            field=models.PositiveIntegerField(
                help_text="Empty: the whole book", null=True, verbose_name="clients looked at"
            ),
        ),
        migrations.AddField(
            model_name="listrun",
            name="basis",
            field=models.CharField(default="", editable=False, max_length=64),
        ),
        migrations.RunSQL(NOTE, FORGET),
        *(watch(table, clients) for table, clients in WATCHED.items()),
    ]
