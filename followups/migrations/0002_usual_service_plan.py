from django.db import migrations

# 11 service items x 3 classes. "event": only when something real happened asks for it.
MUST, MAY, EVENT, NO = "must", "may", "event", "no"
USUAL = {
    1: (MUST, MUST, MUST),
    2: (MUST, MUST, MUST),
    3: (MUST, MUST, MUST),
    4: (MUST, MUST, MUST),
    5: (EVENT, MUST, MUST),
    6: (EVENT, MUST, MUST),
    7: (EVENT, MUST, MUST),
    8: (EVENT, MUST, MUST),
    9: (NO, MUST, MUST),
    10: (MUST, MUST, MUST),
    11: (NO, NO, MAY),
}
CLASSES = ("maintain", "nurture", "develop")


def fill(apps, schema_editor):
    plan = apps.get_model("followups", "ServicePlan")
    plan.objects.bulk_create(
        plan(item=item, client_class=client_class, level=level)
        for item, levels in USUAL.items()
        for client_class, level in zip(CLASSES, levels)
    )


class Migration(migrations.Migration):
    dependencies = [("followups", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
