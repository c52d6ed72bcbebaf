"""The audit log only grows."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.models import AuditEntry, SentForm

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(alice: Any, make_client: Any) -> AuditEntry:
    return AuditEntry.record(alice, AuditEntry.Action.REVEAL, make_client(), field="mobile")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditentry SET subject = 'nobody'",
        "DELETE FROM accounts_auditentry",
        "TRUNCATE accounts_auditentry CASCADE",
    ],
)
def test_the_database_refuses_to_change_or_delete(entry: AuditEntry, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.filter(pk=entry.pk, subject=entry.subject).exists()


def test_the_models_own_verbs_are_refused_as_well(entry: AuditEntry) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.delete()
    entry.subject = "nobody"
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.save()


def test_an_entry_names_the_row_and_never_the_person(entry: AuditEntry, alice: Any) -> None:
    client = alice.clients.get()
    assert entry.subject == f"client {client.pk}"
    assert client.name not in str(entry.subject) + str(entry.detail)


def test_what_is_undone_leaves_no_entry(alice: Any) -> None:
    with transaction.atomic():
        AuditEntry.record(alice, AuditEntry.Action.EXPORT, "list")
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


def test_auditors_and_administrators_read_it(
    login: Any, entry: AuditEntry, auditor: Any, admin: Any, alice: Any, dora: Any
) -> None:
    for user, status in ((auditor, 200), (admin, 200), (alice, 403), (dora, 403)):
        answer = login(user).get(reverse("audit_log"))
        assert answer.status_code == status
        assert (entry.subject in answer.content.decode()) == (status == 200)


@pytest.mark.parametrize("page", ["2", "x", "-1", "99999999999999999999"])
def test_any_page_number_opens(login: Any, auditor: Any, entry: AuditEntry, page: str) -> None:
    assert login(auditor).get(reverse("audit_log"), {"page": page}).status_code == 200


def test_a_hundred_entries_cost_the_queries_of_one(
    login: Any,
    auditor: Any,
    alice: Any,
    bob: Any,
    entry: AuditEntry,
    django_assert_max_num_queries: Any,
) -> None:
    browser = login(auditor)
    for n in range(100):
        AuditEntry.record(bob if n % 2 else alice, AuditEntry.Action.UPDATE, f"client {n}")
    with django_assert_max_num_queries(5):
        browser.get(reverse("audit_log"))


def test_a_form_sent_twice_acts_once(alice: Any, bob: Any) -> None:
    assert SentForm.first_time(alice, "k1")
    assert not SentForm.first_time(alice, "k1")
    assert SentForm.first_time(bob, "k1")
    assert SentForm.first_time(alice, "")
    assert SentForm.first_time(alice, ""), "a form without a key cannot be told from another"
