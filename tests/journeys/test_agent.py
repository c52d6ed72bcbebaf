"""The agent's day, as it is worked: on a phone, by keyboard, without script, and without a net."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from crm import demo
from followups.models import FollowUp
from tests.journeys.conftest import BIRTHDAY_CLIENT, PHONE, barriers, sideways


def row_of(page: Page, client: Any) -> Any:
    return page.locator(f"#stop-{client.pk}")


def a_premium(office: Any) -> Any:
    """A client who is on the list for a premium and nothing else."""
    rows = FollowUp.objects.open().on(office.today)
    return next(client for client in office.payers if rows.filter(client=client).exists())


def test_a_day_on_the_phone(office: Any, shoot: Any) -> None:
    page = office.open(size=PHONE)
    page.goto(f"{office.url}/")
    page.get_by_label("Agent code or mobile").fill("A1001")
    page.get_by_label("Password", exact=True).fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").tap()
    page.wait_for_url("**/today/")
    shoot(page, "today")

    greeting = page.get_by_role("button", name=f"Done: {BIRTHDAY_CLIENT}")
    greeting.tap()
    expect(page.locator("#toasts")).to_contain_text(BIRTHDAY_CLIENT)
    expect(row_of(page, office.birthday)).to_have_count(0)
    assert office.contacts_with(office.birthday).count() == 1

    page.locator("#toasts").get_by_role("button", name="Undo").tap()
    expect(row_of(page, office.birthday)).to_be_visible()
    assert not office.contacts_with(office.birthday).exists()

    client = a_premium(office)
    row_of(page, client).get_by_role("button", name="Done").tap()
    sheet = page.get_by_role("dialog", name="How did it go?")
    sheet.get_by_role("radio", name="Will pay").tap()
    sheet.locator(".opt:has([name=until])").nth(1).tap()
    shoot(page, "promise")
    sheet.get_by_role("button", name="Save").tap()
    expect(sheet).to_be_hidden()
    expect(row_of(page, client)).to_have_count(0)
    promise = office.contacts_with(client).get(by__staff_no="A1001", outcome="will_pay")
    assert promise.promised_on == office.today + timedelta(days=1)

    page.reload()
    expect(row_of(page, client)).to_have_count(0)
    expect(row_of(page, office.birthday)).to_be_visible()


def test_a_day_by_keyboard(office: Any, shoot: Any) -> None:
    page = office.open("A1001")
    page.goto(f"{office.url}/today/")
    page.keyboard.press("j")
    first = page.locator(".task.sel").get_attribute("id")
    page.keyboard.press("j")
    assert page.locator(".task.sel").get_attribute("id") != first
    page.keyboard.press("k")
    assert page.locator(".task.sel").get_attribute("id") == first

    wanted = f"stop-{office.birthday.pk}"
    for _step in range(page.locator(".task").count()):
        if page.locator(".task.sel").get_attribute("id") == wanted:
            break
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#inspector h2")).to_have_text(BIRTHDAY_CLIENT)
    shoot(page)

    row_of(page, office.birthday).locator(".who").focus()
    page.keyboard.press("e")
    expect(row_of(page, office.birthday)).to_have_count(0)
    assert office.contacts_with(office.birthday).count() == 1
    page.keyboard.press("z")
    expect(row_of(page, office.birthday)).to_be_visible()
    assert not office.contacts_with(office.birthday).exists()


def test_a_day_without_script(office: Any) -> None:
    page = office.open("A1001", size=PHONE, java_script_enabled=False)
    page.goto(f"{office.url}/today/")
    page.get_by_role("button", name=f"Done: {BIRTHDAY_CLIENT}").click()
    expect(page.locator("#toasts")).to_contain_text(BIRTHDAY_CLIENT)
    assert office.contacts_with(office.birthday).count() == 1
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(row_of(page, office.birthday)).to_be_visible()
    assert not office.contacts_with(office.birthday).exists()

    client = a_premium(office)
    row_of(page, client).locator(".who").click()
    page.get_by_role("link", name="Later").click()
    page.locator(".pick button").first.click()
    expect(page.locator("#toasts")).to_contain_text(client.name)
    expect(row_of(page, client)).to_have_count(0)

    client = a_premium(office)
    row_of(page, client).get_by_role("button", name="Done").click()
    page.get_by_role("radio", name="No answer").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text(client.name)
    assert office.contacts_with(client).filter(outcome="no_answer").count() == 1


def test_finding_and_switching_without_script(office: Any) -> None:
    page = office.open("A1001", java_script_enabled=False)
    page.goto(f"{office.url}/clients/")
    page.get_by_role("searchbox", name="Search clients", exact=True).fill(BIRTHDAY_CLIENT)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#client-list tbody tr")).to_have_count(1)

    page.locator("details.theme summary").first.click()
    page.locator("[data-theme-form]").first.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="中文").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#client-list tbody tr")).to_have_count(1)


def test_a_lost_connection(office: Any, shoot: Any) -> None:
    """What could not be sent says so, and goes out once when the net is back."""
    page = office.open("A1001", size=PHONE)
    page.goto(f"{office.url}/today/")
    office.cut_off = True
    page.context.set_offline(True)
    page.get_by_role("button", name=f"Done: {BIRTHDAY_CLIENT}").tap()
    expect(row_of(page, office.birthday)).to_contain_class("failed")
    expect(row_of(page, office.birthday).get_by_role("button", name="Not saved.")).to_be_visible()
    shoot(page)
    assert not office.sent_about(office.birthday).exists()

    office.cut_off = False
    page.context.set_offline(False)  # the page hears of it, and tries again by itself
    expect(row_of(page, office.birthday)).to_have_count(0)
    assert office.sent_about(office.birthday).count() == 1


def test_a_hand_that_taps_twice(office: Any) -> None:
    page = office.open("A1001", size=PHONE)
    page.goto(f"{office.url}/today/")
    page.get_by_role("button", name=f"Done: {BIRTHDAY_CLIENT}").dblclick()
    expect(row_of(page, office.birthday)).to_have_count(0)
    assert office.sent_about(office.birthday).count() == 1


def test_the_next_step_is_moved_or_left_out(office: Any, shoot: Any) -> None:
    page = office.open("A1001", size=PHONE)
    page.goto(f"{office.url}/today/")
    open_before = int(page.locator("#tab-today").inner_text())
    client = a_premium(office)
    row_of(page, client).get_by_role("button", name="Done").tap()
    sheet = page.get_by_role("dialog", name="How did it go?")
    expect(sheet.locator(".step:visible")).to_have_count(0)
    sheet.get_by_role("radio", name="No answer").tap()
    expect(sheet.locator(".step:visible")).to_have_count(1)
    shoot(page)
    assert not barriers(page)
    assert not sideways(page)
    step = sheet.locator(".step-again")
    step.locator("[type=date]").fill((office.today + timedelta(days=3)).isoformat())
    sheet.get_by_role("button", name="Save").tap()
    expect(row_of(page, client)).to_have_count(0)
    expect(page.locator("#tab-today")).to_have_text(str(open_before - 1))
    agreed = FollowUp.objects.get(client=client, rule=FollowUp.AGREED, after__done_on=office.today)
    assert agreed.list_on == office.today + timedelta(days=3)

    client = a_premium(office)
    row_of(page, client).get_by_role("button", name="Done").tap()
    sheet.get_by_role("radio", name="No answer").tap()
    sheet.locator(".step-again").get_by_role("switch").tap()
    expect(sheet.locator(".step-again [type=date]")).to_be_hidden()
    sheet.get_by_role("button", name="Save").tap()
    expect(row_of(page, client)).to_have_count(0)
    assert not FollowUp.objects.filter(client=client, after__done_on=office.today).exists()


def test_an_outcome_a_later_day_and_the_reason_by_keyboard(office: Any) -> None:
    page = office.open("A1001")
    page.goto(f"{office.url}/today/")
    client = a_premium(office)
    row_of(page, client).locator(".who").focus()
    page.keyboard.press("l")
    sheet = page.locator("#sheet")
    expect(sheet.get_by_role("heading", name="How did it go?")).to_be_focused()
    page.keyboard.press("4")
    expect(sheet.get_by_role("radio", name="No answer")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(sheet).to_be_hidden()
    expect(row_of(page, client)).to_have_count(0)
    assert office.contacts_with(client).filter(outcome="no_answer").exists()
    page.keyboard.press("z")
    expect(row_of(page, client)).to_be_visible()
    # Until what came in has settled, its links lead to pages and not yet to sheets.
    expect(page.locator(".htmx-request, .htmx-added, .htmx-settling")).to_have_count(0)

    chip = row_of(page, client).locator(".chip").first
    chip.focus()
    page.keyboard.press("Enter")
    expect(sheet.get_by_role("heading", name="Why is this on the list?")).to_be_focused()
    assert not barriers(page)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(chip).to_be_focused()

    page.keyboard.press("r")
    expect(sheet.get_by_role("heading", name="To which day?")).to_be_focused()
    assert not barriers(page)
    busy = sheet.get_by_role("radio", name="Client is busy")
    busy.focus()
    page.keyboard.press("Space")
    sheet.locator(".pick button").first.focus()
    page.keyboard.press("Enter")
    expect(sheet).to_be_hidden()
    expect(row_of(page, client)).to_have_count(0)
    assert office.contacts_with(client).get(outcome="asked_later").note == "Client is busy"


def test_why_and_paper_without_script(office: Any) -> None:
    page = office.open("A1001", java_script_enabled=False)
    page.goto(f"{office.url}/today/")
    client = a_premium(office)
    row_of(page, client).locator(".chip").first.click()
    expect(page.get_by_role("heading", name="Why is this on the list?")).to_be_visible()
    page.get_by_role("link", name="Change the date").click()
    page.get_by_label("Another day").fill(office.today.isoformat())
    page.get_by_role("radio", name="Waits for payday").check()
    page.get_by_role("button", name="Move it").click()
    expect(page.locator("#toasts")).to_contain_text(client.name)
    assert office.contacts_with(client).get(outcome="asked_later").note == "Waits for payday"
    page.get_by_role("link", name="Print list").click()
    expect(page.get_by_role("table")).to_contain_text(BIRTHDAY_CLIENT)
