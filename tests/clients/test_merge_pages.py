"""Duplicates on pages: who sees which pair, the choice, two people, and back."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from clients import duplicates
from clients.merge_views import UNTOLD
from clients.models import Client, Duplicate, Merge
from lib.absorbing import references

pytestmark = pytest.mark.django_db
BORN = date(1980, 1, 1)


@pytest.fixture
def pair(make_client: Any, make_policy: Any) -> Duplicate:
    first = make_client(name="陈志远", birth_on=BORN, mobile="13800138000", email="")
    make_policy(first)
    make_client(name="陈志远", birth_on=BORN, mobile="13900139000", email="c@x.cn")
    duplicates.find()
    return Duplicate.objects.get()


def test_who_leads_both_merges_by_field_and_takes_it_back(
    pair: Duplicate, login: Any, bob: Any
) -> None:
    browser = login(bob)
    page = browser.get(f"/clients/duplicates/{pair.pk}/").content.decode()
    assert "138 **** 8000" in page
    assert "13800138000" not in page
    answer = browser.post(f"/clients/duplicates/{pair.pk}/", {"mobile": "gone", "key": "k"})
    assert answer["Location"] == f"/clients/{pair.one_id}/"
    client = Client.objects.get(name="陈志远")
    assert (client.pk, client.mobile, client.email) == (pair.one_id, "13900139000", "c@x.cn")
    moved = browser.get(f"/clients/{pair.other_id}/")
    assert moved["Location"] == f"/clients/{pair.one_id}/", "the old address leads on"
    merged = Merge.objects.get()
    assert "陈志远" in browser.get("/clients/duplicates/").content.decode()
    answer = browser.post(f"/clients/merges/{merged.pk}/undo/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == "/clients/duplicates/"
    assert Client.objects.filter(name="陈志远").count() == 2
    assert browser.get(f"/clients/{pair.other_id}/").status_code == 200


def test_a_pair_across_teams_is_for_who_sees_both(
    pair: Duplicate, login: Any, bob: Any, dora: Any, carol: Any
) -> None:
    Client.objects.filter(pk=pair.other_id).update(agent=carol)
    assert login(bob).get(f"/clients/duplicates/{pair.pk}/").status_code == 404
    assert login(dora).get(f"/clients/duplicates/{pair.pk}/").status_code == 200


def test_two_people_are_not_asked_about_again(pair: Duplicate, login: Any, bob: Any) -> None:
    browser = login(bob)
    browser.post(f"/clients/duplicates/{pair.pk}/different/")
    duplicates.find()
    assert not Duplicate.objects.open().exists()
    assert browser.get("/clients/duplicates/?different").context["page"].paginator.count == 1
    browser.post(f"/clients/duplicates/{pair.pk}/different/")
    assert Duplicate.objects.open().exists()


def test_twenty_pairs_cost_the_queries_of_one(
    pair: Duplicate, login: Any, bob: Any, make_client: Any, django_assert_num_queries: Any
) -> None:
    browser = login(bob)
    browser.get("/clients/duplicates/")
    with CaptureQueriesContext(connection) as first:
        browser.get("/clients/duplicates/")
    for n in range(20):
        for _ in range(2):
            make_client(name=f"张{n}", birth_on=BORN)
    duplicates.find()
    with django_assert_num_queries(len(first)):
        browser.get("/clients/duplicates/")


def test_what_hangs_on_a_record_has_a_name_in_the_words_of_the_office() -> None:
    with translation.override("zh-hans"):
        names = [f"{m._meta.verbose_name_plural}" for m, _ in references(Client) if m not in UNTOLD]
    assert [name for name in names if name.isascii()] == []


def test_any_two_are_compared_by_hand(
    make_client: Any, login: Any, alice: Any, bob: Any, carol: Any
) -> None:
    one = make_client(name="陈志远", mobile="13800138000", birth_on=BORN)
    other = make_client(name="陈至源", mobile="13900139000", birth_on=date(1970, 2, 2))
    stranger = make_client(name="陈至源", agent=carol)
    browser, url = login(bob), f"/clients/{one.pk}/same/"
    assert url in browser.get(f"/clients/{one.pk}/").content.decode()
    assert url not in login(alice).get(f"/clients/{one.pk}/").content.decode()
    page = browser.get(url, {"q": "陈至源"})
    assert list(page.context["found"]) == [other]
    assert "13900139000" not in page.content.decode()
    for text in ("", "\x00", "何人"):
        assert not browser.get(url, {"q": text}).context["found"]
    for nobody in (stranger.pk, one.pk, "", "x", "9" * 30):
        assert browser.post(url, {"other": nobody})["Location"] == url
    assert not Duplicate.objects.exists()
    there = browser.post(url, {"other": other.pk})["Location"]
    assert browser.post(url, {"other": other.pk})["Location"] == there
    assert "由人选定" in browser.get(there).content.decode()
    browser.post(there, {"key": "k"})
    assert Merge.objects.get().gone_pk in {one.pk, other.pk}


def test_a_choice_that_nobody_follows_is_forgotten(make_client: Any) -> None:
    one, other = make_client(name="甲", mobile=""), make_client(name="乙", mobile="")
    Duplicate.by_hand(other, one)
    duplicates.find()
    assert not Duplicate.objects.exists()


def test_many_found_cost_the_queries_of_one(make_client: Any, login: Any, bob: Any) -> None:
    one, browser, counts = make_client(name="甲"), login(bob), []
    for _more in range(2):
        make_client(name="乙")
        with CaptureQueriesContext(connection) as queries:
            browser.get(f"/clients/{one.pk}/same/", {"q": "乙"})
        counts.append(len(queries))
    assert counts[0] == counts[1]
