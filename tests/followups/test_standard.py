"""311 proven from the records: the month of each agent and team, to the number."""

import random
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from clients.models import Client, Contact
from followups import standard, work
from followups.models import AgentDay, DayLog
from lib.dates import days_from

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 6, 1), date(2026, 6, 30)
ALWAYS = date(1, 1, 1), date(9999, 12, 31)
REACHED = {"done", "will_pay", "refused"}


@pytest.fixture(autouse=True)
def _last_evening() -> Any:
    with time_machine.travel(f"{LAST}T20:00:00+08:00", tick=False):
        yield


def a_month(chance: random.Random, agents: list[Any], clients: list[Client]) -> None:
    """Contacts of every kind on every day, households, what was taken back; logs in time, late or none."""
    made = []
    for on in [FIRST - timedelta(days=1), *days_from(FIRST, LAST), LAST + timedelta(days=1)]:
        for agent in agents:
            for _ in range(chance.randrange(9)):
                contact = Contact(client=chance.choice(clients), by=agent, on=on)
                contact.channel = chance.choice(["visit", "visit", "visit", "call", "wechat"])
                contact.outcome = chance.choice([*sorted(REACHED), "not_home", "no_answer"])
                contact.note = chance.choice(["", " ", "谈了受益人"])
                contact.undone_at = timezone.now() if chance.random() < 0.1 else None
                made.append(contact)
            written = datetime.combine(on, datetime.min.time()) + timedelta(
                hours=chance.randrange(18, 60)
            )
            at = timezone.make_aware(written)
            if chance.random() < 0.8:
                DayLog.objects.create(agent=agent, on=on, summary="x", handed_in_at=at)
    Contact.objects.bulk_create(made)
    for contact in chance.sample(made, 60):
        same = [one for one in made if (one.by_id, one.on) == (contact.by_id, contact.on)]
        head = chance.choice(same)
        if head is not contact and head.entry_id is None:
            Contact.objects.filter(pk=contact.pk).update(entry=head)


def by_hand(agent: Any, on: date) -> dict[str, int]:
    """One day counted row by row."""
    rows = [one for one in Contact.objects.filter(by=agent, on=on)
            if one.undone_at is None and one.entry_id is None and one.outcome in REACHED]  # fmt: skip
    visits = len({one.client_id for one in rows if one.channel == "visit"})
    written = any(one.note.strip() for one in rows if one.channel in {"visit", "call"})
    log = DayLog.objects.filter(agent=agent, on=on).first()
    summary = log is not None and log.in_time
    return {
        "visits": visits,
        "full": visits >= 3,
        "summaries": summary,
        "records": written,
        "met": visits >= 3 and written and summary,
    }


def test_the_month_of_each_agent_and_team_is_that_counted_row_by_row(
    alice: Any, bob: Any, carol: Any, dora: Any, make_client: Any
) -> None:
    agents = [alice, carol]
    a_month(random.Random(311), agents, [make_client() for _ in range(6)])
    table = standard.month_of(dora, User.objects.filter(pk__in=[alice.pk, carol.pk]), FIRST, LAST)
    assert len(table.teams) == 2
    met = 0
    for row in table.with_days(table.rows):
        days = [by_hand(row.agent, on) for on in days_from(FIRST, LAST)]
        assert vars(row.tally) == {name: sum(day[name] for day in days) for name in days[0]}
        assert [(day.visits, day.met) for day in row.days] == [
            (d["visits"], d["met"]) for d in days
        ]
        met += row.tally.met
    assert table.total.met == met > 0
    assert table.workdays == 21  # Dragon Boat, 19 June, is off
    assert AgentDay.wrong(*ALWAYS) == []


def test_what_is_added_up_in_advance_follows_every_statement(
    alice: Any, bob: Any, make_client: Any, make_followup: Any
) -> None:
    def today() -> list[tuple[int, int, int]]:
        assert AgentDay.wrong(*ALWAYS) == []
        return list(
            AgentDay.objects.filter(agent=alice, on=LAST).values_list("visits", "calls", "written")
        )

    when = {"list_on": LAST, "keep_until": LAST, "occasion_on": LAST}
    told = {"by": alice, "on": LAST, "channel": "visit", "outcome": "done"}
    contact = work.record([make_followup(**when)], note="见了面", **told)
    assert today() == [(1, 0, 1)]
    again = work.record([make_followup(contact.client, rule="other", **when)], **told)
    assert today() == [(1, 0, 1)]  # the same client on the same day
    work.undo(contact, by=alice)
    assert today() == [(1, 0, 0)]
    Contact.objects.filter(pk=again.pk).update(channel="call", by=bob)
    assert today() == [(0, 0, 0)]
    Contact.objects.filter(pk=again.pk).update(by=alice)
    assert today() == [(0, 1, 0)]
    again.client.delete()
    assert today() == [(0, 0, 0)]


def test_a_fault_in_what_was_added_up_is_found(alice: Any, make_client: Any) -> None:
    Contact.objects.create(client=make_client(), by=alice, on=LAST, channel="visit")
    AgentDay.objects.update(visits=2)
    assert [row[:4] for row in AgentDay.wrong(FIRST, LAST)] == [(alice.pk, LAST, 2, 1)]
    assert AgentDay.wrong(FIRST, FIRST) == []
    with pytest.raises(CommandError, match="1 days do not agree"):
        call_command("check_days", stdout=StringIO())


def test_an_agent_sees_their_own_month_and_a_leader_the_teams(
    login: Any, alice: Any, bob: Any, carol: Any, make_client: Any
) -> None:
    for agent in (alice, carol):
        Contact.objects.create(client=make_client(agent=agent), by=agent, on=LAST, channel="visit")
    for user in (alice, bob):
        page = login(user).get(reverse("standard"))
        assert [row.agent for row in page.context["rows"]] == [alice]
    page = login(bob).get(reverse("standard"), {"month": "2026-05", "team": "x"})
    assert page.context["table"].total.visits == 0
    assert login(bob).get(reverse("standard"), {"month": "1900-01"}).context["month"] == FIRST


def test_the_month_is_a_file_with_the_rows_of_its_page(
    login: Any, alice: Any, bob: Any, carol: Any, make_client: Any
) -> None:
    for agent in (alice, carol):
        Contact.objects.create(client=make_client(agent=agent), by=agent, on=LAST, channel="visit")
    answer = login(bob).post(f"/exports/standard/?month={LAST:%Y-%m}", {"form": "csv"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert alice.staff_no in lines[1]
    assert ",1," in lines[1]


def test_thirty_agents_cost_the_queries_of_one(
    login: Any, bob: Any, alice: Any, group: Any
) -> None:
    browser = login(bob)

    def queries() -> int:
        browser.get(reverse("standard"))
        with CaptureQueriesContext(connection) as caught:
            browser.get(reverse("standard"))
        return len(caught)

    before = queries()
    for n in range(30):
        User.objects.create(staff_no=f"B{n}", name=f"同事{n}", team=group)
    assert queries() == before
    assert before <= 20
