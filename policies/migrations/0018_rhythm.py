from django.db import migrations, models

# Months from one premium to the next, NULL where nothing regular is due.
MONTHS = """
CREATE FUNCTION policies_mode_months(mode text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE mode WHEN 'yearly' THEN 12 WHEN 'half_yearly' THEN 6 WHEN 'quarterly' THEN 3
        WHEN 'monthly' THEN 1 END
$$
"""
BETWEEN = """
CREATE FUNCTION policies_months_between(first date, last date) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((extract(year FROM last) - extract(year FROM first)) * 12
        + extract(month FROM last) - extract(month FROM first))::integer
$$
"""
NUMBER = """
CREATE FUNCTION policies_number_of(
    effective_on date, mode text, rhythm_from date, rhythm_number integer, mode_before text, due_on date
) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN effective_on IS NULL OR due_on < effective_on OR policies_mode_months(mode) IS NULL THEN 0
        WHEN rhythm_from IS NULL
            THEN policies_months_between(effective_on, due_on) / policies_mode_months(mode) + 1
        WHEN due_on >= rhythm_from THEN rhythm_number
            + policies_months_between(rhythm_from, due_on) / policies_mode_months(mode)
        ELSE greatest(1, rhythm_number
            + floor(policies_months_between(rhythm_from, due_on)::numeric / policies_mode_months(mode_before)))::integer
    END
$$
"""
# From the open premium on, or from an earlier one that the same change opens. It is the next after those
# that the old rhythm had before it, whether it fell on a day of that rhythm or between two.
NOTE = """
CREATE FUNCTION policies_policy_rhythm() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    begins date := least(OLD.next_due_on, NEW.next_due_on);
    since date := CASE WHEN OLD.rhythm_from <= begins THEN OLD.rhythm_from ELSE OLD.effective_on END;
    counted integer := CASE WHEN OLD.rhythm_from <= begins THEN OLD.rhythm_number ELSE 1 END;
    months integer := policies_mode_months(OLD.premium_mode);
BEGIN
    IF begins IS NULL OR since IS NULL OR begins < since OR months IS NULL
        OR policies_mode_months(NEW.premium_mode) IS NULL THEN
        RETURN NEW;
    END IF;
    NEW.rhythm_number := counted + ceil(policies_months_between(since, begins)::numeric / months);
    -- A rhythm in which no premium fell due leaves no trace.
    IF OLD.rhythm_from IS DISTINCT FROM begins THEN
        NEW.mode_before := OLD.premium_mode;
        NEW.premium_before := OLD.premium;
    END IF;
    NEW.rhythm_from := begins;
    RETURN NEW;
END $$;
CREATE TRIGGER policy_rhythm BEFORE UPDATE OF premium_mode ON policies_policy FOR EACH ROW
    WHEN (OLD.premium_mode IS DISTINCT FROM NEW.premium_mode) EXECUTE FUNCTION policies_policy_rhythm()
"""
DROP = """
DROP TRIGGER policy_rhythm ON policies_policy;
DROP FUNCTION policies_policy_rhythm(), policies_number_of(date, text, date, integer, text, date),
    policies_months_between(date, date), policies_mode_months(text)
"""


class Migration(migrations.Migration):
    dependencies = [("policies", "0017_attention")]
    operations = [
        migrations.AddField("policy", "rhythm_from", models.DateField(editable=False, null=True)),
        migrations.AddField(
            "policy", "rhythm_number", models.PositiveSmallIntegerField(editable=False, null=True)
        ),
        migrations.AddField(
            "policy",
            "mode_before",
            models.CharField(db_default="", default="", editable=False, max_length=11),
        ),
        migrations.AddField(
            "policy",
            "premium_before",
            models.DecimalField(
                decimal_places=2, editable=False, max_digits=14, null=True
            ),
        ),
        migrations.RunSQL(";".join((MONTHS, BETWEEN, NUMBER, NOTE)), DROP),
    ]
