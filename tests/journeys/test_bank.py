"""The bank's return, from the file to the last line that waits for somebody."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from policies import tasks
from policies.bank import BankRow
from policies.batches import ImportBatch
from policies.importing import intake
from policies.models import Instalment
from tests.journeys.conftest import PHONE, barriers, follow, sideways

HEADINGS = "账户名,账号,金额,状态描述,回盘日期,费用类型,关联业务号码,管理机构"
UNKNOWN = "86119999999999"


@pytest.fixture(autouse=True)
def _worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do at once what the worker would do."""

    def wake(batch: ImportBatch) -> None:
        do = intake.check if batch.state in ImportBatch.CHECKS else intake.apply
        transaction.on_commit(lambda: do(ImportBatch.objects.get(pk=batch.pk)))

    monkeypatch.setattr(tasks, "wake", wake)


@pytest.fixture
def returned(office: Any, tmp_path: Path) -> tuple[Path, list[Instalment]]:
    """A return file about the demo branch: two collected, one failed, two that nobody can tell."""
    BankRow.objects.all().delete()  # what the demo branch has from its bank
    grace = Instalment.objects.owed().filter(
        due_on__lte=office.today,
        due_on__gte=office.today - timedelta(days=50),
        policy__status="in_force",
    )
    owed = list(grace.select_related("policy__holder").order_by("pk")[:4])
    day = office.today.isoformat()

    def line(number: str, amount: Decimal, words: str = "收费成功") -> str:
        return f"陈志远,6222020000001234567,{amount},{words},{day},续期保费,{number},杭州中心支公司"

    lines = [line(each.policy.policy_no, each.amount) for each in owed[:2]]
    lines.append(line(owed[2].policy.policy_no, owed[2].amount, "余额不足"))
    lines.append(line(owed[3].policy.policy_no, owed[3].amount - 5))
    lines.append(line(UNKNOWN, Decimal(820)))
    path = tmp_path / "回盘.csv"
    path.write_text("\n".join([HEADINGS, *lines]), encoding="utf-8-sig")
    return path, owed


def bring_in(page: Page, office: Any, path: Path) -> None:
    page.goto(f"{office.url}/imports/")
    page.locator("main input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Upload and check").click()
    page.wait_for_url(re.compile(r"/imports/\d+/check/"))
    page.locator("main form[method=post] .btn-primary").first.click()
    page.wait_for_url(re.compile(r"/imports/\d+/result/"))


def test_a_return_file_is_posted_and_its_queue_worked_through(
    office: Any, returned: Any, shoot: Any
) -> None:
    path, owed = returned
    page = office.open("ADMIN")
    bring_in(page, office, path)
    page.goto(f"{office.url}/bank/")
    shoot(page, "month")
    assert not barriers(page)
    assert [
        each.paid_on for each in Instalment.objects.filter(pk__in=[owed[0].pk, owed[1].pk])
    ] == [office.today] * 2
    follow(page.get_by_role("link", name="2 lines wait for you"))
    shoot(page, "queue")
    assert not barriers(page)

    page.get_by_role("button", name="Pays this one").click()
    expect(page.get_by_text(f"Posted to the premium due {owed[3].due_on}").first).to_be_visible()
    owed[3].refresh_from_db()
    assert owed[3].paid_on == office.today

    page.get_by_label("Why it is set aside").fill("不是保费")
    page.get_by_role("button", name="Set aside").click()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    assert not BankRow.objects.waiting().exists()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_queue_is_open_to_everybody_on_a_phone(
    office: Any, returned: Any, theme: str, shoot: Any
) -> None:
    path, _owed = returned
    bring_in(office.open("ADMIN"), office, path)
    page = office.open("ADMIN", size=PHONE, theme=theme)
    for address in ("/bank/", "/bank/lines/", "/bank/lines/?show=failed"):
        page.goto(office.url + address)
        assert not barriers(page), address
        assert not sideways(page), address
    shoot(page)


def test_the_queue_is_worked_through_without_script(office: Any, returned: Any) -> None:
    path, owed = returned
    bring_in(office.open("ADMIN"), office, path)
    page = office.open("ADMIN", java_script_enabled=False)
    page.goto(f"{office.url}/bank/lines/")
    card = page.locator("article", has_text=UNKNOWN)
    card.get_by_label("Policy number").fill(owed[2].policy.policy_no)
    card.get_by_role("button", name="This policy").click()
    expect(page.get_by_text("Choose the premium").first).to_be_visible()
    card = page.locator("article", has_text=UNKNOWN)
    card.get_by_label("Why it is set aside").fill("不是保费")
    card.get_by_role("button", name="Set aside").click()
    follow(page.get_by_role("button", name="Pays this one"))
    owed[3].refresh_from_db()
    assert owed[3].paid_on == office.today
