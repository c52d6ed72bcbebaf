"""Clients are swept after a day's contacts, not after a fifth of the table: lists read their indexes alone (0052)."""

from django.db import migrations

OFTEN = "ALTER TABLE clients_client SET (autovacuum_vacuum_scale_factor = 0.01)"


class Migration(migrations.Migration):
    dependencies = [("clients", "0015_handover")]

    operations = [
        migrations.RunSQL(
            OFTEN, "ALTER TABLE clients_client RESET (autovacuum_vacuum_scale_factor)"
        ),
    ]
