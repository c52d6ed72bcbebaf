"""What real files do: each is healed and told, warned of, or refused; never silently wrong."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlwt

from lib import identity
from policies.importing import mapping, parsing
from policies.importing.problems import Problem, Refusal
from tests.policies.importing.books import (
    GOOD,
    HEADINGS,
    good_row,
    read,
    rows_of,
    said,
    told,
    write_text,
    write_xlsx,
)


def codes(path: Path) -> list[str]:
    return [problem.code for row in rows_of(path) for problem in row.problems]


def noted(path: Path) -> dict[str, list[dict[str, Any]]]:
    reading, _rows = read(path)
    found: dict[str, list[dict[str, Any]]] = {}
    for note in reading.notes:
        assert note.words
        found.setdefault(note.code, []).append(note.details)
    return found


# --- encodings


def test_big5_is_refused_and_never_saved_as_other_characters(tmp_path):
    rows = [
        ["Policy Number", "Owner Name", "Modal Premium", "Effective Date", "Mailing Address"],
        ["A1", "陳大文", "1200", "2020-01-01", "台北市中正區忠孝東路"],
    ]
    with pytest.raises(Refusal) as refused:
        read(write_text(tmp_path / "b.csv", rows, "big5"))
    assert refused.value.code == "unknown_encoding"


def test_letters_of_the_west_are_refused_too(tmp_path):
    rows = [
        ["Policy Number", "Owner", "Premium", "Issue Date"],
        ["A1", "Müller", "1", "2020-01-01"],
    ]
    with pytest.raises(Refusal):
        read(write_text(tmp_path / "b.csv", rows, "latin-1"))


@pytest.mark.parametrize("name", ["喆", "王喆", "䶮𠮷㛃", "堃淼"])
def test_a_rare_name_in_an_english_list_is_no_other_encoding(tmp_path, name):
    rows = [
        ["Policy Number", "Owner", "Premium", "Issue Date", "Address"],
        ["A1", name, "1", "2020-01-01", "浙江省杭州市"],
    ]
    (row,) = rows_of(write_text(tmp_path / "b.csv", rows, "gb18030"))
    assert said(row, "holder_name") == name


# --- numbers that a spreadsheet has rounded


def in_fifteen_digits(serials: range) -> list[str]:
    """ID numbers of one place, of as many days, as a spreadsheet keeps them."""
    return [f"33050219740{serial:04d}123"[:15] + "000" for serial in serials]


def test_ids_that_keep_fifteen_digits_are_left_out_whatever_their_check_digit(tmp_path):
    numbers = in_fifteen_digits(range(1000, 1200))
    lucky = [number for number in numbers if identity.parse(number)]
    assert lucky
    rows = [good_row(policy_no=f"P{n}", id_number=number) for n, number in enumerate(numbers)]
    read_back = rows_of(write_text(tmp_path / "b.csv", [HEADINGS, *rows]))
    assert {said(row, "id_number") for row in read_back} == {""}
    assert {p.code for row in read_back for p in row.problems} == {"id_rounded"}


def test_one_true_id_that_ends_in_zeros_is_taken(tmp_path):
    rows = [good_row(), good_row(policy_no="P2", id_number="330502196603137000")]
    path = write_text(tmp_path / "b.csv", [HEADINGS, *rows])
    assert codes(path) == []
    rows += [good_row(policy_no="P3", id_number="330502196603131000")]
    path = write_text(tmp_path / "b.csv", [HEADINGS, *rows])
    assert codes(path) == ["id_checksum"]
    assert noted(path)["ids_rounded"] == [{"wrong": 1, "right": 1}]


def test_long_policy_numbers_that_all_end_in_zeros_are_noted(tmp_path):
    rows = [good_row(policy_no=f"88661{n}1234567890000") for n in range(3)]
    assert noted(write_text(tmp_path / "b.csv", [HEADINGS, *rows]))["rounded"] == [
        {"column": "保险单号码"}
    ]
    rows += [good_row(policy_no="8866112345678901234")]
    assert "rounded" not in noted(write_text(tmp_path / "b.csv", [HEADINGS, *rows]))


# --- .xls


@pytest.mark.parametrize("from_1904", [False, True])
def test_an_old_workbook_keeps_zeros_and_days(tmp_path, from_1904):
    workbook = xlwt.Workbook()
    workbook.dates_1904 = from_1904
    sheet = workbook.add_sheet("清单")
    for place, heading in enumerate(HEADINGS):
        sheet.write(0, place, heading)
    for row, (code, shape) in enumerate([(261, "00000000"), (262, '"P"0000')], 1):
        for place, cell in enumerate(good_row(policy_no=code)):
            sheet.write(
                row, place, cell, *([xlwt.easyxf(num_format_str=shape)] if not place else [])
            )
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    sheet.write(3, 0, "P3")
    for place, cell in enumerate(good_row(effective_on=date(2026, 9, 16))[1:], 1):
        sheet.write(3, place, cell, *([day] if isinstance(cell, date) else []))
    bare = (date(2026, 9, 16) - date(1904, 1, 1)).days if from_1904 else 46_281
    for place, cell in enumerate(good_row(policy_no="P4", effective_on=bare)):
        sheet.write(4, place, cell)
    hidden = workbook.add_sheet("旧")
    hidden.write(0, 0, "x")
    hidden.visibility = 1
    workbook.save(str(tmp_path / "b.xls"))
    rows = rows_of(tmp_path / "b.xls")
    assert [said(row, "policy_no") for row in rows] == ["00000261", "P0262", "P3", "P4"]
    assert {said(row, "effective_on") for row in rows} == {date(2026, 9, 16)}
    assert noted(tmp_path / "b.xls")["hidden_sheet"] == [{"sheet": "旧"}]


def test_an_old_workbook_that_is_none_is_refused(tmp_path):
    (tmp_path / "b.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2_000)
    with pytest.raises(Refusal) as refused:
        read(tmp_path / "b.xls")
    assert refused.value.code == "damaged"


# --- formats and formulas of .xlsx


@pytest.mark.parametrize(
    ("shape", "number", "read_as"),
    [
        ('"P"0', 261, "P261"),
        (r"\P\-0000", 261, "P-0261"),
        ("000-0000", 261, "000-0261"),
        ("000-0000", 12_345_678, "1234-5678"),
        ("[$-804]00000", 7, "00007"),
        ('"¥"0', 261, "261"),
        ("0", 261, "261"),
        ("#,##0.00", 261, "261"),
    ],
)
def test_a_number_is_the_code_that_its_format_shows(tmp_path, shape, number, read_as):
    import xlsxwriter

    workbook = xlsxwriter.Workbook(str(tmp_path / "b.xlsx"))
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, HEADINGS)
    sheet.write_row(1, 0, GOOD)
    sheet.write_number(1, 0, number, workbook.add_format({"num_format": shape}))
    sheet.write_number(1, 5, 1200, workbook.add_format({"num_format": shape}))
    workbook.close()
    (row,) = rows_of(tmp_path / "b.xlsx")
    assert said(row, "policy_no") == read_as
    assert said(row, "premium") == Decimal(1200)


def test_errors_and_formulas_without_a_value_are_told(tmp_path):
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(HEADINGS)
    sheet.append(good_row(mobile="=A1", product_name="#REF!"))
    sheet.append(good_row(premium="=B1*2"))
    sheet.row_dimensions[3].hidden = True
    workbook.save(tmp_path / "b.xlsx")
    rows = rows_of(tmp_path / "b.xlsx")
    assert told(rows, refused=False) == [
        (2, "手机号码", "cell_error"),
        (2, "险种名称", "cell_error"),
    ]
    assert (said(rows[0], "mobile"), said(rows[0], "product_name")) == ("", "")
    assert told(rows, refused=True) == [(3, "保险费", "cell_error_needed")]
    assert noted(tmp_path / "b.xlsx")["hidden_rows"] == [{"sheet": "Sheet", "rows": 1}]


# --- headings


GROUPS = ["", "被保险人", "", "", "投保人", "", "", "保费", "生效日期"]
BELOW = ["保单号", "姓名", "出生日期", "证件号码", "姓名", "证件号码", "手机", "", ""]


def test_a_heading_over_several_says_of_whom_they_are(tmp_path):
    cells = ["P1", "小明", "2010-03-07", "", "郑强", GOOD[2], GOOD[3], "1200", "2026-09-16"]
    (row,) = rows_of(write_text(tmp_path / "b.csv", [["承保清单"], GROUPS, BELOW, cells]))
    assert said(row, "holder_name") == "郑强"
    assert said(row, "insured_name") == "小明"
    assert said(row, "birth_on") == date(1974, 2, 10)
    assert not row.problems


@pytest.mark.parametrize(
    "below",
    [
        ["Policy No", "Owner", "ID", "Mobile", "Product", "Premium", "Effective", "Status"],
        ["CONTNO", "APPNTNAME", "IDNO", "MOBILE", "RISKNAME", "PREM", "CVALIDATE", "STATE"],
        ["文本", "文本", "文本", "文本", "文本", "数字", "日期", "见说明"],
        [str(n) for n in range(1, 9)],
    ],
)
def test_a_row_that_says_the_headings_again_is_no_policy(tmp_path, below):
    path = write_text(tmp_path / "b.csv", [HEADINGS, below, GOOD])
    assert [(row.row_no, row.problems) for row in rows_of(path)] == [(3, ())]


def test_a_faulty_first_row_is_no_heading(tmp_path):
    rows = [good_row(policy_no="", premium="待定"), good_row(policy_no="P", premium="待定")]
    for row in rows:
        assert len(rows_of(write_text(tmp_path / "b.csv", [HEADINGS, row]))) == 1


def test_headings_in_two_languages_or_with_numbers_are_the_same(tmp_path):
    both = [
        "保险单号码 Policy Number",
        "Owner 投保人",
        *HEADINGS[2:5],
        "保险费/Premium",
        *HEADINGS[6:],
    ]
    numbered = [f"{n}.{heading}" for n, heading in enumerate(HEADINGS, 1)]
    for headings in (both, numbered):
        (row,) = rows_of(write_text(tmp_path / "b.csv", [headings, GOOD]))
        assert (said(row, "policy_no"), said(row, "premium")) == (GOOD[0], Decimal(1200))
    reading, _rows = read(write_text(tmp_path / "b.csv", [[*HEADINGS, "手机号码2"], [*GOOD, ""]]))
    assert len(reading.header.matches) == len(HEADINGS)


def test_the_birth_date_of_another_is_never_proposed_as_the_holders(tmp_path):
    cells = ["P1", "小明", "2010-03-07", "", "郑强", GOOD[2], GOOD[3], "1200", "2026-09-16"]
    reading, _rows = read(write_text(tmp_path / "b.csv", [GROUPS, BELOW, cells]))
    proposed = {guess.heading: guess.field for guess in reading.header.columns}
    assert proposed["被保险人出生日期"] == ""


def test_of_a_heading_that_comes_twice_with_other_cells_somebody_is_asked(tmp_path):
    path = write_text(tmp_path / "b.csv", [[*HEADINGS, "保险费", "投保人"], [*GOOD, "99", GOOD[1]]])
    reading, (row,) = read(path)
    assert said(row, "premium") == Decimal(1200)
    assert [guess.heading for guess in reading.header.columns if guess.asked] == ["保险费 (2)"]
    assert noted(path)["twins"] == [{"column": "保险费"}]


# --- amounts


@pytest.mark.parametrize(
    ("unit", "amount"), [("万元", 12_345), ("千元", "1234.50"), ("百元", "123.45"), ("元", "1.23")]
)
def test_a_unit_above_the_headings_or_in_one_counts(tmp_path, unit, amount):
    above = [[f"单位：{unit}"], HEADINGS, good_row(premium="1.2345")]
    inside = [[*HEADINGS[:5], f"保险费（{unit}）", *HEADINGS[6:]], good_row(premium="1.2345")]
    for rows in (above, inside):
        (row,) = rows_of(write_text(tmp_path / "b.csv", rows))
        assert said(row, "premium") == Decimal(amount)
    assert ("unit" in noted(write_text(tmp_path / "b.csv", above))) == (unit != "元")


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("1.25元", "1.25"), ("1.25万", "12500"), ("(1.25)", "-12500"), (1.25, "12500"), ("-", None)],
)
def test_a_cell_that_says_its_own_unit_is_believed(cell, amount):
    found = parsing.in_units("万", parsing.money)(cell)
    assert found == (amount and Decimal(amount))


@pytest.mark.parametrize("cell", ["1.234", 1234.567, "0.005"])
def test_parts_of_a_cent_are_told(cell):
    assert parsing.premium(cell).code == "amount_rounded"


def test_parts_of_a_cent_do_not_hide_that_an_amount_is_negative():
    assert parsing.premium("-5.005") == Problem("premium_negative")


@pytest.mark.parametrize("words", ["总保费", "总 金 额：", "平均", "件均", "总户数", "件数"])
def test_a_total_under_another_name_is_no_policy(tmp_path, words):
    path = write_text(tmp_path / "b.csv", [HEADINGS, GOOD, [words, "1200", "", "", "", "1200"]])
    assert len(rows_of(path)) == 1


def test_words_are_no_policy_number(tmp_path):
    path = write_text(tmp_path / "b.csv", [HEADINGS, good_row(policy_no="详见附件")])
    assert codes(path) == ["policy_number_odd"]


# --- what was healed is shown


def test_what_was_tidied_is_shown_with_numbers_masked(tmp_path):
    row = good_row(
        holder_name="郑 强",
        mobile="+86 175-0911-5353",
        premium="￥1,200.00",
        effective_on="2026年9月16日",
    )
    found = noted(write_text(tmp_path / "b.csv", [HEADINGS, row]))["healed"]
    shown = {note["column"]: (note["was"], note["now"]) for note in found}
    assert shown["投保人"] == ("郑 强", "郑强")
    assert shown["保险费"] == ("￥1,200.00", "1,200.00")
    assert shown["生效日期"] == ("2026年9月16日", "2026-09-16")
    assert "手机号码" not in shown, "masked, nothing of the change is left to see"


WRITTEN = ["13705712046/13805712046", "电话13705712046", " 330502 19740210 2930 ", "1370571 2046"]
NEVER = ("13705712046", "13805712046", "1974021", "62220212")


def test_no_number_of_a_person_is_kept_with_the_examples(tmp_path):
    rows = [
        [*good_row(policy_no=f"P{n}", mobile=cell, id_number=cell), cell, "6222 0212 3456"]
        for n, cell in enumerate(WRITTEN)
    ]
    path = write_text(tmp_path / "b.csv", [[*HEADINGS, "联系电话", "银行账号"], *rows])
    kept = str(noted(path)).replace(" ", "")
    assert not [number for number in NEVER if number in kept]
    assert mapping.masked(WRITTEN[0]).count("****") == 2


def test_a_clean_list_needs_no_note(tmp_path):
    assert noted(write_text(tmp_path / "b.csv", [HEADINGS, GOOD])) == {}
    assert noted(write_xlsx(tmp_path / "b.xlsx", [HEADINGS, GOOD])) == {}
