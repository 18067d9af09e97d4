"""A plan: what is done in each quarter, and what each limit is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.basis import NamedBasis
from capexpand.optimiser.financing import FinancingPlan, read_financing
from capexpand.optimiser.highs import Solution
from capexpand.optimiser.slopes import ValueSlopes, value_slopes


@dataclass(frozen=True, slots=True)
class SolverReport:
    """How an answer was reached, and how well it passed our checks."""

    status: str
    objective: float  # money, present value
    bound: float
    relative_gap: float
    seconds: float
    solver: str
    columns: int
    rows: int
    largest_row_violation: float
    largest_bound_violation: float
    largest_dual_violation: float


@dataclass(frozen=True, slots=True)
class ShadowPrices:
    """The gain of the objective from one more of each limit, in present value; 0 where sizes are whole."""

    grid: Floats  # [site, quarter] money per MW at the grid
    supply: Floats  # [offer, destination, quarter] money per unit that can be ordered
    stock: Floats  # [offer, quarter] money per unit in stock
    budget: Floats  # [quarter] money per money of the cap that holds in this quarter
    renewal: Floats  # [quarter] money per money of the renewal budget
    demand: Floats  # [workload, quarter] money per volume of demand, in the mix of its tranches
    obligation: Floats  # [workload, quarter] cost of one more volume owed, as money per volume


@dataclass(frozen=True, slots=True)
class EnergyPlan:
    """Energy of a plan whose case says more of it than a price."""

    signed: Floats  # [contract, quarter] MW
    used: Floats  # [contract, quarter] MWh
    surplus: Floats  # [contract, quarter] MWh left over
    grid: Floats  # [site, quarter] MWh
    lost: Floats  # [site, offer option, quarter] running units that curtailment takes
    stored: Floats  # [way to store, quarter] MWh that come out of storage
    renewable_worth: Floats  # [quarter] money per MWh of renewable energy more


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule of decisions by quarter. Stocks are those at the quarter's end."""

    data: ModelData
    power_ordered_mw: Floats  # [power option, quarter]
    power_returned_mw: Floats  # [power option, quarter]
    power_mw: Floats  # [power option, quarter] energised IT power
    ordered: Floats  # [offer option, destination, quarter] units
    placed: Floats  # [site, offer option, quarter] units
    returned: Floats  # [site, offer option, quarter] leased units handed back, owned units sold
    installed: Floats  # [site, offer option, quarter] units
    running: Floats  # [site, offer option, quarter] units
    serving: Floats  # [site group, offer option, workload, quarter] units
    sold: Floats  # [workload, tranche, quarter] volume
    unmet: Floats  # [workload, quarter] volume owed and not served
    energy: EnergyPlan | None  # None where the case says only a price
    hire_signed: Floats  # [hire option, quarter] units reserved from clouds
    hired: Floats  # [hire option, quarter] units hired and paid for, reserved ones included
    hire_serving: Floats  # [hire option, workload, quarter] of them serving
    paid: Floats  # [quarter] money for orders, without value-added tax
    shortfall: float  # money below the floor
    shadow: ShadowPrices
    solver: SolverReport
    signed: Floats | None = None  # [contract] part that is signed; None where there are no contracts
    kept_free: Floats | None = None  # [site group, offer option, quarter] units for the largest contract
    basis: NamedBasis | None = None  # from which a plan that differs little is found sooner
    financing: FinancingPlan | None = None  # None where the case does not ask where money comes from
    worn: Floats | None = None  # [offer option, destination, quarter] units beyond the age of wear; None: 0
    worth: float | None = None  # present value [money] where the objective is another; None: the objective
    leased_back: Floats | None = None  # [offer option, destination, quarter] units sold to a lessor; None: 0
    handed_over: Floats | None = None  # [site, offer option, quarter] of them, at their term's end; None: 0
    slopes: ValueSlopes | None = None  # of the objective; None where sizes are whole, which has no duals

    @property
    def value(self) -> float:
        """Present value in money, penalties taken off, whatever the plan was made for [million]."""
        return self.solver.objective if self.worth is None else self.worth

    @property
    def worn_units(self) -> Floats:
        """Units that stand at the age of wear or beyond [offer option, destination, quarter]."""
        return np.zeros_like(self.ordered) if self.worn is None else self.worn

    @property
    def financed(self) -> FinancingPlan:
        """The financing of a plan that has one.

        Raises:
            ValueError: it has none.
        """
        if self.financing is None:
            raise ValueError("the plan has no financing")
        return self.financing


def read_plan(m: ModelData, stages: list[Stage], solution: Solution) -> Plan:
    """Returns the plan that a solution of the chained stages describes."""
    x, phi, financing = solution.columns, m.workloads.productivity, stages[-1].financing

    def over(columns: list[Indices]) -> Floats:
        return np.stack([_values(x, block) for block in columns], axis=-1)

    return Plan(
        data=m,
        power_ordered_mw=over([s.power.ordered for s in stages]),
        power_returned_mw=over([s.power.returned for s in stages]),
        power_mw=over([s.power.energised for s in stages]),
        ordered=over([s.orders.ordered for s in stages]),
        placed=over([s.fleet.placed for s in stages]),
        returned=over([s.fleet.returned for s in stages]),
        installed=over([s.fleet.installed for s in stages]),
        running=over([s.service.running for s in stages]),
        serving=over([s.service.serving for s in stages]),
        kept_free=over([s.service.kept_free for s in stages]),
        sold=over([s.service.sold for s in stages]) * phi[:, None, :],
        unmet=over([s.service.unmet for s in stages]) * phi,
        energy=_energy(m, stages, solution),
        **_hired(m, over([s.hire.signed for s in stages]), over([s.hire.hired for s in stages])),
        hire_serving=over([s.hire.serving for s in stages]),
        paid=over([s.money.paid for s in stages])[0],
        shortfall=float(over([s.money.shortfall for s in stages]).sum()),
        shadow=(shadow := shadow_prices(m, stages, solution)),
        solver=SolverReport(
            status=solution.status,
            objective=solution.objective,
            bound=solution.bound,
            relative_gap=solution.relative_gap,
            seconds=solution.seconds,
            solver=solution.solver,
            columns=solution.columns.size,
            rows=solution.row_duals.size,
            largest_row_violation=solution.largest_row_violation,
            largest_bound_violation=solution.largest_bound_violation,
            largest_dual_violation=solution.largest_dual_violation,
        ),
        financing=None if financing is None else read_financing(m, financing, solution),
        basis=solution.basis,
        signed=_signed(m, stages, x),
        worn=over([s.fleet.worn for s in stages]),
        worth=None if stages[-1].worth is None else stages[-1].worth.of(x),
        leased_back=None if (back := stages[-1].leasebacks) is None else _values(x, back.sold),
        handed_over=None if back is None else _values(x, back.handed_over),
        slopes=value_slopes(m, stages, solution, shadow.grid) if solution.row_duals.any() else None,
    )


def _energy(m: ModelData, stages: list[Stage], solution: Solution) -> EnergyPlan | None:
    if m.energy is None:
        return None
    x, duals = solution.columns, solution.row_duals

    def over(columns: list[Indices], values: Floats) -> Floats:
        return np.stack([_values(values, block) for block in columns], axis=-1)

    return EnergyPlan(
        signed=over([s.energy.signed for s in stages], x),
        used=over([s.energy.used for s in stages], x),
        surplus=over([s.energy.surplus for s in stages], x),
        grid=over([s.energy.grid for s in stages], x),
        lost=over([s.energy.lost for s in stages], x),
        stored=over([s.energy.stored for s in stages], x),
        renewable_worth=np.maximum(-over([s.energy.renewable_rows for s in stages], duals)[0], 0.0),
    )


def _hired(m: ModelData, signed: Floats, hired: Floats) -> dict[str, Floats]:
    """Units signed for and units paid for, those of running reservations among them."""
    running = hired if m.hire is None else hired + m.hire.active(signed)
    return {"hire_signed": signed, "hired": running}


def _signed(m: ModelData, stages: list[Stage], x: Floats) -> Floats | None:
    if m.contracts is None:
        return None
    return m.contracts.share(_values(x, stages[-1].signed))


def _values(x: Floats, columns: Indices) -> Floats:
    """Values of columns; one that does not exist is 0, and rounding below 1e-9 of zero is cut."""
    values = np.where(columns == ABSENT, 0.0, x[np.maximum(columns, 0)] if x.size else 0.0)
    return np.where(np.abs(values) < 1e-9, 0.0, values)


def _energy_through_the_grid(m: ModelData, stages: list[Stage], solution: Solution) -> Floats:
    """What one more MW of grid is worth as it carries more energy and is curtailed less [site, quarter]."""
    found = np.zeros((len(m.sites.names), m.times.count))
    if m.energy is None:
        return found
    for t, stage in enumerate(stages):
        carried = np.maximum(_values(solution.column_duals, stage.energy.grid), 0.0)
        found[:, t] += m.hours_per_quarter * carried
        firm = m.energy.curtailed * m.energy.firm[:, t] / m.sites.power_usage_effectiveness
        found[:, t] += np.maximum(-_values(solution.row_duals, stage.energy.curtailed_rows), 0.0) * firm
    return found


def shadow_prices(m: ModelData, stages: list[Stage], solution: Solution) -> ShadowPrices:
    """Return what the duals of a solution say that one more of each limit is worth."""
    quarters = m.times.count
    grid = np.zeros((len(m.sites.names), quarters))
    budget, renewal = np.zeros(quarters), np.zeros(quarters)
    duals = solution.row_duals
    for t, stage in enumerate(stages):
        grid[:, t] += _values(duals, stage.service.grid_rows)
        until = np.minimum(t + np.arange(stage.power.commitment_rows.shape[1]), quarters - 1)
        np.add.at(grid.T, until, _values(duals, stage.power.commitment_rows).T)
        ahead = np.minimum(t + np.arange(stage.money.budget_rows.size), quarters - 1)
        np.add.at(budget, ahead, _values(duals, stage.money.budget_rows))
        np.add.at(renewal, ahead, _values(duals, stage.money.renewal_rows))
    sold = np.stack([_values(solution.column_duals, stage.service.sold) for stage in stages], axis=-1)
    weight = m.workloads.demand / np.maximum(m.workloads.demand.sum(axis=1, keepdims=True), 1e-300)
    service = np.stack([_values(duals, stage.service.service_rows) for stage in stages], axis=-1)
    supply = np.stack([_values(duals, stage.orders.supply_rows) for stage in stages], axis=-1)
    obliged = np.array([role == "obligation" for role in m.workloads.roles])[:, None]
    return ShadowPrices(
        grid=np.maximum(grid, 0.0) / m.sites.power_usage_effectiveness[:, None]
        + _energy_through_the_grid(m, stages, solution),
        supply=np.maximum(supply, 0.0),  # below 0 it is the least that must be ordered that binds
        stock=np.stack([_values(duals, stage.orders.stock_rows) for stage in stages], axis=-1),
        budget=budget,
        renewal=renewal,
        demand=(np.maximum(sold, 0.0) * weight).sum(axis=1) / m.workloads.productivity,
        obligation=np.where(obliged, -service / m.workloads.productivity, 0.0),
    )
