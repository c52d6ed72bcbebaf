from importlib import import_module

from django.db import migrations

before = import_module("followups.migrations.0003_touched_clients")


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0008_rhythm"),
        ("followups", "0008_people_are_watched"),
    ]
    operations = [before.watch("clients_consent", "client_id FROM changed")]
