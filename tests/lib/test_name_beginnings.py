"""Whose name begins like a text has a pinyin that begins accordingly: searches rely on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import names

PARTS = st.text(st.sampled_from("王汪单于乐正一尉迟长孙欧阳翟万俟盖𠮷·aB é3"), max_size=6)


@given(PARTS, PARTS)
def test_the_pinyin_begins_as_the_name_does(beginning: str, rest: str) -> None:
    name = names.normalise(beginning + rest)
    typed = names.normalise(beginning)
    if name.startswith(typed):
        whole = names.pinyin(name).replace(" ", "")
        assert any(whole.startswith(each) for each in names.beginnings(typed))


@given(PARTS)
def test_one_letter_begins_both_the_initials_and_the_pinyin(name: str) -> None:
    name = names.normalise(name)
    assert names.initials(name)[:1] == names.pinyin(name)[:1]


@pytest.mark.parametrize(
    ("typed", "beginnings"), [("王", {"wang"}), ("单", {"shan", "chanyu"}), ("单于", {"chanyu"})]
)
def test_a_first_character_may_begin_a_longer_surname(typed: str, beginnings: set[str]) -> None:
    assert names.beginnings(typed) == beginnings
