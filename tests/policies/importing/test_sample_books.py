"""Each sample book gives exactly what stands in its answer."""

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from policies.importing.rows import ParsedRow
from tests.policies.importing.books import NAMES, SAMPLES, answer, read, said, told


@pytest.fixture(scope="module", params=NAMES)
def book(request: Any) -> tuple[Any, list[ParsedRow], dict[str, Any]]:
    reading, rows = read(SAMPLES / request.param)
    return reading, rows, answer(request.param)


def taken(rows: list[ParsedRow]) -> list[ParsedRow]:
    return [row for row in rows if not row.refused]


def test_all_rows_are_read_and_the_headings_found(book):
    reading, rows, true = book
    assert (reading.header.header_row, len(rows)) == (true["header_row"], true["rows"])
    assert [m.heading for m in reading.header.matches] == true["headings"]


@pytest.mark.parametrize(("refused", "key"), [(True, "must_reject"), (False, "must_warn")])
def test_the_faults_are_told_and_no_others(book, refused, key):
    _, rows, true = book
    expected = sorted((fault["row"], fault["column"], fault["reason"]) for fault in true[key])
    assert told(rows, refused=refused) == expected


def test_the_faulty_values_are_shown_as_they_stand(book):
    _, rows, true = book
    expected = {
        fault["row"]: fault["value"].strip() for fault in true["must_reject"] + true["must_warn"]
    }
    shown = {row.row_no: problem.value.strip() for row in rows for problem in row.problems}
    assert shown == expected


def test_premiums_add_up_to_the_cent(book):
    _, rows, true = book
    assert sum(said(row, "premium") for row in taken(rows)) == Decimal(true["premium_total"])


def test_statuses_agents_and_policies(book):
    _, rows, true = book
    rows = taken(rows)
    assert Counter(said(row, "status") for row in rows) == true["by_status"]
    assert sorted({said(row, "agent_no") for row in rows}) == true["agents"]
    assert len({said(row, "policy_no") for row in rows}) == true["policies"]
    assert len(rows) == true["accepted"]


def test_holders_are_as_many_people_as_the_book_has(book):
    _, rows, true = book
    assert number_of_people(taken(rows)) == true["holders"]


def test_a_refused_row_keeps_its_cells_and_a_good_one_does_not(book):
    reading, rows, _ = book
    for row in rows:
        assert len(row.cells) == (len(reading.header.headings) if row.refused else 0)


class Person(NamedTuple):
    id_number: str
    holder_name: str
    birth_on: date | None
    mobile: str


def same_person(one: Person, other: Person) -> bool:
    """By ID number, else by name and birth date, else by name and mobile."""
    if one.id_number and other.id_number:
        return one.id_number == other.id_number
    if one.holder_name != other.holder_name:
        return False
    if one.birth_on and other.birth_on:
        return one.birth_on == other.birth_on
    return bool(one.mobile) and one.mobile == other.mobile


def number_of_people(rows: list[ParsedRow]) -> int:
    """By comparing everyone with everyone: slow, and plainly right."""
    people = list({Person(*(said(row, field) for field in Person._fields)): None for row in rows})
    leader = list(range(len(people)))
    for one, other in combinations(range(len(people)), 2):
        if same_person(people[one], people[other]):
            kept, gone = leader[one], leader[other]
            leader = [kept if who == gone else who for who in leader]
    return len(set(leader))


def test_the_samples_stand_beside_their_answers():
    assert all((SAMPLES / name).exists() for name in NAMES)
    assert Path(SAMPLES / f"{NAMES[0]}.answer.json").exists()
