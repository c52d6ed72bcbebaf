from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policies", "0007_lists")]
    operations = [
        # Until now every import was one of a policy book.
        migrations.AddField(
            "importbatch",
            "kind",
            models.CharField("kind of list", max_length=12, blank=True, default="issued"),
        ),
        migrations.AlterField(
            "importbatch",
            "kind",
            models.CharField("kind of list", max_length=12, blank=True, default=""),
        ),
    ]
