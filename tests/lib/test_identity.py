from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.identity import check_digit, looks_like_one, normalise, parse

GOOD = "330106197004032581"


def test_a_true_number_tells_birth_and_sex():
    first_seventeen = "11010519491231002"
    identity = parse(first_seventeen + "X")
    assert check_digit(first_seventeen) == "X"
    assert identity == ("11010519491231002X", date(1949, 12, 31), "female")


@pytest.mark.parametrize(
    "written",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002X ",
        "'11010519491231002X",
        "\u202d11010519491231002X\u202c",
    ],
)
def test_spellings_are_brought_to_one(written):
    assert normalise(written) == "11010519491231002X"
    assert parse(written) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        "110105194912310021",  # check digit
        "330106199003071234",
        "11010519491331002X",
        "1101051949123100",
        "3.30106E+17",
        "",
        "110105491231002X",
        "²10105194912310021",
    ],
)
def test_a_false_number_is_none(wrong):
    assert parse(wrong) is None


def test_fifteen_digits_count_only_with_a_real_date():
    assert parse("130503670401001") == ("130503670401001", date(1967, 4, 1), "male")
    assert parse("130503671301001") is None


def test_shape_and_truth_are_two_things():
    assert looks_like_one("330106199003071234")
    assert not looks_like_one("E12345678")


@given(
    st.integers(110000, 659999), st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 999)
)
def test_every_number_built_by_the_rule_is_read_back(place, born_on, serial):
    stem = f"{place}{born_on:%Y%m%d}{serial:03}"
    identity = parse(stem + check_digit(stem))
    assert identity is not None
    assert identity.born_on == born_on
    assert identity.sex == ("male" if serial % 2 else "female")


@given(st.text(max_size=30))
def test_any_text_has_an_answer(text):
    found = parse(text)
    assert found is None or found.number == normalise(text)
