"""An odd file through every step: columns, check with its changes, import, result, undo; by every way."""

import os
import re
from collections.abc import Callable
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

ROWS = int(os.environ.get("JOURNEY_ROWS", "50000"))
FEW = 200


@pytest.fixture(autouse=True)
def _worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do at once what the worker would do."""

    def wake(batch: ImportBatch) -> None:
        do: Callable[[ImportBatch], object] = intake.apply
        if batch.state in ImportBatch.CHECKS:
            do = intake.check
        if batch.state == ImportBatch.State.UNDOING:
            do = intake.undo
        transaction.on_commit(lambda: do(ImportBatch.objects.get(pk=batch.pk)))

    monkeypatch.setattr(tasks, "wake", wake)


def odd_file(path: Path, known: list[Policy], rows: int) -> Path:
    """Known policies with another premium, new ones, a heading nobody knows and one that resembles."""
    lines = ["保单号,投保人,投保人手机的号码,保费,缴费方式,生效日期,备注2"]
    lines += [f"{p.policy_no},{p.holder.name},,{p.premium + 1},,,老客户" for p in known]
    lines += [
        f"N{n:06d},客户{n},138{n:08d},1200.00,年交,2021-04-17,柜面"
        for n in range(rows - len(known))
    ]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


def look_at(page: Page, shoot: Any, name: str) -> None:
    assert not barriers(page)
    assert not sideways(page)
    shoot(page, name)


@pytest.mark.parametrize(("language", "theme"), [("en", "light")])
def test_a_file_goes_through_all_steps_and_back(
    office: Any, shoot: Any, tmp_path: Path, language: str, theme: str
) -> None:
    known = list(Policy.objects.filter(status="in_force").select_related("holder")[:3])
    before = dict(Policy.objects.values_list("policy_no", "premium"))
    page = office.open("ADMIN", language=language, theme=theme)
    page.set_default_timeout(max(8_000, ROWS * 4))
    page.goto(f"{office.url}/imports/")
    page.locator("main input[type=file]").set_input_files(
        odd_file(tmp_path / "个险保单.csv", known, ROWS)
    )
    go = page.locator("main form[method=post] .btn-primary")
    go.click()
    page.wait_for_url(re.compile(r"/imports/\d+/map/"))
    expect(page.get_by_label("投保人手机的号码")).to_have_value("mobile")
    look_at(page, shoot, "columns")
    go.click()
    page.wait_for_url(re.compile(r"/imports/\d+/check/"))
    expect(page.locator("#differences")).to_contain_text(known[0].policy_no)
    look_at(page, shoot, "check")
    assert dict(Policy.objects.values_list("policy_no", "premium")) == before
    go.click()
    page.wait_for_url(re.compile(r"/imports/\d+/result/"))
    assert Policy.objects.count() == len(before) + ROWS - len(known)
    look_at(page, shoot, "result")
    page.locator("main a.btn-danger-quiet").click()
    page.wait_for_url(re.compile(r"/imports/\d+/undo/"))
    look_at(page, shoot, "undo")
    page.locator("main form[method=post] .btn-danger-quiet").click()
    page.wait_for_url(re.compile(r"/imports/\d+/result/"))
    look_at(page, shoot, "undone")
    assert dict(Policy.objects.values_list("policy_no", "premium")) == before


def tab_to(page: Page, what: str) -> None:
    """With the Tab key alone, from the heading, which has the focus when a step begins."""
    expect(page.locator("h1")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.locator(f"{what}:focus").count():
            return
    raise AssertionError(f"{what} cannot be reached")


@pytest.mark.parametrize(("script", "language"), [(True, "en"), (False, "zh-hans")])
def test_all_steps_go_by_keyboard_and_without_script(
    office: Any, tmp_path: Path, script: bool, language: str
) -> None:
    known = list(Policy.objects.filter(status="in_force").select_related("holder")[:3])
    before = dict(Policy.objects.values_list("policy_no", "premium"))
    page = office.open("ADMIN", language=language, java_script_enabled=script)
    page.goto(f"{office.url}/imports/")
    file = page.locator("#id_file")  # the browser's own dialogue follows on Enter
    file.set_input_files(odd_file(tmp_path / "个险保单.csv", known, FEW))
    file.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for step, go in (
        ("map", "main .btn-primary"),
        ("check", "main .btn-primary"),
        ("result", "main a.btn-danger-quiet"),
        ("undo", "main button.btn-danger-quiet"),
    ):
        page.wait_for_url(re.compile(rf"/imports/\d+/{step}/"))
        if step == "result":
            assert Policy.objects.count() == len(before) + FEW - len(known)
        tab_to(page, go)
        page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/imports/\d+/result/"))
    assert dict(Policy.objects.values_list("policy_no", "premium")) == before
    tab_to(page, "main .btn-primary")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{office.url}/imports/")


def test_a_list_that_nobody_wants_is_put_away_where_its_columns_are_asked(
    office: Any, tmp_path: Path
) -> None:
    page = office.open("ADMIN", PHONE)
    page.goto(f"{office.url}/imports/")
    page.locator("#id_file").set_input_files(odd_file(tmp_path / "个险保单.csv", [], FEW))
    page.get_by_role("button", name="Upload and check").tap()
    page.wait_for_url(re.compile(r"/imports/\d+/map/"))
    waiting = ImportBatch.objects.count()
    page.get_by_role("button", name="Another file").tap()
    page.wait_for_url(f"{office.url}/imports/")
    assert ImportBatch.objects.count() == waiting - 1
