"""What is taken along: per service, added up over the day."""

from collections import Counter
from datetime import date
from typing import Any

import pytest

from followups import agenda
from followups.models import ServiceItem
from followups.tools import A_VISIT, Bag, Kind, Kit, Shelf
from lib import dates

DAY = date(2026, 6, 12)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: DAY)


@pytest.fixture
def day(alice: Any, make_client: Any, make_policy: Any, make_followup: Any) -> agenda.Agenda:
    """Two clients with two policies each, a form for each policy and a review for each client."""
    for number in (1, 2):
        client = make_client(address=f"西湖区文三路{number}号")
        for _policy in range(2):
            policy = make_policy(client)
            make_followup(client, policy=policy, rule="authorisation-missing", item=2)
        make_followup(client, rule="policy-review", series="review", item=9)
    return agenda.of(alice, alice, DAY, DAY)


def totals(day: agenda.Agenda) -> dict[str, int]:
    return {str(taken.name): taken.count for taken in Bag(day).tools}


def test_papers_are_counted_by_policy_and_folders_by_visit(day: agenda.Agenda) -> None:
    assert list(totals(day).values()) == [4, 2]


def test_the_total_of_the_day_is_the_sum_of_its_visits(day: agenda.Agenda, admin: Any) -> None:
    tools = [["notice", "通知书"], ["folder", "文件夹"], ["gift", "台历"]]
    Kit(item=ServiceItem.POLICY_REVIEW, tools=tools).put_in_force(admin)
    shelf = Shelf.now()
    by_hand: Counter[str] = Counter()
    for stop in day.open_stops:
        about = {(row.item, row.policy_id) for row in stop.followups}
        for tool in {(str(t), t.kind) for item, _policy in about for t in shelf.of(item)}:
            papers = {p for item, p in about if tool[0] in map(str, shelf.of(item))}
            by_hand[tool[0]] += 1 if tool[1] in A_VISIT else len(papers)
    assert totals(day) == dict(by_hand)


def test_the_offices_tools_take_the_place_of_the_usual_ones_and_the_older_stay(admin: Any) -> None:
    first, second = (
        Kit(item=ServiceItem.AUTHORISATION, tools=[["form", name]])
        for name in ("授权书", "新授权书")
    )
    first.put_in_force(admin)
    second.put_in_force(admin)
    assert [str(tool) for tool in Shelf.now().of(ServiceItem.AUTHORISATION)] == ["新授权书"]
    assert Kit.objects.exclude(replaced_at=None).get().tools == [["form", "授权书"]]


def test_a_service_may_need_nothing(admin: Any) -> None:
    Kit(item=ServiceItem.GREETING, tools=[]).put_in_force(admin)
    assert Shelf.now().of(ServiceItem.GREETING) == []
    assert Shelf.now().of(ServiceItem.OWN) == ()


def test_today_and_the_route_say_what_to_take(
    day: agenda.Agenda, alice: Any, admin: Any, login: Any
) -> None:
    Kit(item=2, tools=[[Kind.FORM, "<b>授权书</b>"]]).put_in_force(admin)
    for page in ("/today/", "/today/route/"):
        text = login(alice).get(page).content.decode()
        assert "&lt;b&gt;授权书&lt;/b&gt;" in text
        assert "<b>授权书</b>" not in text
