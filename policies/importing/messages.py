"""What the process that parses tells the one that asked: a length, then a pickled message."""

import struct
from typing import NamedTuple

from policies.importing.columns import Match
from policies.importing.mapping import Guess
from policies.importing.problems import Note, Refusal
from policies.importing.rows import ParsedRow

LENGTH = struct.Struct(">I")


class Header(NamedTuple):
    """What was understood of a sheet's headings."""

    sheet: str
    header_row: int
    headings: list[str]  # of every column of the file
    matches: list[Match]  # those that are understood
    rows_in_all: int | None  # below the headings, about, where the file says it; blank ones count
    kind: str = "issued"  # of list: the code of its layout
    columns: list[Guess] = []
    lacks: bool = False  # columns without which nothing can be read; no rows follow


class Notes(NamedTuple):
    """What was noticed on the way."""

    notes: list[Note]


class Crash(NamedTuple):
    """Where the program, not the file, was wrong; no values, since they are personal."""

    where: str


Message = Header | Notes | list[ParsedRow] | Refusal | Crash | None  # None: all rows have been sent
