from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("policies", "0021_files_reinstate")]
    operations = [
        migrations.AddIndex(
            "bankrow",
            models.Index(
                fields=["ok", "-returned_on", "row", "id"],
                name="bank_rows_posted",
                condition=Q(state="matched"),
                include=["policy"],
            ),
        ),
    ]
