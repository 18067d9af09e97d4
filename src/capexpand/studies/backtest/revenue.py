"""Forecast the revenue that a segment reports: growth over the year before, apart from any plan."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

from capexpand.catalogue import actuals
from capexpand.forecasting.forecast import catalogue_series
from capexpand.forecasting.losses import Quantiles
from capexpand.forecasting.panel import Panel
from capexpand.forecasting.quarters import quarter_of
from capexpand.forecasting.series import Observation, Series
from capexpand.studies.backtest.reports import ReportedSeries, observations_of, reported

REVENUE = "cloud_revenue"
GROWTH = "cloud_growth_yoy"


def forecast_revenue(reports: ReportedSeries, as_of: date) -> Iterator[tuple[int, Quantiles]]:
    """Yield the quarters ahead, from 1, and the quantiles of the model of revenue.

    Errors are pooled over the cloud revenue of all companies and the long histories of the catalogue that
    stands in, so that nothing is read that became known after the day.
    """
    mine = _series(reports)
    others = {row.company for row in actuals() if row.metric == REVENUE} - {reports.company}
    found = (reported(company, REVENUE) for company in sorted(others))
    long = (series for series in catalogue_series() if series.kind == "revenue")
    panel = Panel((mine, *(_series(each) for each in found if each is not None), *long))
    origin = panel.origin(mine, as_of)
    if origin is None:
        return
    spread = panel.spread(origin, "model")
    for ahead, median in enumerate(origin.medians["model"], start=1):
        yield ahead, spread.around(math.exp(median), ahead)


def _series(reports: ReportedSeries) -> Series:
    """A reported series with the quarters of the year before that reported growth implies."""
    known = {one.quarter: one for one in reports.values}
    found = observations_of(reports)
    for row in actuals():
        if (row.company, row.metric) != (reports.company, GROWTH) or row.known_on is None:
            continue
        later = known.get(quarter_of(row.quarter_end))
        earlier = quarter_of(row.quarter_end) - 4
        if later is not None and earlier not in known and row.value > -1.0:
            day = max(row.known_on, later.known_on)
            found.append(Observation(earlier, later.value / (1.0 + row.value), day))
    return Series.of(reports.company, reports.metric, "revenue", unit=reports.unit_text, observations=found)
