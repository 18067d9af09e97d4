"""The deterministic program: the stages of all quarters in a chain, over the mean path."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.model.blocks import ABSENT, Blocks, LinearProgram
from capexpand.model.data import ModelData
from capexpand.model.debt import add_financing
from capexpand.model.leaseback import add_leasebacks
from capexpand.model.opening_columns import opening_columns
from capexpand.model.quarter import add_quarter
from capexpand.model.stage import Stage
from capexpand.optimiser.aims import aimed, solve_aimed
from capexpand.optimiser.highs import PricedLimits, solve
from capexpand.optimiser.naive import Commitments
from capexpand.optimiser.plan import Plan, read_plan


def build_program(m: ModelData) -> tuple[LinearProgram, list[Stage]]:
    """Returns the program of all quarters, with the columns and rows of each stage."""
    lp = Blocks()
    state = opening_columns(lp, m)
    stages: list[Stage] = []
    for t in range(m.times.count):
        stages.append(add_quarter(lp, m, t, state))
        state = stages[-1].state
    lp.offset = base_value(m)
    leasebacks = add_leasebacks(lp, m, stages)
    if leasebacks is not None:
        stages[-1] = replace(stages[-1], leasebacks=leasebacks)
    financing = add_financing(lp, m, stages)
    if financing is not None:
        stages[-1] = replace(stages[-1], financing=financing)
        lp.offset += financing.offset
    return aimed(m, lp.build(), stages)


def base_value(m: ModelData) -> float:
    """Returns the present value after tax of what does not depend on any decision [money].

    That is the revenue and cost of business outside the case, payments already due, and the tax saved by
    writing off what stands.
    """
    o = m.opening
    cash = (
        (1.0 - m.taxes.rate) * (o.other_revenue - o.other_cost)
        + m.taxes.rate * o.depreciation
        - o.payments_due
    )
    return float(np.sum(m.times.discount * cash))


def optimise_plan(
    m: ModelData,
    commitments: Commitments | None = None,
    *,
    relative_gap: float = 1e-4,
    time_limit_seconds: float = 600.0,
    duals: bool = True,
    start: Plan | None = None,
) -> Plan:
    """Returns the best plan over the mean path: the most valuable, or that of the case's own aim.

    Args:
        commitments: orders that are given; all are chosen if absent.
        relative_gap: gap [fraction] at which a program with whole sizes counts as solved.
        time_limit_seconds: when to stop [s].
        duals: whether the duals of limits are asked for on the side of more; that takes another solve.
        start: a plan that differs little, as one for another budget or horizon, to begin the search from.

    Raises:
        InfeasibleError: no plan satisfies the case.
        SolverError: the solver failed or its answer did not pass the checks.
    """
    program, stages = build_program(m)
    if commitments is not None:
        program = committed_program(program, stages, commitments)
    limits, basis = limits_of(stages) if duals else None, None if start is None else start.basis
    settings = {"relative_gap": relative_gap, "time_limit_seconds": time_limit_seconds}
    if m.aim is None:
        solution = solve(program, limits=limits, start=basis, **settings)
    else:
        solution = solve_aimed(m, program, stages, limits=limits, start=basis, **settings)
    return read_plan(m, stages, solution)


def limits_of(stages: list[Stage]) -> PricedLimits:
    """Return the limits that a user can widen, whose worth a plan reports."""
    rows = [
        block.ravel()
        for stage in stages
        for block in (
            stage.service.grid_rows,
            stage.power.commitment_rows,
            stage.orders.supply_rows,
            stage.money.budget_rows,
            stage.money.renewal_rows,
        )
    ]
    columns = [block.ravel() for stage in stages for block in (stage.service.sold, stage.energy.grid)]
    financing = stages[-1].financing
    if financing is not None:
        rows += [financing.minimum_cash_rows, financing.equity_rows, *financing.covenant_rows.values()]
        columns += [financing.signed, financing.raised]
    return PricedLimits(
        *(there[there != ABSENT] for there in (np.concatenate(rows), np.concatenate(columns)))
    )


def committed_program(program: LinearProgram, stages: list[Stage], commitments: Commitments) -> LinearProgram:
    """Returns a program with the columns of given orders fixed.

    Args:
        commitments: the orders.
    """
    lower, upper = program.column_lower.copy(), program.column_upper.copy()
    for t, stage in enumerate(stages):
        given = (
            (stage.power.ordered, commitments.power_ordered_mw[:, t]),
            (stage.orders.ordered, commitments.ordered[:, :, t]),
        )
        for columns, amounts in given:
            fixed = (columns != ABSENT) & np.isfinite(amounts)
            lower[columns[fixed]] = upper[columns[fixed]] = amounts[fixed]
    return replace(program, column_lower=lower, column_upper=upper)
