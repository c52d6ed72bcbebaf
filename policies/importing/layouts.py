"""The kinds of lists that come from insurers: one declaration each.

A layout says by which headings a list is known, what must stand in a row, and what is done with the
rows. docs/importing.md shows how to add one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from policies.importing import debits, parsing
from policies.importing.columns import BOOK, COLUMNS, FIELDS, NO_TEXTS, Column, Match, Vocabulary
from policies.importing.parsing import Cell
from policies.importing.problems import Problem
from policies.importing.rows import PolicyRow, Row

DAY, MONEY, BOOLEAN = "date", "numeric(14, 2)", "boolean"
_READ_ONLY = ""  # understood, so that nobody wonders; nothing is done with it


@dataclass(frozen=True)
class Layout:
    code: str
    label: Promise
    brings: Promise  # in a sentence, for the one who uploads it
    icon: str
    columns: tuple[Column, ...]
    needed: tuple[tuple[str, ...], ...]  # a list that lacks all of a line is some other list
    telling: frozenset[str]  # fields whose headings other lists do not have: they count twice
    row: type[Row]  # what is wrong with a row, and what follows from several of its cells
    key: str = "policy_no"  # the field without which no row is data
    holder: str = "holder_name"  # whose name is shown beside it
    table: str = "import_list"
    control: str = ""  # the field of which the file may say a total; then it must be true
    write: str = ""  # module:function that takes the staged rows in; "": the book's own steps

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(column.field for column in self.columns)

    @cached_property
    def at(self) -> dict[str, int]:
        return {field: place for place, field in enumerate(self.fields)}

    @cached_property
    def empty(self) -> tuple[Any, ...]:
        """What stands where a list says nothing."""
        return tuple(None if _is_no_text(column) else "" for column in self.columns)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.columns)

    @cached_property
    def staged(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.sql)

    def column(self, field: str) -> Column:
        return self.columns[self.at[field]]

    def match(self, headings: Sequence[object]) -> list[Match]:
        return self.vocabulary.match(headings)

    def lacking(self, matches: Iterable[Match]) -> list[tuple[str, ...]]:
        fields = {match.field for match in matches}
        return [any_of for any_of in self.needed if fields.isdisjoint(any_of)]

    def weight(self, matches: Iterable[Match]) -> int:
        """How much the headings speak for this kind of list."""
        return sum(2 if match.field in self.telling else 1 for match in matches)


def _is_no_text(column: Column) -> bool:
    return column.field in NO_TEXTS or column.field.endswith("_on") or column.sql == BOOLEAN


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


def best(headings: Sequence[object]) -> tuple[int, "Layout", list[Match]]:
    """The layout for which the headings speak most, how much, and what they mean under it.

    One that lacks what it needs comes after every one that does not.
    """
    tried = []
    for place, layout in enumerate(LAYOUTS.values()):
        matches = layout.match(headings)
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


def amount_due(cell: Cell) -> object:
    amount = parsing.money(cell)
    if isinstance(amount, Problem):
        return Problem("premium_invalid")
    return Problem("premium_negative") if amount is not None and amount < 0 else amount


def _of_book(*fields: str, **changed: Any) -> Iterator[Column]:
    """Columns that the list shares with the policy book."""
    for field in fields:
        yield replace(COLUMNS[FIELDS.index(field)], **changed)


def _holder(*more: str) -> Iterator[Column]:
    """Who the holder is and how to reach him."""
    yield from _of_book("policy_no")
    yield from _of_book("holder_name", parse=parsing.person_name, perhaps="")
    yield from _of_book("mobile", "phone", "address", "postcode", *more)


def _read_only(field: str, zh: str, en: str, perhaps: str = "") -> Column:
    return Column(field, parsing.text(200), zh, en, perhaps, sql=_READ_ONLY)


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
    " 应缴费日期 下次缴费日 下次交费日 下期应缴日 下期应交日 下次缴费日期 下次交费日期",
    en="Due Date, Premium Due Date, Next Due Date, Next Premium Due, Due On",
    sql=DAY,
)
_AMOUNT = Column(
    "amount",
    amount_due,
    zh="应收保费 应交保费 应缴保费 续期保费 应收金额 应交金额 应缴金额 期交保费 期缴保费 每期保费",
    en="Premium Due, Amount Due, Renewal Premium, Due Amount, Receivable Premium",
    perhaps="保险费 保费 保费金额, Premium, Modal Premium, Amount",
    sql=MONEY,
)
_POLICY_YEAR = _read_only("policy_year", "保单年度 保单年期 续期年度", "Policy Year")
_CHANNEL = _read_only("channel", "渠道 销售渠道 业务渠道", "Channel, Sales Channel")
_OUTLET = _read_only("outlet", "网点名称 网点 网点编码 代理网点", "Outlet, Outlet Name")
_BRANCH = _read_only(
    "branch",
    "机构 机构名称 管理机构 所属机构 分支机构 单位名称",
    "Branch, Branch Name, Office, Agency",
)
_BRANCH_CODE = _read_only(
    "branch_code", "机构代码 管理机构代码 机构编码", "Branch Code, Office Code"
)
_AGENT_PHONE = _read_only(
    "agent_phone",
    "服务人员联系电话 服务员电话 服务人员电话 业务员电话",
    "Agent Phone, Agent Mobile",
)

RENEWAL = Layout(
    "renewal",
    _("Renewals due"),
    _("New due dates and amounts; phones and addresses that are not known yet"),
    "calendar3-event",
    columns=(
        *_holder(),
        _DUE_ON,
        _AMOUNT,
        *_of_book("product_name", "bank_name"),
        *_of_book("account", sql="bytea", seals="policy.account"),
        *_of_book("premium_mode", "agent_no", "agent_name", sql=_READ_ONLY),
        _POLICY_YEAR,
        _CHANNEL,
        _OUTLET,
        _BRANCH,
        _BRANCH_CODE,
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
        *_holder(),
        _DUE_ON,
        _PAID_TO,
        _AMOUNT,
        *_of_book("status", "product_code", "product_name"),
        _FAILURE_WORDS,
        Column(
            "rider",
            parsing.text(20),
            zh="主附险标志 主附险 主附险标识 主险附险标志 险种主附标志",
            en="Main Or Rider, Rider, Rider Flag, Coverage Role",
        ),
        *_of_book("insured_name", "premium_mode", "agent_no", "agent_name", sql=_READ_ONLY),
        _read_only("sequence", "交次 缴次 交费次数 缴费次数 期次 续期期次", "Instalment No, Sequence"),
        _POLICY_YEAR,
        _AGENT_PHONE,
        _CHANNEL,
        _OUTLET,
        _BRANCH,
        _BRANCH_CODE,
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
        ),
        *_of_book("account", sql=_READ_ONLY),
        Column(
            "amount",
            _debit,
            zh="金额 交易金额 扣款金额 收费金额 实收金额 应收金额 转账金额 回盘金额",
            en="Amount, Debit Amount, Collected Amount, Transaction Amount",
            sql=MONEY,
        ),
        Column(
            "words",
            parsing.text(120),
            zh="状态描述 状态 回盘状态 回盘结果 处理结果 交易结果 扣款结果 交易状态 收费状态 结果描述",
            en="Result, Status, Status Description, Return Status, Debit Result, Response",
        ),
        Column(
            "returned_on",
            parsing.day,
            zh="回盘日期 回盘日 返盘日期 回盘时间 扣款日期 交易日期 处理日期",
            en="Return Date, Returned On, Debit Date, Transaction Date, Processed On",
            sql=DAY,
        ),
        _read_only("fee", "费用类型 费用种类 收付费类型 业务类型 款项类型", "Fee Type, Payment Type"),
        Column(
            "branch",
            parsing.text(80),
            zh="管理机构 机构 机构名称 所属机构 分支机构 单位名称",
            en="Branch, Branch Name, Office",
        ),
        _BRANCH_CODE,
        *_of_book("bank_name", sql=_READ_ONLY),
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
LAYOUTS = {layout.code: layout for layout in (ISSUED, RENEWAL, PERSISTENCY, BANK)}
