"""Renewal money through the browser: the board, the lever list, and the way back of a lapsed policy."""

import csv
import re
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lib import dates
from policies import persistency, renewals
from policies.models import Instalment, Policy
from tests.journeys.conftest import DESKTOP, PHONE, barriers, follow, sideways


def figures(text: str) -> tuple[int, Decimal]:
    """Count and money, as a number and the head of its list both say them."""
    count, _, amount = text.partition("¥")
    money = re.match(r"[\d,.]+", amount)
    assert money, text
    return int(re.sub(r"\D", "", count)), Decimal(money[0].replace(",", "").rstrip("."))


def head_of_list(page: Page) -> tuple[int, Decimal]:
    return figures(page.locator("#renewal-list .panel-h .meta").inner_text())


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_each_number_of_the_board_opens_its_list(office: Any, shoot: Any, size: Any) -> None:
    page = office.open("M1001", size=size)
    page.goto(f"{office.url}/renewals/")
    shoot(page)
    cells = page.locator("section[aria-labelledby=grid-h] td:has(a)")
    squares = {cells.nth(n).locator("a").get_attribute("href"): cells.nth(n).inner_text().splitlines()
               for n in range(cells.count())}  # fmt: skip
    stages = page.locator(".pipeline a")
    for n in range(stages.count()):
        stage = stages.nth(n)
        squares[stage.get_attribute("href")] = [
            stage.locator(".v").inner_text(),
            stage.locator(".meta").inner_text(),
        ]
    assert len(squares) > 5
    for href, (count, amount, *_rate) in squares.items():
        page.goto(f"{office.url}/renewals/{href}")
        assert head_of_list(page) == figures(f"{count} {amount}")
    assert not barriers(page)
    assert not sideways(page)


def test_the_board_is_narrowed_and_taken_along(office: Any, shoot: Any) -> None:
    agent = office.user("A1001")
    page = office.open("M1001")
    page.goto(f"{office.url}/team/")
    page.locator(".pipeline a", has_text="In grace").click()
    page.wait_for_url("**/renewals/?stage=grace")
    page.get_by_label("Agent", exact=True).select_option(str(agent.pk))
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile("agent="))
    own = Instalment.objects.filter(policy__holder__agent=agent)
    wanted = next(s for s in renewals.pipeline(own, office.today) if s.code == "grace")
    assert head_of_list(page) == (wanted.count, wanted.amount)
    shoot(page)
    page.locator("#renewal-list").get_by_role("link", name="Export").click()
    page.locator("#sheet").get_by_label("CSV").check()
    with page.expect_download() as taken:
        page.locator("#sheet").get_by_role("button", name="Export").click()
    with taken.value.path().open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == wanted.count + 1


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_lever_list_says_what_each_policy_is_worth(office: Any, shoot: Any, size: Any) -> None:
    month = office.today.replace(day=1)
    levers, k, at = next(
        (found, k, at)
        for k, at in product(persistency.MONTHS, (month, dates.add_months(month, 1)))
        if (found := persistency.levers(Policy.objects.all(), at, k, office.today)[:50])
    )
    page = office.open("M1001", size=size)
    page.goto(f"{office.url}/persistency/?k={k}&month={at:%Y-%m}")
    shoot(page)
    panel = page.locator("section[aria-labelledby=levers-h]")
    expect(panel.locator("tbody tr")).to_have_count(len(levers))
    expect(panel.get_by_text(f"worth +{levers[-1].total * 100:.1f} points")).to_be_visible()
    panel.get_by_role("link", name=levers[0].policy.holder.name).first.click()
    page.wait_for_url(f"**/clients/{levers[0].policy.holder_id}/")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_lapsed_policy_comes_back(office: Any, shoot: Any, size: Any) -> None:
    lapsed = Policy.objects.recoverable(office.today).filter(reinstatements=None)
    policy = lapsed.filter(holder__agent__staff_no="A1001").first() or lapsed[0]
    page = office.open("M1001", size=size)
    page.goto(f"{office.url}/reinstatements/")
    shoot(page, "desk")
    page.locator(f"a[href='/reinstatements/{policy.pk}/']").first.click()
    page.get_by_role("button", name="Begin").click()
    office.cut_off = True  # of a refusal, an answer of its own, the browser complains
    page.get_by_role("button", name="Papers sent to the insurer").click()
    expect(page.get_by_text("Still missing")).to_be_visible()
    office.cut_off = False
    for box in page.locator("input[name=papers]").all():
        box.check()
    follow(page.get_by_role("button", name="Save"))
    shoot(page, "papers")
    assert not barriers(page)
    assert not sideways(page)
    for step in ("Papers sent to the insurer", "Insurer asks for a medical", "Medical done"):
        page.get_by_role("button", name=step).click()
    follow(page.get_by_role("button", name="Insurer accepts"))
    shoot(page, "accepted")
    page.get_by_role("button", name="Paid: in force again").click()
    expect(page.get_by_text("In force again").first).to_be_visible()
    shoot(page, "done")
    policy.refresh_from_db()
    assert policy.status_on(office.today) == Policy.Status.IN_FORCE
    assert policy.reinstated_on == office.today
