"""Forecasts of prices and supply that a case makes on its date: list prices of tokens, export regimes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from capexpand.case.schema import Case
from capexpand.catalogue import find_accelerator, model_prices, rules_in_force
from capexpand.forecasting.losses import Quantiles
from capexpand.forecasting.quarters import last_day, middle_day, quarter_of
from capexpand.forecasting.spread import Spread
from capexpand.hardware.export_rules import export_status
from capexpand.hardware.export_scope import Transaction
from capexpand.scenarios.entries import Entry
from capexpand.scenarios.futures import Futures
from capexpand.scenarios.sampling import Scenarios
from capexpand.studies.backtest.planned import quantiles

INPUT_SHARE = 0.75
"""Share of tokens that go in, of a blended price: three in for one out, as cases and price trackers count."""

TREND_METRIC = "price_decline_factor_per_year"
PRICE_DEVIATION = 0.3
"""Standard deviation of the logarithm of a list price after a quarter, where none is stated: a halving or
doubling within half a year lies inside (an estimate)."""


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A list price of tokens, blended [USD per million tokens]."""

    model: str
    day: date
    price: float
    known_on: date
    from_memory: bool


@dataclass(frozen=True, slots=True)
class PriceForecast:
    """The forecast of the list price that a workload follows, in the middle of a quarter."""

    workload: str
    model: str
    method: str
    quarter: int
    last: float
    forecast: Quantiles


@dataclass(frozen=True, slots=True)
class SupplyForecast:
    """The chance that an offer can be had freely on the last day of a quarter."""

    offer: str
    destination: str
    quarter: int
    chance: float
    unchanged: float  # 1 where it was free on the day of the forecast: the rules stay as they are


def list_prices(model: str) -> tuple[ListPrice, ...]:
    """List the blended prices of a model, the oldest first, as the catalogue that stands in has them."""
    days: dict[date, dict[str, tuple[float, date, bool]]] = {}
    for row in model_prices():
        if row.model == model and row.unit == "USD_per_million_tokens" and row.known_on is not None:
            days.setdefault(row.date, {})[row.metric] = (row.value, row.known_on, not row.source.verified)
    found: list[ListPrice] = []
    for day, both in sorted(days.items()):
        if {"input_price", "output_price"} <= set(both):
            (low, one, memory), (high, other, also) = both["input_price"], both["output_price"]
            price = INPUT_SHARE * low + (1.0 - INPUT_SHARE) * high
            found.append(ListPrice(model, day, price, max(one, other), memory or also))
    return tuple(found)


def forecast_prices(
    case: Case, as_of: date, *, futures: Futures, scenarios: Scenarios, quarters: int
) -> tuple[PriceForecast, ...]:
    """Forecast list prices that workloads follow: the case's path from the newest list, and two others.

    Args:
        case: which states the path of each price.
        scenarios: drawn from them.
        quarters: quarters after that of the day.
    """
    found: list[PriceForecast] = []
    now = quarter_of(as_of)
    for workload, model in case.reported.price_lists.items():
        lists = list_prices(model)
        series = case.workloads[workload].price
        if not lists or series is None:
            continue
        newest = lists[-1]
        start = case.calendar.start
        for ahead in range(1, quarters + 1):
            day = middle_day(now + ahead)
            path = series.on(day, start) / series.on(newest.day, start)
            spread = _price_factor(futures, scenarios, workload, min(ahead, scenarios.quarters - 1))
            plain = Spread(PRICE_DEVIATION, 4.0).around(newest.price, ahead)
            said = {"case": quantiles(spread).times(newest.price * path), "last value": plain}
            decline = _known_decline()
            if decline is not None:
                years = (day - newest.day).days / 365.25
                said["known trend"] = plain.times(decline**-years)
            found += [
                PriceForecast(workload, model, method, now + ahead, newest.price, each)
                for method, each in said.items()
            ]
    return tuple(found)


def _price_factor(futures: Futures, scenarios: Scenarios, workload: str, ahead: int) -> np.ndarray:
    """Factor of a price [scenario]: that of p·φ over that of φ."""
    factors = futures.factors(ahead, scenarios.drivers[:, ahead], scenarios.states[:, ahead])
    rows = {entry: row for row, entry in enumerate(futures.entries)}
    result = np.ones(scenarios.count)
    for kind, sign in (("base_price", 1.0), ("productivity", -1.0)):
        row = rows.get(Entry(kind, workload))
        if row is not None:
            result = result * factors[row] ** sign
    return result


def _known_decline() -> float | None:
    """The newest published factor by which prices fall in a year."""
    rows = [row for row in model_prices() if row.metric == TREND_METRIC and row.known_on is not None]
    return max(rows, key=lambda row: row.date).value if rows else None


def forecast_supply(
    case: Case, as_of: date, *, futures: Futures, quarters: int
) -> tuple[SupplyForecast, ...]:
    """Give the chance that each offer whose export status may change can be had freely, by quarter.

    Args:
        case: which declares the regimes.
        futures: the case's processes; the chances are exact, not sampled.
        quarters: quarters after that of the day.
    """
    found: list[SupplyForecast] = []
    now = quarter_of(as_of)
    for chain, values in zip(futures.chains, futures.chain_values, strict=True):
        if not chain.is_regime:
            continue
        marginals = chain.marginals()
        free = _free_states(futures, values.entries, values.values)
        for (offer, destination), states in free.items():
            if not is_governed(case, offer, destination):
                continue
            stays = 1.0 if obtained_freely(case, offer, destination, as_of) else 0.0
            for ahead in range(1, quarters + 1):
                chance = float(marginals[min(ahead, len(marginals) - 1), states].sum())
                found.append(SupplyForecast(offer, destination, now + ahead, chance, stays))
    return tuple(found)


def _free_states(
    futures: Futures, entries: np.ndarray, values: np.ndarray
) -> dict[tuple[str, str], np.ndarray]:
    """For each offer and destination that a regime moves, which states leave all of it and take no fee."""
    found: dict[tuple[str, str], np.ndarray] = {}
    for row, e in enumerate(entries):
        entry = futures.entries[e]
        if entry.kind in ("supply_limit", "export_fee") and entry.destination is not None:
            free = np.isclose(values[row, :, 0], entry.neutral)
            key = entry.name, entry.destination
            found[key] = found[key] & free if key in found else free
    return found


def is_governed(case: Case, offer: str, destination: str) -> bool:
    """Tell whether a supply takes its terms from export rules that the catalogue has."""
    supply = case.offers[offer].supply.get(destination)
    return supply is not None and supply.rules is not None and case.offers[offer].accelerator is not None


def obtained_freely(case: Case, offer: str, destination: str, day: date) -> bool:
    """Tell whether an offer could be had on a day without licence or fee, by the rules of that day.

    Args:
        offer: whose accelerator is judged.
        destination: where it would stand.
        day: of the sale.
    """
    chip = find_accelerator(case.offers[offer].accelerator or "")
    programme = case.programme
    sale = Transaction(day, destination, programme.headquarters, programme.end_user, programme.buyer)
    status = export_status(chip, rules_in_force(day, as_of=day), sale)
    return status.status in ("free", "notified") and status.fee_share_fraction == 0.0


def came_free(case: Case, offer: str, destination: str, quarter: int) -> bool:
    """Tell whether an offer could be had freely on the last day of a quarter.

    Args:
        offer: whose accelerator is judged.
        destination: where it would stand.
    """
    return obtained_freely(case, offer, destination, last_day(quarter))
