"""Hold the demand intervals of a case against the errors that forecasters made at the same horizon."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from capexpand.case.schema import Case
from capexpand.catalogue.point_in_time import current, reading_from
from capexpand.forecasting.forecast import catalogue_series
from capexpand.forecasting.panel import Panel
from capexpand.forecasting.quarters import quarter_of
from capexpand.scenarios.entries import Entry, Floats
from capexpand.scenarios.futures import Futures, compile_futures, driver_covariance

HORIZONS = (4, 8)  # quarters
NORMAL_90 = 1.2815515655446004  # quantile of the normal distribution that ends an 80 % interval


@dataclass(frozen=True, slots=True)
class NarrowDemand:
    """A demand, or the revenue outside the case, that is held to be better known than revenue has been.

    Args:
        place: in the case, such as ``workloads.chat.demand``.
        horizon: quarters ahead.
        factor: upper end of the case's 80 % interval over its median.
        usual_factor: the same of the model of revenue, by its errors known on the case's day.
    """

    place: str
    horizon: int
    factor: float
    usual_factor: float


def narrow_demands(case: Case) -> tuple[NarrowDemand, ...]:
    """List the demands whose 80 % interval is narrower than the errors of forecasts of revenue.

    Revenue of business outside the case is listed with them.
    Volumes have no long history, so revenue stands for them, by the long histories of the catalogue as known
    on the day of the case. A case that declares no uncertainty makes no statement, and an obligation is
    decided by the company itself: neither is listed.

    Args:
        case: that ``load_case`` found good.
    """
    if case.uncertainty.empty:
        return ()
    usual = _usual_widths(case)
    return tuple(_narrow(case, compile_futures(case), usual)) if usual else ()


def _usual_widths(case: Case) -> dict[int, float]:
    """Logarithm of the upper end over the median, by horizon; none where no error was known on the day."""
    with reading_from(current().as_known_on(case.as_of)):
        series = tuple(each for each in catalogue_series() if each.kind == "revenue")
    if not series:
        return {}
    spread = Panel(series).spread_of_others("revenue", "model", case.as_of, now=quarter_of(case.as_of))
    return {horizon: spread.width(0.9, horizon) for horizon in HORIZONS}


def _narrow(case: Case, futures: Futures, usual: dict[int, float]) -> Iterator[NarrowDemand]:
    for horizon, width in usual.items():
        if horizon >= futures.quarters:
            continue
        deviations = _log_deviations(futures, horizon)
        for place, entries in _watched(case).items():
            rows = [futures.entries.index(entry) for entry in entries if entry in futures.entries]
            moved = np.zeros(len(futures.entries))
            moved[rows] = 1.0
            own = NORMAL_90 * math.sqrt(float(moved @ deviations @ moved))
            if own < width * (1.0 - 1e-9):
                yield NarrowDemand(place, horizon, math.exp(own), math.exp(width))


def _watched(case: Case) -> dict[str, tuple[Entry, ...]]:
    """The entries that make up each demand, by its place in the case."""
    found: dict[str, tuple[Entry, ...]] = {
        f"workloads.{name}.demand": (Entry("base_demand", name), Entry("productivity", name))
        for name, workload in case.workloads.items()
        if workload.role != "obligation" and workload.contract is None
    }
    if case.opening.other_revenue is not None:
        found["opening.other_revenue"] = (Entry("other_revenue", ""),)
    return found


def _log_deviations(futures: Futures, quarter: int) -> Floats:
    """Covariance of the logarithms [entry, entry] of all that lasts in a quarter, in closed form."""
    covariance = driver_covariance(futures.drivers, futures.correlation, quarter)
    for d, driver in enumerate(futures.drivers):
        if not driver.normal:
            second = driver.jump_mean**2 + driver.jump_deviation**2
            faded = driver.retention ** (2.0 * np.arange(quarter))
            covariance[d, d] += driver.jumps * second * float(faded.sum())
    result = futures.loading @ covariance @ futures.loading.T
    for chain, values in zip(futures.chains, futures.chain_values, strict=True):
        if not chain.is_regime:
            continue
        chances = chain.marginals()[quarter]
        with np.errstate(divide="ignore"):
            logs = np.maximum(np.log(np.maximum(values.values[:, :, quarter], 0.0)), -20.0)
        apart = logs - (logs @ chances)[:, None]
        result[np.ix_(values.entries, values.entries)] += (apart * chances) @ apart.T
    return result
