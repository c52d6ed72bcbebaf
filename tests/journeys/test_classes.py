"""A month turns: the book is classified, an agent says otherwise, the table is printed."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from lib import dates
from policies.classification import classify
from policies.models import ClientClass, Known
from tests.journeys.conftest import DESKTOP, PHONE, barriers, follow, sideways

REASON = "二孩出生，谈教育金"


def test_a_month_turns_and_an_agent_says_otherwise(office: Any, shoot: Any) -> None:
    today = office.today
    classify(dates.add_months(today, -1), today)
    classify(today, today)
    client = ClientClass.latest_of(office.birthday).get().client
    page = office.open("A1001", language="zh-hans")
    page.goto(f"{office.url}/classification/")
    row = page.locator(f"#row-{client.pk}")
    row.locator("a[hx-get]").click()
    sheet = page.locator("#sheet")
    expect(sheet.get_by_role("heading", name=client.name)).to_be_visible()
    assert barriers(page) == []
    sheet.locator("input[name=client_class][value=develop]").check(force=True)
    sheet.locator("[name=reason]").fill(REASON)
    sheet.locator("button[value=set]").click()
    expect(page.locator(f"#row-{client.pk} .cls.develop")).to_be_visible()
    page.locator(f"#row-{client.pk} td:last-child a").click()
    expect(page.locator("table.year")).to_be_visible()
    assert barriers(page) == []
    assert sideways(page) <= 0
    shoot(page)

    next_month = dates.add_months(today.replace(day=1), 1)
    classify(next_month, next_month)
    kept = ClientClass.objects.get(client=client, month=next_month)
    assert (kept.final_class, kept.override.reason) == ("develop", REASON)


def test_the_table_on_a_phone_without_script(office: Any, shoot: Any) -> None:
    classify(office.today, office.today)
    page = office.open("A1001", PHONE, java_script_enabled=False)
    page.goto(f"{office.url}/classification/")
    page.locator("tr[data-row] td:last-child a").first.click()
    expect(page.locator("table.year")).to_be_visible()
    assert sideways(page) <= 0
    shoot(page)
    page.goto(f"{office.url}/classification/{office.birthday.pk}/")
    page.get_by_text("What you found out").click()
    page.locator("[name=income]").fill("120000")
    follow(page.locator("button[value=know]"))
    assert Known.objects.get(client=office.birthday).income == 120_000
    page.goto(f"{office.url}/classification/{office.birthday.pk}/")
    page.locator("[name=until]").fill(f"{office.today + timedelta(days=400)}")
    page.locator("[name=reason]").fill(REASON)
    office.cut_off = True  # the browser tells of the answer 422
    page.locator("button[value=set]").click()
    expect(page.locator("[role=alert]").first).to_be_visible()
    assert sideways(page) <= 0
    assert not office.birthday.overrides.exists()


def test_a_tap_after_a_visit_changes_the_letter(office: Any, shoot: Any) -> None:
    classify(office.today, office.today)
    client = office.birthday
    Known.objects.filter(client=client).delete()
    task = client.followups.get(status="open", rule="birthday")
    page = office.open("A1001", PHONE, language="zh-hans")
    page.goto(f"{office.url}/tasks/{task.pk}/log/")
    page.locator("[name=outcome][value=done]").check(force=True)
    page.locator("[name=channel][value=visit]").check(force=True)
    page.locator(".sheet-f button").click()
    page.locator("#toasts .note a").click()
    expect(page.locator("#sheet .marks")).to_be_visible()
    assert barriers(page) == []
    before = page.locator("#sheet .cls b").inner_text()
    page.locator("#mark-means-off").click()
    expect(page.locator("#mark-means-off[aria-pressed=true]")).to_be_visible()
    expect(page.locator("#sheet .cls b")).not_to_have_text(before)
    assert sideways(page) <= 0
    shoot(page)
    client.refresh_from_db()
    assert client.marks.get().by.staff_no == "A1001"
    assert client.attention > before


def test_the_office_changes_its_plan_and_its_limits(office: Any, shoot: Any) -> None:
    classify(office.today, office.today)
    for size, scripted in ((DESKTOP, True), (PHONE, False)):
        page = office.open("ADMIN", size, java_script_enabled=scripted)
        page.goto(f"{office.url}/rules/service/")
        level = "may" if scripted else "must"
        page.locator("[name=cell-10-maintain]").select_option(level)
        page.locator("button[value=look]").click()
        expect(page.locator("#would-h")).to_be_visible()
        assert sideways(page) <= 0
        if scripted:
            assert barriers(page) == []
        shoot(page, f"plan-{size[0]}")
        page.locator("button[value=save]").click()
        expect(page.locator("[name=cell-10-maintain]")).to_have_value(level)
        expect(page.locator("#would-h")).to_have_count(0)
    page = office.open("ADMIN", DESKTOP)
    page.goto(f"{office.url}/rules/classes/")
    page.locator("[name=nurture_from]").fill("25")
    page.locator("button[value=look]").click()
    expect(page.locator("table.from-to").first).to_be_visible()
    assert barriers(page) == []
    shoot(page, "limits")
    page.locator("button[value=save]").click()
    expect(page.locator("[name=nurture_from]")).to_have_value("25")


def test_the_table_is_printed_across_the_sheet(office: Any, tmp_path: Any) -> None:
    classify(office.today, office.today)
    page = office.open("A1001", DESKTOP)
    page.goto(f"{office.url}/classification/")
    page.get_by_role("link", name="Print").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    assert barriers(page) == []
    paper = page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 841" in paper  # A4 across


def test_a_leader_looks_who_brings_the_premium_and_who_came_nearer(office: Any, shoot: Any) -> None:
    classify(office.today, office.today)
    for size in (DESKTOP, PHONE):
        page = office.open("M1001", size)
        page.goto(f"{office.url}/team/")
        page.get_by_role("link", name="80/20").click()
        expect(page.locator("svg.curve polyline.sum")).to_be_visible()
        assert barriers(page) == []
        assert sideways(page) <= 0
        shoot(page, str(size[0]))
        page.goto(f"{office.url}/classification/way/")
        expect(page.locator("table.from-to")).to_be_visible()
        assert barriers(page) == []
        assert sideways(page) <= 0
        shoot(page, f"way-{size[0]}")
