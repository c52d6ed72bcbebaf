"""The renewal board as a page: scope, filters, lists, exports and what it costs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lib import dates
from policies.renewals import CELLS, STAGES

pytestmark = pytest.mark.django_db


def days(n: int) -> Any:
    return dates.today() + timedelta(days=n)


@pytest.fixture
def owed(make_client: Any, make_policy: Any, make_instalment: Any, alice: Any) -> Any:
    def make(agent: Any = alice, due: int = -5, **policy: Any) -> Any:
        holder = make_client(agent=agent)
        usual = {"effective_on": dates.add_years(days(due), -2), "sum_assured": Decimal(100_000)}
        return make_instalment(make_policy(holder, **(usual | policy)), days(due))

    return make


def test_each_number_opens_a_list_that_adds_up_to_it(
    login: Any, dora: Any, alice: Any, carol: Any, owed: Any
) -> None:
    for agent in (alice, carol):
        for due in (-70, -55, -5, 3, 20, 60):
            owed(agent, due)
    browser = login(dora)
    page = browser.get("/renewals/")
    for stage in page.context["stages"]:
        opened = browser.get(f"/renewals/?stage={stage.code}").context
        assert opened["picked"].sums() == {"n": stage.count, "amount": stage.amount}
        assert stage.count
    for _label, cells in page.context["grid"].rows:
        for cell in cells:
            opened = browser.get(f"/renewals/?cell={cell.code}").context
            assert opened["picked"].sums() == {"n": cell.count, "amount": cell.amount}


def test_filters_narrow_board_and_list_alike(
    login: Any, dora: Any, alice: Any, carol: Any, owed: Any
) -> None:
    owed(alice)
    owed(carol, premium_mode="monthly")
    browser = login(dora)
    for query in (f"agent={carol.pk}", f"team={carol.team_id}", "mode=monthly"):
        found = browser.get(f"/renewals/?stage=grace&{query}").context
        assert [line.instalment.policy.holder.agent for line in found["lines"]] == [carol]
        assert {stage.code: stage.count for stage in found["stages"]}["grace"] == 1


def test_an_agent_sees_the_own_and_asks_for_others_in_vain(
    login: Any, alice: Any, carol: Any, owed: Any
) -> None:
    owed(alice)
    foreign = owed(carol)
    page = login(alice).get(f"/renewals/?agent={carol.pk}&team={carol.team_id}")
    assert page.context["number"].count == 1
    assert foreign.policy.holder.name not in page.content.decode()


@pytest.mark.parametrize(
    ("sort", "first"), [("left", "ends"), ("risk", "risky"), ("premium", "dear")]
)
def test_the_list_is_sorted_by_what_is_at_risk(
    sort: str, first: str, login: Any, alice: Any, owed: Any
) -> None:
    found = {
        "ends": owed(due=-59),
        "risky": owed(due=-3, sum_assured=Decimal(900_000)),
        "dear": owed(due=-2, premium=Decimal(99_000)),
        "unknown": owed(due=-1, sum_assured=None),
    }
    lines = login(alice).get(f"/renewals/?stage=grace&sort={sort}").context["lines"]
    assert lines[0].instalment == found[first]
    assert len(lines) == 4


def test_days_of_cover_count_down(login: Any, alice: Any, owed: Any) -> None:
    owed(due=-56)
    page = login(alice).get("/renewals/", headers={"accept-language": "en"})
    assert page.context["lines"][0].left == 4
    assert "Grace: 4 days left" in page.content.decode()


@pytest.mark.parametrize(
    "query",
    ["stage=x", "cell=due.9", "month=2026-13", "agent=x", "page=0", "sort=y", "month=1900-01"],
)
def test_a_strange_address_shows_the_usual_board(query: str, login: Any, dora: Any) -> None:
    assert login(dora).get(f"/renewals/?{query}").status_code == 200


@pytest.mark.parametrize("query", [f"stage={code}" for code in STAGES] + [f"cell={CELLS[0]}"])
def test_twenty_rows_cost_the_queries_of_one(
    query: str, login: Any, dora: Any, owed: Any, django_assert_num_queries: Any
) -> None:
    browser = login(dora)
    for due in (-70, -5, 3, 20, 60):
        owed(due=due)
    browser.get(f"/renewals/?{query}")
    with CaptureQueriesContext(connection) as first:
        browser.get(f"/renewals/?{query}")
    assert len(first) <= 14
    for n in range(20):
        owed(due=(-70, -5, 3, 20, 60)[n % 5])
    with django_assert_num_queries(len(first)):
        browser.get(f"/renewals/?{query}")


@pytest.mark.parametrize("ago", [0, 1])
def test_a_promise_that_was_not_kept_is_marked(ago: int, login: Any, alice: Any, owed: Any) -> None:
    instalment = owed(due=-20)
    instalment.promised_on = days(-ago)
    instalment.save()
    page = login(alice).get("/renewals/", headers={"accept-language": "en"}).content.decode()
    assert "Promised" in page
    assert (", not paid" in page) == (ago > 0)
