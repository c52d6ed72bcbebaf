"""A workbook gives the same cells here as in two libraries, and none of it stays in memory."""

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine as calamine
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.importing import parsing
from policies.importing.problems import Refusal
from policies.importing.workbook import Workbook
from tests.policies.importing.books import NAMES, SAMPLES, write_xlsx

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def cells_of(path: Path, sheet: int = 0) -> dict[tuple[int, int], Any]:
    """The filled cells by row and column, both counted from 1."""
    rows = list(Workbook(path).sheets())[sheet].rows
    return {(y, x): cell for y, row in rows for x, cell in enumerate(row, 1) if cell != ""}


def only_rows(path: Path) -> list[list[Any]]:
    return [row for sheet in Workbook(path).sheets() for _, row in sheet.rows]


def by_calamine(path: Path) -> dict[tuple[int, int], Any]:
    sheet = calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    rows = sheet.to_python(skip_empty_area=False)
    return {(y, x): c for y, row in enumerate(rows, 1) for x, c in enumerate(row, 1) if c != ""}


def by_openpyxl(path: Path) -> dict[tuple[int, int], Any]:
    sheet = openpyxl.load_workbook(path).worksheets[0]
    cells = {(c.row, c.column): c.value for row in sheet for c in row}
    return {place: _day(cell) for place, cell in cells.items() if cell not in (None, "")}


def _day(cell: Any) -> Any:
    is_day = isinstance(cell, datetime) and cell.time() == time()
    return cell.date() if is_day else cell


def _trimmed(cells: dict[tuple[int, int], Any]) -> dict[tuple[int, int], Any]:
    """As calamine does, where the XML does not ask for blanks to be kept."""
    texts = {at: c.strip(" \t\r\n") if isinstance(c, str) else c for at, c in cells.items()}
    return {at: cell for at, cell in texts.items() if cell != ""}


def raw_book(path: Path, sheet: str, strings: str = "", styles: str = "", book: str = "") -> Path:
    """A workbook from its parts as they stand."""
    write_xlsx(path, [["x"]])
    old = zipfile.ZipFile(path)
    parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    for part, text in (
        ("xl/sharedStrings.xml", strings),
        ("xl/styles.xml", styles),
        ("xl/workbook.xml", book),
    ):
        if text:
            parts[part] = text.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def in_sheet(rows: str, namespace: str = MAIN) -> str:
    return f'<worksheet xmlns="{namespace}"><sheetData>{rows}</sheetData></worksheet>'


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("xlsx")])
def test_sample_books_cell_by_cell(name: str) -> None:
    cells = cells_of(SAMPLES / name)
    assert _trimmed(cells) == _trimmed(by_calamine(SAMPLES / name))
    assert cells == by_openpyxl(SAMPLES / name)


CELLS = st.one_of(
    st.text(
        st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"),
        max_size=20,
    ),
    st.text("𠮷䶮·\n\t_x000D_ &<>\"'ab", max_size=12),
    st.integers(-(10**14), 10**14),
    st.floats(-1e14, 1e14, allow_nan=False),
    st.booleans(),
    st.dates(date(1900, 3, 1), date(9999, 12, 31)),
    st.datetimes(datetime(1900, 3, 1), datetime(2999, 1, 1)).map(  # noqa: DTZ001
        lambda m: m.replace(microsecond=0)
    ),
    st.none(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=st.lists(st.lists(CELLS, max_size=30), max_size=12), inline=st.booleans())
def test_any_table_is_read_as_it_was_written(tmp_path: Path, table: Any, inline: bool) -> None:
    path = write_table(tmp_path / "t.xlsx", table, inline)
    true = {
        (y, x): _day(cell)
        for y, row in enumerate(table, 1)
        for x, cell in enumerate(row, 1)
        if cell not in (None, "")
    }
    cells = cells_of(path)
    assert cells.keys() == true.keys()
    for place, cell in true.items():
        if isinstance(cell, float):
            assert cells[place] == pytest.approx(cell, rel=1e-14)
        else:
            assert cells[place] == cell
            assert isinstance(cells[place], bool) is isinstance(cell, bool)


def write_table(path: Path, table: list[list[Any]], inline: bool) -> Path:
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": inline})
    days = workbook.add_format({"num_format": "yyyy-mm-dd"})
    moments = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = workbook.add_worksheet()
    for y, row in enumerate(table):
        for x, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(y, x, cell, moments)
            elif isinstance(cell, date):
                sheet.write_datetime(y, x, datetime.combine(cell, time()), days)
            elif isinstance(cell, bool):
                sheet.write_boolean(y, x, cell)
            elif isinstance(cell, str):
                sheet.write_string(y, x, cell)
            elif cell is not None:
                sheet.write_number(y, x, cell)
    workbook.close()
    return path


def number_under(path: Path, number: float, code: str, **options: Any) -> Any:
    workbook = xlsxwriter.Workbook(str(path), options)
    workbook.add_worksheet().write_number(0, 0, number, workbook.add_format({"num_format": code}))
    workbook.close()
    return cells_of(path)[1, 1]


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("yyyy-mm-dd", date(2026, 3, 5)),
        ('yyyy"年"m"月"d"日"', date(2026, 3, 5)),
        ("[$-804]yyyy/m/d;@", date(2026, 3, 5)),
        ("[Red]d-mmm-yy", date(2026, 3, 5)),
        ("m/d/yyyy", date(2026, 3, 5)),
        ("General", 46086.0),
        ("#,##0.00_);[Red](#,##0.00)", 46086.0),
        ('0.00" dmy"', 46086.0),
        ("0.00E+00", 46086.0),
        ('"￥"#,##0.00', 46086.0),
        ("@", 46086.0),
        ("[h]:mm", timedelta(days=46086)),
    ],
)
def test_what_a_number_means_under_its_format(tmp_path: Path, code: str, meant: Any) -> None:
    assert number_under(tmp_path / "f.xlsx", 46086, code) == meant


@pytest.mark.parametrize("built_in", [14, 15, 16, 17, 22, 27, 31, 36, 50, 57, 58])
def test_dates_of_formats_that_have_only_a_number(tmp_path: Path, built_in: int) -> None:
    styles = (
        f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="{built_in}"/></cellXfs></styleSheet>'
    )
    sheet = in_sheet('<row r="1"><c r="A1"><v>46086</v></c></row>')
    assert only_rows(raw_book(tmp_path / "b.xlsx", sheet, styles=styles)) == [[date(2026, 3, 5)]]


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        (46086.75, datetime(2026, 3, 5, 18)),  # noqa: DTZ001
        (46086.99999, datetime(2026, 3, 5, 23, 59, 59, 136000)),  # noqa: DTZ001
        (0.5, time(12)),
        (59, date(1900, 2, 28)),
        (61, date(1900, 3, 1)),
        (2958465, date(9999, 12, 31)),
        (20260305, 20260305.0),  # typed as a date in eight digits
        (-1, -1.0),
    ],
)
def test_serial_numbers_of_days(tmp_path: Path, number: float, meant: Any) -> None:
    assert number_under(tmp_path / "f.xlsx", number, "yyyy-mm-dd") == meant


def test_days_since_1904(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    assert number_under(path, 44624, "yyyy-mm-dd", date_1904=True) == date(2026, 3, 5)
    assert Workbook(path).from_1904


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        (8612001, "00000000", "08612001"),
        (261, "00000000000000", "00000000000261"),
        (7, "00", "07"),
        (123456, "0000", "123456"),
        (7, "[$-804]000;@", "007"),
        (7, "0", "7"),
        (7, "000.0", "7"),
        (7.5, "000", "7.5"),
    ],
)
def test_leading_zeros_that_a_format_shows(
    tmp_path: Path, number: float, code: str, text: str
) -> None:
    cell = number_under(tmp_path / "f.xlsx", number, code)
    assert parsing.text_of(cell) == text
    assert cell == number  # still a number where one is asked for


def test_zeros_do_not_make_a_rounded_number_exact(tmp_path: Path) -> None:
    cell = number_under(tmp_path / "f.xlsx", 330502197402102930, "0" * 18)
    assert parsing.text_of(cell) == "3.305021974021029e+17"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c t="str"><f>A2</f><v>text</v></c>', "text"),
        ("<c><f>1+1</f><v>2</v></c>", 2.0),
        ("<c><f>1+1</f></c>", "=1+1"),
        ('<c t="b"><v>1</v></c>', True),
        ('<c t="b"><v>0</v></c>', False),
        ('<c t="e"><v>#N/A</v></c>', "#N/A"),
        ('<c t="d"><v>2026-03-05T00:00:00</v></c>', date(2026, 3, 5)),
        ('<c t="d"><v>2026-03-05T10:30:00</v></c>', datetime(2026, 3, 5, 10, 30)),  # noqa: DTZ001
        ('<c t="inlineStr"><is><t>a &amp; b</t></is></c>', "a & b"),
        ('<c t="inlineStr"><is><r><t>ri</t></r><r><rPr><b/></rPr><t>ch</t></r></is></c>', "rich"),
        ('<c t="inlineStr"><is><t>   </t></is></c>', "   "),
        ('<c t="inlineStr"/>', ""),
        ('<c t="s"><v>0</v></c>', "丰"),
        ('<c t="s"><v>1</v></c>', "张三丰"),
        ('<c t="s"><v>2</v></c>', ""),
        ('<c t="s"><v>3</v></c>', " a\nb_x0041_"),
        ('<c s="99"><v>1e3</v></c>', 1000.0),
        ("<c><v><![CDATA[5]]></v></c>", 5.0),
    ],
)
def test_kinds_of_cells(tmp_path: Path, cell: str, value: Any) -> None:
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>丰</t></si><si><r><t>张</t></r><r><t>三丰</t></r>'
        '<rPh sb="0" eb="1"><t>zhang</t></rPh></si><si/>'
        '<si><t xml:space="preserve"> a_x000A_b_x005F_x0041_</t></si></sst>'
    )
    path = raw_book(tmp_path / "b.xlsx", in_sheet(f"<row>{cell}</row>"), strings)
    assert only_rows(path) == [[value]]


def test_addresses_say_where_a_cell_stands_and_may_be_left_out(tmp_path: Path) -> None:
    rows = (
        '<row r="2"><c r="B2"><v>1</v></c><c><v>2</v></c><c r="F2"><v>3</v></c>'
        '<c r="A2"><v>4</v></c></row><row><c><v>5</v></c></row><row r="9"/>'
    )
    path = raw_book(tmp_path / "b.xlsx", in_sheet(rows))
    (sheet,) = Workbook(path).sheets()
    assert list(sheet.rows) == [(2, [4.0, 1.0, 2.0, "", "", 3.0]), (3, [5.0]), (9, [])]


@pytest.mark.parametrize(
    "sheet",
    [
        in_sheet('<row r="1"><c r="A1"><v>1</v></c></row>', "http://purl.oclc.org/ooxml/spreadsheetml/main"),
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>",
        "<?xml version='1.0'?><!-- by hand -->\n<worksheet xmlns='" + MAIN + "'>\n <dimension ref='A1:A1'/>\n"
        " <sheetData>\n  <row r='1'>\n   <c r='A1'>\n    <v>1</v>\n   </c>\n  </row>\n </sheetData>\n"
        " <mergeCells/>\n</worksheet>",
    ],
    ids=["strict", "prefixed", "indented"],
)  # fmt: skip
def test_other_ways_to_write_the_same(tmp_path: Path, sheet: str) -> None:
    assert only_rows(raw_book(tmp_path / "b.xlsx", sheet)) == [[1.0]]


def test_names_of_parts_with_other_letters_and_strokes(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "b.xlsx", [["甲"]])
    old = zipfile.ZipFile(path)
    parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(
                name.replace("sharedStrings", "SharedStrings").replace("/", "\\"), content
            )
    assert only_rows(path) == [["甲"]]


def test_an_absolute_target(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "b.xlsx", [["甲"]])
    old = zipfile.ZipFile(path)
    parts = {name: old.read(name) for name in old.namelist()}
    relations = "xl/_rels/workbook.xml.rels"
    parts[relations] = parts[relations].replace(b'Target="', b'Target="/xl/')
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    assert only_rows(path) == [["甲"]]


@pytest.mark.parametrize(
    "sheet",
    [
        in_sheet('<row r="1"><c r="A1"><v>1</v></c></row>')[:-20],
        in_sheet('<row r="x"/>'),
        in_sheet('<row r="1"><c t="s"><v>7</v></c></row>'),
        in_sheet('<row r="1"><c><v>1,5</v></c></row>'),
        in_sheet('<row r="1"><c t="d"><v>yesterday</v></c></row>'),
        "<worksheet>&unknown;</worksheet>",
    ],
    ids=["cut", "row", "string", "number", "date", "entity"],
)
def test_what_no_spreadsheet_writes_is_damaged(tmp_path: Path, sheet: str) -> None:
    with pytest.raises(Refusal) as refused:
        only_rows(raw_book(tmp_path / "b.xlsx", sheet))
    assert refused.value.code == "damaged"


def test_a_row_is_there_before_the_next_is_read(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c><v>{n}</v></c></row>' for n in range(1, 50_000))
    path = raw_book(tmp_path / "b.xlsx", in_sheet(rows) + "and then no XML <<<")
    (sheet,) = Workbook(path).sheets()
    assert [next(sheet.rows)[0] for _ in range(1_000)] == list(range(1, 1_001))
