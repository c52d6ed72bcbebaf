"""The service plan: changed on a page, after it was shown what that does to next month's work."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from clients.models import Client
from followups import matrix
from followups.models import FollowUp, ServiceItem, ServicePlan
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
URL = "/rules/service/"
JULY = (date(2026, 7, 1), date(2026, 7, 31))


@pytest.fixture(autouse=True)
def _on_the_day() -> Any:
    with time_machine.travel(f"{TODAY} 10:00+08:00", tick=False):
        yield


def plan(**changed: str) -> dict[str, str]:
    """All cells as the form sends them; `changed` like i10_maintain="no"."""
    cells = {f"cell-{item}-{name}": level for (item, name), level in matrix.levels().items()}
    for place, level in changed.items():
        item, name = place[1:].split("_")
        cells[f"cell-{item}-{name}"] = level
    return cells


def greeting_in_july(make_policy: Any, **client: Any) -> Client:
    holder: Client = make_policy().holder
    Client.objects.filter(pk=holder.pk).update(next_birthday_on=date(2026, 7, 9), **client)
    return holder


def test_the_month_after_is_looked_at() -> None:
    assert matrix.month_after(TODAY) == JULY
    assert matrix.month_after(date(2026, 12, 31)) == (date(2027, 1, 1), date(2027, 1, 31))


def test_each_rule_stands_beside_its_items() -> None:
    codes = {item: {rule.code for rule in matrix.rules_of(item)} for item in ServiceItem}
    assert {"birthday", "birthday-soon"} <= codes[ServiceItem.GREETING]
    assert "bank-failed" in codes[ServiceItem.AUTHORISATION] & codes[ServiceItem.RENEWAL_REMINDER]


# --- what would change


def changes(**changed: str) -> list[matrix.Change]:
    standing = matrix.levels()
    wanted = {place: plan(**changed)[f"cell-{place[0]}-{place[1]}"] for place in standing}
    return matrix.preview(matrix.changes_of(standing, wanted), *JULY)


def test_what_comes_and_what_goes_is_told_by_class_and_team(
    make_policy: Any, carol: Any, group: Any, other_group: Any
) -> None:
    mine = greeting_in_july(make_policy)
    greeting_in_july(make_policy, agent=carol)
    greeting_in_july(make_policy, agent=None)
    greeting_in_july(make_policy, client_class="nurture")
    [lost] = changes(i10_maintain="no")
    assert (lost.gained, lost.lost, lost.concerned, lost.clients) == (0, 3, 3, 3)
    assert sorted(lost.teams) == [("", 0, 1), ("拱墅一部", 0, 1), ("西湖三部", 0, 1)]
    assert mine in [example.client for example in lost.examples]
    assert {example.on for example in lost.examples} == {date(2026, 7, 9)}
    ServicePlan.objects.filter(item=10, client_class="nurture").update(level="no")
    [gained] = changes(i10_nurture="must")
    assert (gained.gained, gained.lost, gained.concerned) == (1, 0, 1)


def test_what_something_real_caused_stays_where_it_is_only_an_event(make_policy: Any) -> None:
    make_policy(kind="annuity", matures_on=date(2026, 7, 20))
    ServicePlan.objects.filter(item=8).update(level="must")
    [same] = changes(i8_maintain="event")
    assert (same.gained, same.lost) == (0, 0)
    [lost] = changes(i8_maintain="no")
    assert lost.lost == 2  # a week before, and on the day


def test_what_no_rule_asks_for_changes_no_list(make_client: Any) -> None:
    make_client(client_class="develop")
    [change] = changes(i11_develop="no")
    assert (change.gained, change.lost, change.clients) == (0, 0, 1)


def test_the_preview_writes_nothing(make_policy: Any) -> None:
    greeting_in_july(make_policy)
    before = matrix.levels()
    changes(i10_maintain="no", i9_maintain="must")
    assert matrix.levels() == before
    assert not FollowUp.objects.exists()


def test_it_tells_what_the_lists_of_the_month_then_hold(
    make_policy: Any, make_instalment: Any
) -> None:
    """Against the month day by day, by the facts of each day, under both plans."""
    for n in range(6):
        client = make_policy(premium=60_000).holder
        Client.objects.filter(pk=client.pk).update(
            next_birthday_on=date(2026, 6, 28) + timedelta(days=7 * n),
            client_class=["", "nurture", "maintain"][n % 3],
        )
        make_instalment(make_policy(client), due_on=date(2026, 5, 9) + timedelta(days=9 * n))
    told = changes(i10_maintain="may", i3_nurture="no", i3_maintain="event")
    rules = [*matrix.rules_of(10), *matrix.rules_of(3)]
    days = [JULY[0] + timedelta(days=n) for n in range(31)]

    def listed() -> set[Any]:
        return {row for rule in rules for day in days for row in rule.candidates(day, day)}

    before = listed()
    matrix.write(told)
    lost = before - listed()
    assert len(lost) == sum(change.lost for change in told) > 5


# --- the page


def sealed(answer: Any) -> dict[str, str]:
    return {"seen": answer.context["form"].sealed, "key": "k", "do": "save"}


def test_it_is_saved_after_it_was_shown_and_recorded(
    login: Any, admin: Any, make_policy: Any
) -> None:
    client = greeting_in_july(make_policy)
    browser, wanted = login(admin), plan(i10_maintain="may", i9_maintain="must")
    shown = browser.post(URL, wanted | {"do": "look"})
    assert shown.status_code == 200
    assert client.name in shown.content.decode()
    assert matrix.levels()[10, "maintain"] == "must"
    for _ in range(2):
        assert browser.post(URL, wanted | sealed(shown)).status_code in {200, 302}
    assert matrix.levels()[10, "maintain"] == "may"
    entry = AuditEntry.objects.get(action="update")
    assert (entry.actor, entry.subject) == (admin, "service plan")
    assert entry.detail == {"10 maintain": ["must", "may"], "9 maintain": ["no", "must"]}


@pytest.mark.parametrize("seen", ["", "x", "other"])
def test_what_was_not_shown_is_not_saved(seen: str, login: Any, admin: Any) -> None:
    browser = login(admin)
    other = browser.post(URL, plan(i1_maintain="no") | {"do": "look"}).context["form"].sealed
    sent = plan(i9_maintain="must") | {"do": "save", "key": "k"}
    answer = browser.post(URL, sent | {"seen": other if seen == "other" else seen})
    assert answer.status_code == 200
    assert answer.context["changes"]
    assert not AuditEntry.objects.filter(action="update").exists()


def test_a_plan_changed_by_somebody_else_meanwhile_is_shown_again(login: Any, admin: Any) -> None:
    browser, wanted = login(admin), plan(i9_maintain="must")
    sent = wanted | sealed(browser.post(URL, wanted | {"do": "look"}))
    ServicePlan.objects.filter(item=1, client_class="develop").update(level="no")
    answer = browser.post(URL, sent)
    assert {change.place for change in answer.context["changes"]} == {
        (9, "maintain"),
        (1, "develop"),
    }


@pytest.mark.parametrize("level", ["", "always"])
def test_what_is_no_level_is_told_and_nothing_saved(level: str, login: Any, admin: Any) -> None:
    answer = login(admin).post(URL, plan(i9_maintain=level) | {"do": "save"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert matrix.levels()[9, "maintain"] == "no"


def test_the_page_costs_as_much_for_many_as_for_few(
    login: Any, admin: Any, make_policy: Any
) -> None:
    browser = login(admin)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.post(URL, plan(i10_maintain="no") | {"do": "look"})
        return len(queries)

    greeting_in_july(make_policy)
    few = cost()
    for _ in range(19):
        greeting_in_july(make_policy)
    assert cost() == few
