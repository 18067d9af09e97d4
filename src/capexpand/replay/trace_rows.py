"""Sort the rows of a trace into good and bad, and say where and why a row is bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capexpand.errors import CaseError, Problem

LAST_TIME_S = 1e11
"""Later times [s] are milliseconds or a slip: it is three thousand years."""


@dataclass(frozen=True, slots=True)
class RowPlaces:
    """Where the rows of a trace stand, for messages.

    Args:
        file: the file; None for a trace that was made.
        lines: line of each row, None where the file has no lines, shape (rows,).
        times: times of arrival as they are written, shape (rows,).
    """

    file: Path | None = None
    lines: np.ndarray | None = None
    times: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason for which rows cannot be used.

    Args:
        field: the column that is at fault.
        rows: the rows, of type bool, shape (rows,).
        values: the values of that column, quoted in the message, shape (rows,).
        right: what would be right.
    """

    field: str
    rows: np.ndarray
    values: np.ndarray
    right: str = ""


def bad_times(arrival: np.ndarray, written: RowPlaces) -> dict[str, Fault]:
    """Return for which reasons which times of arrival [s] cannot be used."""
    times = arrival if written.times is None else written.times
    return {
        "without a finite time": Fault(
            "time of arrival",
            ~np.isfinite(arrival),
            times,
            "seconds, or a day and time as 2024-05-10 00:00:00",
        ),
        "with a negative time": Fault("time of arrival", arrival < 0, times),
        "with a time too far off": Fault(
            "time of arrival", arrival > LAST_TIME_S, times, "times are in seconds, or days with times"
        ),
    }


def not_whole(values: np.ndarray) -> np.ndarray:
    """Return which values are finite and have a fraction."""
    return np.isfinite(values) & (values != np.round(values))


def check_rows(
    bad: Mapping[str, Fault], arrival: np.ndarray, *, leave_out_bad: bool, written: RowPlaces, name: str
) -> tuple[np.ndarray, dict[str, int]]:
    """Sort rows into good and bad, each bad one under the first reason that holds.

    Times out of order are a mistake of the file as well; where bad rows may be left out the rows are sorted
    instead, and counted under no reason.

    Args:
        arrival: times of arrival [s], shape (rows,).
        leave_out_bad: count bad rows, where otherwise they are an error.
        written: where the rows stand.
        name: of the trace.

    Returns:
        Which rows to keep, shape (rows,), and how many are left out by reason.

    Raises:
        CaseError: rows are bad and not to be left out, or none is left.
    """
    keep = np.ones(len(arrival), dtype=bool)
    counts: dict[str, int] = {}
    problems = []
    called = "" if written.file else f"{name}: "
    for reason, fault in bad.items():
        hit = fault.rows & keep
        keep &= ~hit
        if hit.any():
            counts[reason] = int(hit.sum())
            first = int(np.flatnonzero(hit)[0])
            right = f"; {fault.right}" if fault.right else ""
            many = f"{called}{_rows(counts[reason])} {reason}, the first is row {first + 1}"
            message = f"{many} with {_quote(fault.values[first])}{right}"
            problems.append(_at(written, first, message, fault.field))
    steps = np.diff(arrival[keep])
    if not leave_out_bad and (steps < 0).any():
        row = int(np.flatnonzero(keep)[np.flatnonzero(steps < 0)[0] + 1])
        message = f"{called}times of arrival are not in order, first at row {row + 1}"
        problems.append(_at(written, row, message, "time of arrival"))
    if not keep.any():
        problems.append(Problem(f"{called}no usable row among {len(arrival)}", file=written.file))
        raise CaseError(problems)
    if problems and not leave_out_bad:
        problems.append(Problem("correct the trace, or leave bad rows out with --leave-out-bad"))
        raise CaseError(problems)
    return keep, counts


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _at(written: RowPlaces, row: int, message: str, field_name: str) -> Problem:
    line = None if written.lines is None else written.lines[row]
    return Problem(message, path=field_name, file=written.file, line=None if line is None else int(line))


def _quote(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "nothing" if np.isnan(value) else f"'{value:.12g}'"
    text = "nothing" if value is None else str(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    if value is None:
        return text
    return f"'{text}'" if text.isprintable() else ascii(text)
