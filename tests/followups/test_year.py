"""The client's year and month: done, planned, missed; what may be added, moved and dropped."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Client
from followups.models import FollowUp, Planned, ServicePlan
from followups.year import month_of, year_strip
from lib import dates
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: TODAY)


def states(client: Client, row: int) -> dict[int, str]:
    _kind, cells = year_strip(client, TODAY).rows[row]
    return {cell.month: cell.state for cell in cells if cell.state}


def test_the_past_from_what_was_done_the_future_from_the_rules(
    make_instalment: Any, make_followup: Any, alice: Any
) -> None:
    client = make_instalment(due_on=TODAY + 50 * A_DAY).policy.holder
    make_followup(
        client, item=1, rule="x", series="premium", list_on=date(2026, 2, 3), status="missed"
    )
    done = {"status": "done", "done_on": TODAY, "done_by": alice}
    make_followup(client, occasion_on=date(2026, 3, 3), list_on=date(2026, 3, 3), **done)
    april = date(2026, 4, 3)
    make_followup(client, occasion_on=april, list_on=april, status="withdrawn")
    make_followup(client, occasion_on=TODAY + A_DAY)
    assert states(client, 0) == {2: "missed", 7: "planned", 8: "planned"}
    assert states(client, 3) == {3: "done", 6: "due"}
    assert year_strip(client, TODAY).counts == {"done": 1, "due": 1, "planned": 2, "missed": 1}


def test_a_month_tells_what_and_why(make_instalment: Any) -> None:
    client = make_instalment(due_on=TODAY + 50 * A_DAY).policy.holder
    [(kind, entries)] = month_of(client, JULY, TODAY)
    assert (str(kind.label), [entry.state for entry in entries]) == ("续收", ["planned"])
    assert entries[0].about == "安心 whole_life"
    assert "·" in entries[0].why
    august = [
        entry for _kind, found in month_of(client, date(2026, 8, 1), TODAY) for entry in found
    ]
    assert {entry.state for entry in august} == {"planned", "unpaid"}


def page(browser: Any, client: Client, month: date = JUNE, **headers: str) -> Any:
    return browser.get(
        reverse("client_month", args=[client.pk, month.year, month.month]), headers=headers
    )


def test_the_page_and_the_sheet_show_the_same(login: Any, alice: Any, make_followup: Any) -> None:
    row = make_followup()
    whole = page(login(alice), row.client).content.decode()
    sheet = page(login(alice), row.client, **{"HX-Request": "true"}).content.decode()
    assert "<html" in whole
    assert "<html" not in sheet
    for words in (whole, sheet):
        assert "生日问候" in words


@pytest.mark.parametrize("month", [(2026, 13), (2026, 0), (1999, 1), (2101, 1)])
def test_there_is_no_such_month(login: Any, alice: Any, make_client: Any, month: Any) -> None:
    url = reverse("client_month", args=[make_client().pk, *month])
    assert login(alice).get(url).status_code == 404


def test_twenty_rows_cost_the_queries_of_one(login: Any, alice: Any, make_followup: Any) -> None:
    client = make_followup().client
    browser = login(alice)
    page(browser, client)
    with CaptureQueriesContext(connection) as one:
        page(browser, client)
    for n in range(20):
        make_followup(client, occasion_on=TODAY + n * A_DAY, rule="agreed")
    with CaptureQueriesContext(connection) as twenty:
        page(browser, client)
    assert len(twenty) == len(one)


@pytest.fixture
def client_who_may(make_client: Any) -> Client:
    ServicePlan.objects.filter(item=9, client_class="maintain").update(level="may")
    made: Client = make_client()
    return made


def test_what_may_be_done_is_added_moved_and_dropped(
    login: Any, alice: Any, client_who_may: Client
) -> None:
    browser, client = login(alice), client_who_may
    assert 'name="item" value="9"' in page(browser, client).content.decode()
    add = reverse("planned_new", args=[client.pk])
    sent = {"item": "9", "first_on": "2026-07-03", "key": "k1"}
    for _ in range(2):
        assert browser.post(add, sent).status_code == 302
    planned = Planned.objects.get()
    assert (planned.item, planned.on, planned.by) == (9, date(2026, 7, 3), alice)
    assert "保单检视" in page(browser, client, JULY).content.decode()

    edit = reverse("planned_edit", args=[planned.pk])
    assert browser.post(edit, {"first_on": "2026-07-09", "key": "k2"}).status_code == 302
    planned.refresh_from_db()
    assert planned.on == date(2026, 7, 9)

    browser.post(reverse("planned_drop", args=[planned.pk]))
    assert not Planned.objects.standing().exists()
    browser.post(reverse("planned_back", args=[planned.pk]))
    assert Planned.objects.standing().exists()


def test_a_must_is_not_put_down_and_the_reason_is_told(
    login: Any, alice: Any, make_client: Any
) -> None:
    add = reverse("planned_new", args=[make_client().pk])
    answer = login(alice).post(add, {"item": "1", "first_on": "2026-07-03", "key": "k1"})
    assert answer.status_code == 422
    assert "必做项" in answer.content.decode()
    assert not Planned.objects.exists()


def test_a_task_is_put_down_in_words(login: Any, alice: Any, make_client: Any) -> None:
    client = make_client()
    add = reverse("planned_new", args=[client.pk])
    task = {"words": "问候孩子中考", "first_on": "2026-06-12", "every": "week", "key": "k1"}
    assert login(alice).post(add, task).status_code == 302
    row = FollowUp.objects.get()
    assert (row.rule, row.item, row.list_on) == ("own-task", 12, TODAY)
    today = login(alice).get(reverse("today")).content.decode()
    assert "问候孩子中考" in today
    assert "每周" in today


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"first_on": "2026-02-30"}, "日期"),
        ({"words": ""}, "必填"),
        ({"every": "days", "days": ""}, "间隔几天"),
        ({"first_on": "2026-06-01"}, "今天"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_typed_is_lost(
    login: Any, alice: Any, make_client: Any, wrong: dict[str, str], said: str
) -> None:
    add = reverse("planned_new", args=[make_client().pk])
    task = {"words": "问候孩子中考", "first_on": "2026-06-20", "every": "once", "until": ""}
    answer = login(alice).post(add, task | wrong)
    words = answer.content.decode()
    assert answer.status_code == 422
    assert said in words
    assert "words" in wrong or "问候孩子中考" in words
    assert not Planned.objects.exists()
