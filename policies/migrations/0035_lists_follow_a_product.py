from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policies", "0034_numbers_of_nobody")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="unlisted_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
