"""What an agent puts down for a client: once or repeating, a service that the plan allows or a task in words."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.models import Client
from followups import planning
from followups.daily import write_day, write_lists
from followups.models import FollowUp, Planned, ServicePlan
from followups.planning import Refused
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture
def client(make_client: Any) -> Client:
    made: Client = make_client()
    return made


@pytest.fixture
def task(client: Client, alice: Any) -> Callable[..., Planned]:
    def put_down(first_on: date = TODAY, *, on: date = TODAY, **fields: Any) -> Planned:
        usual: dict[str, Any] = {"client": client, "words": "问候孩子中考", "by": alice}
        return planning.put_down(Planned(first_on=first_on, **(usual | fields)), today=on)

    return put_down


def listed(client: Client) -> list[tuple[date, str]]:
    return list(client.followups.order_by("list_on", "pk").values_list("list_on", "status"))


# --- the days


def days_of(planned: Planned, last: date) -> list[date]:
    return list(planned.days_in(planned.first_on, last))


def test_the_31st_is_clamped_and_comes_back() -> None:
    monthly = Planned(first_on=date(2026, 1, 31), every="month")
    assert days_of(monthly, date(2026, 5, 31)) == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
        date(2026, 5, 31),
    ]


def test_a_29_february_comes_every_year() -> None:
    yearly = Planned(first_on=date(2024, 2, 29), every="year", until=date(2028, 12, 31))
    assert days_of(yearly, date(2030, 1, 1)) == [
        date(2024, 2, 29),
        date(2025, 2, 28),
        date(2026, 2, 28),
        date(2027, 2, 28),
        date(2028, 2, 29),
    ]


@given(
    first=st.dates(date(2020, 1, 1), date(2026, 12, 31)),
    every=st.sampled_from(["once", "week", "month", "year", "days"]),
    n=st.integers(1, 40),
    ask=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_the_next_day_is_the_first_of_all_days(first: date, every: str, n: int, ask: date) -> None:
    planned = Planned(first_on=first, every=every, days=n)
    all_days = days_of(planned, date(2031, 2, 1))
    assert all_days == sorted(set(all_days))
    assert planned.from_day(ask) == next((day for day in all_days if day >= ask), None)


# --- on the lists


def test_it_stands_on_the_list_at_once_when_that_is_written(task: Any, client: Client) -> None:
    write_day(TODAY)
    write_day(TODAY + A_DAY)
    task(TODAY)
    task(TODAY + A_DAY, words="寄照片")
    task(TODAY + 2 * A_DAY, words="电话")
    assert listed(client) == [(TODAY, "open"), (TODAY + A_DAY, "open")]
    write_day(TODAY + 2 * A_DAY)
    assert len(listed(client)) == 3


def test_two_tasks_of_a_client_may_fall_on_one_day(task: Any, client: Client) -> None:
    task(words="送台历")
    task(words="取照片")
    write_day(TODAY)
    assert listed(client) == [(TODAY, "open"), (TODAY, "open")]


@pytest.mark.parametrize(("every", "step"), [("week", 7), ("days", 3), ("days", 1)])
def test_it_comes_around_and_replaces_what_was_not_done(
    task: Any, client: Client, every: str, step: int
) -> None:
    write_day(TODAY)
    task(every=every, days=step if every == "days" else None)
    for n in range(1, 2 * step + 1):
        write_day(TODAY + n * A_DAY)
        write_day(TODAY + n * A_DAY)
    assert listed(client) == [
        (TODAY, "superseded"),
        (TODAY + step * A_DAY, "superseded"),
        (TODAY + 2 * step * A_DAY, "open"),
    ]


def test_done_it_is_back_on_its_next_day(task: Any, client: Client, alice: Any) -> None:
    task(every="month")
    FollowUp.objects.update(status="done", done_on=TODAY, done_by=alice)
    for n in range(1, 31):
        write_day(TODAY + n * A_DAY)
    assert listed(client) == [(TODAY, "done"), (date(2026, 7, 12), "open")]


def test_after_an_outage_the_lists_are_those_of_every_evening(task: Any, make_client: Any) -> None:
    write_day(TODAY)
    daily, late = make_client(), make_client()
    for client in (daily, late):
        task(TODAY + A_DAY, client=client, every="days", days=2)
    for n in range(1, 6):
        write_day(TODAY + n * A_DAY)
    FollowUp.objects.filter(client=late).delete()
    Planned.objects.filter(client=late).update(on=TODAY + A_DAY)
    from followups.models import ListRun

    ListRun.objects.filter(day__gt=TODAY).delete()
    write_lists(TODAY + 5 * A_DAY)
    assert listed(late) == listed(daily)
    assert len(listed(late)) == 3


def test_it_ends(task: Any, client: Client) -> None:
    task(every="week", until=TODAY + 8 * A_DAY)
    for n in range(20):
        write_day(TODAY + n * A_DAY)
    assert [day for day, _status in listed(client)] == [TODAY, TODAY + 7 * A_DAY]


# --- moved and dropped


def test_moved_it_leaves_the_list_and_comes_on_its_new_day(task: Any, client: Client) -> None:
    planned = task()
    planned.first_on = TODAY + 5 * A_DAY
    planning.put_down(planned, today=TODAY)
    assert listed(client) == []
    planned.first_on = TODAY
    planning.put_down(planned, today=TODAY)
    assert listed(client) == [(TODAY, "open")]


def test_dropped_it_comes_no_more_and_may_be_taken_back(task: Any, client: Client) -> None:
    planned = task(every="days", days=1)
    planning.drop(planned, today=TODAY)
    write_day(TODAY)
    write_day(TODAY + A_DAY)
    assert listed(client) == []
    planning.take_back(planned, today=TODAY)
    assert listed(client) == [(TODAY, "open"), (TODAY + A_DAY, "open")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"first_on": TODAY - A_DAY}, "from today on"),
        ({"first_on": TODAY + 2000 * A_DAY}, "within three years"),
        ({"every": "week", "until": TODAY - A_DAY}, "before it begins"),
        ({"first_on": TODAY - 9 * A_DAY, "every": "week", "until": TODAY - A_DAY}, "never come"),
    ],
)
def test_a_day_that_makes_no_sense_is_refused(task: Any, fields: Any, said: str) -> None:
    from django.utils import translation

    with translation.override("en"), pytest.raises(Refused, match=said):
        task(**fields)
    assert not Planned.objects.exists()


# --- services of the plan


@pytest.fixture
def service(client: Client, task: Any) -> Callable[..., Planned]:
    def put_down(level: str, **fields: Any) -> Planned:
        ServicePlan.objects.filter(item=9, client_class="maintain").update(level=level)
        planned: Planned = task(words="", item=9, **fields)
        return planned

    return put_down


def test_what_may_be_done_is_planned_and_becomes_work(service: Any, client: Client) -> None:
    service("may", first_on=TODAY + A_DAY)
    write_day(TODAY + A_DAY)
    row = client.followups.get()
    assert (row.item, row.rule, row.list_on) == (9, "planned-service", TODAY + A_DAY)


@pytest.mark.parametrize(("level", "said"), [("must", "by themselves"), ("no", "has no")])
def test_only_what_may_be_done_can_be_planned(service: Any, level: str, said: str) -> None:
    from django.utils import translation

    with translation.override("en"), pytest.raises(Refused, match=said):
        service(level)


def test_the_same_service_stands_once_a_day(service: Any) -> None:
    service("may")
    with pytest.raises(Refused):
        service("may")


def test_what_has_become_a_must_cannot_be_dropped(service: Any) -> None:
    planned = service("may")
    ServicePlan.objects.filter(item=9).update(level="must")
    with pytest.raises(Refused):
        planning.drop(planned, today=TODAY)


def test_what_the_plan_no_longer_allows_is_withdrawn(service: Any, client: Client) -> None:
    service("may")
    ServicePlan.objects.filter(item=9).update(level="no")
    write_day(TODAY + A_DAY)
    assert listed(client) == [(TODAY, "withdrawn")]
