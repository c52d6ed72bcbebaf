"""What is foreseen today is what the lists of those days hold when nothing changes."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from clients.models import Client
from followups.daily import write_day
from followups.foreseen import Foreseen, of_agent, of_client
from followups.models import FollowUp, Planned, ServicePlan
from tests.conftest import TODAY
from tests.followups.test_touched import quickly

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


def named(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in FollowUp.WRITTEN)


def written(client: Client, first: date, last: date) -> list[tuple[Any, ...]]:
    """What the lists of these days hold, once each has been written on its eve."""
    for n in range((last - first).days + 1):
        write_day(first + n * A_DAY)
    rows = client.followups.filter(list_on__range=(first, last))
    return sorted(map(named, rows), key=repr)


books = st.lists(
    st.tuples(
        st.integers(-70, 60),
        st.sampled_from(["yearly", "monthly"]),
        st.sampled_from([6820, 60000]),
        st.sampled_from([30, 60]),
        st.sampled_from(["annuity", "medical", "term"]),
        st.integers(-1, 30),
    ),
    min_size=1,
    max_size=3,
)


@quickly(3)
@given(book=books, turns=st.integers(1, 40), served=st.sampled_from(["develop", "maintain"]))
def test_what_is_foreseen_is_what_will_be_written(
    make_client: Any, make_policy: Any, make_instalment: Any, book: Any, turns: int, served: str
) -> None:
    with transaction.atomic():
        client = make_client(birth_on=date(1980, 1, 1), client_class=served)
        for since, mode, premium, grace, kind, days in book:
            policy = make_policy(
                client,
                premium_mode=mode,
                premium=premium,
                kind=kind,
                cover_years=1,
                issued_on=TODAY + (days - 3) * A_DAY,
                receipt_signed_on=None,
                matures_on=TODAY + 3 * days * A_DAY,
                covers_until=TODAY + 4 * days * A_DAY,
            )
            due_on = TODAY - since * A_DAY
            make_instalment(policy, due_on=due_on, grace_ends_on=due_on + grace * A_DAY)
        Client.objects.filter(pk=client.pk).update(next_birthday_on=TODAY + turns * A_DAY)
        write_day(TODAY)
        first, last = TODAY + A_DAY, TODAY + 12 * A_DAY
        plan = of_client(client.pk, first, last, today=TODAY, unpaid=True)
        assert sorted(map(named, plan), key=repr) == written(client, first, last)
        transaction.set_rollback(True)


def test_a_premium_not_due_yet_is_taken_to_be_paid(make_instalment: Any) -> None:
    client = make_instalment(due_on=TODAY + 20 * A_DAY).policy.holder
    plan = of_client(client.pk, TODAY, TODAY + 200 * A_DAY, today=TODAY)
    assert [row.rule for row in plan] == ["renewal-due"]
    both = of_client(client.pk, TODAY, TODAY + 200 * A_DAY, today=TODAY, unpaid=True)
    assert {row.rule for row in both if row.unpaid} >= {"grace-10", "grace-last-days", "lapsed"}


def test_one_that_is_overdue_is_not(make_instalment: Any) -> None:
    client = make_instalment(due_on=TODAY - A_DAY).policy.holder
    plan = of_client(client.pk, TODAY, TODAY + 70 * A_DAY, today=TODAY)
    assert {row.rule for row in plan} >= {"grace-10", "lapsed"}


def test_what_stands_on_a_list_is_not_foreseen_again(make_instalment: Any) -> None:
    client = make_instalment(due_on=TODAY + 7 * A_DAY).policy.holder
    [row] = of_client(client.pk, TODAY, TODAY + 8 * A_DAY, today=TODAY)
    row.followup.save()
    assert of_client(client.pk, TODAY, TODAY + 8 * A_DAY, today=TODAY) == []


def test_the_service_plan_counts_as_it_stands(make_instalment: Any) -> None:
    client = make_instalment(due_on=TODAY + 7 * A_DAY).policy.holder
    ask = {"first": TODAY, "last": TODAY + 8 * A_DAY, "today": TODAY}
    assert of_client(client.pk, **ask)
    ServicePlan.objects.filter(item=1).update(level="no")
    assert of_client(client.pk, **ask) == []


def test_of_an_agent_it_is_that_of_each_client(
    alice: Any, carol: Any, make_client: Any, make_policy: Any, make_instalment: Any
) -> None:
    ask = {"first": TODAY, "last": TODAY + 60 * A_DAY, "today": TODAY}
    each: list[Foreseen] = []
    for n in range(3):
        policy = make_policy(make_client(birth_on=date(1980, 6, 20 + n)))
        each += of_client(make_instalment(policy, due_on=TODAY + n * A_DAY).policy.holder_id, **ask)
    make_instalment(make_policy(make_client(agent=carol)), due_on=TODAY + A_DAY)
    assert sorted(of_agent(alice.pk, **ask)) == sorted(each)
    assert len(each) == 3


def test_it_is_two_statements(make_instalment: Any) -> None:
    client = make_instalment(due_on=TODAY).policy.holder
    with CaptureQueriesContext(connection) as queries:
        of_client(client.pk, TODAY, TODAY + 300 * A_DAY, today=TODAY)
    assert len(queries) == 2  # which rules may have something to say, and what they say


def test_own_tasks_come_again_as_the_plan_counts_their_days(make_client: Any, alice: Any) -> None:
    client = make_client()
    first, last = TODAY, TODAY + 500 * A_DAY
    tasks = [
        Planned.objects.create(
            client=client, by=alice, words=f"{every} {begins}", every=every, days=days,
            first_on=begins, on=begins, until=until, dropped_on=dropped,
        )
        for begins in (date(2026, 1, 31), date(2024, 2, 29), TODAY + 40 * A_DAY)
        for every, days in (("days", 3), ("week", None), ("month", None), ("year", None))
        for until, dropped in ((None, None), (TODAY + 90 * A_DAY, None), (None, TODAY))
    ]  # fmt: skip
    Planned.roll(TODAY)
    expected = [
        (day, task.pk)
        for task in Planned.objects.filter(dropped_on=None, on__isnull=False)
        for day in task.days_in(max(first, task.on or first), last)
    ]
    plan = of_client(client.pk, first, last, today=TODAY)
    assert len(tasks) == 36
    assert sorted((row.list_on, row.planned_id) for row in plan) == sorted(expected)
