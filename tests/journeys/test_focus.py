"""An agent's day in focus mode: on the phone, by keyboard, without script, and in two tabs."""

from typing import Any

from playwright.sync_api import Page, expect

from followups import agenda, work
from followups.models import FollowUp
from lib import dates
from tests.journeys.conftest import DESKTOP, PHONE, barriers, sideways

MARKUP = "<b>周一</b> & <script>alert(1)</script>"


def queue(office: Any) -> list[Any]:
    agent = office.user("A1001")
    return list(agenda.of(agent, agent, office.today, dates.today()).open_stops)


def here(page: Page) -> str:
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def stands_at(page: Page, client: Any) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(client.name)
    page.wait_for_load_state()  # before that no key is listened to


def choose(page: Page, place: Any, outcome: str) -> None:
    """Tick an outcome; those that come seldom stand behind "Other"."""
    tile = place.locator(f"[name=outcome][value={outcome}]")
    if not tile.is_visible():
        place.locator("[data-other]").check()
    tile.check()


def test_a_day_on_the_phone_one_after_the_other(office: Any, shoot: Any) -> None:
    page = office.open("A1001", size=PHONE)
    page.goto(f"{office.url}/today/")
    first, second, third = (stop.client for stop in queue(office)[:3])
    page.get_by_role("link", name="Work through").first.tap()
    stands_at(page, first)
    shoot(page, "client")
    assert not sideways(page)
    assert not barriers(page)

    page.get_by_role("button", name="Skip").tap()
    stands_at(page, second)
    page.get_by_role("link", name="Record the outcome").tap()
    sheet = page.get_by_role("dialog", name="How did it go?")
    choose(page, sheet, "no_answer")
    sheet.get_by_label("Note").fill(MARKUP)
    shoot(page, "outcome")
    assert not barriers(page)
    sheet.get_by_role("button", name="Save, next").tap()
    stands_at(page, third)
    told = office.contacts_with(second).get()
    assert (told.outcome, told.note) == ("no_answer", MARKUP)

    page.locator("#toasts").get_by_role("button", name="Undo").tap()
    stands_at(page, second)
    assert not office.contacts_with(second).exists()

    # It is left in the middle, and gone on with where it was.
    page.get_by_role("link", name="Back to today").first.tap()
    page.wait_for_url("**/today/")
    page.get_by_role("link", name="Work through").first.tap()
    stands_at(page, second)


def test_a_day_by_keyboard_one_after_the_other(office: Any, shoot: Any) -> None:
    page = office.open("A1001", size=DESKTOP)
    page.goto(f"{office.url}/today/")
    first, second = (stop.client for stop in queue(office)[:2])
    page.keyboard.press("f")
    stands_at(page, first)
    page.keyboard.press("j")
    stands_at(page, second)
    page.keyboard.press("k")
    stands_at(page, first)
    page.keyboard.press("4")
    page.keyboard.press("l")
    page.keyboard.type("Rang twice, 6 times in all")
    shoot(page)
    assert not barriers(page)
    assert not sideways(page)
    page.reload()
    expect(page.locator("#f_note")).to_have_value("Rang twice, 6 times in all")
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    stands_at(page, second)
    assert office.contacts_with(first).get().outcome == "no_answer"
    page.keyboard.press("z")
    stands_at(page, first)
    page.keyboard.press("Escape")
    page.wait_for_url("**/today/")

    # Two tabs: the other one was quicker, and nothing typed is lost.
    page.keyboard.press("f")
    stands_at(page, first)
    rows = list(FollowUp.objects.open().on(office.today).filter(client=first))
    work.record(rows, by=office.user("A1001"), outcome="no_answer", on=office.today)
    page.keyboard.press("3")
    page.locator("#f_other").fill(office.today.isoformat())
    page.locator("#f_note").fill(MARKUP)
    office.cut_off = True  # the browser tells of an answer that is a conflict
    page.keyboard.press("Control+Enter")
    expect(page.locator("#outcome").get_by_role("alert").first).to_be_visible()
    expect(page.locator("#outcome textarea")).to_have_value(MARKUP)
    shoot(page, "stale")
    assert office.contacts_with(first).count() == 1


def test_an_outcome_without_script(office: Any) -> None:
    page = office.open("A1001", size=PHONE, java_script_enabled=False)
    page.goto(f"{office.url}/today/focus/")
    first, second = (stop.client for stop in queue(office)[:2])
    page.get_by_role("link", name="WeChat", exact=True).click()
    expect(page.locator(".seg [aria-current]")).to_have_text("WeChat")
    page.get_by_role("link", name="Record the outcome").click()
    choose(page, page, "not_home")
    page.get_by_role("button", name="Save, next").click()
    stands_at(page, second)
    assert office.contacts_with(first).get().outcome == "not_home"
    page.goto(f"{office.url}/clients/{first.pk}/why-not/")
    assert not sideways(page)
    expect(page.get_by_text("Done on").first).to_be_visible()
