"""A festival day: three hundred greetings worked off on a phone, cards and labels printed, without script too."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from clients.models import Client
from followups import greetings
from followups.festivals import Festival
from followups.greetings import Campaign, Greeting
from policies.models import Insurer, Policy
from tests.journeys.conftest import DESKTOP, PHONE, barriers, follow, sideways

MANY = 120


@pytest.fixture
def campaign(office: Any) -> Campaign:
    """The office's own day is today, and A1001 has more clients to greet than a page holds."""
    agent, today = office.user("A1001"), office.today
    people = [
        Client(
            name=f"周晓{'春夏秋冬东南西北中和'[n % 10]}{'敏静强伟芳'[n % 5]}",
            gender="fm"[n % 2],
            agent=agent,
            mobile=f"137{n:08d}",
            address=f"杭州市西湖区文三路 {n} 号",
            postcode="310012",
            client_class=["develop", "nurture", "maintain"][n % 3],
        )
        for n in range(MANY)
    ]
    for person in people:
        person.derive(today)
    Client.objects.bulk_create(people)
    insurer = Insurer.usual()
    Policy.objects.bulk_create(
        Policy(insurer=insurer, holder=person, agent=agent, policy_no=f"F{n:08d}", premium=1)
        for n, person in enumerate(people)
    )
    Festival.objects.update(active=False)
    festival = Festival.objects.create(
        name="客户答谢日",
        name_en="Clients' Thanks Day",
        kind="solar",
        month=today.month,
        day=today.day,
    )
    Campaign.objects.exclude(festival=festival).delete()
    greetings.write(today)
    return Campaign.objects.get()


def test_a_festival_is_worked_off_on_a_phone(office: Any, campaign: Campaign, shoot: Any) -> None:
    page = office.open("A1001", PHONE, language="zh-hans")
    page.goto(f"{office.url}/today/")
    page.locator(f"#campaign-{campaign.pk} .who").click()
    expect(page.get_by_role("heading", name="客户答谢日")).to_be_visible()
    mine = Greeting.objects.filter(campaign=campaign, client__agent__staff_no="A1001")
    expect(page.locator(".task.greet")).to_have_count(min(mine.count(), 50))  # the page is long
    assert barriers(page) == []
    assert sideways(page) <= 0
    shoot(page)
    for n in range(3):
        page.locator(".task.greet:not(.done) [data-key=e]").first.click()
        expect(page.locator(".task.greet.done")).to_have_count(n + 1)
    expect(page.locator("#campaign-progress [aria-valuenow='3']")).to_be_visible()
    page.locator(".task.greet:not(.done) [data-key=s]").first.click()
    sheet = page.locator("#sheet")
    sheet.locator("input[value=unfit]").check(force=True)
    assert barriers(page) == []
    sheet.get_by_role("button", name="略过").click()
    expect(page.locator("#campaign-progress [aria-valuenow='4']")).to_be_visible()
    page.locator(".task.greet.done .undo button").first.click()
    expect(page.locator("#campaign-progress [aria-valuenow='3']")).to_be_visible()
    shoot(page, "working")
    for greeting in mine.open():
        greetings.send(
            greeting, by=office.user("A1001"), on=office.today, channel="wechat", words="好"
        )
    page.goto(f"{office.url}/today/")
    expect(page.locator(f"#list-care #campaign-{campaign.pk}")).to_have_count(0)
    assert not mine.missed(office.today + timedelta(days=1)).exists()


def test_cards_and_labels_come_out_as_they_are_cut(
    office: Any, campaign: Campaign, shoot: Any
) -> None:
    page = office.open("A1001", DESKTOP, language="zh-hans")
    page.goto(f"{office.url}/greetings/{campaign.pk}/?how=card")
    assert barriers(page) == []
    shoot(page)
    for box in page.locator("input[name=pick]").all()[:3]:
        box.check()
    page.get_by_role("button", name="打印贺卡").click()
    expect(page.locator(".gc")).to_have_count(3)
    shoot(page, "cards")
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.count(b"/Type /Page\n") == 3
    assert re.search(rb"/MediaBox \[0 0 59[45][.\d]* 4[12]\d", paper)  # A5 across
    page.go_back()
    page.get_by_role("button", name="打印地址标签").click()
    expect(page.locator(".labels li").first).to_be_visible()
    shoot(page, "labels")
    paper = page.pdf(prefer_css_page_size=True)
    assert re.search(rb"/MediaBox \[0 0 59[45][.\d]* 84[12]", paper)  # A4
    labels = page.locator(".labels li").count()
    assert paper.count(b"/Type /Page\n") == -(-labels // 24)


def test_it_works_without_script(office: Any, campaign: Campaign, shoot: Any) -> None:
    page = office.open("A1001", PHONE, java_script_enabled=False)
    page.goto(f"{office.url}/greetings/{campaign.pk}/?of_class=develop")
    name = page.locator(".task.greet .who").first.inner_text()
    follow(page.locator(".task.greet [data-key=e]").first)
    assert page.url.endswith("?of_class=develop")
    done = Greeting.objects.get(campaign=campaign, state="sent")
    assert (done.client.name, done.contact.channel) == (name, "wechat")
    page.locator(".task.greet [data-key=s]").first.click()
    office.cut_off = True  # the browser tells of the answer 422
    page.get_by_role("button", name="Leave out").click()
    expect(page.locator(".invalid-feedback")).to_be_visible()
    page.locator("input[value=met]").check()
    follow(page.get_by_role("button", name="Leave out"))
    assert Greeting.objects.filter(state="skipped", why="met", campaign=campaign).count() == 1
    page.locator(".task.greet a.btn-icon[href*=words]").first.click()
    page.locator("textarea").fill("愿您平安 {称呼}")
    page.get_by_role("button", name="Keep the text").click()
    expect(page.get_by_text("愿您平安 {称呼}")).to_be_visible()
    assert sideways(page) <= 0
    shoot(page)


def test_the_office_keeps_festivals_texts_and_stock(office: Any, shoot: Any) -> None:
    for size, language, theme in ((DESKTOP, "zh-hans", "light"), (PHONE, "en", "dark")):
        page = office.open("ADMIN", size, language=language, theme=theme)
        for path in ("festivals/", "festivals/11/", "festivals/11/texts/", "stock/", "stock/1/"):
            page.goto(f"{office.url}/{_existing(path)}")
            assert barriers(page) == [], path
            assert sideways(page) <= 0, path
            shoot(page, f"{language}-{path.strip('/').replace('/', '-')}")
    page.goto(f"{office.url}/texts/birthday/")
    page.locator("textarea").fill("{wife}, all the best")
    office.cut_off = True
    page.get_by_role("button", name="Put in force").click()
    expect(page.locator(".invalid-feedback")).to_contain_text("{wife}")


def _existing(path: str) -> str:
    from followups.stock import StockItem

    if path.startswith("festivals/11"):
        return path.replace("11", str(Festival.objects.get(code="dragon-boat").pk))
    return path.replace("1", str(StockItem.objects.order_by("pk")[0].pk))
