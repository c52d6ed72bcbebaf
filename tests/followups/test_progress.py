"""Whose work of the month is done, in time, missed: counted as by hand, and each number opens its list."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from clients.models import Client
from followups import agent_work, progress
from followups.models import FollowUp
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
MONTH = TODAY.replace(day=1)


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with time_machine.travel(f"{TODAY}T12:00:00+08:00", tick=False):
        yield


def everyone(user: Any) -> progress.Progress:
    return progress.progress(user, User.objects.filter(role=Role.AGENT), MONTH, TODAY)


def state_of(row: FollowUp) -> str | None:
    """The definition, read row by row."""
    if row.status in {"withdrawn", "superseded"} or (row.keep_until.month != MONTH.month):
        return None
    if row.status == "done" and row.done_on:
        return "late" if row.done_on > row.keep_until else "done"
    return "missed" if row.status == "missed" or row.keep_until < TODAY else "open"


def test_it_equals_counting_row_by_row_and_each_number_opens_as_many_rows(
    alice: Any, bob: Any, make_client: Any, make_followup: Any, login: Any
) -> None:
    chance, client = random.Random(3), make_client()
    for n in range(120):
        begins = TODAY - timedelta(days=chance.randrange(-12, 25))
        ends = begins + timedelta(days=chance.randrange(12))
        fields: dict[str, Any] = {"status": chance.choice(list(FollowUp.Status.values))}
        if fields["status"] == "done":
            fields |= {"done_on": begins + timedelta(days=chance.randrange(14)), "done_by": alice}
        item = chance.choice([1, 9, 11])
        make_followup(client, rule=f"r{n}", item=item, list_on=begins, keep_until=ends, **fields)
    wanted = [state_of(row) for row in FollowUp.objects.all()]
    found = everyone(bob)
    for lines in (found.agents, found.teams, found.items, found.months[-1:]):
        total = sum((line.count for line in lines), progress.NOTHING)
        assert [getattr(total, state) for state in progress.STATES] == [
            wanted.count(state) for state in progress.STATES
        ]
    for state in progress.STATES:
        page = login(bob).get(reverse("progress_list"), {"state": state}).context["page"]
        assert page.count == wanted.count(state)
    due = login(bob).get(reverse("progress_list"), {"state": "due"}).context
    assert (due["page"].count, due["elsewhere"]) == (found.total.due, 0)


def test_an_item_that_nobody_must_be_given_is_not_mandatory(
    bob: Any, make_followup: Any, login: Any
) -> None:
    make_followup(item=1, status="missed")
    make_followup(item=11, status="missed")
    found = everyone(bob)
    assert [line.must for line in found.items] == [True, False]
    assert (found.must.missed, found.must.percent) == (1, 0)
    for [line] in (found.agents, found.teams, found.months[-1:]):
        assert (line.count.missed, line.mandatory.missed) == (2, 1)
    page = login(bob).get(reverse("progress_list"), {"state": "missed", "must": 1}).context
    assert ([row.item for row in page["page"].object_list], page["elsewhere"]) == ([1], 0)


def test_whoever_served_the_client_keeps_what_they_did_and_missed(
    bob: Any, alice: Any, make_client: Any, make_followup: Any, login: Any
) -> None:
    """What is open goes along with the client, and comes back with an undo."""
    client = make_client()
    for n, status in enumerate(("missed", "done", "open")):
        fields = {"done_on": TODAY, "done_by": alice} if status == "done" else {}
        make_followup(client, rule=f"r{n}", status=status, keep_until=TODAY, **fields)
    other = User.objects.create(staff_no="A9", name="赵一鸣", role="agent", team=alice.team)
    Client.objects.filter(pk=client.pk).update(agent=other, handed_over_on=TODAY)
    counts = {line.of: line.count for line in everyone(bob).agents}
    assert counts == {
        alice: progress.Standing(done=1, missed=1),
        other: progress.Standing(open=1),
    }
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert counts == {line.of: line.count for line in everyone(bob).agents}
    User.objects.filter(pk=alice.pk).update(is_active=True)
    days = agent_work.work_of(bob, [alice.pk, other.pk], TODAY, TODAY)
    assert (days[alice.pk].on(TODAY), days[other.pk].on(TODAY)) == ((1, 1), (0, 1))
    for reader, agent, shown in ((bob, alice, 2), (bob, other, 1), (alice, alice, 0)):
        page = login(reader).get(reverse("progress_list"), {"agent": agent.pk}).context
        assert page["page"].count == shown
        assert page["elsewhere"] == (2 if reader == alice else 0)
    FollowUp.objects.filter(status="done").update(status="open", done_on=None, done_by=None)
    assert {line.of: line.count.open for line in everyone(bob).agents} == {alice: 0, other: 2}


def test_what_nobody_served_is_missed_by_nobody(
    bob: Any, alice: Any, make_client: Any, make_followup: Any
) -> None:
    missed = make_followup(make_client(agent=None), status="missed", keep_until=TODAY)
    Client.objects.filter(pk=missed.client_id).update(agent=alice)
    assert everyone(bob).total == progress.NOTHING


def test_an_agent_sees_their_own_alone(
    alice: Any, carol: Any, make_client: Any, make_followup: Any, login: Any
) -> None:
    make_followup()
    make_followup(make_client(agent=carol))
    page = login(alice).get(reverse("progress"))
    assert [line.of for line in page.context["found"].agents] == [alice]
    assert (
        login(alice).get(reverse("progress_list"), {"agent": carol.pk}).context["page"].count == 0
    )


def test_twenty_agents_cost_the_queries_of_one(
    bob: Any, alice: Any, make_client: Any, make_followup: Any, login: Any
) -> None:
    bobs, counted = login(bob), []
    for n in range(2):
        for k in range(1 + 19 * n):
            agent = User.objects.create(
                staff_no=f"Z{n}{k}", name="罗鸣", role="agent", team=alice.team
            )
            make_followup(make_client(agent=agent))
        with CaptureQueriesContext(connection) as queries:
            assert bobs.get(reverse("progress")).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 20
