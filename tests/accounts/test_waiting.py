"""What somebody saves while a large list is changing the very record."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from clients.models import Contact

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def an_import() -> Iterator[Any]:
    """Another session, in the middle of its writing."""
    other = connection.copy()
    other.set_autocommit(False)
    yield other
    other.rollback()
    other.close()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "A large list is coming in"), ("zh-hans", "清单")]
)
def test_whoever_waits_too_long_is_told_and_can_save_again(
    login: Any,
    alice: Any,
    make_followup: Any,
    make_client: Any,
    an_import: Any,
    language: str,
    words: str,
) -> None:
    browser, row = login(alice), make_followup(make_client())
    told = {"task": row.pk, "outcome": "done", "channel": "call", "through": "1", "key": "k"}
    with an_import.cursor() as cursor:
        cursor.execute("SELECT 1 FROM clients_client WHERE id = %s FOR UPDATE", [row.client_id])
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    headers = {"accept-language": language}
    answer = browser.post(f"/tasks/{row.pk}/log/", told, headers=headers)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert words in answer.text
    assert not Contact.objects.exists()
    an_import.rollback()
    assert browser.post(f"/tasks/{row.pk}/log/", told, headers=headers).status_code == 302
    assert Contact.objects.count() == 1
