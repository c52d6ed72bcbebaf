"""Texts that a spreadsheet would take for a formula."""

# A cell that begins so is a formula to some spreadsheet; in East Asia full-width signs are, too.
_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def guard(text: str) -> str:
    """Put `'` before what would be a formula; `unguard` gives every text back as it was."""
    return f"'{text}" if text.lstrip("'").startswith(_STARTS) else text


def unguard(text: str) -> str:
    if text.startswith("'") and text.lstrip("'").startswith(_STARTS):
        return text[1:]
    return text
