"""The queue's side of the office: what the worker runs."""

from typing import Any

from celery import Celery
from celery.signals import worker_init

from crm.schedule import TICKS
from lib.aside import step_aside

app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = TICKS  # so that `celery --app=crm beat` ticks as well


@worker_init.connect
def let_pages_go_first(**_about: Any) -> None:
    step_aside()
