from django.db import migrations

_SAID_ON = "said_on date := COALESCE(NULLIF(current_setting('evergreen.on', true), '')::date, current_date)"
MOVES = f"""
CREATE OR REPLACE FUNCTION policies_policy_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE {_SAID_ON};
BEGIN
    PERFORM policies_check_move('policy', OLD.status, NEW.status);
    IF NEW.status IN ('in_force', 'lapsed', 'paid_up') THEN
        NEW.ended_on := NULL;
    ELSE
        NEW.ended_on := COALESCE(NEW.ended_on, said_on);
    END IF;
    %s
    RETURN NEW;
END $$
"""
# Whoever says so: a click names the day itself.
COMES_BACK = """
    IF OLD.status = 'lapsed' AND NEW.status = 'in_force'
        AND NEW.reinstated_on IS NOT DISTINCT FROM OLD.reinstated_on THEN
        NEW.reinstated_on := said_on;
    END IF;
"""


class Migration(migrations.Migration):
    dependencies = [("policies", "0020_import_columns_and_modes")]
    operations = [migrations.RunSQL(MOVES % COMES_BACK, MOVES % "")]
