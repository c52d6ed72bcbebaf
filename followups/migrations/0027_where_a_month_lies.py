"""Where in the years of follow-ups a month lies."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("followups", "0026_due_work")]

    operations = [
        migrations.AddIndex(
            model_name="followup",
            index=BrinIndex(
                fields=["keep_until"], name="followups_by_last_day", pages_per_range=32
            ),
        ),
    ]
