"""The day's visits: who is on the route, in which order, and what the agent decides."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from clients.models import Consent
from followups import agenda, work
from followups.models import RouteStop
from followups.route import Route, Start, route_of
from followups.route_map import WIDTH, map_of
from lib import dates, driving, places

DAY = date(2026, 6, 12)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: DAY)


@pytest.fixture
def visit(make_client: Any, make_followup: Any) -> Any:
    """A form to be signed by somebody at an address."""

    def make(address: str = "西湖区文三路1号", **fields: Any) -> Any:
        usual = {"rule": "authorisation-missing", "series": "authorise", "item": 2}
        usual |= {"keep_until": DAY + timedelta(days=9)}
        return make_followup(make_client(address=address), **(usual | fields))

    return make


def route_on(user: Any, now: datetime | None = None) -> Route:
    return route_of(agenda.of(user, user, DAY, DAY), now)


def names(user: Any) -> list[str]:
    return [leg.stop.client.address for leg in route_on(user).legs]


def decide(browser: Any, followup: Any, do: str, **more: str) -> Any:
    return browser.post(f"/today/route/{followup.client_id}/", {"do": do} | more, follow=True)


def test_what_needs_a_visit_is_on_the_route_and_a_greeting_is_not(
    alice: Any, visit: Any, make_followup: Any, make_client: Any
) -> None:
    wanted = visit()
    make_followup(make_client(address="西湖区文三路2号"))
    (leg,) = route_on(alice).legs
    assert leg.stop.lead == wanted
    assert [stop.client.address for stop in route_on(alice).others] == ["西湖区文三路2号"]


def test_who_wants_no_visit_or_has_no_address_is_not_driven_to(alice: Any, visit: Any) -> None:
    refusing, nowhere = visit(), visit(address="")
    Consent.take(refusing.client, "visit", "refused", on=DAY, evidence="电话里说的", by=alice)
    route = route_on(alice)
    assert not route.legs
    assert [stop.lead for stop in route.nowhere] == [nowhere]


def test_neighbours_are_visited_one_after_the_other(alice: Any, visit: Any) -> None:
    for address in ("西湖区文三路1号", "滨江区江南大道5号", "西湖区文三路9号", "滨江区江南大道9号"):
        visit(address)
    districts = [leg.where.district for leg in route_on(alice).legs]
    assert sorted(districts[:2]) != ["滨江区", "西湖区"]
    assert [n for _region, n in route_on(alice).regions] == [2, 2]


def test_the_first_way_begins_at_the_office_at_home_or_with_whom_one_was_last(
    alice: Any, login: Any, group: Any, visit: Any
) -> None:
    near, far = visit("杭州市西湖区文三路1号"), visit("杭州市滨江区江南大道5号")
    assert (route_on(alice).start, route_on(alice).legs[0].drive) == (Start.UNKNOWN, None)
    assert route_on(alice).home is None
    Team.objects.filter(pk=group.pk).update(address="杭州市西湖区文三路9号")
    found = route_on(User.objects.get(pk=alice.pk))
    assert (found.start, found.legs[0].stop.lead) == (Start.OFFICE, near)
    assert found.legs[0].starts == time(9, found.legs[0].drive)
    login(alice).post("/accounts/me/start/", {"address": "杭州市滨江区江南大道9号"})
    alice.refresh_from_db()
    found = route_on(alice)
    assert (found.start, found.legs[0].stop.lead) == (Start.OWN, far)
    decide(login(alice), far, "at", at="09:02")
    assert (route_on(alice).legs[0].starts, route_on(alice).legs[0].late) == (time(9, 2), 0)
    work.record([far], by=alice, on=DAY, outcome="done", channel="visit")
    found = route_on(alice)
    assert (found.start, [leg.stop.lead for leg in found.legs]) == (Start.VISIT, [near])
    assert found.legs[0].drive == driving.minutes(
        *places.read_all(["杭州市滨江区江南大道5号", "杭州市西湖区文三路1号"])
    )


def test_the_way_back_is_in_the_minutes_of_the_day(alice: Any, login: Any, visit: Any) -> None:
    """Also when one is under way, and then it leads to where the day began."""
    first, last = visit("杭州市西湖区文三路1号"), visit("杭州市滨江区江南大道5号")
    login(alice).post("/accounts/me/start/", {"address": "杭州市西湖区文三路9号"})
    alice.refresh_from_db()
    route = route_on(alice)
    drives = [leg.drive or 0 for leg in route.legs]
    assert [leg.stop.lead for leg in route.legs] == [first, last]
    assert route.home == driving.minutes(
        *places.read_all(["杭州市滨江区江南大道5号", "杭州市西湖区文三路9号"])
    )
    assert route.minutes_driven == sum(drives) + route.home
    all_day = sum(drives) + 2 * 35 + route.home
    assert route.ends == time(9 + all_day // 60, all_day % 60)
    assert "返回" in login(alice).get("/today/route/?on=2026-06-12").content.decode()
    work.record([first], by=alice, on=DAY, outcome="done", channel="visit")
    assert (route_on(alice).start, route_on(alice).home) == (Start.VISIT, route.home)


def test_the_address_of_a_department_stands_for_its_groups(alice: Any, group: Any) -> None:
    Team.objects.filter(pk=group.parent_id).update(address="解放路 1 号")
    assert User.objects.get(pk=alice.pk).office_address == "解放路 1 号"


def test_an_appointment_stands_at_its_hour_and_the_others_around_it(
    alice: Any, login: Any, visit: Any
) -> None:
    first, agreed = visit("西湖区文三路1号"), visit("西湖区文三路3号")
    decide(login(alice), agreed, "at", at="10:30")
    legs = route_on(alice).legs
    assert [(leg.stop.lead, leg.starts) for leg in legs] == [
        (first, time(9)),
        (agreed, time(10, 30)),
    ]


def test_an_appointment_that_cannot_be_kept_says_so(alice: Any, login: Any, visit: Any) -> None:
    browser = login(alice)
    for number in (1, 3):
        decide(browser, visit(f"西湖区文三路{number}号"), "at", at="09:00")
    assert [leg.late for leg in route_on(alice).legs] == [0, 40]
    assert "按这个顺序" in browser.get("/today/route/?on=2026-06-12").content.decode()


def test_of_a_day_under_way_the_hours_that_are_gone_are_not_offered(alice: Any, visit: Any) -> None:
    visit()
    (leg,) = route_on(alice, datetime(2026, 6, 12, 14, 5, tzinfo=UTC)).legs
    assert leg.starts == time(14, 15)


def test_what_comes_in_the_evening_is_said_unless_it_was_agreed(
    alice: Any, login: Any, visit: Any
) -> None:
    browser = login(alice)
    for district in ("西湖区文三路", "滨江区江南大道", "余杭区文一西路", "上城区解放路"):
        for number in (1, 400, 800, 1200):
            visit(f"杭州市{district}{number}号")
    late = route_on(alice).too_late
    assert late == [leg for leg in route_on(alice).legs if leg.begins >= 20 * 60]
    assert f"{len(late)} 次上门要到晚上八点以后" in browser.get("/today/route/").content.decode()
    decide(browser, late[-1].stop.lead, "at", at=f"{late[-1].starts:%H:%M}")
    assert [leg.stop.lead for leg in route_on(alice).too_late] == [
        leg.stop.lead for leg in late[:-1]
    ]


def test_the_order_is_changed_by_buttons_kept_and_given_back(
    alice: Any, login: Any, visit: Any
) -> None:
    rows = [visit(f"西湖区文三路{n}号") for n in (1, 40, 90)]
    browser = login(alice)
    suggested = names(alice)
    last = next(row for row in rows if row.client.address == suggested[-1])
    decide(browser, last, "up", key="once")
    decide(browser, last, "up", key="once")  # the same form again
    assert names(alice) == [suggested[0], suggested[2], suggested[1]]
    decide(browser, last, "to", place="1")  # as a drag does
    assert names(alice)[0] == last.client.address
    new = visit("西湖区文三路41号")
    assert names(alice)[-1] == new.client.address
    browser.post("/today/route/again/", {"on": "2026-06-12"})
    assert not route_on(alice).by_hand


def test_a_visit_is_taken_off_and_somebody_else_put_on(
    alice: Any, login: Any, visit: Any, make_followup: Any, make_client: Any
) -> None:
    owed, greeted = visit(), make_followup(make_client(address="拱墅区湖墅南路2号"))
    decide(login(alice), owed, "off")
    decide(login(alice), greeted, "on")
    assert names(alice) == ["拱墅区湖墅南路2号"]


def test_a_household_at_one_address_is_one_visit_decided_once(
    alice: Any, login: Any, visit: Any, make_client: Any
) -> None:
    from clients.models import Household

    home = Household.objects.create(name="陈家")
    rows = [visit(), visit()]
    for row in rows:
        row.client.household = home
        row.client.save()
    decide(login(alice), rows[1], "at", at="11:00")
    assert [leg.agreed for leg in route_on(alice).legs] == [time(11)]
    assert RouteStop.objects.count() == 2


def test_what_was_visited_is_shown_as_done(alice: Any, login: Any, visit: Any) -> None:
    done = visit()
    work.record([done], by=alice, on=DAY, channel="visit", outcome="done")
    assert [stop.lead for stop in route_on(alice).done] == [done]
    assert done.client.name in login(alice).get("/today/route/").content.decode()


def test_a_link_to_the_map_app_carries_the_address_and_no_name(
    alice: Any, login: Any, visit: Any
) -> None:
    visit("西湖区文三路1号")
    address = "%E8%A5%BF%E6%B9%96%E5%8C%BA%E6%96%87%E4%B8%89%E8%B7%AF1%E5%8F%B7"
    for device, opens in (("Android", "geo:0,0?q="), ("iPhone", "maps://?q=")):
        answer = login(alice).get("/today/route/", headers={"user-agent": device})
        assert f'href="{opens}{address}"' in answer.content.decode()


def test_a_time_without_sense_changes_nothing_and_says_why(
    alice: Any, login: Any, visit: Any
) -> None:
    answer = decide(login(alice), visit(), "at", at="soon")
    assert "10:40" in answer.content.decode()
    assert not RouteStop.objects.exists()


def test_a_stranger_decides_nothing(carol: Any, login: Any, visit: Any) -> None:
    assert decide(login(carol), visit(), "off").status_code == 404


def test_sixteen_visits_cost_the_queries_of_one(alice: Any, login: Any, visit: Any) -> None:
    browser = login(alice)
    visit()

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert browser.get("/today/route/").status_code == 200
        return len(caught)

    queries()
    one = queries()
    for n in range(8):
        visit(f"拱墅区湖墅南路{n}号")
    assert queries() == one


def test_the_map_draws_every_visit_once_inside_its_district(alice: Any, visit: Any) -> None:
    for n in range(7):
        visit(f"{('西湖区文三路', '滨江区江南大道', '')[n % 3]}{n + 1}号")
    drawn = map_of(route_on(alice).legs)
    assert [pin.leg.number for pin in drawn.pins] == [1, 2, 3, 4, 5, 6, 7]
    for box in drawn.boxes:
        for pin in box.pins:
            assert box.x < pin.x < box.x + box.width <= WIDTH
            assert box.y < pin.y < box.y + box.height <= drawn.height
    west, east = (next(b for b in drawn.boxes if b.name == name) for name in ("西湖区", "滨江区"))
    assert west.x < east.x or west.y < east.y


def test_what_is_logged_and_taken_back_on_the_route_draws_the_route_again(
    alice: Any, login: Any, visit: Any
) -> None:
    followup = visit(rule="policy-review", series="review", item=9)
    browser = login(alice)
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/today/route/"}
    form = browser.get(f"/tasks/{followup.pk}/log/?channel=visit", headers=here)
    assert form.context["form"].initial["channel"] == "visit"
    told = {"outcome": "done", "channel": "visit", "task": str(followup.pk)}
    answer = browser.post(f"/tasks/{followup.pk}/log/", told, headers=here)
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    assert len(route_on(alice).done) == 1
    contact = followup.client.contacts.get()
    answer = browser.post(f"/contacts/{contact.pk}/undo/", headers=here)
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    assert len(route_on(alice).legs) == 1
