"""Each outcome leads on: to its one successor or to none, and undo takes back whatever it changed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Client, Contact
from followups import escalations, successors
from followups.daily import write_day
from followups.models import MOVES, Escalation, FollowUp, IllegalMove, Successor
from followups.work import Refused, record, undo
from followups.work import step_after as step_left_by
from policies.models import Promise
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
IN_3 = TODAY + 3 * A_DAY
NAMED = re.compile(r"\b(client_id|after_id|id) = ")


@pytest.fixture
def owed(make_instalment: Any, make_followup: Any) -> FollowUp:
    """A premium ten days late."""
    instalment = make_instalment(due_on=TODAY - 10 * A_DAY)
    made: FollowUp = make_followup(
        instalment.policy.holder,
        policy=instalment.policy,
        instalment=instalment,
        rule="grace-10",
        series="premium",
        item=1,
        occasion_on=instalment.due_on,
        keep_until=TODAY + 9 * A_DAY,
    )
    return made


def tell(row: FollowUp, by: Any, outcome: str, **more: Any) -> Contact:
    on = more.pop("on", TODAY)
    return record([row], by=by, outcome=outcome, on=on, **more)


def step_after(row: FollowUp) -> tuple[Any, ...] | None:
    steps = list(FollowUp.objects.filter(after=row))
    assert len(steps) <= 1
    return (steps[0].rule, steps[0].list_on) if steps else None


def test_every_outcome_has_one_line_in_the_table() -> None:
    assert set(successors.table()) == set(Contact.Outcome.values)


FOLLOWS = {
    "done": None,
    "partly": ("agreed", IN_3),
    "no_answer": ("agreed", TODAY + A_DAY),
    "not_home": ("agreed", TODAY + A_DAY),
    "wrong_number": ("number", TODAY + A_DAY),
    "moved": ("address", TODAY + A_DAY),
    "asked_later": ("agreed", IN_3),
    "will_pay": None,  # the rulebook itself looks after the promise
    "paid_already": None,
    "refused": None,
    "complaint": None,
    "deceased": None,
    "manager": None,
    "not_needed": None,
}


@pytest.mark.parametrize("outcome", Contact.Outcome.values)
def test_each_outcome_has_its_one_successor_or_none(
    outcome: str, owed: FollowUp, alice: Any
) -> None:
    until = IN_3 if outcome in {"asked_later", "will_pay"} else None
    tell(owed, alice, outcome, until=until)
    owed.refresh_from_db()
    assert (owed.status, owed.outcome, owed.done_by) == ("done", outcome, alice)
    assert step_after(owed) == FOLLOWS[outcome]
    assert Promise.objects.count() == (outcome in {"will_pay", "paid_already"})
    assert Escalation.objects.count() == (outcome in {"complaint", "manager"})


@pytest.mark.parametrize("outcome", Contact.Outcome.values)
def test_undo_takes_each_of_them_back(outcome: str, owed: FollowUp, alice: Any) -> None:
    Client.objects.update(address="文三路 1 号")
    was = Client.objects.values().get(pk=owed.client_id)
    until = IN_3 if outcome in {"asked_later", "will_pay"} else None
    undo(tell(owed, alice, outcome, until=until, address="湖墅南路 2 号"), by=alice)
    owed.refresh_from_db()
    assert owed.is_open
    assert FollowUp.objects.get() == owed
    assert not Promise.objects.exists()
    assert not Escalation.objects.exists()
    now = Client.objects.values().get(pk=owed.client_id)
    assert {k: v for k, v in now.items() if k != "version"} == {
        k: v for k, v in was.items() if k != "version"
    }


@pytest.mark.parametrize(("outcome", "at_last"), [("no_answer", "number"), ("not_home", "address")])
def test_nobody_there_is_tried_after_one_two_and_four_days_and_then_looked_up(
    outcome: str, at_last: str, make_followup: Any, make_policy: Any, alice: Any
) -> None:
    row, day, days = make_followup(make_policy().holder), TODAY, []
    for _time in range(4):
        tell(row, alice, outcome, on=day)
        row = FollowUp.objects.get(after=row)
        days.append((row.list_on - day).days)
        day = row.list_on
    assert days == [1, 2, 4, 1]
    assert (row.rule, row.item) == (at_last, 6)


def test_an_answer_in_between_begins_the_tries_anew(make_followup: Any, alice: Any) -> None:
    client = make_followup().client
    for n, outcome in enumerate(["no_answer", "no_answer", "done"]):
        Contact.objects.create(client=client, by=alice, on=TODAY + n * A_DAY, outcome=outcome)
    assert successors.tries_of(client, TODAY + 3 * A_DAY) == 1


def test_two_calls_of_one_day_are_one_try(owed: FollowUp, make_followup: Any, alice: Any) -> None:
    tell(owed, alice, "no_answer")
    second = make_followup(owed.client, rule="birthday-soon")
    tell(second, alice, "no_answer")
    assert step_after(second) == ("agreed", TODAY + A_DAY)


def test_the_office_sets_the_days(owed: FollowUp, alice: Any) -> None:
    Successor.objects.filter(outcome="no_answer").update(days=[5])
    tell(owed, alice, "no_answer")
    assert step_after(owed) == ("agreed", TODAY + 5 * A_DAY)


def test_nobody_there_is_no_contact(owed: FollowUp, alice: Any) -> None:
    tell(owed, alice, "no_answer")
    assert Client.objects.get().last_contact_on is None


def test_a_new_address_is_written_and_needs_no_search(owed: FollowUp, alice: Any) -> None:
    tell(owed, alice, "moved", address="湖墅南路 2 号")
    assert Client.objects.get().address == "湖墅南路 2 号"
    assert step_after(owed) is None


def test_a_wrong_number_is_marked_looked_for_once_and_right_again_when_it_is_found(
    owed: FollowUp, alice: Any
) -> None:
    tell(owed, alice, "wrong_number")
    client = Client.objects.get()
    assert client.contact_invalid_on == TODAY
    for n in range(3):
        write_day(TODAY + n * A_DAY)
    asked = FollowUp.objects.filter(rule__in=["number", "contact-invalid"])
    assert [row.rule for row in asked] == ["number"]
    found = tell(asked[0], alice, "done", on=TODAY + A_DAY)
    client.refresh_from_db()
    assert (client.contact_invalid_on, client.verified_on) == (None, TODAY + A_DAY)
    undo(found, by=alice)
    client.refresh_from_db()
    assert (client.contact_invalid_on, client.verified_on) == (TODAY, None)


def test_whoever_switches_the_search_off_is_asked_by_the_rulebook(
    owed: FollowUp, alice: Any, login: Any
) -> None:
    tell(owed, alice, "wrong_number", follow=False)
    write_day(TODAY + A_DAY)
    assert FollowUp.objects.filter(rule="contact-invalid").exists()
    page = login(alice).get(reverse("client", args=[owed.client_id])).content.decode()
    assert f'href="/clients/{owed.client_id}/edit/"' in page


def test_an_outcome_and_its_undo_read_no_more_than_the_client(owed: FollowUp, alice: Any) -> None:
    """Each question names a client or the very rows, so an index leads to them however many others there are."""
    with CaptureQueriesContext(connection) as queries:
        contact = tell(owed, alice, "no_answer")
        assert step_left_by(contact)
        undo(contact, by=alice)
    asked = [query["sql"] for query in queries if "followups_followup" in query["sql"]]
    read = [sql for sql in asked if sql.split()[0] in {"SELECT", "UPDATE", "DELETE"}]
    scans = [scan for sql in read for scan in _scans_of(sql, "followups_followup")]
    assert len(scans) > 5
    assert [scan for scan in scans if not NAMED.search(scan)] == []


def _scans_of(sql: str, table: str) -> list[str]:
    """By which conditions PostgreSQL would find the rows of a table that is too large to be read whole."""
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        left, scans = [cursor.fetchone()[0][0]["Plan"]], []
        while left:
            node = left.pop()
            left += node.get("Plans", [])
            if node.get("Relation Name") == table and node["Node Type"] != "ModifyTable":
                scans.append(f"{node.get('Index Cond')} {node.get('Filter')}")
    return scans


def test_an_undo_leaves_what_somebody_wrote_since(owed: FollowUp, alice: Any) -> None:
    contact = tell(owed, alice, "moved", address="湖墅南路 2 号")
    Client.objects.update(address="解放路 3 号")
    undo(contact, by=alice)
    assert Client.objects.get().address == "解放路 3 号"


def test_why_it_was_refused_is_kept(owed: FollowUp, alice: Any) -> None:
    assert tell(owed, alice, "refused", refusal="surrender").refusal == "surrender"
    assert Contact.objects.get().get_refusal_display() in {"Wants to surrender", "想退保"}


# --- complaints, and what needs the supervisor


def test_a_complaint_stands_with_the_client_until_a_leader_closes_it(
    owed: FollowUp, make_followup: Any, alice: Any, bob: Any
) -> None:
    tell(owed, alice, "complaint", note="理赔太慢")
    tell(make_followup(owed.client, rule="x"), alice, "complaint", on=TODAY + A_DAY)
    first, second = Escalation.objects.all()
    assert Client.objects.get().complaint_open_since == TODAY
    with pytest.raises(PermissionDenied):
        escalations.close(first, by=alice, on=TODAY, answer="done")
    escalations.close(first, by=bob, on=IN_3, answer="已回电致歉")
    escalations.close(first, by=bob, on=IN_3, answer="again")
    first.refresh_from_db()
    assert (first.closed_by, first.answer) == (bob, "已回电致歉")
    assert Client.objects.get().complaint_open_since == TODAY + A_DAY
    escalations.close(second, by=bob, on=IN_3, answer="已解决")
    assert Client.objects.get().complaint_open_since is None


def test_what_the_supervisor_answered_stays(owed: FollowUp, alice: Any, bob: Any) -> None:
    contact = tell(owed, alice, "manager")
    escalations.close(contact.escalation, by=bob, on=TODAY, answer="我来打电话")
    with pytest.raises(Refused):
        undo(contact, by=alice)


# --- a death


def test_after_a_death_everything_else_is_withdrawn_and_the_family_is_served(
    owed: FollowUp, make_followup: Any, alice: Any
) -> None:
    Client.objects.update(next_birthday_on=TODAY + A_DAY)
    greeting = make_followup(owed.client)
    tell(owed, alice, "deceased", note="家属告知")
    greeting.refresh_from_db()
    assert (greeting.status, greeting.reason) == ("withdrawn", "deceased")
    for n in range(1, 12):
        write_day(TODAY + n * A_DAY)
    later = FollowUp.objects.exclude(pk__in=[owed.pk, greeting.pk])
    assert set(later.values_list("rule", "list_on")) == {
        ("condolence", TODAY + A_DAY),
        ("payout-to-family", TODAY + 7 * A_DAY),
    }


def test_what_is_agreed_with_the_family_stands(owed: FollowUp, alice: Any) -> None:
    tell(owed, alice, "deceased")
    write_day(TODAY + A_DAY)
    condolence = FollowUp.objects.get(rule="condolence")
    tell(condolence, alice, "asked_later", on=TODAY + A_DAY, until=TODAY + 2 * A_DAY)
    write_day(TODAY + 2 * A_DAY)
    assert FollowUp.objects.get(rule="agreed").is_open


def test_a_death_taken_back_brings_the_work_back(
    owed: FollowUp, make_followup: Any, alice: Any
) -> None:
    greeting = make_followup(owed.client)
    contact = tell(owed, alice, "deceased")
    write_day(TODAY + A_DAY)
    undo(contact, by=alice)
    greeting.refresh_from_db()
    assert greeting.is_open
    write_day(TODAY + A_DAY)
    owed.refresh_from_db()
    assert owed.is_open
    family = FollowUp.objects.get(rule="condolence")
    assert (family.status, family.reason) == ("withdrawn", "changed")


# --- who promises a premium has been given the greeting as well


def test_a_promise_is_made_of_what_is_owed_and_not_of_the_greeting(
    owed: FollowUp, make_followup: Any, alice: Any
) -> None:
    greeting = make_followup(owed.client)
    record([greeting, owed], by=alice, outcome="will_pay", on=TODAY, until=IN_3)
    greeting.refresh_from_db()
    owed.refresh_from_db()
    assert (greeting.outcome, owed.outcome) == ("done", "will_pay")
    assert not FollowUp.objects.filter(rule="agreed").exists()


def test_a_promise_after_the_end_of_grace_is_refused_with_the_reason(
    owed: FollowUp, alice: Any
) -> None:
    ends = owed.instalment.grace_ends_on
    with pytest.raises(Refused, match=ends.isoformat()):
        tell(owed, alice, "will_pay", until=ends + A_DAY)
    owed.refresh_from_db()
    assert owed.is_open


# --- from one status to another

STATUSES = FollowUp.Status.values


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("to", STATUSES)
def test_a_move_is_in_the_table_or_raises(status: str, to: str) -> None:
    row = FollowUp(status=status)
    if to in MOVES[FollowUp.Status(status)]:
        row.turn(to)
        assert row.status == to
    else:
        with pytest.raises(IllegalMove):
            row.turn(to)
        assert row.status == status


@pytest.mark.parametrize("status", ["done", "missed", "superseded", "withdrawn"])
def test_only_what_is_open_is_recorded(status: str, owed: FollowUp, alice: Any) -> None:
    more = {"done_on": TODAY, "done_by": alice} if status == "done" else {}
    FollowUp.objects.update(status=status, **more)
    with pytest.raises(Refused):
        tell(owed, alice, "done")
    assert not Contact.objects.exists()
