"""What the client says is a claim, what the file says is the truth."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from followups.daily import write_day
from followups.models import FollowUp
from followups.work import Refused, record, undo
from policies.models import BankRow, ImportBatch, Instalment, Promise
from policies.premiums import follow_dates, record_payment
from policies.promises import receive_part
from tests.conftest import TODAY
from tests.test_doors import batch_of

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture
def owed(make_instalment: Any) -> Any:
    """A premium ten days into grace, its reminder on today's list."""
    instalment = make_instalment(due_on=TODAY - 10 * A_DAY)
    write_day(TODAY)
    return instalment


def day(n: int) -> date:
    return TODAY + n * A_DAY


def open_on(n: int) -> list[str]:
    """What stands on the list of the n-th day, after it was written the evening before."""
    write_day(day(n))
    return sorted(FollowUp.objects.open().on(day(n)).values_list("rule", flat=True))


def say(by: Any, outcome: str, n: int = 0, until: int | None = None, **more: Any) -> Any:
    rows = list(FollowUp.objects.open().on(day(n)))
    return record(
        rows, by=by, outcome=outcome, on=day(n), until=None if until is None else day(until), **more
    )


def states(n: int) -> list[str]:
    words: Any = Promise.objects.promises().with_state(day(n)).order_by("pk")
    return list(words.values_list("state_now", flat=True))


def test_what_the_client_says_does_not_pay_but_gives_five_days_of_rest(
    owed: Any, alice: Any
) -> None:
    say(alice, "paid_already")
    owed.refresh_from_db()
    assert (owed.paid_on, owed.said_paid_on, owed.rests_until) == (None, TODAY, day(5))
    assert [open_on(n) for n in range(7)] == [[]] * 6 + [["claim-check"]]


def test_a_claim_that_the_file_confirms_never_comes_back(owed: Any, alice: Any, bob: Any) -> None:
    say(alice, "paid_already")
    record_payment(owed, on=day(2), by=bob)
    assert "claim-check" not in open_on(6)


def test_a_claim_never_rests_beyond_the_last_day_of_grace(make_instalment: Any, alice: Any) -> None:
    make_instalment(due_on=day(-58))
    assert "grace-last-days" in open_on(0)
    say(alice, "paid_already")
    assert (open_on(1), open_on(2)) == ([], ["claim-check"])


def test_a_failed_debit_after_the_claim_ends_the_rest(owed: Any, alice: Any) -> None:
    say(alice, "paid_already")
    Instalment.objects.update(failed_on=day(2), failure="insufficient")
    assert open_on(3) == ["bank-failed"]


def test_a_kept_promise(owed: Any, alice: Any, bob: Any) -> None:
    say(alice, "will_pay", until=3)
    owed.refresh_from_db()
    assert (owed.promised_on, owed.rests_until) == (day(3), day(3))
    record_payment(owed, on=day(3), by=bob)
    assert "promise-check" not in open_on(4)
    assert states(4) == ["kept"]


def test_a_broken_promise_comes_back_as_urgent_the_day_after(owed: Any, alice: Any) -> None:
    say(alice, "will_pay", until=3)
    assert [open_on(n) for n in range(5)] == [[]] * 4 + [["promise-check"]]
    assert FollowUp.objects.open().get().priority == 1
    assert (states(3), states(4)) == (["open"], ["broken"])


def test_a_promise_kept_in_part_comes_back_too(owed: Any, alice: Any) -> None:
    say(alice, "will_pay", until=3)
    receive_part(owed, amount=Decimal(1000), on=day(2))
    assert open_on(4) == ["promise-check"]
    assert (states(3), states(4)) == (["open"], ["partly"])


def test_what_the_bank_collected_short_of_the_premium_is_a_part_of_the_promise(
    owed: Any, alice: Any, admin: Any, tmp_path: Any
) -> None:
    say(alice, "will_pay", until=3)
    batch = ImportBatch.objects.get(pk=batch_of(admin, tmp_path))
    line = {
        "batch": batch, "row": 1, "reference": owed.policy.policy_no, "amount": Decimal(1000),
        "returned_on": day(2), "ok": True, "policy": owed.policy, "digest": "d",
    }  # fmt: skip
    BankRow.objects.create(state="ambiguous", why="amount", **line)
    assert (states(3), states(4)) == (["open"], ["partly"])


def test_a_promise_of_a_part_is_kept_by_that_part(owed: Any, alice: Any) -> None:
    say(alice, "will_pay", until=3, amount=Decimal(1000))
    receive_part(owed, amount=Decimal(1000), on=day(2))
    assert states(4) == ["kept"]
    assert open_on(4) == ["promise-check"]  # the rest is still owed


def test_a_new_promise_replaces_the_old_one(owed: Any, alice: Any, bob: Any) -> None:
    say(alice, "will_pay", until=3)
    FollowUp.objects.open().delete()
    again = FollowUp.objects.get(rule="grace-10")
    FollowUp.objects.filter(pk=again.pk).update(
        status="open", done_on=None, done_by=None, contact=None
    )
    say(alice, "will_pay", n=2, until=6)
    assert states(6) == ["replaced", "open"]
    assert [open_on(n) for n in range(3, 8)] == [[]] * 4 + [["promise-check"]]
    record_payment(owed, on=day(6), by=bob)
    assert states(7) == ["replaced", "kept"]


def test_a_promise_made_after_a_broken_one_does_not_mend_it(owed: Any, alice: Any) -> None:
    say(alice, "will_pay", until=1)
    assert open_on(2) == ["promise-check"]
    say(alice, "will_pay", n=2, until=5)
    assert states(3) == ["broken", "open"]
    assert Promise.objects.tally(day(3))["broken"] == 1


def test_a_payment_that_is_booked_late_still_kept_the_promise(
    owed: Any, alice: Any, bob: Any
) -> None:
    say(alice, "will_pay", until=3)
    open_on(4)
    record_payment(owed, on=day(2), by=bob)
    assert states(6) == ["kept"]
    open_on(5)
    assert FollowUp.objects.get(rule="promise-check").reason == "paid"


def test_a_promise_after_the_end_of_grace_is_refused_with_the_reason(owed: Any, alice: Any) -> None:
    with pytest.raises(Refused, match=day(50).isoformat()):
        say(alice, "will_pay", until=51)
    assert not Promise.objects.exists()


@pytest.mark.parametrize(("outcome", "until"), [("will_pay", 3), ("paid_already", None)])
def test_undo_takes_the_word_back(outcome: str, until: int | None, owed: Any, alice: Any) -> None:
    contact = say(alice, outcome, until=until)
    undo(contact, by=alice)
    owed.refresh_from_db()
    assert (owed.promised_on, owed.said_paid_on, owed.rests_until) == (None, None, None)
    assert not Promise.objects.exists()
    assert open_on(1) == ["grace-10"]


def test_undo_brings_the_earlier_promise_back(owed: Any, alice: Any) -> None:
    say(alice, "will_pay", until=1)
    open_on(2)
    contact = say(alice, "will_pay", n=2, until=5)
    undo(contact, by=alice)
    owed.refresh_from_db()
    assert (owed.promised_on, states(2)) == (day(1), ["broken"])
    assert open_on(2) == ["promise-check"]


def test_other_reminders_of_the_premium_rest_with_it_and_come_back_with_undo(
    owed: Any, alice: Any, make_followup: Any
) -> None:
    policy = owed.policy
    other = make_followup(
        policy.holder,
        policy=policy,
        instalment=owed,
        rule="agreed",
        series="premium",
        keep_until=day(9),
    )
    contact = record(
        list(FollowUp.objects.filter(rule="grace-10")), by=alice, outcome="paid_already", on=TODAY
    )
    other.refresh_from_db()
    assert (other.status, other.reason) == ("withdrawn", "resting")
    undo(contact, by=alice)
    other.refresh_from_db()
    assert (other.status, other.reason) == ("open", "")


STEPS = st.lists(
    st.sampled_from(["claim", "promise", "far promise", "pay", "take back", "undo", "night"]),
    min_size=1,
    max_size=9,
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_any_order_of_words_payments_and_days_leaves_one_truth(
    steps: list[str], owed: Any, alice: Any, bob: Any
) -> None:
    with transaction.atomic():
        _walk(steps, owed, alice, bob)
        transaction.set_rollback(True)


def _walk(steps: list[str], owed: Any, alice: Any, bob: Any) -> None:
    standing: list[tuple[Any, bool, date]] = []  # contact, whether it is a claim, until when
    n, touched_money = 0, False
    for step in steps:
        instalment = Instalment.objects.get(pk=owed.pk)
        if step == "night":
            n += 1
            write_day(day(n))
        elif step == "undo" and standing:
            contact, _claim, _until = standing.pop(n % len(standing))
            undo(contact, by=alice)
        elif step in {"claim", "promise", "far promise"} and instalment.is_owed:
            until = day(n + {"claim": 5, "promise": 1, "far promise": 3}[step])
            rows = [_a_row(instalment, n, len(standing))]
            outcome = "paid_already" if step == "claim" else "will_pay"
            asked = None if step == "claim" else until
            contact = record(rows, by=alice, outcome=outcome, on=day(n), until=asked)
            standing.append((contact, step == "claim", until))
        elif step == "pay":
            touched_money = True
            record_payment(instalment, on=day(n), by=bob)
        elif step == "take back" and instalment.paid_on:
            instalment.paid_on = None
            instalment.save()
            follow_dates(instalment.policy)
        _check(owed.pk, standing, n, step == "night", touched_money)


def _a_row(instalment: Any, n: int, which: int) -> Any:
    return FollowUp.objects.create(
        client=instalment.policy.holder,
        policy=instalment.policy,
        instalment=instalment,
        rule=f"test-{n}-{which}-{FollowUp.objects.count()}",
        series="test",
        item=1,
        priority=3,
        occasion_on=day(n),
        list_on=day(n),
        keep_until=day(n),
    )


def _check(pk: int, standing: list[Any], n: int, night: bool, touched_money: bool) -> None:
    instalment = Instalment.objects.get(pk=pk)
    promised = [until for _contact, claim, until in standing if not claim]
    _contact, claimed, until = standing[-1] if standing else (None, False, None)
    assert instalment.promised_on == (promised[-1] if promised else None)
    assert (instalment.said_paid_on is not None) == claimed
    assert instalment.rests_until == until
    assert Promise.objects.count() == len(standing)
    tally = Promise.objects.tally(day(n))
    assert sum(tally.values()) == len(promised)
    assert tally["open"] + tally["kept"] + tally["broken"] + tally["replaced"] == len(promised)
    if not night:
        return
    on_list = FollowUp.objects.open().filter(instalment=instalment, series="premium").on(day(n))
    rules = set(on_list.values_list("rule", flat=True))
    if not instalment.is_owed or (until and until >= day(n)):
        assert not rules
    elif until == day(n - 1) and not touched_money:
        assert rules == {"claim-check" if claimed else "promise-check"}
