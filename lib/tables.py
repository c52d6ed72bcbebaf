"""The one writer of CSV and Excel files: what was text stays text in every spreadsheet."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, Protocol

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from lib.formulas import guard

BOM = "\ufeff"  # without it Excel reads UTF-8 as the machine's old code page
_LONGEST_TEXT = 32_767  # of an Excel cell; the writer drops a longer one without a word
_LARGEST_EXACT = 10**15  # Excel's numbers have 15 digits; a longer one is written as text

Row = Sequence[object]


class TextFile(Protocol):
    def write(self, text: str, /) -> object: ...


def write_csv(file: TextFile, headings: Row, rows: Iterable[Row]) -> int:
    """Write to a text file opened with UTF-8 and newline=""; return how many rows there were."""
    file.write(BOM)
    writer = csv.writer(file)
    writer.writerow([_csv_cell(heading) for heading in headings])
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - the last one is the answer
        writer.writerow([_csv_cell(cell) for cell in row])
    return count


def write_xlsx(file: str | Path | IO[bytes], headings: Row, rows: Iterable[Row]) -> int:
    """Write one sheet, row by row in constant memory; return how many rows there were."""
    with xlsxwriter.Workbook(file, _XLSX_OPTIONS) as workbook:
        sheet = workbook.add_worksheet()
        sheet.freeze_panes(1, 0)
        bold = workbook.add_format({"bold": True})
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, str(heading), bold)
        count = 0
        for count, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                _write_cell(sheet, count, column, cell)
    return count


_XLSX_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
    "remove_timezone": True,
}


def _csv_cell(cell: object) -> str:
    if cell is None:
        return ""
    # A number that is negative is no formula; only a text can be one.
    return str(cell) if isinstance(cell, int | float | Decimal | date) else guard(str(cell))


def _write_cell(sheet: Worksheet, row: int, column: int, cell: object) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float | Decimal) and abs(float(cell)) < _LARGEST_EXACT:
        sheet.write_number(row, column, float(cell))
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell)
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, datetime.combine(cell, time.min))
    else:
        sheet.write_string(row, column, str(cell)[:_LONGEST_TEXT])
