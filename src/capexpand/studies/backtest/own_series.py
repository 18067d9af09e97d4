"""Let a user's own figures of a company stand beside the reports of the catalogue in a backtest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from capexpand.catalogue.point_in_time import PointInTimeCatalogue
from capexpand.catalogue.rows import Actual, Row, Source
from capexpand.errors import CaseError, Problem
from capexpand.forecasting.quarters import last_day
from capexpand.forecasting.series import Series
from capexpand.forecasting.series_file import read_series
from capexpand.forecasting.units import parse_series_unit
from capexpand.studies.backtest.reports import CURRENCY, UNITS_PER_AMOUNT

MILLIONS = {CURRENCY[unit]: unit for unit, amount in UNITS_PER_AMOUNT.items() if amount == 1e6}
METRICS = {"spending": "capex", "revenue": "cloud_revenue"}


def with_series(everything: PointInTimeCatalogue, path: Path) -> PointInTimeCatalogue:
    """Return an edition in which a table's figures take the place of a company's reports.

    Spending becomes the company's capital expenditure, revenue that of its cloud; demand has no place.

    Args:
        path: a CSV file as ``capexpand forecast`` takes it.

    Raises:
    Spending becomes the company's capital expenditure, revenue that of its cloud; demand is left out.
    """
    problems: list[Problem] = []
    rows: dict[tuple[str, str], list[Actual]] = {}
    for series in read_series(path).series:
        metric = METRICS.get(series.kind)
        if metric is None:
            continue
        if (series.company, metric) in rows:
            message = f"has several measures of {series.kind} of {series.company}; a backtest takes one"
            problems.append(Problem(message, file=path))
            continue
        rows[series.company, metric] = list(_reports(series, metric, path, problems))
    if problems:
        raise CaseError(problems)
    kept: list[Row] = [
        row
        for row in everything.rows("actuals")
        if isinstance(row, Actual) and (row.company, row.metric) not in rows
    ]
    found = [row for reports in rows.values() for row in reports]
    return PointInTimeCatalogue({**everything.tables, "actuals": (*kept, *found)})


def _reports(series: Series, metric: str, path: Path, problems: list[Problem]) -> Iterator[Actual]:
    unit = parse_series_unit(series.unit)
    if unit is None or unit.thing not in MILLIONS:
        known = " or ".join(sorted(MILLIONS))
        message = f"{series.company}, {series.measure} is in {series.unit}; a backtest takes {known}"
        problems.append(Problem(message, file=path))
        return
    source = Source(f"figures of {path.name}", "", "row of the quarter", "secondary", verified=True)
    for each in series.observations:
        yield Actual(
            series.company,
            last_day(each.quarter),
            metric,
            each.value * unit.scale / 1e6,
            MILLIONS[unit.thing],
            each.known_on,
            known_on_estimated=True,
            notes="",
            source=source,
        )
