"""Sheets of rows out of a file, each row with the number that the spreadsheet shows beside it."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, cast

from policies.importing import old_workbook
from policies.importing.columns import Match, plain_heading, unit_of_all
from policies.importing.layout import Layout
from policies.importing.layouts import AllTold, best
from policies.importing.parsing import Cell, text_of
from policies.importing.preflight import Kind
from policies.importing.problems import Note, Refusal
from policies.importing.workbook import Workbook

Row = tuple[int, list[Cell]]
SEARCHED_ROWS = 20
_FEWEST_HEADINGS = 3
_SURELY_DATA = 5  # cells filled
_MOST_NOTE_CELLS = 3  # of a title or note that stands between the rows
_TOTAL = re.compile(
    r"(本页|累计|当前)?(合计|总计|小计|共计|总和|合計|總計|总(保费|保额|金额|件数|笔数|户数|人数|数)|平均|[人件户]均)|[户件笔人]数|共\d+[条件笔单份户人]|(grand|sub)?total(s)?\b|sum\b"
)
_FOOTER = re.compile(
    r"制表|制单|复核|审核|打印|导出|备注|说明|注[:：]|以上|printed|prepared|exported|note"
)


class Sheet(NamedTuple):
    name: str
    rows: Iterator[Row]
    from_1904: bool = False
    total: int | None = None  # rows in all, about, where the file knows


@dataclass
class Table:
    """Where the headings stand in a sheet, which columns they name, and of which kind of list."""

    header_row: int
    headings: list[str]
    matches: list[Match]
    layout: Layout
    body: Iterator[Row] = field(repr=False)
    above: list[list[Cell]] = field(repr=False)  # the rows before the headings
    totals: list[list[Cell]]  # met so far; the reader of the body empties it
    first: list[list[Cell]] = field(default_factory=list, repr=False)  # rows of the body
    unit: str = ""  # of all amounts, as a line above the headings says


def open_book(path: Path, kind: Kind, notes: list[Note]) -> Iterator[Sheet]:
    """Its sheets; what is worth knowing of them is added to the notes while they are read."""
    if kind == "text":
        return iter([_delimited(path)])
    return _workbook(Workbook(path) if kind == "xlsx" else old_workbook.Workbook(path), notes)


def find_table(rows: Iterator[Row], told: AllTold | None = None) -> Table | None:
    """The best row of headings among the first rows, with the rows below it."""
    first = list(islice(rows, SEARCHED_ROWS))
    above = [[], *(cells for _, cells in first)]
    named = [_named(cells, over) for (_, cells), over in zip(first, above, strict=False)]
    scored = [(best(cells, told)[0], -place) for place, cells in enumerate(named)]
    place = -max(scored, default=(0, 0))[1]
    if not first or len(best(named[place], told)[2]) < _FEWEST_HEADINGS:
        return None
    row_no, headings = first[place][0], named[place]
    _, layout, matches = best(headings, told)
    above = above[1 : place + 1]
    if unit := unit_of_all(text_of(cell) for line in above for cell in line):
        matches = layout.vocabulary.in_units(matches, unit)
    filtered = _Filter(headings, matches, layout)
    if place + 1 < len(first) and _explains(first[place + 1][1], layout, matches):
        del first[place + 1]
    body = filtered.data(chain(first[place + 1 :], rows))
    shown = [str(cell).strip() for cell in headings]
    below = [cells for _, cells in first[place + 1 :] if not filtered.is_no_data(cells)]
    filtered.totals.clear()
    return Table(row_no, shown, matches, layout, body, above, filtered.totals, below, unit)


def _named(cells: list[Cell], above: list[Cell]) -> list[Cell]:
    return _told_apart(_with_headings_above(cells, above))


def _with_headings_above(cells: list[Cell], above: list[Cell]) -> list[Cell]:
    """Where a heading cell is merged over two rows, its text stands in the upper one; where one
    stands over several, it says of whom these are."""
    known = best(cells)[1].vocabulary.known
    headings, group = [], ""
    for cell, over in zip(cells, above + [""] * len(cells), strict=False):
        group = str(over).strip() or group
        if cell == "":
            headings.append(over if known(plain_heading(str(over))) else cell)
        else:
            headings.append(_of_whom(group, cell))
    return headings


_PERSON = re.compile(
    r"(投保人|被保险人|被保人|受益人|(?:owner|holder|policyholder|insured|beneficiary))(?:信息|资料|information|details)?"
)
_OF_A_PERSON = re.compile(
    r"姓名|性别|出生|生日|年龄|证件|身份证|手机|电话|联系|地址|邮编|邮箱|职业"
    r"|name|gender|sex|dob|birth|age|id|mobile|phone|email|address|postcode"
)


def _of_whom(group: str, cell: Cell) -> Cell:
    """证件号码 under 被保险人 is not that of the policyholder."""
    found = _PERSON.fullmatch(plain_heading(group))
    heading = str(cell).strip()
    if not found or not _OF_A_PERSON.match(plain_heading(heading)):
        return cell
    space = " " if found[1].isascii() else ""
    return f"{found[1].capitalize()}{space}{heading}"


def _told_apart(headings: list[Cell]) -> list[Cell]:
    """A heading that comes again gets a number, so that it can be chosen by itself."""
    seen: Counter[str] = Counter()
    apart: list[Cell] = []
    for heading in headings:
        plain = plain_heading(str(heading))
        seen[plain] += 1
        again = plain and seen[plain] > 1
        apart.append(f"{str(heading).strip()} ({seen[plain]})" if again else heading)
    return apart


def _explains(cells: list[Cell], layout: Layout, matches: list[Match]) -> bool:
    """Whether the row below the headings says them again: in another language, as codes, as numbers."""
    said = [text_of(cell) for cell in cells if str(cell).strip()]
    if said == [str(n) for n in range(1, len(said) + 1)]:
        return len(said) > 1
    if sum(bool(layout.vocabulary.known(plain_heading(words))) for words in said) * 2 > len(said):
        return True
    names_the_number = any(
        m.field == layout.key and text_of(cells[m.place]) for m in matches if m.place < len(cells)
    )
    return names_the_number and len(said) * 2 > len(matches) and not any(map(_DIGIT.search, said))


_DIGIT = re.compile(r"\d")


class _Filter:
    """Knows the rows that are no data: blank ones, totals, notes, titles, headings repeated."""

    def __init__(self, headings: list[Cell], matches: list[Match], layout: Layout) -> None:
        self.headings = headings
        self.number_at = next((m.place for m in matches if m.field == layout.key), 0)
        self.longest_note = min(_MOST_NOTE_CELLS, len(matches) // 4)
        self.totals: list[list[Cell]] = []

    def data(self, rows: Iterable[Row]) -> Iterator[Row]:
        return (row for row in rows if not self.is_no_data(row[1]))

    def is_no_data(self, cells: list[Cell]) -> bool:
        if len(cells) - cells.count("") > _SURELY_DATA:
            first = next(cell for cell in cells if cell != "")
            if first not in self.headings:
                return self._is_total(first, cells)
        filled = [cell for cell in cells if str(cell).strip()]
        if not filled or self._is_total(filled[0], cells):
            return True
        return self._is_note(cells, filled) or self._repeats_headings(filled)

    def _is_total(self, first: Cell, cells: list[Cell]) -> bool:
        if not _is_total(first):
            return False
        self.totals.append(cells)
        return True

    def _is_note(self, cells: list[Cell], filled: list[Cell]) -> bool:
        if len(filled) <= 2 and _FOOTER.match(str(filled[0]).strip().lower()):
            return True
        has_number = any(str(cell).strip() for cell in cells[self.number_at : self.number_at + 1])
        return len(filled) <= self.longest_note and not has_number

    def _repeats_headings(self, filled: list[Cell]) -> bool:
        return sum(cell in self.headings for cell in filled) * 2 > len(filled)


@lru_cache(maxsize=1_000)  # branches often stand first
def _is_total(cell: Cell) -> bool:
    return isinstance(cell, str) and bool(_TOTAL.match(cell.replace(" ", "").lower()))


# Workbooks


def _workbook(workbook: Workbook | old_workbook.Workbook, notes: list[Note]) -> Iterator[Sheet]:
    for name, rows, total in workbook.sheets():
        yield Sheet(name, rows, workbook.from_1904, total)
        if hidden := workbook.hidden_rows:
            notes.append(Note("hidden_rows", {"sheet": name, "rows": hidden}))
    notes += [Note("hidden_sheet", {"sheet": name}) for name in workbook.hidden]


# Delimited text

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_SIGNS = (b"\xa1", b"\xa3")  # full-width signs and digits
_COMMON, _COMMON_FROM = range(0xB0, 0xF8), 0xA0
_CHUNK = 1 << 20
_DELIMITERS = ",\t;|"
_LONGEST_CELL = 1 << 20


def _delimited(path: Path) -> Sheet:
    # The standard csv module and not pandas: it takes rows of any length, counts records as a
    # spreadsheet counts rows (pandas shifts the columns of a row that is too long), starts a second
    # sooner, and is as fast.
    encoding = _encoding(path)
    csv.field_size_limit(_LONGEST_CELL)
    rows = _records(path, encoding, _delimiter(path, encoding))
    return Sheet("", rows, total=_lines(path))


def _lines(path: Path) -> int:
    """About: a cell of several lines counts as so many."""
    lines, chunk = 0, b"\n"
    with path.open("rb") as file:
        while more := file.read(_CHUNK):
            chunk = more
            lines += chunk.count(b"\n")
    return lines + (not chunk.rstrip(b"\0").endswith(b"\n"))


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as lines:
        reader = csv.reader(lines, delimiter=delimiter)
        row_no = started_in = 0
        try:
            for row_no, cells in enumerate(reader, 1):
                yield row_no, cast(list[Cell], cells)
                started_in = reader.line_num + 1
        except csv.Error:
            raise Refusal("unclosed_quote", line=started_in or 1) from None


def _delimiter(path: Path, encoding: str) -> str:
    """The one under which the most headings are known; of equals, the commoner."""

    def headings_found(delimiter: str) -> int:
        rows = islice(_records(path, encoding, delimiter), SEARCHED_ROWS)
        try:
            return max((best(cells)[0] for _, cells in rows), default=0)
        except Refusal:
            return 0

    return max(_DELIMITERS, key=headings_found)


def _encoding(path: Path) -> str:
    """A BOM decides; else UTF-8 if every byte is, else GB18030 if every byte is."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return _checked(path, encoding)
    if guess := _utf16_without_bom(head):
        return _checked(path, guess)
    bad_line = _first_bad_line(path, "utf-8")
    if bad_line is None:
        return "utf-8"
    # Much of a Chinese text in UTF-8 is also some text in GB18030, but not the other way round.
    if _begins_as_utf8(head):
        raise Refusal("invalid_bytes", line=bad_line, encoding="UTF-8")
    if not _reads_as_chinese(head):
        raise Refusal("unknown_encoding")
    return _checked(path, "gb18030")


def _reads_as_chinese(head: bytes) -> bool:
    """Whether the pairs of bytes are mostly common characters: of Big5 read as GB18030 few are."""
    pairs = [pair for pair in _PAIR.findall(head) if pair[:1] not in _SIGNS]
    common = [pair for pair in pairs if pair[0] in _COMMON and pair[1] > _COMMON_FROM]
    return len(common) * 10 >= len(pairs) * 7


def _checked(path: Path, encoding: str) -> str:
    if (bad_line := _first_bad_line(path, encoding)) is not None:
        raise Refusal(
            "invalid_bytes", line=bad_line, encoding=encoding.removesuffix("-sig").upper()
        )
    return encoding


def _first_bad_line(path: Path, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = 1
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            try:
                lines += decoder.decode(chunk).count("\n")
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding, "ignore")
                return lines + good.count("\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return lines
    return None


def _utf16_without_bom(head: bytes) -> str | None:
    even, odd = head[0:2000:2].count(0), head[1:2000:2].count(0)
    if max(even, odd) < len(head[:2000]) // 10:
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _begins_as_utf8(head: bytes) -> bool:
    """Whether characters beyond ASCII stand before the first byte that is not UTF-8."""
    text, _ = codecs.utf_8_decode(head[: _first_bad_byte(head)], "ignore", False)
    return sum(char > "\x7f" for char in text) >= _FEWEST_HEADINGS


def _first_bad_byte(head: bytes) -> int:
    try:
        codecs.utf_8_decode(head, "strict", False)
    except UnicodeDecodeError as error:
        return error.start
    return len(head)
