"""From the bank's return to the list: what was paid leaves it, what failed comes on it, once."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from followups import money_words, scripts
from followups.daily import write_day
from followups.models import FollowUp, ServiceItem
from policies.authorisation import ACCOUNT_FAULTS
from policies.models import BankRow
from tests.policies.test_bank import COLLECTED, FAILURES, Line, _a_branch, post

pytestmark = pytest.mark.django_db
ITEM, HASTE = ServiceItem, {"system_error": 4}


def _look_how_much_there_is() -> None:
    """In a large book this happens by itself, but not before a transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE clients_client, policies_policy, policies_instalment, policies_bankrow, followups_followup"
        )


def test_five_thousand_lines_become_notices_and_tasks_of_the_right_kind(make_client: Any) -> None:
    numbers = _a_branch(make_client, 5000)
    with (
        connection.cursor() as cursor
    ):  # nobody looks into what is not committed, how large it has become
        cursor.execute("ANALYZE clients_client, policies_policy, policies_instalment")
    lines = [
        Line(number, failure="" if n < 4200 else FAILURES[n % 7])
        for n, number in enumerate(numbers)
    ]
    write_day(COLLECTED)
    _look_how_much_there_is()
    reminded = FollowUp.objects.open().filter(series="premium").count()
    post(*lines)
    _look_how_much_there_is()
    run = write_day(COLLECTED)

    assert reminded == 5000
    withdrawn = FollowUp.objects.filter(status="withdrawn").values_list("reason", flat=True)
    assert Counter(withdrawn) == {"paid": 4200}
    assert run.created == {"bank-failed": 800}
    for failure in FAILURES:
        tasks = FollowUp.objects.open().filter(rule="bank-failed", instalment__failure=failure)
        fault = failure in ACCOUNT_FAULTS
        item = ITEM.AUTHORISATION if fault else ITEM.RENEWAL_REMINDER
        assert set(tasks.values_list("item", "priority")) == {(item, HASTE.get(failure, 2))}
        assert tasks.count() == BankRow.objects.failed().filter(failure=failure).count()

    assert write_day(COLLECTED + timedelta(days=1)).created == {"success-notice": 4200}
    post(*lines)
    assert not write_day(COLLECTED + timedelta(days=1)).created


@pytest.mark.parametrize(
    ("failure", "remedy"),
    [
        ("insufficient", "money"),
        ("limit_exceeded", "limit"),
        ("account_not_found", "account"),
        ("card_invalid", "account"),
        ("name_mismatch", "account"),
        ("frozen_or_closed", "account"),
        ("no_authorisation", "account"),
        ("system_error", "system"),
        ("other", "other"),
    ],
)
def test_each_reason_has_its_own_words_and_remedy(
    failure: str, remedy: str, make_client: Any
) -> None:
    post(Line(_a_branch(make_client, 1)[0], failure=failure))
    write_day(COLLECTED)
    task = FollowUp.objects.open().get(rule="bank-failed")
    why = money_words.why(task)
    assert str(BankRow.Failure(failure).label) in why
    assert str(money_words.REMEDIES[remedy]) in why
    assert scripts.which(task, COLLECTED) == f"failed-{remedy}"
    spoken = {str(scripts.TEXTS[f"failed-{each}"]) for each in money_words.REMEDIES}
    assert len(spoken) == len(money_words.REMEDIES) == 5


def test_a_later_success_takes_the_task_off_the_list(make_client: Any) -> None:
    [number] = _a_branch(make_client, 1)
    post(Line(number, failure="insufficient"))
    write_day(COLLECTED)
    assert FollowUp.objects.open().filter(rule="bank-failed").exists()
    post(Line(number, on=COLLECTED + timedelta(days=2)))
    write_day(COLLECTED + timedelta(days=2))
    assert FollowUp.objects.get(rule="bank-failed").reason == "paid"
