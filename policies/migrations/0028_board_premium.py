import django.db.models.deletion
from django.db import migrations, models

# No conditions in here: the planner would read each half apart, and not through the policies it wants.
VIEW = """
CREATE VIEW policies_board_premium AS
SELECT id, policy_id, due_on, grace_ends_on, amount, paid_on, closed_on, false AS is_paid FROM policies_instalment
UNION ALL
SELECT id, policy_id, due_on, grace_ends_on, amount, paid_on, closed_on, true FROM policies_instalment
"""


class Migration(migrations.Migration):
    dependencies = [("policies", "0027_board_in_one_pass")]
    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW policies_board_premium"),
        migrations.CreateModel(
            name="BoardPremium",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("due_on", models.DateField()),
                ("grace_ends_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=2, max_digits=14, verbose_name=None)),
                ("paid_on", models.DateField(null=True)),
                ("closed_on", models.DateField(null=True)),
                ("is_paid", models.BooleanField()),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="policies.policy",
                    ),
                ),
            ],
            options={"db_table": "policies_board_premium", "managed": False},
        ),
    ]
