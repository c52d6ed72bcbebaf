import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.formulas import guard, unguard
from lib.tables import write_csv, write_xlsx

DANGEROUS = ["=1+1", "+8613812342046", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝cmd", "'=1", "''-"]


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_would_be_a_formula_is_guarded_and_given_back(text):
    assert guard(text).startswith("'")
    assert unguard(guard(text)) == text


@given(st.text())
def test_every_text_comes_back_from_its_guard(text):
    assert unguard(guard(text)) == text


def test_plain_text_is_left_alone():
    assert guard("O'Neill 张三") == "O'Neill 张三"
    assert unguard("'tis") == "'tis"


def test_csv_opens_in_excel_and_numbers_stay_numbers():
    file = io.StringIO(newline="")
    rows = [["00120", Decimal("-5.00"), date(2026, 11, 22), None, "=cmd|' /C calc'!A0"]]
    assert write_csv(file, ["保单号", "保费", "日期", "备注", "名"], rows) == 1
    assert file.getvalue().startswith("\ufeff保单号")
    assert read_back(file.getvalue())[1] == [
        "00120",
        "-5.00",
        "2026-11-22",
        "",
        "'=cmd|' /C calc'!A0",
    ]


@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4))
)
def test_any_table_comes_back_from_csv(rows):
    file = io.StringIO(newline="")
    write_csv(file, ["a", "b"], rows)
    assert [[unguard(cell) for cell in row] for row in read_back(file.getvalue())[1:]] == rows


def test_a_workbook_holds_no_formula_link_or_guessed_number():
    file = io.BytesIO()
    texts = [*DANGEROUS, "http://example.com", "00120", "330106197004032581", "x" * 40_000]
    assert write_xlsx(file, ["text"], [[text] for text in texts]) == len(texts)
    sheet = openpyxl.load_workbook(io.BytesIO(file.getvalue())).active
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)
    assert [cell.value for cell in cells][-3:-1] == ["00120", "330106197004032581"]


def test_a_workbook_keeps_dates_and_money():
    file = io.BytesIO()
    write_xlsx(file, ["d", "m"], iter([[date(2026, 11, 22), Decimal("36903.56")]]))
    sheet = openpyxl.load_workbook(io.BytesIO(file.getvalue())).active
    assert sheet["A2"].value.date() == date(2026, 11, 22)
    assert sheet["B2"].value == 36903.56
