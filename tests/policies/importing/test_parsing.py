from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.importing import parsing
from policies.importing.columns import COLUMNS
from policies.importing.parsing import WHOLE_LIFE
from policies.importing.problems import REASONS, Problem

CELLS = st.one_of(
    st.text(max_size=30),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
)
DAYS = st.dates(date(1927, 6, 1), date(2173, 10, 13))


@pytest.mark.parametrize(
    "cell",
    [
        date(2026, 3, 5),
        datetime(2026, 3, 5, 10, 30),  # noqa: DTZ001 - Excel knows no zone
        46086.0,
        46086.75,
        "46086",
        20260305.0,
        "20260305",
        "20260305103000",
        "2026-03-05",
        "2026-3-5",
        "2026/3/5",
        "2026.03.05",
        "2026年3月5日",
        "2026年03月05日",
        " 2026 年 3 月 5 日 ",
        "２０２６－０３－０５",
        "2026-03-05 00:00:00",
        "2026-03-05T10:30:00",
        "2026/3/5 0:00",
        "2026/3/5 10:05",
        "2026-03-05 上午 8:05",
        "2026-03-05 10:30:00 AM",
        "2026年3月5日10时5分",
        "2026年3月5号",
        "2026年3月5日(周四)",
        "2026-03-05 星期四",
        "2026–03–05",
        "05-Mar-2026 10:30",
        "05-Mar-2026",
        "5 March 2026",
        "Mar 5, 2026",
        "'2026-03-05",
        "民国115年3月5日",
        "中華民國115年03月05日",
        "民國115/3/5",
    ],
)
def test_one_day_in_many_spellings(cell):
    assert parsing.day(cell) == date(2026, 3, 5)


@pytest.mark.parametrize(
    "cell",
    [
        "2026年2月30日",
        "20260229",
        "115年3月5日",
        "2026/3/110:05",
        "202603",
        202603.0,
        "民国115年2月30日",
        "2026/13/1",
        "2026-13-45",
        "0000-00-00",
        "1899-12-31",
        "05/03/2026",
        "26-03-05",
        "待定",
        "-",
        "2026",
        2026.0,
        -5.0,
        1e300,
        float("nan"),
        True,
        time(10, 0),
        timedelta(days=3),
        "²⁰²⁶-03-05-",
    ],
)
def test_what_is_no_day_or_not_surely_one(cell):
    assert parsing.day(cell) == Problem("date_invalid")


def test_an_empty_cell_is_no_day_and_no_fault():
    assert parsing.day("  ") is None


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "-",
        "--",
        "终身",
        "whole life",
        "0000-00-00",
        "9999-12-31",
        date(9999, 12, 31),
        "无",
        "0",
        "1900/1/0",
        "1900-01-01",
        "0001-01-01 00:00:00",
        "0000-00-00 00:00:00",
        "保至终身",
        "长期有效",
    ],
)
def test_a_day_that_may_never_come(cell):
    assert parsing.open_day(cell) is None


@pytest.mark.parametrize("hour", ["0:00", "9:59", "10:05", "23:59:59"])
@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 3, 5), date(2026, 12, 31)])
def test_an_hour_never_moves_its_day(day, hour):
    for blank in (" ", "  ", "\u3000", "\n"):
        assert parsing.day(f"{day.year}/{day.month}/{day.day}{blank}{hour}") == day


@pytest.mark.parametrize("cell", ["2026-13-45", "待定"])
def test_even_then_rubbish_is_rubbish(cell):
    assert parsing.open_day(cell) == Problem("date_invalid")


@given(DAYS)
def test_days_come_back_from_text_number_and_excel(day):
    serial = float((day - date(1899, 12, 30)).days)
    for cell in (
        f"{day:%Y/}{day.month}/{day.day} 10:05",
        day.isoformat(),
        f"{day:%Y%m%d}",
        float(f"{day:%Y%m%d}"),
        serial,
        datetime.combine(day, time()),
    ):
        assert parsing.day(cell) == day


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("￥1,200.00", "1200.00"),
        ("¥1200", "1200.00"),
        ("1200.00 元", "1200.00"),
        (" 8062.41 元", "8062.41"),
        ("１，２００．５０", "1200.50"),
        ("1.2万", "12000.00"),
        ("1.2万元", "12000.00"),
        ("1.5亿", "150000000.00"),
        ("(500)", "-500.00"),
        ("-500.00", "-500.00"),
        ("￥-500", "-500.00"),
        ("RMB 1,000", "1000.00"),
        ("人民币1000元整", "1000.00"),
        ("-0", "0.00"),
        ("1 200.00", "1200.00"),
        ("￥ 1 234 567 元", "1234567.00"),
        (36903.56, "36903.56"),
        (0.1 + 0.2, "0.30"),
        (1200, "1200.00"),
    ],
)
def test_amounts(cell, amount):
    found = parsing.money(cell)
    assert found == Decimal(amount)
    assert str(found) == amount


@pytest.mark.parametrize(
    "cell",
    [
        "待定",
        "1.234,50",
        "1200 1300",
        "1200\n1300",
        "1234 567",
        "12 00",
        "12,34",
        "1,2,3",
        "1e3",
        "1.2E+06",
        "HK$500",
        "--5",
        "1..2",
        "5.",
        ".",
        "inf",
        float("nan"),
        float("inf"),
        1e15,
        "9" * 20,
        True,
        date(2026, 1, 1),
    ],
)
def test_what_is_no_amount(cell):
    assert isinstance(parsing.money(cell), Problem)


@given(st.decimals(0, 10**11, places=2))
def test_every_amount_comes_back_from_its_spellings(amount):
    for written in (f"{amount}", f"{amount:,}", f"￥{amount:,}", f"{amount} 元"):
        assert parsing.premium(written) == amount
    assert parsing.premium(f"-{amount + 1}") == Problem("premium_negative")


@given(st.decimals(0, 10**9, places=2))
def test_amounts_are_exact_through_the_floats_of_a_workbook(amount):
    assert parsing.money(float(amount)) == amount


def test_sums_are_exact():
    assert sum(parsing.money("0.1") for _ in range(10)) == Decimal("1.00")


def test_an_empty_premium_is_nought_with_a_warning():
    assert parsing.premium(" ") == Problem("premium_missing", Decimal("0.00"))
    assert parsing.premium("待定") == Problem("premium_invalid")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("有效", "in_force"),
        ("In Force", "in_force"),
        ("in-force", "in_force"),
        ("失效", "lapsed"),
        ("效力中止", "lapsed"),
        ("失效中止", "lapsed"),
        ("已终止", "terminated"),
        ("合同解除", "terminated"),
        ("协议退保", "surrendered"),
        ("犹豫期内撤单", "cooled_off"),
        ("宽限期", "in_force"),
        ("自动垫交", "in_force"),
        ("身故理赔终止", "claimed"),
        ("部分退保", Problem("status_unknown")),
        ("LAPSED", "lapsed"),
        ("终止", "terminated"),
        ("理赔终止", "claimed"),
        ("理赔结案", "claimed"),
        ("身故", "claimed"),
        ("转出", "transferred"),
        ("Transferred out", "transferred"),
        ("退保", "surrendered"),
        ("犹退", "cooled_off"),
        ("cooled off", "cooled_off"),
        ("Free-Look", "cooled_off"),
        ("满期终止", "matured"),
        (" 满 期 ", "matured"),
        ("", None),
        ("-", None),
        ("不知道", Problem("status_unknown")),
    ],
)
def test_statuses(words, code):
    assert parsing.word(parsing.STATUSES, "status_unknown")(words) == code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("趸交", "single"),
        ("趸缴", "single"),
        ("0", "single"),
        (0.0, "single"),
        ("年交", "yearly"),
        ("年缴", "yearly"),
        (12, "yearly"),
        ("Annual", "yearly"),
        ("半年交", "half_yearly"),
        (6.0, "half_yearly"),
        ("Semi-Annual", "half_yearly"),
        ("季交", "quarterly"),
        ("3", "quarterly"),
        ("月交", "monthly"),
        ("1", "monthly"),
        ("不定期", "irregular"),
        ("-1", "irregular"),
        (-1.0, "irregular"),
        ("-3", Problem("premium_mode_unknown")),
        ("一次付清", "single"),
        ("年付", "yearly"),
        ("按半年缴", "half_yearly"),
        ("季度交", "quarterly"),
        ("月缴", "monthly"),
        ("weekly", Problem("premium_mode_unknown")),
    ],
)
def test_premium_modes(words, code):
    assert parsing.word(parsing.MODES, "premium_mode_unknown")(words) == code


@pytest.mark.parametrize(
    ("cell", "years"),
    [
        ("10年", 10),
        ("20 年", 20),
        (10.0, 10),
        ("240个月", 20),
        ("20 years", 20),
        ("一次性", None),
        ("趸交", None),
        ("终身", None),
        ("", None),
        ("至60岁", Problem("term_unknown")),
        ("0年", Problem("term_unknown")),
    ],
)
def test_paying_terms(cell, years):
    assert parsing.pay_term(cell) == years


@pytest.mark.parametrize(
    ("cell", "years"),
    [
        ("终身", WHOLE_LIFE),
        ("Whole Life", WHOLE_LIFE),
        ("1年", 1),
        ("30年", 30),
        (15.0, 15),
        ("", None),
        ("-", None),
        ("至80周岁", Problem("term_unknown")),
    ],
)
def test_cover_terms(cell, years):
    assert parsing.cover_term(cell) == years


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("福满堂终身寿险", "whole_life"),
        ("定期寿险A款", "term"),
        ("富贵满堂两全保险", "endowment"),
        ("一生保趸交两全保险", "endowment"),
        ("鑫享年金保险(分红型)", "annuity"),
        ("安康重大疾病保险", "critical_illness"),
        ("安心终身重疾(2021)", "critical_illness"),
        ("终身年金保险", "annuity"),
        ("防癌医疗保险", "medical"),
        ("百万医疗保险(续保版)", "medical"),
        ("平安行意外伤害保险", "accident"),
        ("Whole Life Plus", "whole_life"),
        ("Level Term 20", "term"),
        ("10-Year Term", "term"),
        ("Long-Term Care", None),
        ("Critical Illness Rider", "critical_illness"),
        ("Hospital Cash", "medical"),
        ("Personal Accident", "accident"),
        ("Deferred Annuity", "annuity"),
        ("Endowment 15", "endowment"),
        ("幸福一号", None),
    ],
)
def test_the_kind_is_read_from_the_name(name, kind):
    assert parsing.kind_of(name) == kind


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("00120000000261", "00120000000261"),
        (" P120 000 ", "P120000"),
        ("Ｐ１２０", "P120"),
        ("'00120", "00120"),
        (86120000000261.0, "86120000000261"),
        (1.5, Problem("policy_number_mangled")),
        (True, Problem("policy_number_mangled")),
        (date(2026, 1, 2), Problem("policy_number_mangled")),
        ("", Problem("policy_number_missing")),
        ("  ", Problem("policy_number_missing")),
        ("-", Problem("policy_number_missing")),
        ("8.6E+17", Problem("policy_number_mangled")),
        (8.6e17, Problem("policy_number_mangled")),
        ("x" * 41, Problem("policy_number_too_long")),
        ("合同", Problem("policy_number_odd")),
    ],
)
def test_policy_numbers(cell, answer):
    assert parsing.policy_number(cell) == answer


@pytest.mark.parametrize(
    "name", ["NA", "None", "Null", "O'Brien Wang", "Jean-Luc Müller", "司徒美堂", "𠮷永强"]
)
def test_names_that_look_like_nothing_are_names(name):
    assert parsing.holder_name(name) == name


@pytest.mark.parametrize("cell", ["", "   ", "\u3000", "-", "—"])
def test_names_that_are_nothing(cell):
    assert parsing.holder_name(cell) == Problem("name_missing")


def test_long_texts_are_cut_and_told():
    assert parsing.holder_name("名" * 101) == Problem("name_too_long")
    assert parsing.text(5)("abcdefgh") == Problem("text_cut", "abcde")


@pytest.mark.parametrize(
    ("parse", "cell", "answer"),
    [
        (parsing.postcode, 10010.0, "010010"),
        (parsing.postcode, "310000", "310000"),
        (parsing.account, "6232 7694 0045 7675 881", "6232769400457675881"),
        (parsing.account, 6.232769400457676e18, Problem("account_mangled_by_excel", "")),
        (parsing.email, "a@example.com", "a@example.com"),
        (parsing.email, "nobody", Problem("email_invalid", "")),
        (parsing.id_type, "居民身份证", "id_card"),
        (parsing.id_type, "某证", "other"),
        (parsing.phone, "无", None),
        (parsing.phone, "12345", Problem("phone_invalid")),
    ],
)
def test_the_rest(parse, cell, answer):
    assert parse(cell) == answer


@given(CELLS)
@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.field)
def test_any_cell_has_an_answer(column, cell):
    answer = column.parse(cell)
    assert not isinstance(answer, Problem) or answer.code in REASONS
    if isinstance(answer, str):
        assert "\x00" not in answer
        answer.encode()
