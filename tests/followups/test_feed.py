"""The list in somebody's own calendar, read as a calendar program reads it."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from accounts.models import AuditEntry, CalendarFeed
from followups import daily, feed
from followups.models import FollowUp
from lib import dates
from lib.pace import Pace

DAY = date(2026, 6, 12)
ONE_DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: DAY)
    monkeypatch.setattr(feed, "PACE", Pace(times=30, seconds=300))


@pytest.fixture
def secret(alice: Any) -> str:
    return CalendarFeed.make(alice)


def ask(secret: str, **headers: str) -> Any:
    return Browser().get(reverse("feed", args=[secret]), headers=headers)


def events(secret: str) -> list[tuple[date, str]]:
    calendar = Calendar.from_ical(ask(secret).content)
    return [(event["DTSTART"].dt, str(event["SUMMARY"])) for event in calendar.walk("VEVENT")]


def test_open_work_stands_on_its_day(secret: str, make_client: Any, make_followup: Any) -> None:
    client = make_client(name="陈志远")
    make_followup(client, list_on=DAY - 3 * ONE_DAY, keep_until=DAY + ONE_DAY)
    make_followup(client, rule="agreed", list_on=DAY + ONE_DAY, keep_until=DAY + 9 * ONE_DAY)
    assert events(secret) == [(DAY, "陈** · 生日问候"), (DAY + ONE_DAY, "陈** · 生日问候")]


def test_a_client_is_one_event_a_day(secret: str, make_client: Any, make_followup: Any) -> None:
    client = make_client(name="陈志远")
    make_followup(client, keep_until=DAY)
    make_followup(client, rule="cover", series="cover", item=1, priority=2)
    assert events(secret) == [(DAY, "陈** · 续保提醒 + 生日问候")]


def test_what_is_settled_or_too_late_is_not_there(
    secret: str, alice: Any, make_client: Any, make_followup: Any
) -> None:
    make_followup(status="withdrawn")
    make_followup(status="done", done_on=DAY, done_by=alice)
    make_followup(list_on=DAY - 9 * ONE_DAY, keep_until=DAY - ONE_DAY)
    make_followup(list_on=DAY + 31 * ONE_DAY, keep_until=DAY + 40 * ONE_DAY)
    assert events(secret) == []


def test_what_the_rules_will_ask_for_is_foreseen(
    secret: str, make_client: Any, make_policy: Any, make_instalment: Any
) -> None:
    """The calendar says today what the coming lists then hold; a premium is taken to be paid when due."""
    client = make_client(
        name="陈志远", birth_on=date(1980, 6, 20), next_birthday_on=date(2026, 6, 20)
    )
    instalment = make_instalment(make_policy(client), due_on=DAY + 12 * ONE_DAY)
    foreseen = {day for day, _words in events(secret)}
    for n in range((instalment.due_on - DAY).days + 1):
        daily.write_day(DAY + n * ONE_DAY)
    written = FollowUp.objects.filter(client=client, list_on__gt=DAY)
    assert foreseen - {DAY} == set(written.values_list("list_on", flat=True))
    assert DAY + 12 * ONE_DAY in foreseen
    assert date(2026, 6, 20) in foreseen


def test_what_was_foreseen_and_is_now_written_stays_the_same_event(
    secret: str, make_client: Any
) -> None:
    make_client(name="陈志远", birth_on=date(1980, 6, 13), next_birthday_on=date(2026, 6, 13))

    def uids() -> set[str]:
        return {str(e["UID"]) for e in Calendar.from_ical(ask(secret).content).walk("VEVENT")}

    before = uids()
    daily.write_day(DAY + ONE_DAY)
    assert uids() == before


def test_nothing_about_anybody_but_a_masked_name(
    secret: str, make_client: Any, make_policy: Any, make_instalment: Any, make_followup: Any
) -> None:
    client = make_client(name="陈志远", address="文三路 259 号", mobile="13812342046")
    instalment = make_instalment(make_policy(client), due_on=DAY)
    make_followup(client, policy=instalment.policy, instalment=instalment, series="premium", item=1)
    body = ask(secret).content.decode().replace("\r\n ", "")
    assert "陈**" in body
    telling = ("志远", "文三路", "13812342046", "2046", instalment.policy.policy_no, "6820", "安心")
    assert [word for word in telling if word in body] == []


def test_only_ones_own_clients(
    bob: Any, carol: Any, secret: str, make_client: Any, make_followup: Any
) -> None:
    make_followup(make_client(agent=carol))
    assert events(secret) == []
    make_followup()
    assert events(CalendarFeed.make(bob)) == [], "a leader's feed is not the team's"


def test_it_speaks_the_owners_language(secret: str, alice: Any, make_followup: Any) -> None:
    alice.language = "en"
    alice.save()
    make_followup()
    assert events(secret) == [(DAY, "陈** · Birthday greeting")]


def test_an_unknown_a_revoked_and_a_leavers_address_look_alike(secret: str, alice: Any) -> None:
    assert ask("unknown").status_code == 404
    alice.is_active = False
    alice.save()
    assert ask(secret).status_code == 404
    alice.is_active = True
    alice.save()
    assert ask(secret).status_code == 200
    CalendarFeed.revoke(alice)
    assert ask(secret).status_code == 404


def test_what_has_not_changed_is_not_sent_again(secret: str, make_followup: Any) -> None:
    first = ask(secret)
    assert first["Content-Type"] == "text/calendar; charset=utf-8"
    assert first["Cache-Control"] == "private, no-cache"
    assert "sessionid" not in first.cookies
    again = ask(secret, if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    make_followup()
    assert ask(secret, if_none_match=first["ETag"]).status_code == 200


def test_who_asks_too_often_waits(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PACE", Pace(times=2, seconds=300))
    assert [ask(secret).status_code for _time in range(3)] == [200, 200, 429]


def test_a_feed_has_an_end(
    secret: str, monkeypatch: pytest.MonkeyPatch, make_followup: Any
) -> None:
    monkeypatch.setattr(feed, "MOST_EVENTS", 3)
    for _n in range(5):
        make_followup()
    assert len(events(secret)) == 3


def test_twenty_clients_cost_the_queries_of_one(
    secret: str, make_client: Any, make_policy: Any, make_instalment: Any, make_followup: Any
) -> None:
    def queries() -> int:
        make_followup()
        make_instalment(due_on=DAY + 3 * ONE_DAY)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert ask(secret).status_code == 200
        return len(asked)

    one = queries()
    for _n in range(19):
        make_followup()
        make_instalment(due_on=DAY + 3 * ONE_DAY)
    assert queries() == one


# --- making and revoking it on the page


def test_the_address_is_shown_once_and_kept_as_a_digest(alice: Any, login: Any) -> None:
    browser = login(alice)
    page = browser.post(reverse("calendar_feed"), {"key": "k1"})
    address = page.context["address"]
    assert address in page.content.decode()
    assert Browser().get(address).status_code == 200
    kept = CalendarFeed.objects.get(user=alice)
    assert kept.digest not in address
    assert address not in browser.get(reverse("me")).content.decode()
    assert b'value="http' not in browser.get(reverse("me")).content


def test_the_form_sent_twice_makes_one(alice: Any, login: Any) -> None:
    browser = login(alice)
    address = browser.post(reverse("calendar_feed"), {"key": "k1"}).context["address"]
    assert browser.post(reverse("calendar_feed"), {"key": "k1"}).status_code == 302
    assert Browser().get(address).status_code == 200


def test_a_new_address_ends_the_old_one(alice: Any, login: Any) -> None:
    browser = login(alice)
    old = browser.post(reverse("calendar_feed"), {"key": "k1"}).context["address"]
    new = browser.post(reverse("calendar_feed"), {"key": "k2"}).context["address"]
    assert Browser().get(old).status_code == 404
    assert Browser().get(new).status_code == 200
    browser.post(reverse("calendar_revoke"))
    assert Browser().get(new).status_code == 404
    done = AuditEntry.objects.filter(actor=alice).order_by("pk").values_list("detail", flat=True)
    assert [d["calendar_feed"] for d in done] == ["made", "renewed", "revoked"]
    assert set(AuditEntry.objects.values_list("subject", flat=True)) == {f"user {alice.pk}"}


def test_revoking_nothing_records_nothing(alice: Any, login: Any) -> None:
    login(alice).post(reverse("calendar_revoke"))
    assert not AuditEntry.objects.exists()
