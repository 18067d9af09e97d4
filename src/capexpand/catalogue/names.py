"""Finds accelerators by what people call them: part of a name, the vendor with it, any spelling of spaces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from capexpand.catalogue.reading import near_names
from capexpand.catalogue.rows import Accelerator
from capexpand.catalogue.views import accelerators
from capexpand.errors import CaseError, Problem

_WORD = re.compile(r"[a-z0-9.]+")


def _words(name: str) -> list[str]:
    return _WORD.findall(name.casefold())


def _is_called(row: Accelerator, wanted: Sequence[str]) -> bool:
    """Tell whether all wanted words are in a row's name or vendor, or a run of its words written together."""
    words = _words(row.name)
    if set(wanted) <= {*words, *_words(row.vendor)} and not set(wanted) <= set(_words(row.vendor)):
        return True
    together = "".join(wanted)
    runs = ("".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1))
    return together in runs


def matching_accelerators(name: str, rows: Sequence[Accelerator]) -> tuple[Accelerator, ...]:
    """Pick the rows that a name may mean: the one with exactly this name, else all that are called so.

    Args:
        name: a name or part of one, such as ``H20``, ``h20 96gb`` or ``NVIDIA H100``.
        rows: the accelerators to choose from.

    Returns:
        The matching rows; none where nothing is called so.
    """
    exact = tuple(row for row in rows if row.name.casefold() == name.strip().casefold())
    wanted = _words(name)
    if exact or not wanted:
        return exact
    return tuple(row for row in rows if _is_called(row, wanted))


def find_accelerators(name: str, as_of: date | None = None) -> tuple[Accelerator, ...]:
    """Find every accelerator that a name may mean, as it was known on a day.

    Args:
        name: a name or part of one; ``H20`` finds both memory sizes.
        as_of: the day to look from, or None for all that is known.

    Returns:
        At least one row; the price is None where it became known later.

    Raises:
        CaseError: nothing is called so (near names are suggested), or it became known later (with the day).
    """
    found = matching_accelerators(name, accelerators(as_of))
    if found:
        return found
    later = matching_accelerators(name, accelerators())
    if later:
        raise CaseError([Problem(not_yet_known(row, as_of)) for row in later])
    raise CaseError([Problem(f"the catalogue has no accelerator '{name}'{suggestion(name, as_of)}")])


def find_accelerator(name: str, as_of: date | None = None) -> Accelerator:
    """Find the one accelerator that a name means, as it was known on a day.

    Args:
        name: a name or a part of it that fits one row only.
        as_of: the day to look from, or None for all that is known.

    Returns:
        The row; its price is None where it became known later.

    Raises:
        CaseError: nothing is called so, several are, or it became known later.
    """
    found = find_accelerators(name, as_of)
    if len(found) > 1:
        raise CaseError(
            [Problem(f"'{name}' may be {', '.join(row.name for row in found)}; write the whole name")]
        )
    return found[0]


def not_yet_known(row: Accelerator, as_of: date | None) -> str:
    """Say when the specification of an accelerator became known, for one that was not known on a day."""
    if row.specification_known_on is None:
        return f"{row.name} was not known on {as_of}: nobody recorded when its specification became known"
    return (
        f"{row.name} was not known on {as_of}: its specification became known on {row.specification_known_on}"
    )


def suggestion(name: str, as_of: date | None = None) -> str:
    """Write which accelerators, known on a day, have a name or a word in it that looks like a name."""
    called: dict[str, str] = {}
    for row in accelerators(as_of):
        for word in (row.name, *_words(row.name)):
            if not word.endswith("gb"):
                called.setdefault(word.casefold(), row.name)
    found = dict.fromkeys(called[word] for word in near_names(name, called, most=4))
    return f"; did you mean {' or '.join(found)}?" if found else "; `capexpand chips` lists all"
