from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.names import initials, normalise, pinyin, surname


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("  郑强　", "郑强"),
        ("郑 强", "郑强"),
        ("郑　　强", "郑强"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉 · 买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉．买买提", "阿卜杜拉·买买提"),
        ("John   Smith", "John Smith"),
        ("Ｊｏｈｎ Smith", "John Smith"),
        ("𠮷 䶮㛃", "𠮷䶮㛃"),
        ("杭州某某（集团） 有限公司", "杭州某某(集团)有限公司"),
        ("张\u200b三\u202e", "张三"),
        ("J. Smith", "J. Smith"),
        ("   ", ""),
    ],
)
def test_one_spelling_for_each_name(written, name):
    assert normalise(written) == name


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(text):
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("张三", "zs"),
        ("曾国藩", "zgf"),
        ("单田芳", "stf"),
        ("仇英", "qy"),
        ("区建国", "ojg"),
        ("解晓东", "xxd"),
        ("朴成浩", "pch"),
        ("查良镛", "zly"),
        ("盖叫天", "gjt"),
        ("任华", "rh"),
        ("华罗庚", "hlg"),
        ("乐嘉", "yj lj"),
        ("尉迟恭", "ycg wcg"),
        ("单于涛", "cyt syt"),
        ("欧阳修", "oyx"),
        ("长孙无忌", "zswj cswj"),
        ("阿卜杜拉·买买提", "abdlmmt"),
        ("John Smith", "js"),
        ("José Núñez", "jn"),
        ("", ""),
    ],
)
def test_initials_know_every_reading_of_the_surname(name, words):
    assert initials(name).split()[: len(words.split())] == words.split()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("张三", "zhang san"),
        ("曾子墨", "zeng zi mo"),
        ("尉迟恭", "yu chi gong"),
        ("吕布", "lv bu"),
        ("John Smith", "john smith"),
    ],
)
def test_names_are_sorted_by_pinyin(name, key):
    assert pinyin(name) == key


def test_the_usual_reading_of_a_given_name_is_not_that_of_a_surname():
    assert pinyin("张单") == "zhang dan"


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("陈静", "陈"),
        ("欧阳志远", "欧阳"),
        ("欧阳", "欧"),
        ("司马光", "司马"),
        ("林晓芸", "林"),
        ("阿卜杜拉·买买提", ""),
        ("杭州西湖贸易有限公司", ""),
        ("Anna Smith", ""),
        ("陈", ""),
        ("", ""),
    ],
)
def test_the_family_name_is_one_character_or_a_known_pair(name, family):
    assert surname(name) == family


def test_a_hundred_thousand_names_take_little_time():
    names = [f"{surname}{given}" for surname in "张王李赵曾单" for given in "伟芳娜秀英" * 100]
    initials("张")
    started = process_time()
    for name in names:
        initials(name), pinyin(name)
    assert (process_time() - started) / len(names) < 100e-6


@given(st.text(max_size=20))
def test_any_text_has_initials(text):
    assert initials(text).isascii()
