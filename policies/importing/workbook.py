"""An .xlsx read from its first row to its last, in memory that does not grow with it.

Libraries hold a whole sheet, or take a minute for what takes ten seconds (docs/decisions/0014). So
the XML goes through the parser of the standard library in pieces: the elements of a row are built,
read and dropped before the next piece comes. Compared cell by cell with two libraries in
tests/policies/importing/test_workbook.py.
"""

import posixpath
import re
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from policies.importing.parsing import Cell, Shown, Uncomputed
from policies.importing.preflight import LONGEST, WIDEST
from policies.importing.problems import Refusal

Row = tuple[int, list[Cell]]
Format = Callable[[float], Cell]

_PIECE = 1 << 14  # whose elements fit into the cache of a processor
_LARGEST_PIECE = 1 << 24
_DEEPEST = 64
_ROOT = "xl/workbook.xml"
_SHEET_TYPE = "/worksheet"


class SheetOfRows(NamedTuple):
    name: str
    rows: Iterator[Row]
    total: int | None  # rows, as the file says; blank ones count


class Workbook:
    def __init__(self, path: Path) -> None:
        with _told_as_damaged():
            self._package = zipfile.ZipFile(path)
            # The specification compares the names of parts without regard to case.
            self._names = {
                name.replace("\\", "/").lower(): name for name in self._package.namelist()
            }
            self._root = next(iter(self._related("", "/officeDocument").values()), _ROOT)
            self._book = self._tree(self._root)
        self.from_1904 = any(
            props.get("date1904") in ("1", "true") for props in _find(self._book, "workbookPr")
        )

        self.hidden: list[str] = []  # sheets
        self.hidden_rows = 0  # of the sheet that was read last

    def sheets(self) -> Iterator[SheetOfRows]:
        """The visible sheets that hold cells; each is read before the next is asked for."""
        with _told_as_damaged():
            parts = self._related(self._root, _SHEET_TYPE)
            for entry in _find(self._book, "sheets", "sheet"):
                part, name = parts.get(_relation(entry)), entry.get("name", "")
                # What somebody has hidden is an old copy or a list of choices.
                if part and entry.get("state", "visible") == "visible":
                    yield self._sheet(name, part)
                elif part:
                    self.hidden.append(name)

    def _sheet(self, name: str, part: str) -> SheetOfRows:
        total = self._said_total(part)
        return SheetOfRows(name, self._rows(part), total)

    def _rows(self, part: str) -> Iterator[Row]:
        self.hidden_rows = 0
        with _told_as_damaged():
            reader = _RowReader(self._strings, self._formats)
            for row in self._children(part, "sheetData"):
                self.hidden_rows += len(row) > 0 and row.get("hidden") in ("1", "true")
                yield reader.read(row)

    def _said_total(self, part: str) -> int | None:
        with self._package.open(self._name(part)) as file:
            found = re.search(
                rb"""<(?:\w+:)?dimension ref=["']\w+:[A-Z]+(\d+)["']""", file.read(4096)
            )
        return int(found[1]) if found else None

    @cached_property
    def _strings(self) -> "_Strings":
        strings = _Strings()
        for part in self._related(self._root, "/sharedStrings").values():
            for item in self._children(part):
                strings.append(_words(item))
        return strings

    @cached_property
    def _formats(self) -> dict[str, Format]:
        """By the number of a cell's style: how its number is meant, where it is no mere number."""
        formats: dict[str, Format] = {}
        for part in self._related(self._root, "/styles").values():
            styles = self._tree(part)
            codes = {
                entry.get("numFmtId", ""): entry.get("formatCode", "")
                for entry in _find(styles, "numFmts", "numFmt")
            }
            for place, style in enumerate(_find(styles, "cellXfs", "xf")):
                number = style.get("numFmtId", "0")
                meant = meant_by(codes.get(number) or _BUILT_IN.get(number, ""), self.from_1904)
                if meant:
                    formats[str(place)] = meant
        return formats

    # The package

    def _related(self, source: str, kind: str) -> dict[str, str]:
        """The parts that `source` names, of the kind, by the number under which it does."""
        folder, name = posixpath.split(source)
        part = f"{folder}/_rels/{name}.rels".lstrip("/")
        if part.lower() not in self._names:
            return {}
        return {
            entry.get("Id", ""): posixpath.normpath(
                posixpath.join("/", folder, entry.get("Target", "").replace("\\", "/"))
            ).lstrip("/")
            for entry in self._tree(part)
            if entry.get("Type", "").endswith(kind)
        }

    def _name(self, part: str) -> str:
        return self._names[part.lower()]

    def _tree(self, part: str) -> Element:
        *_, top = self._growing(part)
        return top[0]

    def _children(self, part: str, *path: str) -> Iterator[Element]:
        """The children of the element at `path` below the root, each dropped when the next come."""
        for top in self._growing(part):
            parent, is_open = _reach(top, path)
            if parent is None:
                continue
            # The last child of an open parent may lack its end.
            ready = parent[:-1] if is_open else parent[:]
            yield from ready
            del parent[: len(ready)]
            if not is_open:
                return
            if len(parent) and len(parent[0]) > 2 * WIDEST:
                raise Refusal("too_wide", cell=f"{WIDEST + 1}+")
        parent, _ = _reach(top, path)
        yield from parent if parent is not None else ()

    def _growing(self, part: str) -> Iterator[Element]:
        """What the root grows below, after each piece; at last, when all is well-formed."""
        builder = TreeBuilder()
        top = builder.start("", {})
        parser = XMLParser(target=builder)  # noqa: S314 - the preflight has seen to DTDs
        size = _PIECE
        with self._package.open(self._name(part)) as file:
            while piece := file.read(size):
                before = _innermost(top)
                parser.feed(piece)
                yield top
                # The parser reads a tag without an end again from its beginning with each piece.
                size = _PIECE if _innermost(top) is not before else min(2 * size, _LARGEST_PIECE)
        parser.close()
        yield top


def _innermost(element: Element) -> Element:
    """The element that came last."""
    for _ in range(_DEEPEST):
        if not len(element):
            return element
        element = element[-1]
    raise Refusal("unsafe_xml")


def _reach(top: Element, path: tuple[str, ...]) -> tuple[Element | None, bool]:
    """The element at `path` below the root, and whether more may come into it."""
    if not len(top):
        return None, True
    element = top[0]
    for name in path:
        found = next((child for child in element if _local(child) == name), None)
        if found is None:
            return None, True
        if element[-1] is not found:
            return found, False
        element = found
    return element, True


def _local(element: Element) -> str:
    """The tag without its namespace: there are two, of the usual and of the strict form."""
    return element.tag.rpartition("}")[2]


def _find(element: Element, *path: str) -> Iterator[Element]:
    found = iter((element,))
    for name in path:
        found = iter([child for parent in found for child in parent if _local(child) == name])
    return found


def _relation(entry: Element) -> str:
    return next((value for name, value in entry.items() if name.endswith("}id")), "")


@contextmanager
def _told_as_damaged() -> Iterator[None]:
    try:
        yield
    except (
        ParseError, zipfile.BadZipFile, zlib.error, KeyError, IndexError, ValueError,
        NotImplementedError, EOFError, OSError,
    ):  # fmt: skip
        raise Refusal("damaged") from None


# Texts

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _words(item: Element) -> str:
    """The text of a string, whole or in runs, without what is only there to say how it is read."""
    if not len(item):
        return ""
    if len(item) == 1 and item[0].tag.endswith("}t"):
        text = item[0].text or ""
    else:
        parts = chain.from_iterable(
            (part,) if _local(part) == "t" else part for part in item if _local(part) in ("t", "r")
        )
        text = "".join(part.text or "" for part in parts if _local(part) == "t")
    return _ESCAPE.sub(_unescaped, text) if "_x" in text else text


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


class _Strings:
    """The texts that cells share, end to end: a quarter of what they take as objects."""

    MOST = 12_000_000

    def __init__(self) -> None:
        self._texts = bytearray()
        self._ends = array("Q", [0])

    def append(self, text: str) -> None:
        if len(self._ends) > self.MOST:
            raise Refusal("too_much")
        self._texts += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._texts))

    def __getitem__(self, place: int) -> str:
        start, end = self._ends[place], self._ends[place + 1]
        return self._texts[start:end].decode("utf-8", "surrogatepass")


# Rows


class _RowReader:
    def __init__(self, strings: _Strings, formats: dict[str, Format]) -> None:
        self.row_no = 0
        self.columns = {_letters(place): place for place in range(WIDEST)}
        # Books repeat themselves, and the oldest of what is remembered makes room for the new.
        self.shared = lru_cache(maxsize=20_000)(lambda text: strings[int(text)])
        self.formats = {
            style: lru_cache(maxsize=20_000)(lambda text, meant=meant: meant(float(text)))
            for style, meant in formats.items()
        }

    def read(self, row: Element) -> Row:
        number = row.get("r")
        self.row_no = int(number) if number else self.row_no + 1
        if not 0 < self.row_no <= LONGEST:
            raise Refusal("too_wide", cell=f"A{self.row_no}")
        cells: list[Cell] = []
        columns, value, tag = self.columns, self._value, row.tag[:-3] + "v"
        for cell in row:
            at = cell.get("r")
            place = columns.get(at.rstrip("0123456789")) if at else len(cells)
            if place == len(cells) < WIDEST:
                cells.append(value(cell, cell.findtext(tag)))
            elif place is None or place >= WIDEST:
                raise Refusal("too_wide", cell=(at or f"{WIDEST + 1}+")[:12])
            else:
                cells.extend([""] * (place + 1 - len(cells)))
                cells[place] = value(cell, cell.findtext(tag))
        return self.row_no, cells

    def _value(self, cell: Element, text: str | None) -> Cell:
        kind = cell.get("t")
        if text:
            if kind == "s":
                return self.shared(text)
            if kind is None or kind == "n":
                meant = self.formats.get(cell.get("s", "0"))
                return meant(text) if meant else float(text)
            return _OTHERS.get(kind, _as_it_stands)(text)
        if kind == "inlineStr":
            return next((_words(part) for part in cell if _local(part) == "is"), "")
        if len(cell) and kind in (None, "n"):
            return next((Uncomputed(f"={f.text or ''}") for f in cell if _local(f) == "f"), "")
        return ""


def _letters(place: int) -> str:
    more, last = divmod(place, 26)
    return (_letters(more - 1) if more else "") + chr(65 + last)


def _as_it_stands(text: str) -> str:
    return _ESCAPE.sub(_unescaped, text) if "_x" in text else text


def _iso(text: str) -> Cell:
    """A date written out, as in workbooks of the strict form."""
    moment = datetime.fromisoformat(text)
    return moment.date() if moment.time() == time() else moment


_OTHERS: dict[str, Callable[[str], Cell]] = {
    "b": lambda text: text.strip() in ("1", "true"),
    "d": _iso,
}


# Number formats

# Those that have a number only; 27 to 36 and 50 to 58 are dates and times where Chinese is spoken.
_BUILT_IN = (
    dict.fromkeys(map(str, (*range(14, 18), *range(27, 32), 36, *range(50, 59))), "yyyy-mm-dd")
    | dict.fromkeys(map(str, (18, 19, 20, 21, *range(32, 36), 45, 47)), "hh:mm:ss")
    | {"22": "yyyy-mm-dd hh:mm", "46": "[h]:mm:ss"}
)
_BESIDE = re.compile(r"_.|\*.|\[(?![hms]+\])[^\]]*\]", re.IGNORECASE)
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_IS_DATE = re.compile(r"[ymdhs]", re.IGNORECASE)
_IS_PERIOD = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_OF_A_CODE = re.compile(r'"([A-Za-z0-9 /-]*)"|\\([A-Za-z0-9 /-])|(0)|([ /-])')
_EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001
_MILLISECONDS = 86_400_000


def meant_by(code: str, from_1904: bool) -> Format | None:
    """How numbers under the format are meant: as codes, days or times; None: as numbers."""
    if places := _places(code):
        return lambda number: Shown.under(places, number)
    shape = _LITERAL.sub("", code).split(";")[0].strip()
    if _IS_PERIOD.search(shape):
        return lambda number: timedelta(milliseconds=round(number * _MILLISECONDS))
    if _IS_DATE.search(shape):
        return lambda number: _moment(number, from_1904)
    return None


def _places(code: str) -> list[str] | None:
    """The shape of numbers that are shown with leading zeros, or behind letters; else None."""
    code = _BESIDE.sub("", code.split(";", maxsplit=1)[0]).strip()
    parts = list(_OF_A_CODE.finditer(code))
    if "".join(part[0] for part in parts) != code:
        return None
    shape = ["" if part[3] else part[1] or part[2] or part[4] for part in parts if part[0] != '""']
    says = any(char.isalnum() for part in shape for char in part)
    return shape if shape.count("") > (0 if says else 1) else None


def _moment(days: float, from_1904: bool) -> Cell:
    """The date of a serial number, with its time where it has one; the number where it is none."""
    if not from_1904 and 1 <= days < 60:
        days += 1  # before the 29 February 1900, which there was only in spreadsheets
    try:
        moment = _EPOCHS[from_1904] + timedelta(milliseconds=round(days * _MILLISECONDS))
    except OverflowError:
        return days
    if days < 0:
        return days
    if 0 < days < 1:
        return moment.time()
    return moment.date() if moment.time() == time() else moment
