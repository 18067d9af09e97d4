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
    """Change of the objective for a relative change of 1 [money], in all quarters together.

    Args:
        price: [workload, tranche] of what is sold.
        ordinary_costs: [workload] share of a price that goes into them.
        demand: [workload].
        service: [offer option, workload] volume that a unit serves.
        unit_price: [offer option] at order.
        unit_running: [offer option] maintenance or fee.
        hall_price: [power option] at order.
        power_running: [power option] maintenance or fee.
        energy_price: [site].
        grid: [site].
        supply: [offer, destination] units that can be ordered.
    """

    price: Floats
    ordinary_costs: Floats
    demand: Floats
    service: Floats
    unit_price: Floats
    unit_running: Floats
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
    found = ValueSlopes(
        price=np.zeros((len(m.workloads.names), m.workloads.tranches)),
        ordinary_costs=np.zeros(len(m.workloads.names)),
        demand=np.zeros(len(m.workloads.names)),
        service=np.zeros((len(m.offers.names), len(m.workloads.names))),
        unit_price=np.zeros(len(m.offers.names)),
        unit_running=np.zeros(len(m.offers.names)),
        hall_price=np.zeros(len(m.power.names)),
        power_running=np.zeros(len(m.power.names)),
        energy_price=np.zeros(len(m.sites.names)),
        grid=(grid * m.sites.grid_mw).sum(axis=1),
        supply=np.zeros(m.offers.limit.shape[:2]),
    )
    for t, stage in enumerate(stages):
        kept = float(m.times.discount[t] * (1.0 - m.taxes.rate))
        _sales(m, t, stage, found, solution=solution, kept=kept)
        _operation(m, t, stage, found, solution=solution, kept=kept)
        _orders(m, t, stage, found, solution=solution)
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
    found.price[:] += earned * margin
    found.ordinary_costs[:] -= (earned * (1.0 - margin)).sum(axis=1)
    demand = m.workloads.demand[:, :, t] / phi[:, None]
    worth = np.maximum(_at(solution.column_duals, service.sold), 0.0)
    due = _at(solution.row_duals, service.service_rows)
    obliged = np.array([role == "obligation" for role in m.workloads.roles], dtype=np.bool_)
    found.demand[:] += (worth * demand).sum(axis=1) + np.where(obliged, due * demand.sum(axis=1), 0.0)
    serving = _at(solution.columns, service.serving).sum(axis=0)
    found.service[:] -= serving * m.workloads.service * due


def _operation(
    m: ModelData, t: int, stage: Stage, found: ValueSlopes, *, solution: Solution, kept: float
) -> None:
    """Fees, maintenance and energy by what they cost."""
    x = solution.columns
    found.unit_running[:] -= kept * m.offers.running_cost[:, t] * _at(x, stage.fleet.installed).sum(axis=0)
    found.power_running[:] -= kept * m.power.running_cost[:, t] * _at(x, stage.power.energised)
    drawn = _at(x, stage.service.running) @ (m.offers.power_kw * m.offers.draw_fraction / 1000.0)
    bill = m.hours_per_quarter * m.sites.power_usage_effectiveness * m.sites.energy_price[:, t]
    if m.energy is None:
        found.energy_price[:] -= kept * bill * drawn


def _orders(m: ModelData, t: int, stage: Stage, found: ValueSlopes, *, solution: Solution) -> None:
    """Prices by the tax that writing off saves, less what the payments cost; supply by its dual."""
    x, duals, money = solution.columns, solution.row_duals, stage.money
    paid_now = _at(duals, money.payment_rows)[0]
    paid_later = _at(duals, money.due_rows) if money.due_rows.size else np.zeros(1)

    def cost(lead: Indices, deposit: Floats, shield: Floats) -> Floats:
        """Worth of a payment of 1 for each option, at order and at delivery."""
        now = np.where(lead == 0, 1.0, deposit)
        return (
            at_quarter(shield, t + lead) + now * paid_now + (1.0 - now) * paid_later[np.maximum(lead, 1) - 1]
        )

    halls = cost(m.power.lead_quarters, m.power.deposit_fraction, m.taxes.building_shield)
    found.hall_price[:] += halls * m.power.price[:, t] * _at(x, stage.power.ordered)
    units = cost(m.offers.lead_quarters, m.offers.deposit_fraction, m.taxes.server_shield)
    ordered = _at(x, stage.orders.ordered)
    spent = np.where(ordered > 0.0, ordered * m.offers.price[:, :, t], 0.0).sum(axis=1)
    found.unit_price[:] += units * spent
    limit = np.where(np.isfinite(m.offers.limit[:, :, t]), m.offers.limit[:, :, t], 0.0)
    found.supply[:] += np.maximum(_at(duals, stage.orders.supply_rows), 0.0) * limit
