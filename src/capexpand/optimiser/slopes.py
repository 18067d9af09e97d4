"""How the objective moves with the prices, volumes and limits of a case: read off the plan and its duals.

By the envelope theorem a number that multiplies costs moves the objective by these costs, a limit by its dual
times the limit, and a coefficient by what it does to its row, priced by the row's dual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.ages import at_quarter
from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.highs import Solution


@dataclass(frozen=True, slots=True)
class ValueSlopes:
    """Change of the objective for a relative change of 1 of a number in one quarter [money].

    Args:
        price: [workload, tranche, quarter] of what is sold.
        ordinary_costs: [workload, quarter] share of a price that goes into them.
        demand: [workload, quarter].
        service: [offer option, workload, quarter] volume that a unit serves.
        unit_price: [offer option, quarter] at order, with what it leaves in the books at the end.
        unit_running: [offer option, quarter] maintenance or fee.
        unit_wear: [offer option, quarter] upkeep of worn units beyond that of others.
        worn_running: [offer option, quarter] part of ``unit_running`` that is for worn units.
        hall_price: [power option, quarter] at order, with what it leaves at the end.
        power_running: [power option, quarter] maintenance or fee.
        energy_price: [site, quarter].
        grid: [site, quarter].
        supply: [offer, destination, quarter] units that can be ordered.
    """

    price: Floats
    ordinary_costs: Floats
    demand: Floats
    service: Floats
    unit_price: Floats
    unit_running: Floats
    unit_wear: Floats
    worn_running: Floats
    hall_price: Floats
    power_running: Floats
    energy_price: Floats
    grid: Floats
    supply: Floats


def value_slopes(m: ModelData, stages: list[Stage], solution: Solution, grid: Floats) -> ValueSlopes:
    """Return the slopes of a solved case.

    Args:
        m: the compiled case.
        stages: [quarter] its columns and rows.
        solution: with duals.
        grid: [site, quarter] what one more MW is worth.
    """
    quarters, workloads, options = m.times.count, len(m.workloads.names), len(m.offers.names)
    halls, sites = len(m.power.names), len(m.sites.names)
    shapes = {
        "price": (workloads, m.workloads.tranches),
        "ordinary_costs": (workloads,),
        "demand": (workloads,),
        "service": (options, workloads),
        **dict.fromkeys(("unit_price", "unit_running", "unit_wear", "worn_running"), (options,)),
        **dict.fromkeys(("hall_price", "power_running"), (halls,)),
        "energy_price": (sites,),
        "supply": m.offers.limit.shape[:2],
    }
    found = ValueSlopes(
        grid=grid * m.sites.grid_mw,
        **{name: np.zeros((*shape, quarters)) for name, shape in shapes.items()},
    )
    market, book = (
        np.zeros(2) if stages[-1].end_rows is None else np.maximum(_at(solution.row_duals, rows), 0.0)
        for rows in stages[-1].end_rows or (np.zeros(2, dtype=np.int64),) * 2
    )
    for t, stage in enumerate(stages):
        kept = float(m.times.discount[t] * (1.0 - m.taxes.rate))
        _sales(m, t, stage, found, solution=solution, kept=kept)
        _operation(m, t, stage, found, solution=solution, kept=kept)
        _orders(m, t, stage, found, solution=solution, book=book)
    standing = _at(solution.columns, stages[-1].power.energised)
    found.hall_price[:, -1] += market[1] * m.power.end_value * standing
    return found


def _at(values: Floats, places: Indices) -> Floats:
    """Values of columns or rows; 0 where there is none."""
    return np.where(places == ABSENT, 0.0, values[np.maximum(places, 0)] if values.size else 0.0)


def _sales(
    m: ModelData, t: int, stage: Stage, found: ValueSlopes, *, solution: Solution, kept: float
) -> None:
    """Prices by what they earn, demand by its dual, and service by what one more volume is worth."""
    service, phi = stage.service, m.workloads.productivity[:, t]
    sold = _at(solution.columns, service.sold)
    earned = kept * m.workloads.price[:, :, t] * phi[:, None] * sold
    margin = m.workloads.margin_fraction[:, [t]]
    found.price[..., t] += earned * margin
    found.ordinary_costs[..., t] -= (earned * (1.0 - margin)).sum(axis=1)
    demand = m.workloads.demand[:, :, t] / phi[:, None]
    worth = np.maximum(_at(solution.column_duals, service.sold), 0.0)
    due = _at(solution.row_duals, service.service_rows)
    obliged = np.array([role == "obligation" for role in m.workloads.roles], dtype=np.bool_)
    found.demand[..., t] += (worth * demand).sum(axis=1) + np.where(obliged, due * demand.sum(axis=1), 0.0)
    serving = _at(solution.columns, service.serving).sum(axis=0)
    found.service[..., t] -= serving * m.workloads.service * due


def _operation(
    m: ModelData, t: int, stage: Stage, found: ValueSlopes, *, solution: Solution, kept: float
) -> None:
    """Fees, maintenance and energy by what they cost."""
    x = solution.columns
    found.unit_running[..., t] -= (
        kept * m.offers.running_cost[:, t] * _at(x, stage.fleet.installed).sum(axis=0)
    )
    if m.offers.wear is not None:
        worn = _at(x, stage.fleet.worn).sum(axis=1)
        found.unit_wear[..., t] -= kept * m.offers.wear.cost * worn
        found.worn_running[..., t] -= kept * m.offers.running_cost[:, t] * worn
    found.power_running[..., t] -= kept * m.power.running_cost[:, t] * _at(x, stage.power.energised)
    drawn = _at(x, stage.service.running) @ (m.offers.power_kw * m.offers.draw_fraction / 1000.0)
    bill = m.hours_per_quarter * m.sites.power_usage_effectiveness * m.sites.energy_price[:, t]
    if m.energy is None:
        found.energy_price[..., t] -= kept * bill * drawn


def _orders(
    m: ModelData, t: int, stage: Stage, found: ValueSlopes, *, solution: Solution, book: Floats
) -> None:
    """Prices by the tax that they save and what the books hold, less payments; supply by its dual."""
    left = m.end_book_fractions
    x, duals, money = solution.columns, solution.row_duals, stage.money
    paid_now = _at(duals, money.payment_rows)[0]
    paid_later = _at(duals, money.due_rows) if money.due_rows.size else np.zeros(1)

    def cost(kind: int, lead: Indices, deposit: Floats, shield: Floats) -> Floats:
        """Worth of a price of 1 of each option: paid, written off, and left at the end."""
        now = np.where(lead == 0, 1.0, deposit)
        shield = shield + book[kind] * left[kind]
        return (
            at_quarter(shield, t + lead) + now * paid_now + (1.0 - now) * paid_later[np.maximum(lead, 1) - 1]
        )

    halls = cost(1, m.power.lead_quarters, m.power.deposit_fraction, m.taxes.building_shield)
    found.hall_price[..., t] += halls * m.power.price[:, t] * _at(x, stage.power.ordered)
    units = cost(0, m.offers.lead_quarters, m.offers.deposit_fraction, m.taxes.server_shield)
    ordered = _at(x, stage.orders.ordered)
    spent = np.where(ordered > 0.0, ordered * m.offers.price[:, :, t], 0.0).sum(axis=1)
    found.unit_price[..., t] += units * spent
    limit = np.where(np.isfinite(m.offers.limit[:, :, t]), m.offers.limit[:, :, t], 0.0)
    found.supply[..., t] += np.maximum(_at(duals, stage.orders.supply_rows), 0.0) * limit
