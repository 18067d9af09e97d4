"""Makes text that came from elsewhere harmless: in a terminal, and as a cell of a spreadsheet."""

from __future__ import annotations

import unicodedata

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""

GUARD = "'"

_SPACES = ("\n", "\r", "\t", "\u2028", "\u2029")


def printable(text: str) -> str:
    """Return a text without characters that steer a terminal or turn the order of what follows.

    Line breaks and tabs become spaces; other control and format characters a replacement sign.
    """
    if text.isprintable():
        return text
    return "".join(
        " " if sign in _SPACES else "\ufffd" if unicodedata.category(sign) in ("Cc", "Cf", "Cs") else sign
        for sign in text
    )


def guarded(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    needs = text.startswith(FORMULA_STARTS) or (text.startswith(GUARD) and unguarded(text) != text)
    return GUARD + text if needs else text


def unguarded(cell: str) -> str:
    """Return the text that ``guarded`` made a cell of."""
    rest = cell.removeprefix(GUARD)
    is_guard = cell.startswith(GUARD) and (
        rest.startswith(FORMULA_STARTS) or (rest.startswith(GUARD) and unguarded(rest) != rest)
    )
    return rest if is_guard else cell
