"""What is kept of the premiums owed agrees with premiums, policies and agents, whatever is done to them."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from clients.models import Client
from policies.models import Instalment, OwedPremium, Policy
from policies.renewals import InGrace, Standing, pipeline
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
SOON = TODAY + timedelta(days=7)


def near(chance: random.Random) -> Any:
    return TODAY + timedelta(days=chance.randrange(-100, 100))


def some(rows: Any, chance: random.Random) -> list[int]:
    return [pk for pk in rows.order_by("pk").values_list("pk", flat=True) if chance.random() < 0.4]


def fall_due(chance: random.Random) -> None:
    due_on = near(chance)
    Instalment.objects.bulk_create(
        Instalment(policy=policy, due_on=due_on, grace_ends_on=due_on + timedelta(days=60), amount=policy.pk)
        for policy in Policy.objects.filter(pk__in=some(Policy.objects, chance)).exclude(instalments__due_on=due_on)
    )  # fmt: skip


def be_paid(chance: random.Random) -> None:
    paid_on = chance.choice([TODAY, None])
    chosen = Instalment.objects.filter(pk__in=some(Instalment.objects, chance), closed_on=None)
    chosen.update(paid_on=paid_on)


def be_waived(chance: random.Random) -> None:
    chosen = Instalment.objects.filter(pk__in=some(Instalment.objects, chance), paid_on=None)
    chosen.update(closed_on=TODAY, closed_as="waived")


def be_corrected(chance: random.Random) -> None:
    for one in Instalment.objects.filter(pk__in=some(Instalment.objects, chance)):
        other = {"amount": chance.randrange(9), "grace_ends_on": near(chance)}
        other["policy"] = chance.choice(list(Policy.objects.order_by("pk")))
        if not Instalment.objects.filter(policy=other["policy"], due_on=one.due_on).exists():
            Instalment.objects.filter(pk=one.pk).update(**other)


def lapse(chance: random.Random) -> None:
    dates = {"lapses_on": chance.choice([None, near(chance)]), "reinstate_by": near(chance)}
    status = chance.choice(["in_force", "lapsed", "surrendered"])
    Policy.objects.filter(pk__in=some(Policy.objects, chance)).update(**dates)
    Policy.objects.filter(pk__in=some(Policy.objects, chance)[:1]).update(status=status)


def be_inherited(chance: random.Random) -> None:
    holder = chance.choice(list(Client.objects.order_by("pk")))
    Policy.objects.filter(pk__in=some(Policy.objects, chance)).update(holder=holder)


def be_given(chance: random.Random) -> None:
    agent = chance.choice([None, *User.objects.order_by("pk")])
    Client.objects.filter(pk__in=some(Client.objects, chance)).update(agent=agent)


def go(chance: random.Random) -> None:
    Instalment.objects.filter(pk__in=some(Instalment.objects, chance)[:2]).delete()


DEEDS = (fall_due, fall_due, fall_due, be_paid, be_waived, be_corrected, lapse, be_inherited, be_given, go)  # fmt: skip


def is_as_the_premiums_say(agents: list[User]) -> None:
    """One query over everybody, against one for each of stages and agents that joins them all."""
    found = Standing.of(OwedPremium.objects.all(), TODAY, SOON)
    assert found.stages == pipeline(Instalment.objects.all(), TODAY)
    for agent in agents:
        rows = list(Instalment.objects.filter(policy__holder__agent=agent).in_grace(TODAY))
        soon = [row.amount for row in rows if row.grace_ends_on <= SOON]
        amount = sum(row.amount for row in rows)
        own = InGrace(len(rows), amount, len(soon), sum(soon))  # type: ignore[arg-type]
        assert found.grace.get(agent.pk, InGrace()) == own


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(deeds=st.lists(st.sampled_from(DEEDS), min_size=8, max_size=16), seed=st.integers(0, 2**32))
def test_the_rows_follow_every_statement(
    deeds: Any, seed: int, alice: User, carol: User, make_client: Any, make_policy: Any
) -> None:
    chance = random.Random(seed)
    with transaction.atomic():
        for agent in (alice, alice, carol):
            make_policy(make_client(agent=agent))
        fall_due(chance)
        for deed in deeds:
            try:
                with transaction.atomic():
                    deed(chance)
            except DatabaseError as refused:  # a move that no policy makes
                assert "policy" in str(refused) or "premium" in str(refused)
            assert OwedPremium.wrong() == []
        is_as_the_premiums_say([alice, carol])
        transaction.set_rollback(True)


def test_a_fault_is_found_and_mended(alice: User, make_instalment: Any) -> None:
    right, other, gone = (make_instalment() for _ in range(3))
    OwedPremium.objects.filter(pk=other.pk).update(amount=1)
    OwedPremium.objects.filter(pk=gone.pk).delete()
    OwedPremium(pk=right.pk + 1000, due_on=TODAY, grace_ends_on=TODAY, amount=1, status="x").save()
    assert OwedPremium.wrong() == [(other.pk,), (gone.pk,), (right.pk + 1000,)]
    assert OwedPremium.mend() == 3
    assert OwedPremium.wrong() == []
