"""The list in a place without a net: read, worked, and delivered once."""

from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from clients.models import Client
from followups import work
from followups.models import FollowUp
from tests.journeys.conftest import BIRTHDAY_CLIENT, PHONE, barriers, sideways
from tests.journeys.test_agent import a_premium, row_of

KEPT = """async () => {
  const page = await caches.match("/today/kept/");
  const names = await caches.keys();
  return { names, text: page ? await page.text() : "" };
}"""


def kept(page: Page) -> Any:
    return page.evaluate(KEPT)


def open_and_keep(office: Any, staff_no: str = "A1001", **more: Any) -> Page:
    """The day's page, seen until the phone has kept it."""
    page: Page = office.open(staff_no, size=PHONE, **more)
    page.goto(f"{office.url}/today/")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    wait_until_kept(page, office.user(staff_no))
    return page


def wait_until_kept(page: Page, user: Any) -> None:
    for _time in range(80):
        found = kept(page)
        if found["text"] and found["names"] == [f"kept:{user.pk}"]:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"nothing was kept: {found['names']}")


def cut(office: Any, page: Page, *, off: bool = True) -> None:
    office.cut_off = True  # what was under way may fail a moment longer
    page.context.set_offline(off)


def test_the_list_is_read_and_worked_without_a_connection(office: Any, shoot: Any) -> None:
    page = open_and_keep(office)
    client = a_premium(office)
    cut(office, page)
    page.goto(f"{office.url}/today/")
    expect(page.get_by_text("offline")).to_be_visible()
    expect(row_of(page, office.birthday)).to_contain_text(BIRTHDAY_CLIENT)
    shoot(page, "list")
    assert not sideways(page)
    assert not barriers(page)

    row = row_of(page, client)
    row.locator("summary").tap()
    row.get_by_role("radio", name="Will pay").tap()
    row.get_by_role("button", name="Keep on this phone").tap()
    assert row.locator("[name=until]").evaluate("field => field.validationMessage")
    row.locator("[name=until]").fill(office.today.isoformat())
    row.get_by_label("Note").fill("Pays today, in the bank")
    shoot(page, "form")
    row.get_by_role("button", name="Keep on this phone").tap()
    expect(row.get_by_text("Recorded on this phone")).to_be_visible()
    expect(page.locator("#outbox")).to_contain_text("Pays today, in the bank")
    shoot(page, "recorded")
    assert not barriers(page)

    page.reload()  # closed and opened again, it is still there
    expect(row.get_by_text("Recorded on this phone")).to_be_visible()
    assert not office.sent_about(client).exists()

    cut(office, page, off=False)
    expect(page.locator("#outbox")).to_contain_text("Sent now: 1")
    expect(page.locator("#agenda")).to_be_visible()
    expect(row_of(page, client)).to_have_count(0)
    assert office.sent_about(client).count() == 1
    told = office.contacts_with(client).get()
    assert told.met_at is not None  # when it was tapped, not when the net came back
    assert (told.outcome, told.note) == ("will_pay", "Pays today, in the bank")
    page.reload()
    expect(page.locator("#outbox")).to_be_hidden()
    assert office.sent_about(client).count() == 1


def test_what_was_refused_is_told_and_the_words_are_kept(office: Any, shoot: Any) -> None:
    page = open_and_keep(office)
    client = a_premium(office)
    cut(office, page)
    page.reload()
    row = row_of(page, client)
    row.locator("summary").tap()
    row.get_by_role("radio", name="No answer").tap()
    row.get_by_label("Note").fill("Rang twice")
    row.get_by_role("button", name="Keep on this phone").tap()
    expect(row.get_by_text("Recorded on this phone")).to_be_visible()

    rows = list(FollowUp.objects.open().on(office.today).filter(client=client))
    work.record(rows, by=office.user("A1001"), outcome="done", on=office.today)
    cut(office, page, off=False)
    box = page.locator("#outbox")
    expect(box.locator(".danger")).not_to_be_empty()
    expect(box).to_contain_text("Rang twice")
    shoot(page)
    assert not barriers(page)
    assert office.sent_about(client).count() == 1
    box.get_by_role("button", name="Discard").tap()
    expect(box).to_be_hidden()


def test_a_form_lost_with_its_page_goes_out_later(office: Any) -> None:
    page = open_and_keep(office)
    cut(office, page)
    page.get_by_role("button", name=f"Done: {BIRTHDAY_CLIENT}").tap()
    expect(page.locator("#outbox")).to_contain_text(BIRTHDAY_CLIENT)
    page.goto("about:blank")
    cut(office, page, off=False)
    page.goto(f"{office.url}/today/")
    expect(page.locator("#outbox")).to_contain_text("Sent now: 1")
    assert office.sent_about(office.birthday).count() == 1


def test_an_outcome_in_focus_mode_is_kept_and_goes_out_once(office: Any) -> None:
    page = open_and_keep(office)
    page.evaluate("() => localStorage.clear()")  # told again once the box is ready on the next page
    page.get_by_role("link", name="Work through").first.tap()
    page.get_by_role("link", name="Record the outcome").tap()
    name = page.get_by_role("heading", level=1).inner_text()
    file = page.get_by_role("link", name="Client page", include_hidden=True).get_attribute("href")
    client = Client.objects.get(pk=int((file or "").strip("/").split("/")[-1]))
    before = office.contacts_with(client).count()
    sheet = page.get_by_role("dialog")
    sheet.locator("[name=outcome][value=no_answer]").check()
    sheet.get_by_label("Note").fill("Rang twice")
    page.wait_for_function("() => localStorage.getItem(`unsent:${document.body.dataset.user}`)")
    cut(office, page)
    sheet.get_by_role("button", name="Save, next").tap()
    expect(page.locator("#outbox")).to_contain_text("Rang twice")
    expect(page.locator("#outbox")).to_contain_text(name)
    page.goto("about:blank")
    cut(office, page, off=False)
    page.goto(f"{office.url}/today/focus/")
    expect(page.locator("#outbox")).to_contain_text("Sent now: 1")
    assert office.contacts_with(client).count() == before + 1


def test_what_needs_a_form_opens_it_where_there_is_no_net(office: Any) -> None:
    page = open_and_keep(office)
    client = a_premium(office)
    cut(office, page)
    row_of(page, client).get_by_role("button", name="Done").tap()
    expect(row_of(page, client).get_by_role("radio", name="No answer")).to_be_visible()
    page.goto(f"{office.url}/clients/{client.pk}/")
    expect(page.get_by_text("offline")).to_be_visible()
    assert page.url == f"{office.url}/today/"


def test_no_number_lies_on_the_phone(office: Any) -> None:
    page = open_and_keep(office)
    text = kept(page)["text"]
    numbers = [c.mobile for c in (office.birthday, a_premium(office)) if c.mobile]
    assert BIRTHDAY_CLIENT in text
    assert "tel:" not in text
    assert "csrfmiddlewaretoken" not in text
    assert not [number for number in numbers if number in text]


def test_signing_out_clears_the_phone(office: Any) -> None:
    page = open_and_keep(office)
    cut(office, page)
    page.get_by_role("button", name=f"Done: {BIRTHDAY_CLIENT}").tap()
    expect(page.locator("#outbox")).to_contain_text(BIRTHDAY_CLIENT)
    page.route("**/tasks/**", lambda route: route.abort())  # the server is slow to come back
    cut(office, page, off=False)
    expect(page.locator("#agenda")).to_be_visible()
    page.goto(f"{office.url}/accounts/me/")
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", answer)
    page.get_by_role("main").get_by_role("button", name="Sign out").tap()
    page.wait_for_url("**/accounts/login/**")
    assert len(asked) == 1, "what was not sent is not thrown away unasked"
    left = page.evaluate(
        "async () => ({ caches: await caches.keys(), bases: await indexedDB.databases(),"
        " local: Object.keys(localStorage) })"
    )
    assert left == {"caches": [], "bases": [], "local": []}
    cut(office, page)
    with pytest.raises(Error):
        page.goto(f"{office.url}/today/")


def test_nobody_finds_what_another_kept(office: Any) -> None:
    page = open_and_keep(office)
    other = office.log_in(office.user("M1001")).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": other, "url": office.url}])
    page.goto(f"{office.url}/today/")
    wait_until_kept(page, office.user("M1001"))
    assert BIRTHDAY_CLIENT not in kept(page)["text"]
