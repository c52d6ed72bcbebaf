"""Which column of a file is which field, as far as it can be told: recognised, doubtful, or left out.

A heading that is known needs no question. One that resembles a known heading, or whose cells look
like a field that is missing, is asked about; whatever somebody has answered is known from then on.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from lib import identity
from lib.masking import mask_account, mask_id, mask_phone
from policies.importing import parsing
from policies.importing.columns import Column, Match, plain_heading
from policies.importing.layout import Layout
from policies.importing.parsing import Cell
from policies.importing.problems import Problem

Told = Mapping[str, str]  # heading as it is compared: field, or "" for what is not imported

CERTAIN, PERHAPS = 100, 85  # percent
_ALIKE = 66  # from here on a heading is asked about
_LOOKS = 72
_SAMPLES = 3
_LONGEST_SAMPLE = 40


class Guess(NamedTuple):
    """A column of the file, what it probably is, and a few of its cells for the one who decides."""

    place: int
    heading: str
    field: str  # "" where nothing fits
    sure: int  # percent
    asked: bool
    samples: list[str]


def guesses(
    layout: Layout, headings: Sequence[str], matches: Iterable[Match], rows: Sequence[Sequence[Cell]],
    told: Told,
) -> list[Guess]:  # fmt: skip
    """One for each column that has a heading or cells, in the order of the file."""
    matched = {match.place: match for match in matches}
    free = {column.field: column for column in layout.columns if column.zh or column.en}
    for taken in matched.values():
        free.pop(taken.field, None)
    known_headings = {match.heading for match in matched.values()}
    found, others = [], set(twins(headings, matched.values(), rows).values())
    for place, heading in enumerate(headings):
        cells = [row[place] for row in rows if place < len(row) and row[place] != ""]
        match = matched.get(place)
        if match:
            known = _is_certain(layout, heading, told)
            found.append(Guess(place, heading, match.field, known, False, _samples(cells)))
        elif plain_heading(heading) in told:
            found.append(Guess(place, heading, "", CERTAIN, False, _samples(cells)))
        elif _AGAIN.sub("", heading) in known_headings:
            found.append(Guess(place, heading, "", 0, heading in others, _samples(cells)))
        elif heading or cells:
            found.append(_guess(place, heading, cells, free))
    return found


# The insured's birth date resembles the policyholder's, and is not it.
_OF_OTHERS = re.compile("被保|受益|insured|beneficiary")
_AGAIN = re.compile(r" \(\d+\)$")


def twins(
    headings: Sequence[str], matches: Iterable[Match], rows: Sequence[Sequence[Cell]]
) -> dict[str, str]:
    """Understood headings that come again over other cells: each with the later one."""
    first = {match.heading: match.place for match in matches}
    found = {}
    for place, heading in enumerate(headings):
        earlier = first.get(_AGAIN.sub("", heading))
        if earlier is not None and earlier != place and _differ(rows, earlier, place):
            found[headings[earlier]] = heading
    return found


def _differ(rows: Sequence[Sequence[Cell]], one: int, other: int) -> bool:
    both = [row for row in rows if max(one, other) < len(row)]
    return any(row[other] not in ("", row[one]) for row in both)


def _is_certain(layout: Layout, heading: str, told: Told) -> int:
    plain = plain_heading(heading)
    return CERTAIN if plain in told or plain in layout.vocabulary.certain else PERHAPS


def _guess(place: int, heading: str, cells: list[Cell], free: dict[str, Column]) -> Guess:
    """The likeliest of the fields that are not taken yet, which it takes."""
    alike = {field: _likeness(heading, column, cells) for field, column in free.items()}
    looks = _look_of(cells)
    if looks in alike:
        alike[looks] = max(alike[looks], _LOOKS)
    field = max(alike, key=lambda name: alike[name], default="")
    sure = alike.get(field, 0)
    if sure < _ALIKE:
        return Guess(place, heading, "", 0, False, _samples(cells))
    free.pop(field)
    return Guess(place, heading, field, min(sure, CERTAIN - 1), True, _samples(cells))


def _likeness(heading: str, column: Column, cells: list[Cell]) -> int:
    """Percent: how alike the headings are; less where the cells do not read like the field."""
    plain = plain_heading(heading)
    if not plain:
        return 0
    names = [plain_heading(name) for name in (*column.zh.split(), *column.en.split(","))]
    others = bool(_OF_OTHERS.search(plain))
    alike = max(
        (SequenceMatcher(None, plain, name).ratio() for name in names
         if name and bool(_OF_OTHERS.search(name)) == others),
        default=0,
    )  # fmt: skip
    return round(100 * alike * (1 if _reads(column, cells) else 0.6))


def _reads(column: Column, cells: list[Cell]) -> bool:
    parsed = [column.parse(cell) for cell in cells]
    wrong = sum(isinstance(value, Problem) for value in parsed)
    return wrong * 2 <= len(parsed)


def _look_of(cells: list[Cell]) -> str:
    """The field that such cells belong to, where they tell it by themselves."""
    texts = [parsing.text_of(cell) for cell in cells]
    if not texts:
        return ""
    tests = {
        "id_number": lambda text: identity.parse(identity.normalise(text)) is not None,
        "mobile": _is_mobile,
        "email": lambda text: "@" in text,
        "status": lambda text: parsing.plain(text) in parsing.STATUSES,
        "premium_mode": lambda text: parsing.plain(text) in parsing.MODES and not text.isdigit(),
    }
    return next((field for field, test in tests.items() if all(map(test, texts))), "")


def _is_mobile(text: str) -> bool:
    found = parsing.phone(text)
    return getattr(found, "kind", "") == "mobile"


def _samples(cells: Iterable[Cell]) -> list[str]:
    shown = dict.fromkeys(masked(parsing.shown(cell)) for cell in cells)
    return list(shown)[:_SAMPLES]


_NUMBER_WITHIN = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")


def masked(text: str) -> str:
    """As a page may show it: whatever could be a number of a person is masked."""
    text = text.strip()[:_LONGEST_SAMPLE]
    if identity.looks_like_one(identity.normalise(text)):
        return mask_id(text)
    if found := parsing.phone(text):
        number = getattr(found, "number", "")
        if number:
            return mask_phone(number)
    text = _NUMBER_WITHIN.sub(lambda found: mask_phone(found[0]), text)
    digits = text.replace(" ", "").replace("-", "")
    return mask_account(text) if digits.isdigit() and len(digits) > 2 * 8 - 1 else text
