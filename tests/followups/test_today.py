"""The agent's day: what stands there, in which order, why, and for whom."""

import gzip
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from followups import agenda, chips, scripts, work
from followups.models import FollowUp
from lib import dates

DAY = date(2026, 6, 12)
ONE_DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: DAY)


@pytest.fixture
def premium(make_client: Any, make_policy: Any, make_instalment: Any, make_followup: Any) -> Any:
    """A premium reminder for an instalment so many days late."""

    def make(late: int = 10, client: Any = None, **fields: Any) -> FollowUp:
        client = client or make_client()
        instalment = make_instalment(make_policy(client), due_on=DAY - late * ONE_DAY)
        usual = {
            "policy": instalment.policy,
            "instalment": instalment,
            "rule": "grace-10",
            "series": "premium",
            "item": 1,
            "priority": 2,
            "occasion_on": instalment.due_on,
            "list_on": DAY,
            "keep_until": DAY + 9 * ONE_DAY,
        }
        followup: FollowUp = make_followup(client, **(usual | fields))
        return followup

    return make


def day_of(user: Any) -> agenda.Agenda:
    return agenda.of(user, user, DAY, DAY)


def test_a_client_is_one_stop_with_every_reason(
    alice: Any, make_client: Any, make_followup: Any, premium: Any
) -> None:
    client = make_client()
    premium(56, client)
    make_followup(client)
    (stop,) = day_of(alice).open_stops
    assert [chip.text for chip in stop.chips] == ["宽限期剩 4 天", "今天生日"] or len(
        stop.chips
    ) == 2
    assert stop.kind is agenda.RENEWAL
    assert stop.amount == Decimal("6820.00")
    assert day_of(alice).left == 2


def test_groups_come_in_order_and_grace_before_due(
    alice: Any, make_followup: Any, premium: Any
) -> None:
    make_followup()
    early, late = premium(10), premium(50)
    groups = day_of(alice).groups
    assert [group.kind.code for group in groups] == ["renewal", "care"]
    assert [stop.lead for stop in groups[0].stops] == [late, early]


def test_what_can_wait_stands_behind_the_rest_until_its_last_day(
    alice: Any, make_followup: Any, premium: Any
) -> None:
    review = {"rule": "policy-review", "series": "review", "item": 5}
    later = make_followup(**review, keep_until=DAY + ONE_DAY)
    make_followup(**review)
    both = make_followup(**review, keep_until=DAY + ONE_DAY)
    premium(10, both.client)
    groups = day_of(alice).groups
    assert [group.kind.code for group in groups] == ["renewal", "service", "wait"]
    assert [stop.lead for stop in groups[-1].stops] == [later]


def test_what_ends_today_comes_first(alice: Any, premium: Any) -> None:
    premium(50)
    ending = premium(10, list_on=DAY - 5 * ONE_DAY, keep_until=DAY)
    assert day_of(alice).open_stops[0].lead == ending


@pytest.mark.parametrize(
    ("late", "tone"), [(56, "danger"), (20, "warn"), (-6, "accent"), (-30, "slate")]
)
def test_the_colour_of_a_premium_says_how_grave_it_is(premium: Any, late: int, tone: str) -> None:
    (chip,) = chips.of(premium(late), DAY)
    assert chip.tone == tone


def test_the_page_shows_the_day(alice: Any, login: Any, premium: Any, make_followup: Any) -> None:
    followup = premium(56)
    make_followup()
    page = login(alice).get("/today/").content.decode()
    assert followup.client.name in page
    assert "¥6,820" in page
    assert f'href="tel:{followup.client.mobile}"' in page
    assert page.count('class="task') >= 2


@pytest.mark.parametrize(
    "query",
    [
        "kind=nonsense",
        "on=2026-13-45",
        "task=x",
        "agent=-3",
        "on=9999-12-31",
        "task=99999999999999999999",
    ],
)
def test_a_value_without_sense_is_as_good_as_none(
    alice: Any, login: Any, make_followup: Any, query: str
) -> None:
    make_followup()
    assert login(alice).get(f"/today/?{query}").status_code == 200


def test_the_kind_filter_keeps_the_others_out(
    alice: Any, login: Any, premium: Any, make_followup: Any
) -> None:
    owed, greeted = premium(10), make_followup()
    page = login(alice).get("/today/?kind=care").content.decode()
    assert f"stop-{greeted.client_id}" in page
    assert f"stop-{owed.client_id}" not in page


def test_a_supervisor_opens_an_agents_day_and_a_stranger_does_not(
    alice: Any, bob: Any, carol: Any, login: Any, make_followup: Any
) -> None:
    followup = make_followup()
    assert followup.client.name in login(bob).get(f"/today/?agent={alice.pk}").content.decode()
    assert login(carol).get(f"/today/?agent={alice.pk}").status_code == 404
    for door in ("", "why/", "later/", "log/"):
        assert login(carol).get(f"/tasks/{followup.pk}/{door}").status_code == 404
        assert login(alice).get(f"/tasks/{followup.pk}/{door}").status_code == 200


def test_each_sheet_is_a_page_and_a_fragment(alice: Any, login: Any, premium: Any) -> None:
    followup = premium(56)
    browser = login(alice)
    for door in ("", "why/", "later/", "log/"):
        url = f"/tasks/{followup.pk}/{door}"
        assert "<html" in browser.get(url).content.decode()
        assert "<html" not in browser.get(url, headers={"hx-request": "true"}).content.decode()


def test_an_empty_day_says_what_to_do(alice: Any, login: Any, make_client: Any) -> None:
    make_client()
    page = login(alice).get("/today/").content.decode()
    assert "90" in page


def test_the_paper_shows_no_full_number(alice: Any, login: Any, premium: Any) -> None:
    followup = premium(56)
    page = login(alice).get("/today/print/").content.decode()
    assert followup.client.name in page
    assert followup.client.mobile not in page


def _queries(browser: Any, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert browser.get(url).status_code == 200
    return len(queries)


def test_forty_cost_the_queries_of_one(alice: Any, login: Any, premium: Any, settings: Any) -> None:
    settings.REMEMBERED_SECONDS = 60
    browser = login(alice)
    premium(56)
    _queries(browser, "/today/")
    one = _queries(browser, "/today/"), _queries(browser, "/today/print/")
    for n in range(39):
        premium(n + 1)
    forty = _queries(browser, "/today/"), _queries(browser, "/today/print/")
    assert one == forty
    assert max(forty) <= 12


def test_no_day_is_more_than_15_kilobytes(
    alice: Any, login: Any, premium: Any, make_followup: Any
) -> None:
    browser = login(alice)
    for n in range(45):
        make_followup(premium(n + 1).client)
    greetings = [make_followup() for _ in range(25)]
    for followup in greetings:
        browser.post(f"/tasks/{followup.pk}/done/", {"key": str(followup.pk)})
    page = browser.get("/today/").content
    assert len(gzip.compress(page)) <= 15 * 1024
    assert page.count(b'class="undo"') == agenda.DONE_SHOWN
    in_english = browser.get("/today/", headers={"accept-language": "en"}).content.decode()
    assert "5 more" in in_english


def test_a_long_day_goes_on_behind_the_last_stop_that_was_shown(
    alice: Any, login: Any, premium: Any, make_followup: Any
) -> None:
    browser, owed = login(alice), [premium(n + 1) for n in range(45)]
    greeting = make_followup()
    last = day_of(alice).shown[-1]
    assert f"after={last.lead.pk}" in browser.get("/today/").content.decode()
    for stop in (*day_of(alice).shown[:3], last):
        work.record(stop.followups, by=alice, outcome="refused", on=DAY, note="x")
    for headers in ({}, {"HX-Request": "true"}):
        page = browser.get(f"/today/?after={last.lead.pk}", headers=headers).content.decode()
        shown = [f.client_id for f in [*owed, greeting] if f'id="stop-{f.client_id}"' in page]
        assert len(shown) == 6
        assert greeting.client_id in shown
    assert 'hx-swap-oob="beforeend:#list-care"' in page
    assert "<html" not in page


def test_what_was_done_goes_on_too(alice: Any, login: Any, make_followup: Any) -> None:
    browser = login(alice)
    for n in range(agenda.DONE_SHOWN + 3):
        browser.post(f"/tasks/{make_followup().pk}/done/", {"key": str(n)})
    last = day_of(alice).done_shown[-1]
    for headers in ({}, {"HX-Request": "true"}):
        page = browser.get(f"/today/?done_after={last.lead.pk}", headers=headers).content.decode()
        assert page.count('class="undo"') == 3


def test_a_name_that_looks_like_a_placeholder_stays_a_name(
    alice: Any, make_client: Any, make_followup: Any
) -> None:
    followup = make_followup(make_client(name="{agent}"))
    assert "{agent}" in scripts.text_for(followup, alice, DAY)
    assert alice.name in scripts.text_for(followup, alice, DAY)


def test_the_day_that_is_done_says_so_and_shows_tomorrow(
    alice: Any, login: Any, make_followup: Any
) -> None:
    browser, followup = login(alice), make_followup()
    coming = make_followup(list_on=DAY + ONE_DAY, keep_until=DAY + ONE_DAY)
    browser.post(f"/tasks/{followup.pk}/done/", {"key": "a"})
    page = browser.get("/today/").content.decode()
    assert coming.client.name in page
    assert "ring xl" in page
