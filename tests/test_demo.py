"""The demo branch: the same for its seed, peopled in every stage, and true to the trade."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F

from clients.models import Duplicate
from crm import demo, demo_records
from followups import daily
from followups.models import FollowUp
from policies import persistency, renewals
from policies.bank import BankRow
from policies.batches import ImportBatch
from policies.importing import debits
from policies.models import Instalment, Policy, PolicyEvent, Promise
from policies.reinstatement import Reinstatement
from policies.uncollected import UncollectedCase
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def branch(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Loaded once for all that only look at it."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo.load(clients=120, seed=1, today=TODAY)
        yield
        transaction.set_rollback(True)


def told() -> list[Any]:
    policies = Policy.objects.order_by("policy_no")
    rows: list[Any] = list(policies.values_list("policy_no", "status", "next_due_on", "premium"))
    for model, fields in (
        (Instalment, ("policy__policy_no", "due_on", "paid_on", "closed_as", "failure")),
        (BankRow, ("reference", "returned_on", "amount", "state", "why")),
        (Promise, ("policy__policy_no", "kind", "promised_on")),
        (Reinstatement, ("policy__policy_no", "state")),
        (FollowUp, ("client__mobile", "rule", "list_on", "status")),
    ):
        rows.append(sorted(model.objects.values_list(*fields), key=str))
    return rows


def test_the_same_seed_and_day_make_the_same_branch() -> None:
    made = []
    for _time in range(2):
        point = transaction.savepoint()
        demo.load(clients=60, seed=3, today=TODAY)
        made.append(told())
        transaction.savepoint_rollback(point)
    assert made[0] == made[1]


def test_the_banks_words_are_understood() -> None:
    from crm.demo_money import COLLECTED, FAILURES

    said = [debits.answer(words) for words in (COLLECTED, *FAILURES)]
    assert all(answer and answer.understood for answer in said)
    assert len({answer.failure for answer in said if answer}) == len(said)


@pytest.mark.parametrize("today", [date(2028, 2, 29), date(2026, 12, 31), date(2027, 3, 1)])
def test_any_day_will_do(today: date) -> None:
    assert demo.load(clients=20, seed=2, today=today) == 20


def test_persistency_is_that_of_a_living_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lists, which change no premium."""
    monkeypatch.setattr(daily, "write_day", lambda day: None)
    monkeypatch.setattr(daily, "write_again", lambda first, last: None)
    demo.load(clients=600, seed=1, today=TODAY)
    for k in persistency.MONTHS:
        [rate] = persistency.rates(Policy.objects.all(), TODAY.replace(day=1), k)
        assert rate.by_premium is not None
        assert Decimal("0.85") <= rate.by_premium <= Decimal("0.98")
        assert persistency.levers(Policy.objects.all(), TODAY.replace(day=1), k, TODAY)


def test_every_stage_has_premiums(branch: None) -> None:
    assert all(stage.count for stage in renewals.pipeline(Instalment.objects.all(), TODAY))


def test_the_bank_has_failed_for_several_reasons_and_left_some_for_a_person(branch: None) -> None:
    assert BankRow.objects.failed().values("failure").distinct().count() >= 3
    assert BankRow.objects.collected().exists()
    assert set(BankRow.objects.waiting().values_list("state", flat=True)) == {
        "ambiguous",
        "unknown",
    }
    assert BankRow.objects.set_aside().exists()
    assert FollowUp.objects.filter(rule="bank-failed").exists()


def test_clients_have_promised_kept_broken_and_claimed(branch: None) -> None:
    tally = Promise.objects.all().tally(TODAY)
    assert tally["open"]
    assert tally["kept"]
    assert tally["broken"]
    assert Promise.objects.filter(received__gt=0).exists()
    assert Promise.objects.claims().exists()
    assert UncollectedCase.objects.exists()


def test_lapsed_policies_come_back_by_every_path(branch: None) -> None:
    states = set(Reinstatement.objects.values_list("state", flat=True))
    assert states >= {"collecting", "sent", "medical", "accepted", "done", "refused"}
    ends = Policy.objects.recoverable(TODAY).values_list("reinstate_by", flat=True)
    assert min(ends) < TODAY + timedelta(days=120) < TODAY + timedelta(days=600) < max(ends)


def test_what_closes_a_premium_otherwise_is_there_too(branch: None) -> None:
    closed = set(Instalment.objects.values_list("closed_as", flat=True))
    assert closed == {"", "loan", "waived"}
    authorised = set(Policy.objects.values_list("authorisation", flat=True))
    assert authorised == {"", "signed", "missing", "expired"}


def test_no_date_contradicts_another(branch: None) -> None:
    monthly = Policy.objects.filter(premium_mode="monthly", next_due_on__isnull=False)
    assert not monthly.filter(next_due_on__gt=TODAY + timedelta(days=31)).exists()
    assert not Policy.objects.filter(issued_on__gt=F("effective_on")).exists()
    assert not Policy.objects.filter(lapses_on__isnull=False, reinstate_by=None).exists()
    assert not Instalment.objects.filter(paid_on__lt=F("due_on") - timedelta(days=31)).exists()
    assert not Instalment.objects.filter(paid_on__gt=TODAY).exists()
    assert not PolicyEvent.objects.filter(on__gt=TODAY).exists()


def test_a_festival_is_never_far_and_some_have_been_greeted(branch: Any) -> None:
    from followups.greetings import Greeting
    from followups.stock import StockMove

    agent = Greeting.objects.running(TODAY).filter(client__agent__staff_no="A1001")
    assert agent.open().exists()
    assert set(Greeting.objects.values_list("state", flat=True)) == {"open", "sent", "skipped"}
    assert StockMove.objects.given().cost() > 0


def test_records_that_may_be_one_person_wait_for_somebody(branch: None) -> None:
    assert Duplicate.objects.open().count() >= 3


def test_a_list_has_come_and_another_waits(branch: None, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    demo_records.import_lists(TODAY)
    waits, come = ImportBatch.objects.order_by("-pk")[:2]
    assert (come.state, come.report["recorded"], come.report["rejected_rows"]) == ("applied", 8, 1)
    assert (waits.state, waits.report["created_policies"]) == ("checked", 2)
    assert waits.report["differences"]
    assert waits.report["rejected_rows"]
    assert waits.report["notes"]


def test_the_lists_of_the_last_days_are_complete_when_the_office_opens(branch: Any) -> None:
    standing = set(FollowUp.objects.values_list("pk", flat=True))
    daily.write_again(TODAY, TODAY + timedelta(days=1))
    late = FollowUp.objects.exclude(pk__in=standing).filter(list_on__lt=TODAY)
    assert not list(late.values_list("rule", "list_on"))
