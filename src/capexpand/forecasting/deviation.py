"""How uncertain a series is a year ahead, as a process of a case states it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from capexpand.catalogue.point_in_time import current, reading_from
from capexpand.errors import CaseError, Problem
from capexpand.forecasting.forecast import others_in_catalogue
from capexpand.forecasting.models import YEAR
from capexpand.forecasting.panel import Panel
from capexpand.forecasting.scores import NORMAL_80
from capexpand.forecasting.series import Series
from capexpand.forecasting.series_file import read_series, same_name


def year_ahead_deviation(
    path: Path, company: str | None, measure: str | None, day: date | None
) -> tuple[Series, float]:
    """Return a series of a table, and the deviation of the logarithm with which it is forecast a year ahead.

    It is that of the normal distribution whose 80 % interval is as wide as the model's, by the errors known
    on the day, the series' own and those of other companies.

    Args:
        path: table of figures, as ``capexpand forecast`` takes it.
        company: whose series; the only one's if None.
        measure: of what; the only one if None.
        day: the last day that counts; the newest figure's if None.

    Raises:
        CaseError: the table does not hold, or not that series as known on the day.
    """
    whole = read_series(path).series
    chosen = _chosen(path, whole, company, measure)
    until = chosen.observations[-1].known_on if day is None else day
    known = tuple(kept for each in whole if (kept := each.as_known_on(until)) is not None)
    mine = next((each for each in known if each.key == chosen.key), None)
    if mine is None:
        message = f"holds no figure of {', '.join(chosen.key)} that was known on {until}"
        raise CaseError([Problem(message, file=path)])
    with reading_from(current().as_known_on(until)):
        panel = Panel((*known, *others_in_catalogue(known)))
    origin = panel.origin(mine, until)
    if origin is None:
        raise CaseError([Problem(f"holds no figure of {', '.join(mine.key)}", file=path)])
    return mine, panel.spread(origin, "model").width(0.9, YEAR) / NORMAL_80


def _chosen(path: Path, series: Sequence[Series], company: str | None, measure: str | None) -> Series:
    found = [
        each
        for each in series
        if (company is None or same_name(each.company, company))
        and (measure is None or same_name(each.measure, measure))
    ]
    if len(found) != 1:
        names = "; ".join(", ".join(each.key) for each in (found or series)[:5])
        why = "no series" if not found else "several series"
        message = f"has {why} of that name; name company and measure of one: {names}"
        raise CaseError([Problem(message, file=path)])
    return found[0]
