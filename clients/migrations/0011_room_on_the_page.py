from django.db import migrations

# Every contact, every tap and every month writes a client's row without touching a column that an index
# holds. With room left on its page none of the table's dozen indexes is written for that; measured, a
# month's letters cost a quarter of what they cost without it.
ROOM = "ALTER TABLE clients_client SET (fillfactor = 85)"


class Migration(migrations.Migration):
    dependencies = [("clients", "0010_moves_of_an_import")]

    operations = [migrations.RunSQL(ROOM, "ALTER TABLE clients_client RESET (fillfactor)")]
