from datetime import date

import pytest

from lib.festivals import USUAL, between

IN_2026 = {
    "new-year": (1, 1),
    "eve": (2, 16),
    "spring": (2, 17),
    "lantern": (3, 3),
    "women": (3, 8),
    "qingming": (4, 5),
    "labour": (5, 1),
    "mothers": (5, 10),
    "nurses": (5, 12),
    "children": (6, 1),
    "dragon-boat": (6, 19),
    "fathers": (6, 21),
    "qixi": (8, 19),
    "teachers": (9, 10),
    "mid-autumn": (9, 25),
    "national": (10, 1),
    "double-ninth": (10, 18),
    "journalists": (11, 8),
}


def test_a_year_of_them() -> None:
    found = between(date(2026, 1, 1), date(2026, 12, 31))
    assert {festival.code: (day.month, day.day) for day, festival in found} == IN_2026
    assert [day for day, _festival in found] == sorted(day for day, _festival in found)


@pytest.mark.parametrize("code", [festival.code for festival in USUAL])
def test_each_comes_once_a_year(code: str) -> None:
    for year in range(2024, 2036):
        found = between(date(year, 1, 1), date(year, 12, 31))
        assert [festival.code for _day, festival in found].count(code) == 1


def test_where_the_tables_end_there_are_none_of_theirs() -> None:
    late = {festival.code for _day, festival in between(date(2102, 1, 1), date(2102, 12, 31))}
    assert "new-year" in late
    assert "spring" not in late
