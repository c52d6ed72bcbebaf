from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("followups", "0023_refused_at_once")]

    operations = [
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                condition=models.Q(("after__isnull", False)), fields=["after"], name="next_steps"
            ),
        ),
    ]
