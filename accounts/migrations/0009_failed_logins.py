from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_where_a_day_begins"),
        ("axes", "0010_accessattemptexpiration"),
    ]

    operations = [
        migrations.CreateModel(
            name="FailedLogin",
            fields=[],
            options={
                "verbose_name": "failed login",
                "verbose_name_plural": "failed logins",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("axes.accessattempt",),
        ),
    ]
