"""Each outcome leaves one contact and, where it makes sense, the next step; undo takes both back."""

from datetime import timedelta
from typing import Any

import pytest

from clients.models import Contact
from followups.daily import write_day
from followups.models import FollowUp
from followups.work import Refused, put_off, record, undo
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


def test_one_contact_settles_every_matter_of_one_visit(
    make_client: Any, make_followup: Any, alice: Any
) -> None:
    client = make_client()
    rows = [
        make_followup(client),
        make_followup(client, rule="birthday-soon"),
        make_followup(client, rule="lapsed"),
    ]
    record(rows[:2], by=alice, outcome="done", on=TODAY)
    assert Contact.objects.get().client == client
    assert FollowUp.objects.open().get() == rows[2]
    client.refresh_from_db()
    assert client.last_contact_on == TODAY


@pytest.mark.parametrize(
    ("outcome", "until", "next_on"),
    [
        ("done", None, None),
        ("refused", None, None),
        ("wrong_number", None, TODAY + A_DAY),
        ("not_needed", None, None),
        ("no_answer", None, TODAY + A_DAY),
        ("asked_later", TODAY + 3 * A_DAY, TODAY + 3 * A_DAY),
        ("will_pay", TODAY + 3 * A_DAY, TODAY + 4 * A_DAY),
    ],
)
def test_the_next_step_follows_from_the_outcome(
    outcome: str, until: Any, next_on: Any, make_followup: Any, alice: Any
) -> None:
    row = make_followup()
    record([row], by=alice, outcome=outcome, on=TODAY, until=until)
    steps = FollowUp.objects.filter(after=row)
    assert [step.list_on for step in steps] == ([next_on] if next_on else [])
    row.refresh_from_db()
    assert (row.status, row.outcome, row.done_by) == ("done", outcome, alice)


def test_a_day_after_the_end_of_grace_is_refused(
    make_instalment: Any, make_followup: Any, alice: Any
) -> None:
    instalment = make_instalment(due_on=TODAY - 58 * A_DAY)
    row = make_followup(
        instalment.policy.holder, policy=instalment.policy, instalment=instalment, series="premium"
    )
    with pytest.raises(Refused, match="2026-06-14"):
        put_off(row, by=alice, until=TODAY + 3 * A_DAY, on=TODAY)
    row.refresh_from_db()
    assert row.is_open


def test_undo_opens_the_matter_again_and_strikes_the_contact(
    make_followup: Any, alice: Any
) -> None:
    row = make_followup()
    contact = record([row], by=alice, outcome="no_answer", on=TODAY)
    undo(contact, by=alice)
    undo(contact, by=alice)
    row.refresh_from_db()
    contact.refresh_from_db()
    assert (row.is_open, FollowUp.objects.count(), contact.undone_at is not None) == (True, 1, True)


def test_an_entry_whose_next_step_was_worked_on_stays(make_followup: Any, alice: Any) -> None:
    row = make_followup()
    contact = record([row], by=alice, outcome="no_answer", on=TODAY)
    record([FollowUp.objects.get(after=row)], by=alice, outcome="done", on=TODAY + A_DAY)
    with pytest.raises(Refused):
        undo(contact, by=alice)


def test_settled_work_is_not_settled_twice(make_followup: Any, alice: Any) -> None:
    row = make_followup()
    record([row], by=alice, outcome="done", on=TODAY)
    with pytest.raises(Refused):
        record([row], by=alice, outcome="done", on=TODAY)
    assert Contact.objects.count() == 1


def test_what_was_agreed_about_a_premium_is_withdrawn_when_it_is_paid(
    make_instalment: Any, alice: Any
) -> None:
    instalment = make_instalment(due_on=TODAY)
    write_day(TODAY)
    record(
        list(FollowUp.objects.open()),
        by=alice,
        outcome="asked_later",
        on=TODAY,
        until=TODAY + 2 * A_DAY,
    )
    instalment.paid_on = TODAY + A_DAY
    instalment.save()
    write_day(TODAY + 2 * A_DAY)
    agreed = FollowUp.objects.get(rule="agreed")
    assert (agreed.status, agreed.reason) == ("withdrawn", "paid")
