from django.db import migrations

# Both join the rows before a statement with those after it, by a plan that is made at the first statement
# of a connection: made for one row, it would compare a list of thousands each with each.
EVENTS = ("policies_policy_events", "policies_instalment_events")


class Migration(migrations.Migration):
    dependencies = [("policies", "0031_owed_premiums")]
    operations = [
        migrations.RunSQL(
            [f"ALTER FUNCTION {name}() SET enable_nestloop = off" for name in EVENTS],
            [f"ALTER FUNCTION {name}() RESET enable_nestloop" for name in EVENTS],
        )
    ]
