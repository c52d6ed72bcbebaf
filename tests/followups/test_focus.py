"""Focus mode: one client or household after the other, and one visit for whatever there is to do."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from clients.models import Client, Contact, Household
from followups import agenda, ahead, money_words, scripts, talk
from followups.daily import write_day
from followups.models import FollowUp
from followups.texts import Text
from lib import dates
from tests.conftest import TODAY as DAY

A_DAY = timedelta(days=1)
HTMX = {"hx-request": "true"}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: DAY)


@pytest.fixture
def busy(make_client: Any, make_policy: Any, make_instalment: Any) -> Any:
    """Three premiums due in one week, a birthday in three days, and a policy to be delivered."""
    client = make_client(birth_on=date(1980, 6, 15))
    for days in (0, 2, 4):
        policy = make_policy(client, account="6222000011112222")
        make_instalment(policy, due_on=DAY + days * A_DAY)
    make_policy(client, issued_on=DAY - A_DAY, receipt_signed_on=None)
    write_day(DAY)
    return client


@pytest.fixture
def couple(make_client: Any, make_followup: Any) -> tuple[Any, Any]:
    """A household at one address, both with a birthday today."""
    home = Household.objects.create(name="陈家")
    made = [make_client(household=home, address="文三路 1 号") for _ in range(2)]
    for client in made:
        make_followup(client)
    return made[0], made[1]


def day_of(user: Any) -> agenda.Agenda:
    return agenda.look_ahead(agenda.of(user, user, DAY, DAY))


def send(browser: Any, row: FollowUp, **fields: Any) -> Any:
    headers = fields.pop("headers", {})
    usual = {"task": row.pk, "outcome": "done", "channel": "visit", "key": "k1", "through": "1"}
    return browser.post(f"/tasks/{row.pk}/log/", usual | fields, headers=headers)


def test_the_failed_debit_stands_beside_the_grace_bar(
    make_instalment: Any, alice: Any, login: Any
) -> None:
    due = make_instalment(due_on=DAY - 55 * A_DAY)
    due.failed_on, due.failure = DAY - 20 * A_DAY, "insufficient"
    due.save()
    write_day(DAY)
    row = FollowUp.objects.open().filter(instalment=due).exclude(rule="bank-failed")[0]
    page = login(alice).get(f"/today/focus/{row.pk}/", headers={"accept-language": "en"})
    assert page.context["failed"] == "Debit of 23 May failed: Balance too low."
    row.rule = "bank-failed"
    assert money_words.failed(row) == ""


# --- one visit


def test_all_there_is_to_do_for_a_client_is_one_stop(busy: Any, alice: Any) -> None:
    (stop,) = day_of(alice).open_stops
    assert len(stop.followups) + len(stop.coming) == 5
    assert [row.rule for row in stop.coming] == ["birthday"]
    assert day_of(alice).left == 4


def test_with_four_of_five_ticked_exactly_one_stays_open(busy: Any, alice: Any, login: Any) -> None:
    (stop,) = day_of(alice).open_stops
    delivery, *premiums = sorted(stop.followups, key=lambda row: row.rule != "policy-delivery")
    ticked = [delivery.pk, premiums[0].pk, premiums[1].pk]
    early = ahead.key_of(stop.coming[0])
    send(login(alice), stop.lead, task=ticked, ahead=early, outcome="partly")
    (left,) = day_of(alice).open_stops
    assert list(left.followups) == [premiums[2]]
    assert not [row for row in left.coming if row.rule != FollowUp.AGREED]
    assert Contact.objects.count() == 1
    birthday = FollowUp.objects.get(rule="birthday")
    assert (birthday.status, birthday.list_on, birthday.done_on) == ("done", DAY + 3 * A_DAY, DAY)
    write_day(DAY + 3 * A_DAY)
    assert FollowUp.objects.filter(rule="birthday").count() == 1


def test_what_was_done_early_and_is_taken_back_waits_for_its_day(
    busy: Any, alice: Any, login: Any
) -> None:
    browser = login(alice)
    (stop,) = day_of(alice).open_stops
    send(browser, stop.lead, task=[], ahead=ahead.key_of(stop.coming[0]))
    browser.post(f"/contacts/{Contact.objects.get().pk}/undo/")
    (stop,) = day_of(alice).open_stops
    assert (len(stop.followups), [row.rule for row in stop.coming]) == (4, ["birthday"])


@pytest.mark.parametrize("key", ["birthday.1.0.0.20260615", "nonsense", "lapsed.1.1.0.20260615"])
def test_nothing_is_written_ahead_that_no_rule_foresees(
    busy: Any, alice: Any, login: Any, make_client: Any, key: str
) -> None:
    stranger = make_client()
    (stop,) = day_of(alice).open_stops
    send(login(alice), stop.lead, ahead=key.replace(".1.", f".{stranger.pk}.", 1))
    assert not FollowUp.objects.filter(rule__in=["birthday", "lapsed"]).exists()


def test_a_later_stage_of_the_same_matter_is_not_shown_beside_it(busy: Any, alice: Any) -> None:
    (stop,) = day_of(alice).open_stops
    assert {row.rule for row in stop.followups} == {
        "renewal-due",
        "renewal-week",
        "policy-delivery",
    }  # the two that fall due within five days are on the list already


def test_a_household_at_one_address_is_one_stop(couple: Any, alice: Any, login: Any) -> None:
    (stop,) = day_of(alice).open_stops
    assert {client.pk for client in stop.clients} == {client.pk for client in couple}
    send(login(alice), stop.lead, task=[row.pk for row in stop.followups])
    first, second = Contact.objects.order_by("pk")
    assert (first.client_id, second.entry) == (stop.client.pk, first)
    assert day_of(alice).left == 0
    (done,) = day_of(alice).done_stops
    assert len(done.followups) == 2


def test_one_undo_takes_the_whole_entry_back(couple: Any, alice: Any, login: Any) -> None:
    browser = login(alice)
    (stop,) = day_of(alice).open_stops
    send(browser, stop.lead, task=[row.pk for row in stop.followups])
    browser.post(f"/contacts/{Contact.objects.latest('pk').pk}/undo/")
    assert day_of(alice).left == 2
    assert not Contact.objects.filter(undone_at=None).exists()


def test_at_two_addresses_they_are_two_stops(couple: Any, alice: Any) -> None:
    Client.objects.filter(pk=couple[1].pk).update(address="湖墅南路 2 号")
    assert len(day_of(alice).open_stops) == 2


def test_the_agenda_asks_five_times_however_long_it_is(
    busy: Any, alice: Any, make_followup: Any
) -> None:
    for _ in range(5):
        make_followup()
    with CaptureQueriesContext(connection) as queries:
        day_of(alice)
    assert len(queries) == 5  # rows, consents, campaigns, what may come, what is coming


# --- the queue


def test_it_begins_with_the_first_and_goes_on_behind_what_is_done(
    alice: Any, login: Any, make_followup: Any
) -> None:
    browser, rows = login(alice), [make_followup() for _ in range(3)]
    order = [stop.lead for stop in day_of(alice).open_stops]
    page = browser.get("/today/focus/", follow=True)
    assert page.redirect_chain[-1][0] == f"/today/focus/{order[0].pk}/"
    assert "1 / 3" in page.content.decode()
    answer = send(browser, order[0])
    assert answer["Location"] == "/today/focus/"
    page = browser.get("/today/focus/", follow=True)
    assert page.redirect_chain[-1][0] == f"/today/focus/{order[1].pk}/"
    assert "2 / 3" in page.content.decode()
    assert len(rows) == 3


def test_what_is_skipped_comes_at_the_end(alice: Any, login: Any, make_followup: Any) -> None:
    for _ in range(3):
        make_followup()
    browser = login(alice)
    order = [stop.lead.pk for stop in day_of(alice).open_stops]
    for first in order[:2]:
        assert browser.get("/today/focus/")["Location"] == f"/today/focus/{first}/"
        browser.post(f"/today/focus/{first}/skip/")
    page = browser.get("/today/focus/", follow=True).content.decode()
    assert f"/today/focus/{order[2]}/skip/" in page
    assert "1 / 3" in page
    send(browser, FollowUp.objects.get(pk=order[2]))
    assert browser.get("/today/focus/")["Location"] == f"/today/focus/{order[0]}/"


def test_leaving_keeps_the_place(alice: Any, login: Any, make_followup: Any) -> None:
    for _ in range(3):
        make_followup()
    browser = login(alice)
    second = day_of(alice).open_stops[1].lead.pk
    browser.get(f"/today/focus/{second}/")
    browser.get("/today/")
    assert browser.get("/today/focus/")["Location"] == f"/today/focus/{second}/"


def test_when_all_is_done_it_leads_back_to_the_list(
    alice: Any, login: Any, make_followup: Any
) -> None:
    row, browser = make_followup(), login(alice)
    send(browser, row)
    assert browser.get("/today/focus/")["Location"] == "/today/"
    assert browser.get(f"/today/focus/{row.pk}/")["Location"] == "/today/focus/"


# --- the page


def queries_of(browser: Any, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(url).status_code == 200
    return len(queries)


def test_twenty_cost_the_queries_of_one_and_none_more_than_fifteen(
    busy: Any, alice: Any, login: Any, make_followup: Any, make_policy: Any
) -> None:
    browser = login(alice)
    url = f"/today/focus/{day_of(alice).open_stops[0].lead.pk}/"
    browser.get(url)
    one = queries_of(browser, url)
    for _ in range(20):
        make_followup()
        make_policy(busy)
        Contact.objects.create(client=busy, by=alice, on=DAY)
    assert queries_of(browser, url) == one
    assert one <= 15


@pytest.mark.parametrize("outcome", ["done", "no_answer", "partly", "refused"])
def test_an_outcome_costs_no_more_than_fifteen_queries(
    busy: Any, alice: Any, login: Any, outcome: str
) -> None:
    browser = login(alice)
    (stop,) = day_of(alice).open_stops
    ticked = [row.pk for row in stop.followups]
    with CaptureQueriesContext(connection) as queries:
        answer = send(browser, stop.lead, task=ticked, outcome=outcome, note="x", headers=HTMX)
    assert answer["HX-Redirect"] == "/today/focus/"
    begin_and_commit = 2  # savepoints in a test, no statements of their own outside
    assert len(queries) - begin_and_commit <= 15


def test_a_note_with_markup_is_shown_as_typed(alice: Any, login: Any, make_followup: Any) -> None:
    browser, row = login(alice), make_followup()
    other = make_followup(row.client, rule="maturity-day")
    send(browser, row, note="<script>alert(1)</script> & <b>bold</b>")
    page = browser.get(f"/today/focus/{other.pk}/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;bold&lt;/b&gt;" in page
    assert "<script>alert" not in page


def test_a_script_with_markup_is_shown_as_typed(
    alice: Any, admin: Any, login: Any, make_followup: Any
) -> None:
    row = make_followup()
    for channel in ("wechat", "call", "visit"):
        words = "<script>alert(2)</script> {{ client.mobile }} <b>好</b>"
        Text(occasion="birthday", channel=channel, words=words).put_in_force(admin)
    page = login(alice).get(f"/today/focus/{row.pk}/").content.decode()
    assert "&lt;script&gt;alert(2)&lt;/script&gt; {{ client.mobile }} &lt;b&gt;好&lt;/b&gt;" in page
    assert "<script>alert" not in page


def test_the_way_there_names_the_address_and_nobody(
    alice: Any, login: Any, make_followup: Any, make_client: Any
) -> None:
    row = make_followup(make_client(address="西湖区 文三路 259 号/2 幢"))
    page = login(alice).get(f"/today/focus/{row.pk}/").content.decode()
    (way,) = {part.split('"')[0] for part in page.split('href="geo:')[1:]}
    assert (
        way
        == "0,0?q=%E8%A5%BF%E6%B9%96%E5%8C%BA%20%E6%96%87%E4%B8%89%E8%B7%AF%20259%20%E5%8F%B7%2F2%20%E5%B9%A2"
    )


# --- somebody was quicker


def test_two_tabs_finish_the_same_item_once(
    alice: Any, bob: Any, login: Any, make_followup: Any
) -> None:
    row = make_followup()
    send(login(bob), row, key="b", outcome="no_answer")
    browser = login(alice)
    answer = send(browser, row, key="a", note="说周一到账")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert Contact.objects.count() == 1
    assert bob.name in page
    assert "说周一到账" in page
    answer = send(browser, row, key="a", note="说周一到账", headers=HTMX)
    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#sheet")
    answer = send(browser, row, key="a", note="说周一到账", headers=HTMX, place="inline")
    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#outcome")


def test_what_is_still_open_comes_back_with_the_words_typed(
    alice: Any, bob: Any, login: Any, make_followup: Any
) -> None:
    row = make_followup()
    left = make_followup(row.client, rule="maturity-day")
    send(login(bob), row, key="b")
    answer = send(
        login(alice), row, task=[row.pk, left.pk], note="说周一到账", headers=HTMX, place="inline"
    )
    page = answer.content.decode()
    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#outcome-fields")
    assert bob.name in page
    assert "说周一到账" in page
    assert f'value="{left.pk}"' in page
    left.refresh_from_db()
    assert left.is_open


def test_a_form_that_does_not_fit_comes_back_where_it_stands(
    alice: Any, login: Any, make_followup: Any
) -> None:
    row = make_followup()
    answer = send(login(alice), row, outcome="asked_later", headers=HTMX, place="inline")
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#outcome-fields")
    assert "<html" not in answer.content.decode()


def test_a_death_is_confirmed_before_it_is_recorded(
    alice: Any, login: Any, make_followup: Any
) -> None:
    row, browser = make_followup(), login(alice)
    assert send(browser, row, outcome="deceased").status_code == 422
    assert not Client.objects.get(pk=row.client_id).deceased
    send(browser, row, outcome="deceased", sure="on", key="k2")
    assert Client.objects.get(pk=row.client_id).deceased


# --- what to say


def test_what_begins_with_the_greeting_does_so_in_both_languages() -> None:
    """Spoken, the greeting gives way to another opening: it must be found in front."""
    with translation.override("en"):
        greeted = [key for key, text in scripts.TEXTS.items() if str(text).startswith("Hello")]
        assert all(str(scripts.TEXTS[key]).startswith(str(talk.GREETING)) for key in greeted)
    with translation.override("zh-hans"):
        assert all(str(scripts.TEXTS[key]).startswith(str(talk.GREETING)) for key in greeted)


@pytest.mark.parametrize("channel", ["call", "wechat", "visit"])
def test_each_channel_has_its_words_and_leaves_no_blank(
    busy: Any, alice: Any, channel: str
) -> None:
    for row in day_of(alice).open_stops[0].followups:
        said = talk.of(row, alice, DAY, channel)
        assert "{" not in said.text + said.written
        assert said.channel == channel
    assert len({talk.of(row, alice, DAY, c).text for c in ("call", "wechat", "visit")}) == 3
