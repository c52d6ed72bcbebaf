"""What is added up in advance of the agents' work agrees with the follow-ups, whatever is done to them."""

import random
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from clients.models import Client
from followups import daily, work
from followups.agent_work import NOTHING, work_of
from followups.models import AgentWork, DueWork, FollowUp
from lib.dates import days_from
from tests.conftest import TODAY
from tests.followups.test_standard import ALWAYS

pytestmark = pytest.mark.django_db
FIRST = TODAY - timedelta(days=10)
STATES = [*FollowUp.Status.values, "open", "open"]


def some(rows: Any, chance: random.Random) -> list[int]:
    return [pk for pk in rows.order_by("pk").values_list("pk", flat=True) if chance.random() < 0.4]


def fate(chance: random.Random) -> dict[str, Any]:
    begins = TODAY + timedelta(days=chance.randrange(-25, 4))
    fields: dict[str, Any] = {
        "status": chance.choice(STATES),
        "list_on": begins,
        "keep_until": begins + timedelta(days=chance.randrange(20)),
        "done_on": None,
        "done_by": None,
    }
    if fields["status"] == "done":
        fields["done_on"] = begins + timedelta(days=chance.randrange(25))
        fields["done_by"] = User.objects.earliest("pk")
    return fields


def anybody(chance: random.Random) -> User | None:
    return chance.choice([None, *User.objects.order_by("pk")])


def come_in(chance: random.Random) -> None:
    client = Client.objects.create(name="王芳", birth_on=TODAY, agent=anybody(chance))
    FollowUp.objects.bulk_create(
        FollowUp(
            client=client,
            rule=f"r{n}",
            item=10 + n % 2,
            priority=1,
            occasion_on=TODAY,
            **fate(chance),
        )
        for n in range(chance.randrange(6))
    )


def turn(chance: random.Random) -> None:
    FollowUp.objects.filter(pk__in=some(FollowUp.objects, chance)).update(**fate(chance))


def be_given(chance: random.Random) -> None:
    Client.objects.filter(pk__in=some(Client.objects, chance)).update(agent=anybody(chance))


def become_one(chance: random.Random) -> None:
    kept = Client.objects.order_by("?").first()
    for pk in some(FollowUp.objects, chance):
        FollowUp.objects.filter(pk=pk).update(client=kept, rule=f"of {pk} {chance.random()}"[:24])


def be_thrown_away(chance: random.Random) -> None:
    FollowUp.objects.filter(pk__in=some(FollowUp.objects, chance)).delete()


def leave(chance: random.Random) -> None:
    Client.objects.filter(pk__in=some(Client.objects, chance)[:1]).delete()


def be_missed(chance: random.Random) -> None:
    daily.mark_missed(TODAY + timedelta(days=chance.randrange(-5, 3)))


def be_packed(_chance: random.Random) -> None:
    for sums in (AgentWork, DueWork):
        sums.pack()
        assert sums.pack() == 0


DEEDS = (come_in, come_in, turn, turn, be_given, become_one, be_thrown_away, leave, be_missed, be_packed)  # fmt: skip


def is_as_counted_row_by_row(reader: User, agents: list[User]) -> None:
    found = work_of(reader, [agent.pk for agent in agents], FIRST, TODAY)
    for agent in agents:
        still = Q(status="open", client__agent=agent)
        rows = list(FollowUp.objects.filter(still | Q(served_by=agent)))
        own = found.get(agent.pk, NOTHING)
        for day in days_from(FIRST, TODAY):
            done = sum(row.done_on == day for row in rows)
            unfinished = [
                row for row in rows
                if row.status in {"open", "missed"} and row.list_on <= day <= row.keep_until
            ]  # fmt: skip
            assert own.on(day) == (done, len(unfinished))
        assert own.overdue == sum(
            row.status == "open" and row.list_on < TODAY <= row.keep_until for row in rows
        )


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(deeds=st.lists(st.sampled_from(DEEDS), min_size=6, max_size=14), seed=st.integers(0, 2**32))
def test_the_sums_follow_every_statement(
    deeds: Any, seed: int, alice: User, carol: User, dora: User
) -> None:
    """Against counting row by row, for each agent and each of eleven days."""
    chance = random.Random(seed)
    with transaction.atomic():
        for deed in deeds:
            deed(chance)
            assert AgentWork.wrong(*ALWAYS) == DueWork.wrong(*ALWAYS) == []
        is_as_counted_row_by_row(dora, [alice, carol])
        transaction.set_rollback(True)


def test_what_is_worked_off_and_taken_back_is_followed(
    alice: User, bob: User, make_followup: Any
) -> None:
    contact = work.record([make_followup()], by=alice, on=TODAY, outcome="done", channel="call")
    assert work_of(bob, [alice.pk], FIRST, TODAY)[alice.pk].on(TODAY) == (1, 0)
    work.undo(contact, by=alice)
    assert work_of(bob, [alice.pk], FIRST, TODAY)[alice.pk].on(TODAY) == (0, 1)
    assert AgentWork.wrong(*ALWAYS) == []


def test_nobody_reads_the_sums_of_another_team(alice: User, carol: User, bob: User) -> None:
    AgentWork.objects.create(agent=alice, on=TODAY, done=1)
    AgentWork.objects.create(agent=carol, on=TODAY, done=1)
    assert set(work_of(bob, [alice.pk, carol.pk], FIRST, TODAY)) == {alice.pk}


def test_a_fault_in_the_sums_is_named_and_mended(alice: User, make_followup: Any) -> None:
    make_followup(keep_until=TODAY + timedelta(days=1))
    AgentWork.objects.filter(on=TODAY).update(open_since=3)
    assert AgentWork.wrong(TODAY, TODAY) == [(alice.pk, TODAY, -2, 0, 0, 0, 0)]
    with pytest.raises(CommandError, match="1 days do not agree"):
        call_command("check_days", since=TODAY, stdout=StringIO())
    call_command("check_days", "--mend", since=TODAY, stdout=StringIO())
    assert AgentWork.wrong(*ALWAYS) == []
