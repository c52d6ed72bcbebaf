"""An odd file through every step: columns, check with its changes, import, result, undo."""

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
from tests.journeys.conftest import barriers, sideways

ROWS = int(
    os.environ.get("JOURNEY_ROWS", "2000")
)  # fifty thousand take the suite's time; the steps are the same


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


def odd_file(path: Path, known: list[Policy]) -> Path:
    """Known policies with another premium, new ones, a heading nobody knows and one that resembles."""
    lines = ["保单号,投保人,投保人手机的号码,保费,缴费方式,生效日期,备注2"]
    lines += [f"{p.policy_no},{p.holder.name},,{p.premium + 1},,,老客户" for p in known]
    lines += [
        f"N{n:06d},客户{n},138{n:08d},1200.00,年交,2021-04-17,柜面"
        for n in range(ROWS - len(known))
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
        odd_file(tmp_path / "个险保单.csv", known)
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
