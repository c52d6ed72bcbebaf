"""The month is walked through; a task comes back on its next day; what may be done is added and dropped."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from followups.daily import write_again
from followups.models import FollowUp, Planned, ServicePlan
from lib.dates import add_months
from tests.journeys.conftest import PHONE, barriers, sideways

TASK = "取孩子的照片"


def test_a_month_is_walked_through(office: Any, shoot: Any) -> None:
    page = office.open("A1001", language="zh-hans")
    page.goto(f"{office.url}/calendar/")
    expect(page.locator("td.today .load")).to_be_visible()
    assert barriers(page) == []
    assert sideways(page) <= 0
    shoot(page)
    other = page.locator(".cal td:not(.out):not([aria-current]) a.d").nth(20)
    other.click()
    day = page.locator("#day")
    expect(day.locator(".big")).to_have_text(other.locator("b").inner_text())
    page.get_by_role("link", name="下个月").click()
    following = add_months(office.today.replace(day=1), 1)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"{following.year}年{following.month}月"
    )
    page.get_by_text("看表格").click()
    expect(page.locator(".ahead-table")).to_be_visible()
    assert barriers(page) == []

    phone = office.open("A1001", PHONE, java_script_enabled=False)
    phone.goto(f"{office.url}/calendar/")
    phone.get_by_role("link", name="The month before").click()
    before = add_months(office.today.replace(day=1), -1)
    phone.locator(".cal td:not(.out) a.d").nth(3).click()
    expect(phone.locator("#day .big")).to_have_text("4")
    assert f"/calendar/{before.year}/{before.month}/" in phone.url
    assert sideways(phone) <= 0
    shoot(phone, "phone")


def test_a_task_comes_back_and_a_may_item_is_dropped(office: Any, shoot: Any) -> None:
    ServicePlan.objects.filter(item=9).update(level="may")
    client = office.birthday
    page = office.open("A1001", PHONE, language="zh-hans")
    page.goto(f"{office.url}/tasks/new/?q={client.name}")
    page.get_by_role("link", name=client.name).tap()
    page.get_by_label("要做的事").fill(TASK)
    page.get_by_label("重复").select_option("week")
    assert barriers(page) == []
    page.get_by_role("button", name="保存").tap()
    expect(page.locator(".month-list")).to_contain_text(
        TASK, timeout=20_000
    )  # the first look ahead
    assert barriers(page) == []
    assert sideways(page) <= 0
    shoot(page, "month")

    row = page.locator(f"#stop-{client.pk}")
    page.goto(f"{office.url}/today/")
    expect(row).to_contain_text(TASK)
    row.get_by_role("button", name="完成").tap()
    expect(row).to_have_count(0)
    next_on = office.today + timedelta(days=7)
    write_again(office.today + timedelta(days=2), next_on)
    page.goto(f"{office.url}/today/?on={next_on.isoformat()}")
    expect(row).to_contain_text(TASK)

    month = add_months(office.today.replace(day=1), 1)
    page.goto(f"{office.url}/clients/{client.pk}/year/{month.year}/{month.month}/")
    review = page.locator(".month-list li", has=page.locator("[name=item][value='9']"))
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        review.get_by_role("button", name="添加").tap()
    added = Planned.objects.get(client=client, item=9)
    expect(page.locator(f"a[href='/planned/{added.pk}/']")).to_be_visible()
    page.locator(f"form[action='/planned/{added.pk}/drop/'] button").tap()
    expect(page.locator(f"a[href='/planned/{added.pk}/']")).to_have_count(0)
    assert Planned.objects.get(pk=added.pk).dropped_on == office.today
    assert not FollowUp.objects.filter(planned=added).exists()
