"""The people around a client, and households by hand."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from clients.kinship import Kin, read
from clients.models import Client, FamilyMember, Household

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("words", "kin", "gender"),
    [
        ("配偶", "spouse", ""),
        ("妻子", "spouse", "f"),
        ("丈夫", "spouse", "m"),
        ("子女", "child", ""),
        ("女儿", "child", "f"),
        ("母女", "child", "f"),  # the holder first: the insured is the daughter
        ("投保人之子", "child", "m"),
        ("被保险人是投保人的父亲", "parent", "m"),
        ("父母", "parent", ""),
        ("岳母", "parent", "f"),
        ("兄弟姐妹", "sibling", ""),
        ("Spouse", "spouse", ""),
        ("son of the holder", "child", "m"),
    ],
)
def test_the_words_of_a_book_are_read(words: str, kin: str, gender: str) -> None:
    assert read(words) == (kin, gender, "")


@pytest.mark.parametrize("words", ["侄子", "干妈", "孙女", "祖父母", "grandson", "雇佣"])
def test_words_nobody_knows_stay_as_they_are(words: str) -> None:
    assert read(words) == (Kin.OTHER, "", words)


@pytest.mark.parametrize("words", ["本人", "本 人", "Self"])
def test_the_holder_is_nobody_else(words: str) -> None:
    assert read(words.replace(" ", "")) is None


def member(client: Client, **fields: Any) -> FamilyMember:
    usual = {"client": client, "kin": "child", "name": "乐乐"}
    return FamilyMember.objects.create(**(usual | fields))


def test_a_birthday_of_a_known_year_tells_the_birth_and_the_coming_of_age(make_client: Any) -> None:
    child = member(make_client(), calendar="lunar", year=2014, month=6, day=3)
    assert child.birth_on == date(2014, 6, 29)
    assert child.of_age_on == date(2032, 6, 29)
    assert child.comes_on(date(2026, 6, 12)) == date(2026, 7, 16)
    assert child.nth_on(date(2026, 7, 16)) == 12


def test_without_a_year_there_is_a_birthday_but_no_age(make_client: Any) -> None:
    child = member(make_client(), month=2, day=29)
    assert child.comes_on(date(2026, 1, 1)) == date(2026, 2, 28)
    assert (child.birth_on, child.of_age_on) == (None, None)


def test_children_under_an_age_are_found(make_client: Any) -> None:
    client = make_client()
    small = member(client, name="小", year=2012, month=6, day=13)
    member(client, name="大", year=2012, month=6, day=12)
    member(client, name="不知")
    member(client, name="妻", kin="spouse", year=2013, month=1, day=1)
    assert list(FamilyMember.objects.children_under(14, date(2026, 6, 12))) == [small]


def test_nobody_stands_twice_around_a_client(make_client: Any) -> None:
    client = make_client()
    member(client)
    with pytest.raises(IntegrityError), transaction.atomic():
        member(client, kin="other")


def test_a_household_is_joined_and_left_by_hand(make_client: Any) -> None:
    husband, wife, son = make_client(), make_client(), make_client()
    home = Household.begin(husband)
    home.join(wife)
    home.join(son)
    assert set(home.members.all()) == {husband, wife, son}
    Household.leave(husband)
    home.refresh_from_db()
    assert home.main_client == wife
    assert home.name == wife.name
    Household.leave(son)
    assert not Household.objects.exists()
    assert set(Client.objects.values_list("household", flat=True)) == {None}


def test_who_moves_leaves_no_household_of_one(make_client: Any) -> None:
    a, b, c = make_client(), make_client(), make_client()
    Household.begin(a).join(b)
    b.refresh_from_db()
    Household.begin(c).join(b)
    assert Household.objects.get() == Client.objects.get(pk=c.pk).household
    assert Client.objects.get(pk=a.pk).household is None
