"""How personal numbers look until someone reveals them: enough to recognise, too little to use."""

import re

HIDDEN = "****"
LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){6,}[Xx]?")
A_DATE = re.compile(r"\d{4}-\d\d-\d\d( \d{1,5})?")


def mask_phone(number: str) -> str:
    """`138 **** 2046`; of other phones only the last four."""
    digits = number.replace(" ", "")
    if len(digits) == 11 and digits.isdigit() and digits.startswith("1"):
        return f"{digits[:3]} {HIDDEN} {digits[-4:]}"
    return _last_four(digits)


def mask_name(name: str) -> str:
    """`陈**`: whose name it is recalls the rest, nobody else learns it."""
    return f"{name[0]}**" if name else ""


def mask_id(number: str) -> str:
    """`3301**********4217`; of shorter numbers (passports) only the last three."""
    if len(number) >= 15:
        return number[:4] + "*" * (len(number) - 8) + number[-4:]
    if len(number) >= 7:
        return "*" * (len(number) - 3) + number[-3:]
    return HIDDEN if number else ""


def mask_account(number: str) -> str:
    """`**** 8830`"""
    return _last_four(number.replace(" ", ""))


def without_numbers(text: str) -> str:
    """What somebody typed, without phone, ID and account numbers; dates and sums stay."""
    return LONG_NUMBER.sub(lambda found: found[0] if A_DATE.fullmatch(found[0]) else HIDDEN, text)


def _last_four(number: str) -> str:
    if len(number) < 8:
        return HIDDEN if number else ""
    return f"{HIDDEN} {number[-4:]}"
