"""The queue's side of the office: what the worker runs, and the one thing the schedule says."""

import os

from celery import Celery

from crm.office.tether import end_with_the_office

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
end_with_the_office()

app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# The schedule knows no evening and no list: it only says "look at the ledger now". So it may run
# twice, late, or not at all for days; a tick nobody heard within its minute is worth nothing.
app.conf.beat_schedule = {
    "tick": {"task": "followups.tasks.tick", "schedule": 60.0, "options": {"expires": 55}},
}
