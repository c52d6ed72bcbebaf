"""The order of visits: as good as trying them all, and far better than the order of addresses."""

from collections.abc import Sequence
from itertools import permutations
from random import Random

import pytest

from bench.routes import by_address, day
from lib import driving, tours
from lib.places import read
from lib.tours import Visit, arrivals, best_order, cost

DAYS = 50


def tried_all(visits: Sequence[Visit], way: tours.Minutes, first: Sequence[float] = ()) -> float:
    return min(cost(order, visits, way, first) for order in permutations(range(len(visits))))


def test_on_fifty_days_it_is_within_five_percent_of_the_best_and_beats_the_addresses() -> None:
    rng, ours, addresses = Random(5), 0.0, 0.0
    for _day in range(DAYS):
        written, visits, way = day(rng, 5)
        found = cost(best_order(visits, way), visits, way)
        assert found <= tried_all(visits, way) * 1.05
        assert found <= cost(by_address(written), visits, way)
        ours, addresses = ours + found, addresses + cost(by_address(written), visits, way)
    assert ours < addresses * 0.8


def test_from_where_the_day_begins_it_is_within_five_percent_of_the_best_as_well() -> None:
    rng = Random(6)
    for _day in range(DAYS):
        _written, visits, way = day(rng, 4)
        first = [rng.uniform(0, 60) for _visit in visits]
        order = best_order(visits, way, first)
        assert cost(order, visits, way, first) <= tried_all(visits, way, first) * 1.05
        assert arrivals(order, visits, way, first)[0] >= first[order[0]]


WAY = [[0, 10, 30], [10, 0, 30], [30, 30, 0]]


@pytest.mark.parametrize(
    ("visits", "order"),
    [
        ([Visit(), Visit(), Visit()], [0, 1, 2]),
        ([Visit(), Visit(), Visit(at=0)], [2, 0, 1]),
        ([Visit(weight=0), Visit(weight=0), Visit(weight=9)], [2, 0, 1]),
        ([], []),
        ([Visit()], [0]),
    ],
    ids=["by way", "an appointment first", "what matters first", "nobody", "one"],
)
def test_appointments_and_importance_come_before_the_way(
    visits: list[Visit], order: list[int]
) -> None:
    assert cost(best_order(visits, WAY), visits, WAY) == cost(order, visits, WAY)
    assert best_order(visits, WAY)[:1] == order[:1] or not any(v.at or v.weight for v in visits)


def test_who_comes_early_waits() -> None:
    assert arrivals([0, 1], [Visit(35), Visit(35, at=120)], WAY) == [0, 120]


def test_the_same_day_has_the_same_order() -> None:
    _written, visits, way = day(Random(1), 9)
    assert best_order(visits, way) == best_order(visits, way)


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("杭州市西湖区文三路1号", "杭州市西湖区文三路201号", 1, 2),
        ("杭州市西湖区文三路1号", "杭州市西湖区古翠路1号", 3, 5),
        ("杭州市西湖区文三路1号", "杭州市滨江区江南大道1号", 10, 25),
        ("杭州市西湖区文三路1号", "浙江省义乌市稠州北路1号", 100, 160),
        ("西湖区文三路1号", "", 10, 15),
    ],
)
def test_a_way_is_guessed_from_what_two_addresses_share(
    one: str, other: str, least: float, most: float
) -> None:
    assert least <= driving.kilometres(read(one), read(other)) <= most
    assert driving.minutes(read(one), read(other)) == driving.minutes(read(other), read(one))
