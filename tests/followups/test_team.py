"""Bob and Dora see how far their people are, and nobody else's."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from followups import daily, progress, team
from followups.models import FollowUp
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(f"{TODAY}T12:00:00+08:00", tick=False):
        yield


def done(by: Any, on: date = TODAY) -> dict[str, Any]:
    return {"status": "done", "done_on": on, "done_by": by}


def figures(user: Any, agent: Any) -> team.AgentFigures:
    return next(row for row in team.board(user, TODAY).agents if row.agent == agent)


def test_today_counts_what_is_done_and_what_still_stands(
    alice: Any, bob: Any, make_followup: Any
) -> None:
    make_followup(**done(alice))
    make_followup()
    make_followup(status="withdrawn")
    make_followup(status="superseded")
    make_followup(list_on=TODAY + timedelta(days=1), keep_until=TODAY + timedelta(days=1))
    today = figures(bob, alice).today
    assert (today.done, today.total, today.percent) == (1, 2, 50)


def test_work_done_later_does_not_count_against_the_days_before(
    alice: Any, bob: Any, make_followup: Any
) -> None:
    make_followup(list_on=TODAY - timedelta(days=5), keep_until=TODAY, **done(alice, YESTERDAY))
    days = figures(bob, alice).days
    assert [day.percent for day in days] == [None] * 9 + [100]


def test_a_list_that_is_written_late_lowers_the_days_since_its_work_was_due(
    alice: Any, bob: Any, make_instalment: Any, make_followup: Any
) -> None:
    make_followup(list_on=YESTERDAY, keep_until=YESTERDAY, **done(alice, YESTERDAY))
    assert figures(bob, alice).days[-1].percent == 100
    make_instalment(due_on=TODAY - timedelta(days=55))  # its last week of grace began two days ago
    daily.write_day(TODAY)
    late = FollowUp.objects.open().on(YESTERDAY).count()
    assert late
    yesterday = figures(bob, alice).days[-1]
    assert (yesterday.done, yesterday.undone) == (1, late)
    month = TODAY.replace(day=1)
    found = progress.progress(bob, team.agents_of(bob), month, TODAY)
    assert (found.total.percent, found.total.missed) == (100, 0)


def test_what_was_missed_counts_on_each_of_its_days(
    alice: Any, bob: Any, make_followup: Any
) -> None:
    make_followup(
        status="missed", list_on=TODAY - timedelta(days=30), keep_until=TODAY - timedelta(days=9)
    )
    days = figures(bob, alice).days
    assert [day.percent for day in days] == [0, 0] + [None] * 8


def test_completion_equals_counting_row_by_row(
    alice: Any, bob: Any, make_client: Any, make_followup: Any
) -> None:
    chance, client = random.Random(7), make_client()
    for n in range(150):
        begins = TODAY - timedelta(days=chance.randrange(-3, 25))
        ends = begins + timedelta(days=chance.randrange(20))
        fields: dict[str, Any] = {"status": chance.choice(list(FollowUp.Status.values))}
        if fields["status"] == "done":
            fields = done(alice, min(begins + timedelta(days=chance.randrange(3)), ends))
        make_followup(client, rule=f"r{n}", list_on=begins, keep_until=ends, **fields)
    rows, found = list(FollowUp.objects.all()), figures(bob, alice)
    for day in [*found.days, found.today]:
        assert day.done == sum(row.done_on == day.on for row in rows)
        assert day.undone == sum(
            row.status in {"open", "missed"} and row.list_on <= day.on <= row.keep_until
            for row in rows
        )
    assert found.overdue == sum(
        row.status == "open" and row.list_on < TODAY <= row.keep_until for row in rows
    )


def test_premiums_in_grace_and_those_that_end_within_a_week(
    alice: Any, bob: Any, make_instalment: Any
) -> None:
    make_instalment(due_on=TODAY - timedelta(days=53))
    make_instalment(due_on=TODAY - timedelta(days=52))
    make_instalment(due_on=TODAY - timedelta(days=3), paid_on=TODAY)
    make_instalment(due_on=TODAY)
    owed = figures(bob, alice).grace
    assert (owed.count, owed.amount) == (2, Decimal("13640.00"))
    assert (owed.soon, owed.soon_amount) == (1, Decimal("6820.00"))
    assert figures(bob, alice).needs_you


def test_each_premium_stands_in_one_stage_of_the_pipeline(bob: Any, make_instalment: Any) -> None:
    for days in (91, 90, 31, 30, 8, 7, 0, -1, -60, -61, -400, -900):
        make_instalment(due_on=TODAY + timedelta(days=days))
    pipeline = team.board(bob, TODAY).pipeline
    assert {stage.code: stage.count for stage in pipeline} == {
        "quarter": 2,
        "month": 2,
        "week": 2,
        "grace": 2,
        "lapsed": 2,
    }
    assert pipeline[-1].amount == Decimal("13640.00")


def test_each_stage_opens_the_premiums_it_counts(
    login: Any, dora: Any, alice: Any, carol: Any, group: Any, make_client: Any,
    make_policy: Any, make_instalment: Any,
) -> None:  # fmt: skip
    """The list of the other team's agent is counted only where nobody narrows the page."""
    for agent in (alice, carol):
        for days in (60, 20, 3, -10, -100):
            policy = make_policy(make_client(agent=agent))
            make_instalment(policy, due_on=TODAY + timedelta(days=days))
    browser = login(dora)
    for narrowed in ({}, {"team": group.pk}):
        page = browser.get(reverse("team"), narrowed)
        for stage in page.context["board"].pipeline:
            address = f"{reverse('renewals')}?stage={stage.code}"
            address += f"&amp;team={group.pk}" if narrowed else ""
            assert f'href="{address}"' in page.content.decode()
            listed = browser.get(address.replace("&amp;", "&")).context["picked"].sums()
            assert (listed["n"], listed["amount"]) == (stage.count, stage.amount)
            assert stage.count == (1 if narrowed else 2)


def test_persistency_stands_beside_each_agent_and_over_all(
    login: Any, bob: Any, alice: Any, carol: Any, make_client: Any,
    make_policy: Any, make_instalment: Any,
) -> None:  # fmt: skip
    sold_on, due_on = date(2025, 4, 17), date(2026, 4, 17)
    for agent, paid_on in ((alice, due_on), (alice, None), (alice, due_on), (carol, due_on)):
        policy = make_policy(make_client(agent=agent), effective_on=sold_on)
        make_instalment(policy, due_on=due_on, paid_on=paid_on)
    own = figures(bob, alice).persistency
    assert (own.by_premium, own.received, own.policies) == (Decimal("0.6667"), 2, 3)
    assert team.board(bob, TODAY).persistency == own.of_all([own])
    page = login(bob).get(reverse("team")).content.decode()
    assert f'href="{reverse("persistency")}?agent={alice.pk}">66.7<' in page
    opened = login(bob).get(reverse("persistency"), {"agent": alice.pk})
    assert opened.context["whole"].by_premium == own.by_premium


def test_three_days_below_sixty_percent_need_the_leader(
    alice: Any, bob: Any, make_followup: Any
) -> None:
    for days in (2, 4, 6):
        on = TODAY - timedelta(days=days)
        make_followup(status="missed", list_on=on, keep_until=on)
    assert figures(bob, alice).often_low
    assert [row.agent for row in team.board(bob, TODAY).needing_you] == [alice]


def test_a_leader_sees_the_subtree_and_nobody_elses_figures(
    alice: Any, bob: Any, carol: Any, dora: Any, admin: Any, make_client: Any, make_followup: Any
) -> None:
    make_followup(make_client(agent=carol))
    assert [row.agent for row in team.board(bob, TODAY).agents] == [alice]
    assert team.board(bob, TODAY).today.total == 0
    assert {row.agent for row in team.board(dora, TODAY).agents} == {alice, carol}
    assert team.board(admin, TODAY).today.total == 1


def test_the_page_opens_for_leaders_only(
    login: Any, alice: Any, bob: Any, dora: Any, admin: Any, auditor: Any
) -> None:
    for user, status in ((alice, 403), (auditor, 403), (bob, 200), (dora, 200), (admin, 200)):
        assert login(user).get(reverse("team")).status_code == status
        assert login(user).get(reverse("team_agent", args=[alice.pk])).status_code == status


def test_an_agent_elsewhere_is_not_there(login: Any, bob: Any, carol: Any) -> None:
    assert login(bob).get(reverse("team_agent", args=[carol.pk])).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["sort=x", "team=x", "team=999999999999999999999", "page=x", "sort=attention", "sort=name"],
)
def test_nothing_in_the_address_breaks_the_page(
    login: Any, bob: Any, alice: Any, query: str
) -> None:
    assert login(bob).get(f"{reverse('team')}?{query}").status_code == 200


def test_a_team_of_the_subtree_narrows_the_board(
    login: Any, dora: Any, alice: Any, carol: Any, other_group: Any
) -> None:
    page = login(dora).get(reverse("team"), {"team": other_group.pk})
    assert [row.agent for row in page.context["page"]] == [carol]


def test_a_foreign_team_is_not_on_offer(
    login: Any, bob: Any, alice: Any, carol: Any, other_group: Any
) -> None:
    page = login(bob).get(reverse("team"), {"team": other_group.pk})
    assert [row.agent for row in page.context["page"]] == [alice]


def test_attention_comes_first_when_asked(
    login: Any, dora: Any, alice: Any, carol: Any, make_client: Any, make_followup: Any
) -> None:
    make_followup(make_client(agent=alice), list_on=YESTERDAY)
    make_followup(make_client(agent=carol), list_on=YESTERDAY)
    make_followup(make_client(agent=carol), list_on=YESTERDAY)
    page = login(dora).get(reverse("team"), {"sort": "attention"})
    assert [row.agent for row in page.context["page"]] == [carol, alice]


@pytest.mark.parametrize("show", ["today", "overdue", "grace", "nonsense"])
def test_an_agents_page_shows_each_of_its_lists(
    login: Any, bob: Any, alice: Any, make_followup: Any, make_instalment: Any, show: str
) -> None:
    make_followup(list_on=YESTERDAY)
    make_instalment(due_on=TODAY - timedelta(days=10))
    page = login(bob).get(reverse("team_agent", args=[alice.pk]), {"show": show})
    assert page.status_code == 200
    assert len(page.context["page"]) == 1


def test_the_drawer_is_the_same_fragment(login: Any, bob: Any, alice: Any) -> None:
    page = login(bob).get(reverse("team_agent", args=[alice.pk]), headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert b"<html" not in page.content


def test_twenty_agents_cost_the_queries_of_one(
    login: Any,
    bob: Any,
    alice: Any,
    group: Any,
    make_client: Any,
    make_followup: Any,
    make_instalment: Any,
    make_policy: Any,
) -> None:
    browser = login(bob)

    def work(agent: Any) -> None:
        client = make_client(agent=agent)
        for series in ("birthday", "family", "career", "life"):
            make_followup(client, rule=series, series=series, list_on=YESTERDAY)
        policy = make_policy(client, effective_on=date(2025, 4, 18))
        make_instalment(policy, due_on=TODAY - timedelta(days=55))

    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert browser.get(url).status_code == 200
        return len(caught)

    work(alice)
    mine = reverse("team_agent", args=[alice.pk])
    urls = [reverse("team"), mine, f"{mine}?show=overdue", f"{mine}?show=grace"]
    for url in urls:
        browser.get(url)
    before = [queries(url) for url in urls]
    for n in range(20):
        work(User.objects.create(staff_no=f"B{n}", name=f"同事{n}", team=group))
        work(alice)
    assert [queries(url) for url in urls] == before
    assert before[0] <= 20
