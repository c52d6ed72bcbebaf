"""The columns of a policy book: one declaration each, and how a file's headings find them.

To teach the import another heading, add it to the column's list. The order within a list is of no
matter; a heading in `perhaps` counts only when no better one claims the column.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import get_language

from policies.importing import parsing
from policies.importing.parsing import Parser


@dataclass(frozen=True)
class Column:
    field: str
    parse: Parser
    zh: str  # headings, the usual one first
    en: str  # the same, separated by commas
    perhaps: str = ""
    sql: str = "text"  # of the staged column; "" where it is read and not staged
    seals: str = ""  # what the encryption of the staged column is for

    @property
    def label(self) -> str:
        """In the reader's language."""
        return self.heading(get_language() or "en")

    def heading(self, language: str) -> str:
        """What the column is called where somebody chooses it by hand."""
        return self.zh.split()[0] if language.startswith("zh") else self.en.split(",")[0].strip()


COLUMNS = (
    Column(
        "policy_no",
        parsing.policy_number,
        zh="保险单号码 保险单号 保单号 保单号码 保险合同号 保险合同号码 合同号 合同号码 保单编号"
        " 保单合同号 个险保单号",
        en="Policy Number, Policy No, Policy No., Policy #, Policy, Policy ID, Contract Number,"
        " Contract No",
    ),
    Column(
        "proposal_no",
        parsing.code(40),
        zh="投保单号码 投保单号 投保书号 投保单编号",
        en="Proposal Number, Proposal No, Application Number, Application No",
    ),
    Column(
        "holder_name",
        parsing.holder_name,
        zh="投保人 投保人姓名 投保人名称 个险投保人姓名 客户姓名 客户名称 持有人 保单持有人",
        en="Owner Name, Owner, Policyholder, Policyholder Name, Policy Owner, Holder, Holder"
        " Name, Client Name, Customer Name, Applicant, Applicant Name, Proposer",
        perhaps="姓名, Name, 客户, Client",
    ),
    Column(
        "gender",
        parsing.word(parsing.GENDERS, "gender_unknown"),
        zh="性别 投保人性别 客户性别",
        en="Gender, Sex, Owner Gender, Owner Sex",
    ),
    Column(
        "birth_on",
        parsing.day,
        zh="出生日期 投保人出生日期 生日 投保人生日 出生年月日 客户出生日期 客户生日",
        en="Owner DOB, DOB, Date of Birth, Birth Date, Birthday, Owner Date of Birth, Owner Birth"
        " Date",
    ),
    Column(
        "id_type",
        parsing.id_type,
        zh="证件类型 投保人证件类型 证件种类 证件类别 投保人证件种类",
        en="ID Type, Owner ID Type",
    ),
    Column(
        "id_number",
        parsing.id_number,
        zh="证件号码 证件号 投保人证件号码 投保人证件号 身份证号 身份证号码 身份证 投保人身份证号"
        " 投保人身份证号码 客户证件号码 居民身份证号码",
        en="Owner ID, Owner ID Number, ID Number, ID No, National ID, Owner National ID, Identity"
        " Number",
    ),
    Column(
        "id_valid_to",
        parsing.open_day,
        zh="证件有效期至 证件有效期 证件有效期止 证件到期日 投保人证件有效期 投保人证件有效期至 身份证有效期"
        " 身份证有效期至",
        en="ID Valid To, ID Valid Until, ID Expiry, ID Expiry Date, ID Expires, Owner ID Expiry",
    ),
    Column(
        "mobile",
        parsing.phone,
        zh="手机号码 手机 手机号 移动电话 投保人手机 投保人手机号 投保人手机号码 客户手机"
        " 个险投保人手机",
        en="Mobile, Mobile Number, Mobile No, Mobile Phone, Cell, Cell Phone, Owner Mobile",
        perhaps="联系方式 投保人联系方式",
    ),
    Column(
        "phone",
        parsing.phone,
        zh="联系电话 电话 固定电话 投保人电话 投保人联系电话 座机 家庭电话 住宅电话 电话号码"
        " 客户电话 个险投保人联系电话",
        en="Phone, Phone Number, Telephone, Home Phone, Landline, Owner Phone, Tel",
        perhaps="联系方式 投保人联系方式",
    ),
    Column(
        "email",
        parsing.email,
        zh="邮箱 电子邮箱 投保人邮箱 电子邮件 邮件地址",
        en="Email, E-mail, Email Address, Owner Email",
    ),
    Column(
        "address",
        parsing.text(200),
        zh="联系地址 地址 通讯地址 通信地址 详细地址 收费地址 住址 投保人联系地址 投保人地址"
        " 家庭地址 联系人地址 邮寄地址",
        en="Mailing Address, Address, Owner Address, Home Address, Street Address",
    ),
    Column(
        "postcode",
        parsing.postcode,
        zh="邮编 邮政编码 投保人邮编",
        en="Postcode, Postal Code, Zip, Zip Code",
    ),
    Column(
        "insured_name",
        parsing.person_name,
        zh="被保险人 被保险人姓名 被保人 被保人姓名",
        en="Insured Name, Insured, Life Insured, Life Assured, Insured Person",
    ),
    Column(
        "insured_id_number",
        parsing.id_number,
        zh="被保险人证件号码 被保险人证件号 被保人证件号码 被保人证件号 被保险人身份证号"
        " 被保人身份证号 被保险人身份证号码 被保人身份证号码",
        en="Insured ID, Insured ID Number, Insured National ID",
    ),
    Column(
        "relation",
        parsing.text(20),
        zh="投被保人关系 关系 被保险人是投保人的 投保人与被保险人关系 与投保人关系"
        " 被保人与投保人关系",
        en="Relation, Relationship, Relation to Owner, Relationship to Insured, Relationship to"
        " Owner",
    ),
    Column(
        "product_code",
        parsing.code(40),
        zh="险种编码 险种代码 产品代码 产品编码 主险代码",
        en="Product Code, Plan Code",
        perhaps="计划编码 计划代码",
    ),
    Column(
        "product_name",
        parsing.text(120),
        zh="险种名称 险种 主险名称 主险 产品名称 产品 保险名称 已购险种",
        en="Product, Product Name, Plan Name",
        perhaps="计划名称 险种简称, Plan",
    ),
    Column(
        "kind",
        parsing.kind,
        zh="险种类别 险种类型 险类 产品类型 产品类别 险种大类",
        en="Coverage Type, Product Type, Product Kind, Line of Business",
    ),
    Column(
        "sum_assured",
        parsing.sum_assured,
        zh="保险金额 保额 基本保额 基本保险金额 风险保额",
        en="Face Amount, Sum Assured, Sum Insured, Coverage Amount, Death Benefit, Face Value",
    ),
    Column(
        "premium",
        parsing.premium,
        zh="保险费 保费 应收保费 期交保费 期缴保费 每期保费 年交保费 年缴保费 保费金额 保险费金额"
        " 首期保费 标准保费",
        en="Modal Premium, Premium, Premium Amount, Annual Premium, Instalment Premium,"
        " Installment Premium",
    ),
    Column(
        "premium_mode",
        parsing.word(parsing.MODES, "premium_mode_unknown"),
        zh="缴费方式 交费方式 缴费频率 交费频率 缴别 交别 缴费频次 交费频次",
        en="Premium Mode, Mode, Payment Mode, Billing Mode, Payment Frequency, Premium Frequency,"
        " Frequency",
    ),
    Column(
        "pay_years",
        parsing.pay_term,
        zh="缴费期间 交费期间 缴费年期 交费年期 缴费期数 交费期数 缴费期 交费期 缴费期限 交费期限 缴费年限"
        " 交费年限",
        en="Premium Term, Paying Term, Payment Term, Premium Paying Term, Pay Years, Premium"
        " Period",
    ),
    Column(
        "cover_years",
        parsing.cover_term,
        zh="保险期间 保障期限 保险年期 保险期限 保障期间 保障年期 保险期 保障期",
        en="Cover Term, Coverage Term, Policy Term, Term, Benefit Term, Coverage Period",
    ),
    Column(
        "applied_on",
        parsing.day,
        zh="投保日期 投保日 投保时间 申请日期",
        en="Application Date, Applied On, Proposal Date, Date Applied",
    ),
    Column(
        "issued_on",
        parsing.day,
        zh="承保日期 承保日 承保时间",
        en="Issue Date, Issued On, Date Issued, Underwriting Date",
        perhaps="签单日期 签单日 出单日期",
    ),
    Column(
        "effective_on",
        parsing.day,
        zh="生效日期 生效日 起保日期 保单生效日 保单生效日期 保险起期 合同生效日 合同生效日期"
        " 生效时间 个险生效日期",
        en="Effective Date, Effective On, Date Effective, Commencement Date, Start Date,"
        " Inception Date, Policy Date",
    ),
    Column(
        "next_due_on",
        parsing.open_day,
        zh="交费对应日 缴费对应日 应缴日 应交日 应收日期 应缴日期 应交日期 续期应收日 下次缴费日"
        " 下次交费日 下期应缴日 下期应交日 下次缴费日期 下次交费日期 续期应缴日 续期应交日"
        " 应缴对应日 应交对应日 缴费对应日期 交费对应日期",
        en="Paid To Date, Next Due Date, Premium Due Date, Due Date, Next Premium Due, Paid-to"
        " Date, Paid To",
        perhaps="交至日 缴至日 交至日期 缴至日期",
    ),
    Column(
        "matures_on",
        parsing.open_day,
        zh="满期日 满期日期 满期时间 保险止期 终保日期 终保日 终止日期 到期日 到期日期 保险终期 保障止期"
        " 合同终止日 期满日",
        en="Maturity Date, Matures On, Expiry Date, Expiration Date, End Date, Cover End Date",
    ),
    Column(
        "status",
        parsing.word(parsing.STATUSES, "status_unknown"),
        zh="保单状态 状态 合同状态 当前状态 保单当前状态 保单效力状态 险种状态",
        en="Status, Policy Status, Contract Status",
    ),
    # Of a policy sold through a bank, 代理机构销售人员 is the teller who sold it, and the insurer's
    # own 客户经理 serves it. So the teller's columns are not read, and the bare 姓名 beside
    # 客户经理编码 is the client manager's name, while the holder stands under 投保人姓名.
    Column(
        "agent_no",
        parsing.code(40),
        zh="服务人员代码 服务人员编码 服务人员工号 服务员业务号 服务员代码 客户经理编码"
        " 客户经理代码 客户经理工号 业务员工号 业务员代码 业务员编码 业务员编号 营销员代码"
        " 营销员工号 代理人代码 代理人编码 代理人工号 专管员代码 专管员工号 收展员工号 工号",
        en="Writing Agent Code, Agent Code, Agent Number, Agent No, Agent ID, Servicing Agent"
        " Code, Producer Code, Servicing Agent Number, Staff Number, Staff No",
        perhaps="销售人员编码 销售人员代码 销售人员工号",
    ),
    Column(
        "agent_name",
        parsing.person_name,
        zh="服务人员姓名 服务人员 服务员姓名 服务员 客户经理姓名 客户经理 业务员姓名 业务员"
        " 营销员姓名 营销员 代理人姓名 代理人 专管员 专管员姓名 银保专管员 收展员 收展员姓名",
        en="Writing Agent, Writing Agent Name, Agent Name, Agent, Servicing Agent, Servicing"
        " Agent Name, Producer",
        perhaps="姓名 销售人员姓名, Name",
    ),
    Column(
        "bank_name",
        parsing.text(60),
        zh="开户行 开户银行 银行 银行名称 缴费银行 交费银行 转账银行",
        en="Bank, Bank Name",
    ),
    Column(
        "account",
        parsing.account,
        zh="账号 帐号 银行账号 银行帐号 缴费账号 交费账号 银行卡号 转账账号 缴费帐号",
        en="Account, Account Number, Bank Account, Account No",
    ),
    Column(
        "branch",
        parsing.text(60),
        zh="机构 机构名称 管理机构 所属机构 分支机构 单位名称",
        en="Branch, Branch Name, Office, Agency",
        perhaps="网点名称 网点 机构代码",
    ),
)  # fmt: skip

FIELDS = tuple(column.field for column in COLUMNS)
MONEY = frozenset(("premium", "sum_assured", "amount"))
# Text is "" where a list says nothing, as in the models; of these, and of days, it is None.
NO_TEXTS = MONEY | frozenset(
    "pay_years cover_years gender id_type kind premium_mode status".split()
)
_PUNCTUATION = re.compile(r"[\s:;,.()\[\]{}<>【】〔〕「」《》*#_\"'、。/\\|·-]+")
_UNIT = re.compile(
    r"(?:单位)?(?:人民币)?((百|千|万|十万|百万|千万|亿)?元|人民币|rmb|cny|必填|选填|yyyymmdd)$"
)
_NUMBERED = re.compile(r"^\d{1,2}(?=\D)")
_IN_TWO_LANGUAGES = re.compile("([^a-z]+)([a-z]+)|([a-z]+)([^a-z]+)")
_OF_ALL = re.compile(r"单位[:：]?(?:人民币)?(百|千|万|十万|百万|千万|亿)元")


class Match(NamedTuple):
    field: str
    place: int  # of the column in the file, counted from 0
    heading: str  # as the file has it
    unit: str = ""  # of plain numbers: 万 if they are ten thousands


def plain_heading(text: str) -> str:
    """What headings are compared by."""
    return _PUNCTUATION.sub("", unicodedata.normalize("NFKC", text)).lower()


class Vocabulary:
    """The headings that the columns of one kind of list go by."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self.columns = tuple(columns)
        self.money = {
            c.field for c in self.columns if c.field in MONEY or c.sql.startswith("numeric")
        }
        self.certain = self._each_heading(lambda c: [*c.zh.split(), *c.en.split(",")])
        self.perhaps = self._each_heading(
            lambda c: [w for part in c.perhaps.split(",") for w in part.split()]
        )

    def _each_heading(self, listed: Callable[[Column], Iterable[str]]) -> dict[str, list[str]]:
        fields: dict[str, list[str]] = {}
        for column in self.columns:
            for heading in filter(None, map(plain_heading, listed(column))):
                fields.setdefault(heading, []).append(column.field)
        return fields

    def known(self, heading: str) -> list[str]:
        """The fields that a heading may stand for, the likeliest first."""
        return self.certain.get(heading) or self.perhaps.get(heading) or []

    def match(
        self, headings: Sequence[object], told: Mapping[str, str] | None = None
    ) -> list[Match]:
        """Which column of the file is which field: sure headings first, then the longer ones.

        What somebody has `told` of a heading comes before everything else.
        """
        found = self._as_told(headings, told or {})
        claims = sorted(
            (heading not in self.certain, -len(heading), place, heading, unit)
            for place, cell in enumerate(headings)
            for heading, unit in [self._without_unit(plain_heading(str(cell)))]
            if heading and heading not in (told or {})
        )
        for _, _, place, heading, unit in claims:
            field = next((field for field in self.known(heading) if field not in found), None)
            if field:
                found[field] = self._match(field, place, headings[place], unit)
        return sorted(found.values(), key=lambda match: match.place)

    def _as_told(self, headings: Sequence[object], told: Mapping[str, str]) -> dict[str, Match]:
        found: dict[str, Match] = {}
        fields = {column.field for column in self.columns}
        for place, cell in enumerate(headings):
            field = told.get(plain_heading(str(cell)), "")
            if field in fields and field not in found:
                _, unit = self._without_unit(plain_heading(str(cell)))
                found[field] = self._match(field, place, cell, unit)
        return found

    def _match(self, field: str, place: int, heading: object, unit: str) -> Match:
        return Match(field, place, str(heading).strip(), unit if field in self.money else "")

    def _without_unit(self, heading: str) -> tuple[str, str]:
        heading = heading if self.known(heading) else self._without_more(heading)
        if self.known(heading):
            return heading, ""
        found = _UNIT.search(heading)
        return (heading[: found.start()], found[2] or "") if found else (heading, "")

    def _without_more(self, heading: str) -> str:
        """A heading without its number, or in one of the two languages that say the same in it."""
        heading = _NUMBERED.sub("", heading)
        if found := _IN_TWO_LANGUAGES.fullmatch(heading):
            chinese = found[1] or found[4]
            if set(self.known(chinese)) & set(self.known(found[2] or found[3])):
                return chinese
        return heading

    def in_units(self, matches: Iterable[Match], unit: str) -> list[Match]:
        """The same where the file says for all its amounts that they are so many."""
        return [
            match._replace(unit=match.unit or unit)
            if match.field in self.money and not plain_heading(match.heading).endswith("元")
            else match
            for match in matches
        ]


def unit_of_all(texts: Iterable[str]) -> str:
    """The unit that a line above the headings names for all amounts: 万 of 单位：万元."""
    found = (_OF_ALL.search(unicodedata.normalize("NFKC", text)) for text in texts)
    return next((match[1] for match in found if match), "")


BOOK = Vocabulary(COLUMNS)
match = BOOK.match
