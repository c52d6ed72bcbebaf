from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("policies", "0022_posted_lines")]
    operations = [
        migrations.AddIndex(
            "instalment",
            models.Index(
                fields=["due_on"], name="instalment_paid_due", condition=Q(paid_on__isnull=False)
            ),
        ),
    ]
