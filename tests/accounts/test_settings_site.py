"""The settings site: people, teams, products and the service plan."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import FailedLogin, User
from policies.models import Product
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin: Any, login: Any) -> Browser:
    admin.is_staff = True
    admin.save()
    found: Browser = login(admin)
    return found


def person(**fields: str) -> dict[str, str]:
    usual = {
        "staff_no": "A77",
        "name": "新同事",
        "mobile": "",
        "role": "agent",
        "team": "",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    return usual | fields


def test_a_new_colleague_can_log_in(browser: Browser, group: Any) -> None:
    browser.post(reverse("admin:accounts_user_add"), person(team=str(group.pk)))
    made = User.objects.get(staff_no="A77")
    assert (made.name, made.role, made.team) == ("新同事", "agent", group)
    assert made.check_password(PASSWORD)
    assert made.mobile is None


def test_two_colleagues_without_a_mobile_are_no_clash(browser: Browser) -> None:
    for staff_no in ("A77", "A78"):
        answer = browser.post(reverse("admin:accounts_user_add"), person(staff_no=staff_no))
        assert answer.status_code == 302
    assert User.objects.filter(staff_no__in=["A77", "A78"], mobile=None).count() == 2


def test_whoever_still_serves_clients_is_not_switched_off_but_handed_over(
    browser: Browser, alice: Any, make_client: Any
) -> None:
    client = make_client()
    address = reverse("admin:accounts_user_change", args=[alice.pk])
    left = {"staff_no": alice.staff_no, "name": alice.name, "role": "agent", "theme": "system"}
    refused = browser.post(address, left).content.decode()
    alice.refresh_from_db()
    assert alice.is_active
    assert f'href="{reverse("handover_new")}?whose={alice.pk}"' in refused
    client.delete()
    browser.post(address, left)
    alice.refresh_from_db()
    assert not alice.is_active


def test_a_weak_password_is_refused(browser: Browser) -> None:
    answer = browser.post(
        reverse("admin:accounts_user_add"), person(password1="password", password2="password")
    )
    assert answer.status_code == 200
    assert not User.objects.filter(staff_no="A77").exists()


def test_a_password_can_be_set_anew(browser: Browser, alice: Any) -> None:
    new = "another-garden-8"
    sent = {"usable_password": "true", "password1": new, "password2": new, "set-password": "1"}
    browser.post(reverse("admin:auth_user_password_change", args=[alice.pk]), sent)
    alice.refresh_from_db()
    assert alice.check_password(new)


def test_an_administrator_cannot_make_a_superuser(browser: Browser, admin: Any) -> None:
    url = reverse("admin:accounts_user_change", args=[admin.pk])
    fields = {"staff_no": "ADM", "name": "管理员", "role": "administrator", "theme": "system"}
    answer = browser.post(url, fields | {"is_active": "on", "is_staff": "on", "is_superuser": "on"})
    admin.refresh_from_db()
    assert answer.status_code == 302
    assert (admin.name, admin.is_superuser) == ("管理员", False)


def test_an_administrator_cannot_take_over_a_superuser(browser: Browser, dora: Any) -> None:
    dora.is_superuser = True
    dora.save()
    before = dora.password
    password = {
        "usable_password": "true",
        "password1": "my-own-77-words",
        "password2": "my-own-77-words",
    }
    url = reverse("admin:auth_user_password_change", args=[dora.pk])
    assert browser.post(url, password).status_code == 403
    dora.refresh_from_db()
    assert dora.password == before


def test_nobody_is_deleted(browser: Browser, alice: Any) -> None:
    url = reverse("admin:accounts_user_delete", args=[alice.pk])
    assert browser.post(url, {"post": "yes"}).status_code == 403


def test_a_kind_set_by_hand_is_marked_as_such(browser: Browser, make_policy: Any) -> None:
    product = make_policy().product
    url = reverse("admin:policies_product_change", args=[product.pk])
    fields = {"insurer": product.insurer_id, "name": product.name, "grace_days": "60"}
    fields |= {"due_basis": "date", "cooling_off_days": "15", "cooling_off_from": "next_day"}
    fields |= {"reinstate_years": "2"}
    browser.post(url, fields | {"kind": product.kind})
    assert not Product.objects.get(pk=product.pk).kind_corrected
    browser.post(url, fields | {"kind": "annuity"})
    product.refresh_from_db()
    assert (product.kind, product.kind_corrected) == ("annuity", True)


@pytest.mark.parametrize(
    "model",
    ["accounts_auditentry", "followups_listrun", "followups_serviceplan", "policies_thresholds"],
)
def test_what_the_product_writes_is_only_read(browser: Browser, model: str) -> None:
    assert browser.get(reverse(f"admin:{model}_changelist")).status_code == 200
    assert browser.get(reverse(f"admin:{model}_add")).status_code == 403


def test_the_content_policy_holds_there_as_well(browser: Browser) -> None:
    answer = browser.get(reverse("admin:accounts_user_add"))
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert b"<style" not in answer.content


def test_whoever_is_kept_waiting_is_seen_there_and_let_in(browser: Browser, alice: Any) -> None:
    tried = {"username": alice.staff_no, "password": "forgotten"}
    for _ in range(5):
        Browser().post(reverse("login"), tried)
    assert "axes" not in browser.get(reverse("admin:index")).content.decode()
    address = reverse("admin:accounts_failedlogin_changelist")
    browser.cookies["django_language"] = "zh-hans"
    page = browser.get(address).content.decode()
    assert all(word in page for word in ("登录失败", "须等待", alice.staff_no))
    [kept] = FailedLogin.objects.all()
    assert (kept.failures_since_start, kept.waits) == (5, True)
    kept.attempt_time -= timedelta(minutes=16)  # a quarter of an hour is enough
    assert not kept.waits
    tried["password"] = PASSWORD
    assert Browser().post(reverse("login"), tried).status_code != 302
    browser.post(address, {"action": "let_them_try", "_selected_action": [kept.pk]})
    assert Browser().post(reverse("login"), tried).status_code == 302
