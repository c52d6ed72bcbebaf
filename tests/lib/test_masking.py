import pytest
from django.template import Context, Template

from lib.masking import mask_account, mask_id, mask_name, mask_phone, without_numbers


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812342046", "138 **** 2046"),
        ("0571-88082046", "**** 2046"),
        ("+85291234567", "**** 4567"),
        ("95500", "****"),
        ("", ""),
    ],
)
def test_phones(number, shown):
    assert mask_phone(number) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("330106197004034217", "3301**********4217"),
        ("130503670401001", "1305*******1001"),
        ("E12345678", "******678"),
        ("1234", "****"),
        ("", ""),
    ],
)
def test_ids(number, shown):
    assert mask_id(number) == shown


def test_accounts():
    assert mask_account("6232 7694 0047 8830") == "**** 8830"
    assert mask_account("12345") == "****"


def test_the_filters_take_what_is_missing():
    page = Template(
        "{% load masking %}{{ a|masked_phone }}|{{ b|masked_id }}|{{ b|masked_account }}"
    )
    assert page.render(Context({"a": "13812342046", "b": None})) == "138 **** 2046||"


@pytest.mark.parametrize(
    ("name", "masked"), [("陈志远", "陈**"), ("欧阳志强", "欧**"), ("John Smith", "J**"), ("", "")]
)
def test_of_a_name_only_the_beginning_is_told(name: str, masked: str):
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("打 13800002046 问候", "打 **** 问候"),
        ("证件 33010219800101421X", "证件 ****"),
        ("138 0000 2046", "****"),
        ("2026-06-12 送 2 本台历", "2026-06-12 送 2 本台历"),
        ("保费 20000 元", "保费 20000 元"),
    ],
)
def test_typed_words_keep_dates_and_sums_and_no_number_of_anybody(text: str, masked: str) -> None:
    assert without_numbers(text) == masked
