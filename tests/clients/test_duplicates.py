"""Who may be one person: found by joins, as somebody would who compares each with each."""

from datetime import date
from itertools import combinations
from random import Random
from typing import Any

import pytest

from clients import duplicates
from clients.models import Client, Duplicate

pytestmark = pytest.mark.django_db
NAMES = ("张伟", "章伟", "张玮", "张为民", "李娜", "李娜娜", "陈志远", "陈志元")
BORN = (None, date(1980, 1, 11), date(1980, 1, 12), date(1980, 11, 2), date(1975, 3, 5))
MOBILES = ("", *(f"13{n}0138000" for n in range(80, 92)), "13800138001", "138 0013 8000")
ADDRESSES = ("", "文三路 1 号", "解放路 2 号")


def differ(a: str, b: str) -> int:
    return sum(x != b[n : n + 1] for n, x in enumerate(a))


def found_by_hand(one: Client, other: Client, shared: set[str]) -> bool:
    numbers = [c.mobile.replace(" ", "") for c in (one, other)]
    a, b = (number if number in shared else "" for number in numbers)
    name, birth = one.name == other.name, one.birth_on == other.birth_on and bool(one.birth_on)
    sound = not name and one.pinyin == other.pinyin
    typo = not name and len(one.name) == len(other.name) and differ(one.name, other.name) == 1
    births = one.birth_on and other.birth_on and one.birth_on != other.birth_on
    close = births and differ(f"{one.birth_on:%Y%m%d}", f"{other.birth_on:%Y%m%d}") == 1
    ids = bool(one.id_index and other.id_index)
    apart = births and not close
    if a and a == b and (name or birth or sound or typo) and not (apart and ids):
        return True
    if ids:
        return False
    mobile_typo = len(a) == len(b) == 11 and differ(a, b) == 1
    address = one.address != "" and one.address == other.address
    return bool(
        (birth and (name or sound))
        or (name and not apart and mobile_typo)
        or (name and address and (close or not births))
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_joins_find_what_comparing_each_with_each_finds(seed: int) -> None:
    random = Random(seed)
    for n in range(40):
        Client.objects.create(
            name=random.choice(NAMES),
            birth_on=random.choice(BORN),
            mobile=random.choice(MOBILES),
            address=random.choice(ADDRESSES),
            id_number=f"P{seed}{n:06d}" if random.random() < 0.4 else "",
        )
    people = list(Client.objects.order_by("pk"))
    numbers = [c.mobile.replace(" ", "") for c in people]
    shared = {m for m in numbers if m and numbers.count(m) <= duplicates.SHARED_BY}
    wanted = {(a.pk, b.pk) for a, b in combinations(people, 2) if found_by_hand(a, b, shared)}
    assert duplicates.find() == len(wanted)
    assert set(Duplicate.objects.values_list("one", "other")) == wanted


def test_that_two_are_two_is_remembered(make_client: Any, admin: Any) -> None:
    born = date(1980, 1, 1)
    one, other = (make_client(name="张伟", birth_on=born, mobile="") for _ in range(2))
    assert duplicates.find() == 1
    pair = Duplicate.objects.get()
    assert (pair.one, pair.other) == (one, other)
    assert pair.why == ["name", "birth"]
    pair.say_different(admin)
    assert duplicates.find() == 0
    pair.ask_again(admin)
    assert duplicates.find() == 1
    Client.objects.filter(pk=other.pk).update(birth_on=None)
    assert duplicates.find() == 0
    assert not Duplicate.objects.exists()


def test_a_number_of_many_is_nobodys(make_client: Any) -> None:
    for n in range(duplicates.SHARED_BY + 1):
        make_client(name=f"张{'一二三四五六'[n]}", mobile="13800138000")
    assert duplicates.find() == 0
