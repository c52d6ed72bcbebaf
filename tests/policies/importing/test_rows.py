from datetime import date
from decimal import Decimal

import pytest

from policies.importing import parsing
from policies.importing.columns import COLUMNS, FIELDS, match, plain_heading
from policies.importing.layouts import ISSUED
from policies.importing.problems import Problem
from policies.importing.rows import RowParser
from tests.policies.importing.books import TODAY, said, told

ID = "330502197402102930"


def row_of(**cells):
    """A parsed row; unsaid cells are those of a good row."""
    good = {
        "policy_no": "P1",
        "holder_name": "郑强",
        "premium": "1200.00",
        "effective_on": "2026-09-16",
    }
    cells = good | cells
    headings = [COLUMNS[FIELDS.index(field)].heading("zh-hans") for field in cells]
    return RowParser(ISSUED, match(headings), today=TODAY).parse([(2, list(cells.values()))])[0]


def codes(row) -> list[str]:
    return [problem.code for problem in row.problems]


def test_a_good_row_has_no_problems_and_keeps_no_cells():
    row = row_of()
    assert (row.problems, row.cells, row.refused) == ((), (), False)


@pytest.mark.parametrize(
    ("effective_on", "expected"),
    [("2027-11-22", []), ("2027-11-23", ["date_in_future"]), ("2199-01-01", ["date_in_future"])],
)
def test_more_than_a_year_ahead(effective_on, expected):
    assert codes(row_of(effective_on=effective_on)) == expected


def test_every_fault_of_a_row_is_told_at_once():
    row = row_of(
        policy_no="", holder_name=" ", premium="待定", effective_on="2026-13-45", status="?"
    )
    assert sorted(codes(row)) == [
        "date_invalid",
        "name_missing",
        "policy_number_missing",
        "premium_invalid",
        "status_unknown",
    ]
    assert row.cells == ("", " ", "待定", "2026-13-45", "?")


def test_a_false_id_is_left_out_and_the_row_taken():
    row = row_of(id_number="330106199003071234", id_type="身份证")
    assert (codes(row), said(row, "id_number")) == (["id_checksum"], "")
    assert not row.refused


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("３３０５０２１９７４０２１０２９３０", ID),
        (" 330502 19740210 2930 ", ID),
        ("11010519491231002x", "11010519491231002X"),
        ("130503670401001", "130503196704010016"),
    ],
)
def test_spellings_of_an_id_are_one_person(written, stored):
    row = row_of(id_number=written)
    assert (codes(row), said(row, "id_number")) == ([], stored)


@pytest.mark.parametrize("mangled", ["3.30106E+17", "3.30106199003071E17", 330106199003071232.0])
def test_a_mangled_id_is_told_as_such(mangled):
    row = row_of(id_number=mangled)
    assert (codes(row), said(row, "id_number")) == (["id_mangled_by_excel"], "")


@pytest.mark.parametrize(
    "wrong",
    [
        "33050219740210293",
        "3305021974021029300",
        "330502197402102931",
        "000000000000000000",
        "身份证330502197402102930",
        "330502197402102930;",
    ],
)
def test_wrong_numbers_of_many_digits_are_no_passports(wrong):
    assert codes(row_of(id_number=wrong)) == ["id_checksum"]


@pytest.mark.parametrize(
    ("kind", "number"), [("护照", "E12345678"), (None, "E12345678"), ("军官证", "军字第1234号")]
)
def test_other_documents_are_not_measured_by_the_id_card(kind, number):
    row = row_of(id_type=kind or "", id_number=number)
    assert (codes(row), said(row, "id_number")) == ([], number)


def test_an_id_card_must_hold_an_id_number():
    assert codes(row_of(id_type="身份证", id_number="E12345678")) == ["id_checksum"]


def test_birth_and_gender_are_read_from_the_id_where_the_file_is_silent():
    row = row_of(id_number=ID)
    assert (said(row, "birth_on"), said(row, "gender")) == (date(1974, 2, 10), "m")


def test_a_birth_date_or_gender_that_differs_is_kept_and_told():
    row = row_of(id_number=ID, birth_on="1974-02-11", gender="女")
    assert codes(row) == ["id_birth_mismatch", "id_gender_mismatch"]
    assert (said(row, "birth_on"), said(row, "gender")) == (date(1974, 2, 11), "f")


def test_nobody_is_born_tomorrow():
    assert codes(row_of(birth_on="2026-11-23")) == ["date_invalid"]


@pytest.mark.parametrize(
    ("mobile", "phone", "stored"),
    [
        ("13812342046", "0571-88082046", ("13812342046", "0571-88082046")),
        ("0571-88082046", "13812342046", ("13812342046", "0571-88082046")),
        ("", "13812342046", ("13812342046", "")),
        ("0571-88082046", "", ("", "0571-88082046")),
        ("13812342046", "13912342046", ("13812342046", "13912342046")),
        ("无", "-", ("", "")),
    ],
)
def test_phones_are_put_where_they_belong(mobile, phone, stored):
    row = row_of(mobile=mobile, phone=phone)
    assert (said(row, "mobile"), said(row, "phone")) == stored
    assert not row.problems


def test_a_phone_that_is_none_is_left_out():
    row = row_of(mobile="1380013")
    assert (codes(row), said(row, "mobile")) == (["phone_invalid"], "")


def test_an_unknown_product_is_taken_and_told():
    row = row_of(product_name="幸福一号")
    assert (codes(row), said(row, "kind")) == (["product_unknown"], None)


def test_the_file_may_say_the_kind_itself():
    row = row_of(product_name="幸福一号", kind="年金保险")
    assert (codes(row), said(row, "kind")) == ([], "annuity")


@pytest.mark.parametrize(
    ("cells", "years"),
    [
        ({"product_name": "百万医疗保险", "matures_on": "2027-09-16"}, 1),
        ({"product_name": "百万医疗保险"}, 1),
        ({"product_name": "长期意外保险", "matures_on": "2046-09-16"}, 20),
        ({"product_name": "两全保险", "matures_on": "2046-09-16"}, 20),
        ({"product_name": "两全保险", "matures_on": "2046-09-15"}, None),
        ({"product_name": "终身寿险"}, 0),
        ({"product_name": "终身寿险", "cover_years": "30年"}, 30),
        ({"product_name": "百万医疗保险", "cover_years": "至80岁"}, None),
    ],
)
def test_years_of_cover(cells, years):
    assert said(row_of(**cells), "cover_years") == years


def test_an_empty_premium_counts_as_nought():
    row = row_of(premium="")
    assert (codes(row), said(row, "premium")) == (["premium_missing"], Decimal("0.00"))


def test_no_heading_names_two_columns():
    for listed in (lambda c: c.zh.split(), lambda c: c.en.split(",")):
        headings = [
            plain_heading(h)
            for column in COLUMNS
            for h in dict.fromkeys(map(plain_heading, listed(column)))
        ]
        assert len(headings) == len(set(headings))


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.field)
def test_every_heading_finds_its_column(column):
    for heading in [*column.zh.split(), *column.en.split(",")]:
        assert [m.field for m in match([heading])] == [column.field]


def test_the_longer_heading_wins():
    found = {m.field: m.heading for m in match(["姓名", "投保人姓名", "客户经理编码"])}
    assert found == {"holder_name": "投保人姓名", "agent_name": "姓名", "agent_no": "客户经理编码"}
    assert [m.field for m in match(["姓名"])] == ["holder_name"]


@pytest.mark.parametrize(
    "heading",
    ["服务人员联系电话", "被保险人出生日期", "申请人电话", "代理机构销售人员姓名", "网点编码"],
)
def test_headings_of_others_are_not_the_holders(heading):
    assert match([heading]) == []


def test_told_is_sorted_for_comparison():
    assert told([row_of(policy_no="")], refused=True) == [
        (2, "保险单号码", "policy_number_missing")
    ]


@pytest.mark.parametrize(
    ("cell", "first"),
    [
        ("13812342046/13912342046", "13812342046"),
        ("13812342046、0571-88082046", "13812342046"),
        ("0571-88082046；13812342046", "0571-88082046"),
        ("+86 13812342046, 13912342046", "13812342046"),
        ("13812342046 13912342046", "13812342046"),
    ],
)
def test_of_two_phones_in_a_cell_the_first_is_taken_and_told(cell, first):
    found = parsing.phone(cell)
    assert (found.code, found.value.number) == ("phone_several", first)


@pytest.mark.parametrize("cell", ["13812342046/123", "1381234204/0571-88082046", "138/12342046"])
def test_half_a_phone_beside_another_is_no_phone(cell):
    assert parsing.phone(cell) == Problem("phone_invalid")
