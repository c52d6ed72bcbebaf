from datetime import date

import pytest

from lib.workdays import is_workday, official


@pytest.mark.parametrize(
    ("day", "works", "name"),
    [
        (date(2026, 6, 19), False, "端午节"),
        (date(2026, 10, 7), False, ""),  # exchanged for a Saturday
        (date(2026, 10, 10), True, ""),
        (date(2026, 2, 17), False, "春节"),
    ],
)
def test_what_the_decree_says(day: date, works: bool, name: str) -> None:
    assert official(day) == (works, name)
    assert is_workday(day) is works


@pytest.mark.parametrize(("day", "works"), [(date(2026, 6, 12), True), (date(2026, 6, 13), False)])
def test_of_ordinary_days_it_says_nothing(day: date, works: bool) -> None:
    assert official(day) is None
    assert is_workday(day) is works


def test_the_spring_festival_of_a_year_without_a_decree_is_known() -> None:
    assert official(date(2030, 2, 3)) == (False, "春节")
