"""The queue's side of the office: what the worker runs."""

from celery import Celery

from crm.schedule import TICKS

app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = TICKS  # so that `celery --app=crm beat` ticks as well
