"""What is taken along: per service, added up over the day."""

from collections import Counter
from datetime import date
from typing import Any

import pytest

from followups import agenda, scripts, talk
from followups.models import ServiceItem
from followups.placeholders import checked
from followups.script_book import codes_of, occasion_of
from followups.texts import Text
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


# --- what the office writes


def test_every_text_belongs_to_a_service_and_has_a_name_and_its_blanks() -> None:
    of_services = [code for item in ServiceItem for code in codes_of(item)]
    assert set(of_services) == set(scripts.TEXTS)
    for code in scripts.TEXTS:
        occasion = occasion_of(code)
        assert occasion and str(occasion.label)
        assert checked(str(scripts.TEXTS[code]), occasion.allowed)


def test_the_office_says_it_in_its_own_words_on_each_channel(
    alice: Any, admin: Any, make_policy: Any, make_instalment: Any, make_followup: Any
) -> None:
    due = make_instalment(make_policy(), due_on=DAY)
    about = {"rule": "renewal-due", "series": "premium", "item": 1, "instalment": due}
    followup = make_followup(due.policy.holder, policy=due.policy, **about)
    for channel, words in (("call", "电话里说{金额}"), ("visit", "当面说{产品}")):
        text = Text(occasion="premium-coming", channel=channel, words=words)
        text.put_in_force(admin)
    assert talk.of(followup, alice, DAY, "call").text == "电话里说¥6,820"
    assert talk.of(followup, alice, DAY, "visit").text == f"当面说{due.policy.product.name}"
    assert "{" not in talk.of(followup, alice, DAY, "wechat").text


def test_the_office_changes_tools_and_reads_the_older_ones(admin: Any, login: Any) -> None:
    browser = login(admin)
    for name in ("授权书（旧版）", "授权书"):
        browser.post("/rules/tools/2/", {"form": f"{name}\n\n{name}", "gift": "台历"})
    page = browser.get("/rules/tools/2/").content.decode()
    assert Kit.objects.in_force().get().tools == [["form", "授权书"], ["gift", "台历"]]
    assert "授权书（旧版）" in page
    assert page.count(admin.name) >= 2


def test_what_is_too_long_or_unknown_is_refused_and_named(admin: Any, login: Any) -> None:
    browser = login(admin)
    answer = browser.post("/rules/tools/2/", {"form": "长" * 61})
    assert answer.status_code == 422
    assert "60" in answer.content.decode()
    answer = browser.post("/texts/premium-coming/", {"words": "{who} 生日快乐"})
    assert answer.status_code == 422
    assert browser.get("/rules/tools/99/").status_code == 404
    assert not Kit.objects.exists()
