"""A policy's page in the hands of a leader: the sheets, their refusals, and work without script."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from policies.models import Instalment
from tests.journeys.conftest import DESKTOP, PHONE, barriers, sideways


@pytest.fixture
def owed(office: Any) -> Instalment:
    """A premium in grace whose debits failed, and whose holder has promised."""
    from policies import promises

    since = (office.today - timedelta(days=50), office.today - timedelta(days=5))
    of_alice = Instalment.objects.owed().filter(
        policy__status="in_force", policy__holder__agent__staff_no="A1001", due_on__range=since
    )
    found: Instalment = of_alice.order_by("pk")[0]
    found.failed_on, found.failure = found.due_on + timedelta(days=1), "insufficient"
    found.save()
    agent = office.user("A1001")
    promises.promise(found, on=office.today, until=office.today + timedelta(days=3), by=agent)
    return found


def test_a_leader_books_in_a_sheet(office: Any, owed: Instalment, shoot: Any) -> None:
    page = office.open("M1001")
    office.cut_off = True  # the browser complains of each refused form
    page.goto(f"{office.url}/policies/{owed.policy_id}/")
    shoot(page, "before")
    page.get_by_label("More to do with this policy").click()
    page.get_by_role("link", name="Change the premium mode").click()
    sheet = page.locator("#sheet")
    sheet.get_by_role("button", name="Change it").click()
    expect(sheet.get_by_role("alert")).to_be_visible()
    assert not barriers(page)
    sheet.get_by_label("Premium each time").fill("3500")
    sheet.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Premium mode changed").first).to_be_visible()

    page.get_by_role("link", name="Mark paid").first.click()
    sheet.get_by_label("Paid on").fill((office.today - timedelta(days=900)).isoformat())
    sheet.get_by_role("button", name="Mark paid").click()
    expect(sheet.get_by_role("alert")).to_be_visible()
    shoot(page, "refused")
    sheet.get_by_label("Paid on").fill(office.today.isoformat())
    sheet.get_by_role("button", name="Mark paid").click()
    expect(page.get_by_text("Payment recorded").first).to_be_visible()
    shoot(page, "after")
    owed.refresh_from_db()
    assert owed.paid_on == office.today
    expect(page.get_by_text(f"Premium of {owed.due_on} paid")).to_be_visible()


def test_a_supervisor_books_by_keyboard(office: Any, owed: Instalment) -> None:
    page = office.open("S1001")
    page.goto(f"{office.url}/renewals/?stage=grace")
    page.locator(f"#renewal-list a[href='/policies/{owed.policy_id}/']").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/policies/{owed.policy_id}/")
    page.get_by_role("link", name="Mark paid").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sheet-title")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Payment recorded").first).to_be_visible()
    owed.refresh_from_db()
    assert owed.paid_on == office.today


def test_a_product_is_corrected_and_its_premiums_follow(
    office: Any, owed: Instalment, shoot: Any
) -> None:
    page = office.open("ADMIN")
    office.cut_off = True  # the browser complains of the styles in Django's own scripts
    page.goto(f"{office.url}/settings/policies/product/")
    assert not barriers(page)
    page.get_by_role("link", name=str(owed.policy.product), exact=True).click()
    page.wait_for_url("**/change/")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    assert not barriers(page)
    page.get_by_label("Grace days").fill("90")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_be_visible()
    owed.refresh_from_db()
    assert owed.grace_ends_on == owed.due_on + timedelta(days=90)
    page.goto(f"{office.url}/policies/{owed.policy_id}/")
    left = (owed.grace_ends_on - office.today).days
    expect(page.get_by_text(f"Grace: {left} days left").locator("visible=true")).to_be_visible()
    shoot(page)


def test_a_leader_books_without_script(office: Any, owed: Instalment) -> None:
    page = office.open("M1001", PHONE, java_script_enabled=False)
    page.goto(f"{office.url}/policies/{owed.policy_id}/")
    page.get_by_label("More to do with this policy").click()
    page.get_by_role("link", name="Waive the premium").click()
    page.get_by_role("button", name="Waive it").click()
    expect(page.get_by_text("Premium waived").first).to_be_visible()
    owed.refresh_from_db()
    assert owed.closed_as == "waived"


def test_the_page_is_open_to_everybody(office: Any, owed: Instalment, shoot: Any) -> None:
    looks = (
        (PHONE, "dark", "zh-hans"),
        (PHONE, "light", "en"),
        (DESKTOP, "dark", "en"),
        (DESKTOP, "light", "zh-hans"),
    )
    for size, theme, language in looks:
        page = office.open("M1001", size, theme=theme, language=language)
        for address in ("mode/", "edit/", ""):
            page.goto(f"{office.url}/policies/{owed.policy_id}/{address}")
            assert not barriers(page), address
            assert not sideways(page), address
        shoot(page, f"{size[0]}-{theme}")
