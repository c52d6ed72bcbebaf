"""What people are to each other: a closed set, and the words in which books say it."""

import re
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kin(models.TextChoices):
    SPOUSE = "spouse", _("Spouse")
    CHILD = "child", _("Child")
    PARENT = "parent", _("Parent")
    SIBLING = "sibling", _("Sibling")
    OTHER = "other", _("Somebody else")


class Relation(NamedTuple):
    """What somebody is to the client; `words` stay where they say more than the closed set."""

    kin: Kin
    gender: str = ""
    words: str = ""


ONESELF = frozenset("本人 自己 本身 同一人 投保人本人 self same oneself policyholder".split())

# In pairs such as 父女 the book names the holder first: the insured is the child.
_WORDS = """
spouse - 配偶 夫妻 爱人 伴侣 spouse partner
spouse m 丈夫 夫 老公 先生 husband
spouse f 妻子 妻 老婆 太太 wife
child - 子女 儿女 孩子 小孩 养子女 继子女 未成年子女 child children
child m 儿子 子 长子 次子 独子 独生子 养子 继子 父子 母子 son stepson step-son
child f 女儿 女 长女 次女 独女 独生女 养女 继女 父女 母女 daughter stepdaughter step-daughter
parent - 父母 双亲 养父母 继父母 岳父母 公婆 parent parents
parent m 父亲 父 爸爸 爸 养父 继父 岳父 公公 father
parent f 母亲 母 妈妈 妈 养母 继母 岳母 婆婆 mother
sibling - 兄弟姐妹 兄妹 姐弟 sibling siblings
sibling m 兄弟 哥哥 弟弟 兄 弟 brother
sibling f 姐妹 姐姐 妹妹 姐 妹 sister
"""
_KNOWN = {
    word: Relation(Kin(kin), gender.strip("-"))
    for kin, gender, *words in (line.split() for line in _WORDS.strip().splitlines())
    for word in words
}
FAMILY_WORDS = tuple(_KNOWN)  # exactly so written: what a statement over the book asks for
# 投保人之子, 被保险人是投保人的女儿, son of the holder
_AFTER = re.compile(r"^.*(?:之|的|为)(?=.)")
_BEFORE = re.compile(r"\s+of\s.*$|'s$")


def read(words: str) -> Relation | None:
    """What the words of a book say the insured is to the holder; None: the holder themselves.

    Words nobody knows stay as they are: a guess would greet an aunt as a mother.
    """
    said = " ".join(words.split())
    if not said:
        return Relation(Kin.OTHER)
    plain = said.strip("()（）:：.。 ").lower()
    for reading in (plain, _AFTER.sub("", plain), _BEFORE.sub("", plain)):
        if reading in ONESELF:
            return None
        if reading in _KNOWN:
            return _KNOWN[reading]
    return Relation(Kin.OTHER, words=said)
