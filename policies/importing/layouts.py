"""The kinds of lists that come from insurers: one declaration each.

A layout says by which headings a list is known, what must stand in a row, and what is done with the
rows. docs/importing.md shows how to add one.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from policies.importing import debits, parsing
from policies.importing.columns import BOOK, COLUMNS, FIELDS, Column, Match
from policies.importing.kept_lists import KEPT_LISTS
from policies.importing.layout import (
    AGENT_PHONE,
    BOOLEAN,
    BRANCH,
    BRANCH_CODE,
    CHANNEL,
    DAY,
    MONEY,
    OUTLET,
    POLICY_YEAR,
    READ_ONLY,
    Layout,
    holder,
    of_book,
    read_only,
)
from policies.importing.parsing import Cell
from policies.importing.problems import Problem
from policies.importing.rows import PolicyRow, Row


class Headings(NamedTuple):
    """Columns by the names that the reader's language has for them."""

    layout: str
    choices: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        language, layout = get_language() or "en", LAYOUTS[self.layout]
        named = [[layout.column(f).heading(language) for f in any_of] for any_of in self.choices]
        return ", ".join(" / ".join(names) for names in named)


class Name(NamedTuple):
    """A kind of list by its name in the reader's language."""

    layout: str

    def __str__(self) -> str:
        return str(LAYOUTS[self.layout].label)


AllTold = Mapping[str, Mapping[str, str]]  # what somebody has told of headings, by kind of list


def best(
    headings: Sequence[object], told: AllTold | None = None
) -> tuple[int, Layout, list[Match]]:
    """The layout for which the headings speak most, how much, and what they mean under it.

    One that lacks what it needs comes after every one that does not.
    """
    tried = []
    for place, layout in enumerate(LAYOUTS.values()):
        matches = layout.match(headings, (told or {}).get(layout.code))
        fits = not layout.lacking(matches)
        tried.append((fits, layout.weight(matches), -place, layout, matches))
    fits, weight, _place, layout, matches = max(tried, key=lambda one: one[:3])
    return weight + _FITS * fits, layout, matches


_FITS = 1_000  # more than any headings weigh
assert len(COLUMNS) * 2 < _FITS


# --- the policy book


ISSUED = Layout(
    "issued",
    _("Policy book"),
    _("Clients, policies and their premiums; one row is one policy"),
    "file-text",
    columns=COLUMNS,
    needed=(("policy_no",), ("holder_name",), ("premium",), ("effective_on", "issued_on")),
    telling=frozenset(("issued_on", "effective_on")),
    row=PolicyRow,
)
assert (ISSUED.fields, ISSUED.vocabulary.columns) == (FIELDS, BOOK.columns)


# --- lists about policies


amount_due = parsing.no_less_than_nothing("premium_invalid", "premium_negative")


class DueRow(Row):
    """A premium that is due; without its policy and its day it says nothing."""

    def complete(self) -> None:
        self.require("policy_no", "policy_number_missing")
        self.require("due_on", "due_date_missing")
        self.require("amount", "amount_missing")
        self.sort_phones()


_DUE_ON = Column(
    "due_on",
    parsing.day,
    zh="交费对应日 缴费对应日 应交日 应缴日 应交日期 应缴日期 应收日期 应收日 续期应收日 应交费日期"
    " 应缴费日期 下次缴费日 下次交费日 下期应缴日 下期应交日 下次缴费日期 下次交费日期 续期应缴日 续期应交日"
    " 续期应缴日期 续期应交日期 应缴对应日 应交对应日 缴费对应日期 交费对应日期",
    en="Due Date, Premium Due Date, Next Due Date, Next Premium Due, Due On",
    sql=DAY,
)
_AMOUNT = Column(
    "amount",
    amount_due,
    zh="应收保费 应交保费 应缴保费 续期保费 续期应收保费 续期应缴保费 续期应交保费"
    " 应收金额 应交金额 应缴金额 期交保费 期缴保费 每期保费",
    en="Premium Due, Amount Due, Renewal Premium, Due Amount, Receivable Premium",
    perhaps="保险费 保费 保费金额, Premium, Modal Premium, Amount",
    sql=MONEY,
)
RENEWAL = Layout(
    "renewal",
    _("Renewals due"),
    _("New due dates and amounts; phones and addresses that are not known yet"),
    "calendar3-event",
    columns=(
        *holder(),
        _DUE_ON,
        _AMOUNT,
        *of_book("product_name", "bank_name"),
        *of_book("account", sql="bytea", seals="policy.account"),
        *of_book("premium_mode", "agent_no", "agent_name", sql=READ_ONLY),
        POLICY_YEAR,
        CHANNEL,
        OUTLET,
        BRANCH,
        BRANCH_CODE,
    ),
    needed=(("policy_no",), ("due_on",), ("amount",)),
    telling=frozenset(("amount", "policy_year", "channel")),
    row=DueRow,
    write="policies.importing.renewal:write",
)


class PersistencyRow(DueRow):
    def complete(self) -> None:
        super().complete()
        words = self.get("failure_words")
        said = debits.answer(words) if words else None
        if said and not said.ok:
            self.set("failure", said.failure)
        if words and not (said and said.understood):
            self.set("failure", "other")
            self.add("failure_words", "failure_unknown")


_PAID_TO = Column(
    "paid_to_on",
    parsing.open_day,
    zh="交至日 缴至日 交至日期 缴至日期 已交至 已缴至 保费交至日",
    en="Paid To Date, Paid-to Date, Paid To",
    sql=DAY,
)
_FAILURE_WORDS = Column(
    "failure_words",
    parsing.text(120),
    zh="交费失败原因 缴费失败原因 失败原因 扣款失败原因 收费失败原因 未交原因",
    en="Failure Reason, Reason Not Paid, Payment Failure, Debit Failure Reason",
)

PERSISTENCY = Layout(
    "persistency",
    _("Persistency list"),
    _("What is paid to which day, and why a debit failed"),
    "graph-up",
    columns=(
        *holder(),
        _DUE_ON,
        _PAID_TO,
        _AMOUNT,
        *of_book("status", "product_code", "product_name"),
        _FAILURE_WORDS,
        Column(
            "rider",
            parsing.text(20),
            zh="主附险标志 主附险 主附险标识 主险附险标志 险种主附标志",
            en="Main Or Rider, Rider, Rider Flag, Coverage Role",
        ),
        *of_book("insured_name", "premium_mode", "agent_no", "agent_name", sql=READ_ONLY),
        read_only("sequence", "交次 缴次 交费次数 缴费次数 期次 续期期次", "Instalment No, Sequence"),
        POLICY_YEAR,
        AGENT_PHONE,
        CHANNEL,
        OUTLET,
        BRANCH,
        BRANCH_CODE,
        Column("failure", parsing.text(17), zh="", en=""),
    ),
    needed=(("policy_no",), ("due_on",), ("paid_to_on",)),
    telling=frozenset(("paid_to_on", "failure_words", "rider", "sequence")),
    row=PersistencyRow,
    write="policies.importing.persistency_list:write",
)  # fmt: skip


# --- the bank's return


def _number(cell: Cell) -> object:
    """A policy or service number, refused for the same reasons as a policy number."""
    return parsing.policy_number(cell)


def _debit(cell: Cell) -> object:
    amount = parsing.money(cell)
    if amount is None:
        return None
    return amount if not isinstance(amount, Problem) and amount > 0 else Problem("debit_invalid")


_PAID_OUT = (
    "付费", "给付", "满期", "理赔", "红利", "分红", "退保", "退费", "生存金", "年金", "payout",
    "maturity", "claim", "dividend", "surrender", "refund",
)  # fmt: skip


class BankLine(Row):
    """One debit and its answer."""

    def complete(self) -> None:
        self.require("reference", "policy_number_missing")
        self.require("amount", "debit_missing")
        self.require("returned_on", "return_date_missing")
        self.require("words", "answer_missing")
        self._understand(str(self.get("words")))
        kind = parsing.plain(f"{self.get('fee')}{self.get('words')}")
        if any(word in kind for word in _PAID_OUT):
            self.add("fee" if self.get("fee") else "words", "paid_out")
        self.set("account_end", str(self.get("account"))[-4:])

    def _understand(self, words: str) -> None:
        said = debits.answer(words) if words else None
        if said is None:
            if words:
                self.add("words", "answer_unknown")
            return
        self.set("ok", said.ok)
        self.set("failure", said.failure)
        if not said.understood:
            self.add("words", "failure_unknown")


BANK = Layout(
    "bank",
    _("Bank return"),
    _("Premiums that were collected, debits that failed"),
    "bank",
    columns=(
        Column(
            "reference",
            _number,
            zh="关联业务号码 业务号码 业务号 关联业务号 关联号码 保险单号码 保险单号 保单号 保单号码",
            en="Reference, Reference Number, Business Number, Policy Number, Policy No",
        ),
        Column(
            "account_name",
            parsing.text(100),
            zh="账户名 帐户名 户名 账户名称 帐户名称 账号户名 开户名",
            en="Account Name, Account Holder, Name On Account",
            perhaps="投保人 投保人姓名 客户姓名",
        ),
        *of_book("account", sql=READ_ONLY),
        Column(
            "amount",
            _debit,
            zh="金额 交易金额 扣款金额 收费金额 实收金额 应收金额 转账金额 回盘金额 实扣金额 代扣金额 划扣金额",
            en="Amount, Debit Amount, Collected Amount, Transaction Amount",
            perhaps="应扣金额",
            sql=MONEY,
        ),
        Column(
            "words",
            parsing.text(120),
            zh="状态描述 状态 回盘状态 回盘结果 处理结果 交易结果 扣款结果 交易状态 收费状态 收费结果 扣款状态"
            " 扣费结果 代扣结果 返盘结果 返盘状态 结果描述",
            en="Result, Status, Status Description, Return Status, Debit Result, Response",
            perhaps="失败原因 收费失败原因 扣款失败原因",
        ),
        Column(
            "returned_on",
            parsing.day,
            zh="回盘日期 回盘日 返盘日期 回盘时间 扣款日期 扣费日期 收费日期 代扣日期 交易日期"
            " 处理日期",
            en="Return Date, Returned On, Debit Date, Transaction Date, Processed On",
            sql=DAY,
        ),
        read_only("fee", "费用类型 费用种类 收付费类型 业务类型 款项类型", "Fee Type, Payment Type"),
        Column(
            "branch",
            parsing.text(80),
            zh="管理机构 机构 机构名称 所属机构 分支机构 单位名称",
            en="Branch, Branch Name, Office",
        ),
        BRANCH_CODE,
        *of_book("bank_name", sql=READ_ONLY),
        Column("account_end", parsing.text(4), zh="", en=""),
        Column("ok", parsing.text(1), zh="", en="", sql=BOOLEAN),
        Column("failure", parsing.text(17), zh="", en=""),
    ),
    needed=(("reference",), ("amount",), ("words",), ("returned_on",)),
    telling=frozenset(("returned_on", "words", "fee", "account_name")),
    row=BankLine,
    key="reference",
    holder="account_name",
    table="import_bank",
    control="amount",
    write="policies.importing.bank_return:write",
)  # fmt: skip

# In the order in which they are taken in where one file holds several.
LAYOUTS = {layout.code: layout for layout in (ISSUED, RENEWAL, PERSISTENCY, BANK, *KEPT_LISTS)}
