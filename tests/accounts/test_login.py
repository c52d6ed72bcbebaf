"""Coming in by staff number or mobile, and what a guesser meets."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
WEEK = 7 * 24 * 3600


def sign_in(number: str, password: str = PASSWORD, **more: str) -> tuple[Browser, Any]:
    browser = Browser()
    sent = {"username": number, "password": password} | more
    return browser, browser.post(reverse("login"), sent)


def words_of(answer: Any) -> str:
    return " ".join(answer.context["form"].non_field_errors())


@pytest.fixture
def mobile(alice: Any) -> str:
    alice.mobile = "13900001234"
    alice.save()
    return str(alice.mobile)


def test_the_staff_number_opens_in_any_case(alice: Any) -> None:
    browser, answer = sign_in("a1")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert browser.session["_auth_user_id"] == str(alice.pk)


def test_the_mobile_opens_as_well(alice: Any, mobile: str) -> None:
    browser, _ = sign_in(mobile)
    assert browser.session["_auth_user_id"] == str(alice.pk)


def test_a_number_that_could_be_two_people_opens_for_neither(bob: Any, mobile: str) -> None:
    bob.staff_no = mobile
    bob.save()
    assert sign_in(mobile)[1].status_code == 422


def test_who_has_left_stays_outside(alice: Any) -> None:
    alice.is_active = False
    alice.save()
    assert sign_in("A1")[1].status_code == 422


def test_an_account_without_a_password_is_no_door(alice: Any) -> None:
    alice.set_unusable_password()
    alice.save()
    assert sign_in("A1", "!")[1].status_code == 422


def test_an_unknown_number_hears_the_same_as_a_wrong_password(alice: Any) -> None:
    for attempt in range(3):
        wrong, unknown = sign_in("A1", "wrong")[1], sign_in("A9", "wrong")[1]
        assert (wrong.status_code, unknown.status_code) == (422, 422), attempt
        assert words_of(wrong) == words_of(unknown) != ""


def test_attempts_left_are_told_from_the_second_failure(alice: Any) -> None:
    words = [words_of(sign_in("A1", "wrong")[1]) for _ in range(3)]
    digits = ["".join(filter(str.isdigit, each)) for each in words]
    assert digits == ["", "3", "2"]


def test_the_fifth_failure_locks_even_the_right_password_out(alice: Any, bob: Any) -> None:
    answers = [sign_in("A1", "wrong")[1].status_code for _ in range(5)]
    assert answers == [422, 422, 422, 422, 429]
    assert sign_in("A1")[1].status_code == 429
    assert sign_in("S1")[1].status_code == 302, "a colleague at the same machine still comes in"


def test_coming_in_forgets_the_failures(alice: Any) -> None:
    for _ in range(3):
        for _ in range(3):
            sign_in("A1", "wrong")
        assert sign_in("A1")[1].status_code == 302


def test_a_device_is_remembered_for_seven_days_only_when_asked(alice: Any) -> None:
    remembered = sign_in("A1", remember="on")[1].cookies["sessionid"]
    passing = sign_in("A1")[1].cookies["sessionid"]
    assert remembered["max-age"] == WEEK
    assert passing["max-age"] == ""


@pytest.mark.parametrize(
    ("target", "lands_on"),
    [("/clients/", "/clients/"), ("https://evil.example/", "/"), ("//evil.example", "/")],
)
def test_next_stays_on_the_site(alice: Any, target: str, lands_on: str) -> None:
    answer = Browser().post(
        f"{reverse('login')}?next={target}",
        {"username": "A1", "password": PASSWORD, "next": target},
    )
    assert answer["Location"] == lands_on


def test_who_is_in_does_not_log_in_again(login: Any, alice: Any) -> None:
    assert login(alice).get(reverse("login")).status_code == 302


def test_leaving_clears_what_the_browser_kept(login: Any, alice: Any) -> None:
    browser = login(alice)
    answer = browser.post(reverse("logout"))
    assert "cache" in answer["Clear-Site-Data"]
    assert "_auth_user_id" not in browser.session


def test_the_theme_is_kept_with_the_person_and_on_the_device(login: Any, alice: Any) -> None:
    browser = login(alice)
    answer = browser.post(reverse("theme"), {"theme": "dark", "next": reverse("me")})
    alice.refresh_from_db()
    assert (answer["Location"], alice.theme) == (reverse("me"), "dark")
    assert b'data-bs-theme="dark"' in browser.get(reverse("me")).content
    assert b'data-bs-theme="dark"' in login(alice).get(reverse("me")).content, "another device"


def test_the_language_is_kept_with_the_person_and_on_the_device(login: Any, alice: Any) -> None:
    browser = login(alice)
    browser.post(reverse("set_language"), {"language": "en"})
    alice.refresh_from_db()
    assert alice.language == "en"
    assert b'<html lang="en"' in browser.get(reverse("me")).content
    assert b'<html lang="en"' in login(alice).get(reverse("me")).content, "another device"


def test_nonsense_is_no_theme_and_no_language(login: Any, alice: Any) -> None:
    browser = login(alice)
    browser.post(reverse("theme"), {"theme": '"><script>'})
    browser.post(reverse("set_language"), {"language": "tlh"})
    alice.refresh_from_db()
    assert (alice.theme, alice.language) == ("system", "zh-hans")


@pytest.mark.parametrize("url", ["theme", "set_language"])
def test_a_switch_sends_nobody_off_the_site(url: str, db: None) -> None:
    answer = Browser().post(reverse(url), {"next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_single_keys_can_be_switched_off(login: Any, alice: Any) -> None:
    browser = login(alice)
    browser.post(reverse("single_keys"))
    alice.refresh_from_db()
    assert alice.single_keys is False
    browser.post(reverse("single_keys"), {"on": "on"})
    alice.refresh_from_db()
    assert alice.single_keys is True
