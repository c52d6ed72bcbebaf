"""What the worker does for the imports. The ledger decides; a message only says "look now"."""

import logging
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from lib import dates
from policies import products
from policies.batches import ImportBatch
from policies.changes import ImportChange
from policies.classification import classify, want_again
from policies.importing import intake
from policies.importing.apply import Order
from policies.importing.folder import Folder
from policies.models import Insurer, Product

log = logging.getLogger(__name__)


@shared_task
def check(batch_id: int) -> None:
    for other in intake.check(ImportBatch.objects.get(pk=batch_id)):
        wake(other)


@shared_task
def apply(batch_id: int) -> None:
    intake.apply(ImportBatch.objects.get(pk=batch_id))


@shared_task
def undo(batch_id: int) -> None:
    intake.undo(ImportBatch.objects.get(pk=batch_id))


def wake(batch: ImportBatch) -> None:
    """Ask the worker to go on with an import; if the queue is down, the next tick asks again."""
    task = check if batch.state in ImportBatch.CHECKS else apply
    task = undo if batch.state == ImportBatch.State.UNDOING else task
    waits = "The queue is down; import %s waits for the next tick."
    _send(task, batch.pk, otherwise=lambda: log.warning(waits, batch.pk))


@shared_task
def classify_again(month: str) -> None:
    classify(date.fromisoformat(month), dates.today())


def wake_classification(month: date) -> None:
    """Ask the worker to classify a month; if the queue is down, the next tick does it.

    An earlier month that has no run yet must then be asked for again.
    """
    lost = "The queue is down; %s is not classified."

    def later() -> None:
        today = dates.today()
        if month == today.replace(day=1):
            want_again(today)
        else:
            log.warning(lost, month)

    _send(classify_again, f"{month}", otherwise=later)


@shared_task
def follow_product(product_id: int) -> None:
    products.follow(Product.objects.get(pk=product_id))


def wake_product(product: Product) -> None:
    """Ask the worker to let what is owed follow a product; if the queue is down, it is done at once."""
    _send(follow_product, product.pk, otherwise=lambda: products.follow(product))


def _send(task: Any, about: int | str, *, otherwise: Callable[[], object]) -> None:
    """Send the task once this is committed; where the queue is down, do `otherwise`."""

    def send() -> None:
        try:
            task.delay(about)
        except OperationalError:
            otherwise()

    transaction.on_commit(send)


@shared_task
def import_folder(quiet: float = 10) -> None:
    """Take what was dropped; whoever comes while another is at it does nothing."""
    Folder(Path(settings.IMPORT_FOLDER)).take(Order(Insurer.usual()), quiet)


def pick_up_waiting() -> int:
    """Wake every import whose message was lost or whose worker has fallen silent."""
    waiting = list(ImportBatch.objects.waiting())
    for batch in waiting:
        wake(batch)
    return len(waiting)


def forget_old_files() -> int:
    """Delete the books that came in longer ago than files are kept; what they changed stays told."""
    kept_since = timezone.now() - timedelta(days=settings.IMPORT_KEEP_DAYS)
    old = ImportBatch.objects.exclude(file="", refused_file="").filter(uploaded_at__lt=kept_since)
    ended = list(old.exclude(state__in=ImportBatch.BUSY))
    for batch in ended:
        if batch.state in {ImportBatch.State.CHECKED, ImportBatch.State.MAPPING}:
            batch.discard()  # nobody has confirmed it: there is nothing to tell
            continue
        batch.drop_files()
        no_files = {"file": "", "refused_file": "", "differences_file": ""}
        ImportBatch.objects.filter(pk=batch.pk).update(**no_files)
    _forget_what_was_before()
    return len(ended)


def _forget_what_was_before() -> None:
    """What an import changed is kept for as long as it may be undone."""
    kept_since = timezone.now() - timedelta(days=settings.IMPORT_UNDO_DAYS)
    old = ImportBatch.objects.filter(finished_at__lt=kept_since).exclude(state__in=ImportBatch.BUSY)
    ImportChange.objects.filter(batch__in=old).delete()
