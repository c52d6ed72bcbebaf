"""The client's word about a premium: promised, taken back, said to be paid, and looked at again."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from followups.daily import write_again
from policies.models import Instalment, Promise, UncollectedCase
from tests.journeys.conftest import PHONE, barriers, sideways
from tests.journeys.test_agent import a_premium, row_of


def test_a_promise_is_kept_in_mind(office: Any, shoot: Any) -> None:
    page = office.open("A1001", size=PHONE)
    page.goto(f"{office.url}/today/")
    client = a_premium(office)
    words = Promise.objects.filter(policy__holder=client)
    row_of(page, client).get_by_role("button", name="Done").tap()
    sheet = page.get_by_role("dialog", name="How did it go?")
    expect(sheet.get_by_role("radio", name="Says it is paid")).to_be_visible()
    sheet.get_by_role("radio", name="Will pay").tap()
    sheet.locator(".opt:has([name=until])").nth(1).tap()
    sheet.get_by_label("How much, if not all").fill("100")
    expect(sheet.locator(".step-check")).to_contain_text("the day after")
    assert not barriers(page)
    assert not sideways(page)
    shoot(page, "sheet")
    sheet.get_by_role("button", name="Save").tap()
    expect(page.locator("#toasts")).to_contain_text("Promised for")
    promise = words.get()
    assert (promise.promised_on, promise.amount) == (office.today + timedelta(days=1), 100)

    page.locator("#toasts").get_by_role("button", name="Undo").tap()
    expect(row_of(page, client)).to_be_visible()
    assert not words.exists()

    row_of(page, client).get_by_role("button", name="Done").tap()
    sheet.get_by_role("radio", name="Says it is paid").tap()
    sheet.get_by_role("button", name="Save").tap()
    expect(row_of(page, client)).to_have_count(0)
    claim = words.get()
    page.goto(f"{office.url}/policies/{claim.policy_id}/")
    expect(page.locator("main")).to_contain_text("waiting for the return file")
    assert not barriers(page)
    assert not sideways(page)
    shoot(page, "policy")

    back_on = claim.promised_on + timedelta(days=1)
    write_again(office.today + timedelta(days=2), back_on)
    page.goto(f"{office.url}/today/?on={back_on.isoformat()}")
    expect(row_of(page, client)).to_contain_text("Said to be paid, not arrived")
    shoot(page, "back")


def test_the_clients_word_without_script(office: Any) -> None:
    page = office.open("A1001", size=PHONE, java_script_enabled=False)
    page.goto(f"{office.url}/today/")
    client = a_premium(office)
    row_of(page, client).get_by_role("button", name="Done").click()
    page.get_by_role("radio", name="Says it is paid").check(force=True)
    page.get_by_role("button", name="Save").click()
    expect(row_of(page, client)).to_have_count(0)
    claim = Promise.objects.get(policy__holder=client)
    assert claim.kind == Promise.Kind.CLAIM
    page.goto(f"{office.url}/policies/{claim.policy_id}/")
    expect(page.locator("main")).to_contain_text("waiting for the return file")

    page.goto(f"{office.url}/today/")
    client = a_premium(office)
    row_of(page, client).get_by_role("button", name="Done").click()
    page.get_by_role("radio", name="Will pay").check(force=True)
    page.get_by_label("How much, if not all").fill("100")
    page.locator("[name=until]").nth(1).check(force=True)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Promised for")
    promise = Promise.objects.get(policy__holder=client)
    assert (promise.promised_on, promise.amount) == (office.today + timedelta(days=1), 100)


def test_the_forms_that_clients_sign(office: Any, shoot: Any) -> None:
    page = office.open("A1001", size=PHONE)
    overdue = Instalment.objects.in_grace(office.today).filter(
        policy__holder__agent__staff_no="A1001"
    )
    due = overdue.filter(uncollected_case=None).order_by("due_on")[0]
    page.goto(f"{office.url}/policies/{due.policy_id}/uncollected/")
    assert not barriers(page)
    assert not sideways(page)
    shoot(page, "uncollected")
    page.get_by_role("radio", name="Short of money").check(force=True)
    page.get_by_role("button", name="Record the form").tap()
    expect(page.locator("main")).to_contain_text("Short of money")
    assert UncollectedCase.objects.get(instalment=due).reason == 8

    page.goto(f"{office.url}/policies/{due.policy_id}/authorisation/")
    assert not barriers(page)
    assert not sideways(page)
    shoot(page, "authorisation")
    page.get_by_role("button", name="Record the signature").tap()
    expect(page.locator("main")).to_contain_text("Signed")

    leader = office.open("M1001")
    leader.goto(f"{office.url}/uncollected/")
    assert not barriers(leader)
    shoot(leader, "report")
    leader.get_by_role("table").first.locator("a[href*='reason=8&']").first.click()
    expect(leader.locator("#list-h")).to_contain_text("Short of money")
    leader.goto(f"{office.url}/policies/{due.policy_id}/authorisation/print/")
    shoot(leader, "paper")
