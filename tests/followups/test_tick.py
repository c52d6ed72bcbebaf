"""The minute tick: the ledger decides what lacks, whoever asks and however often."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from followups.models import FollowUp, ListRun
from followups.tasks import list_due, tick
from policies import products
from policies.models import ImportBatch, Insurer, Product
from tests.conftest import TODAY

OFFICE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("hour", "minute", "day"),
    [
        (0, 5, date(2026, 6, 12)),
        (18, 29, date(2026, 6, 12)),
        (18, 30, date(2026, 6, 13)),
        (23, 59, date(2026, 6, 13)),
    ],
)
def test_tomorrows_list_is_due_from_half_past_six_office_time(
    hour: int, minute: int, day: date
) -> None:
    assert list_due(datetime(2026, 6, 12, hour, minute, tzinfo=OFFICE)) == day


@pytest.mark.django_db
def test_the_tick_writes_what_lacks_and_then_rests() -> None:
    with time_machine.travel(datetime(2026, 6, 12, 19, tzinfo=OFFICE), tick=False):
        tick()
        tick()
    assert [run.day for run in ListRun.objects.all()] == [date(2026, 6, 13)]


@pytest.mark.django_db
def test_a_book_that_came_in_is_on_todays_list_at_the_next_tick(make_instalment: Any) -> None:
    with time_machine.travel(datetime(2026, 6, 12, 10, tzinfo=OFFICE), tick=False):
        tick()
        make_instalment(due_on=TODAY)
        batch = ImportBatch.objects.create(
            insurer=Insurer.usual(), name="book.csv", state="applied"
        )
        tick()
    assert FollowUp.objects.open().on(TODAY).get().rule == "renewal-due"
    batch.refresh_from_db()
    assert batch.listed_at is not None


@pytest.mark.django_db
def test_the_tick_classifies_a_month_once_and_again_when_a_book_came_in(make_policy: Any) -> None:
    with time_machine.travel(datetime(2026, 6, 12, 10, tzinfo=OFFICE), tick=False):
        tick()
        client = make_policy().holder
        tick()
        assert not client.classes.exists()
        ImportBatch.objects.create(insurer=Insurer.usual(), name="book.csv", state="applied")
        tick()
    assert [row.month for row in client.classes.all()] == [date(2026, 6, 1)]


@pytest.mark.django_db
def test_lists_follow_a_corrected_product_at_the_next_tick_and_a_second_correction_too(
    make_instalment: Any,
) -> None:
    """Sixty days of grace are typed as six, and mended an hour later."""
    product = make_instalment(due_on=TODAY - timedelta(days=30)).policy.product
    on_the_list = FollowUp.objects.open().on(TODAY)

    def corrected(grace_days: int) -> list[str]:
        Product.objects.filter(pk=product.pk).update(grace_days=grace_days)
        products.follow(product)
        tick()
        assert not Product.objects.exclude(unlisted_since=None)
        return sorted(on_the_list.values_list("rule", flat=True))

    with time_machine.travel(datetime(2026, 6, 12, 10, tzinfo=OFFICE), tick=False):
        tick()
        before = sorted(on_the_list.values_list("rule", flat=True))
        assert before
        assert corrected(6) != before
        assert corrected(60) == before
        runs = ListRun.objects.count()
        products.follow(product)  # nothing is owed otherwise than it was
        tick()
    assert ListRun.objects.count() == runs
