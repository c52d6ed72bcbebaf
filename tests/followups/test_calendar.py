"""The month of an agent: load, occasions, lunar days, festivals, days off; and the work of ninety days."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from clients.models import Client, FamilyMember, KeyDate
from followups import daily
from followups.almanac import faces, lunar_span
from followups.calendar_views import grid_of
from followups.festivals import Festival
from followups.greetings import Campaign, Greeting
from followups.models import FollowUp, Holiday, Planned, WorkingDay
from followups.occasions import occasions
from followups.workload import workload
from lib import dates
from lib.dates import days_from
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
JUNE = days_from(date(2026, 6, 1), date(2026, 6, 30))


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: TODAY)


def page(browser: Any, query: str = "", **headers: str) -> str:
    answer = browser.get(f"{reverse('calendar')}{query}", headers=headers)
    assert answer.status_code == 200
    words: str = answer.content.decode()
    return words


# --- the days


@pytest.mark.parametrize(
    ("day", "word", "tone", "off"),
    [
        (2, "十七", "", ""),
        (5, "芒种", "teal", ""),
        (15, "五月", "", ""),
        (19, "端午节", "danger", "休"),
        (21, "父亲节", "danger", ""),
    ],
)
def test_a_day_shows_the_one_word_that_matters(day: int, word: str, tone: str, off: str) -> None:
    with translation.override("zh-hans"):
        face = faces(JUNE)[day - 1]
        assert (face.word, face.tone, face.off) == (word, tone, off)


def test_what_the_office_says_outranks_the_decree() -> None:
    Holiday.objects.create(on=date(2026, 6, 19), is_workday=True)
    Holiday.objects.create(on=date(2026, 6, 10), name="司庆")
    WorkingDay.objects.create(saturdays=True)
    with translation.override("zh-hans"):
        by_day = {face.day.day: face for face in faces(JUNE)}
    assert (by_day[19].off, by_day[19].rests) == ("班", False)
    assert (by_day[10].off, by_day[10].rests, by_day[10].names) == ("休", True, ["司庆"])
    assert not by_day[13].rests
    assert by_day[14].rests


def test_in_english_the_lunar_day_is_a_pair_of_numbers() -> None:
    with translation.override("en"):
        assert faces(JUNE)[1].word == "4/17"
        assert lunar_span(JUNE[0], JUNE[-1]) == "Year of the Horse, lunar 4/16 – 5/16"
    with translation.override("zh-hans"):
        assert lunar_span(JUNE[0], JUNE[-1]) == "丙午年 四月十六 – 五月十六"


@pytest.mark.parametrize(("begins", "first"), [(0, date(2026, 6, 1)), (6, date(2026, 5, 31))])
def test_the_grid_holds_whole_weeks(begins: int, first: date) -> None:
    days = grid_of(date(2026, 6, 1), begins)
    assert (days[0], len(days) % 7, days[0].weekday()) == (first, 0, begins)
    assert {day for day in days if day.month == 6} == set(JUNE)


# --- what falls on them


def test_what_falls_on_a_day(
    alice: Any, carol: Any, make_client: Any, make_policy: Any, make_instalment: Any
) -> None:
    born = date(1980, 6, 22)
    client = make_client(name="陈志远", birth_on=born)
    make_client(name="孙丽华", birth_on=date(1950, 6, 19), birthday_calendar="lunar")
    make_instalment(make_policy(client, matures_on=date(2026, 6, 23)), due_on=date(2026, 6, 20))
    Planned.objects.create(
        client=client, words="取照片", first_on=date(2026, 6, 3), every="week", by=alice
    )
    make_instalment(make_policy(make_client(agent=carol)), due_on=date(2026, 6, 20))
    FamilyMember.objects.create(
        client=client, kin="parent", name="陈德明", calendar="lunar", year=1956, month=5, day=5
    )
    KeyDate.objects.create(client=client, kind="wedding", year=2021, month=6, day=24)
    festival = Festival.objects.get(code="dragon-boat")
    campaign = Campaign.objects.create(festival=festival, on=JUNE[18], opens_on=JUNE[15])
    Greeting.objects.create(campaign=campaign, client=client)
    found = occasions(alice, alice, JUNE[0], JUNE[-1])
    flat = sorted((one.day.day, one.kind, one.who) for here in found.values() for one in here)
    assert flat == [
        (3, "task", "陈志远"),
        (10, "task", "陈志远"),
        (17, "task", "陈志远"),
        (19, "birthday", "孙丽华"),
        (19, "family", "陈志远"),
        (19, "festival", "端午节"),
        (20, "due", "陈志远"),
        (22, "birthday", "陈志远"),
        (23, "payout", "陈志远"),
        (24, "kept", "陈志远"),
        (24, "task", "陈志远"),
    ]
    words = [one.words for day in (19, 24) for one in found[date(2026, 6, day)]]
    assert words == ["问候 1 位", "生日", "父母 陈德明 70 岁 生日", "取照片", "结婚纪念日 5 年"]


def test_the_page_shows_month_and_day(login: Any, alice: Any, make_instalment: Any) -> None:
    client = make_instalment(due_on=date(2026, 6, 20)).policy.holder
    words = page(login(alice), "?on=2026-06-20")
    assert "2026年6月" in words
    assert "端午节" in words
    assert client.name in words
    assert words.count('aria-current="date"') == 1


def test_a_day_alone_is_what_htmx_asks_for(login: Any, alice: Any) -> None:
    words = page(login(alice), "?on=2026-06-19", **{"HX-Request": "true"})
    assert words.lstrip().startswith("<section")
    assert "端午节" in words


@pytest.mark.parametrize("query", ["?on=2026-02-30", "?on=x", "?agent=x", "?on=2026-07-01"])
def test_what_makes_no_sense_shows_this_month(login: Any, alice: Any, query: str) -> None:
    assert "2026年" in page(login(alice), query)


@pytest.mark.parametrize("month", [(2026, 13), (1900, 1), (2101, 1)])
def test_there_is_no_such_month(login: Any, alice: Any, month: Any) -> None:
    assert login(alice).get(reverse("calendar_month", args=month)).status_code == 404


def test_a_leader_sees_an_agents_calendar_and_nobody_elses(
    login: Any, alice: Any, bob: Any, carol: Any, make_instalment: Any
) -> None:
    client = make_instalment(due_on=date(2026, 6, 20)).policy.holder
    assert client.name in page(login(bob), f"?agent={alice.pk}&on=2026-06-20")
    assert client.name in page(login(bob), "?on=2026-06-20")  # his first agent
    assert login(carol).get(f"{reverse('calendar')}?agent={alice.pk}").status_code == 404
    assert client.name not in page(login(carol), "?on=2026-06-20")


@pytest.mark.parametrize(("wished", "first"), [("en-US", "Sun"), ("en-GB", "Mon")])
def test_the_week_begins_as_the_reader_is_used_to(
    login: Any, alice: Any, wished: str, first: str
) -> None:
    alice.language = "en"
    alice.save()
    browser = login(alice)
    browser.cookies["django_language"] = "en"
    words = page(browser, **{"Accept-Language": wished})
    assert f'<span class="only-wide">{first}</span>' in words.split("</th>")[0]


def test_twenty_clients_cost_the_queries_of_one(
    login: Any, alice: Any, make_client: Any, make_policy: Any, make_instalment: Any
) -> None:
    browser = login(alice)

    def add(n: int) -> None:
        client = make_client(birth_on=date(1980, 6, 1 + n))
        FamilyMember.objects.create(client=client, kin="child", name="乐乐", month=6, day=9)
        KeyDate.objects.create(client=client, kind="wedding", month=6, day=9)
        policy = make_policy(client)
        make_instalment(policy, due_on=TODAY + n * A_DAY)
        FollowUp.objects.insert_from(*_due().yet_to_write(TODAY, TODAY).query.sql_with_params())

    add(0)
    page(browser)
    with CaptureQueriesContext(connection) as one:
        page(browser)
    for n in range(20):
        add(n)
    with CaptureQueriesContext(connection) as twenty:
        page(browser)
    assert len(twenty) == len(one)


def _due() -> Any:
    from followups.rulebook import BY_CODE

    return BY_CODE["renewal-due"]


# --- the work of ninety days


@pytest.fixture
def paid(make_policy: Any, make_instalment: Any) -> Any:
    """Premiums that were paid: each brings a notice to deliver within a fortnight."""

    def pay(n: int) -> None:
        for _ in range(n):
            made = make_instalment(make_policy(), due_on=TODAY)
            made.paid_on = TODAY
            made.save()

    return pay


def test_what_can_wait_moves_to_days_with_room(alice: Any, paid: Any) -> None:
    WorkingDay.objects.create(capacity=2)
    paid(5)
    work = workload(alice, alice, TODAY, TODAY + 20 * A_DAY)
    # Friday's notices begin on Saturday: nobody works, so they go to Monday and after.
    assert dict(work.counts) == {
        date(2026, 6, 15): 2,
        date(2026, 6, 16): 2,
        date(2026, 6, 17): 1,
    }
    assert {matter.followup.list_on for matter in work.matters} == {date(2026, 6, 13)}
    assert all(matter.moved for matter in work.matters)


def test_the_lists_themselves_do_not_move(alice: Any, paid: Any) -> None:
    WorkingDay.objects.create(capacity=1)
    paid(3)
    daily.write_day(TODAY + A_DAY)
    assert set(FollowUp.objects.values_list("list_on", flat=True)) == {TODAY + A_DAY}
    work = workload(alice, alice, TODAY, TODAY + 20 * A_DAY)
    assert sorted(work.counts.values()) == [1, 1, 1]


def test_what_has_its_day_stays_even_above_capacity(
    alice: Any, make_instalment: Any, make_policy: Any
) -> None:
    WorkingDay.objects.create(capacity=1)
    for _ in range(3):
        make_instalment(make_policy(), due_on=TODAY + 3 * A_DAY)
    work = workload(alice, alice, TODAY, TODAY + 5 * A_DAY)
    assert work.counts == {TODAY + 3 * A_DAY: 3}
    assert [day.day for day in work.days if day.over] == [TODAY + 3 * A_DAY]


def test_it_is_what_the_lists_will_hold(alice: Any, make_client: Any, make_policy: Any) -> None:
    """Unless something can wait, each matter stands on the day on which it will be listed."""
    client = make_client(birth_on=date(1980, 1, 1))
    Client.objects.filter(pk=client.pk).update(next_birthday_on=TODAY + 4 * A_DAY)
    make_policy(client)
    planned = workload(alice, alice, TODAY, TODAY + 6 * A_DAY)
    for n in range(7):
        daily.write_day(TODAY + n * A_DAY)
    listed = FollowUp.objects.values_list("list_on", flat=True)
    assert sorted(planned.counts.elements()) == sorted(listed) != []
