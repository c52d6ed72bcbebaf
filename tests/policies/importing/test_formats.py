"""The same book in every dress gives the same rows."""

import random
from datetime import date
from decimal import Decimal

import pytest
from django.utils import translation

from policies.importing.problems import Refusal
from policies.importing.rows import ParsedRow
from tests.policies.importing.books import (
    GOOD,
    HEADINGS,
    good_row,
    read,
    rows_of,
    said,
    sample_table,
    told,
    write_text,
    write_xls,
    write_xlsx,
)

HEAVY = "issued-12-heavy-gb18030.csv"
ENGLISH = "issued-en-13-light.csv"


def values(rows: list[ParsedRow]) -> list[tuple]:
    return [row.values for row in rows]


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    table = sample_table(HEAVY)
    path = write_text(tmp_path_factory.mktemp("book") / "b.csv", table, "gb18030")
    return table, rows_of(path)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_and_delimiters(tmp_path, heavy, encoding, delimiter):
    table, expected = heavy
    name = "b.tsv" if delimiter == "\t" else "b.csv"
    assert rows_of(write_text(tmp_path / name, table, encoding, delimiter)) == expected


def test_rare_characters_survive_gb18030(tmp_path):
    names = ["𠮷永强", "䶮小龙", "㛃月", "阿卜杜拉·买买提"]
    rows = [HEADINGS, *([f"P{n}", name, *GOOD[2:]] for n, name in enumerate(names))]
    read_back = rows_of(write_text(tmp_path / "b.csv", rows, "gb18030"))
    assert [said(row, "holder_name") for row in read_back] == names


def test_the_old_format_of_excel(tmp_path, heavy):
    table, expected = heavy
    rows = rows_of(write_xls(tmp_path / "b.xls", table))
    assert [row._replace(sheet="") for row in rows] == expected


def test_a_workbook_of_texts_only(tmp_path, heavy):
    table, expected = heavy
    assert values(rows_of(write_xlsx(tmp_path / "b.xlsx", table))) == values(expected)


@pytest.mark.parametrize("seed", range(3))
def test_columns_in_any_order(tmp_path, heavy, seed):
    table, expected = heavy
    order = random.Random(seed).sample(range(29), 29)
    shuffled = [[row[place] for place in order] if len(row) == 29 else row for row in table]
    assert values(rows_of(write_text(tmp_path / "b.csv", shuffled))) == values(expected)


def test_columns_that_nobody_knows_are_left_out(tmp_path):
    rows = [["备注2", *HEADINGS, "网点编码"], ["老客户", *GOOD, "0571"]]
    reading, read_back = read(write_text(tmp_path / "b.csv", rows))
    assert [m.heading for m in reading.header.matches] == HEADINGS
    assert not read_back[0].problems


@pytest.mark.parametrize("above", [0, 1, 19])
def test_headings_anywhere_in_the_first_twenty_rows(tmp_path, above):
    title = [["承保清单"], ["导出日期：2026-11-22", "", "密级：内部"], *[[]] * 17]
    path = write_text(tmp_path / "b.csv", [*title[:above], HEADINGS, GOOD])
    reading, rows = read(path)
    assert (reading.header.header_row, rows[0].row_no) == (above + 1, above + 2)


def test_headings_below_the_twentieth_row_are_too_low(tmp_path):
    with pytest.raises(Refusal) as refused:
        read(write_text(tmp_path / "b.csv", [*[["x"]] * 20, HEADINGS, GOOD]))
    with translation.override("en"):
        assert "first 20 rows" in str(refused.value)


def test_headings_with_blanks_colons_and_brackets(tmp_path):
    headings = [
        " 保险单 号码：",
        "投保人（姓名）",
        "【证件号码】",
        "手机号码*",
        "险种 名称",
        "保险费(元)",
        "生效日期:",
        "保单状态",
    ]
    assert not rows_of(write_text(tmp_path / "b.csv", [headings, GOOD]))[0].problems


def test_headings_merged_over_two_rows(tmp_path):
    above = ["保险单号码", "投保人信息", "", "", "保单信息", "", "", "保单状态"]
    below = ["", "投保人", "证件号码", "手机号码", "险种名称", "保险费", "生效日期", ""]
    reading, rows = read(write_text(tmp_path / "b.csv", [above, below, GOOD]))
    assert reading.header.header_row == 2
    assert (said(rows[0], "policy_no"), said(rows[0], "status")) == (GOOD[0], "in_force")


def words(text: str) -> list[str]:
    return text.split()


OLDER = words(
    "机构代码 机构名称 保单号码 投保单号码 投保人姓名 被保险人姓名 计划编码 计划名称 险种编码"
    " 险种名称 保费 基本保额 缴费频率 缴费期数 签单日期 生效日期 保单状态 网点编码 网点名称"
    " 代理机构销售人员编码 代理机构销售人员姓名 客户经理编码 姓名"
)
OLD_ROW = words(
    "3301 杭州中支 00120000000073 T0001 丁山强 丁小强 J1 幸福计划 X1 福满堂终身寿险 1,200.00"
    " 100000 12 10 20200430 2020/5/1 失效 W1 工行西湖 B77 出纳员 08612001 顾仁英"
)


@pytest.mark.parametrize("seed", range(3))
def test_the_older_form_and_who_serves_in_it(tmp_path, seed):
    order = random.Random(seed).sample(range(len(OLDER)), len(OLDER))
    rows = [[row[place] for place in order] for row in (OLDER, OLD_ROW)]
    (row,) = rows_of(write_text(tmp_path / "b.csv", rows))
    assert {field: said(row, field) for field in ("holder_name", "agent_no", "agent_name")} == {
        "holder_name": "丁山强",
        "agent_no": "08612001",
        "agent_name": "顾仁英",
    }
    assert said(row, "branch") == "杭州中支"
    assert said(row, "product_name") == "福满堂终身寿险"
    assert (said(row, "premium_mode"), said(row, "pay_years")) == ("yearly", 10)
    assert said(row, "issued_on") == date(2020, 4, 30)
    assert not row.problems


def test_the_english_form_works_out_what_it_does_not_say(tmp_path):
    rows = rows_of(write_text(tmp_path / "b.csv", sample_table(ENGLISH)))
    by_kind = {said(row, "kind"): said(row, "cover_years") for row in rows}
    assert by_kind["medical"] == by_kind["accident"] == 1
    assert by_kind["whole_life"] == 0
    assert by_kind["term"] == 20


def test_blank_rows_totals_notes_and_repeated_headings_are_no_policies(tmp_path):
    rows = [
        HEADINGS,
        GOOD,
        [],
        ["  ", "", " "],
        HEADINGS,
        good_row(policy_no="P2"),
        ["合计", 2],
        ["合 计：", "", "", "", "", "2400.00"],
        ["Grand Total", "", "", "", "", "2400.00"],
        ["本页小计", *[1] * 7],
        ["制表人：王芳"],
        ["共2条"],
    ]
    read_back = rows_of(write_text(tmp_path / "b.csv", rows))
    assert [row.row_no for row in read_back] == [2, 6]


def test_a_title_that_comes_again_on_each_page_is_no_policy(tmp_path, heavy):
    table, expected = heavy
    paged = [*table[:100], *table[:4], *table[100:]]
    rows = rows_of(write_text(tmp_path / "b.csv", paged))
    assert values(rows) == values(expected)


def test_a_row_that_lacks_the_most_important_is_told_and_not_skipped(tmp_path):
    rows = rows_of(write_text(tmp_path / "b.csv", [HEADINGS, ["", "", *GOOD[2:]]]))
    assert told(rows, refused=True) == [
        (2, "保险单号码", "policy_number_missing"),
        (2, "投保人", "name_missing"),
    ]


def test_short_and_long_rows(tmp_path):
    rows = rows_of(
        write_text(tmp_path / "b.csv", [HEADINGS, GOOD[:7], [*GOOD, "more", "and more"]])
    )
    assert [len(row.problems) for row in rows] == [0, 0]
    assert said(rows[0], "status") is None


def test_a_cell_with_a_line_break_does_not_shift_the_row_numbers(tmp_path):
    rows = [HEADINGS, good_row(product_name="定期\n寿险"), good_row(policy_no="")]
    assert told(rows_of(write_text(tmp_path / "b.csv", rows)), refused=True)[0][0] == 3


def test_every_visible_sheet_that_is_a_book_is_read(tmp_path):
    other = [HEADINGS[::-1], GOOD[::-1]]
    path = write_xlsx(tmp_path / "b.xlsx", [["说明"]], [HEADINGS, GOOD], [], other)
    reading, rows = read(path)
    assert [(row.sheet, row.row_no) for row in rows] == [("Sheet2", 2), ("Sheet4", 2)]
    assert rows[0].values == rows[1].values
    assert len(reading.headers) == 2


def test_hidden_sheets_are_left_out(tmp_path):
    import openpyxl

    path = write_xlsx(tmp_path / "b.xlsx", [HEADINGS, GOOD], [HEADINGS, GOOD])
    workbook = openpyxl.load_workbook(path)
    workbook.worksheets[1].sheet_state = "hidden"
    workbook.save(path)
    assert [row.sheet for row in rows_of(path)] == ["Sheet1"]


def test_a_sheet_that_is_no_known_list_is_named(tmp_path):
    path = write_xlsx(tmp_path / "b.xlsx", [HEADINGS, GOOD], [], [["甲", "乙"], ["1", "2"]])
    reading, rows = read(path)
    assert [row.sheet for row in rows] == ["Sheet1"]
    assert [note.details for note in reading.notes if note.code == "sheet_unread"] == [
        {"sheet": "Sheet3"}
    ]


def test_cells_of_a_workbook_bring_their_type(tmp_path):
    row = good_row(
        id_number=330502197402102930,
        mobile=17509115353,
        premium=1200.1,
        effective_on=date(2026, 9, 16),
    )
    (read_back,) = rows_of(write_xlsx(tmp_path / "b.xlsx", [HEADINGS, row]))
    assert told([read_back], refused=False) == [(2, "证件号码", "id_mangled_by_excel")]
    assert read_back.problems[0].value == "3.30502E+17"
    assert said(read_back, "id_number") == ""
    assert said(read_back, "mobile") == "17509115353"
    assert said(read_back, "premium") == Decimal("1200.10")
    assert said(read_back, "effective_on") == date(2026, 9, 16)


@pytest.mark.parametrize("id_number", [330502197402102930, 130503670401001, 5, 3.3])
def test_a_numeric_id_is_never_stored_even_if_its_check_digit_fits(tmp_path, id_number):
    (row,) = rows_of(write_xlsx(tmp_path / "b.xlsx", [HEADINGS, good_row(id_number=id_number)]))
    assert [problem.code for problem in row.problems] == ["id_mangled_by_excel"]


@pytest.mark.parametrize("cell", [date(2026, 9, 16), 44819])  # the days since 1904
def test_a_workbook_that_counts_from_1904_is_not_four_years_off(tmp_path, cell):
    path = write_xlsx(tmp_path / "b.xlsx", [HEADINGS, good_row(effective_on=cell)], date_1904=True)
    assert said(rows_of(path)[0], "effective_on") == date(2026, 9, 16)


def test_amounts_in_ten_thousands(tmp_path):
    headings = [*HEADINGS[:5], "保险费（万元）", *HEADINGS[6:]]
    rows = [headings, good_row(premium="1.25"), good_row(premium="1.25万元")]
    read_back = rows_of(write_text(tmp_path / "b.csv", rows))
    assert [said(row, "premium") for row in read_back] == [Decimal("12500.00")] * 2


def test_what_our_own_export_guards_comes_back(tmp_path):
    rows = [
        HEADINGS,
        good_row(policy_no='="00120"', holder_name="'=HYPERLINK", mobile="'+8617509115353"),
    ]
    (row,) = rows_of(write_text(tmp_path / "b.csv", rows))
    assert said(row, "policy_no") == "00120"
    assert said(row, "holder_name") == "=HYPERLINK"
    assert said(row, "mobile") == "17509115353"


def test_only_control_characters_are_taken_from_a_text(tmp_path):
    (row,) = rows_of(
        write_text(tmp_path / "b.csv", [HEADINGS, good_row(holder_name="张\x00三\u202e")])
    )
    assert said(row, "holder_name") == "张三"


@pytest.mark.parametrize(
    "headings",
    [
        "保险单号码 投保人 险种名称 开户行 账号 邮编",
        "机构代码 机构名称 客户姓名 险种名称 开户行 账号 邮编 性别",
    ],
)
def test_another_list_is_not_taken_for_a_book(tmp_path, headings):
    headings = headings.split()
    with pytest.raises(Refusal) as refused:
        read(write_text(tmp_path / "b.csv", [headings, ["1"] * len(headings)]))
    assert refused.value.code == "columns_missing"
    with translation.override("en"):
        assert "not a policy book" in str(refused.value)


def test_a_list_that_lacks_what_its_kind_needs_is_named(tmp_path):
    headings = "机构代码 机构名称 赔案号 保单号 险种名称 客户号 投保人 被保险人 性别 年龄".split()
    with pytest.raises(Refusal) as refused:
        read(write_text(tmp_path / "b.csv", [headings, ["1"] * len(headings)]))
    assert refused.value.code == "list_columns_missing"
