"""The way from D to A: every number of the report opens the list of those it counts."""

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import Client, Moved
from followups.way import way_of
from policies.attention import mark
from policies.classification import classify
from policies.models import ClientClass, Known
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
JUNE, MAY = date(2026, 6, 1), date(2026, 5, 1)
URL = "/classification/way/"


@pytest.fixture(autouse=True)
def _on_the_day() -> Any:
    with time_machine.travel(f"{TODAY} 10:00+08:00", tick=False):
        yield


@pytest.fixture
def two_months(make_policy: Any, make_client: Any, alice: Any) -> dict[str, Any]:
    """May and June: one better by two, one worse, one the same, one counted only in June."""
    better, worse, same = (make_policy().holder for _ in range(3))
    Known.objects.create(client=better, aware=False, satisfied=False, means=False)
    Known.objects.create(client=same, means=False)
    classify(MAY, MAY)
    Known.objects.filter(client=better).update(aware=True, satisfied=True)
    Moved.objects.create(client=worse, what="address", on=date(2026, 5, 20))
    new = make_client()
    classify(JUNE, TODAY)
    return {"better": better, "worse": worse, "same": same, "new": new}


def cells() -> dict[tuple[str, str], int]:
    way = way_of(ClientClass.objects.all(), MAY, JUNE, [MAY, JUNE])
    return {(cell.was, cell.now): cell.n for line in way.lines for cell in line.cells if cell.n}


def test_who_moved_where_is_counted(two_months: Any) -> None:
    assert cells() == {("D", "B"): 1, ("A", "B"): 1, ("B", "B"): 1, ("", "A"): 1}
    way = way_of(ClientClass.objects.all(), MAY, JUNE, [MAY, JUNE])
    assert (way.better, way.worse, way.n) == (1, 1, 4)
    assert way.now == [("A", 1), ("B", 3), ("C", 0), ("D", 0)]
    assert [(one.code, one.n, one.grown) for one in way.hindrances[:2]] == [
        ("means", 2, 0),
        ("mobility", 1, 1),
    ]
    assert [month.n for month in way.months] == [3, 4]


def test_every_number_opens_its_list(login: Any, dora: Any, two_months: Any) -> None:
    browser = login(dora)
    words = unescape(browser.get(URL).content.decode())
    links = re.findall(r'href="(/classification/\?[^"]+)"[^>]*>(?:<b>)?(\d+)(?:</b>)?</a>', words)
    assert len(links) >= 15
    for address, n in links:
        rows = browser.get(address).context["page"].object_list
        assert len(rows) == int(n), address


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        ("?since=2026-05&was=D", ["better"]),
        ("?since=2026-05&was=new", ["new"]),
        ("?since=2026-05&way=better", ["better"]),
        ("?since=2026-05&way=worse", ["worse"]),
        ("?off=mobility", ["worse"]),
        ("?off=means", ["better", "same"]),
        ("?off=x&was=D&way=better", ["better", "worse", "same", "new"]),  # since when?
    ],
)
def test_the_table_narrows_to_those_who_moved(
    asked: str, who: list[str], login: Any, alice: Any, two_months: Any
) -> None:
    found = login(alice).get(f"/classification/{asked}").context["page"].object_list
    assert {row.client for row in found} == {two_months[name] for name in who}


def test_an_agent_sees_only_their_own_way(
    login: Any, alice: Any, carol: Any, two_months: Any
) -> None:
    assert login(alice).get(URL).context["way"].n == 4
    assert login(carol).get(URL).context["way"].n == 0
    Client.objects.filter(pk=two_months["new"].pk).update(agent=carol)
    assert login(carol).get(URL).context["way"].n == 1
    assert login(alice).get(f"{URL}?agent={carol.pk}").context["way"].n == 3


def test_a_leader_looks_at_each_agent(
    login: Any, dora: Any, alice: Any, carol: Any, two_months: Any
) -> None:
    Client.objects.filter(pk=two_months["new"].pk).update(agent=carol)
    shares = login(dora).get(URL).context["way"].agents
    assert {(one.name, one.better, one.worse) for one in shares} == {
        (alice.name, 1, 1),
        (carol.name, 0, 0),
    }
    assert login(dora).get(f"{URL}?agent={carol.pk}").context["way"].n == 1


@pytest.mark.parametrize(
    "asked", ["?since=2026-06&month=2026-05", "?since=x&month=2030-01", "?month=2026-05"]
)
def test_months_that_do_not_fit_are_passed_over(
    asked: str, login: Any, alice: Any, two_months: Any
) -> None:
    assert login(alice).get(f"{URL}{asked}").status_code == 200


def test_before_the_first_month_there_is_no_way(login: Any, alice: Any) -> None:
    answer = login(alice).get(URL)
    assert answer.context["span"] is None


def test_a_tap_moves_the_report_at_once(two_months: Any, alice: Any) -> None:
    mark(two_months["same"], "means", True, by=alice)
    assert cells()["B", "A"] == 1


def test_many_agents_cost_the_queries_of_one(
    login: Any, dora: Any, make_client: Any, group: Any
) -> None:
    from accounts.models import User

    browser = login(dora)

    def cost() -> int:
        make_client()
        classify(JUNE, TODAY)
        with CaptureQueriesContext(connection) as queries:
            browser.get(URL)
        return len(queries)

    few = cost()
    for n in range(9):
        agent = User.objects.create(staff_no=f"B{n}", name=f"同事{n}", role="agent", team=group)
        make_client(agent=agent)
    assert cost() == few
