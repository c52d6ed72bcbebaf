"""What the bench measures against still does the same work as ours: it must not rot between runs."""

from pathlib import Path

import pytest
from django.db import transaction

from accounts.models import User
from bench import book_by_hand, importing
from clients.models import Client
from policies.importing.apply import Order
from policies.importing.intake import import_file
from policies.models import Instalment, Insurer, Policy

SEVERAL = 60
MADE = (User, Client, Policy, Instalment)


@pytest.mark.django_db
def test_the_book_taken_in_by_hand_has_what_the_import_has(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    importing.write_csv(path, SEVERAL)
    with transaction.atomic():
        book_by_hand.take_in(path)
        by_hand = [model.objects.count() for model in MADE]
        transaction.set_rollback(True)
    assert by_hand[2] == SEVERAL
    import_file(path, path.name, Order(Insurer.usual(), create_agents=True))
    assert [model.objects.count() for model in MADE] == by_hand
