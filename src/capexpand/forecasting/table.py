"""Forecasts as a table by date that a case can name: reported figures, then medians and 80 % intervals."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from capexpand.errors import CaseError, Problem
from capexpand.files import write_file
from capexpand.forecasting.forecast import Forecasts
from capexpand.forecasting.quarters import first_day

FIRST_COLUMN = "date"
EIGHTY = 1  # position of the 80 % interval


def forecast_table(found: Forecasts) -> str:
    """Return a CSV table with a row for each quarter that all series have, and three columns for each series.

    ``COMPANY MEASURE`` holds what was reported, then the medians; with ``low`` and ``high`` behind its name
    the ends of the 80 % interval, which are the figure itself where it was reported.

    Raises:
        CaseError: the series share no quarter.
    """
    columns: dict[str, dict[int, float]] = {}
    for each in found.series:
        path = each.path(each.observations[-1].known_on)
        if path is None:
            continue
        name = f"{each.company} {each.measure}"
        known = {path.first + n: math.exp(value) for n, value in enumerate(path.logs.tolist())}
        ahead = [one for one in found.ahead if (one.company, one.measure) == each.key]
        columns[name] = known | {one.quarter: one.median for one in ahead}
        columns[f"{name} low"] = known | {one.quarter: one.intervals[EIGHTY][0] for one in ahead}
        columns[f"{name} high"] = known | {one.quarter: one.intervals[EIGHTY][1] for one in ahead}
    quarters = sorted(set.intersection(*(set(column) for column in columns.values())))
    if not quarters:
        raise CaseError(
            [Problem("the series share no quarter; put them into files of their own for a table")]
        )
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([FIRST_COLUMN, *columns])
    for quarter in quarters:
        values = (f"{column[quarter]:.6g}" for column in columns.values())
        writer.writerow([first_day(quarter).isoformat(), *values])
    return text.getvalue()


def write_forecast_table(path: Path, found: Forecasts, *, inputs: Sequence[Path]) -> None:
    """Write that table; an older one there is replaced.

    Args:
        path: where it is to stand.
        inputs: files from which the forecasts were made, which are never replaced.

    Raises:
        CaseError: the series share no quarter.
        RunError: another file stands there, or it cannot be written.
    """
    head = f"{FIRST_COLUMN},".encode()
    write_file(path, forecast_table(found), ours=lambda old: old.startswith(head), inputs=inputs)
