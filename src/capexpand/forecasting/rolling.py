"""Rolling origins: every forecast that could have been made, with what came."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np

from capexpand.forecasting.models import FARTHEST, Method
from capexpand.forecasting.panel import Origin, Panel
from capexpand.forecasting.series import Kind
from capexpand.forecasting.spread import student_quantile

LEAST_QUARTERS = 8
"""Quarters that must be known before a forecast is scored: two years, so that yearly growth was seen."""

SCORED_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Levels of the quantiles whose pinball loss is averaged: the median and the ends of three intervals."""


LARGEST_LOG = 300.0
"""A factor beyond any figure, whose square is still a number."""


@dataclass(frozen=True, slots=True)
class MethodForecast:
    """The forecast of one number by one method.

    Args:
        median: logarithm.
        deviation: scale of Student's distribution of the logarithm, at this horizon.
        freedom: its degrees of freedom.
    """

    median: float
    deviation: float
    freedom: float

    def quantile(self, level: float) -> float:
        """Return the logarithm of a quantile."""
        return self.median + self.deviation * student_quantile(level, self.freedom)

    def holds(self, actual: float, share: float) -> bool:
        """Tell whether the central interval of a share holds a logarithm.

        Args:
            actual: logarithm of what came.
            share: such as 0.8.
        """
        return self.quantile(0.5 - share / 2) <= actual <= self.quantile(0.5 + share / 2)

    def loss(self, actual: float, scale: float) -> float:
        """Return the mean pinball loss of the quantiles, as a share of a scale.

        Args:
            actual: logarithm of what came.
            scale: logarithm of the newest figure.
        """
        came = np.exp(min(actual - scale, LARGEST_LOG))
        quantiles = np.array([self.quantile(level) for level in SCORED_LEVELS])
        said = np.exp(np.minimum(quantiles - scale, LARGEST_LOG))  # last growth may explode
        levels = np.array(SCORED_LEVELS)
        return float(np.mean(np.where(came >= said, levels * (came - said), (1 - levels) * (said - came))))


@dataclass(frozen=True, slots=True)
class Case:
    """One forecast of one quarter, and what was published first of it.

    Args:
        company: who.
        measure: of what.
        kind: of the series.
        day: of the forecast.
        last: number of the newest quarter on it.
        horizon: quarters ahead.
        newest: logarithm of the newest figure, the scale of losses.
        actual: logarithm of what came.
        methods: forecasts by method, without those that had nothing to go by.
        losses: of the same.
    """

    company: str
    measure: str
    kind: Kind
    day: date
    last: int
    horizon: int
    newest: float
    actual: float
    methods: dict[Method, MethodForecast]
    losses: dict[Method, float]

    @property
    def quarter(self) -> int:
        """Number of the quarter that was forecast."""
        return self.last + self.horizon

    def holds(self, share: float) -> bool:
        """Tell whether the model's central interval of a share held."""
        return self.methods["model"].holds(self.actual, share)


def method_forecasts(panel: Panel, origin: Origin) -> list[dict[Method, MethodForecast]]:
    """Return what every method says of each quarter, by the errors known on the day [quarter ahead].

    Args:
        origin: the day and the medians.
    """
    found: list[dict[Method, MethodForecast]] = [{} for _ in range(FARTHEST)]
    for method, medians in origin.medians.items():
        if np.isfinite(medians).any():
            spread = panel.spread(origin, method)
            for ahead, median in enumerate(medians.tolist(), start=1):
                if np.isfinite(median):
                    deviation = spread.deviation_at(ahead)
                    found[ahead - 1][method] = MethodForecast(median, deviation, spread.freedom)
    return found


def rolling_cases(panel: Panel, companies: Collection[str]) -> tuple[Case, ...]:
    """Return every forecast that is scored, in the order of the series and days.

    Args:
        companies: whose forecasts are scored; the others only lend their errors and growth.
    """
    found: list[Case] = []
    for origin in panel.origins:
        series = origin.series
        if series.company not in companies or origin.path.logs.size < LEAST_QUARTERS:
            continue
        said = method_forecasts(panel, origin)
        for ahead, methods in enumerate(said, start=1):
            came = series.first_published.get(origin.path.last + ahead)
            if came is None or came.known_on <= origin.day:
                continue
            actual, newest = float(np.log(came.value)), float(origin.path.logs[-1])
            losses = {method: each.loss(actual, newest) for method, each in methods.items()}
            found.append(
                Case(
                    series.company,
                    series.measure,
                    series.kind,
                    origin.day,
                    origin.path.last,
                    ahead,
                    newest,
                    actual,
                    methods,
                    losses,
                )
            )
    return tuple(found)
