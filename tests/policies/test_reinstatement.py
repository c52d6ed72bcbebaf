"""Bringing a lapsed policy back: the money, the steps, the deadline, and who may not."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lib import dates
from policies import premiums
from policies.models import Instalment, Policy, Reinstatement
from policies.premiums import Refused
from policies.reinstatement import NEEDED, STEPS, begin, desk, owed_of, take

TODAY = date(2026, 6, 12)
pytestmark = pytest.mark.django_db


@pytest.fixture
def lapsed(make_policy: Any, make_instalment: Any) -> Any:
    """A policy whose grace ended; due on 15 March, so that cover ended on 14 May."""

    def make(due_on: date = date(2026, 3, 15), **fields: Any) -> Policy:
        policy: Policy = make_instalment(make_policy(**fields), due_on).policy
        return policy

    return make


def test_it_comes_back_with_what_it_owes(lapsed: Any, bob: Any) -> None:
    policy = lapsed(effective_on=date(2021, 3, 15))
    premiums.reinstate(policy, on=TODAY, by=bob)
    policy.refresh_from_db()
    assert (policy.status_on(TODAY), policy.reinstated_on) == ("in_force", TODAY)
    assert policy.next_due_on == date(2027, 3, 15)
    paid = policy.instalments.get(due_on=date(2026, 3, 15))
    assert paid.state_on(TODAY) == Instalment.State.REINSTATED


def test_the_policys_line_tells_of_the_lapse_and_of_the_way_back(lapsed: Any, bob: Any) -> None:
    policy = lapsed()
    premiums.reinstate(policy, on=TODAY, by=bob)
    told = policy.events.filter(kind="policy").order_by("pk").values_list("on", "was", "now")
    assert list(told) == [
        (date(2026, 5, 15), "in_force", "lapsed"),
        (TODAY, "lapsed", "in_force"),
    ]


def test_every_premium_up_to_that_day_is_paid(lapsed: Any, bob: Any) -> None:
    policy = lapsed(date(2025, 11, 15), effective_on=date(2021, 3, 15), premium_mode="quarterly")
    premiums.reinstate(policy, on=TODAY, by=bob)
    policy.refresh_from_db()
    paid = policy.instalments.filter(paid_on=TODAY).values_list("due_on", flat=True)
    assert list(paid) == [date(2025, 11, 15), date(2026, 2, 15), date(2026, 5, 15)]
    assert policy.next_due_on == date(2026, 8, 15)


def test_what_the_file_calls_lapsed_comes_back_too(lapsed: Any, bob: Any) -> None:
    policy = lapsed(status="lapsed")
    premiums.reinstate(policy, on=TODAY, by=bob)
    policy.refresh_from_db()
    assert policy.status == "in_force"
    event = policy.events.get(kind="policy")
    assert (event.was, event.now, event.by, event.on) == ("lapsed", "in_force", bob, TODAY)


@pytest.mark.parametrize(
    ("on", "comes_back"), [(date(2028, 5, 14), True), (date(2028, 5, 15), False)]
)
def test_two_years_and_not_a_day_more(on: date, comes_back: bool, lapsed: Any, bob: Any) -> None:
    policy = lapsed()
    if comes_back:
        premiums.reinstate(policy, on=on, by=bob)
        return
    with pytest.raises(Refused, match="2028-05-14"):
        premiums.reinstate(policy, on=on, by=bob)


def test_what_has_not_lapsed_is_left_alone(lapsed: Any, bob: Any) -> None:
    policy = lapsed(TODAY)
    with pytest.raises(Refused):
        premiums.reinstate(policy, on=TODAY, by=bob)
    assert policy.instalments.owed().count() == 1


def test_money_alone_does_not_bring_it_back(lapsed: Any, bob: Any) -> None:
    policy = lapsed()
    with pytest.raises(Refused, match="2026-05-14"):
        premiums.record_payment(policy.open_instalment, on=TODAY, by=bob)
    assert policy.instalments.owed().count() == 1


def test_the_desk_lists_what_can_come_back_by_deadline(lapsed: Any) -> None:
    later, sooner = lapsed(), lapsed(date(2025, 1, 15))
    lapsed(date(2024, 1, 15))  # too late since 2026-03-15
    lapsed(TODAY)  # in grace
    lapsed(status="surrendered")
    assert list(desk(Policy.objects.all(), TODAY)) == [sooner, later]


def test_the_desk_says_all_that_is_owed_and_the_policys_page_adds_up_to_it(
    lapsed: Any, login: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only one premium is opened; the others have fallen due since."""
    monkeypatch.setattr(dates, "today", lambda: TODAY)
    monthly = lapsed(date(2026, 2, 17), premium_mode="monthly", premium=Decimal(600))
    yearly = lapsed()
    assert owed_of([monthly, yearly], TODAY) == {monthly.pk: 4 * 600, yearly.pk: 6820}
    assert premiums.arrears(monthly, TODAY) == 2400
    browser = login(bob)
    lines = browser.get("/reinstatements/").context["lines"]
    assert {line.policy: line.arrears for line in lines} == {monthly: 2400, yearly: 6820}
    page = browser.get(f"/reinstatements/{monthly.pk}/").context
    assert [due.due_on.month for due in page["owed"]] == [2, 3, 4, 5]
    assert page["arrears"] == 2400


def step_through(row: Reinstatement, steps: str, by: Any) -> Reinstatement:
    for step in steps.split():
        row = take(row, step, on=TODAY, by=by)
    return row


def test_the_way_back_with_a_medical(lapsed: Any, bob: Any) -> None:
    row = begin(lapsed(), on=TODAY, by=bob)
    row.papers = list(NEEDED)
    row.save()
    row = step_through(row, "send ask_medical did_medical accept pay", bob)
    assert (row.state, row.medical_asked_on, row.decided_on) == ("done", TODAY, TODAY)
    assert Policy.objects.get().status_on(TODAY) == "in_force"


def test_a_second_medical_is_not_done_yet(lapsed: Any, bob: Any) -> None:
    row = begin(lapsed(), on=TODAY, by=bob)
    row.papers = list(NEEDED)
    row.save()
    row = step_through(row, "send ask_medical did_medical", bob)
    assert row.steps[0][0] == "accept"
    row = step_through(row, "ask_medical", bob)
    assert (row.state, row.medical_done_on) == ("medical", None)


def test_papers_come_before_the_insurer(lapsed: Any, bob: Any) -> None:
    row = begin(lapsed(), on=TODAY, by=bob)
    with pytest.raises(Refused):
        take(row, "send", on=TODAY, by=bob)
    assert len(row.missing) == len(NEEDED)


@pytest.mark.parametrize("step", [step for step in STEPS if step not in {"send", "give_up"}])
def test_no_step_out_of_turn(step: str, lapsed: Any, bob: Any) -> None:
    row = begin(lapsed(), on=TODAY, by=bob)
    with pytest.raises(Refused):
        take(row, step, on=TODAY, by=bob)


def test_beginning_twice_is_one_application(lapsed: Any, bob: Any) -> None:
    policy = lapsed()
    assert begin(policy, on=TODAY, by=bob) == begin(policy, on=TODAY, by=bob)
    step_through(Reinstatement.objects.get(), "give_up", bob)
    begin(policy, on=TODAY, by=bob)
    assert Reinstatement.objects.count() == 2


def test_a_medical_nobody_answers_is_late_after_three_days(lapsed: Any, bob: Any) -> None:
    row = begin(lapsed(), on=TODAY, by=bob)
    row.state, row.medical_asked_on = "medical", TODAY
    assert not row.medical_is_late(TODAY + timedelta(days=2))
    assert row.medical_is_late(TODAY + timedelta(days=3))


# --- single policies


def test_a_waived_premium_is_owed_no_more(make_instalment: Any, bob: Any) -> None:
    instalment = make_instalment(due_on=date(2026, 4, 17))
    following = premiums.close(instalment, "waived", on=TODAY, by=bob)
    instalment.refresh_from_db()
    assert instalment.state_on(TODAY) == Instalment.State.WAIVED
    assert following is not None and following.due_on == date(2027, 4, 17)


def test_a_premium_loan_keeps_the_policy_in_force(make_instalment: Any, bob: Any) -> None:
    instalment = make_instalment(due_on=date(2026, 4, 17))
    premiums.close(instalment, "loan", on=date(2026, 6, 16), by=bob)
    policy = Policy.objects.get()
    assert policy.status_on(date(2026, 7, 1)) == "in_force"
    event = policy.events.get()
    assert (event.was, event.now, event.on) == ("owed", "loan", date(2026, 6, 16))


def test_what_is_settled_is_not_settled_again(make_instalment: Any, bob: Any) -> None:
    instalment = make_instalment(due_on=date(2026, 4, 17))
    premiums.record_payment(instalment, on=date(2026, 5, 1), by=bob)
    premiums.close(instalment, "waived", on=TODAY, by=bob)
    instalment.refresh_from_db()
    assert (instalment.paid_on, instalment.closed_as) == (date(2026, 5, 1), "")


def test_an_overdue_premium_is_paid_in_the_new_mode_and_those_it_contains_fall_away(
    make_policy: Any, make_instalment: Any, bob: Any
) -> None:
    policy = make_policy(premium_mode="monthly", effective_on=date(2025, 4, 17), premium=600)
    for month in (4, 5, 6, 7):
        make_instalment(policy, due_on=date(2026, month, 17))
    Policy.objects.update(next_due_on=date(2026, 4, 17))
    premiums.change_mode(policy, "quarterly", Decimal(1750), on=TODAY, by=bob)
    rows = policy.instalments.order_by("due_on").values_list("amount", "closed_as")
    assert list(rows) == [(1750, ""), (600, "cancelled"), (600, "cancelled"), (1750, "")]


def test_another_mode_from_the_open_premium_on(make_instalment: Any, bob: Any) -> None:
    instalment = make_instalment(due_on=date(2026, 7, 17))
    policy = instalment.policy
    premiums.change_mode(policy, "half_yearly", Decimal("3500.00"), on=TODAY, by=bob)
    instalment.refresh_from_db()
    assert instalment.amount == Decimal("3500.00")
    following = premiums.record_payment(instalment, on=date(2026, 7, 17), by=bob)
    assert following is not None and following.due_on == date(2027, 1, 17)
    event = policy.events.get(kind="mode")
    assert (event.was, event.now) == ("yearly", "half_yearly")
