"""A product is corrected: grace and the way back of what is owed follow, and nothing else does."""

from datetime import date
from typing import Any

import pytest
from django.urls import reverse
from kombu.exceptions import OperationalError

from policies import premiums, products, tasks
from policies.models import Instalment, Policy, Product

DUE = date(2026, 3, 15)
BEFORE = {"grace_days": 60, "due_basis": "date", "reinstate_years": 2}


@pytest.fixture
def owed(make_policy: Any) -> Policy:
    """The premium of March 2026 is owed, the one of the year before was paid."""
    policy: Policy = make_policy(next_due_on=DUE, effective_on=date(2021, 3, 15))
    premiums.schedule(policy)
    paid = date(2025, 3, 20)
    policy.instalments.create(
        due_on=date(2025, 3, 15), grace_ends_on=date(2025, 5, 14), amount=1, paid_on=paid
    )
    return policy


@pytest.mark.parametrize(
    ("days", "lapses", "back_by"),
    [
        ({}, date(2026, 5, 15), date(2028, 5, 14)),
        ({"grace_days": 30}, date(2026, 4, 15), date(2028, 4, 14)),
        ({"due_basis": "month_end"}, date(2026, 5, 31), date(2028, 5, 30)),
        ({"reinstate_years": 3}, date(2026, 5, 15), date(2029, 5, 14)),
    ],
)
def test_what_is_owed_follows_as_if_it_were_written_now(
    days: dict[str, Any], lapses: date, back_by: date, owed: Policy, make_policy: Any
) -> None:
    Product.objects.filter(pk=owed.product_id).update(**BEFORE | days)
    assert owed.product is not None
    products.follow(owed.product)
    owed.refresh_from_db()
    assert (owed.lapses_on, owed.reinstate_by) == (lapses, back_by)
    fresh = make_policy(product=Product.objects.get(pk=owed.product_id), next_due_on=DUE)
    opened = premiums.schedule(fresh)
    assert opened is not None
    assert opened.grace_ends_on == owed.instalments.owed().get().grace_ends_on


def test_what_was_paid_and_other_products_stay(owed: Policy, make_policy: Any) -> None:
    other = make_policy(product=Product.objects.create(insurer=owed.insurer, name="another"))
    other.next_due_on = DUE
    premiums.schedule(other)
    Product.objects.update(grace_days=10)
    assert owed.product is not None
    products.follow(owed.product)
    assert owed.instalments.get(paid_on__isnull=False).grace_ends_on == date(2025, 5, 14)
    assert Instalment.objects.get(policy=other).grace_ends_on == date(2026, 5, 14)


def test_an_administrator_corrects_the_days(
    owed: Policy, admin: Any, login: Any, django_capture_on_commit_callbacks: Any
) -> None:
    admin.is_staff = True
    admin.save()
    product = owed.product
    assert product is not None
    asked = {"insurer": product.insurer_id, "name": product.name, "kind": product.kind}
    asked |= {"cooling_off_days": 15, "cooling_off_from": "next_day"} | BEFORE
    url = reverse("admin:policies_product_change", args=[product.pk])
    with django_capture_on_commit_callbacks(execute=True):
        answer = login(admin).post(url, asked | {"grace_days": 30})
    assert answer.status_code == 302
    owed.refresh_from_db()
    assert owed.lapses_on == date(2026, 4, 15)


def test_where_the_queue_is_down_they_follow_at_once(
    owed: Policy, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def down(*_about: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.follow_product, "delay", down)
    Product.objects.update(grace_days=30)
    assert owed.product is not None
    with django_capture_on_commit_callbacks(execute=True):
        tasks.wake_product(owed.product)
    owed.refresh_from_db()
    assert owed.lapses_on == date(2026, 4, 15)
