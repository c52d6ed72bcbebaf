"""A wife's birthday is kept by the lunar calendar, and one tap tells when a visit suits."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from clients.models import Client, FamilyMember, InfoCard
from followups import daily
from lib import lunar
from tests.journeys.conftest import DESKTOP, PHONE, barriers, sideways


def test_a_lunar_birthday_in_the_family_stands_on_its_day(office: Any, shoot: Any) -> None:
    client, today = office.birthday, office.today
    Client.objects.filter(pk=client.pk).update(tier="key", birth_on=None, next_birthday_on=None)
    FamilyMember.objects.filter(client=client).delete()
    born = lunar.to_lunar(today)
    page = office.open("A1001", PHONE, language="zh-hans")
    page.goto(f"{office.url}/clients/{client.pk}/")
    page.locator("#family a[data-key=m]").click()
    page.locator("input[name=kin][value=spouse]").check(force=True)
    page.locator("[name=name]").fill("沈雅琴")
    page.locator("input[name=gender][value=f]").check(force=True)
    page.locator("input[name=calendar][value=lunar]").check(force=True)
    page.locator("[name=month]").fill("6")
    page.locator("[name=day]").fill("31")
    office.cut_off = True  # the browser tells of the answer 422
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#id_day-wrong")).to_contain_text("29 或 30 天")
    assert barriers(page) == []
    assert sideways(page) <= 0
    shoot(page, "member")
    assert not FamilyMember.objects.filter(client=client).exists()
    page.locator("[name=month]").fill(str(born.month))
    page.locator("[name=day]").fill(str(born.day))
    if born.leap:
        page.locator("[name=leap]").check()
    page.get_by_role("button", name="保存").click()
    both = f"农历{lunar.lunar_name(born.month, born.day, born.leap)} · {today.month}月{today.day}日"
    expect(page.locator("#dates")).to_contain_text(both)
    assert sideways(page) <= 0

    page.locator("#card-question").scroll_into_view_if_needed()
    asked = page.locator("#card-question b").inner_text()
    page.locator("#card-question .card-chips button, #card-question [name=not_now]").first.click()
    expect(page.locator("#card-question b")).not_to_have_text(asked)
    card = InfoCard.objects.get(client=client)
    assert any(card.says(fact) for fact in InfoCard.FACTS) or card.not_before
    assert barriers(page) == []
    shoot(page, "phone")

    daily.write_again(today, today + timedelta(days=1))
    page.goto(f"{office.url}/today/?kind=care")
    expect(page.locator("main")).to_contain_text("妻子 沈雅琴")
    shoot(page, "today")


def test_the_people_of_a_client_on_a_desk(office: Any, shoot: Any) -> None:
    client = Client.objects.filter(family__isnull=False, agent__staff_no="A1001").first()
    for language, theme in (("zh-hans", "light"), ("en", "dark")):
        page = office.open("A1001", DESKTOP, language=language, theme=theme)
        for name in ("", "card/", "household/", "family/new/", "dates/new/", "events/new/"):
            page.goto(f"{office.url}/clients/{client.pk}/{name}")
            assert barriers(page) == [], name
            page.set_viewport_size({"width": 1440, "height": 1600})
            shoot(page, f"{name.replace('/', '-')}{language}")
