"""A page of rows found in several ways: each once, in order, counted up to a bound."""

from typing import Any

import pytest

from clients.models import Client
from lib.paging import SIZE, Found, page_of

ORDER = ("pinyin", "pk")


@pytest.fixture
def people(make_client: Any) -> list[Client]:
    return [make_client(name=f"甲{letter * 3}") for letter in "edcba"]


def names(page: Any) -> str:
    return "".join(client.name[-1] for client in page.object_list)


def test_what_is_found_in_two_ways_comes_once_and_in_order(people: list[Client]) -> None:
    everybody = Client.objects.all()
    ways = [everybody.filter(name__lt="甲d"), everybody.filter(name__gt="甲b")]
    page = page_of(Found(ways, ORDER), everybody, 1)
    assert (names(page), page.count, page.counted) == ("abcde", 5, "5")


def test_the_other_direction(people: list[Client]) -> None:
    everybody = Client.objects.all()
    ways = [everybody.filter(name__lt="甲d"), everybody.filter(name__gt="甲b")]
    assert names(page_of(Found(ways, ("-pinyin", "-pk")), everybody, 1)) == "edcba"


def test_no_way_finds_nothing(people: list[Client]) -> None:
    page = page_of(Found([], ORDER), Client.objects.all(), 7)
    assert (page.object_list, page.number, page.count, page.has_next) == ([], 1, 0, False)


def test_a_page_past_the_end_is_the_last_one(make_client: Any) -> None:
    for n in range(SIZE + 1):
        make_client(name=f"甲{n:03}")
    everybody = Client.objects.all()
    page = page_of(Found([everybody], ORDER), everybody, 9)
    assert (page.number, page.start_index, page.end_index, page.has_next) == (2, 51, 51, False)


def test_beyond_the_bound_it_neither_counts_nor_pages(people: list[Client]) -> None:
    everybody = Client.objects.all()
    page = page_of(Found([everybody, everybody.filter(name__gt="甲b")], ORDER, 3), everybody, 2)
    assert (names(page), page.counted, page.has_next) == ("abc", "3+", False)


def test_rows_come_only_from_those_one_may_see(people: list[Client]) -> None:
    everybody = Client.objects.all()
    assert names(page_of(Found([everybody], ORDER), everybody.filter(name__lt="甲b"), 1)) == "a"
