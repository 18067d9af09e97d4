"""Makes text that came from elsewhere harmless as a cell of a spreadsheet."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""

GUARD = "'"


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
