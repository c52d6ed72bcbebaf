from django.db import migrations, models

# Several processes may count a premium's number at once.
SIGNATURES = (
    "policies_mode_months(text)",
    "policies_months_between(date, date)",
    "policies_number_of(date, text, date, integer, text, date)",
)
OWED = models.Q(closed_on=None, paid_on=None)
PAID = models.Q(paid_on__isnull=False)


def marked(how: str) -> str:
    return ";".join(f"ALTER FUNCTION {signature} PARALLEL {how}" for signature in SIGNATURES)


def by_due_date(name: str, condition: models.Q) -> models.Index:
    told = ("policy", "grace_ends_on", "amount", "id")
    return models.Index(fields=["due_on"], name=name, condition=condition, include=told)


class Migration(migrations.Migration):
    dependencies = [("policies", "0026_cooling_off_from")]
    operations = [
        migrations.RunSQL(marked("SAFE"), marked("UNSAFE")),
        migrations.RemoveIndex("instalment", "instalment_owed_due"),
        migrations.RemoveIndex("instalment", "instalment_paid_due"),
        migrations.RemoveIndex("policy", "policies_of_a_holder"),
        migrations.AddIndex("instalment", by_due_date("instalment_owed_due", OWED)),
        migrations.AddIndex("instalment", by_due_date("instalment_paid_due", PAID)),
        migrations.AddIndex(
            "policy",
            models.Index(
                fields=["holder", "id"],
                name="policies_of_a_holder",
                include=[
                    "status",
                    "next_due_on",
                    "lapses_on",
                    "reinstate_by",
                    "effective_on",
                    "premium_mode",
                    "product",
                    "rhythm_from",
                    "rhythm_number",
                    "mode_before",
                ],
            ),
        ),
    ]
