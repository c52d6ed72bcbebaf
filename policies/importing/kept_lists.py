"""Lists whose lines stay as records of their policies: claims, tickets, loans, changes and the like.

Whoever builds something on one of them reads `policies.records.Record`.
"""

from django.utils.translation import gettext_lazy as _

from policies.importing import parsing
from policies.importing.columns import Column
from policies.importing.layout import (
    BRANCH,
    BRANCH_CODE,
    CHANNEL,
    DAY,
    MONEY,
    OUTLET,
    READ_ONLY,
    SEALED,
    Kept,
    Layout,
    holder,
    of_book,
)
from policies.importing.parsing import Cell
from policies.importing.problems import Problem
from policies.importing.rows import Row

_WRITE = "policies.importing.kept:write"


def text(field: str, zh: str, en: str, perhaps: str = "") -> Column:
    return Column(field, parsing.text(1_000), zh, en, perhaps)


def day(field: str, zh: str, en: str, perhaps: str = "") -> Column:
    return Column(field, parsing.open_day, zh, en, perhaps, sql=DAY)


def figure(field: str, zh: str, en: str, perhaps: str = "") -> Column:
    return Column(field, _figure, zh, en, perhaps, sql=MONEY)


def number(field: str, zh: str, en: str, perhaps: str = "") -> Column:
    return Column(field, parsing.code(80), zh, en, perhaps)


def private(field: str, zh: str, en: str) -> Column:
    """A number of a person: kept under lock and key."""
    return Column(field, parsing.id_number, zh, en, sql=READ_ONLY, seals=SEALED)


def private_phone(field: str, zh: str, en: str) -> Column:
    return Column(field, _phone, zh, en, sql=READ_ONLY, seals=SEALED)


def _figure(cell: Cell) -> object:
    amount = parsing.money(cell)
    if isinstance(amount, Problem) and amount.value is None:
        return Problem("figure_invalid")
    return amount


def _phone(cell: Cell) -> object:
    found = parsing.phone(cell)
    if isinstance(found, Problem):
        return Problem(found.code, getattr(found.value, "number", ""))
    return found.number if found else ""


class RecordRow(Row):
    """A line about a policy, known again by its number or its day."""

    def complete(self) -> None:
        self.require("policy_no", "policy_number_missing")
        known_by = self.parser.layout.kept.number if self.parser.layout.kept else ""
        if known_by:
            day = known_by.endswith("_on")
            self.know_by(known_by, "record_date_missing" if day else "case_number_missing")
        for field in ("id_number", "insured_id_number"):
            if field in self.parser.layout.at:
                self.check_id(field)
        self.sort_phones()

    def know_by(self, field: str, code: str) -> None:
        """Without what was left out as rounded, several cases would become one."""
        self.require(field, code)
        if self.get(field) in ("", None) and not any(each.fatal for each in self.problems):
            self.add(field, code)


class ReceiptRow(RecordRow):
    def complete(self) -> None:
        super().complete()
        self.require("signed_on", "record_date_missing")


RECEIPTS = Layout(
    "receipts",
    _("Signed receipts"),
    _("On which day each policy was delivered and signed for"),
    "journal-check",
    columns=(
        *holder(),
        number("product_code", "险种代码 险种编码", "Product Code, Plan Code"),
        day("filed_on", "回单日期 回执日期 回执回销日期 回销日期", "Filed On, Receipt Filed On"),
        day(
            "signed_on",
            "签收日期 签收日 签收时间 客户签收日期 客户签收日 回执签收日期 回执签收日 保单签收日期 投保人签收日期",
            "Signed On, Receipt Signed On, Delivery Date, Date Delivered",
        ),
    ),
    needed=(("policy_no",), ("signed_on",)),
    telling=frozenset(("filed_on", "signed_on")),
    row=ReceiptRow,
    write="policies.importing.kept:sign",
    kept=Kept(part="product_code", on=("signed_on",)),
)

MATURITY = Layout(
    "maturity",
    _("Maturities"),
    _("Who is to be paid at maturity, when and how much"),
    "gift",
    columns=(
        *holder(),
        day(
            "matures_on",
            "保险止期 满期日 满期日期 到期日 终止日期",
            "Maturity Date, Expiry Date, End Date",
        ),
        figure(
            "payout", "满期金额 满期金 满期保险金 满期给付金额", "Maturity Amount, Maturity Benefit"
        ),
        figure(
            "payout_with_bonus",
            "满期金及分红 满期金及红利 满期本息",
            "Maturity And Bonus, Maturity Value",
        ),
        figure("paid_in", "已交保费 已缴保费 累计保费 累计已交保费", "Premiums Paid, Paid In"),
        text("yield", "满期收益率 收益率", "Yield, Return"),
        text("rating", "评级 风险评级", "Rating, Risk Rating"),
        text("cover_term", "保障期限 保险期间 保险年期", "Cover Term, Policy Term, Term"),
        text("channel", "销售渠道 渠道 业务渠道", "Sales Channel, Channel"),
        day("birth_on", "投保人出生日期 投保人生日", "Owner DOB, Owner Birth Date"),
        text("id_type", "投保人证件类型 证件类型", "Owner ID Type, ID Type"),
        private(
            "id_number",
            "投保人身份证号 投保人证件号码 投保人身份证号码 证件号码 身份证号",
            "Owner ID, Owner ID Number, ID Number",
        ),
        day("insured_birth_on", "被保人出生日期 被保险人出生日期", "Insured DOB"),
        private(
            "insured_id_number",
            "被保人身份证号 被保险人身份证号 被保人证件号码 被保险人证件号码",
            "Insured ID, Insured ID Number",
        ),
        text("relation", "投被保人关系 关系 投保人与被保险人关系", "Relation, Relationship"),
        *of_book("product_code", "product_name", "insured_name"),
    ),
    needed=(("policy_no",), ("matures_on",), ("payout", "payout_with_bonus")),
    telling=frozenset(("payout", "payout_with_bonus", "paid_in", "yield")),
    row=RecordRow,
    write="policies.importing.kept:mature",
    kept=Kept(number="matures_on", on=("matures_on",)),
)

CALLBACK = Layout(
    "callback",
    _("Failed call-backs"),
    _("New clients whom the insurer's call did not reach, and why"),
    "telephone-x",
    columns=(
        *holder(),
        number(
            "ticket_no",
            "工单流水号 工单号 工单编号 流水号",
            "Call Number, Ticket Number, Work Order",
        ),
        text("category", "工单类别 工单类型", "Category, Ticket Category"),
        text("stage", "工单状态 处理状态 回访状态", "State, Ticket State"),
        text(
            "reason",
            "工单子类 失败原因 不成功原因 回访失败原因",
            "Reason, Sub Category, Failure Reason",
        ),
        text("content", "工单内容 回访内容 问题描述", "Content, Description"),
        day("call_on", "应访日期 应回访日期", "Call Due, Due Date"),
        day("called_on", "回访日期 回访时间 二访日期", "Called On, Call Date"),
        text("resets", "重置次数 回访次数", "Resets, Attempts"),
        text("again", "复访标记", "Call Again"),
        private("id_number", "证件号码 投保人证件号码 身份证号", "ID Number, Owner ID"),
        *of_book("product_name", "agent_no", "agent_name", sql="text"),
        BRANCH,
    ),
    needed=(("policy_no",), ("ticket_no",), ("call_on", "called_on", "reason")),
    telling=frozenset(("ticket_no", "call_on", "called_on", "reason", "again")),
    row=RecordRow,
    write=_WRITE,
    kept=Kept(number="ticket_no", on=("called_on", "call_on"), state="stage"),
)

TICKETS = Layout(
    "tickets",
    _("Hotline tickets"),
    _("What clients told the insurer's hotline, handed on to their agents"),
    "chat-square-text",
    columns=(
        *holder(),
        number(
            "event_no",
            "事件编号 事件号 转办编号 转办单号 受理编号",
            "Event Number, Case Number",
            perhaps="工单编号 工单号",
        ),
        text("event", "事件类型 事件大类", "Event Type, Case Type"),
        text("event_part", "事件子类型 事件子类 事件小类", "Event Sub Type, Case Sub Type"),
        text("stage", "事件状态 办理状态", "Event State, Case State", perhaps="处理状态 工单状态"),
        text(
            "description",
            "事件描述 诉求内容 投诉内容 客户诉求",
            "Event Description, Case Description",
        ),
        text("remark", "事件备注 处理备注", "Event Remark, Remark", perhaps="备注"),
        text("task", "任务类型", "Task Type"),
        day(
            "received_on", "受理日期 受理时间 创建时间 转办日期 转办时间", "Received On, Created On"
        ),
        day("finished_on", "完成时间 完成日期 办结时间 办结日期", "Finished On, Completed On"),
        day("effective_on", "个险生效日期 生效日期", "Effective Date"),
        text("branch", "个险管理机构 管理机构 机构名称", "Branch, Office"),
    ),
    needed=(("policy_no",), ("event_no",), ("event", "description")),
    telling=frozenset(("event_no", "event", "event_part", "description", "task")),
    row=RecordRow,
    write=_WRITE,
    kept=Kept(number="event_no", on=("received_on",), state="stage"),
)

CLAIMS = Layout(
    "claims",
    _("Claims"),
    _("Open and closed claims, and how far they are"),
    "clipboard2-pulse",
    columns=(
        *holder(),
        number(
            "claim_no",
            "赔案号 赔案编号 案件号 理赔号 立案号",
            "Claim Number, Claim No",
            perhaps="报案号 报案编号",
        ),
        number("client_no", "客户号 客户编号", "Client Number, Customer Number"),
        text(
            "insured_name",
            "被保险人 被保险人姓名 被保人 出险人 出险人姓名",
            "Insured, Insured Name",
        ),
        text("gender", "性别 被保险人性别 出险人性别", "Gender, Sex"),
        text("age", "年龄 被保险人年龄 出险人年龄", "Age"),
        text("loss", "出险类型 出险原因 事故类型", "Loss Type, Cause"),
        text("claim_type", "理赔类型 索赔类型 理赔类别", "Claim Type"),
        text(
            "applicant", "申请人 申请人姓名 报案人 报案人姓名", "Claimant, Claimant Name, Reporter"
        ),
        private_phone(
            "applicant_phone",
            "申请人电话 申请人手机 申请人联系电话 报案人联系方式 报案人电话",
            "Claimant Phone, Reporter Phone",
        ),
        day("reported_on", "报案日期 报案时间", "Reported On, Report Date"),
        day("loss_on", "出险日期 事故日期 出险时间", "Loss Date, Date Of Loss"),
        day("registered_on", "立案日期 立案时间", "Registered On, Registration Date"),
        text("decision", "理赔结论 赔付结论 核赔结论", "Decision, Claim Decision"),
        figure("assessed", "理算金额 核定金额", "Assessed Amount"),
        figure("paid", "给付金额 赔付金额 实赔金额", "Paid Amount, Claim Paid"),
        figure("refused", "拒赔金额", "Refused Amount"),
        day("closed_on", "结案日期 结案时间", "Closed On, Closing Date"),
        text("stage", "案件状态 赔案状态 理赔状态", "Claim Status, Claim State, State"),
        *of_book("product_code", "product_name"),
        BRANCH,
        BRANCH_CODE,
    ),
    needed=(("policy_no",), ("claim_no",), ("stage", "decision", "closed_on", "reported_on")),
    telling=frozenset(("claim_no", "loss", "reported_on", "loss_on", "decision", "paid", "stage")),
    row=RecordRow,
    write=_WRITE,
    kept=Kept(
        number="claim_no", part="product_name", on=("reported_on", "registered_on"), state="stage"
    ),
)

CHANGES = Layout(
    "changes",
    _("Policy changes"),
    _("Changes to policies that the insurer has carried out"),
    "sliders",
    columns=(
        *holder(),
        number(
            "case_no", "保全受理号 受理号 保全号 保全申请号 批单号", "Case Number, Service Number"
        ),
        text(
            "item",
            "项目编码 保全项目 项目名称 保全项目名称 项目代码",
            "Item, Item Code, Service Item",
        ),
        day(
            "approved_on",
            "保全复核通过日期 复核通过日期 保全生效日期 保全生效日 保全日期",
            "Approved On, Approval Date",
        ),
        figure("amount", "金额 保全金额 补退费金额", "Amount"),
        text("asked_by", "申请方式 受理方式", "Asked By, Application Channel"),
        text("insured_name", "被保险人姓名 被保险人 被保人", "Insured, Insured Name"),
        text("branch", "保单所属机构 所属机构 管理机构 机构名称", "Branch, Office"),
        text("office_code", "操作机构代码 操作机构", "Office Code"),
        OUTLET,
        CHANNEL,
    ),
    needed=(("policy_no",), ("case_no",), ("item", "approved_on")),
    telling=frozenset(("case_no", "item", "approved_on", "asked_by", "office_code")),
    row=RecordRow,
    write=_WRITE,
    kept=Kept(number="case_no", part="item", on=("approved_on",)),
)

LOANS = Layout(
    "loans",
    _("Policy loans"),
    _("Loans on policies: when they fall due, what is repaid"),
    "wallet2",
    columns=(
        *holder(),
        day("taken_on", "借款日期 借款日 贷款日期", "Loan Date, Taken On"),
        figure("amount", "借款金额 贷款金额 借款本金", "Loan Amount"),
        day(
            "due_on",
            "约定还款日期 约定还款日 应还日期 应还款日期 到期还款日 借款到期日 贷款到期日",
            "Repayment Due, Due Date",
        ),
        day("repaid_on", "实际还款日期 还款日期 实际还款日", "Repaid On"),
        figure("repaid", "还款金额 实际还款金额 已还金额", "Repaid Amount"),
        text("policy_state", "保单状态", "Policy Status, Status", perhaps="状态"),
        text("gender", "投保人性别 性别", "Gender, Sex"),
        *of_book("product_name"),
        text("outlet", "出单网点 网点名称 网点", "Outlet, Issuing Outlet"),
        BRANCH,
    ),
    needed=(("policy_no",), ("taken_on",), ("amount",)),
    telling=frozenset(("taken_on", "amount", "due_on", "repaid_on", "repaid")),
    row=RecordRow,
    write=_WRITE,
    kept=Kept(number="taken_on", part="amount", on=("taken_on",)),
)

KEPT_LISTS = (RECEIPTS, MATURITY, CALLBACK, TICKETS, CLAIMS, CHANGES, LOANS)
