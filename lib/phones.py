"""Telephone numbers as people in China write them, brought to one form each."""

import re
import unicodedata
from typing import Literal, NamedTuple

Kind = Literal["mobile", "landline"]


class Phone(NamedTuple):
    number: str
    kind: Kind


_MOBILE = re.compile(r"1[3-9]\d{9}")
# 010 and 02x have eight digits behind them, the other areas seven or eight.
_LANDLINE = re.compile(
    r"(010|02\d|0[3-9]\d\d)((?<=^010)\d{8}|(?<=^02\d)\d{8}|(?<=^0[3-9]\d\d)\d{7,8})"
)
_OF_A_FIRM = re.compile(r"[48]00\d{7}")  # 400-810-8888 rings at a firm, and in no area 0400
_USUAL_LANDLINE = re.compile(r"(?:010|02\d)-\d{8}|0[3-9]\d\d-\d{7,8}", re.ASCII)
_EXTENSION = re.compile(r"(?:转|轉|ext\.?|x|#|分机)\s*:?\s*(\d{1,6})$", re.IGNORECASE)
_DASHED_EXTENSION = re.compile(r"^(0\d{2,3}-?\d{7,8})-(\d{1,6})$")
_PUNCTUATION = re.compile(r"[\s\-–—.·()\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff'‘’]")
_CHINA = re.compile(r"^(?:\+86|0086|86(?=1[3-9]\d{9}$)|86(?=0\d{9,11}$))")
_ABROAD = re.compile(r"^(?:\+|00)([1-9]\d{6,14})$")


def parse(text: str) -> Phone | None:
    """One phone in its normal form, or None where the text is none, or more than one."""
    if _MOBILE.fullmatch(text) and text.isascii():
        return Phone(text, "mobile")
    if _USUAL_LANDLINE.fullmatch(text):
        return Phone(text, "landline")
    text, extension = _split_extension(unicodedata.normalize("NFKC", text).strip())
    digits = _CHINA.sub("", _PUNCTUATION.sub("", text))
    if not digits.removeprefix("+").isascii() or not digits.removeprefix("+").isdigit():
        return None
    return _mobile(digits, extension) or _landline(digits, extension) or _abroad(digits)


def _split_extension(text: str) -> tuple[str, str]:
    if found := _EXTENSION.search(text):
        return text[: found.start()], found[1]
    if found := _DASHED_EXTENSION.match(text):
        return found[1], found[2]
    return text, ""


def _mobile(digits: str, extension: str) -> Phone | None:
    # From another town a zero was dialled before a mobile once, and some still write it.
    digits = digits.removeprefix("0")
    if extension or not _MOBILE.fullmatch(digits):
        return None
    return Phone(digits, "mobile")


def _landline(digits: str, extension: str) -> Phone | None:
    if _OF_A_FIRM.fullmatch(digits):
        return None
    # Behind +86 the area code has lost its zero.
    for candidate in (digits, "0" + digits):
        if found := _LANDLINE.fullmatch(candidate):
            number = f"{found[1]}-{found[2]}"
            return Phone(f"{number}-{extension}" if extension else number, "landline")
    return None


def _abroad(digits: str) -> Phone | None:
    found = _ABROAD.match(digits)
    return Phone(f"+{found[1]}", "mobile") if found else None
