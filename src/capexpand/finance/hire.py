"""The money of hired capacity: what it costs by quarter and by workload, and its rules written anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan


def hire_cost_by_option(plan: Plan) -> Floats:
    """Return the fees of hired capacity [hire option, quarter].

    What is hired without a commitment costs the fee of the quarter; a reservation the fee of the quarter in
    which it was signed, in every quarter of its term.
    """
    options = plan.data.hire
    if options is None:
        return np.zeros((0, plan.data.times.count))
    loose = np.where(options.reserved[:, None], 0.0, plan.hired * options.fee)
    return loose + options.reserved_cost(plan.hire_signed)


def hire_by_workload(plan: Plan) -> tuple[Floats, Floats]:
    """Return what hire costs by workload [workload, quarter], and what is paid for and not used [quarter]."""
    cost = hire_cost_by_option(plan)
    paid = plan.hired[:, None]
    share = np.divide(plan.hire_serving, paid, out=np.zeros_like(plan.hire_serving), where=paid > 0.0)
    by_workload = (share * cost[:, None]).sum(axis=0)
    return by_workload, cost.sum(axis=0) - by_workload.sum(axis=0)


def hired_hours(plan: Plan) -> Floats:
    """Return the accelerator-hours of hired units that serve each workload [workload, quarter]."""
    options = plan.data.hire
    each = np.zeros(0) if options is None else options.accelerators * plan.data.hours_per_quarter
    return np.einsum("hjt,h->jt", plan.hire_serving, each)


def hire_rules(plan: Plan, above: Callable[[Floats, Floats], float]) -> dict[str, float]:
    """Return how far a plan breaks the rules of hired capacity; nothing where none can be hired.

    Args:
        plan: what is done in each quarter.
        above: by how much values are above limits at most, relative.
    """
    options, count = plan.data.hire, plan.data.times.count
    if options is None:
        return {}
    running = np.zeros_like(plan.hired)
    for t in range(count):
        for age in range(t + 1):
            begun = options.lead_quarters <= age
            running[:, t] += plan.hire_signed[:, t - age] * (
                begun & (age < options.lead_quarters + options.term_quarters)
            )
    reserved = options.reserved[:, None]
    late = np.arange(count) + options.lead_quarters[:, None] >= count
    may = options.service > 0
    return {
        "reservations within their limit": above(
            plan.hire_signed, np.where(reserved & ~late, options.limit, 0.0)
        ),
        "reservations of before are kept": above(options.least, plan.hire_signed),
        "hired units within their limit": above(plan.hired, np.where(reserved, running, options.limit)),
        "hired units serving within what is hired": above(plan.hire_serving.sum(axis=1), plan.hired),
        "hired units serving where they may": above(
            np.where(may[:, :, None], 0.0, plan.hire_serving), np.zeros_like(plan.hire_serving)
        ),
        "nothing hired is negative": above(
            -np.concatenate((plan.hire_signed, plan.hired)), np.zeros((2 * len(running), count))
        ),
    }
