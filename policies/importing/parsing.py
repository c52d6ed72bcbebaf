"""From a cell to a value or a Problem. Every parser is a function of the cell alone.

A cell brings its type along: a number in the column of ID numbers has already lost its last digits,
whatever it looks like as text.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from lib import identity, names, phones
from lib.formulas import unguard
from policies.importing.problems import Problem

Cell = str | int | float | bool | date | datetime | time | timedelta
Parser = Callable[[Cell], object]

CENT = Decimal("0.01")
# What people type, and systems print, where there is nothing.
_NOTHING = frozenset(
    " - -- — —— / \\ 无 空 未知 不详 暂无 null (null) <null> none nan n/a #n/a".split(" ")
)
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_BROKEN = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_ROUNDED = re.compile(r"\d(?:\.\d+)?E\+?\d{1,2}", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+\d{1,2}", re.IGNORECASE)  # 3E12 may be a product's code
_WITH_CENTS = re.compile(r"(\d+)\.0+")


_EXACT_DIGITS = 15  # that spreadsheets keep
_EXACT = 10**_EXACT_DIGITS


class Shown(float):
    """A number that its format shows as a code: 7 as 00007, or as P-007."""

    words = ""

    @classmethod
    def under(cls, shape: Sequence[str], number: float) -> float:
        """The number in a shape of places ("") and of what stands between them; as it is where
        that would not tell the truth."""
        if not number.is_integer() or not 0 <= number < _EXACT:
            return number
        width = shape.count("")
        digits = f"{int(number):0{width}d}"
        rest = iter([digits[: len(digits) - width + 1], *digits[len(digits) - width + 1 :]])
        found = cls(number)
        found.words = "".join(part or next(rest) for part in shape)
        return found

    def __str__(self) -> str:
        return self.words


class Uncomputed(str):
    """A formula whose value the file does not hold: no spreadsheet has worked it out."""


_ERRORS = frozenset(
    "#ref! #value! #name? #div/0! #null! #num! #n/a #spill! #calc! #getting_data".split()
)


def is_error(cell: Cell) -> bool:
    """What a spreadsheet shows where it has nothing to show: #REF!, ####, a formula without a value."""
    if not isinstance(cell, str):
        return False
    if "#" not in cell:
        return isinstance(cell, Uncomputed)
    words = cell.strip().lower()
    return words.startswith("#") and (words in _ERRORS or words.strip("#") == "")


# Text


def text_of(cell: Cell) -> str:
    """The cell as text without blanks around it, exact for whole numbers."""
    if isinstance(cell, str):
        return _clean(cell)
    if isinstance(cell, Shown):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    return str(cell)


def shown(cell: Cell) -> str:
    """The cell as the user sees it in the spreadsheet."""
    if isinstance(cell, float) and abs(cell) >= 10**11 and not isinstance(cell, Shown):
        return f"{cell:.5E}"
    return cell if isinstance(cell, str) else text_of(cell)


def _clean(text: str) -> str:
    if not text.isprintable():
        text = _UNPRINTABLE.sub("", _BROKEN.sub("\ufffd", text))
    text = text.strip()
    return _unquoted(text) if text.startswith(('="', "'")) else text


def _unquoted(text: str) -> str:
    """="001" and '001 are how spreadsheets, and our own export, keep 001 from becoming 1."""
    if text.startswith('="') and text.endswith('"'):
        return text[2:-1]
    return text[1:] if text[1:2].isdigit() else unguard(text)


def is_nothing(text: str) -> bool:
    return text.casefold() in _NOTHING


def plain(text: str) -> str:
    """Half-width, lower case, without any blank: what words are compared by."""
    if text.isascii():
        return text.lower().replace(" ", "")
    return _SPACES.sub("", unicodedata.normalize("NFKC", text)).lower()


def text(longest: int) -> Parser:
    def parse(cell: Cell) -> object:
        words = text_of(cell)
        if len(words) > longest:
            return Problem("text_cut", words[:longest])
        return "" if words in ("-", "--", "/") else " ".join(words.split())

    return parse


def code(longest: int) -> Parser:
    """Numbers of things: half-width, without blanks, leading zeros kept."""

    def parse(cell: Cell) -> object:
        number = _code(cell)
        if _is_rounded(cell) or _SCIENTIFIC.fullmatch(number):
            return Problem("number_mangled", "")
        return Problem("text_cut", number[:longest]) if len(number) > longest else number

    return parse


def _is_rounded(cell: Cell) -> bool:
    return isinstance(cell, float) and abs(cell) >= _EXACT


def _code(cell: Cell) -> str:
    number = text_of(cell)
    if not (number.isascii() and number.isalnum()):
        number = _SPACES.sub("", unicodedata.normalize("NFKC", number)).lstrip("'‘’")
    return "" if is_nothing(number) else number


_LETTER_OR_DIGIT = re.compile("[0-9A-Za-z]")


def _was_a_code(cell: Cell) -> bool:
    """Whether the cell may still be the code that was typed: 1-2 becomes a day, 1/2 a fraction."""
    if isinstance(cell, float):
        return cell.is_integer()
    return isinstance(cell, str | int) and not isinstance(cell, bool)


def policy_number(cell: Cell) -> object:
    if not isinstance(cell, str) and not _was_a_code(cell):
        return Problem("policy_number_mangled")
    number = _code(cell)
    if not number:
        return Problem("policy_number_missing")
    if whole := _WITH_CENTS.fullmatch(number):  # a program has taken the column for amounts
        number = whole[1]
    if _is_rounded(cell) or _ROUNDED.fullmatch(number) or (whole and len(number) > _EXACT_DIGITS):
        return Problem("policy_number_mangled")
    if len(number) > 40:
        return Problem("policy_number_too_long")
    return number if _LETTER_OR_DIGIT.search(number) else Problem("policy_number_odd")


def holder_name(cell: Cell) -> object:
    name = person_name(cell)
    if not name:
        return Problem("name_missing")
    return name if len(name) <= 100 else Problem("name_too_long")


# "None" and "NA" may be names of people; a dash is not.
_NO_NAME = _NOTHING - {"none", "nan"} | {"NULL", "N/A"}


def person_name(cell: Cell) -> str:
    name = names.normalise(text_of(cell))
    return "" if name in _NO_NAME else name


def email(cell: Cell) -> object:
    address = _code(cell)
    if not address or (re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", address) and len(address) <= 254):
        return address
    return Problem("email_invalid", "")


def postcode(cell: Cell) -> object:
    digits = _code(cell)
    return digits.zfill(6) if isinstance(cell, float | int) else digits[:12]


def phone(cell: Cell) -> phones.Phone | Problem | None:
    """A `Phone`, or None where nothing was written."""
    words = text_of(cell)
    if is_nothing(words) or words == "0":
        return None
    if MASK in words:
        return Problem("number_masked")
    if whole := _WITH_CENTS.fullmatch(words):  # a program has taken the column for amounts
        words = whole[1]
    return phones.parse(words) or _first_of_several(words) or Problem("phone_invalid")


MASK = "*"  # as in a list that hides most of a number
_BETWEEN_PHONES = re.compile(r"[/、,，;；|或及和]|(?<=\d{7})\s+(?=[+01])")


def _first_of_several(words: str) -> Problem | None:
    """Of several whole numbers in one cell the first is taken, and that is told."""
    parts = [part for part in _BETWEEN_PHONES.split(words) if part.strip()]
    found = [phones.parse(part) for part in parts]
    return Problem("phone_several", found[0]) if len(found) > 1 and all(found) else None


# Identity


def id_number(cell: Cell) -> object:
    """The number as written, brought to one form; of which document it is, the row tells."""
    if not isinstance(cell, str):
        return Problem("id_mangled_by_excel")
    words = _clean(cell)
    if is_nothing(words):
        return ""
    number = identity.normalise(words)
    if _ROUNDED.fullmatch(number) or number.endswith(".0"):
        return Problem("id_mangled_by_excel")
    return Problem("number_masked", "") if MASK in number else number


_IN_15_DIGITS = re.compile(r"[1-9]\d{14}(0+)", re.ASCII)
_SURELY_ROUNDED = 6  # zeros that are none by chance


def look_rounded(cells: Iterable[Cell]) -> bool:
    """Whether the long numbers of a column have kept no more than the digits of a spreadsheet."""
    numbers = {number for number in map(_code, cells) if number.isdigit()}
    long = {number for number in numbers if len(number) > _EXACT_DIGITS}
    found = [match for number in long if (match := _IN_15_DIGITS.fullmatch(number))]
    zeros = sum(len(match[1]) for match in found)
    return len(long) > 1 and len(found) == len(long) and zeros >= _SURELY_ROUNDED


def without_rounded(parse: Parser, code: str) -> Parser:
    """The same parser for a column whose long numbers a spreadsheet has rounded."""

    def parse_whole(cell: Cell) -> object:
        return Problem(code, "") if _IN_15_DIGITS.fullmatch(_code(cell)) else parse(cell)

    return parse_whole


def account(cell: Cell) -> object:
    number = _code(cell)
    if _ROUNDED.fullmatch(number) or _is_rounded(cell):
        return Problem("account_mangled_by_excel", "")
    if MASK in number:
        return Problem("number_masked", "")
    number = number.replace("-", "")
    return number if len(number) <= 40 else Problem("text_cut", number[:40])


# Dates

_YEAR_FIRST = re.compile(
    r"(\d{4})(?:[-/.–—]|年)(\d{1,2})(?:[-/.–—]|月)(\d{1,2})[日号]?(?:\(?(?:星期|周)[一二三四五六日天]\)?)?",
    re.ASCII,
)
# Something must stand before the hour: in 2026/3/110:05 nobody can tell the 1st from the 11th.
_TIME = re.compile(
    r"(?:(?<=[日号])|[\s,t]+)(?:[上下]午)?\s*\d{1,2}[:时]\d{1,2}(?:[:分][\d.]*秒?)?(?:\s*[ap]m)?$",
    re.ASCII | re.IGNORECASE,
)
_OF_THE_REPUBLIC = re.compile(
    r"(?:中[华華])?民[国國](\d{1,3})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?", re.ASCII
)
_BEFORE_THE_REPUBLIC = 1911
_DIGITS_ONLY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{6})?", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)
_MONTH_WORDS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_FIRST = re.compile(r"(\d{1,2})-?([a-z]{3})[a-z]*[-,]*(\d{4})", re.ASCII)
_MONTH_FIRST = re.compile(r"([a-z]{3})[a-z]*\.?(\d{1,2}),(\d{4})", re.ASCII)
_FOREVER = re.compile(
    "[保交缴]?至?(?:终身|终生|长期|永久)(?:有效|保障|[交缴]费?)?|wholelife|whole|life|lifetime"
)
_NO_DAY = re.compile(  # what spreadsheets and databases write for none
    r"(?:0001|1900)(?:[-/.]|年)?0?1(?:[-/.]|月)?0?[01]日?", re.ASCII
)
_LAST_SERIAL, _LAST_USUAL_SERIAL = 2_958_465, 99_999  # 9999-12-31; 2173-10-13
_FIRST_YEAR, _NEVER_YEAR = 1900, 2999
_EPOCH, _FIRST_DAY = date(1899, 12, 30), date(1900, 1, 1)
_DAYS_FROM_1900_TO_1904 = 1_462
_DAYS_BEFORE_EIGHT_DIGITS = 2_958_465 - _DAYS_FROM_1900_TO_1904


def day(cell: Cell) -> object:
    """A date, None for an empty cell."""
    if isinstance(cell, date) and not isinstance(cell, datetime):
        found: date | None = cell
    elif isinstance(cell, datetime):
        found = cell.date()
    elif isinstance(cell, str):
        words = plain(_without_time(_clean(cell)))
        if not words:
            return None
        found = _day_in_words(words)
    else:
        found = _day_in_number(cell)
    if found is None or found.year < _FIRST_YEAR:
        return Problem("date_invalid")
    return found


def open_day(cell: Cell) -> object:
    """A date that may never come: a dash, "whole life", 0000-00-00 and 9999-12-31 mean none."""
    found = day(cell)
    if isinstance(found, Problem):
        return None if _says_never(cell) else found
    never = isinstance(found, date) and (found.year >= _NEVER_YEAR or found == _FIRST_DAY)
    return None if never else found


def since_1904(parse: Parser) -> Parser:
    """The same parser for a workbook whose bare day numbers count from 1904.

    From where a day number counts that stands there as a text, nobody can tell.
    """

    def parse_1904(cell: Cell) -> object:
        if isinstance(cell, str) and _SERIAL.fullmatch(plain(_clean(cell))):
            return Problem("date_invalid")
        if isinstance(cell, float | int) and 0 < cell < _DAYS_BEFORE_EIGHT_DIGITS:
            return parse(cell + _DAYS_FROM_1900_TO_1904)
        return parse(cell)

    return parse_1904


def _says_never(cell: Cell) -> bool:
    words = plain(_without_time(text_of(cell)))
    if _FOREVER.fullmatch(words) or _NO_DAY.fullmatch(words):
        return True
    return not words.strip("0-/.:年月日") or is_nothing(words)


def _without_time(text: str) -> str:
    if not {":", "：", "时"} & set(text):
        return text
    return _TIME.sub("", unicodedata.normalize("NFKC", text))


def _day_in_words(words: str) -> date | None:
    if found := _YEAR_FIRST.fullmatch(words) or _DIGITS_ONLY.fullmatch(words):
        return _real(found[1], found[2], found[3])
    if found := _OF_THE_REPUBLIC.fullmatch(words):
        return _real(int(found[1]) + _BEFORE_THE_REPUBLIC, found[2], found[3])
    if _SERIAL.fullmatch(words):
        return _day_in_number(float(words))
    if found := _DAY_FIRST.fullmatch(words):
        return _real(found[3], _month(found[2]), found[1])
    if found := _MONTH_FIRST.fullmatch(words):
        return _real(found[3], _month(found[1]), found[2])
    return None


def _day_in_number(number: object) -> date | None:
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    if 19_000_101 <= number <= 99_991_231 and number == int(number):
        digits = str(int(number))
        return _real(digits[:4], digits[4:6], digits[6:])
    # A four-digit number is more likely a year than a day before 1927, and 202603 a month.
    if not 9_999 < number < _LAST_SERIAL + 1:
        return None
    found = _EPOCH + timedelta(days=int(number))
    return found if number < _LAST_USUAL_SERIAL + 1 or found.year >= _NEVER_YEAR else None


def _month(word: str) -> int:
    return _MONTH_WORDS.index(word) + 1 if word in _MONTH_WORDS else 0


def _real(year: str | int, month: str | int, day_: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day_))
    except ValueError:
        return None


# Money

_TIMES = {"": 1, "百": 100, "千": 1_000, "万": 10_000, "十万": 100_000, "百万": 1_000_000,
    "千万": 10_000_000, "亿": 100_000_000}  # fmt: skip
_UNITS = "|".join(sorted(_TIMES, key=len, reverse=True))
_AMOUNT = re.compile(rf"(-?)(\d+|\d{{1,3}}(?:,\d{{3}})+)(\.\d+)?({_UNITS})", re.ASCII)
_USUAL_AMOUNT = re.compile(r"\d{1,11}(?:\.\d{1,2})?", re.ASCII)
_CURRENCY = re.compile(r"^(-?)(?:人民币|rmb|cny|[¥￥])|(?:人民币|rmb|cny|元整|元|圆)$")
_GROUPED = re.compile(r"^\D*\d{1,3}(?:[ \xa0\u202f\u3000]\d{3})+(?!\d|\s+\d)")
_TWO_NUMBERS = re.compile(r"\d\s+\d")
_LARGEST = Decimal(10) ** 12


def money(cell: Cell) -> Decimal | Problem | None:
    """An amount to the cent; None where nothing was written, Problem where it is no amount.

    Of an amount with parts of a cent the problem's value is the one it was rounded to.
    """
    if isinstance(cell, float) or (isinstance(cell, int) and not isinstance(cell, bool)):
        return _to_the_cent(Decimal(repr(cell)))
    if not isinstance(cell, str):
        return Problem("amount_invalid")
    words = _clean(cell)
    if is_nothing(words):
        return None
    return _money_in_words(words)


def _money_in_words(words: str) -> Decimal | Problem:
    if _USUAL_AMOUNT.fullmatch(words):
        return Decimal(words).quantize(CENT)
    if _are_two_numbers(words):
        return Problem("amount_invalid")
    words = plain(words).replace("−", "-")
    if words.startswith("(") and words.endswith(")"):
        words = "-" + words[1:-1]
    words = _CURRENCY.sub(r"\1", _CURRENCY.sub(r"\1", words))
    found = _AMOUNT.fullmatch(words)
    if not found:
        return Problem("amount_invalid")
    sign, whole, cents, unit = found.groups()
    return _to_the_cent(Decimal(f"{sign}{whole.replace(',', '')}{cents or ''}") * _TIMES[unit])


def _are_two_numbers(words: str) -> bool:
    """1200 1300: the premiums of two covers, say; in 1 200 the blank only sets thousands apart."""
    return bool(_TWO_NUMBERS.search(words)) and not _GROUPED.search(words)


_NOISE = Decimal("0.000001")  # of the floats that workbooks keep


def _to_the_cent(amount: Decimal) -> Decimal | Problem:
    if not amount.is_finite() or abs(amount) >= _LARGEST:
        return Problem("amount_invalid")
    rounded = amount.quantize(CENT, ROUND_HALF_UP) + 0  # + 0 turns -0.00 into 0.00
    return rounded if abs(rounded - amount) < _NOISE else Problem("amount_rounded", rounded)


def no_less_than_nothing(invalid: str, negative: str) -> Parser:
    """An amount that is not negative, or the code of what is wrong with it; None for a blank."""

    def parse(cell: Cell) -> object:
        said = money(cell)
        amount = said.value if isinstance(said, Problem) else said
        if isinstance(amount, Decimal):
            return said if amount >= 0 else Problem(negative)
        return said and Problem(invalid)

    return parse


_premium = no_less_than_nothing("premium_invalid", "premium_negative")
sum_assured = no_less_than_nothing("amount_invalid", "amount_invalid")


def premium(cell: Cell) -> object:
    amount = _premium(cell)
    return Problem("premium_missing", Decimal("0.00")) if amount is None else amount


def in_units(unit: str, parse: Parser) -> Parser:
    """The same parser for a column whose plain numbers are so many: 万, if they are ten thousands.

    A cell that says its own unit is believed.
    """

    def parse_in_units(cell: Cell) -> object:
        if isinstance(cell, float | int) and not isinstance(cell, bool):
            number = Decimal(repr(cell))
            return parse(f"{number:f}{unit}" if number.is_finite() else cell)
        if not isinstance(cell, str):
            return parse(cell)
        words = plain(_clean(cell))
        if is_nothing(words) or _are_two_numbers(cell) or not _WITHOUT_UNIT.fullmatch(words):
            return parse(cell)
        return parse(f"{words[:-1]}{unit})" if words.endswith(")") else f"{words}{unit}")

    return parse_in_units


_WITHOUT_UNIT = re.compile(r"[^百千万亿元圆]+")


# Words with a meaning


def word(meanings: dict[str, str], unknown: str) -> Parser:
    """One of a closed list, in either language; anything else is told by the code `unknown`."""

    def parse(cell: Cell) -> object:
        words = plain(text_of(cell))
        bare = words.replace("-", "").replace("_", "")
        if not bare or is_nothing(words):
            return None
        found = meanings.get(words) or (None if bare.isdigit() else meanings.get(bare))
        return found or Problem(unknown)

    return parse


def meanings(**words: str) -> dict[str, str]:
    """Turn `code="word word"` round: from each word to its code."""
    return {word: code for code, listed in words.items() for word in listed.split()}


STATUSES = meanings(
    in_force="有效 正常 正常有效 承保 生效 有效中 保单有效 有效保单 缴费有效 交费有效 缴费中 交费中 缴费期满 交费期满"
    " 宽限期 宽限期内 自动垫交 自动垫缴 垫交 垫缴 豁免 保费豁免 豁免保费 免交 inforce active paidup grace"
    " ingrace",
    lapsed="失效 已失效 失效中 失效中止 保单失效 合同失效 中止 已中止 合同中止 保单中止 效力中止 停效 暂停"
    " 永久失效 lapsed lapse suspended",
    claimed="理赔终止 赔付终止 死亡终止 身故终止 身故理赔 身故理赔终止 死亡理赔终止 身故给付 死亡给付 全残终止 身故"
    " 死亡 理赔 理赔结案 endedbyaclaim claim claimed deathclaim death claimterminated terminatedbyclaim",
    paid_up="减额交清 减额缴清 交清 缴清 reducedpaidup",
    terminated="终止 已终止 合同终止 保单终止 效力终止 失效终止 解约 已解约 合同解除 解除合同 注销 已注销 给付终止"
    " 拒保 terminated termination cancelled canceled rescinded",
    transferred="转出 已转出 迁出 保单迁出 transferredout transferred",
    surrendered="退保 已退保 退保终止 全部退保 正常退保 协议退保 失效退保 surrendered surrender"
    " surrenderedforcash",
    cooled_off="犹退 已犹退 犹撤 犹豫退保 犹豫期退保 犹豫期撤单 犹豫期终止 犹豫期解约 犹豫期内退保 犹豫期内撤单"
    " 冷静期退保 契撤 撤单 cooledoff cooloff coolingoff withdrawnincoolingoff coolingoffwithdrawal freelook"
    " freelookcancelled nottaken",
    matured="满期终止 满期 已满期 期满 已期满 期满终止 保险期满 到期终止 到期 满期给付 matured maturity expired"
    " expiry",
)
MODES = meanings(
    single="趸交 趸缴 趸付 趸 单次 一次性 一次交清 一次缴清 一次付清 一次性交清 一次性缴清 一次性付清 一次性交费"
    " 一次性缴费 0 single singlepremium lumpsum onetime",
    yearly="年交 年缴 年付 按年 年 年度 每年 按年交 按年缴 每年交 每年缴 按年交费 按年缴费 12 12个月 yearly annual"
    " annually year",
    half_yearly="半年交 半年缴 半年付 按半年 半年 半年度 每半年 按半年交 按半年缴 每半年交 每半年缴 6 6个月"
    " halfyearly semiannual semiannually biannual halfyear",
    quarterly="季交 季缴 季付 按季 季 季度 每季 每季度 按季度 季度交 季度缴 按季交 按季缴 每季交 每季缴 3 3个月"
    " quarterly quarter",
    monthly="月交 月缴 月付 按月 月 月度 每月 按月交 按月缴 每月交 每月缴 按月交费 按月缴费 1 1个月 monthly month",
    irregular="不定期 不定期交 不定期缴 不定期交费 不定期缴费 灵活 灵活交费 灵活缴费 -1 irregular flexible",
)
GENDERS = meanings(  # 0 is a man to one system, a woman to another, and nobody to a third
    m="男 男性 男士 先生 1 m male mr", f="女 女性 女士 小姐 太太 2 f female mrs ms miss"
)
ID_TYPES = meanings(
    id_card="身份证 身份證 居民身份证 二代身份证 第二代身份证 身份证件 居民身份证件 身份证号 临时身份证 idcard"
    " id nationalid residentidcard 0 01",
    passport="护照 中国护照 外国护照 passport",
    household="户口簿 户口本 户口 居民户口簿 householdregister",
    military="军官证 军人证 士兵证 警官证 military",
    birth_certificate="出生证 出生证明 birthcertificate",
    hk_macau="港澳居民来往内地通行证 港澳居民往来内地通行证 港澳通行证 回乡证 港澳居民居住证"
    " hkmopermit",
    taiwan="台湾居民来往大陆通行证 台胞证 台湾居民居住证 taiwanpermit",
    other="其他 其它 外国人永久居留证 other",
)


def id_type(cell: Cell) -> object:
    """A document nobody has heard of is some other document."""
    words = plain(text_of(cell))
    return ID_TYPES.get(words, "other") if words and not is_nothing(words) else None


# Terms

WHOLE_LIFE = 0  # years of a cover that ends with life
_YEARS = re.compile(r"(\d{1,3})(?:\.0)?(?:年|年期|年交|年缴|年满|y|yr|yrs|year|years|yearspay)?")
_MONTHS = re.compile(r"(\d{1,4})(?:个月|月|months|month)")
_ONCE = frozenset(
    "一次性 趸交 趸缴 趸付 一次交清 一次缴清 一次付清 一次性交清 一次性缴清 single singlepay singlepremium".split()
)


def pay_term(cell: Cell) -> object:
    """Years in which premiums are paid; None for a single premium or one for life."""
    words = plain(text_of(cell))
    if not words or is_nothing(words) or words in _ONCE or _FOREVER.fullmatch(words):
        return None
    return _years(words)


def cover_term(cell: Cell) -> object:
    """Years of cover, WHOLE_LIFE, or None where nothing was written."""
    words = plain(text_of(cell))
    if not words or is_nothing(words):
        return None
    whole = words.startswith("终身") or _FOREVER.fullmatch(words)
    return WHOLE_LIFE if whole else _years(words)


def _years(words: str) -> int | Problem:
    if (found := _YEARS.fullmatch(words)) and 0 < int(found[1]) <= 150:
        return int(found[1])
    if (found := _MONTHS.fullmatch(words)) and int(found[1]) % 12 == 0 and int(found[1]):
        return int(found[1]) // 12
    # "To age 60" needs a birth date that the file may not have.
    return Problem("term_unknown")


# Products

# The first word found decides: a critical-illness cover for life is no whole-life insurance.
_KINDS = meanings(
    medical="医疗 住院 费用补偿 门诊 medical hospital",
    critical_illness="重大疾病 重疾 特定疾病 防癌 恶性肿瘤 疾病 criticalillness dreaddisease"
    " cancer",
    accident="意外 交通工具 accident",
    annuity="年金 养老 教育金 annuity pension retirement",
    endowment="两全 满期 endowment",
    whole_life="终身 wholelife wholeoflife",
    term="定期",
) | meanings(medical="健康 health")
KINDS = frozenset(_KINDS.values())
_TERM = re.compile(r"\bterm\b(?!\s*care)", re.IGNORECASE)


def kind_of(product_name: str) -> str | None:
    """The kind of a product as its name says it, in either language."""
    words = plain(product_name).replace("-", "").replace("_", "")
    found = next((kind for word, kind in _KINDS.items() if word in words), None)
    return found or ("term" if _TERM.search(product_name) else None)


def kind(cell: Cell) -> object:
    words = text_of(cell)
    return words if words in KINDS else kind_of(words)
