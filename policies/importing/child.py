"""The process that parses a file, apart from everything else: python -m policies.importing.child

It has no settings, no database, and limits on memory and time; a file that makes it die kills
nothing else. What it finds goes to its standard output as messages, which `reader` takes in.
"""

import gc
import json
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from lib.aside import step_aside
from policies.importing import preflight
from policies.importing.book import Row as Line
from policies.importing.book import Sheet, Table, find_table, open_book
from policies.importing.control import Control
from policies.importing.layouts import ISSUED, AllTold, Headings, Name
from policies.importing.mapping import guesses, masked, twins
from policies.importing.messages import LENGTH, Crash, Header, Message, Notes
from policies.importing.parsing import Cell, look_rounded
from policies.importing.problems import Note, Refusal
from policies.importing.rows import ParsedRow, RowParser

BATCH = 1_000  # rows read and sent at once,
MOST_CELLS = 100_000  # fewer where they are wide


def main() -> None:
    *question, memory, seconds = sys.argv[1:]
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not break the messages
    step_aside()
    _limit(int(memory), int(seconds))
    gc.disable()  # elements and rows have no cycles, and looking for some takes a third of the time
    answer(question, pipe)


def answer(question: Sequence[str], pipe: BinaryIO) -> None:
    """Write to the pipe what the file holds, message by message, or why it cannot be read."""
    path, name, today, largest, told, asks = question
    asked = Asked(json.loads(told), bool(int(asks)))
    send = _sender(pipe)
    try:
        for message in messages(Path(path), name, date.fromisoformat(today), int(largest), asked):
            send(message)
        send(None)
    except Refusal as refusal:
        send(refusal)
    except MemoryError:
        send(Refusal("too_much"))
    except Exception as error:
        send(Crash(_where(error)))


class Asked(NamedTuple):
    """What is known of headings beside the vocabulary, and whether somebody can be asked for more."""

    told: AllTold = {}
    asks: bool = False


NOTHING_SAID = Asked()


def messages(
    path: Path, name: str, today: date, largest: int, asked: Asked = NOTHING_SAID
) -> Iterator[Message]:
    """The header of each sheet that is a list, and its rows in batches."""
    kind = preflight.check(path, name, largest)
    unfit: Refusal | None = None
    unsure: Header | None = None
    found, notes, unread = False, list[Note](), list[Note]()
    for sheet in open_book(path, kind, notes):
        first = list(islice(sheet.rows, 1))
        table = find_table(chain(first, sheet.rows), asked.told)
        refusal = _refusal(table)
        if table and not refusal:
            found = True
            yield _header(sheet, table, asked)
            parser = RowParser(
                table.layout, table.matches, today=today, from_1904=sheet.from_1904,
                sheet=sheet.name, rounded=_rounded(table),
            )  # fmt: skip
            yield from _batches(table, parser, kind == "text" and _breaks_off(path))
            notes += _noticed(table, parser)
            continue
        if first:
            unread.append(Note("sheet_unread", {"sheet": sheet.name}))
        if unfit is None or (refusal and refusal.code != "no_headings"):
            unfit = refusal
            unsure = _header(sheet, table, asked)._replace(lacks=True) if table else None
    if not found and unsure and asked.asks:
        yield unsure
    elif not found:
        raise unfit or Refusal("no_headings")
    if notes or unread:
        yield Notes(notes + unread)


def _noticed(table: Table, parser: RowParser) -> Iterator[Note]:
    kind = table.layout.code
    if table.unit:
        yield Note("unit", {"unit": table.unit}, kind)
    for match in table.matches:
        if match.field in _rounded(table):
            yield Note("rounded", {"column": match.heading}, kind)
    wrong, right = parser.ids_in_15_digits
    if wrong and right:
        yield Note("ids_rounded", {"wrong": wrong, "right": right}, kind)
    for heading in twins(table.headings, table.matches, table.first):
        yield Note("twins", {"column": heading}, kind)
    for heading, examples in parser.healed.items():
        for was, now in examples.items():
            said = {"was": masked(was), "now": masked(now)}
            if said["was"] != said["now"]:
                yield Note("healed", {"column": heading, **said}, kind)


_LONG_NUMBERS = {
    "policy_no", "reference", "account", "proposal_no", "claim_no", "case_no", "id_number",
    "insured_id_number",
}  # fmt: skip


def _rounded(table: Table) -> list[str]:
    """Fields whose long numbers a spreadsheet has rounded, as far as the first rows tell."""
    return [
        match.field
        for match in table.matches
        if match.field in _LONG_NUMBERS
        and look_rounded(row[match.place] for row in table.first if match.place < len(row))
    ]


def _header(sheet: Sheet, table: Table, asked: Asked) -> Header:
    layout = table.layout
    told = asked.told.get(layout.code, {})
    columns = guesses(layout, table.headings, table.matches, table.first, told)
    return Header(
        sheet.name,
        table.header_row,
        table.headings,
        table.matches,
        sheet.total and max(sheet.total - table.header_row, 0),
        layout.code,
        columns,
    )


def _refusal(table: Table | None) -> Refusal | None:
    if table is None:
        return Refusal("no_headings")
    layout = table.layout
    if missing := layout.lacking(table.matches):
        columns = Headings(layout.code, tuple(missing))
        if layout is ISSUED:
            return Refusal("columns_missing", columns=columns)
        return Refusal("list_columns_missing", columns=columns, list=Name(layout.code))
    return None


def _batches(table: Table, parser: RowParser, breaks_off: bool) -> Iterator[list[ParsedRow]]:
    control = Control(table.layout, table.matches) if table.layout.control else None
    row_no, cells = 0, cast("list[Cell]", table.headings)
    for lines in _lines(table):
        batch = parser.parse(lines)
        if control:
            for row in batch:
                control.add(row)
            _hear(control, table)
        if batch:
            row_no, cells = lines[-1]
            yield batch
    if control:
        if breaks_off and len(cells) < len(table.headings):
            raise Refusal("cut_off", row=row_no)
        control.end(table.above)


def _lines(table: Table) -> Iterator[list[Line]]:
    """As many as are read at once, none of them behind a total that is not heard yet."""
    lines, cells = list[Line](), 0
    for line in table.body:
        if table.totals:
            yield lines
            table.totals.clear()
            lines, cells = [], 0
        lines.append(line)
        cells += len(line[1])
        if len(lines) == BATCH or cells > MOST_CELLS:
            yield lines
            lines, cells = [], 0
    yield lines


def _hear(control: Control, table: Table) -> None:
    while table.totals:
        control.hear(table.totals.pop(0))


def _breaks_off(path: Path) -> bool:
    """Whether a text does not end with the end of a line."""
    with path.open("rb") as file:
        file.seek(-min(2, path.stat().st_size), os.SEEK_END)
        return not {10, 13} & set(file.read())


def _sender(pipe: BinaryIO) -> Callable[[Message], None]:
    def send(message: Message) -> None:
        body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        pipe.write(LENGTH.pack(len(body)))
        pipe.write(body)
        pipe.flush()

    return send


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        resource.setrlimit(limit, (value, value))


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
    return f"{type(error).__name__} at {places}"


if __name__ == "__main__":
    main()
