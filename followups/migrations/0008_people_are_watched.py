from importlib import import_module

from django.db import migrations

watch = import_module("followups.migrations.0003_touched_clients").watch
AROUND_CLIENTS = (
    "clients_familymember",
    "clients_keydate",
    "clients_lifeevent",
    "clients_infocard",
)


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0007_people"),
        ("followups", "0007_followups_by_policy"),
    ]
    operations = [watch(table, "client_id FROM changed") for table in AROUND_CLIENTS]
