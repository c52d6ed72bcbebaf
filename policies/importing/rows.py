"""A row of a list: each cell through its column's parser, then what only a row can tell."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from lib import identity
from lib.dates import add_years
from lib.phones import Phone
from policies.importing import parsing
from policies.importing.columns import FIELDS, Match
from policies.importing.parsing import WHOLE_LIFE, Cell, Parser
from policies.importing.problems import REASONS, Problem

if TYPE_CHECKING:
    from policies.importing.layout import Layout

Cells = list[Cell]


class RowProblem(NamedTuple):
    column: str  # the file's own heading
    value: str  # as the file shows it
    code: str
    fatal: bool


class ParsedRow(NamedTuple):
    row_no: int  # as the spreadsheet counts
    values: tuple[Any, ...]  # in the order of its layout's fields; phones are normal forms
    problems: tuple[RowProblem, ...] = ()
    cells: tuple[str, ...] = ()  # the whole row as shown; only of rows that are or may be refused
    sheet: str = ""
    kind: str = "issued"  # of list: the code of its layout

    @property
    def refused(self) -> bool:
        return any(problem.fatal for problem in self.problems)


AT = {field: place for place, field in enumerate(FIELDS)}
_MISSING = {"policy_no": "policy_number_missing", "holder_name": "name_missing"}
_BOUND = 50_000  # remembered cells of a column: enough for all dates and agents, flat in memory
_TELLING = 20_000  # cells that tell whether a column repeats itself: days of birth do, phones not
_YEARLY_KINDS = ("medical", "accident")
_DAYS_OF_A_YEAR = 366


_LOOKED_AT, _EXAMPLES = 1_000, 3
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# Fields that are read as a code or a number of years, whatever the word.
_BY_WORD = frozenset(
    "gender id_type kind premium_mode status pay_years cover_years failure ok".split()
)


class Memory(dict[Any, Any]):
    """What a parser says of cells, not asked twice about the same one; books repeat themselves."""

    def __init__(self, parse: Callable[[Any], Any]) -> None:
        self.parse = parse

    def __missing__(self, cell: Any) -> Any:
        if len(self) >= _BOUND:
            self.clear()
        value = self[cell] = self.parse(cell)
        return value


class Slot:
    """A column of the file: where it stands, and what its cells say."""

    def __init__(self, match: Match, at: int, parse: Parser) -> None:
        self.field, self.place, self.heading = match.field, match.place, match.heading
        self.at, self.parse = at, parse
        self.memory: Memory | None = Memory(parse)
        self.told = 0  # cells read while there was a memory

    def read(self, cells: Sequence[Cell]) -> list[Any]:
        if self.memory is None:
            return list(map(self.parse, cells))
        memory, parse = self.memory, self.parse
        if set(map(type, cells)) == {str}:
            values = list(map(memory.__getitem__, cells))
        else:  # 1, 1.0 and True would be one to a memory
            values = [memory[cell] if cell.__class__ is str else parse(cell) for cell in cells]
        self.told += len(cells)
        if self.told >= _TELLING and len(memory) * 4 > self.told * 3:
            self.memory = None  # nearly every cell is another: to remember costs more than to read
        return values


class RowParser:
    """Parses the rows under one row of headings."""

    def __init__(
        self,
        layout: "Layout",
        matches: Iterable[Match],
        *,
        today: date,
        from_1904: bool = False,
        sheet: str = "",
        rounded: Collection[str] = (),
    ) -> None:
        self.layout, self.today, self.sheet = layout, today, sheet
        self.latest_start = add_years(today, 1)
        self.headings = {match.field: match.heading for match in matches}
        self.slots = [_slot(layout, match, from_1904, rounded) for match in matches]
        self.ids_in_15_digits = [0, 0]  # false ones, and those whose check digit fits
        self.looked_at = 0
        self.healed: dict[str, dict[str, str]] = {}  # by heading: as written, and as it was read
        self.width = max((slot.place for slot in self.slots), default=-1) + 1

    def parse(self, rows: Sequence[tuple[int, Cells]]) -> list[ParsedRow]:
        """The rows with their numbers, read column by column: a column is quicker than its cells."""
        lines = [self._filled_up(cells) for _, cells in rows]
        columns = list(zip(*lines, strict=False))
        said: list[Sequence[Any]] = [(nothing,) * len(rows) for nothing in self.layout.empty]
        problems: list[list[RowProblem]] = [[] for _ in rows]
        for slot in self.slots if rows else ():
            said[slot.at] = self._read(slot, columns[slot.place], problems)
        numbers = (row_no for row_no, _ in rows)
        values = map(list, zip(*said, strict=True))
        return list(map(self._complete, numbers, lines, values, problems))

    def _filled_up(self, cells: Cells) -> Cells:
        lacking = self.width - len(cells)
        return cells + [""] * lacking if lacking > 0 else cells

    def _read(
        self, slot: Slot, cells: Sequence[Cell], problems: list[list[RowProblem]]
    ) -> list[Any]:
        values = slot.read(cells)
        if Problem in set(map(type, values)):
            nothing = self.layout.empty[slot.at]
            for n, value in enumerate(values):
                if value.__class__ is Problem:
                    problems[n].append(self._problem(slot.heading, cells[n], value.code))
                    values[n] = nothing if value.value is None else value.value
        return values

    def _complete(
        self, row_no: int, cells: Cells, values: list[Any], problems: list[RowProblem]
    ) -> ParsedRow:
        layout = self.layout
        row = layout.row(self, values, problems, cells)
        row.complete()
        if self.looked_at < _LOOKED_AT:
            self._look(cells, values, {problem.column for problem in problems})
        # The database refuses rows of other lists than the book, too: those of unknown policies.
        kept = bool(layout.write) or any(problem.fatal for problem in problems)
        shown = tuple(parsing.shown(cell) for cell in cells) if kept else ()
        return ParsedRow(row_no, tuple(values), tuple(problems), shown, self.sheet, layout.code)

    def _is_sealed(self, slot: Slot) -> bool:
        return bool(self.layout.columns[slot.at].seals)

    def _look(self, cells: Cells, values: list[Any], faulty: set[str]) -> None:
        """Keep examples of what is written otherwise than it was read."""
        self.looked_at += 1
        for slot in self.slots:
            cell, value = cells[slot.place], values[slot.at]
            if slot.heading in faulty or slot.field == "account" or self._is_sealed(slot):
                continue
            examples = self.healed.setdefault(slot.heading, {})
            if len(examples) < _EXAMPLES and (now := _healed(slot.field, cell, value)):
                examples[str(cell).strip()] = now

    def _problem(self, heading: str, cell: Cell, code: str) -> RowProblem:
        return RowProblem(heading, parsing.shown(cell), code, REASONS[code].fatal)


def _healed(field: str, cell: Cell, value: object) -> str:
    """The value as it is written, if a text was written otherwise and blanks are not all."""
    if not isinstance(cell, str) or value in ("", None) or field in _BY_WORD:
        return ""
    written = cell.strip()
    if isinstance(value, Decimal):
        return "" if _PLAIN_NUMBER.fullmatch(written) else f"{value:,.2f}"
    now = str(value)
    return "" if isinstance(value, bool) or now == written else now


class Row:
    """A row while it is read: what follows from several of its cells."""

    def __init__(
        self, parser: RowParser, values: list[Any], problems: list[RowProblem], cells: Cells
    ) -> None:
        self.parser, self.values, self.problems, self.cells = parser, values, problems, cells

    def complete(self) -> None:
        """Check and fill in; each layout has its own."""

    def get(self, field: str) -> Any:
        return self.values[self.parser.layout.at[field]]

    def set(self, field: str, value: object) -> None:
        self.values[self.parser.layout.at[field]] = value

    def require(self, field: str, code: str) -> None:
        """Say by `code` that the cell is empty, unless it has a fault already."""
        if self.get(field) in ("", None) and not self.has_problem(field):
            self.add(field, code)

    def has_problem(self, field: str) -> bool:
        heading = self.parser.headings.get(field)
        return bool(self.problems) and any(each.column == heading for each in self.problems)

    def add(self, field: str, code: str) -> None:
        at = self.parser.layout.at[field]
        slot = next((slot for slot in self.parser.slots if slot.at == at), None)
        shown = parsing.shown(self.cells[slot.place]) if slot else ""
        heading = self.parser.headings.get(field, field)
        self.problems.append(RowProblem(heading, shown, code, REASONS[code].fatal))

    def sort_phones(self) -> None:
        """Put a mobile under mobile and a landline under phone, whichever column it stood in."""
        mobile, phone = self.get("mobile"), self.get("phone")
        if _which(mobile) == "landline" and _which(phone) != "landline":
            mobile, phone = phone, mobile
        elif not mobile and _which(phone) == "mobile":
            mobile, phone = phone, None
        self.set("mobile", mobile.number if mobile else "")
        self.set("phone", phone.number if phone else "")

    def check_id(self, field: str, kind: str | None = None) -> identity.NationalID | None:
        """The national ID, if the number is one; a false one is taken out."""
        number = self.get(field)
        if not number or (kind not in (None, "id_card", "household") and field == "id_number"):
            return None
        found: identity.NationalID | None = _identity[number]
        if len(number) == 18 and number.endswith("000"):
            self.parser.ids_in_15_digits[found is not None] += 1
        if found:
            self.set(field, identity.modern(found))
        elif kind or not _other_document(number):
            self.add(field, "id_checksum")
            self.set(field, "")
        return found


class PolicyRow(Row):
    """A row of the policy book."""

    def complete(self) -> None:
        self.say_what_is_missing()
        self.sort_phones()
        self.check_identity()
        self.check_dates()
        self.tell_kind()
        self.tell_cover()

    def say_what_is_missing(self) -> None:
        for field, code in _MISSING.items():
            if not self.values[AT[field]] and not self.has_problem(field):
                self.add(field, code)
        if self.values[AT["premium"]] is None and not self.has_problem("premium"):
            self.add("premium", "premium_missing")
            self.values[AT["premium"]] = parsing.CENT * 0

    def check_identity(self) -> None:
        holder = self.check_id("id_number", self.values[AT["id_type"]])
        self.check_id("insured_id_number")
        if holder is None:
            return
        if self._fill("birth_on", holder.born_on) != holder.born_on:
            self.add("id_number", "id_birth_mismatch")
        if self._fill("gender", holder.sex[0]) != holder.sex[0]:
            self.add("id_number", "id_gender_mismatch")

    def check_dates(self) -> None:
        effective_on, birth_on = self.values[AT["effective_on"]], self.values[AT["birth_on"]]
        if effective_on and effective_on > self.parser.latest_start:
            self.add("effective_on", "date_in_future")
        if birth_on and birth_on > self.parser.today:
            self.add("birth_on", "date_invalid")

    def tell_kind(self) -> None:
        name = self.values[AT["product_name"]]
        if not name or self.values[AT["kind"]]:
            return
        self.values[AT["kind"]] = _kind[name]
        if self.values[AT["kind"]] is None:
            self.add("product_name", "product_unknown")

    def tell_cover(self) -> None:
        """Work out the years of cover that the file does not say."""
        at = AT["cover_years"]
        if self.values[at] is not None or self.has_problem("cover_years"):
            return
        kind, until = self.values[AT["kind"]], self.values[AT["matures_on"]]
        start = self.values[AT["effective_on"]]
        if kind in _YEARLY_KINDS and self._ends_within_a_year(until):
            self.values[at] = 1
        elif start and until and (start.month, start.day) == (until.month, until.day):
            self.values[at] = (until.year - start.year) or None
        elif kind == "whole_life":
            self.values[at] = WHOLE_LIFE

    def _ends_within_a_year(self, until: date | None) -> bool:
        """Medical and accident covers are renewed each year unless their end lies further off."""
        return until is None or (until - self.parser.today).days <= _DAYS_OF_A_YEAR

    def _fill(self, field: str, value: object) -> object:
        if self.values[AT[field]] is None and not self.has_problem(field):
            self.values[AT[field]] = value
        return self.values[AT[field]] or value


def _which(phone: Phone | None) -> str:
    return phone.kind if phone else ""


_MANY_DIGITS = re.compile(r"^\d{11,}.$|\d{15}", re.ASCII)


def _other_document(number: str) -> bool:
    """Passports and permits have letters before or few digits; a wrong ID number has many."""
    return not identity.looks_like_one(number) and not _MANY_DIGITS.search(number)


# What is left out of a column that a spreadsheet has rounded; of other numbers there is only a note.
_ROUNDED = {
    "id_number": "id_rounded",
    "insured_id_number": "id_rounded",
    "account": "account_mangled_by_excel",
}


def _slot(layout: "Layout", match: Match, from_1904: bool, rounded: Collection[str]) -> Slot:
    parse = layout.column(match.field).parse
    if match.field in rounded and match.field in _ROUNDED:
        parse = parsing.without_rounded(parse, _ROUNDED[match.field])
    if match.field.endswith("_on") and from_1904:
        parse = parsing.since_1904(parse)
    if match.unit:
        parse = parsing.in_units(match.unit, parse)
    at = layout.at[match.field]
    error = "cell_error_needed" if (match.field,) in layout.needed else "cell_error"
    return Slot(match, at, of_a_cell(parse, error, layout.empty[at]))


def of_a_cell(parse: Parser, error: str, nothing: object) -> Parser:
    """The parser for cells that may be empty, or hold no more than a spreadsheet's error."""

    def parse_value(cell: Cell) -> object:
        if cell == "":
            return nothing
        return Problem(error) if parsing.is_error(cell) else parse(cell)

    return parse_value


_kind, _identity = Memory(parsing.kind_of), Memory(identity.parse)
