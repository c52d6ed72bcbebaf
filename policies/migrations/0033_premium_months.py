import django.db.models.deletion
from django.db import migrations, models

MONTHS = {"yearly": 12, "half_yearly": 6, "quarterly": 3, "monthly": 1}
SECOND_AND_THIRD_YEAR = range(12, 36)
PREMIUMS = ", ".join(
    f"('{mode}', {n})" for mode, months in MONTHS.items() for n in SECOND_AND_THIRD_YEAR if n % months == 0
)
# Premiums are joined by the name of the mode, so that the planner knows how many a policy has. Where the
# mode was changed, each month is tried: from that day on in the new rhythm, before it in the old.
VIEW = f"""
CREATE VIEW policies_premium_month AS
SELECT p.id AS policy_id, n AS month, due_from, (p.effective_on + make_interval(months => n))::date AS falls_due_on,
    policies_mode_months(CASE WHEN since < 0 THEN p.mode_before ELSE p.premium_mode END) AS paid_for
FROM policies_policy p
JOIN (VALUES {PREMIUMS}) AS premium (mode, n) ON p.rhythm_from IS NULL AND premium.mode = p.premium_mode
    OR p.rhythm_from IS NOT NULL AND premium.mode = 'monthly'
CROSS JOIN LATERAL (
    SELECT (date_trunc('month', p.effective_on::timestamp) + make_interval(months => n))::date AS due_from
) AS due
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.rhythm_from IS NOT NULL THEN policies_months_between(p.rhythm_from, due_from) END AS since
) AS change
WHERE p.rhythm_from IS NULL OR CASE
    WHEN since < 0 THEN n % policies_mode_months(p.mode_before)
    ELSE since % policies_mode_months(p.premium_mode) END = 0
"""


class Migration(migrations.Migration):
    dependencies = [("policies", "0032_events_of_many")]
    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW policies_premium_month"),
        migrations.CreateModel(
            name="PremiumMonth",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "policy_id",
                        "month",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("month", models.PositiveSmallIntegerField()),
                ("due_from", models.DateField()),
                ("falls_due_on", models.DateField()),
                ("paid_for", models.PositiveSmallIntegerField()),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="premium_months",
                        to="policies.policy",
                    ),
                ),
            ],
            options={"db_table": "policies_premium_month", "managed": False},
        ),
    ]
