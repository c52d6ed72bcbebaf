"""The end of a day: drafted from the records, handed in, gone through or sent back."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from clients.models import Contact
from followups import day_end, day_logs, work
from followups.models import DayLog, WorkingDay
from followups.office_days import last_workday, workdays_before
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
SAID = {"summary": "三访，都谈了续期"}


@pytest.fixture(autouse=True)
def _evening() -> Any:
    with time_machine.travel(f"{TODAY}T18:00:00+08:00", tick=False):
        yield


@pytest.fixture
def handed_in(alice: Any, login: Any) -> DayLog:
    login(alice).post(reverse("day_end"), SAID)
    return DayLog.objects.get()


def test_the_draft_says_what_was_done_promised_and_missed(
    alice: Any, make_client: Any, make_policy: Any, make_instalment: Any, make_followup: Any
) -> None:
    wang = make_client(name="王芳", client_class="develop")
    owed = make_instalment(make_policy(wang), due_on=TODAY - timedelta(days=20))
    row = make_followup(wang, rule="grace", series="premium", instalment=owed, policy=owed.policy)
    work.record([row], by=alice, on=TODAY, channel="visit", outcome="will_pay",
        until=TODAY + timedelta(days=3), note="发工资后缴")  # fmt: skip
    make_followup(make_client(name="李强"))
    with translation.override("en"):
        said = day_end.draft(day_end.facts_of(alice, alice, TODAY))
    assert said["summary"].splitlines() == [
        "1 item done: Visit 1",
        "Outcomes: Will pay 1",
        "Promised: 王芳 15 June ¥6,820",
        "Not done in time: 李强 Birthday greeting",
    ]
    assert said["best"] == "王芳: 发工资后缴"
    assert said["prospects"] == "王芳"


def test_what_was_taken_back_is_in_no_draft(alice: Any, make_followup: Any) -> None:
    contact = work.record([make_followup()], by=alice, on=TODAY, outcome="done")
    work.undo(contact, by=alice)
    assert day_end.facts_of(alice, alice, TODAY).entries == []


def test_a_day_is_handed_in_once_however_often_it_is_sent(alice: Any, login: Any) -> None:
    browser = login(alice)
    for summary in ("一", "二", "二"):
        browser.post(reverse("day_end"), {"summary": summary})
    assert [log.summary for log in DayLog.objects.all()] == ["二"]
    assert DayLog.objects.get().in_time


def test_nothing_said_is_not_handed_in(alice: Any, login: Any) -> None:
    assert login(alice).post(reverse("day_end"), {"summary": " "}).status_code == 422
    assert not DayLog.objects.exists()


@pytest.mark.parametrize("days", [-1, 8, 800])
def test_no_other_day_can_be_handed_in(alice: Any, login: Any, days: int) -> None:
    on = TODAY - timedelta(days=days)
    browser, address = login(alice), f"{reverse('day_end')}?on={on}"
    assert browser.get(address).status_code == (200 if days == 800 else 404)  # far off: today
    browser.post(address, SAID)
    assert not DayLog.objects.exclude(on=TODAY).exists()


def test_attendance_is_asked_only_where_the_office_notes_it(alice: Any, login: Any) -> None:
    browser = login(alice)
    assert "attended" not in browser.get(reverse("day_end")).context["form"].fields
    WorkingDay.objects.create(notes_attendance=True, notes_training=True)
    browser.post(reverse("day_end"), SAID | {"attended": "on"})
    log = DayLog.objects.get()
    assert (log.attended, log.trained, log.at_meeting) == (True, False, None)


def test_what_is_sent_back_comes_to_the_agents_list_and_is_handed_in_again(
    alice: Any, bob: Any, login: Any, handed_in: DayLog
) -> None:
    leader, agent = login(bob), login(alice)
    address = reverse("log_review", args=[handed_in.pk])
    assert leader.post(address, {"send_back": "1"}).status_code == 422  # without a word
    leader.post(address, {"send_back": "1", "note": "第二访谈了什么？"})
    assert "第二访谈了什么？" in agent.get(reverse("today")).content.decode()
    agent.post(reverse("day_end"), {"summary": "第二访谈了受益人"})
    assert "第二访谈了什么？" not in agent.get(reverse("today")).content.decode()
    leader.post(address, {"note": "好"})
    log = DayLog.objects.get()
    assert (log.is_reviewed, log.note, log.reviewed_by) == (True, "好", bob)


def test_what_the_leader_has_gone_through_stays(
    alice: Any, bob: Any, login: Any, handed_in: DayLog
) -> None:
    day_logs.review(handed_in, by=bob, at=handed_in.handed_in_at)
    assert login(alice).post(reverse("day_end"), {"summary": "别的"}).status_code == 422
    assert DayLog.objects.get().summary == SAID["summary"]
    again = login(bob).post(reverse("log_review", args=[handed_in.pk]), {"note": "x"})
    assert again.status_code == 422


def test_a_leader_reads_the_book_of_their_own_people(
    alice: Any, bob: Any, carol: Any, login: Any, handed_in: DayLog
) -> None:
    book = f"{reverse('log_book')}?agent={alice.pk}"
    assert SAID["summary"] in login(bob).get(book).content.decode()
    assert login(carol).get(book).status_code == 404
    assert SAID["summary"] in login(bob).get(reverse("team_logs")).content.decode()


def test_who_handed_nothing_in_is_named_where_logs_are_kept(
    alice: Any, bob: Any, handed_in: DayLog
) -> None:
    yesterday = last_workday(TODAY)
    assert list(day_logs.missing(bob, TODAY)) == []
    assert list(day_logs.missing(bob, yesterday)) == []  # nobody kept logs then
    DayLog.objects.update(on=yesterday - timedelta(days=2))
    assert list(day_logs.missing(bob, yesterday)) == [alice]


def test_working_days_are_counted_back_over_a_week_of_holidays() -> None:
    assert last_workday(date(2026, 6, 15)) == date(2026, 6, 12)
    assert last_workday(date(2026, 10, 8)) == date(2026, 9, 30)
    assert workdays_before(date(2026, 6, 12), 3) == [date(2026, 6, n) for n in (11, 10, 9)]


def test_twenty_contacts_cost_the_queries_of_one(
    alice: Any, bob: Any, login: Any, make_client: Any, handed_in: DayLog
) -> None:
    pages = [(login(alice), reverse("day_end")), (login(bob), reverse("log", args=[handed_in.pk]))]
    pages += [(pages[0][0], reverse("log_book")), (pages[1][0], reverse("team_logs"))]

    def queries() -> list[int]:
        counts = []
        for browser, address in pages:
            browser.get(address)
            with CaptureQueriesContext(connection) as caught:
                assert browser.get(address).status_code == 200
            counts.append(len(caught))
        return counts

    Contact.objects.create(client=make_client(), by=alice, on=TODAY, channel="visit", note="x")
    day_logs.hand_in(alice, TODAY - timedelta(days=9), at=handed_in.handed_in_at, summary="x")
    before = queries()
    for n in range(20):
        Contact.objects.create(client=make_client(), by=alice, on=TODAY, channel="visit", note="x")
        if n:
            on = TODAY - timedelta(days=n)
            day_logs.hand_in(alice, on, at=handed_in.handed_in_at, summary="x")
    assert queries() == before
    assert max(before) <= 15
