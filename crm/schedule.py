"""The schedule: one message a minute. An app without the product in it, at half the memory."""

import os

from celery import Celery

from crm import environment as env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

# The schedule knows no evening and no list: it only says "look at the ledger now". So it may run
# twice, late, or not at all for days; a tick nobody heard within its minute is worth nothing.
TICKS = {
    "tick": {"task": "followups.tasks.tick", "schedule": 60.0, "options": {"expires": 55}},
}

if env.text("IMPORT_FOLDER"):
    TICKS["folder"] = TICKS["tick"] | {"task": "policies.tasks.import_folder"}

app = Celery("schedule", fixups=[], set_as_current=False)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = TICKS
