"""Drivers: the assumptions that a study varies, and the change of each to a compiled case.

A driver takes a compiled case as declared and a level, and returns the case as it would be at that level; the
case's file is not read again. ``change`` is the world as a planner who knows would see it; ``surprise`` is
the same world met by somebody who promised under the declared one. They differ only where promises rest on
what is declared: a late grid connection does not undo what was promised to come with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from capexpand.case.reading import suggest
from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.model.data import Flags, ModelData
from capexpand.studies.breakeven.changes import (
    build_cost,
    discount_rate,
    energy_price,
    grid_known_late,
    grid_late,
    growth,
    pass_through,
    price,
    server_price,
    utilisation,
    volume,
)
from capexpand.wording import number, percent

Change = Callable[[ModelData, float], ModelData]
Kind = Literal["factor", "exponent", "rate", "quarters"]


@dataclass(frozen=True, slots=True)
class Driver:
    """An assumption that a study varies.

    Args:
        name: as the user writes it.
        title: for tables.
        kind: a factor on what is assumed, an exponent on it, a yearly rate, or quarters.
        assumed: the level at which nothing changes.
        low: lowest level that is tried.
        high: highest level that is tried.
        higher_is_better: which way the programme is expected to gain.
        change: the world at a level, as a planner knows it.
        surprise: the same world for orders placed under the declared one; no different if absent.
        costs_only: whether only the objective of the program moves.
        operates: whether a fixed plan runs differently under it; a discount rate changes no operation.
    """

    name: str
    title: str
    kind: Kind
    assumed: float
    low: float
    high: float
    higher_is_better: bool
    change: Change
    surprise: Change | None = None
    costs_only: bool = False
    operates: bool = True

    def met(self, m: ModelData, at: float) -> ModelData:
        """Return the world at a level for orders placed under the declared one."""
        return (self.surprise or self.change)(m, at)

    def level(self, at: float) -> str:
        """Write a level for a table: ``0.83``, ``12 %/year`` or ``2.4 quarters``."""
        if self.kind == "rate":
            return f"{percent(at)} a year"
        if self.kind == "quarters":
            return f"{number(at)} quarters"
        return number(at)

    def described(self, at: float) -> str:
        """Write a level within a sentence."""
        if self.kind == "factor":
            return f"{number(at)} of what is assumed"
        if self.kind == "exponent":
            return f"{number(at)} times as fast as assumed"
        return self.level(at)


def drivers_of(case: Case, m: ModelData, paying: Flags) -> dict[str, Driver]:
    """Return the drivers of a case by name, the general ones in the order in which tables show them.

    Args:
        case: as declared; its markets say how demand answers price.
        paying: [workload] whether what it is paid counts in the net present value.
    """
    found = (*_earnings(case, m, paying), *_costs(m))
    each = [
        driver
        for name, position in zip(m.workloads.names, range(len(m.workloads.names)), strict=True)
        if paying[position]
        for driver in _of_workload(m, name, position)
    ]
    return {driver.name: driver for driver in (*found, *each)}


def general(drivers: dict[str, Driver]) -> tuple[Driver, ...]:
    """Return the drivers that are not of one workload, in order.

    Args:
        drivers: from ``drivers_of``.
    """
    return tuple(driver for name, driver in drivers.items() if ":" not in name)


def chosen(drivers: dict[str, Driver], names: tuple[str, ...]) -> tuple[Driver, ...]:
    """Return the drivers of the given names.

    Args:
        drivers: from ``drivers_of``.
        names: as the user writes them.

    Raises:
        CaseError: with every name that this case does not have.
    """
    known = _known(drivers)
    problems = [
        Problem(f"there is no driver '{name}'{suggest(name, list(drivers)) or ';'} {known}")
        for name in names
        if name not in drivers
    ]
    if problems:
        raise CaseError(problems)
    return tuple(drivers[name] for name in names)


def _known(drivers: dict[str, Driver]) -> str:
    each = sorted({name.split(":")[1] for name in drivers if ":" in name})
    of_one = f"; price and volume also as price:{each[0]}, for one workload" if each else ""
    return f"this case has {', '.join(driver.name for driver in general(drivers))}{of_one}"


def _earnings(case: Case, m: ModelData, paying: Flags) -> list[Driver]:
    """Drivers of what is sold, and how it is served."""
    external = paying & np.array([role == "external" for role in m.workloads.roles])
    internal = paying & ~external
    found: list[Driver] = []
    if external.any():
        found.append(_price("price", "Price of all that is sold", external))
    if internal.any():
        title = "Value of an hour or token to the group itself"
        found.append(_price("transfer-value", title, internal))
    found.append(_volume("volume", "Volume demanded", paying))
    usable = float(m.workloads.usable_fraction.max(initial=0.0))
    most = 1.0 / usable if usable > 0 else 2.0
    found.append(
        Driver(
            "utilisation", "Usable share of a unit", "factor", 1.0, 0.05, max(most, 1.0), True,
            utilisation,
        )
    )  # fmt: skip
    demand = m.workloads.demand[paying].sum(axis=1)
    if demand.size and not np.allclose(demand, demand[:, :1]):
        found.append(
            Driver(
                "growth", "Growth of demand", "exponent", 1.0, 0.0, 1.5, True,
                lambda data, level: growth(data, level, paying),
            )
        )  # fmt: skip
    gains = paying & (np.ptp(m.workloads.productivity, axis=1) > 1e-9)
    if gains.any():
        elasticity = _elasticity(case, m)
        found.append(
            Driver(
                "pass-through", "Share of software's gains passed on", "factor", 1.0, -1.0, 3.0, False,
                lambda data, level: pass_through(data, level, gains, elasticity),
            )
        )  # fmt: skip
    return found


def _costs(m: ModelData) -> list[Driver]:
    """Drivers of what is bought, when it runs, and what money costs."""
    with_accelerators = m.offers.accelerators[m.offers.product] > 0
    chips = with_accelerators if with_accelerators.any() else np.ones_like(with_accelerators)
    found = [
        Driver(
            "chip-price",
            "Price of accelerator servers" if with_accelerators.any() else "Price of servers",
            "factor", 1.0, 0.0, 10.0, False,
            lambda data, level: server_price(data, level, chips),
        )
    ]  # fmt: skip
    if (m.power.owned[:, None] & (m.power.limit_mw > 0)).any():
        found.append(
            Driver("build-cost", "Cost of building halls", "factor", 1.0, 0.0, 10.0, False, build_cost)
        )
    found += [
        Driver(
            "energy-price", "Price of electricity", "factor", 1.0, 0.0, 20.0, False,
            energy_price, costs_only=True,
        ),
        Driver(
            "grid-delay", "Grid connections late by", "quarters", 0.0, 0.0, float(m.times.count), False,
            grid_known_late, surprise=grid_late,
        ),
        Driver(
            "discount-rate", "Discount rate", "rate", _rate(m), -0.5, 4.0, False,
            discount_rate, operates=False,
        ),
    ]  # fmt: skip
    return found


def _of_workload(m: ModelData, name: str, position: int) -> tuple[Driver, Driver]:
    only = np.arange(len(m.workloads.names)) == position
    title = m.workloads.titles[position]
    return (
        _price(f"price:{name}", f"Price: {title}", only),
        _volume(f"volume:{name}", f"Volume: {title}", only),
    )


def _price(name: str, title: str, here: Flags) -> Driver:
    def change(data: ModelData, level: float) -> ModelData:
        return price(data, level, here)

    return Driver(name, title, "factor", 1.0, 0.0, 10.0, True, change, costs_only=True)


def _volume(name: str, title: str, here: Flags) -> Driver:
    return Driver(name, title, "factor", 1.0, 0.0, 10.0, True, lambda data, level: volume(data, level, here))


def _rate(m: ModelData) -> float:
    """The yearly rate behind the discount factors: δ_0 = (1 + r)^(−1/8), half a quarter from the start."""
    return float(m.times.discount[0] ** -8.0) - 1.0


def _elasticity(case: Case, m: ModelData) -> np.ndarray:
    """How demand answers price [workload]; 0 where no market of the case says."""
    found = np.zeros(len(m.workloads.names))
    for market in case.uncertainty.markets.values():
        for name in market.workloads:
            if name in m.workloads.names:
                found[m.workloads.names.index(name)] = market.elasticity.value
    return found
