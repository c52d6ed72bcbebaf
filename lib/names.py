"""Names of people and companies: one spelling each, and how they are found by pinyin."""

import re
import unicodedata
from functools import cache

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN_CHAR = re.compile(f"[{_HAN}]")
_PLAIN_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+")
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_SPACES = re.compile(r"\s+")
_SPACE_BESIDE_HAN = re.compile(f"(?<=[{_HAN}·]) (?=[{_HAN}·(])|(?<=\\)) (?=[{_HAN}])")
# Every dot that stands between the parts of a name such as 阿卜杜拉·买买提.
_MIDDLE_DOT = re.compile(f"(?<=[{_HAN}]) ?[·•‧∙⋅・.] ?(?=[{_HAN}])")

# How a character is read when it is a surname, the usual reading first; where people differ, each
# is searched.
_SURNAME_READINGS = """
曾zeng 单shan 仇qiu 区ou 解xie 朴piao 查zha 盖ge/gai 乐yue/le 任ren 华hua 尉wei/yu 翟zhai/di
覃qin/tan 缪miao 宓mi 召shao/zhao 折she 种chong 员yun 晁chao 么yao 冼xian 洗xian 秘bi 隗wei/kui
黑he 那na 能nai 车che 薄bo 费fei/bi 逄pang 祭zhai/ji 柏bai/bo 沈shen 谌chen/shen 宿su 贾jia 句gou
阚kan 强qiang/jiang 哈ha 过guo 郇xun/huan 昝zan 钭tou 都du 占zhan 宁ning 相xiang 藏zang
莘shen/xin 撒sa 庹tuo 仉zhang 亓qi 郗xi/chi 郄qie/xi 瞿qu 盛sheng 褚chu 石shi 纪ji 葛ge 燕yan
应ying 俞yu 於yu 卜bu 万wan 曲qu 尹yin 尚shang 长chang/zhang 重chong 冯feng 臧zang 佴nai 呙guo
芮rui 乜nie 适kuo 洪hong 殷yin 陆lu 谷gu 盖ge/gai 阿a 朱zhu 叶ye 吕lv
尉迟yu'chi 单于chan'yu 万俟mo'qi 澹台tan'tai 长孙zhang'sun 鲜于xian'yu 令狐ling'hu 贺若he'ruo
乐正yue'zheng
"""
_SURNAMES = {
    surname: tuple(readings.replace("'", " ").split("/"))
    for surname, readings in re.findall(r"([^a-z\s'/]+)([a-z'/]+)", _SURNAME_READINGS)
}

# Family names of two characters that are borne today.
DOUBLE_SURNAMES = tuple(
    "欧阳 上官 司马 司徒 诸葛 夏侯 皇甫 尉迟 公孙 慕容 令狐 长孙 宇文 端木 东方 南宫 独孤 呼延 "
    "单于 澹台 鲜于 万俟 申屠 轩辕 闻人 钟离 太史 淳于 公冶 濮阳 赫连 乐正 贺若 百里 东郭 西门".split()
)


def normalise(text: str) -> str:
    """Half-width, without stray blanks; Han names lose inner spaces, every middle dot is `·`."""
    if _PLAIN_HAN.fullmatch(text) and len(text) < 64:
        return text
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    text = _SPACES.sub(" ", text).strip()
    return _SPACE_BESIDE_HAN.sub("", _MIDDLE_DOT.sub("·", text))


def pinyin(name: str) -> str:
    """What names are sorted by: `zhang san`."""
    surname, readings = _surname(name)
    rest = [_syllable(char) for char in name[len(surname) :]]
    return " ".join("".join([*(f"{r} " for r in readings[:1]), *_spaced(rest)]).split())


def beginnings(name: str) -> set[str]:
    """How the pinyin of names that begin like this begins, without blanks: `chan` or `shan` for 单."""
    longer = (surname for surname in _SURNAMES if surname.startswith(name))
    return {pinyin(each).replace(" ", "") for each in (name, *longer)}


def initials(name: str) -> str:
    """First letters, one word for each way to read the surname: `zs`, or `ys ls` for 乐山."""
    words = dict.fromkeys(_first_letters(name))
    return " ".join(word for word in words if word)


def _first_letters(name: str) -> list[str]:
    surname, readings = _surname(name)
    if not _HAN_CHAR.search(name):
        return ["".join(word[0] for word in re.findall(r"[a-z0-9]+", _bare(name)))]
    rest = "".join(_syllable(char)[:1] for char in name[len(surname) :])
    letters = ["".join(part[0] for part in reading.split()) + rest for reading in readings]
    if len(surname) == 2:  # 单于涛 is 单于·涛, or 单·于涛
        given = "".join(_syllable(char)[:1] for char in name[1:])
        letters += [reading[0] + given for reading in _SURNAMES.get(name[0], (_syllable(name[0]),))]
    return letters


def surname(name: str) -> str:
    """The family name of a Han name; nothing of a company, or of a name with a dot or in letters."""
    if not (_PLAIN_HAN.fullmatch(name) and 2 <= len(name) <= 4):
        return ""
    return name[:2] if len(name) > 2 and name[:2] in DOUBLE_SURNAMES else name[:1]


def _surname(name: str) -> tuple[str, tuple[str, ...]]:
    for surname in (name[:2], name[:1]):
        if surname in _SURNAMES:
            return surname, _SURNAMES[surname]
    return "", ("",)


def _spaced(syllables: list[str]) -> list[str]:
    """Han syllables stand apart; the letters of a Latin word stay together."""
    return [f" {syllable} " if len(syllable) > 1 else syllable or " " for syllable in syllables]


@cache
def _syllable(char: str) -> str:
    """The usual reading without its tone; a Latin letter is itself, anything else is nothing."""
    if not _HAN_CHAR.match(char):
        return "".join(letter for letter in _bare(char) if letter.isalnum() and letter.isascii())
    return _bare(_readings().get(ord(char), "").split(",")[0])


def _bare(text: str) -> str:
    """Lower case without accents; ü is written v, as on a keyboard."""
    decomposed = unicodedata.normalize("NFD", text.lower().replace("ü", "v"))
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))


@cache
def _readings() -> dict[int, str]:
    # Only its table of single characters, and only when a Han name is met: the library itself
    # takes 50 us for a name, which is a minute for a branch.
    from pypinyin.pinyin_dict import pinyin_dict

    return dict(pinyin_dict)
