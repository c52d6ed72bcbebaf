"""Writing the lists: once, late, twice, by many at once, it is the same list."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clients.models import Client
from followups.daily import write_day, write_lists
from followups.models import FollowUp, ListRun
from policies.models import Instalment
from tests.conftest import TODAY

A_DAY = timedelta(days=1)
ROW = ("client_id", "policy_id", "rule", "occasion_on", "list_on", "keep_until", "status", "reason")


def the_list() -> list[tuple[Any, ...]]:
    return sorted(FollowUp.objects.values_list(*ROW), key=str)


def days(first: date, count: int) -> list[date]:
    return [first + n * A_DAY for n in range(count)]


@pytest.mark.django_db
def test_a_premium_goes_through_its_stages_and_only_the_latest_is_open(
    make_instalment: Any,
) -> None:
    make_instalment(due_on=TODAY)
    expected = {
        -31: [],
        -30: ["renewal-month"],
        -10: ["renewal-month"],
        -9: [],
        0: ["renewal-due"],
        5: ["renewal-due"],
        6: [],
        10: ["grace-10"],
        20: ["grace-10"],
        21: [],
        30: ["grace-30"],
        45: ["grace-45"],
        52: ["grace-45"],
        53: ["grace-last-week"],
        56: ["grace-last-week"],
        57: ["grace-last-days"],
        60: ["grace-last-days"],
        61: ["lapsed"],
        62: ["lapsed"],
    }
    for n, codes in expected.items():
        write_day(TODAY + n * A_DAY)
        stages = FollowUp.objects.open().filter(series__in=["premium", "lapse"])
        assert list(stages.on(TODAY + n * A_DAY).values_list("rule", flat=True)) == codes, n


@pytest.mark.django_db
def test_with_a_shorter_grace_a_later_stage_replaces_the_earlier(make_instalment: Any) -> None:
    make_instalment(due_on=TODAY - 28 * A_DAY, grace_ends_on=TODAY + 2 * A_DAY)  # 30 days of grace
    write_day(TODAY - 5 * A_DAY)
    assert FollowUp.objects.get().rule == "grace-last-week"
    write_day(TODAY - A_DAY)
    assert dict(FollowUp.objects.values_list("rule", "status")) == {
        "grace-last-week": "superseded",
        "grace-last-days": "open",
    }


@pytest.mark.django_db
def test_a_paid_premium_is_withdrawn_with_its_reason(make_instalment: Any) -> None:
    instalment = make_instalment(due_on=TODAY)
    write_day(TODAY)
    instalment.paid_on = TODAY
    instalment.save()
    run = write_day(TODAY + A_DAY)
    assert run.withdrawn == 1
    assert FollowUp.objects.get(series="premium").reason == "paid"


@pytest.mark.django_db
def test_what_gave_way_stands_again_when_the_later_stage_is_withdrawn(make_instalment: Any) -> None:
    """A list told of a failed debit, and did not know that it was an earlier one."""
    instalment = make_instalment(due_on=TODAY - 12 * A_DAY)
    write_day(TODAY)
    for failed_on, standing in ((TODAY, "bank-failed"), (TODAY - 9 * A_DAY, "grace-10")):
        Instalment.objects.filter(pk=instalment.pk).update(
            failed_on=failed_on, failure="insufficient"
        )
        write_day(TODAY + A_DAY)
        assert FollowUp.objects.open().get(series="premium").rule == standing
    assert FollowUp.objects.get(rule="bank-failed").reason == "changed"
    Instalment.objects.filter(pk=instalment.pk).update(paid_on=TODAY)
    write_day(TODAY + A_DAY)
    assert not FollowUp.objects.open().filter(series="premium").exists()


@pytest.mark.django_db
def test_a_corrected_due_date_withdraws_the_old_and_asks_anew(make_instalment: Any) -> None:
    instalment = make_instalment(due_on=TODAY)
    write_day(TODAY)
    Instalment.objects.filter(pk=instalment.pk).update(due_on=TODAY + A_DAY)
    write_day(TODAY + A_DAY)
    assert sorted(FollowUp.objects.values_list("occasion_on", "status")) == [
        (TODAY, "withdrawn"),
        (TODAY + A_DAY, "open"),
    ]


@pytest.mark.django_db
def test_a_book_imported_today_gets_the_work_still_worth_doing(make_instalment: Any) -> None:
    make_instalment(due_on=TODAY - 50 * A_DAY)
    write_day(TODAY)
    assert FollowUp.objects.get(series="premium").rule == "grace-45"


@pytest.mark.django_db
def test_a_birthday_that_passed_unseen_is_counted_as_missed_and_comes_around_again(
    make_client: Any, make_policy: Any
) -> None:
    client = make_client(birth_on=date(1980, 6, 12))
    Client.objects.filter(pk=client.pk).update(next_birthday_on=TODAY)
    make_policy(client)
    runs = [write_day(day) for day in days(TODAY, 3)]
    assert [run.missed for run in runs] == [0, 0, 1]
    client.refresh_from_db()
    assert client.next_birthday_on == date(2027, 6, 12)


@pytest.mark.django_db
def test_a_lunar_birthday_is_greeted_by_the_lunar_calendar(
    make_client: Any, make_policy: Any
) -> None:
    client = make_client(birth_on=date(1980, 6, 12), birthday_calendar="lunar")
    client.derive(TODAY)
    client.save()
    Client.objects.filter(pk=client.pk).update(next_birthday_on=client.next_birthday_on)
    make_policy(client)
    assert client.next_birthday_on != date(2026, 6, 12)
    write_day(client.next_birthday_on)
    assert FollowUp.objects.get().rule == "birthday"


@pytest.mark.django_db
def test_each_missed_day_gets_its_line_in_the_ledger_in_order() -> None:
    write_day(TODAY)
    runs = write_lists(TODAY + 5 * A_DAY)
    assert [run.day for run in runs] == days(TODAY + A_DAY, 5)


@pytest.mark.django_db
def test_after_a_long_silence_only_the_last_days_are_written(settings: Any) -> None:
    settings.CATCH_UP_DAYS = 4
    write_day(TODAY - timedelta(days=400))
    assert len(write_lists(TODAY)) == 5
    assert ListRun.last_day() == TODAY


stage = st.tuples(
    st.integers(-95, 70), st.sampled_from(["yearly", "monthly"]), st.sampled_from([6820, 60000])
)


@pytest.mark.django_db
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    book=st.lists(stage, min_size=1, max_size=6),
    birthdays=st.lists(st.integers(-3, 9), max_size=4),
    gap=st.integers(1, 9),
)
def test_catching_up_equals_writing_daily(
    make_instalment: Any, make_policy: Any, make_client: Any, book: Any, birthdays: Any, gap: int
) -> None:
    with transaction.atomic():
        for since, mode, premium in book:
            make_instalment(
                make_policy(premium_mode=mode, premium=premium), due_on=TODAY - since * A_DAY
            )
        for ahead in birthdays:
            client = make_policy(make_client(birth_on=date(1980, 1, 1))).holder
            Client.objects.filter(pk=client.pk).update(next_birthday_on=TODAY + ahead * A_DAY)
        write_day(TODAY)
        before = transaction.savepoint()
        for day in days(TODAY + A_DAY, gap):
            write_lists(day)
        daily = the_list()
        transaction.savepoint_rollback(before)
        write_lists(TODAY + gap * A_DAY)
        assert the_list() == daily
        write_lists(TODAY + gap * A_DAY)
        assert the_list() == daily
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_eight_processes_write_one_day_as_one(make_instalment: Callable[..., Any]) -> None:
    for n in range(40):
        make_instalment(due_on=TODAY - n * A_DAY)
    database = connection.settings_dict
    code = (
        "import django; from django.conf import settings; from datetime import date;"
        f"settings.DATABASES['default']['NAME'] = {database['NAME']!r}; django.setup();"
        f"from followups.daily import write_lists; write_lists(date.fromisoformat('{TODAY}'))"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "crm.settings"},
        )
        for _ in range(8)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 8
    written = the_list()
    FollowUp.objects.all().delete()
    write_day(TODAY)
    assert written == the_list()
    assert len(written) > 0


def test_what_was_agreed_about_a_paid_up_policy_stays(make_policy: Any, make_followup: Any) -> None:
    policy = make_policy(status="paid_up")
    agreed = make_followup(
        policy.holder, policy=policy, rule="agreed", series="maturity", keep_until=TODAY + A_DAY
    )
    write_day(TODAY + A_DAY)
    agreed.refresh_from_db()
    assert agreed.is_open
