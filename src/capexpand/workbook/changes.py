"""Finds the inputs of a run's workbook that were changed, as the settings of a variant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from capexpand.case.workbook_document import ROOT, written_number
from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject
from capexpand.files.workbooks import Cells
from capexpand.timevalue import quarter_starts
from capexpand.workbook.formulas import cell

SAME = 1e-14  # relative; a program that saves a workbook may round the last digit
CONTROL = "Control"
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # of a sheet


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes made in the workbook of a run.

    Args:
        case: path of the case that was planned.
        variant: of it, if any.
        settings: dotted place → what stands there instead.
    """

    case: Path
    variant: str | None
    settings: JsonObject


def is_run(cells: Cells) -> bool:
    """Tell whether a workbook is that of a run."""
    rows = cells.get(ROOT, [])
    return bool(rows) and len(rows[0]) >= 5 and rows[0][0] == "capexpand workbook"


def read_changes(path: Path, cells: Cells, *, start: date, quarters: int) -> Changes:
    """Return what was changed in the workbook of a run.

    Args:
        path: of the workbook, for messages.
        start: first day of the horizon of its case.
        quarters: number of quarters.

    Raises:
        CaseError: an input is no number, or was changed where the case has no single place for it; each is
            named by sheet and cell.
    """
    about, *lines = cells[ROOT]
    problems: list[Problem] = []
    settings: JsonObject = {}
    levers: dict[str, float] = {}
    moved: dict[str, tuple[list[float], str, list[float]]] = {}
    starts = quarter_starts(start, quarters)
    for number, line in enumerate(lines, start=1):
        origin = _origin(line, quarters)
        if origin is None:
            message = (
                "was changed, and with it is lost what stood there before; take the workbook of the run again"
            )
            problems.append(_problem(path, ROOT, number, 0, message))
            continue
        sheet, place, unit, title, row, first, was = origin
        now, bad = _numbers(cells, sheet, row, first=first, count=len(was))
        problems += [_problem(path, sheet, row, at, f"'{found}' is not a number") for at, found in bad]
        if now is None:
            continue
        if sheet == CONTROL:
            levers[title] = now[0]
        elif place:
            moved[place] = (now, unit, was)
        elif not _alike(now, was):
            message = (
                f"'{title}' has no place in the case and cannot be changed there; change what it follows from"
            )
            problems.append(_problem(path, sheet, row, first, message))
    for place, (now, unit, was) in moved.items():
        factor = next((value for title, value in levers.items() if _moves(title, place)), 1.0)
        values = [value * factor for value in now]
        if not _alike(values, was):
            settings[place] = setting(values, unit, starts)
    if problems:
        raise CaseError(problems)
    return Changes(Path(str(about[2])), str(about[3]) or None, settings)


def _origin(line: Sequence[object], quarters: int) -> tuple[str, str, str, str, int, int, list[float]] | None:
    """What a line of the hidden sheet says of one input; None where somebody wrote into it.

    Returns:
        Sheet, dotted place, unit, title, row and first column (both from 0), and the values planned with.
    """
    try:
        sheet, place, unit, title = (str(each) for each in line[:4])
        row, first = (int(float(str(each))) for each in line[4:6])
        was = [float(str(each)) for each in line[6:] if each != ""]
    except (ValueError, OverflowError):
        return None
    inside = 0 <= row < MOST_ROWS and 0 <= first < MOST_COLUMNS
    whole = len(was) in (1, quarters) and all(map(math.isfinite, was))
    return (sheet, place, unit, title, row, first, was) if inside and whole else None


def _moves(lever: str, place: str) -> bool:
    """Whether a lever of the control sheet moves an input."""
    parts = place.split(".")
    ends = {
        "All prices of workloads": parts[0] == "workloads" and parts[-1] == "price" and len(parts) == 3,
        "All energy prices": parts[0] == "sites" and parts[-1] == "energy_price",
        "All prices of servers": parts[0] == "offers" and parts[-2:] == ["buy", "price"],
        "All costs of halls": parts[0] == "sites" and parts[-2:] == ["build", "cost"],
    }
    return ends.get(lever, False)


def _numbers(
    cells: Cells, sheet: str, row: int, *, first: int, count: int
) -> tuple[list[float] | None, list[tuple[int, object]]]:
    """The numbers of an input as they are now, and the columns in which there is something else."""
    if not sheet:
        return None, []
    rows = cells.get(sheet, [])
    there = [*(rows[row] if row < len(rows) else []), *[""] * (first + count)]
    found = there[first : first + count]
    bad = [
        (first + i, value)
        for i, value in enumerate(found)
        if isinstance(value, bool) or not isinstance(value, int | float)
    ]
    return (None if bad else [float(str(value)) for value in found]), bad


def _problem(path: Path, sheet: str, row: int, column: int, message: str) -> Problem:
    name = f"'{sheet}'" if " " in sheet else sheet
    return Problem(message, file=path, line=row + 1, column=column + 1, cell=f"{name}!{cell(column, row)}")


def _alike(now: Sequence[float], was: Sequence[float]) -> bool:
    return all(abs(a - b) <= SAME * max(abs(a), abs(b)) for a, b in zip(now, was, strict=True))


def setting(values: Sequence[float], unit: str, starts: Sequence[date]) -> str | dict[str, str]:
    """Return what a variant sets in place of a number: one quantity, or quantities by date.

    Args:
        values: one number, or one for each quarter.
        unit: in which they are; ``ratio`` and ``share`` stand for none.
        starts: first day of each quarter.
    """
    behind = "" if unit in ("ratio", "share") else unit

    def written(value: float) -> str:
        return f"{written_number(value)} {behind}".strip()

    if len(values) == 1:
        return written(values[0])
    dated: list[tuple[date, float]] = []
    for day, value in zip(starts, values, strict=True):
        if not dated or dated[-1][1] != value:
            dated.append((day, value))
    return {day.isoformat(): written(value) for day, value in dated}
