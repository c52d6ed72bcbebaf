"""The pages of a festival: one line on the day, the clients one by one, paper, festivals, texts, stock."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from accounts.models import AuditEntry, CalendarFeed
from clients.models import Contact
from followups import agenda, feed, greetings, scripts, team
from followups.festivals import Festival
from followups.greetings import Campaign, Greeting
from followups.models import ServicePlan
from followups.stock import StockItem, StockMove
from followups.texts import BIRTHDAY, FESTIVAL, Text
from lib import dates

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
DRAGON = date(2026, 6, 19)
DAY = DRAGON - 2 * A_DAY


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: DAY)
    Festival.objects.exclude(code="dragon-boat").update(active=False)


@pytest.fixture
def campaign(make_client: Any, make_policy: Any) -> Campaign:
    """Three clients of Alice, the first to develop."""
    for n in range(3):
        client = make_client(
            name=f"陈志远{n}",
            client_class=["develop", "nurture", ""][n],
            address="西湖区 文三路 259 号" if n else "",
            postcode="310012",
        )
        make_policy(client)
    greetings.write(DAY)
    return Campaign.objects.get()


@pytest.fixture
def page(alice: Any, login: Any) -> Any:
    return login(alice)


def url(name: str, pk: int, query: str = "") -> str:
    return reverse(name, args=[pk]) + query


def first() -> Greeting:
    return Greeting.objects.for_list()[0]


# --- one line


def test_the_day_has_one_line_for_all_of_them(campaign: Campaign, alice: Any, page: Any) -> None:
    text = page.get("/today/").content.decode()
    assert text.count(f'id="campaign-{campaign.pk}"') == 1
    assert url("campaign", campaign.pk) in text
    day = agenda.of(alice, alice, DAY, DAY)
    assert (day.left, day.done, dict(day.filters)[agenda.CARE]) == (1, 0, 1)


def test_worked_off_it_is_one_thing_done(campaign: Campaign, alice: Any) -> None:
    for greeting in Greeting.objects.all()[:2]:
        greetings.skip(greeting, by=alice, on=DAY - A_DAY, why="met")
    (line,) = agenda.of(alice, alice, DAY, DAY).campaigns
    assert (line.left, line.total) == (1, 3)
    greetings.skip(Greeting.objects.open().get(), by=alice, on=DAY, why="met")
    day = agenda.of(alice, alice, DAY, DAY)
    assert (day.left, day.done) == (0, 1)
    assert agenda.of(alice, alice, DAY + A_DAY, DAY + A_DAY).total == 0


def test_a_leader_sees_the_line_of_the_agent_and_nobody_elses(
    campaign: Campaign, alice: Any, bob: Any, carol: Any
) -> None:
    assert len(agenda.of(bob, alice, DAY, DAY).campaigns) == 1
    assert agenda.of(carol, carol, DAY, DAY).campaigns == []
    assert agenda.of(carol, alice, DAY, DAY).campaigns == []


def test_the_printed_list_and_the_calendar_carry_it_too(
    campaign: Campaign, alice: Any, page: Any, client: Any, monkeypatch: Any
) -> None:
    assert (
        "端午节"
        in page.get("/today/print/", headers={"accept-language": "zh-hans"}).content.decode()
    )
    monkeypatch.setattr(feed, "MOST_EVENTS", 50)
    body = client.get(reverse("feed", args=[CalendarFeed.make(alice)])).content
    words = [str(event["SUMMARY"]) for event in Calendar.from_ical(body).walk("VEVENT")]
    assert "端午节 · 3 个节日问候" in words


def test_a_team_counts_it_as_one_piece_of_work(campaign: Campaign, alice: Any, bob: Any) -> None:
    def today() -> tuple[int, int]:
        (figures,) = team.figures_of(bob, team.agents_of(bob).filter(pk=alice.pk), DAY)
        return figures.today.done, figures.today.undone

    assert today() == (0, 1)
    for greeting in Greeting.objects.all():
        greetings.skip(greeting, by=alice, on=DAY, why="met")
    assert today() == (1, 0)


def test_the_menu_counts_what_the_day_counts(campaign: Campaign, alice: Any) -> None:
    from crm.shell import open_today

    assert open_today(alice)() == agenda.of(alice, alice, DAY, DAY).left == 1


# --- one by one


def test_the_page_shows_each_with_their_text(campaign: Campaign, page: Any) -> None:
    text = page.get(url("campaign", campaign.pk)).content.decode()
    assert text.count('class="task greet"') == 3
    assert text.count("data-copy=") == 3


def test_sent_answers_with_the_row_and_counts_once(campaign: Campaign, page: Any) -> None:
    row = first()
    sent = url("greeting_sent", row.pk)
    htmx = {"HX-Request": "true", "HX-Target": f"greeting-{row.pk}"}
    for _ in range(2):
        answer = page.post(sent, {"key": "k1"}, headers=htmx)
        assert answer.status_code == 200
    text = answer.content.decode()
    assert "task greet done" in text
    assert 'id="campaign-progress" hx-swap-oob="true"' in text
    assert url("greeting_undo", row.pk) in text
    contact = Contact.objects.get()
    assert (contact.channel, contact.subject) == ("wechat", "festival")
    row.refresh_from_db()
    assert contact.note == row.words


def test_of_two_tabs_one_completes_it(campaign: Campaign, page: Any) -> None:
    row = first()
    assert page.post(url("greeting_sent", row.pk), {"key": "one"}).status_code == 302
    again = page.post(url("greeting_sent", row.pk), {"key": "two"}, headers={"HX-Request": "true"})
    assert again.status_code == 409
    assert Contact.objects.count() == 1


def test_undo_and_leaving_out(campaign: Campaign, page: Any) -> None:
    row = first()
    page.post(url("greeting_sent", row.pk), {"key": "a"})
    page.post(url("greeting_undo", row.pk), {"key": "b"})
    assert Greeting.objects.get(pk=row.pk).is_open
    assert page.post(url("greeting_skip", row.pk), {"key": "c"}).status_code == 422
    page.post(url("greeting_skip", row.pk), {"key": "d", "why": "unfit"})
    assert Greeting.objects.get(pk=row.pk).why == "unfit"


def test_a_text_of_ones_own_is_kept_as_typed(campaign: Campaign, page: Any) -> None:
    row = first()
    hostile = "{{ client.password }} {name.__class__} {% include 'x' %} <script>"
    assert page.post(url("greeting_words", row.pk), {"words": ""}).status_code == 422
    page.post(url("greeting_words", row.pk), {"words": hostile})
    text = page.get(url("campaign", campaign.pk)).content.decode()
    assert (
        "{{ client.password }} {name.__class__} {% include &#x27;x&#x27; %} &lt;script&gt;" in text
    )
    page.post(url("greeting_sent", row.pk), {"key": "x"})
    assert Contact.objects.get().note == hostile


def test_filters_by_class_and_by_what_is_left(campaign: Campaign, page: Any) -> None:
    def rows(query: str) -> int:
        text = page.get(url("campaign", campaign.pk, query)).content.decode()
        return text.count('id="greeting-')

    assert [rows(q) for q in ("", "?of_class=develop", "?of_class=maintain")] == [3, 1, 1]
    page.post(url("greeting_sent", first().pk), {"key": "a"})
    assert [rows(q) for q in ("", "?show=sent", "?show=skipped")] == [2, 1, 0]
    assert rows("?tier=key") == 0
    assert rows("?show=nonsense&of_class=x&tier=y&how=z&item=-1&page=999&agent=q") == 2


def test_cards_leave_the_shelf_as_they_are_sent(campaign: Campaign, page: Any, admin: Any) -> None:
    card = StockItem.objects.create(name="贺卡", kind="card", unit_cost=Decimal("2.50"))
    card.receive(1, by=admin, on=DAY)
    query = f"?how=card&item={card.pk}"
    picked = [row.pk for row in Greeting.objects.for_list()[:2]]
    page.post(url("campaign_sent", campaign.pk, query), {"key": "a", "pick": picked})
    assert not StockMove.objects.given().exists()  # both or none: there is one card
    page.post(url("campaign_sent", campaign.pk, query), {"key": "b", "pick": picked[:1]})
    assert StockMove.objects.given().get().client_id == Greeting.objects.get(pk=picked[0]).client_id
    assert Contact.objects.get().channel == "card"
    answer = page.post(url("greeting_sent", picked[1], query), headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "贺卡" in answer.content.decode()


def test_several_at_once_each_leave_an_entry(campaign: Campaign, page: Any) -> None:
    picked = [row.pk for row in Greeting.objects.all()]
    for _ in range(2):
        page.post(url("campaign_sent", campaign.pk), {"key": "same", "pick": picked})
    assert Contact.objects.count() == 3
    page.post(url("campaign_sent", campaign.pk), {"key": "other", "pick": []})
    assert Contact.objects.count() == 3


def test_cards_and_labels_are_printed_and_that_is_recorded(campaign: Campaign, page: Any) -> None:
    labels = page.post(url("campaign_print", campaign.pk), {"as": "labels"}).content.decode()
    assert labels.count("<li>") == 2  # one has no address
    assert "310012" in labels
    one = first().pk
    cards = page.post(url("campaign_print", campaign.pk), {"as": "cards", "pick": [one]})
    assert cards.content.decode().count('class="gc"') == 1
    entries = AuditEntry.objects.filter(action="export").order_by("pk")
    assert [(e.detail["printed"], e.detail["rows"]) for e in entries] == [
        ("labels", 2),
        ("cards", 1),
    ]


def test_three_hundred_are_shown_fifty_at_a_time_with_as_many_queries_as_one(
    alice: Any, page: Any, make_client: Any, make_policy: Any
) -> None:
    make_policy(make_client())
    greetings.write(DAY)
    campaign = Campaign.objects.get()

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page.get(url("campaign", campaign.pk))
        return len(caught)

    page.get(url("campaign", campaign.pk))
    one = queries()
    for _ in range(59):
        make_policy(make_client())
    greetings.write(DAY)
    assert queries() == one
    text = page.get(url("campaign", campaign.pk)).content.decode()
    assert text.count('class="task greet"') == 50
    assert "page=2" in text


def test_after_the_day_nothing_can_be_sent(campaign: Campaign, page: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(dates, "today", lambda: DRAGON + A_DAY)
    text = page.get(url("campaign", campaign.pk)).content.decode()
    assert url("greeting_sent", first().pk) not in text
    answer = page.post(url("greeting_sent", first().pk), headers={"HX-Request": "true"})
    assert answer.status_code == 409
    past = page.get(reverse("greetings")).content.decode()
    assert url("campaign", campaign.pk) in past


# --- the office


@pytest.fixture
def office(admin: Any, login: Any) -> Any:
    return login(admin)


USUAL = {
    "name": "端午节",
    "name_en": "Dragon Boat Festival",
    "kind": "lunar",
    "month": 5,
    "day": 5,
    "for_whom": "all",
    "classes": ["develop", "nurture", "maintain"],
    "lead": 5,
    "active": "on",
}


def test_festivals_are_listed_with_their_next_day_in_both_calendars(office: Any) -> None:
    text = office.get(reverse("festivals"), headers={"accept-language": "zh-hans"}).content.decode()
    assert "2026年6月19日" in text
    assert "五月初五" in text
    with CaptureQueriesContext(connection) as before:
        office.get(reverse("festivals"))
    Festival.objects.bulk_create(
        Festival(name=f"x{n}", kind="solar", month=1, day=n + 1) for n in range(20)
    )
    with CaptureQueriesContext(connection) as after:
        office.get(reverse("festivals"))
    assert len(after) == len(before)


def test_a_festival_is_changed_and_audited(office: Any) -> None:
    festival = Festival.objects.get(code="dragon-boat")
    sent = USUAL | {"version": festival.version, "key": "a", "classes": ["develop"], "lead": 2}
    assert office.post(url("festival", festival.pk), sent).status_code == 302
    festival.refresh_from_db()
    assert (festival.classes, festival.lead, festival.version) == (["develop"], 2, 2)
    assert AuditEntry.objects.filter(action="update", subject=f"festival {festival.pk}").exists()
    stale = office.post(url("festival", festival.pk), sent | {"key": "b", "lead": 9})
    assert stale.status_code == 409
    festival.refresh_from_db()
    assert festival.lead == 2


def test_a_day_that_cannot_be_is_told_and_nothing_is_lost(office: Any) -> None:
    wrong = USUAL | {"name": "新节", "day": 31, "key": "a", "version": 1}
    answer = office.post(reverse("festival_new"), wrong)
    assert answer.status_code == 422
    assert "新节" in answer.content.decode()
    assert office.post(reverse("festival_new"), wrong | {"day": 7}).status_code == 302
    assert Festival.objects.get(name="新节").day == 7


def test_a_text_with_an_unknown_placeholder_is_refused_in_words(office: Any) -> None:
    festival = Festival.objects.get(code="dragon-boat")
    at = url("festival_texts", festival.pk)
    answer = office.post(at, {"words": "{妻子}，端午安康", "key": "a"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "{妻子}，端午安康" in text
    assert "{称呼}" in text or "{name}" in text
    assert office.post(at, {"words": "{amount}", "key": "b"}).status_code == 422
    assert office.post(at, {"words": "｛称呼｝，端午安康", "key": "c"}).status_code == 302
    assert Text.objects.in_force().get().words == "{称呼}，端午安康"


def test_the_birthday_has_the_words_of_the_office(
    office: Any, alice: Any, make_client: Any, make_followup: Any
) -> None:
    followup = make_followup(make_client(name="陈志远", gender="m"))
    assert "陈" in scripts.text_for(followup, alice, DAY)
    office.post(
        reverse("texts", args=[BIRTHDAY]), {"words": "{full_name}生辰吉乐 {客户经理}", "key": "a"}
    )
    assert scripts.text_for(followup, alice, DAY) == "陈志远生辰吉乐 林晓芸"
    office.post(reverse("texts", args=[BIRTHDAY]), {"words": "", "key": "b"})
    assert "生辰吉乐" not in scripts.text_for(followup, alice, DAY)
    assert Text.objects.filter(occasion=BIRTHDAY).count() == 2


def test_texts_of_no_occasion_are_nowhere(office: Any) -> None:
    assert office.get(reverse("texts", args=["nonsense"])).status_code == 404
    assert office.get(reverse("texts", args=[FESTIVAL])).status_code == 404


def test_the_shelf_is_filled_counted_and_costed(office: Any, alice: Any, make_client: Any) -> None:
    sent = {"name": "贺卡", "kind": "card", "unit_cost": "2.50", "reorder_at": 5, "active": "on"}
    assert office.post(reverse("stock_new"), sent | {"key": "a"}).status_code == 302
    card = StockItem.objects.get()
    shelf = url("stock_shelf", card.pk)
    for _ in range(2):
        office.post(shelf, {"n": 10, "do": "receive", "key": "b"})
    assert office.post(shelf, {"n": 0, "do": "receive", "key": "c"}).status_code == 422
    office.post(shelf, {"n": 4, "do": "count", "key": "d"})
    card.refresh_from_db()
    assert (card.in_hand, card.is_low) == (4, True)
    client = make_client(name="受赠客户")
    card.give(client, by=alice, on=DAY, n=3)
    text = office.get(reverse("stock")).content.decode()
    assert "¥7.50" in text
    assert "林晓芸" in text
    assert "受赠客户" in office.get(url("stock_item", card.pk)).content.decode()
    assert "¥7.50" not in office.get(reverse("stock") + "?month=2026-05").content.decode()


def test_a_class_that_is_not_to_be_greeted_is_not_in_it(campaign: Campaign) -> None:
    ServicePlan.objects.filter(item=10, client_class="develop").update(level="no")
    greetings.write(DAY)
    assert Greeting.objects.count() == 2
