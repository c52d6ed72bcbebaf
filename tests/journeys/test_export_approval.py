"""Whole numbers leave the office only after a second person has agreed, by keyboard and without script too."""

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import AuditEntry
from tests.journeys.conftest import PHONE, barriers, sideways

ROUND = "年终寄送合同"


def look_at(page: Page, shoot: Any, name: str) -> None:
    assert not barriers(page)
    assert not sideways(page)
    shoot(page, name)


def press(page: Page, name: str) -> None:
    """With the keyboard alone."""
    button = page.get_by_role("button", name=name).first
    button.focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("script", [True, False])
def test_a_supervisor_asks_a_manager_agrees_and_the_file_is_fetched_once(
    office: Any, shoot: Any, script: bool
) -> None:
    asks = office.open("S1001", java_script_enabled=script)
    asks.goto(f"{office.url}/exports/clients/")
    if script:
        look_at(asks, shoot, "ask")
    asks.get_by_label("whole numbers").check()
    asks.locator("[name=form][value=csv]").check()
    asks.locator("[name=reason]").fill(ROUND)
    press(asks, "Export")
    asks.wait_for_url("**/exports/")
    expect(asks.locator("main")).not_to_contain_text("Fetch")
    agrees = office.open("M1001", PHONE, theme="dark", java_script_enabled=script)
    agrees.goto(f"{office.url}/exports/")
    expect(agrees.locator("main")).to_contain_text(ROUND)
    if script:
        look_at(agrees, shoot, "decide")
    press(agrees, "Approve")
    expect(agrees.locator("main")).not_to_contain_text(ROUND)
    asks.reload()
    if script:
        look_at(asks, shoot, "agreed")
    with asks.expect_download() as download:
        press(asks, "Fetch")
    with Path(download.value.path()).open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert len(rows) > 1
    asks.goto(f"{office.url}/exports/")
    expect(asks.get_by_role("button", name="Fetch")).to_have_count(0)
    entry = AuditEntry.objects.get(action="export")
    assert (entry.actor.staff_no, entry.detail["rows"]) == ("S1001", len(rows) - 1)
    assert entry.detail["approved_by"] == office.user("M1001").pk
