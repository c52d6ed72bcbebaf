from django.db import migrations, models

# The import that brought the move travels as a setting of the transaction, as it does for what happens
# to a policy: when it is undone, its moves never were.
SAYS_WHICH = """
CREATE OR REPLACE FUNCTION clients_note_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO clients_moved (client_id, what, "on", batch)
    SELECT NEW.id, moved.what, COALESCE(NULLIF(current_setting('evergreen.on', true), '')::date, current_date),
           NULLIF(current_setting('evergreen.batch', true), '')::bigint
    FROM (VALUES ('address', OLD.address, NEW.address), ('mobile', OLD.mobile, NEW.mobile),
                 ('phone', OLD.phone, NEW.phone)) AS moved (what, was, now)
    WHERE was <> '' AND now <> '' AND replace(was, ' ', '') <> replace(now, ' ', '')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("clients", "0009_cards_letters_gifts")]

    operations = [
        migrations.AddField(
            model_name="moved", name="batch", field=models.BigIntegerField(null=True)
        ),
        migrations.RunSQL(SAYS_WHICH, migrations.RunSQL.noop),
    ]
