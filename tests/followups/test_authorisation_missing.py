"""The bank's form is asked for once a year of each policy, in one writing and across writings."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from followups import daily
from followups.daily import write_day, write_lists
from followups.models import FollowUp
from followups.rulebook import BY_CODE
from policies.models import Instalment, Policy
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_other_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "RULEBOOK", [BY_CODE["authorisation-missing"]])


def asked() -> list[tuple[date, str]]:
    rows = FollowUp.objects.filter(rule="authorisation-missing").order_by("occasion_on")
    return [(row.occasion_on, row.status) for row in rows]


@pytest.fixture
def monthly(make_policy: Any) -> Policy:
    made: Policy = make_policy(
        authorisation="missing", premium_mode="monthly", effective_on=date(2025, 1, 12)
    )
    return made


def test_two_premiums_of_one_writing_are_one_task(monthly: Policy, make_instalment: Any) -> None:
    for days in (60, 30):
        make_instalment(monthly, due_on=TODAY + days * A_DAY)
    write_day(TODAY)
    assert asked() == [(TODAY + 30 * A_DAY, "open")]


def test_a_premium_that_a_later_file_brings_is_not_asked_for_again(
    monthly: Policy, make_instalment: Any
) -> None:
    make_instalment(monthly, due_on=TODAY + 58 * A_DAY)
    write_day(TODAY)
    make_instalment(monthly, due_on=TODAY + 27 * A_DAY)
    write_day(TODAY + A_DAY)
    assert asked() == [(TODAY + 58 * A_DAY, "open")]


def test_paying_in_cash_does_not_bring_the_form(monthly: Policy, make_instalment: Any) -> None:
    made = make_instalment(monthly, due_on=TODAY + 40 * A_DAY)
    write_day(TODAY)
    made.paid_on = TODAY
    made.save()
    make_instalment(monthly, due_on=TODAY + 70 * A_DAY)
    write_day(TODAY + 5 * A_DAY)
    assert asked() == [(made.due_on, "open")]


def test_who_owes_nothing_more_needs_no_form(monthly: Policy, make_instalment: Any) -> None:
    made = make_instalment(monthly, due_on=TODAY + 40 * A_DAY)
    write_day(TODAY)
    Instalment.objects.filter(pk=made.pk).update(paid_on=TODAY)
    Policy.objects.update(next_due_on=None, lapses_on=None)
    write_day(TODAY + A_DAY)
    assert asked() == [(made.due_on, "withdrawn")]


def test_a_form_that_was_signed_and_ran_out_is_asked_for_anew(
    monthly: Policy, make_instalment: Any
) -> None:
    make_instalment(monthly, due_on=TODAY + 40 * A_DAY)
    write_day(TODAY)
    Policy.objects.update(authorisation="signed")
    write_day(TODAY + A_DAY)
    assert FollowUp.objects.get(rule="authorisation-missing").reason == "signed"
    Policy.objects.update(authorisation="expired")
    make_instalment(monthly, due_on=TODAY + 70 * A_DAY)
    write_day(TODAY + 20 * A_DAY)
    assert [status for _on, status in asked()] == ["withdrawn", "open"]


premiums = st.lists(
    st.tuples(st.integers(-20, 130), st.none() | st.integers(0, 40)),
    min_size=1, max_size=5, unique_by=lambda one: one[0],
)  # fmt: skip


@settings(
    max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(premiums=premiums, gaps=st.lists(st.integers(1, 12), min_size=1, max_size=2))
def test_written_daily_or_caught_up_it_is_asked_once_a_year(
    premiums: list[tuple[int, int | None]],
    gaps: list[int],
    make_policy: Callable[..., Any],
    make_instalment: Callable[..., Any],
) -> None:
    """Premiums are paid meanwhile; who catches up finds them paid."""
    end = sum(gaps)
    seen = []
    for days in (range(end + 1), [sum(gaps[:n]) for n in range(len(gaps) + 1)]):
        with transaction.atomic():
            policy = make_policy(authorisation="missing", premium_mode="monthly", pay_years=None)
            made = [make_instalment(policy, due_on=TODAY + n * A_DAY) for n, _paid in premiums]
            Policy.objects.update(lapses_on=None, next_due_on=TODAY)
            live(days, list(zip(made, premiums, strict=True)))
            seen.append(asked())
            transaction.set_rollback(True)
    daily, caught_up = seen
    assert daily == caught_up
    for (first, _), (second, _) in pairwise(daily):
        assert second - first >= timedelta(days=350)


def live(days: Any, premiums: list[Any]) -> None:
    before = -1
    for n in days:
        for instalment, (_due, paid) in premiums:
            if paid is not None and before < paid <= n:
                Instalment.objects.filter(pk=instalment.pk).update(paid_on=TODAY + paid * A_DAY)
        write_lists(TODAY + n * A_DAY)
        before = n
