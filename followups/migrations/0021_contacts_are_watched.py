from importlib import import_module

from django.db import migrations

before = import_module("followups.migrations.0003_touched_clients")


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0015_handover"),
        ("followups", "0020_morning_meetings"),
    ]
    operations = [before.watch("clients_contact", "client_id FROM changed")]
