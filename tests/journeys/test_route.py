"""The day's visits: put in order and printed at the desk, made with the phone in the hand."""

from typing import Any

from playwright.sync_api import expect

from followups import agenda
from followups.route import Route, route_of
from lib import dates
from tests.journeys.conftest import DESKTOP, PHONE, barriers, sideways
from tests.journeys.test_focus import choose


def route(office: Any) -> Route:
    agent = office.user("A1001")
    return route_of(agenda.of(agent, agent, office.today, dates.today()))


def test_the_visits_of_a_day(office: Any, shoot: Any) -> None:
    page = office.open("A1001", size=DESKTOP)
    page.goto(f"{office.url}/today/route/")
    names = page.locator(".route .who").all_inner_texts()
    held = page.locator(".route .stop").last
    with page.expect_navigation():
        held.drag_to(page.locator(".route .stop").first, target_position={"x": 90, "y": 8})
    expect(page.locator(".route .who").first).to_have_text(names[-1])
    assert route(office).by_hand

    page.get_by_role("link", name="Day pack").click()
    token = page.locator("[name=csrfmiddlewaretoken]").input_value()
    answer = page.request.post(
        f"{office.url}/today/pack/pdf/",
        form={"csrfmiddlewaretoken": token},
        headers={"Referer": page.url},
    )
    assert answer.body().startswith(b"%PDF-")

    page = office.open("A1001", size=PHONE)
    page.goto(f"{office.url}/today/")
    page.locator("#bag").get_by_role("link", name="Route").tap()
    expect(page.locator(".route .stop")).to_have_count(len(route(office).legs))
    shoot(page, "phone")
    assert not barriers(page)
    assert sideways(page) <= 0

    first = page.locator(".route .stop").first
    name = first.locator(".who").inner_text()
    first.get_by_role("link", name=f"Log for {name}").tap()
    sheet = page.get_by_role("dialog", name="How did it go?")
    expect(sheet.locator("[name=channel][value=visit]")).to_be_checked()
    choose(page, sheet, "not_home")
    sheet.get_by_role("button", name="Save").tap()
    expect(page.locator(".route .who", has_text=name)).to_have_count(0)
