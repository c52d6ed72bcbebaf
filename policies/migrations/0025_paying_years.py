from django.db import migrations

# The paying years end where the policy began, whatever day its premiums fall on.
DUE_AFTER = """
CREATE OR REPLACE FUNCTION policies_due_after(effective_on date, months integer, pay_years integer, due_on date)
RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN pay_years = 0 OR pay_years IS NULL
        OR following < ({began} + make_interval(years => pay_years))::date THEN following END
    FROM (
        SELECT anchor, policies_next_due(anchor, months, due_on + 1) AS following
        FROM (
            SELECT CASE WHEN policies_next_due(effective_on, months, due_on) = due_on
                THEN effective_on ELSE due_on END AS anchor
        ) AS anchored
    ) AS followed
    WHERE months IS NOT NULL
$$
"""


class Migration(migrations.Migration):
    dependencies = [("policies", "0024_needs")]
    operations = [
        migrations.RunSQL(
            DUE_AFTER.format(began="coalesce(effective_on, due_on)"),
            DUE_AFTER.format(began="anchor"),
        )
    ]
