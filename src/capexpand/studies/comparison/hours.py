"""The revenue that an accelerator-hour must earn, in closed form.

With γ_t the discount factor, τ the tax rate, h_t the hours that accelerators run because of the programme and
V₀ the programme's net present value without anything that accelerators earn, an hour that brings p after
ordinary costs makes it worth

    V(p) = V₀ + (1 − τ) p Σ_t γ_t h_t,        so   p* = − V₀ / ((1 − τ) Σ_t γ_t h_t).

V₀ = V − (1 − τ) Σ_t γ_t (μ p z)_t over external workloads that accelerators serve, + (1 − τ) Σ_t γ_t of the
transfer value of internal workloads that they do not serve: general servers must pay for themselves.
"""

from __future__ import annotations

import numpy as np

from capexpand.catalogue import fact
from capexpand.finance.programme import ProgrammeResult
from capexpand.finance.unit_costs import unit_costs
from capexpand.model.data import Flags, Floats, ModelData
from capexpand.optimiser.plan import Plan
from capexpand.studies.comparison.measures import HourlyValues

H100 = "H100 SXM5 80GB"
HOURS_PER_MILLION = 1e6


def h100_pflops() -> float:
    """Return what one H100 does, dense in FP8 [1e15 operations/s]."""
    return float(fact("accelerators", H100, field="dense_fp8_tflops").value) / 1000.0


def hourly_values(result: ProgrammeResult, npv: float) -> HourlyValues:
    """Work out what an hour must bring and what it brings at the case's own prices.

    Args:
        npv: its net present value in cash, after tax [million].
    """
    m = result.plan.data
    kept, accelerated = 1.0 - m.taxes.rate, served_by_accelerators(m)
    ours = result.programme
    value = ours.revenue_by_workload + ours.transfer_by_workload
    margin = value - ours.ordinary_costs_by_workload
    internal = np.array([role == "internal" for role in m.workloads.roles])
    worth = kept * (margin @ m.times.discount)
    without = npv - worth[accelerated & ~internal].sum() + worth[internal & ~accelerated].sum()
    hours = unit_costs(result.plan).accelerator_hours.sum(axis=0)
    hours = hours - unit_costs(result.base_plan).accelerator_hours.sum(axis=0)
    alike = compute_hours(result.plan) - compute_hours(result.base_plan)
    earned = float(worth[accelerated].sum())
    plain, weighted = (kept * float(m.times.discount @ part) for part in (hours, alike))
    return HourlyValues(
        needed=_over(-without, plain),
        earned=_over(earned, plain),
        needed_per_h100=_over(-without, weighted),
        earned_per_h100=_over(earned, weighted),
    )


def _over(worth: float, hours: float) -> float | None:
    return float(worth) / hours if hours > 0.0 else None


def served_by_accelerators(m: ModelData) -> Flags:
    """Return which workloads an offer with accelerators can serve [workload]."""
    with_accelerators = m.offers.accelerators[m.offers.product] > 0.0
    return np.any(m.workloads.service[with_accelerators] > 0.0, axis=0)


def compute_hours(plan: Plan) -> Floats:
    """Return the hours that accelerators run, in hours of an H100 by dense FP8 operations [quarter, million].

    Args:
        plan: what is done in each quarter.
    """
    m = plan.data
    each = m.offers.compute_pflops[m.offers.product] / h100_pflops()
    each = np.where(m.offers.accelerators[m.offers.product] > 0.0, each, 0.0)
    running: Floats = np.einsum("gkjt,k->t", plan.serving, each)
    return running * m.hours_per_quarter / HOURS_PER_MILLION
