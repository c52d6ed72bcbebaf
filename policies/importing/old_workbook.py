"""An .xls, read by xlrd, which tells of each number under which format it is shown.

Without that a policy number loses its leading zeros, and a day of a workbook from a Mac four years.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import xlrd

from policies.importing.parsing import Cell
from policies.importing.problems import Refusal
from policies.importing.workbook import Format, Row, SheetOfRows, meant_by


class Workbook:
    def __init__(self, path: Path) -> None:
        with _told_as_damaged():
            self._book = xlrd.open_workbook(
                str(path),
                logfile=_nowhere(),
                formatting_info=True,
                on_demand=True,
                ragged_rows=True,
            )
        self.from_1904 = self._book.datemode == 1
        self.hidden: list[str] = []  # sheets
        self.hidden_rows = 0  # of the sheet that was read last

    def sheets(self) -> Iterator[SheetOfRows]:
        """The visible sheets that hold cells, each read before the next is asked for."""
        for place in range(self._book.nsheets):
            with _told_as_damaged():
                sheet = self._book.sheet_by_index(place)
            # What somebody has hidden is an old copy or a list of choices.
            if sheet.visibility:
                self.hidden.append(sheet.name)
            elif sheet.nrows:
                yield SheetOfRows(sheet.name, self._rows(sheet), sheet.nrows)
            self._book.unload_sheet(place)

    def _rows(self, sheet: Any) -> Iterator[Row]:
        self.hidden_rows = 0
        for row in range(sheet.nrows):
            looks = sheet.rowinfo_map.get(row)
            self.hidden_rows += bool(looks and looks.hidden and sheet.row_len(row))
            cells = zip(
                sheet.row_types(row), sheet.row_values(row), _formats_of(sheet, row), strict=True
            )
            yield row + 1, [self._value(kind, value, style) for kind, value, style in cells]

    def _value(self, kind: int, value: Cell, style: int) -> Cell:
        if kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE) and isinstance(value, float):
            meant = self._formats[style] if style < len(self._formats) else None
            return meant(value) if meant else value
        if kind == xlrd.XL_CELL_BOOLEAN:
            return bool(value)
        if kind == xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(value, "#N/A"))
        return value

    @cached_property
    def _formats(self) -> list[Format | None]:
        """By the number of a cell's style."""
        codes = {key: found.format_str or "" for key, found in self._book.format_map.items()}
        meant = {key: meant_by(code, self.from_1904) for key, code in codes.items()}
        return [meant.get(style.format_key) for style in self._book.xf_list]


def _formats_of(sheet: Any, row: int) -> list[int]:
    return [sheet.cell_xf_index(row, column) for column in range(sheet.row_len(row))]


@contextmanager
def _told_as_damaged() -> Iterator[None]:
    """What the library says of a broken file is of any kind."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise Refusal("encrypted" if "encrypted" in str(error) else "damaged") from None


def _nowhere() -> IO[str]:
    return Path(os.devnull).open("w", encoding="utf-8")
