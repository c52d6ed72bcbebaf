"""Forms that come back signed: why a premium was not paid, and the bank's authorisation."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from followups.daily import write_day
from followups.models import FollowUp
from lib import dates
from policies.models import Policy, UncollectedCase
from policies.uncollected import Refused, bring_back, month_of, report, trade_month
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: TODAY)


@pytest.fixture
def overdue(make_instalment: Any) -> Any:
    return make_instalment(due_on=TODAY - timedelta(days=40))


def test_the_form_closes_its_task_and_keeps_the_reason(
    overdue: Any, alice: Any, login: Any
) -> None:
    write_day(TODAY)
    assert FollowUp.objects.open().get(series="form").item == 3
    browser, url = login(alice), f"/policies/{overdue.policy_id}/uncollected/"
    assert browser.get(url).status_code == 200
    sent = {"reason": "8", "signed_on": TODAY.isoformat(), "note": "下月发薪", "key": "k"}
    for _ in range(2):
        assert browser.post(url, sent).status_code == 302
    case = UncollectedCase.objects.get()
    assert (case.reason, case.signed_on, case.by) == (8, TODAY, alice)
    task = FollowUp.objects.get(series="form")
    assert (task.status, task.reason) == ("withdrawn", "signed")
    write_day(TODAY)
    assert not FollowUp.objects.open().filter(series="form").exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": "13"},
        {"reason": ""},
        {"signed_on": "2026-06-13"},
        {"signed_on": "2026-05-02"},
        {"signed_on": "2026-02-30"},
        {"note": "x" * 201},
    ],
)
def test_what_cannot_be_is_refused(
    fields: dict[str, str], overdue: Any, alice: Any, login: Any
) -> None:
    sent = {"reason": "8", "signed_on": TODAY.isoformat(), "key": "k"} | fields
    answer = login(alice).post(f"/policies/{overdue.policy_id}/uncollected/", sent)
    if fields.get("signed_on") == "2026-05-02":  # the day before it fell due is 2026-05-02
        assert overdue.due_on == date(2026, 5, 3)
    assert answer.status_code == 422
    assert not UncollectedCase.objects.exists()


def test_a_settled_premium_needs_no_form(overdue: Any, alice: Any) -> None:
    overdue.paid_on = TODAY
    overdue.save()
    with pytest.raises(Refused):
        bring_back(overdue, reason=8, signed_on=TODAY, by=alice)


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (date(2026, 6, 25), date(2026, 6, 1)),
        (date(2026, 6, 26), date(2026, 7, 1)),
        (date(2026, 12, 26), date(2027, 1, 1)),
        (date(2026, 1, 1), date(2026, 1, 1)),
    ],
)
def test_the_trades_month_ends_on_the_25th(day: date, month: date) -> None:
    assert month_of(day) == month
    first, last = trade_month(month)
    assert first <= day <= last
    assert (first.day, last.day) == (26, 25)


@pytest.fixture
def make_case(make_instalment: Any, make_policy: Any, make_client: Any) -> Callable[..., Any]:
    def make(agent: Any, reason: int, signed_on: date = TODAY) -> Any:
        due_on = signed_on - timedelta(days=41)
        instalment = make_instalment(make_policy(make_client(agent=agent)), due_on=due_on)
        return bring_back(instalment, reason=reason, signed_on=signed_on, by=agent)

    return make


def test_the_report_counts_by_reason_and_each_number_opens_its_list(
    make_case: Any, alice: Any, carol: Any, dora: Any, bob: Any, login: Any
) -> None:
    for reason in (8, 8, 12):
        make_case(alice, reason)
    make_case(carol, 8)
    make_case(alice, 1, date(2026, 6, 26))  # July's, as the trade counts
    lines, whole = report(UncollectedCase.objects.of_month(date(2026, 6, 1)), "agent")
    assert [(line.key, line.total) for line in lines] == [(alice.pk, 3), (carol.pk, 1)]
    assert (whole.counts, whole.premium) == ({8: 3, 12: 1}, 4 * 6820)
    teams, _whole = report(UncollectedCase.objects.of_month(date(2026, 6, 1)), "team")
    assert {line.key: line.total for line in teams} == {alice.team_id: 3, carol.team_id: 1}
    for who, ask, count in (
        (dora, "", 4),
        (dora, "reason=8", 3),
        (dora, f"reason=8&whose={alice.pk}", 2),
        (dora, f"by=team&whose={carol.team_id}", 1),
        (bob, "", 3),
        (bob, f"whose={carol.pk}", 0),
        (alice, "month=2026-07", 1),
    ):
        page = login(who).get(f"/uncollected/?{ask}")
        assert page.context["page"].paginator.count == count, ask


@pytest.mark.parametrize(
    "ask", ["month=2026-13", "month=x", "by=y", "reason=99", "whose=-1", "page=0", "page=x"]
)
def test_nonsense_in_the_address_is_passed_over(ask: str, alice: Any, login: Any) -> None:
    assert login(alice).get(f"/uncollected/?{ask}").status_code == 200


def test_twenty_forms_cost_the_queries_of_one(make_case: Any, alice: Any, login: Any) -> None:
    browser = login(alice)
    make_case(alice, 8)
    browser.get("/uncollected/")
    with CaptureQueriesContext(connection) as one:
        browser.get("/uncollected/")
    for n in range(19):
        make_case(alice, 1 + n % 12)
    with CaptureQueriesContext(connection) as twenty:
        browser.get("/uncollected/")
    assert len(one) == len(twenty)


def test_signing_closes_the_task_and_is_recorded(
    make_policy: Any, make_instalment: Any, alice: Any, login: Any
) -> None:
    policy = make_policy(authorisation="missing", account="6222000011112222")
    make_instalment(policy, due_on=TODAY + timedelta(days=60))
    write_day(TODAY)
    assert FollowUp.objects.open().get(rule="authorisation-missing").item == 2
    browser, url = login(alice), f"/policies/{policy.pk}/authorisation/"
    paper = browser.get(f"{url}print/").content.decode()
    assert policy.policy_no in paper
    assert "6222000011112222" not in paper
    sent = {"signed_on": TODAY.isoformat(), "until": "2027-06-12", "key": "k"}
    assert browser.post(url, sent).status_code == 302
    policy.refresh_from_db()
    assert (policy.authorisation, policy.authorised_until) == ("signed", date(2027, 6, 12))
    assert FollowUp.objects.get(rule="authorisation-missing").reason == "signed"
    assert AuditEntry.objects.get(action="update").detail["authorisation"] == "signed"


def test_an_authorisation_that_runs_out_before_the_due_date_is_found(
    make_policy: Any, make_instalment: Any
) -> None:
    due_on = TODAY + timedelta(days=60)
    late = make_policy(authorisation="signed", authorised_until=due_on - timedelta(days=1))
    good = make_policy(authorisation="signed", authorised_until=due_on)
    single = make_policy(authorisation="missing", premium_mode="single")
    for policy in (late, good, single):
        make_instalment(policy, due_on=due_on)
    write_day(TODAY)
    found = FollowUp.objects.filter(rule="authorisation-missing")
    assert [row.policy_id for row in found] == [late.pk]


def test_a_policy_is_asked_once_a_year_however_often_it_pays(
    make_policy: Any, make_instalment: Any, alice: Any
) -> None:
    policy = make_policy(authorisation="missing", premium_mode="quarterly")
    made = make_instalment(policy, due_on=TODAY + timedelta(days=60))
    write_day(TODAY)
    made.paid_on = TODAY
    made.save()
    make_instalment(policy, due_on=TODAY + timedelta(days=150))
    write_day(TODAY + timedelta(days=90))
    assert FollowUp.objects.filter(rule="authorisation-missing").count() == 1
    make_instalment(policy, due_on=TODAY + timedelta(days=60 + 366))
    Policy.objects.filter(pk=policy.pk).update(lapses_on=None)
    write_day(TODAY + timedelta(days=366))
    assert FollowUp.objects.filter(rule="authorisation-missing").count() == 2
