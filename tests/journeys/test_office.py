"""The administrator's import and the manager's look at the team, through the browser."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from policies import tasks
from policies.batches import ImportBatch
from policies.importing import intake
from policies.models import Policy
from tests.journeys.conftest import PHONE, barriers, sideways

BOOK = Path(__file__).parents[1] / "data" / "books" / "issued-12-heavy-gb18030.csv"


@pytest.fixture(autouse=True)
def _worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do at once what the worker would do."""

    def wake(batch: ImportBatch) -> None:
        do = intake.check if batch.state in ImportBatch.CHECKS else intake.apply
        transaction.on_commit(lambda: do(ImportBatch.objects.get(pk=batch.pk)))

    monkeypatch.setattr(tasks, "wake", wake)


ERRORS = "7 rows were not imported"


def upload(page: Page, office: Any) -> None:
    page.goto(f"{office.url}/imports/")
    page.get_by_label("Drop files here, or choose them").set_input_files(BOOK)
    page.get_by_role("button", name="Upload and check").click()
    page.wait_for_url(re.compile(r"/imports/\d+/check/"))


def test_a_book_comes_in_and_comes_again(office: Any, shoot: Any) -> None:
    before, imports = Policy.objects.count(), ImportBatch.objects.count()
    page = office.open("ADMIN")
    upload(page, office)
    go = page.get_by_role("button", name="Import 1,108 rows, skip 7")
    expect(go).to_be_visible()
    expect(page.get_by_text("Nothing has been written yet")).to_be_visible()
    assert Policy.objects.count() == before
    shoot(page, "check")
    go.click()
    page.wait_for_url(re.compile(r"/imports/\d+/result/"))
    shoot(page, "result")
    after = Policy.objects.count()
    assert after > before

    upload(page, office)
    expect(page.get_by_text("Nothing new")).to_be_visible()
    assert ImportBatch.objects.count() == imports + 2
    assert Policy.objects.count() == after


def test_the_manager_looks_into_a_day(office: Any, shoot: Any) -> None:
    page = office.open("M1001")
    page.goto(f"{office.url}/team/")
    agent = office.user("A1001")
    shoot(page, "team")
    page.locator(f".only-wide a[href='/team/{agent.pk}/']").click()
    sheet = page.locator("#sheet")
    expect(sheet.get_by_role("heading", name=agent.name)).to_be_visible()
    shoot(page, "sheet")
    page.goto(f"{office.url}/team/{agent.pk}/")
    expect(page.get_by_role("heading", name=agent.name)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_step_of_an_import_is_open_to_everybody(office: Any, theme: str) -> None:
    page = office.open("ADMIN", size=PHONE, theme=theme)
    upload(page, office)
    assert not barriers(page)
    assert not sideways(page)
    page.get_by_role("button", name="Import 1,108 rows, skip 7").tap()
    page.wait_for_url(re.compile(r"/imports/\d+/result/"))
    assert not barriers(page)
    assert not sideways(page)


def test_a_book_comes_in_without_script(office: Any) -> None:
    page = office.open("ADMIN", java_script_enabled=False)
    upload(page, office)
    page.get_by_role("link", name="The premium is negative").click()
    expect(page.get_by_role("heading", name="The premium is negative")).to_be_visible()
    page.get_by_role("button", name="Import 1,108 rows, skip 7").click()
    page.wait_for_url(re.compile(r"/imports/\d+/result/"))
    expect(page.get_by_text(ERRORS)).to_be_visible()
    with page.expect_download() as refused:
        page.get_by_role("link", name="CSV").click()
    assert len(refused.value.path().read_bytes().splitlines()) == 8


def test_a_book_comes_in_by_keyboard(office: Any) -> None:
    page = office.open("ADMIN")
    page.goto(f"{office.url}/imports/")
    page.get_by_label("Drop files here, or choose them").set_input_files(BOOK)
    page.get_by_role("button", name="Upload and check").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/imports/\d+/check/"))
    confirm = page.get_by_role("button", name="Import 1,108 rows, skip 7")
    confirm.focus()
    expect(confirm).to_have_css("outline-style", "solid")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/imports/\d+/result/"))
    with page.expect_download():
        page.get_by_role("link", name="Excel").focus()
        page.keyboard.press("Enter")


def test_the_manager_looks_into_a_day_by_keyboard(office: Any) -> None:
    page = office.open("M1001")
    page.goto(f"{office.url}/team/")
    agent = office.user("A1001")
    link = page.locator(f".only-wide a[href='/team/{agent.pk}/']")
    link.focus()
    page.keyboard.press("Enter")
    sheet = page.locator("#sheet")
    expect(sheet.get_by_role("heading", name=agent.name)).to_be_focused()
    assert not barriers(page)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(link).to_be_focused()


def test_the_manager_looks_into_a_day_without_script(office: Any) -> None:
    page = office.open("M1001", size=PHONE, java_script_enabled=False)
    page.goto(f"{office.url}/team/")
    agent = office.user("A1001")
    page.locator(f".only-narrow a[href='/team/{agent.pk}/']").click()
    expect(page.get_by_role("heading", name=agent.name)).to_be_visible()
    page.get_by_role("link", name="Overdue").click()
    expect(page.get_by_role("heading", name=agent.name)).to_be_visible()
