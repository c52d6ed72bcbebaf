from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0003_says_it_is_paid"),
        ("policies", "0014_classification"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="policy",
            name="policies_of_a_holder",
        ),
        migrations.AddIndex(
            model_name="instalment",
            index=models.Index(
                condition=models.Q(("closed_on", None), ("paid_on", None)),
                fields=["policy"],
                include=("due_on", "grace_ends_on", "amount", "id"),
                name="owed_of_a_policy",
            ),
        ),
        migrations.AddIndex(
            model_name="policy",
            index=models.Index(
                fields=["holder", "id"],
                include=(
                    "status",
                    "next_due_on",
                    "lapses_on",
                    "reinstate_by",
                    "effective_on",
                    "premium_mode",
                ),
                name="policies_of_a_holder",
            ),
        ),
    ]
