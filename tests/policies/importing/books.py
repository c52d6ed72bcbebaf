"""Books made for a test, in every format that insurers use."""

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter

from policies.importing.reader import Reading, read_rows
from policies.importing.rows import AT, ParsedRow

SAMPLES = Path(__file__).parents[2] / "data" / "books"
NAMES = (
    "issued-11-none.xlsx",
    "issued-12-heavy.xlsx",
    "issued-12-heavy-gb18030.csv",
    "issued-en-13-light.csv",
)
TODAY = date(2026, 11, 22)

HEADINGS = [
    "保险单号码",
    "投保人",
    "证件号码",
    "手机号码",
    "险种名称",
    "保险费",
    "生效日期",
    "保单状态",
]
GOOD = [
    "00120000000261",
    "郑强",
    "330502197402102930",
    "17509115353",
    "定期寿险A款",
    "1200.00",
    "2026-09-16",
    "有效",
]


def answer(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.answer.json").read_text())


def good_row(**changed: Any) -> list[Any]:
    """A row without a fault, but for the cells named by their fields."""
    places = {"policy_no": 0, "holder_name": 1, "id_number": 2, "mobile": 3, "product_name": 4}
    places |= {"premium": 5, "effective_on": 6, "status": 7}
    row: list[Any] = list(GOOD)
    for field, cell in changed.items():
        row[places[field]] = cell
    return row


def sample_table(name: str) -> list[list[str]]:
    """A delimited sample as texts."""
    encoding = "gb18030" if "gb18030" in name else "utf-8-sig"
    with (SAMPLES / name).open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))


def write_text(
    path: Path, rows: Iterable[Sequence[Any]], encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def write_xlsx(path: Path, *sheets: Iterable[Sequence[Any]], **options: Any) -> Path:
    workbook = xlsxwriter.Workbook(str(path), options)
    days = workbook.add_format({"num_format": "yyyy-mm-dd"})
    for rows in sheets:
        sheet = workbook.add_worksheet()
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                if isinstance(cell, date):
                    moment = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
                    sheet.write_datetime(y, x, moment, days)
                elif isinstance(cell, str):
                    sheet.write_string(y, x, cell)
                else:
                    sheet.write(y, x, cell)
    workbook.close()
    return path


def write_xls(path: Path, rows: Iterable[Sequence[Any]]) -> Path:
    import xlwt

    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("清单")
    days = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            sheet.write(y, x, cell, *([days] if isinstance(cell, date) else []))
    workbook.save(str(path))
    return path


def read(path: Path, name: str = "") -> tuple[Reading, list[ParsedRow]]:
    reading = read_rows(path, name or path.name, today=TODAY)
    return reading, [row for batch in reading for row in batch]


def rows_of(path: Path) -> list[ParsedRow]:
    return read(path)[1]


def said(row: ParsedRow, field: str) -> Any:
    return row.values[AT[field]]


def told(rows: Iterable[ParsedRow], *, refused: bool) -> list[tuple[int, str, str]]:
    """Where and why: of refused rows the errors, of the others the warnings."""
    return sorted(
        (row.row_no, problem.column, problem.code)
        for row in rows
        if row.refused is refused
        for problem in row.problems
        if problem.fatal is refused
    )
