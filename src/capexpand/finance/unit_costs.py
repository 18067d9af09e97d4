"""Unit costs of workloads: every cost of the fleet allocated to the volume served, idle capacity apart.

How costs are shared:

* *units* (maintenance or lease, exit costs, depreciation) are shared by number: of what an offer option costs
  at a site, running units over installed units is the running part;
* *power* (depreciation and maintenance of halls, colocation fees) is shared by reserved IT power: of what the
  power of a site costs, reserved by running units over energised is the running part;
* *energy* belongs to the units that run;
* the running part goes to workloads by the units that serve each. Sites of one group are interchangeable to a
  workload, so every site of a group has the group's mix;
* *hire* is shared by the hired units that serve each workload; what is reserved and unused is idle cost;
* the rest is idle cost;
* depreciation of what stood at the start is laid on the units installed then, by reserved power; where none
  were, it belongs to other business, as other revenue and other cost do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.churn import churn_cost
from capexpand.finance.contracts import contract_prices
from capexpand.finance.energy import energy_adjustment, plant_purchases
from capexpand.finance.fleet import by_position, ratio, served_volume
from capexpand.finance.hire import hire_by_workload, hired_hours
from capexpand.finance.schedule import (
    delivered,
    depreciation,
    hall_purchases,
    unit_purchases,
)
from capexpand.model.data import Floats, ModelData
from capexpand.optimiser.plan import Plan

HOURS_PER_VOLUME = 1e6  # accelerator-hours are counted in millions, as money is


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """Costs and volumes of workloads [workload, quarter], money in millions of the case's currency.

    Volumes are in canonical units (trillion tokens, million accelerator-hours, ...), so money per volume
    reads as currency per million tokens, per accelerator-hour, per vCPU-hour or per PFLOP.
    """

    ordinary_costs: Floats
    energy: Floats
    units: Floats  # maintenance, leases and exit costs of units and hire, without depreciation
    power: Floats  # maintenance, fees and exit costs of power, without depreciation
    depreciation: Floats  # of units, halls and what stood at the start
    idle: Floats  # [quarter] cost of what stands idle
    other_business: Floats  # [quarter] depreciation of what stood at the start and serves no workload
    volume: Floats  # served volume
    accelerator_hours: Floats  # million hours of accelerators that run for the workload
    value: Floats  # revenue, or transfer value of an internal workload

    @property
    def cost(self) -> Floats:
        """Full cost of each workload without idle cost [workload, quarter]."""
        return self.ordinary_costs + self.energy + self.units + self.power + self.depreciation

    @property
    def cost_per_volume(self) -> Floats:
        """Full cost per volume [workload, quarter]: currency per million tokens for tokens."""
        return ratio(self.cost, self.volume)

    @property
    def cost_per_accelerator_hour(self) -> Floats:
        """Full cost per accelerator-hour [workload, quarter] in currency."""
        return ratio(self.cost, self.accelerator_hours)

    @property
    def value_per_accelerator_hour(self) -> Floats:
        """Implied revenue, or transfer value, per accelerator-hour [workload, quarter] in currency."""
        return ratio(self.value, self.accelerator_hours)

    def averages(self) -> UnitCostAverages:
        """Returns the ratios over the whole horizon."""
        cost, volume = self.cost.sum(axis=1), self.volume.sum(axis=1)
        hours, value = self.accelerator_hours.sum(axis=1), self.value.sum(axis=1)
        total = float(cost.sum() + self.idle.sum())
        return UnitCostAverages(
            cost_per_volume=ratio(cost, volume),
            cost_per_accelerator_hour=ratio(cost, hours),
            value_per_accelerator_hour=ratio(value, hours),
            idle_fraction=float(self.idle.sum()) / total if total > 0.0 else 0.0,
        )


@dataclass(frozen=True, slots=True)
class UnitCostAverages:
    """Ratios over the whole horizon [workload]; NaN where there is no volume or no accelerator."""

    cost_per_volume: Floats  # currency per million tokens, per accelerator-hour, per vCPU-hour or per PFLOP
    cost_per_accelerator_hour: Floats  # currency
    value_per_accelerator_hour: Floats  # currency
    idle_fraction: float  # share of all costs that is idle cost


def unit_costs(plan: Plan) -> UnitCosts:
    """Returns what each workload costs.

    Args:
        plan: what is done in each quarter.
    """
    m, mix = plan.data, _Mix.of(plan)
    value = (contract_prices(m) * plan.sold).sum(axis=1)
    obliged = np.array([role == "obligation" for role in m.workloads.roles])[:, None]
    value = np.where(obliged, 0.0, value)
    power, hall_depreciation = _power_costs(m, plan)
    unit_depreciation, idle_depreciation = _unit_depreciation(m, plan)
    opening, other_business = _opening_depreciation(m)
    energy = _energy(m, plan)
    billed = energy.sum(axis=(0, 1))
    energy = energy * (1.0 + np.nan_to_num(ratio(energy_adjustment(plan), billed)))
    units = plan.installed * m.offers.running_cost + plan.returned * m.offers.exit_cost
    shared = {
        "energy": mix.to_workloads(energy),
        "units": mix.to_workloads(units * mix.running),
        "power": mix.to_workloads(power[:, None] * mix.power),
        "depreciation": mix.to_workloads(
            (unit_depreciation + opening) * mix.running + hall_depreciation[:, None] * mix.power
        ),
    }
    hired, unused = hire_by_workload(plan)
    shared["units"] = shared["units"] + hired
    pools = (energy + units + unit_depreciation + opening).sum(axis=(0, 1))
    pools += hired.sum(axis=0) + unused + churn_cost(plan)
    pools += (power + hall_depreciation).sum(axis=0) + idle_depreciation
    hours = m.offers.accelerators[m.offers.product] * m.hours_per_quarter / HOURS_PER_VOLUME
    return UnitCosts(
        ordinary_costs=value * (1.0 - m.workloads.margin_fraction),
        **shared,
        idle=pools - sum(part.sum(axis=0) for part in shared.values()),
        other_business=other_business,
        volume=served_volume(plan),
        accelerator_hours=np.einsum("gkjt,k->jt", plan.serving, hours) + hired_hours(plan) / HOURS_PER_VOLUME,
        value=value,
    )


@dataclass(frozen=True, slots=True)
class _Mix:
    """How much of what stands runs, and for what."""

    running: Floats  # [site, offer option, quarter] running over installed units
    power: Floats  # [site, offer option, quarter] power reserved by running units over energised power
    workload: Floats  # [site group, offer option, workload, quarter] serving over running units
    group: np.ndarray  # [site]

    @classmethod
    def of(cls, plan: Plan) -> _Mix:
        m = plan.data
        energised = by_position(plan.power_mw, m.power.site, len(m.sites.names))
        reserved = plan.running * (m.offers.power_kw / 1000.0)[:, None]
        group_running = by_position(plan.running, m.sites.group, m.workloads.served_by.shape[0])
        return cls(
            running=np.nan_to_num(ratio(plan.running, plan.installed)),
            power=np.nan_to_num(ratio(reserved, energised[:, None])),
            workload=np.nan_to_num(ratio(plan.serving, group_running[:, :, None])),
            group=m.sites.group,
        )

    def to_workloads(self, costs: Floats) -> Floats:
        """Costs of running units [site, offer option, quarter] shared out [workload, quarter]."""
        by_group = by_position(costs, self.group, self.workload.shape[0])
        return np.einsum("gkt,gkjt->jt", by_group, self.workload)


def _energy(m: ModelData, plan: Plan) -> Floats:
    """[site, offer option, quarter] money."""
    drawn_mw = plan.running * (m.offers.power_kw / 1000.0 * m.offers.draw_fraction)[:, None]
    price = m.hours_per_quarter * m.sites.power_usage_effectiveness[:, None] * m.sites.energy_price
    return drawn_mw * price[:, None]


def _power_costs(m: ModelData, plan: Plan) -> tuple[Floats, Floats]:
    """Running costs and depreciation of the power of each site [site, quarter]."""
    running = plan.power_mw * m.power.running_cost + plan.power_returned_mw * m.power.exit_cost
    cost = (1.0 + m.taxes.lost) * hall_purchases(m, plan.power_ordered_mw).deliveries
    written_off = depreciation(cost, m.taxes.building_life_quarters)
    sites = len(m.sites.names)
    by_site = by_position(written_off, m.power.site, sites)
    if m.energy is not None and plan.energy is not None:
        plants = (1.0 + m.taxes.lost) * plant_purchases(m, plan.energy.signed).deliveries
        for p, s in enumerate(m.energy.site):
            by_site[s] += depreciation(plants[p], int(m.energy.term_quarters[p]))
    return by_position(running, m.power.site, sites), by_site


def _unit_depreciation(m: ModelData, plan: Plan) -> tuple[Floats, Floats]:
    """Depreciation of units by site [site, offer option, quarter], and of those that stand nowhere [quarter].

    An order names a destination; its depreciation is laid on the sites there by the units that came to them.
    """
    cost = (1.0 + m.taxes.lost) * unit_purchases(m, plan.ordered, m.offers.price).deliveries
    arrived = delivered(plan.ordered, m.offers.lead_quarters[:, None])
    placed = by_position(plan.placed, m.sites.destination, len(m.destinations))
    share = np.nan_to_num(ratio(plan.placed, placed[m.sites.destination]))
    by_site = share * cost.transpose(1, 0, 2)[m.sites.destination]
    standing = depreciation(by_site, m.taxes.server_life_quarters)
    everything = depreciation(np.where(arrived > 0, cost, 0.0), m.taxes.server_life_quarters)
    return standing, everything.sum(axis=(0, 1)) - standing.sum(axis=(0, 1))


def _opening_depreciation(m: ModelData) -> tuple[Floats, Floats]:
    """Depreciation of what stood at the start [site, offer option, quarter], and what serves no workload."""
    weight = m.opening.installed * m.offers.power_kw
    total = float(weight.sum())
    if total == 0.0:
        return np.zeros((*weight.shape, m.times.count)), m.opening.depreciation
    return (weight / total)[:, :, None] * m.opening.depreciation, np.zeros(m.times.count)
