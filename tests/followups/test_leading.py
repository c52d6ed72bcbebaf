"""The leader's day: what comes up, what goes back to the agent, who takes it over, the morning meeting."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from clients.models import Client, Contact
from followups import day_logs, escalations, giving, meeting_agenda, standard, team, untouched, work
from followups.models import DayLog, FollowUp, MorningMeeting, SpotCheck
from policies import promises
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
THURSDAY, TUESDAY = TODAY - timedelta(days=1), TODAY - timedelta(days=3)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(f"{TODAY}T12:00:00+08:00", tick=False):
        yield


def urgent(make_followup: Any, client: Any, on: date, **fields: Any) -> FollowUp:
    usual = {"priority": 1, "list_on": on, "keep_until": TODAY + timedelta(days=3)}
    return make_followup(client, **(usual | fields))


def test_urgent_work_comes_up_after_one_working_day_and_after_three(
    bob: Any, dora: Any, make_client: Any, make_followup: Any
) -> None:
    old = urgent(make_followup, make_client(), TUESDAY)
    new = urgent(make_followup, make_client(), THURSDAY)
    urgent(make_followup, make_client(), TODAY)
    urgent(make_followup, make_client(), TUESDAY, priority=2)
    urgent(make_followup, make_client(last_contact_on=THURSDAY), TUESDAY)  # somebody has called
    assert set(untouched.untouched(bob, TODAY)) == {old, new}
    assert set(untouched.untouched(dora, TODAY)) == {old}
    for leader, count in ((bob, 2), (dora, 1)):
        [own] = team.board(leader, TODAY).agents
        assert (own.untouched, own.needs_you) == (count, True)


def test_where_no_supervisor_is_it_comes_up_to_the_manager_after_one_working_day(
    bob: Any, carol: Any, dora: Any, admin: Any, make_client: Any, make_followup: Any
) -> None:
    led = urgent(make_followup, make_client(), THURSDAY)
    alone = urgent(make_followup, make_client(agent=carol), THURSDAY)
    urgent(make_followup, make_client(agent=carol), TODAY)

    def comes_up_to(leader: User) -> tuple[set[FollowUp], int]:
        agents = team.board(leader, TODAY).agents
        return set(untouched.untouched(leader, TODAY)), sum(own.untouched for own in agents)

    assert comes_up_to(dora) == comes_up_to(admin) == ({alone}, 1)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert comes_up_to(dora) == ({led, alone}, 2)
    assert meeting_agenda.agenda_of(dora, TODAY).untouched == [led, alone]


def test_what_has_come_up_stands_on_the_leaders_page(
    login: Any, bob: Any, carol: Any, make_client: Any, make_followup: Any
) -> None:
    urgent(make_followup, make_client(name="王芳"), THURSDAY)
    urgent(make_followup, make_client(name="外人", agent=carol), THURSDAY)
    page = login(bob).get(reverse("team_matters"))
    assert [row.client.name for row in page.context["urgent"]] == ["王芳"]


def test_who_handed_in_no_log_needs_the_leader_where_colleagues_did(
    bob: Any, alice: Any, group: Any
) -> None:
    assert not team.board(bob, TODAY).agents[0].no_log
    other = User.objects.create(staff_no="A9", name="赵一鸣", team=group)
    day_logs.hand_in(other, THURSDAY, at=timezone.now(), summary="x")
    assert [own.agent for own in team.board(bob, TODAY).agents if own.no_log] == [alice]


def test_what_the_supervisor_answers_comes_back_to_the_agents_list(
    login: Any, alice: Any, bob: Any, make_followup: Any
) -> None:
    contact = work.record([make_followup()], by=alice, on=TODAY, outcome="complaint", note="态度差")
    matter = contact.escalation
    answer = "已电话致歉，\n" + "周三我陪你上门。" * 20
    login(bob).post(reverse("team_matter_close", args=[matter.pk]), {"answer": answer})
    page = login(alice).get(reverse("today")).content.decode()
    assert "周建国 答复：已电话致歉， 周三我陪你上门。" in page
    whole = login(alice).get(reverse("client", args=[contact.client_id])).content.decode()
    assert "周三我陪你上门。" * 20 in whole
    [row] = FollowUp.objects.open().filter(planned__isnull=False)
    assert (row.list_on, row.planned.by) == (TODAY, bob)
    escalations.close(matter, by=bob, on=TODAY, answer="再答一次")
    assert FollowUp.objects.open().filter(planned__isnull=False).count() == 1


def test_one_matter_is_given_away_with_the_client_and_whoever_lives_there(
    login: Any, alice: Any, bob: Any, carol: Any, group: Any, make_client: Any, make_followup: Any
) -> None:
    from clients.family import Household

    home = Household.objects.create(name="陈家", address="文三路 1 号")
    client, wife = (make_client(household=home, address="文三路 1 号") for _ in range(2))
    stays, task = make_client(), make_followup(client)
    other = User.objects.create(staff_no="A9", name="赵一鸣", team=group)
    browser, address = login(bob), f"{reverse('team_give')}?client={client.pk}"
    assert other in browser.get(address).context["receivers"]
    assert carol not in browser.get(address).context["receivers"]
    for wrong in (
        {"to": carol.pk, "reason": "x"},
        {"to": other.pk},
        {"to": alice.pk, "reason": "x"},
    ):
        assert browser.post(address, wrong).status_code == 422
    browser.post(address, {"to": other.pk, "reason": "宽限期只剩两天"})
    assert set(Client.objects.filter(agent=other)) == {client, wife}
    assert set(Client.objects.filter(handed_over_on=TODAY)) == {client, wife}
    assert Client.objects.get(pk=stays.pk).agent == alice
    assert AuditEntry.objects.filter(detail__reason="宽限期只剩两天").count() == 2
    assert login(alice).get(reverse("task", args=[task.pk])).status_code == 404
    assert login(other).get(reverse("task", args=[task.pk])).status_code == 200


def test_several_are_ticked_and_given_away_at_once(
    login: Any, alice: Any, dora: Any, carol: Any, group: Any, make_client: Any, make_followup: Any
) -> None:
    from clients.family import Household

    home = Household.objects.create(name="陈家", address="文三路 1 号")
    client, wife = (make_client(household=home, address="文三路 1 号") for _ in range(2))
    elsewhere, his_own = make_client(agent=carol), make_client()
    other = User.objects.create(staff_no="A9", name="赵一鸣", team=group)
    Client.objects.filter(pk=his_own.pk).update(agent=other)
    for one in (client, elsewhere):
        urgent(make_followup, one, TUESDAY)
    browser = login(dora)
    page = browser.get(reverse("team_matters")).content.decode()
    assert page.count('form="give"') == 2
    ticked = "&".join(f"client={one.pk}" for one in (client, elsewhere, his_own))
    address = f"{reverse('team_give')}?{ticked}"
    page = browser.get(address)
    assert set(page.context["going"]) == {client, wife, elsewhere, his_own}
    assert {one.pk for one in page.context["receivers"]} == {alice.pk, carol.pk, other.pk}
    answer = browser.post(address, {"to": other.pk, "reason": "林晓芸请假"}, follow=True)
    assert "3 位客户已转派给 赵一鸣，待办一并转走。" in answer.content.decode()
    assert set(Client.objects.filter(handed_over_on=TODAY)) == {client, wife, elsewhere}
    assert AuditEntry.objects.filter(detail__reason="林晓芸请假").count() == 3


def test_who_ticks_nobody_is_told_so(login: Any, bob: Any, carol: Any, make_client: Any) -> None:
    address, browser = reverse("team_give"), login(bob)
    answer = browser.get(address, follow=True)
    assert "请勾选要转派的客户。" in answer.content.decode()
    for wrong in (make_client(agent=carol).pk, "x", "9" * 30):
        assert browser.get(f"{address}?client={wrong}").status_code == 404


def test_an_agent_gives_nobody_away(alice: Any, group: Any, make_client: Any) -> None:
    other = User.objects.create(staff_no="A9", name="赵一鸣", team=group)
    with pytest.raises(PermissionDenied):
        giving.give([make_client()], other, by=alice, reason="x")
    assert not Client.objects.filter(agent=other).exists()


def test_the_agenda_of_the_meeting_is_read_from_the_data(
    alice: Any,
    bob: Any,
    make_client: Any,
    make_policy: Any,
    make_instalment: Any,
    make_followup: Any,
) -> None:
    make_followup(status="missed", list_on=THURSDAY, keep_until=THURSDAY)
    make_followup(status="missed", list_on=TUESDAY, keep_until=TUESDAY)
    soon = make_instalment(due_on=TODAY - timedelta(days=55))
    make_instalment(due_on=TODAY - timedelta(days=10))
    word = promises.promise(
        make_instalment(due_on=TODAY - timedelta(days=20)), until=THURSDAY, on=TUESDAY, by=alice
    )
    User.objects.filter(pk=alice.pk).update(birth_on=date(1992, 6, 16))
    User.objects.filter(pk=bob.pk).update(birth_on=date(1980, 7, 16))
    agenda = meeting_agenda.agenda_of(bob, TODAY)
    assert [(one.agent, one.count) for one in agenda.missed] == [(alice, 1)]
    assert (agenda.ending, agenda.broken) == ([soon], [word])
    assert agenda.birthdays == [(date(2026, 6, 16), alice)]
    assert agenda.since == THURSDAY


def test_the_minutes_are_kept_with_who_was_there(
    login: Any, alice: Any, bob: Any, carol: Any
) -> None:
    browser, address = login(bob), reverse("team_meeting")
    assert browser.post(address, {"minutes": ""}).status_code == 422
    assert browser.post(address, {"minutes": "x", "present": [carol.pk]}).status_code == 422
    browser.post(address, {"minutes": "今天先打宽限期", "present": [alice.pk]})
    browser.post(address, {"minutes": "先打宽限期，再走访", "present": []})
    meeting = MorningMeeting.objects.get()
    assert (meeting.minutes, list(meeting.present.all())) == ("先打宽限期，再走访", [])
    assert "先打宽限期，再走访" in browser.get(address).content.decode()


def test_the_leaders_own_month_counts_checks_meetings_and_reviews(
    bob: Any, dora: Any, alice: Any, make_client: Any
) -> None:
    now = timezone.now()
    contacts = [
        Contact.objects.create(client=make_client(), by=alice, on=THURSDAY) for _ in range(3)
    ]
    for contact in contacts:
        SpotCheck.objects.create(
            leader=bob,
            on=TODAY,
            contact=contact,
            why="chance",
            way="phone",
            finding="agrees",
            done_at=now,
        )
    MorningMeeting.objects.create(leader=bob, on=TODAY, minutes="x", held_at=now)
    log = DayLog.objects.create(agent=alice, on=THURSDAY, summary="x", handed_in_at=now)
    table = standard.month_of(dora, team.agents_of(dora), TODAY, TODAY)

    def of_bob() -> tuple[int, ...]:
        [own] = [one for one in standard.leaders_of(dora, table) if one.leader == bob]
        return (own.checks, own.meetings, own.reviews, own.met)

    assert of_bob() == (3, 1, 0, 0)
    day_logs.review(log, by=bob, at=now)
    assert of_bob() == (3, 1, 1, 1)


def test_twenty_matters_cost_the_queries_of_one(
    login: Any, bob: Any, alice: Any, make_client: Any, make_followup: Any, make_instalment: Any
) -> None:
    browser = login(bob)

    def queries() -> list[int]:
        counts = []
        ticked = "&".join(f"client={pk}" for pk in Client.objects.values_list("pk", flat=True))
        give = f"{reverse('team_give')}?{ticked}"
        for address in (reverse("team_matters"), reverse("team_meeting"), give):
            browser.get(address)
            with CaptureQueriesContext(connection) as caught:
                browser.get(address)
            counts.append(len(caught))
        return counts

    def more() -> None:
        urgent(make_followup, make_client(), THURSDAY)
        make_instalment(due_on=TODAY - timedelta(days=55))
        make_followup(status="missed", list_on=THURSDAY, keep_until=THURSDAY)

    more()
    before = queries()
    for _ in range(8):
        more()
    assert queries() == before
    assert max(before) <= 22
