from django.db import migrations


def make_usual_insurer(apps, schema_editor):
    """One insurer to begin with, so that looking at a page never has to make it."""
    apps.get_model("policies", "Insurer").objects.get_or_create(
        code="main", defaults={"name": "主承保公司"}
    )


class Migration(migrations.Migration):
    dependencies = [("policies", "0003_imports_by_command")]
    operations = [migrations.RunPython(make_usual_insurer, migrations.RunPython.noop)]
