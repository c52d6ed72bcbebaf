"""Two records of one person become one, field by field, and two again: by hand, by keyboard, without script."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from clients import duplicates
from clients.models import Client, Duplicate
from followups.models import FollowUp
from tests.journeys.conftest import DESKTOP, PHONE, barriers, follow, sideways

OTHER = "13900002046"


@pytest.fixture
def pair(office: Any) -> Duplicate:
    """A client with policies and open work, and a record of the same person that a list brought."""
    client = Client.objects.filter(
        agent__staff_no="A1001", policies__isnull=False, followups__status="open"
    ).first()
    Client.objects.create(
        name=client.name, birth_on=client.birth_on, mobile=OTHER, agent=client.agent
    )
    duplicates.find()
    return Duplicate.objects.get(one=client)


@pytest.mark.parametrize(
    ("size", "language", "theme", "script"),
    [(DESKTOP, "en", "light", True), (PHONE, "zh-hans", "dark", False)],
)
def test_two_become_one_with_what_was_chosen_and_two_again(
    office: Any, shoot: Any, pair: Duplicate, size: Any, language: str, theme: str, script: bool
) -> None:
    kept, gone = pair.one, pair.other
    mobile, open_work = kept.mobile, FollowUp.objects.filter(client=kept, status="open").count()
    page = office.open("M1001", size, language=language, theme=theme, java_script_enabled=script)
    page.goto(f"{office.url}/clients/duplicates/")
    look_at(page, shoot, "pairs", script)
    follow(page.locator(f"a[href='/clients/duplicates/{pair.pk}/']"))
    look_at(page, shoot, "pair", script)
    theirs = page.locator("[name=mobile][value=gone]")
    theirs.focus()
    page.keyboard.press("Space")
    expect(theirs).to_be_checked()
    page.locator("button[form=merge]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/clients/{kept.pk}/$"))
    kept.refresh_from_db()
    assert kept.mobile == OTHER
    assert not Client.objects.filter(pk=gone.pk).exists()
    assert FollowUp.objects.filter(client=kept, status="open").count() == open_work
    page.goto(f"{office.url}/clients/duplicates/")
    look_at(page, shoot, "merged", script)
    page.locator("form[action*='/merges/'] button").last.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    kept.refresh_from_db()
    assert kept.mobile == mobile
    assert Client.objects.filter(pk=gone.pk, mobile=OTHER).exists()
    assert page.locator(f"a[href='/clients/duplicates/{pair.pk}/']").count() == 1


def look_at(page: Any, shoot: Any, name: str, script: bool) -> None:
    assert not sideways(page)
    if script:
        assert not barriers(page)
    shoot(page, name)


def test_an_agent_merges_nobody(office: Any, pair: Duplicate) -> None:
    page = office.open("A1001")
    office.cut_off = True  # the browser tells of the answers
    for place in ("duplicates/", f"duplicates/{pair.pk}/"):
        assert page.goto(f"{office.url}/clients/{place}").status == 403
