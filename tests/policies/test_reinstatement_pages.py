"""The reinstatement desk in the browser's eyes: whose policies, which steps, and what they do."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lib import dates
from policies.models import Policy, Reinstatement
from policies.reinstatement import NEEDED

pytestmark = pytest.mark.django_db


@pytest.fixture
def lapsed(make_client: Any, make_policy: Any, make_instalment: Any, alice: Any) -> Any:
    def make(agent: Any = alice, days: int = -100) -> Policy:
        policy = make_policy(make_client(agent=agent))
        made: Policy = make_instalment(policy, dates.today() + timedelta(days=days)).policy
        return made

    return make


def post(browser: Any, policy: Policy, **said: Any) -> Any:
    usual = {"on": dates.today(), "step": ""}
    return browser.post(f"/reinstatements/{policy.pk}/", usual | said)


def test_the_desk_is_of_ones_own(login: Any, alice: Any, carol: Any, lapsed: Any) -> None:
    mine, foreign = lapsed(alice), lapsed(carol)
    page = login(alice).get("/reinstatements/")
    assert [line.policy for line in page.context["lines"]] == [mine]
    assert foreign.holder.name not in page.content.decode()


def test_the_nearest_deadline_comes_first(login: Any, dora: Any, lapsed: Any) -> None:
    later, sooner = lapsed(days=-100), lapsed(days=-700)
    lines = login(dora).get("/reinstatements/").context["lines"]
    assert [line.policy for line in lines] == [sooner, later]
    assert [line.tone for line in lines] == ["warn", "slate"]


def test_twenty_rows_cost_the_queries_of_one(
    login: Any, dora: Any, lapsed: Any, django_assert_num_queries: Any
) -> None:
    browser = login(dora)
    lapsed()
    browser.get("/reinstatements/")
    with CaptureQueriesContext(connection) as first:
        browser.get("/reinstatements/")
    for _n in range(20):
        lapsed()
    with django_assert_num_queries(len(first)):
        browser.get("/reinstatements/")


def test_from_the_papers_to_the_money(login: Any, alice: Any, bob: Any, lapsed: Any) -> None:
    policy, agent = lapsed(), login(alice)
    post(agent, policy, step="begin")
    assert post(agent, policy, step="send").status_code == 422
    post(agent, policy, papers=list(NEEDED))
    for step in ("send", "accept"):
        assert post(agent, policy, step=step).status_code == 302
    assert post(agent, policy, step="pay").status_code == 403
    assert post(login(bob), policy, step="pay").status_code == 302
    policy.refresh_from_db()
    assert (policy.status_on(dates.today()), policy.reinstated_on) == ("in_force", dates.today())
    assert login(alice).get(f"/reinstatements/{policy.pk}/").status_code == 200


def test_a_step_sent_twice_is_one_step(login: Any, alice: Any, lapsed: Any) -> None:
    policy, agent = lapsed(), login(alice)
    for _n in range(2):
        post(agent, policy, step="begin", key="k1")
    assert Reinstatement.objects.count() == 1


def test_a_day_to_come_is_refused(login: Any, alice: Any, lapsed: Any) -> None:
    policy = lapsed()
    tomorrow = dates.today() + timedelta(days=1)
    assert post(login(alice), policy, step="begin", on=tomorrow).status_code == 422
    assert not Reinstatement.objects.exists()


def test_what_has_not_lapsed_cannot_begin(login: Any, alice: Any, lapsed: Any) -> None:
    policy = lapsed(days=-3)
    assert post(login(alice), policy, step="begin").status_code == 422
    assert login(alice).get(f"/reinstatements/{policy.pk}/").status_code == 200


@pytest.mark.parametrize("query", ["?stage=x", "?stage=none", "?stage=sent", "?agent=x&page=z"])
def test_any_address_of_the_desk_is_answered(query: str, login: Any, dora: Any) -> None:
    assert login(dora).get(f"/reinstatements/{query}").status_code == 200
