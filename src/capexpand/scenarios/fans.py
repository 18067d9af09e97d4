"""Fans: the quantiles by quarter of every quantity that processes move, in its own unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.schema import Case
from capexpand.case.targets import MovableTarget, movable_targets
from capexpand.scenarios.declared import DeclaredPaths
from capexpand.scenarios.entries import Entry, EntryKind, Floats
from capexpand.scenarios.loadings import PLAIN
from capexpand.scenarios.sampling import Scenarios

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles that are shown."""


@dataclass(frozen=True, slots=True)
class Fan:
    """One quantity over time.

    Args:
        path: its place in the case.
        unit: of all values.
        declared: [quarter] what the case says.
        mean: [quarter] over the scenarios.
        quantiles: [level, quarter], at ``LEVELS``.
    """

    path: str
    unit: str
    declared: Floats
    mean: Floats
    quantiles: Floats


def fans(case: Case, scenarios: Scenarios) -> tuple[Fan, ...]:
    """Return the fan of every quantity that moves, in the order of the case.

    A market share that moves is shown in the demand; an exchange rate in the prices that it moves.

    Args:
        case: what was declared.
        scenarios: drawn from its processes.
    """
    paths = DeclaredPaths(case)
    rows = {entry: row for row, entry in enumerate(scenarios.entries)}
    shown = [target for target in movable_targets(case) if _products(target) and _moved(target, rows)]
    quantiles = np.zeros((len(shown), len(LEVELS), scenarios.quarters))
    mean = np.zeros((len(shown), scenarios.quarters))
    declared = np.array([_declared(paths, target) for target in shown])
    for t in range(scenarios.quarters):
        factors = scenarios.factors(t)
        for position, target in enumerate(shown):
            values = _values(declared[position, t], target, rows, factors)
            quantiles[position, :, t] = np.quantile(values, LEVELS)
            mean[position, t] = values.mean()
    return tuple(
        _readable(Fan(target.path, _unit(paths, target), declared[i], mean[i], quantiles[i]))
        for i, target in enumerate(shown)
    )


def _readable(fan: Fan) -> Fan:
    """Small prices in whole money instead of millions, such as those of a MWh."""
    if not fan.unit.startswith("mn ") or np.max(np.abs(fan.declared), initial=0.0) >= 0.01:
        return fan
    return Fan(
        fan.path,
        fan.unit.removeprefix("mn "),
        fan.declared * 1e6,
        fan.mean * 1e6,
        fan.quantiles * 1e6,
    )


def _products(target: MovableTarget) -> tuple[tuple[EntryKind, int], ...]:
    """The entries, with exponents, whose product is the factor of a quantity."""
    quantity = target.quantity
    products: dict[str, tuple[tuple[EntryKind, int], ...]] = {
        "demand": (("base_demand", 1), ("productivity", 1)),
        "price": (("base_price", 1), ("productivity", -1)),
        "penalty": (("base_penalty", 1), ("productivity", -1)),
        "productivity": (("productivity", 1),),
    }
    if quantity in products:
        return products[quantity]
    if quantity in ("exchange_rate", "market_share"):
        return ()
    return ((PLAIN[quantity], 1),)


def _rows(target: MovableTarget, rows: dict[Entry, int]) -> list[tuple[int, int]]:
    found = [
        (rows.get(Entry(kind, target.name, target.destination)), power) for kind, power in _products(target)
    ]
    return [(row, power) for row, power in found if row is not None]


def _moved(target: MovableTarget, rows: dict[Entry, int]) -> bool:
    return bool(_rows(target, rows))


def _values(declared: float, target: MovableTarget, rows: dict[Entry, int], factors: Floats) -> Floats:
    """What a quantity is in each scenario; nothing declared as a limit stays no limit."""
    picked = _rows(target, rows)
    if target.quantity == "export_fee":
        return declared + factors[picked[0][0]]
    product = np.prod([factors[row] ** power for row, power in picked], axis=0)
    return np.where(product == 0.0, 0.0, declared * product)


def _declared(paths: DeclaredPaths, target: MovableTarget) -> Floats:
    declared = paths.target(target)
    if target.quantity == "demand":
        declared = declared * paths.values(paths.case.workloads[target.name].market_share)
    return declared


def _unit(paths: DeclaredPaths, target: MovableTarget) -> str:
    return "share of what is due" if target.quantity == "delivery" else paths.unit(target)
