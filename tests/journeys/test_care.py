"""The whole client on one page, the wake-up list worked, and a way of contact that is refused."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from clients.models import Client, Consent, Contact
from policies.models import Known
from tests.journeys.conftest import DESKTOP, PHONE, barriers, sideways


def test_the_whole_client_on_one_page(office: Any, shoot: Any) -> None:
    client = office.birthday
    Known.objects.update_or_create(client=client, defaults={"income": 150_000})
    page = office.open("A1001", DESKTOP, language="zh-hans", theme="dark")
    page.goto(f"{office.url}/clients/{client.pk}/")
    expect(page.locator("#cover .gap")).not_to_have_count(0)
    expect(page.locator(".talk")).to_be_visible()
    page.locator("#timeline nav a", has_text="系统").click()
    expect(page.locator("#timeline nav a[aria-current]")).to_have_text("系统")
    assert "show=system" in page.url
    assert barriers(page) == []
    assert sideways(page) <= 0
    shoot(page)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_be_visible()


def test_a_refused_way_disappears_on_a_phone_without_script(office: Any, shoot: Any) -> None:
    client = office.birthday
    page = office.open("A1001", PHONE, java_script_enabled=False)
    page.goto(f"{office.url}/clients/{client.pk}/?tab=family")
    call = page.locator(".quick a[href^='tel:']")
    expect(call).to_be_visible()
    page.goto(f"{office.url}/clients/{client.pk}/consent/")
    page.locator("input[name=channel][value=call]").check(force=True)
    page.locator("input[name=state][value=refused]").check(force=True)
    office.cut_off = True  # the browser tells of the answer 422
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
    office.cut_off = False
    page.locator("input[name=evidence]").fill("said so on the phone")
    page.get_by_role("button", name="Save").click()
    expect(call).to_have_count(0)
    expect(page.locator(".refused")).to_contain_text("Does not want to be called.")
    assert Consent.objects.get(client=client).evidence == "said so on the phone"
    for tab in ("", "timeline", "policies", "family"):
        page.goto(f"{office.url}/clients/{client.pk}/?tab={tab}")
        assert sideways(page) <= 0
    shoot(page)


def test_the_wake_up_list_is_worked(office: Any, shoot: Any) -> None:
    agent = office.user("A1001")
    mine = Client.objects.filter(agent=agent, policies__status="in_force").contactable()
    asleep = mine.exclude(consents__state="refused").distinct().order_by("pk").first()
    Contact.objects.filter(client=asleep).delete()
    Contact.objects.create(client=asleep, by=agent, on=office.today - timedelta(days=400))
    page = office.open("A1001", PHONE, language="zh-hans")
    page.goto(f"{office.url}/wake-up/?show=dormant")
    row = page.locator(f"#client-{asleep.pk}")
    row.get_by_role("link", name="话术").click()
    expect(page.locator(f"#say-{asleep.pk}")).to_contain_text("一年多没有联系")
    assert barriers(page) == []
    assert sideways(page) <= 0
    shoot(page)
    page.locator(f"#client-{asleep.pk} button[value=call]").click()
    expect(page.locator(f"#client-{asleep.pk}")).to_have_count(0)
    asleep.refresh_from_db()
    assert asleep.last_contact_on == office.today
