"""Finds the inputs of a run's workbook that were changed, as the settings of a variant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date


def changed_text(place: str, values: Sequence[float], unit: str, *, starts: Sequence[date]) -> str:
    """Return the line, or lines, of a variant that set a place of a case.

    Args:
        place: dotted place in the case.
        values: one number, or one for each quarter.
        unit: in which they are; ``ratio`` and ``share`` stand for none.
        starts: first day of each quarter.
    """
    behind = "" if unit in ("ratio", "share", "") else unit if unit.startswith("/") else f" {unit}"

    def written(value: float) -> str:
        text = repr(float(value))
        return f"{text}{' ' if behind.startswith('/') else ''}{behind}"

    if len(values) == 1:
        return f"{place}: {written(values[0])}"
    dated: list[tuple[date, float]] = []
    for day, value in zip(starts, values, strict=True):
        if not dated or dated[-1][1] != value:
            dated.append((day, value))
    return f"{place}: {{{', '.join(f'{day}: {written(value)}' for day, value in dated)}}}"
