"""What an agent does on a row: once, with a way back, and with an answer that fits the page."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clients.models import Contact
from followups.daily import write_day
from followups.models import FollowUp
from lib import dates
from policies.models import Promise

DAY = date(2026, 6, 12)
ONE_DAY = timedelta(days=1)
HTMX = {"hx-request": "true"}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: DAY)


@pytest.fixture
def owed(make_policy: Any, make_instalment: Any, make_followup: Any) -> FollowUp:
    """A premium 56 days late: grace ends on 16 June."""
    instalment = make_instalment(make_policy(), due_on=date(2026, 4, 17))
    followup: FollowUp = make_followup(
        instalment.policy.holder,
        policy=instalment.policy,
        instalment=instalment,
        rule="grace-last-week",
        series="premium",
        item=1,
        priority=1,
        occasion_on=date(2026, 6, 16),
        list_on=DAY,
        keep_until=DAY + 3 * ONE_DAY,
    )
    return followup


def log(browser: Any, followup: FollowUp, **fields: Any) -> Any:
    headers = fields.pop("headers", {})
    usual = {"task": followup.pk, "outcome": "done", "channel": "call", "key": "k1"}
    return browser.post(f"/tasks/{followup.pk}/log/", usual | fields, headers=headers)


def test_a_greeting_closes_with_one_tap_and_can_be_undone(
    alice: Any, login: Any, make_followup: Any
) -> None:
    followup, browser = make_followup(), login(alice)
    answer = browser.post(f"/tasks/{followup.pk}/done/", {"key": "a"}, follow=True)
    contact = Contact.objects.get()
    assert f"/contacts/{contact.pk}/undo/" in answer.content.decode()
    followup.refresh_from_db()
    assert followup.is_done
    browser.post(f"/contacts/{contact.pk}/undo/")
    followup.refresh_from_db()
    assert followup.is_open


def test_sent_twice_acts_once_and_answers_the_same(
    alice: Any, login: Any, make_followup: Any
) -> None:
    followup, browser = make_followup(), login(alice)
    answers = [
        browser.post(
            f"/clients/{followup.client_id}/stop/", {"task": followup.pk, "key": "a"}, headers=HTMX
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert Contact.objects.count() == 1
    assert all("/undo/" in answer.content.decode() for answer in answers)


def test_the_answer_is_the_fresh_row_and_what_changes_with_it(
    alice: Any, login: Any, make_followup: Any
) -> None:
    followup = make_followup()
    row = f"stop-{followup.client_id}"
    answer = (
        login(alice)
        .post(
            f"/clients/{followup.client_id}/stop/",
            {"task": followup.pk, "key": "a"},
            headers=HTMX | {"hx-target": row},
        )
        .content.decode()
    )
    assert answer.lstrip().startswith('<li class="task done"')
    for part in ('id="ring"', 'id="filters"', 'id="done-head"', "beforeend:#toasts"):
        assert part in answer


def test_a_premium_is_not_closed_silently(alice: Any, login: Any, owed: FollowUp) -> None:
    answer = login(alice).post(f"/tasks/{owed.pk}/done/", {"key": "a"})
    assert answer["Location"] == f"/tasks/{owed.pk}/log/"
    assert not Contact.objects.exists()


def test_several_matters_of_a_client_are_one_contact(
    alice: Any, login: Any, owed: FollowUp, make_followup: Any
) -> None:
    greeting = make_followup(owed.client)
    log(login(alice), owed, task=[owed.pk, greeting.pk], note="说周一到账")
    contact = Contact.objects.get()
    assert set(contact.followups.all()) == {owed, greeting}
    assert contact.note == "说周一到账"


def test_what_is_not_ticked_stays_open(
    alice: Any, login: Any, owed: FollowUp, make_followup: Any
) -> None:
    greeting = make_followup(owed.client)
    answer = log(login(alice), owed, headers=HTMX).content.decode()
    greeting.refresh_from_db()
    assert greeting.is_open
    assert f'id="stop-{owed.client_id}"' in answer
    assert "afterbegin:#done-list" in answer


@pytest.mark.parametrize("outcome", ["done", "no_answer", "wrong_number", "not_needed"])
def test_these_outcomes_need_nothing_more(
    alice: Any, login: Any, owed: FollowUp, outcome: str
) -> None:
    assert log(login(alice), owed, outcome=outcome).status_code == 302
    assert Contact.objects.get().outcome == outcome


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "will_pay"},
        {"outcome": "asked_later"},
        {"outcome": "will_pay", "until_other": "2026-02-30"},
        {"outcome": "will_pay", "until": "2026-06-17"},
        {"outcome": "refused"},
        {"outcome": "nonsense"},
        {"task": []},
    ],
)
def test_what_cannot_be_is_refused_with_the_form(
    alice: Any, login: Any, owed: FollowUp, fields: dict[str, Any]
) -> None:
    answer = log(login(alice), owed, **fields)
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode() or "alert" in answer.content.decode()
    assert not Contact.objects.exists()


def test_a_promise_comes_back_the_day_after(alice: Any, login: Any, owed: FollowUp) -> None:
    log(login(alice), owed, outcome="will_pay", until="2026-06-15", amount="1000")
    said = Promise.objects.get()
    assert (said.promised_on, said.amount, said.by) == (date(2026, 6, 15), Decimal(1000), alice)
    write_day(date(2026, 6, 16))
    assert FollowUp.objects.get(rule="promise-check").list_on == date(2026, 6, 16)


def test_what_the_client_says_of_the_money_waits_for_the_file(
    alice: Any, login: Any, owed: FollowUp
) -> None:
    browser = login(alice)
    sheet = browser.get(f"/tasks/{owed.pk}/log/").content.decode()
    assert 'value="paid_already"' in sheet
    assert 'name="outcome" value="done"' not in sheet
    log(browser, owed, outcome="paid_already")
    assert Promise.objects.get().kind == "claim"
    for url in (f"/policies/{owed.policy_id}/", f"/clients/{owed.client_id}/"):
        page = browser.get(url, headers={"accept-language": "en"}).content.decode()
        assert "waiting for the return file" in page


def test_it_moves_to_a_day_before_the_grace_ends_and_not_beyond(
    alice: Any, login: Any, owed: FollowUp
) -> None:
    browser, url = login(alice), f"/tasks/{owed.pk}/later/"
    refused = browser.post(url, {"until": "2026-06-17", "key": "a"}, headers=HTMX)
    assert refused.status_code == 422
    assert "2026-06-16" in refused.content.decode()
    for _ in range(2):
        assert browser.post(url, {"until": "2026-06-15", "key": "a"}).status_code == 302
    assert FollowUp.objects.get(rule="agreed").list_on == date(2026, 6, 15)


def test_the_suggested_days_end_with_the_grace(alice: Any, login: Any, owed: FollowUp) -> None:
    page = login(alice).get(f"/tasks/{owed.pk}/later/", headers=HTMX).content.decode()
    assert 'value="2026-06-16"' in page
    assert 'value="2026-06-17"' not in page


def test_what_somebody_else_settled_is_told(
    alice: Any, bob: Any, login: Any, make_followup: Any
) -> None:
    followup = make_followup()
    login(bob).post(f"/tasks/{followup.pk}/done/", {"key": "b"})
    answer = login(alice).post(f"/tasks/{followup.pk}/done/", {"key": "a"}, headers=HTMX)
    assert answer.status_code == 409
    assert Contact.objects.count() == 1


def test_a_stranger_can_do_nothing(alice: Any, carol: Any, login: Any, make_followup: Any) -> None:
    followup, stranger = make_followup(), login(carol)
    login(alice).post(f"/tasks/{followup.pk}/done/", {"key": "a"})
    doors = [f"/tasks/{followup.pk}/{d}/" for d in ("done", "later", "log")]
    doors += [f"/contacts/{Contact.objects.get().pk}/undo/", f"/clients/{followup.client_id}/stop/"]
    for door in doors:
        assert stranger.post(door, {"key": "c"}).status_code == 404


def test_undo_draws_the_list_again(alice: Any, login: Any, make_followup: Any) -> None:
    followup, browser = make_followup(), login(alice)
    browser.post(f"/tasks/{followup.pk}/done/", {"key": "a"})
    url = f"/contacts/{Contact.objects.get().pk}/undo/"
    answer = browser.post(url, headers=HTMX | {"hx-current-url": "http://testserver/today/"})
    assert answer["HX-Retarget"] == "#agenda"
    assert f'id="stop-{followup.client_id}"' in answer.content.decode()


def test_working_through_leads_to_the_next_client(
    alice: Any, login: Any, owed: FollowUp, make_followup: Any
) -> None:
    following = make_followup()
    answer = log(login(alice), owed, through="1")
    assert answer["Location"] == "/today/focus/"
    assert login(alice).get("/today/focus/")["Location"] == f"/today/focus/{following.pk}/"


def test_a_stop_with_a_premium_asks_for_the_outcome(alice: Any, login: Any, owed: FollowUp) -> None:
    url = f"/clients/{owed.client_id}/stop/"
    answer = login(alice).post(url, {"task": owed.pk, "key": "a"})
    assert answer["Location"] == f"/tasks/{owed.pk}/log/"
    login(alice).post(url, {"task": owed.pk, "outcome": "no_answer", "key": "a"})
    assert Contact.objects.get().outcome == "no_answer"


def test_a_stop_without_a_tick_is_told(alice: Any, login: Any, make_followup: Any) -> None:
    followup, browser = make_followup(), login(alice)
    url = f"/clients/{followup.client_id}/stop/"
    assert browser.post(url, {"key": "a"}, headers=HTMX).status_code == 409
    assert browser.post(url, {"key": "a", "task": "x"}).status_code == 302
    assert not Contact.objects.exists()


# --- the next step: shown, moved or switched off


@pytest.mark.parametrize(
    ("sent", "next_on"),
    [
        ({"outcome": "no_answer", "follow": "again"}, date(2026, 6, 13)),
        (
            {"outcome": "no_answer", "follow": "again", "next_again": "2026-06-15"},
            date(2026, 6, 15),
        ),
        ({"outcome": "no_answer"}, None),
        # The rulebook comes back to a promise of a premium by itself.
        ({"outcome": "will_pay", "until": "2026-06-14", "follow": "check"}, None),
        ({"outcome": "will_pay", "until": "2026-06-14", "follow": "more"}, None),
        ({"outcome": "done", "follow": "more", "next_more": "2026-06-20"}, date(2026, 6, 20)),
        ({"outcome": "done", "follow": "again", "next_again": "2026-06-15"}, None),
        ({"outcome": "asked_later", "until": "2026-06-14"}, date(2026, 6, 14)),
    ],
)
def test_the_agent_decides_on_the_next_step(
    alice: Any, login: Any, owed: FollowUp, sent: dict[str, Any], next_on: date | None
) -> None:
    assert log(login(alice), owed, steps="1", **sent).status_code == 302
    steps = FollowUp.objects.filter(after=owed)
    assert [step.list_on for step in steps] == ([next_on] if next_on else [])


@pytest.mark.parametrize(
    "sent",
    [
        {"outcome": "done", "follow": "more", "next_more": ""},
        {"outcome": "done", "follow": "more", "next_more": "2026-02-30"},
        {"outcome": "no_answer", "follow": "again", "next_again": "2026-06-01"},
    ],
)
def test_a_next_step_needs_a_day_from_today_on(
    alice: Any, login: Any, owed: FollowUp, sent: dict[str, Any]
) -> None:
    answer = log(login(alice), owed, steps="1", **sent)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Contact.objects.exists()


def test_the_toast_says_when_it_goes_on(alice: Any, login: Any, owed: FollowUp) -> None:
    page = log(login(alice), owed, outcome="no_answer", headers=HTMX).content.decode()
    assert "6月13日</p>" in page


def test_the_reason_for_later_is_written_down(alice: Any, login: Any, owed: FollowUp) -> None:
    url = f"/tasks/{owed.pk}/later/"
    login(alice).post(url, {"until_other": "2026-06-15", "reason": "busy", "key": "a"})
    contact = Contact.objects.get()
    assert contact.note in {"Client is busy", "客户在忙"}
    assert contact.promised_on == date(2026, 6, 15)


def test_later_without_a_day_asks_for_one(alice: Any, login: Any, owed: FollowUp) -> None:
    answer = login(alice).post(f"/tasks/{owed.pk}/later/", {"until_other": "", "key": "a"})
    assert answer.status_code == 422
    assert 'id="until-wrong"' in answer.content.decode()


# --- how much is open, wherever one is


def test_the_menu_counts_what_is_open_today(
    alice: Any, login: Any, owed: FollowUp, make_followup: Any
) -> None:
    make_followup(owed.client)
    browser = login(alice)
    page = browser.get("/policies/").content.decode()
    assert 'id="nav-today">2</span>' in page
    assert 'id="tab-today">2</span>' in page
    answer = log(browser, owed, headers=HTMX).content.decode()
    assert 'id="tab-today" hx-swap-oob="true">1</span>' in answer


def test_a_leader_has_no_list_to_count(bob: Any, login: Any, owed: FollowUp) -> None:
    assert "nav-today" not in login(bob).get("/team/").content.decode()
    assert "tab-today" not in log(login(bob), owed, headers=HTMX).content.decode()
