"""A supervisor's day, from the morning meeting to the logs; and the agent's end of it, on the phone."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from accounts.models import Role
from clients.models import Client
from followups.models import DayLog, FollowUp, MorningMeeting, SpotCheck
from tests.journeys.conftest import PHONE, barriers, follow, sideways


def open_to_everybody(page: Page) -> None:
    assert not barriers(page)
    assert not sideways(page)


def test_a_supervisors_day(office: Any, shoot: Any) -> None:
    agent, leader = office.user("A1001"), office.user("M1001")
    assert leader.role == Role.MANAGER
    phone = office.open("A1001", size=PHONE)
    phone.goto(f"{office.url}/today/summary/")
    expect(phone.get_by_label("What was done")).to_have_value(re.compile("items? done"))
    open_to_everybody(phone)
    phone.get_by_label("What my leader could help with").fill("王女士想见主管")
    phone.get_by_role("button", name="Hand in").click()
    expect(phone.get_by_text("handed in").first).to_be_visible()

    page = office.open("M1001")
    page.goto(f"{office.url}/team/")
    open_to_everybody(page)
    shoot(page, "team")
    follow(page.get_by_role("link", name="Morning meeting").first)
    open_to_everybody(page)
    page.get_by_label("Minutes").fill("先打宽限期的电话")
    page.get_by_role("button", name="Keep the minutes").click()
    expect(page.get_by_text("The minutes are kept").first).to_be_visible()
    assert MorningMeeting.objects.filter(leader=leader, minutes="先打宽限期的电话").exists()

    page.goto(f"{office.url}/team/spot-checks/")
    open_to_everybody(page)
    first = page.locator(".check").first
    first.get_by_label("By phone").check()
    first.get_by_label("Not as recorded").check()
    first.get_by_label("What the client said").fill("没人来过")
    first.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1/3")).to_be_visible()
    assert SpotCheck.objects.filter(leader=leader, finding="differs", words="没人来过").exists()

    page.goto(f"{office.url}/team/logs/")
    log = DayLog.objects.get(agent=agent, on=office.today)
    page.goto(f"{office.url}/logs/{log.pk}/")
    open_to_everybody(page)
    page.get_by_label("A word to the agent").fill("她叫什么，什么时候？")
    page.get_by_role("button", name="Send back").click()
    expect(page.get_by_text("sent back").first).to_be_visible()
    phone.goto(f"{office.url}/today/")
    expect(phone.get_by_text("她叫什么，什么时候？")).to_be_visible()
    phone.get_by_role("link", name="Mend it").click()
    phone.get_by_role("button", name="Hand in again").click()
    expect(phone.get_by_text("handed in").first).to_be_visible()

    page.goto(f"{office.url}/standard/")
    open_to_everybody(page)
    shoot(page, "month")
    row = FollowUp.objects.open().filter(client__agent=agent).first()
    page.goto(f"{office.url}/team/give/?client={row.client_id}")
    open_to_everybody(page)
    page.get_by_label("To whom").select_option(index=1)
    page.get_by_label("Why").fill("明天请假")
    follow(page.get_by_role("button", name="Give away"))
    row.client.refresh_from_db()
    assert row.client.agent != agent

    page.goto(f"{office.url}/team/{agent.pk}/")
    ticks = page.locator("[name=client]")
    ticks.first.check()
    ticks.last.check()
    ticked = {ticks.first.input_value(), ticks.last.input_value()}
    shoot(page, "ticked")
    follow(page.get_by_role("button", name="Give the ticked ones away"))
    open_to_everybody(page)
    shoot(page, "give")
    page.get_by_label("To whom").select_option(index=1)
    page.get_by_label("Why").fill("明天请假")
    page.get_by_role("button", name="Give away").click()
    expect(page.get_by_text("with all open work").first).to_be_visible()
    assert not Client.objects.filter(pk__in=ticked, agent=agent).exists()


def test_a_leaver_is_handed_over_and_taken_back(office: Any, shoot: Any) -> None:
    leaver = office.user("A1001")
    served = Client.objects.filter(agent=leaver)
    before = served.count()
    page = office.open("M1001")
    page.goto(f"{office.url}/team/handovers/new/?whose={leaver.pk}")
    page.locator("[name=to]").first.check()
    page.locator("[name=to]").nth(1).check()
    page.get_by_role("button", name="Show the split").click()
    expect(page.get_by_role("heading", name="The split")).to_be_visible()
    open_to_everybody(page)
    shoot(page, "split")
    page.locator("td.num a").first.click()
    chosen = page.locator("[name=move]").first
    chosen.select_option(index=1)
    page.get_by_role("button", name="Move them").click()
    expect(page.get_by_text("1 moved by hand")).to_be_visible()
    open_to_everybody(page)
    page.get_by_role("button", name="Hand over now").click()
    expect(page.get_by_text(f"{before} clients handed over").first).to_be_visible()
    open_to_everybody(page)
    assert not served.exists()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{before} clients returned").first).to_be_visible()
    assert served.count() == before
    page.goto(f"{office.url}/progress/")
    open_to_everybody(page)
    follow(page.locator("dd a", has_text=re.compile(r"^\d+$")).first)
    open_to_everybody(page)
