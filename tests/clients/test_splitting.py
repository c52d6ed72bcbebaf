"""A split loses nobody, parts no home, and is even: tried against every other split."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.splitting import LEEWAY, Home, load_of, split

LOADS = st.lists(st.integers(1, 12), max_size=24)


def homes_of(loads: list[int]) -> list[Home]:
    return [
        Home((2 * n, 2 * n + 1), load, "东西南北"[n * load % 4]) for n, load in enumerate(loads)
    ]


def spread(loads: list[int]) -> int:
    return max(loads) - min(loads)


@given(LOADS, st.integers(1, 6))
def test_each_home_goes_whole_to_one_receiver(loads: list[int], n: int) -> None:
    homes = homes_of(loads)
    shares = split(homes, range(n))
    given_out = [home for share in shares.values() for home in share]
    assert sorted(given_out, key=lambda home: home.clients) == homes
    assert set(shares) == set(range(n))


@given(LOADS, st.integers(1, 6))
def test_loads_are_even_or_no_home_could_make_them_more_so(loads: list[int], n: int) -> None:
    shares = split(homes_of(loads), range(n))
    even = Fraction(sum(loads), n)
    full = max(shares.values(), key=load_of)
    gap = load_of(full) - min(map(load_of, shares.values()))
    near = all(abs(load_of(share) - even) <= LEEWAY * even for share in shares.values())
    assert near or all(home.load >= gap for home in full)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=7), st.integers(2, 3))
def test_no_split_at_all_is_better_by_more_than_one_home(loads: list[int], n: int) -> None:
    homes = homes_of(loads)
    ours = spread([load_of(share) for share in split(homes, range(n)).values()])
    best = min(
        spread(
            [
                sum(load for load, to in zip(loads, way, strict=True) if to == who)
                for who in range(n)
            ]
        )
        for way in product(range(n), repeat=len(loads))
    )
    assert ours <= best + max(loads)


def test_a_neighbourhood_stays_together_where_the_loads_allow_it() -> None:
    homes = [Home((10 * n + len(area),), 1, area) for n in range(20) for area in ("a", "bb", "ccc")]
    shares = split(homes, [1, 2, 3])
    assert [{home.area for home in share} for share in shares.values()] == [{"a"}, {"bb"}, {"ccc"}]


def test_the_order_of_the_clients_makes_no_difference() -> None:
    homes = [Home((n,), n % 5 + 1, "东西"[n % 2]) for n in range(30)]
    assert split(homes, [1, 2, 3]) == split(homes[::-1], [1, 2, 3])


def test_somebody_must_receive() -> None:
    with pytest.raises(ValueError, match="nobody"):
        split([], [])
