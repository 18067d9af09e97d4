"""Changes of drivers to a compiled case: each function returns the case at a level of one driver."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.model.compile import committed_grid, taxes
from capexpand.model.data import Flags, Floats, ModelData
from capexpand.timevalue import discount_factors, end_discount_factor


def _only(here: Flags, level: float) -> Floats:
    return np.where(here, level, 1.0)


def price(m: ModelData, level: float, here: Flags) -> ModelData:
    """Return a case whose prices of some workloads are a factor higher, in all quarters and tranches.

    Args:
        here: [workload] whose prices move.
    """
    moved = m.workloads.price * _only(here, level)[:, None, None]
    return replace(m, workloads=replace(m.workloads, price=moved))


def volume(m: ModelData, level: float, here: Flags) -> ModelData:
    """Return a case whose demand for some workloads is a factor larger, in all quarters and tranches.

    Args:
        here: [workload] whose demand moves.
    """
    moved = m.workloads.demand * _only(here, level)[:, None, None]
    return replace(m, workloads=replace(m.workloads, demand=moved))


def utilisation(m: ModelData, level: float) -> ModelData:
    """Return a case in which a factor more of what each unit serves can be used.

    Args:
        level: factor on the usable share of every workload.
    """
    w = m.workloads
    moved = replace(w, service=w.service * level, usable_fraction=w.usable_fraction * level)
    return replace(m, workloads=moved)


def growth(m: ModelData, level: float, here: Flags) -> ModelData:
    """Return a case whose demand grows faster or slower: D_t = D_0 (D_t / D_0)^level.

    Args:
        level: 1 as declared, 0 no growth after the first quarter.
        here: [workload] whose demand moves; where it is zero at first, it stays as declared.
    """
    demand = m.workloads.demand
    first = demand[:, :, :1]
    ratio = np.divide(demand, first, out=np.ones_like(demand), where=first > 0)
    grown = np.where((first > 0) & here[:, None, None], first * ratio**level, demand)
    return replace(m, workloads=replace(m.workloads, demand=grown))


def pass_through(m: ModelData, level: float, here: Flags, elasticity: Floats) -> ModelData:
    """Return a case in which another share of what software gains is passed on to customers.

    The price becomes p φ^(1 − level) and demand answers with the elasticity ε of its market,
    D φ^(−ε (1 − level)); as in ``docs/explanation/uncertainty.md``, where a market ties the three.

    Args:
        level: 1 as declared; 0 keeps all of the gain; above 1 more is passed on than software gains.
        here: [workload] whose price moves.
        elasticity: [workload] of demand to price.
    """
    w = m.workloads
    kept = np.where(here[:, None], w.productivity ** (1.0 - level), 1.0)
    demand = w.demand * (kept ** -elasticity[:, None])[:, None, :]
    return replace(m, workloads=replace(w, price=w.price * kept[:, None, :], demand=demand))


def server_price(m: ModelData, level: float, here: Flags) -> ModelData:
    """Return a case whose servers cost a factor more: to buy, to lease, to maintain, and at the end.

    Maintenance is a share of the price and the end value a share of what a buyer would then pay, so both
    move with it.

    Args:
        here: [offer option] whose price moves.
    """
    o, by = m.offers, _only(here, level)
    moved = replace(
        o,
        price=o.price * by[:, None, None],
        export_fee=o.export_fee * by[:, None, None],
        import_duty=o.import_duty * by[:, None, None],
        running_cost=o.running_cost * by[:, None],
        exit_cost=np.where(o.owned[:, None], o.exit_cost * by[:, None], o.exit_cost),
        end_value=o.end_value * by,
        wear=None if o.wear is None else replace(o.wear, cost=o.wear.cost * by),
    )
    return replace(m, offers=moved)


def build_cost(m: ModelData, level: float) -> ModelData:
    """Return a case whose halls cost a factor more to build, with their end value."""
    power = replace(m.power, price=m.power.price * level, end_value=m.power.end_value * level)
    return replace(m, power=power)


def energy_price(m: ModelData, level: float) -> ModelData:
    """Return a case whose electricity costs a factor more."""
    return replace(m, sites=replace(m.sites, energy_price=m.sites.energy_price * level))


def grid_late(m: ModelData, quarters: float) -> ModelData:
    """Return a case whose grid connections come late, while promises count on the declared ones.

    What is connected in the first quarter stays so.

    Args:
        quarters: delay; between whole quarters the grid is interpolated, so that it moves evenly.
    """
    return replace(m, sites=replace(m.sites, grid_mw=_late(m.sites.grid_mw, quarters)))


def grid_known_late(m: ModelData, quarters: float) -> ModelData:
    """Return a case whose grid connections come late, and nobody promises on them sooner.

    Args:
        quarters: delay.
    """
    late = _late(m.sites.grid_mw, quarters)
    standing = np.zeros_like(late)
    due = m.opening.power_mw[:, None] + np.cumsum(m.opening.power_due_mw, axis=1)
    np.add.at(standing, m.power.site, due)
    at_grid = standing * m.sites.power_usage_effectiveness[:, None]
    return replace(m, sites=replace(m.sites, grid_mw=late, committed_grid_mw=committed_grid(late, at_grid)))


def _late(grid_mw: Floats, quarters: float) -> Floats:
    """The grid of so many quarters before [site, quarter]."""
    before = int(np.floor(quarters))
    part = quarters - before
    at = np.arange(grid_mw.shape[1])
    sooner = grid_mw[:, np.maximum(at - before, 0)]
    return (1.0 - part) * sooner + part * grid_mw[:, np.maximum(at - before - 1, 0)]


def discount_rate(m: ModelData, rate: float) -> ModelData:
    """Return a case at another discount rate, with all present values that hang on it.

    Args:
        rate: [1/year].
    """
    count, t = m.times.count, m.taxes
    times = replace(
        m.times, discount=discount_factors(rate, count), discount_end=end_discount_factor(rate, count)
    )
    of_rate = taxes(
        times,
        rate=t.rate,
        server_life_quarters=t.server_life_quarters,
        building_life_quarters=t.building_life_quarters,
        value_added_tax=t.value_added_tax,
        recovery_quarters=t.recovery_quarters,
    )
    return replace(m, times=times, taxes=of_rate)
