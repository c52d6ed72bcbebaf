"""Who lives together: the same address and a bond besides, never the address alone."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from clients.models import Client, Household
from policies.households import MOST, derive_households

pytestmark = pytest.mark.django_db
HOME = "杭州市西湖区文三路 259 号 2 幢 501"


def homes() -> list[set[str]]:
    found: dict[int, set[str]] = {}
    for name, home in Client.objects.exclude(household=None).values_list("name", "household"):
        found.setdefault(home, set()).add(name)
    return sorted(found.values(), key=sorted)


def test_one_name_behind_one_door_is_a_household(make_client: Any) -> None:
    make_client(name="王志远", address=HOME)
    make_client(name="王小芸", address=HOME.replace(" ", ""))
    make_client(name="李建国", address=HOME)
    assert derive_households() == 2
    assert homes() == [{"王志远", "王小芸"}]
    home = Household.objects.get()
    assert (home.name, home.address, home.main_client.name) == ("王志远", HOME, "王志远")


def test_the_address_alone_is_nothing(make_client: Any) -> None:
    make_client(name="王志远", address=HOME)
    make_client(name="李建国", address=HOME)
    assert derive_households() == 0


@pytest.mark.parametrize("address", ["", "杭州", "杭州市西湖区文三路"])
def test_an_address_that_names_no_door_is_nothing(make_client: Any, address: str) -> None:
    make_client(name="王志远", address=address)
    make_client(name="王小芸", address=address)
    assert derive_households() == 0


def test_whom_the_policy_calls_wife_lives_with_the_husband(
    make_client: Any, make_policy: Any
) -> None:
    husband = make_client(name="王志远", address=HOME)
    make_client(name="李梅", address=HOME)
    make_client(name="赵六", address=HOME)
    make_client(name="王小宝", address=HOME)
    make_policy(husband, insured_name="李梅", relation="配偶")
    make_policy(husband, insured_name="赵六", relation="雇佣")
    assert derive_households() == 3
    assert homes() == [{"李梅", "王志远", "王小宝"}]


def test_double_surnames_are_one_name(make_client: Any) -> None:
    make_client(name="欧阳修远", address=HOME)
    make_client(name="欧小红", address=HOME)
    assert derive_households() == 0


def test_a_dormitory_is_no_family(make_client: Any) -> None:
    for n in range(MOST + 1):
        make_client(name=f"王{n}", address=HOME)
    assert derive_households() == 0


def test_clients_of_two_agents_stay_apart(make_client: Any, carol: Any) -> None:
    make_client(name="王志远", address=HOME)
    make_client(name="王小芸", address=HOME, agent=carol)
    make_client(name="王无名", address=HOME, agent=None)
    assert derive_households() == 0


def test_run_again_it_changes_nothing_and_takes_in_who_is_new(make_client: Any) -> None:
    make_client(name="王志远", address=HOME)
    make_client(name="王小芸", address=HOME)
    assert [derive_households(), derive_households()] == [2, 0]
    make_client(name="王小宝", address=HOME)
    assert derive_households() == 1
    assert homes() == [{"王志远", "王小芸", "王小宝"}]


def test_the_command_says_how_many_moved_in(make_client: Any) -> None:
    make_client(name="王志远", address=HOME)
    make_client(name="王小芸", address=HOME)
    said = StringIO()
    call_command("households", stdout=said)
    assert said.getvalue().startswith("2 clients moved in")


def test_who_left_by_hand_is_not_brought_back(make_client: Any) -> None:
    _, son, wife = (make_client(name=f"王{n}", address=HOME) for n in "远宝芸")
    derive_households()
    son.refresh_from_db()
    Household.leave(son)
    assert derive_households() == 0
    assert homes() == [{"王远", "王芸"}]
    Household.begin(son).join(wife)  # she moves to her son, by hand
    assert derive_households() == 0
