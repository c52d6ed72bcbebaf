"""Contracts and premiums move as the table says, whoever moves them, and each move leaves its event."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from policies.lifecycle import MOVES, PolicyEvent, because, may_become
from policies.models import Instalment, Policy
from policies.premiums import grace_end, record_payment, reinstatement_end

TODAY = date(2026, 6, 12)
STATES = ("owed", "paid", "waived", "loan", "cancelled")


def put(instalment: Instalment, state: str) -> None:
    closed = state not in {"owed", "paid"}
    Instalment.objects.filter(pk=instalment.pk).update(
        paid_on=TODAY if state == "paid" else None,
        closed_on=TODAY if closed else None,
        closed_as=state if closed else "",
    )


@pytest.mark.parametrize(("was", "now"), list(product(Policy.Status.values, repeat=2)))
def test_the_database_moves_a_policy_only_as_the_table_says(
    was: str, now: str, make_policy: Any
) -> None:
    policy = make_policy(status=was)
    moves = Policy.objects.filter(pk=policy.pk)
    if may_become("policy", was, now):
        assert moves.update(status=now) == 1
        return
    with pytest.raises(IntegrityError, match="does not go from"), transaction.atomic():
        moves.update(status=now)


@pytest.mark.parametrize(("was", "now"), list(product(STATES, repeat=2)))
def test_the_database_moves_a_premium_only_as_the_table_says(
    was: str, now: str, make_instalment: Any
) -> None:
    instalment = make_instalment()
    with because(PolicyEvent.Source.FILE):
        put(instalment, was)
    if may_become("instalment", was, now):
        put(instalment, now)
        return
    with pytest.raises(IntegrityError, match="does not go from"), transaction.atomic():
        put(instalment, now)


def test_the_table_names_only_states_that_exist() -> None:
    for kind, known in (("policy", Policy.Status.values), ("instalment", STATES)):
        for was, nexts in MOVES[kind].items():
            assert {was, *nexts} <= set(known)


def test_the_insurers_file_wins_and_says_so(make_policy: Any, admin: Any) -> None:
    policy = make_policy(status="surrendered")
    with because(PolicyEvent.Source.FILE, on=TODAY, by=admin):
        Policy.objects.filter(pk=policy.pk).update(status="in_force")
    event = policy.events.get()
    assert (event.was, event.now, event.source, event.on, event.by) == (
        "surrendered", "in_force", "file", TODAY, admin,
    )  # fmt: skip


def test_what_the_file_says_ends_with_its_transaction(make_policy: Any) -> None:
    policy = make_policy(status="surrendered")
    with because(PolicyEvent.Source.FILE):
        pass
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.filter(pk=policy.pk).update(status="in_force")


def test_many_moves_leave_an_event_each(make_policy: Any) -> None:
    policies = [make_policy() for _n in range(3)]
    with because(PolicyEvent.Source.FILE, on=TODAY):
        Policy.objects.update(status="lapsed", premium_mode="monthly")
    assert sorted(PolicyEvent.objects.values_list("policy_id", "kind")) == sorted(
        (policy.pk, kind) for policy in policies for kind in ("policy", "mode")
    )


def test_what_changes_nothing_leaves_no_event(make_policy: Any) -> None:
    make_policy()
    Policy.objects.update(status="in_force", insured_name="另一人")
    assert not PolicyEvent.objects.exists()


def test_a_payment_leaves_its_event_with_day_and_money(make_instalment: Any, bob: Any) -> None:
    instalment = make_instalment(due_on=TODAY)
    record_payment(instalment, on=TODAY, by=bob)
    event = instalment.policy.events.get(kind="instalment")
    assert (event.was, event.now, event.on, event.by) == ("owed", "paid", TODAY, bob)
    assert (event.due_on, event.amount) == (instalment.due_on, instalment.amount)


def test_events_are_never_rewritten(make_instalment: Any, bob: Any) -> None:
    record_payment(make_instalment(due_on=TODAY), on=TODAY, by=bob)
    with pytest.raises(Exception, match="never changed"), transaction.atomic():
        PolicyEvent.objects.update(was="owed", now="waived")


def test_the_end_of_a_policy_is_dated(make_policy: Any) -> None:
    policy = make_policy()
    with because(PolicyEvent.Source.HAND, on=TODAY):
        Policy.objects.filter(pk=policy.pk).update(status="surrendered")
    policy.refresh_from_db()
    assert policy.ended_on == TODAY


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 3, 14), "scheduled"),
        (date(2026, 3, 15), "due"),
        (date(2026, 3, 16), "grace"),
        (date(2026, 5, 14), "grace"),
        (date(2026, 5, 15), "lapsed"),
    ],
)
def test_grace_and_lapse_are_right_at_every_reading(
    day: date, state: str, make_instalment: Any
) -> None:
    assert make_instalment(due_on=date(2026, 3, 15)).state_on(day) == state


def test_money_after_the_lapse_is_paid_on_reinstatement(make_instalment: Any) -> None:
    instalment = make_instalment(due_on=date(2026, 3, 15))
    instalment.paid_on = date(2026, 5, 15)
    assert instalment.state_on(TODAY) == "reinstated"


@pytest.mark.parametrize(
    ("basis", "last_day", "lapses_on"),
    [
        ("date", date(2026, 5, 14), date(2026, 5, 15)),
        ("month_end", date(2026, 5, 30), date(2026, 5, 31)),
    ],
)
def test_grace_counts_from_the_day_or_the_end_of_its_month(
    basis: str, last_day: date, lapses_on: date, make_policy: Any
) -> None:
    policy = make_policy()
    policy.product.due_basis = basis
    ends_on = grace_end(policy, date(2026, 3, 15))
    assert (ends_on, ends_on + timedelta(days=1)) == (last_day, lapses_on)


def test_two_years_to_come_back() -> None:
    assert reinstatement_end(date(2026, 5, 14)) == date(2028, 5, 14)


def test_grace_in_sql_is_grace_in_python(make_policy: Any) -> None:
    from policies.importing.writing import grace_end as in_sql

    policy = make_policy()
    for basis in ("date", "month_end"):
        policy.product.due_basis = basis
        policy.product.save()
        for due_on in (date(2026, 1, 31), date(2026, 2, 28), date(2028, 2, 29), date(2026, 3, 15)):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT {in_sql('%s::date')} FROM policies_product d WHERE d.id = %s",
                    [due_on, due_on, policy.product_id],
                )
                assert cursor.fetchone()[0] == grace_end(policy, due_on)
