"""Each kind of list is told by its headings, and its rows say what they say."""

import inspect
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from policies.importing import child, debits, kept, kept_lists, layouts
from policies.importing.apply import Order, Report, take_in
from policies.importing.layouts import LAYOUTS, best
from policies.importing.problems import Refusal
from policies.importing.rows import ParsedRow
from policies.models import Insurer, Record
from tests.policies.importing.books import (
    SAMPLES,
    TODAY,
    answer,
    read,
    told,
    write_text,
    write_xlsx,
)

LISTS = (
    "renewal-11-none.xlsx", "persistency-11-none.xlsx", "bank-11-none.xlsx", "receipts-11-none.xlsx",
    "maturity-11-none.xlsx", "callback-11-none.xlsx", "tickets-11-none.xlsx", "claims-11-none.xlsx",
)  # fmt: skip
BANK = ["账户名", "账号", "金额", "状态描述", "回盘日期", "费用类型", "关联业务号码", "管理机构"]
LINE = [
    "尹伟平",
    "6234403630617461232",
    "4,380.30",
    "收费成功",
    "2026-11-22",
    "续期保费",
    "P11",
    "杭州",
]


def said(row: ParsedRow, field: str) -> Any:
    return row.values[LAYOUTS[row.kind].at[field]]


def line(**changed: Any) -> list[Any]:
    places = {"amount": 2, "words": 3, "returned_on": 4, "fee": 5, "reference": 6, "account": 1}
    cells: list[Any] = list(LINE)
    for field, cell in changed.items():
        cells[places[field]] = cell
    return cells


@pytest.mark.parametrize("name", LISTS)
def test_every_heading_of_a_sample_is_understood(name):
    reading, rows = read(SAMPLES / name)
    true = answer(name)
    assert reading.header.kind == true["layout"]
    assert (reading.header.header_row, len(rows)) == (true["header_row"], true["rows"])
    assert [m.heading for m in reading.header.matches] == true["headings"]
    assert not [problem for row in rows for problem in row.problems]
    assert len([row for row in rows if not row.refused]) == true["accepted"]


@pytest.mark.parametrize(
    ("headings", "kind"),
    [
        ("保单号 投保人 保费 生效日期 手机号码 证件号码", "issued"),
        ("保单号 投保人 险种名称 保费 承保日期 交费对应日 缴费方式", "issued"),
        ("保单号 投保人 险种名称 应收保费 交费对应日 生效日期 保单年度 渠道 网点", "renewal"),
        ("保险单号 应缴日 应收保费", "renewal"),
        ("Policy Number,Owner Name,Due Date,Amount Due", "renewal"),
        ("保单号 应交日 交至日 交费失败原因", "persistency"),
        ("保单号 险种名称 交次 应交日 交至日 保单当前状态 交费失败原因 应收保费", "persistency"),
        ("户名 账号 金额 状态 回盘日期 保单号", "bank"),
        ("Policy Number,Account Name,Amount,Result,Return Date", "bank"),
        ("Policy Number,Owner Name,Modal Premium,Issue Date,Paid To Date,Status", "issued"),
        (
            "保全受理号 保单号 保单所属机构 投保人姓名 保全复核通过日期 项目编码 金额 申请方式",
            "changes",
        ),
        ("管理机构 保单号码 投保人姓名 险种名称 借款日期 借款金额 约定还款日期 保单状态", "loans"),
        ("赔案号 保单号 出险人 报案人 事故日期 出险日期 案件状态", "claims"),
        ("保单号 投保人 续期应缴日 续期保费 宽限期末", "renewal"),
        ("投保人 保单号 应扣金额 实扣金额 扣款状态 扣款日期 失败原因", "bank"),
        ("账户名 账号 金额 失败原因 回盘日期 费用类型 关联业务号码 管理机构", "bank"),
        ("工单编号 受理时间 诉求内容 保单号 客户姓名 联系电话 办理状态", "tickets"),
        ("报案号 保单号 出险人 出险日期 报案日期 案件状态", "claims"),
        ("保险单号 投保人 回执签收日期 回执回销日期", "receipts"),
        ("保全申请号 保险单号码 项目名称 受理日期 投保人姓名", "changes"),
        ("保单号 签收日期", "receipts"),
        ("Claim Number,Policy Number,Claim Type,Report Date,Claim Status", "claims"),
        ("Policy Number,Maturity Date,Maturity Amount", "maturity"),
    ],
)
def test_headings_tell_the_kind(headings, kind):
    cells = headings.split(",") if "," in headings else headings.split()
    assert best(cells)[1].code == kind


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.code)
def test_no_heading_names_two_columns_of_a_layout(layout):
    doubled = {
        word: fields for word, fields in layout.vocabulary.certain.items() if len(fields) > 1
    }
    assert not {word: fields for word, fields in doubled.items() if len(set(fields)) > 1}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.code)
def test_what_a_layout_names_it_has(layout):
    named = {
        layout.key,
        layout.holder,
        *layout.telling,
        *(f for any_of in layout.needed for f in any_of),
    }
    assert named | ({layout.control} - {""}) <= set(layout.fields)


def test_titles_and_totals_are_no_lines(tmp_path):
    rows = [
        ["银行回盘清单"],
        ["导出日期：2026-11-22"],
        BANK,
        line(),
        line(reference="P12"),
        ["合计", "", "8760.60"],
    ]
    reading, found = read(write_xlsx(tmp_path / "b.xlsx", rows))
    assert (reading.header.kind, reading.header.header_row) == ("bank", 3)
    assert [said(row, "reference") for row in found] == ["P11", "P12"]
    assert said(found[0], "amount") == Decimal("4380.30")
    assert (said(found[0], "returned_on"), said(found[0], "account_end")) == (
        date(2026, 11, 22),
        "1232",
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("收费成功", (True, "", True)),
        ("代扣成功(0000)", (True, "", True)),
        ("SUCCESS", (True, "", True)),
        ("0000-交易成功", (True, "", True)),
        ("批量代扣成功", (True, "", True)),
        ("姓名与账号不符", (False, "name_mismatch", True)),
        ("余额不足", (False, "insufficient", True)),
        ("可用余额不足", (False, "insufficient", True)),
        ("Insufficient funds", (False, "insufficient", True)),
        ("账户已销户", (False, "frozen_or_closed", True)),
        ("账户已冻结", (False, "frozen_or_closed", True)),
        ("户名不符", (False, "name_mismatch", True)),
        ("帐号不存在", (False, "account_not_found", True)),
        ("卡号无效", (False, "card_invalid", True)),
        ("超过单笔限额", (False, "limit_exceeded", True)),
        ("客户未授权", (False, "no_authorisation", True)),
        ("其他系统错误", (False, "system_error", True)),
        ("系统超时，扣款未成功", (False, "system_error", True)),
        ("交易失败", (False, "other", True)),
        ("扣款未成功", (False, "other", False)),
        ("月亮失败", (False, "other", False)),
    ],
)
def test_what_the_bank_says(words, expected):
    assert debits.answer(words) == expected


@pytest.mark.parametrize(
    "words",
    ["处理中", "待定", "moon", "12", "冲正成功", "退款成功", "撤销成功", "部分成功", "非成功"],
)
def test_what_nobody_can_tell(words):
    assert debits.answer(words) is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"words": "处理中"}, "answer_unknown"),
        ({"words": ""}, "answer_missing"),
        ({"amount": ""}, "debit_missing"),
        ({"amount": "-1"}, "debit_invalid"),
        ({"amount": "0"}, "debit_invalid"),
        ({"amount": "无效"}, "debit_invalid"),
        ({"returned_on": ""}, "return_date_missing"),
        ({"returned_on": "昨天"}, "date_invalid"),
        ({"reference": ""}, "policy_number_missing"),
        ({"fee": "满期给付", "words": "付费成功"}, "paid_out"),
    ],
)
def test_a_line_that_cannot_be_posted_is_refused(tmp_path, changed, code):
    _, rows = read(write_xlsx(tmp_path / "b.xlsx", [BANK, line(), line(**changed)]))
    assert [problem for *_, problem in told(rows, refused=True)] == [code]


def test_an_unknown_failure_is_another_reason_with_a_warning(tmp_path):
    _, (row,) = read(write_xlsx(tmp_path / "b.xlsx", [BANK, line(words="月亮失败")]))
    assert (said(row, "ok"), said(row, "failure")) == (False, "other")
    assert told([row], refused=False) == [(2, "状态描述", "failure_unknown")]


@pytest.mark.parametrize(
    "total",
    [
        ["合计", "", "8760.60"],
        ["合计", "", "￥8,760.60 元"],
        ["合计：2笔", "", "8760.60"],
        ["合计 2笔 金额 8,760.60"],
        ["总计", "2笔"],
        ["小计", "", "1.00"],
        ["Total", "", "8760.60"],
    ],
)
def test_a_true_total_is_believed(tmp_path, total):
    _, rows = read(write_xlsx(tmp_path / "b.xlsx", [BANK, line(), line(reference="P12"), total]))
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ([], ["合计", "", "8760.61"]),
        ([], ["合计：3笔"]),
        ([], ["合计 2笔 金额 8,760.00"]),
        (["总笔数：3 总金额：8760.60"], []),
        (["总笔数", "2", "总金额", "9,999.00"], []),
    ],
)
def test_a_wrong_total_refuses_the_file(tmp_path, above, below):
    rows = [above, BANK, line(), line(reference="P12"), below]
    with pytest.raises(Refusal) as refused:
        read(write_xlsx(tmp_path / "b.xlsx", [row for row in rows if row]))
    assert refused.value.code == "control_total"


def test_totals_of_the_collected_and_the_failed_are_compared_with_theirs(tmp_path):
    rows = [
        BANK, line(), line(reference="P12"), ["合计", "", "8760.60"],
        line(reference="P13", words="余额不足", amount="100"), ["合计", "", "100"], ["总计", "3笔", "8860.60"],
    ]  # fmt: skip
    assert len(read(write_xlsx(tmp_path / "b.xlsx", rows))[1]) == 3


def test_a_text_that_breaks_off_is_refused(tmp_path):
    path = write_text(tmp_path / "b.csv", [BANK, line(), line(reference="P12")])
    path.write_bytes(path.read_bytes()[:-25])
    with pytest.raises(Refusal) as refused:
        read(path)
    assert (refused.value.code, refused.value.details) == ("cut_off", {"row": 3})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_texts_are_read_too(tmp_path, encoding):
    reading, rows = read(write_text(tmp_path / "b.csv", [BANK, line()], encoding=encoding))
    assert (reading.header.kind, len(rows)) == ("bank", 1)
    assert TODAY.year == 2026


@pytest.mark.parametrize("number", ["1.2345E+13", 123456789012345680.0])
def test_cases_whose_numbers_are_rounded_do_not_become_one(tmp_path, number):
    rows = [
        ["保单号", "工单流水号", "工单子类", "应访日期"],
        ["P1", number, "停机空号", "2026-05-01"],
    ]
    _, found = read(write_xlsx(tmp_path / "b.xlsx", rows))
    assert told(found, refused=True) == [(2, "工单流水号", "case_number_missing")]
    assert [problem.code for problem in found[0].problems] == [
        "number_mangled",
        "case_number_missing",
    ]


# --- the example of docs/importing.md

DOCS = Path(__file__).parents[3] / "docs" / "importing.md"


@pytest.mark.django_db
def test_the_example_of_the_handbook_works(tmp_path, monkeypatch, make_policy):
    declared, written = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    exec(declared, space := dict(vars(kept_lists)))
    benefits = space["BENEFITS"]
    monkeypatch.setitem(layouts.LAYOUTS, "benefits", benefits)
    make_policy(policy_no="P1")
    table = [
        ["保单号", "应领日期", "生存金额", "领取状态", "开户行账号"],
        ["P1", "2026-06-01", "1,200.00", "未领取", "622234036306174"],
        ["P2"],
    ]
    path = write_xlsx(tmp_path / "b.xlsx", [*table, ["P3", "2026-06-02", "1"]])
    header, rows, *_notes = child.messages(path, path.name, TODAY, 1 << 20)
    good = [row for row in rows if not row.refused]
    report = take_in(good, Order(Insurer.usual()), Report(), layout=benefits)
    assert (header.kind, len(rows), len(good)) == ("benefits", 3, 2)
    assert (report.counts["recorded"], [f.policy_no for f in report.rejected]) == (1, ["P3"])
    record = Record.objects.get()
    assert (record.on, record.state) == (date(2026, 6, 1), "未领取")
    assert (record.fields["amount"], "622234036306174" in record.sealed) == (1200, True)
    _file, *parts = re.split(r"\n{3,}|kept.py\n", written)
    assert all(part.strip() in inspect.getsource(kept) for part in parts)
