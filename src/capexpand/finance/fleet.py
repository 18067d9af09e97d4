"""The installed fleet and its use: power, units, accelerators, volumes served."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats, Integers
from capexpand.optimiser.plan import Plan

HOURS_PER_DAY = 24.0
TOKENS_PER_VOLUME = 1e12  # the canonical volume of a workload that serves tokens


@dataclass(frozen=True, slots=True)
class Fleet:
    """The fleet at each quarter's end and the volumes that it serves; a share of nothing is NaN."""

    installed: Floats  # [offer, quarter] units, owned and leased
    running: Floats  # [offer, quarter] units
    utilisation: Floats  # [offer, quarter] running over installed units
    accelerators: Floats  # [offer, quarter] installed
    compute_pflops: Floats  # [offer, quarter] installed, dense FP8 or INT8, 1e15 operations a second
    served: Floats  # [workload, quarter] volume sold, and served of what is owed
    capacity: Floats  # [workload, quarter] volume that the units given to a workload could serve
    served_fraction: Floats  # [workload, quarter] served volume over capacity
    tokens_per_day: Floats  # [workload, quarter] tokens; zero for workloads of another unit
    power_energised_mw: Floats  # [site, quarter] IT power
    power_used_mw: Floats  # [site, quarter] IT power reserved by running units
    grid_used_mw: Floats  # [site, quarter] the same at the grid connection
    grid_mw: Floats  # [site, quarter] what the grid connection can give


def fleet(plan: Plan) -> Fleet:
    """Returns what stands and how well it is used.

    Args:
        plan: what is done in each quarter.
    """
    m = plan.data
    products = len(m.offers.products)
    installed = by_position(plan.installed.sum(axis=0), m.offers.product, products)
    running = by_position(plan.running.sum(axis=0), m.offers.product, products)
    served, capacity = served_volume(plan), served_capacity(plan)
    days = m.hours_per_quarter / HOURS_PER_DAY
    tokens = np.array([unit == "token" for unit in m.workloads.units])[:, None]
    energised = by_position(plan.power_mw, m.power.site, len(m.sites.names))
    used = np.einsum("skt,k->st", plan.running, m.offers.power_kw / 1000.0)
    return Fleet(
        installed=installed,
        running=running,
        utilisation=ratio(running, installed),
        accelerators=installed * m.offers.accelerators[:, None],
        compute_pflops=installed * m.offers.compute_pflops[:, None],
        served=served,
        capacity=capacity,
        served_fraction=ratio(served, capacity),
        tokens_per_day=np.where(tokens, served * TOKENS_PER_VOLUME / days, 0.0),
        power_energised_mw=energised,
        power_used_mw=used,
        grid_used_mw=used * m.sites.power_usage_effectiveness[:, None],
        grid_mw=m.sites.grid_mw,
    )


def served_volume(plan: Plan) -> Floats:
    """Returns the volume sold, and of what is owed the volume served [workload, quarter].

    Args:
        plan: what is done in each quarter.
    """
    w = plan.data.workloads
    obliged = np.array([role == "obligation" for role in w.roles])[:, None]
    owed = np.where(obliged, w.demand.sum(axis=1), 0.0)
    return plan.sold.sum(axis=1) + np.maximum(owed - plan.unmet, 0.0)


def served_capacity(plan: Plan) -> Floats:
    """Returns the volume that the units given to each workload could serve [workload, quarter].

    Args:
        plan: what is done in each quarter.
    """
    w = plan.data.workloads
    own = np.einsum("gkjt,kj->jt", plan.serving, w.service)
    hire = plan.data.hire
    hired = 0.0 if hire is None else np.einsum("hjt,hj->jt", plan.hire_serving, hire.service)
    return (own + hired) * w.productivity


def by_position(values: Floats, position: Integers, count: int) -> Floats:
    """Returns sums of rows that share a position, such as the options of an offer or of a site.

    Args:
        values: [row, ...].
        position: [row] where each row belongs.
        count: number of positions.
    """
    result = np.zeros((count, *values.shape[1:]))
    np.add.at(result, position, values)
    return result


def ratio(part: Floats, whole: Floats) -> Floats:
    """Returns part over whole, NaN where the whole is zero; the arrays broadcast against each other.

    Args:
        part: numerator.
        whole: denominator.
    """
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0.0)
