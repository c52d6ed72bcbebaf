from django.db import migrations

# Whoever deletes a client is asked by every table that may name one, two dozen of them. NO ACTION asks
# twice, and only at the end; RESTRICT asks once. An import of a province is undone in half the time.
# Where a key may be empty, Django deletes in any order and counts on the question at the end.
CHANGE = """
DO $$
DECLARE fk record;
BEGIN
    FOR fk IN
        SELECT conrelid::regclass AS held_by, conname AS name, pg_get_constraintdef(oid) AS says
        FROM pg_constraint WHERE contype = 'f' AND confdeltype = '%(was)s' AND confrelid = ANY(
            ARRAY['clients_client', 'policies_policy', 'policies_instalment']::regclass[])
            AND (SELECT attnotnull FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1])
    LOOP
        EXECUTE format(
            'ALTER TABLE %%s DROP CONSTRAINT %%I, ADD CONSTRAINT %%I %%s', fk.held_by, fk.name, fk.name,
            replace(replace(fk.says, ' ON DELETE RESTRICT', ''), ' DEFERRABLE', '%(now)s DEFERRABLE'));
    END LOOP;
END $$
"""
RESTRICT = CHANGE % {"was": "a", "now": " ON DELETE RESTRICT"}
NO_ACTION = CHANGE % {"was": "r", "now": ""}


class Migration(migrations.Migration):
    dependencies = [
        ("followups", "0022_agent_work"),
        ("policies", "0030_changes_unchecked"),
        ("clients", "0015_handover"),
    ]
    operations = [migrations.RunSQL(RESTRICT, NO_ACTION)]
