"""The persistency page: whose policies it counts, what it shows, and what it costs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lib import dates
from policies.cohorts import Cohort

THIS_MONTH = dates.today().replace(day=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def owed(make_client: Any, make_policy: Any, make_instalment: Any, alice: Any) -> Any:
    """Policies of this month's cohort whose second premium is unpaid and in grace."""

    def make(agent: Any = alice, premium: int = 1000, **fields: Any) -> Any:
        effective_on = Cohort(THIS_MONTH, 13).effective[1]
        policy = make_policy(
            make_client(agent=agent), effective_on=effective_on, premium=Decimal(premium)
        )
        ends_on = dates.today() + timedelta(days=5)
        make_instalment(policy, Cohort(THIS_MONTH, 13).due[1], grace_ends_on=ends_on, **fields)
        return policy

    return make


def test_an_agent_sees_the_own_rate_and_levers(
    login: Any, alice: Any, carol: Any, owed: Any
) -> None:
    owed(alice)
    owed(alice, 3000, paid_on=Cohort(THIS_MONTH, 13).due[1])
    foreign = owed(carol, 96000)
    page = login(alice).get("/persistency/")
    assert page.context["whole"].by_premium == Decimal("0.7500")
    assert [lever.gain for lever, _left in page.context["levers"]] == [Decimal("0.25")]
    assert foreign.holder.name not in page.content.decode()


def test_the_manager_sees_who_makes_the_rate(
    login: Any, dora: Any, alice: Any, carol: Any, owed: Any
) -> None:
    owed(alice)
    owed(carol)
    page = login(dora).get("/persistency/?by=agent")
    assert {rate.name for rate in page.context["groups"]} == {alice.name, carol.name}


def test_a_name_opens_what_makes_its_rate(
    login: Any, dora: Any, alice: Any, carol: Any, owed: Any
) -> None:
    owed(alice)
    foreign = owed(carol)
    browser = login(dora)
    assert f"?agent={alice.pk}&amp;by=product" in browser.get("/persistency/").content.decode()
    team = f"?by=agent&amp;team={alice.team_id}"
    assert team in browser.get("/persistency/?by=team").content.decode()
    page = browser.get(f"/persistency/?agent={alice.pk}&by=product")
    assert page.context["page"].paginator.count == 1
    assert foreign.holder.name not in page.content.decode()
    page = login(alice).get("/persistency/")
    assert page.context["asked"].by == "product"
    assert "?agent=" not in page.content.decode()


@pytest.mark.parametrize(
    "query", ["k=7", "month=2026-99", "month=9999-12", "by=moon", "rolling=x", "page=x", "group=-1"]
)
def test_a_strange_address_shows_the_usual_page(query: str, login: Any, dora: Any) -> None:
    assert login(dora).get(f"/persistency/?{query}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "",
        "k=25",
        "rolling=on",
        "by=team",
        "by=product&rolling=on",
        "each=on",
        "each=on&rolling=on",
        "k=25&kept=on&reinstated=on",
    ],
)
def test_twenty_rows_cost_the_queries_of_one(
    query: str, login: Any, dora: Any, owed: Any, django_assert_num_queries: Any
) -> None:
    browser = login(dora)
    owed()
    browser.get(f"/persistency/?{query}")
    with CaptureQueriesContext(connection) as first:
        browser.get(f"/persistency/?{query}")
    assert len(first) <= 12
    for _n in range(20):
        owed()
    with django_assert_num_queries(len(first)):
        browser.get(f"/persistency/?{query}")


def test_other_ways_to_count_stay_ticked_and_are_followed(
    login: Any, alice: Any, owed: Any
) -> None:
    owed(alice)
    owed(alice, 3000, paid_on=dates.today() + timedelta(days=6))  # after the end of its grace
    browser = login(alice)
    assert browser.get("/persistency/").context["whole"].by_premium == 0
    page = browser.get("/persistency/?reinstated=on")
    assert page.context["whole"].by_premium == Decimal("0.7500")
    ticked = [field.name for field in page.context["form"].ways if field.value()]
    assert ticked == ["reinstated"]
    assert len(browser.get("/persistency/?each=on").context["trend"]) == 12


def test_the_month_can_be_walked_to_where_premiums_are_due(login: Any, dora: Any) -> None:
    page = login(dora).get("/persistency/")
    assert page.context["asked"].after == dates.add_months(THIS_MONTH, 1)
    latest = dates.add_months(THIS_MONTH, 2)
    page = login(dora).get(f"/persistency/?month={latest:%Y-%m}")
    assert page.context["asked"].month == latest
    assert page.context["asked"].after is None


def test_nothing_sold_is_said_in_words(login: Any, dora: Any) -> None:
    page = login(dora).get("/persistency/", headers={"accept-language": "en"})
    assert page.context["whole"].by_premium is None
