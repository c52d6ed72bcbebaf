"""The Chinese resident identity number.

Six digits of place, the birth date, a serial whose parity is the sex, a check digit.
"""

import re
import unicodedata
from datetime import date
from operator import mul
from typing import Literal, NamedTuple

Sex = Literal["male", "female"]

_EIGHTEEN = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_FIFTEEN = re.compile(r"[1-9]\d{14}", re.ASCII)
# GB 11643: the weights are powers of two modulo 11; the remainder picks the digit.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_OF_ZEROS = ord("0") * sum(_WEIGHTS)  # what the codes of the digits add, digit or not
_BLANKS = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff'‘’-]")


class NationalID(NamedTuple):
    number: str
    born_on: date
    sex: Sex


def normalise(text: str) -> str:
    """Half-width, without blanks, a leading apostrophe or dashes, `X` in upper case."""
    if text.isascii() and text.isalnum():
        return text.upper()
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_digit(first_seventeen: str) -> str:
    codes = first_seventeen.encode("ascii")
    return _CHECK_DIGITS[(sum(map(mul, codes, _WEIGHTS)) - _OF_ZEROS) % 11]


def parse(text: str) -> NationalID | None:
    """The number if it is a true one, else None; 15 digits are the form issued until 1999."""
    number = normalise(text)
    if _EIGHTEEN.fullmatch(number):
        if check_digit(number[:17]) != number[17]:
            return None
        return _with_birth(number, number[6:14], number[16])
    if _FIFTEEN.fullmatch(number):
        return _with_birth(number, "19" + number[6:12], number[14])
    return None


def looks_like_one(text: str) -> bool:
    """Whether its shape is that of an identity number, right or wrong."""
    number = normalise(text)
    return bool(_EIGHTEEN.fullmatch(number) or _FIFTEEN.fullmatch(number))


def _with_birth(number: str, yyyymmdd: str, serial: str) -> NationalID | None:
    try:
        born_on = date(int(yyyymmdd[:4]), int(yyyymmdd[4:6]), int(yyyymmdd[6:]))
    except ValueError:
        return None
    if not 1850 <= born_on.year <= 2199:
        return None
    return NationalID(number, born_on, "male" if int(serial) % 2 else "female")


def modern(identity: NationalID) -> str:
    """The number as it is written today: 15 digits gain the century and the check digit."""
    if len(identity.number) == 18:
        return identity.number
    stem = f"{identity.number[:6]}19{identity.number[6:]}"
    return stem + check_digit(stem)
