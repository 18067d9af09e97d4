"""Objectives of a plan: its value, least cost, power, energy or spending, most served.

Each is a weighted sum of the program's columns. The peak of power is a column of its own that no quarter's
power may exceed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from capexpand.case.reading import suggest
from capexpand.errors import CaseError, Problem
from capexpand.model.blocks import ABSENT, Block, Floats, Indices, LinearProgram
from capexpand.model.contracts import Contracts
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.forms import Form

Name = Literal["npv", "cost", "power", "energy", "spending", "served"]


@dataclass(frozen=True, slots=True)
class Objective:
    """One thing that a plan may be made for.

    Args:
        name: as a user writes it.
        title: for readers.
        unit: of its amounts: money [million], MW, GWh or a fraction.
        most: whether more is better.
    """

    name: str
    title: str
    unit: Literal["money", "MW", "GWh", "fraction"]
    most: bool

    @property
    def sign(self) -> float:
        """By which the amount is multiplied so that more is better."""
        return 1.0 if self.most else -1.0


OBJECTIVES = (
    Objective("npv", "value after tax, more than without the programme", "money", most=True),
    Objective("cost", "cost after tax, end values taken off", "money", most=False),
    Objective("power", "peak of IT power that stands", "MW", most=False),
    Objective("energy", "energy drawn over the horizon", "GWh", most=False),
    Objective("spending", "paid for orders in the window", "money", most=False),
    Objective("served", "share of the demand served, by its price", "fraction", most=True),
)


def objective_named(name: str) -> Objective:
    """Return the objective of a name.

    Raises:
        CaseError: there is none; the message names those there are.
    """
    for one in OBJECTIVES:
        if one.name == name:
            return one
    names = [one.name for one in OBJECTIVES]
    hint = suggest(name, names) or f"; there are {', '.join(names)}"
    raise CaseError([Problem(f"--objectives: there is no objective '{name}'{hint}")])


def with_peak(program: LinearProgram, stages: Sequence[Stage]) -> tuple[LinearProgram, int]:
    """Return a program with a column for the peak of IT power, and the position of that column."""
    peak, rows = program.cost.size, program.row_lower.size
    start, index, value = [program.start], [program.index], [program.value]
    for stage in stages:
        here = np.sort(stage.power.energised[stage.power.energised != ABSENT])
        index += [here, np.array([peak])]
        value += [np.ones(here.size), np.array([-1.0])]
        start.append(np.array([int(start[-1][-1]) + here.size + 1]))
    count = len(stages)
    name = "peak of power"
    extended = replace(
        program,
        cost=np.append(program.cost, 0.0),
        column_lower=np.append(program.column_lower, 0.0),
        column_upper=np.append(program.column_upper, np.inf),
        integer=np.append(program.integer, False),
        row_lower=np.concatenate((program.row_lower, np.full(count, -np.inf))),
        row_upper=np.concatenate((program.row_upper, np.zeros(count))),
        start=np.concatenate(start).astype(np.int64),
        index=np.concatenate(index).astype(np.int64),
        value=np.concatenate(value),
        column_blocks=(*program.column_blocks, Block(name, peak, ((name,),), np.zeros(1, np.int64))),
        row_blocks=(
            *program.row_blocks,
            Block(name, rows, (tuple(str(t) for t in range(count)),), np.arange(count)),
        ),
    )
    return extended, peak


def form_of_objective(
    one: Objective, m: ModelData, program: LinearProgram, stages: Sequence[Stage], *, peak: int, base: float
) -> Form:
    """Return an objective as a weighted sum of columns.

    Args:
        program: of all quarters, with the peak of power.
        peak: position of the column of the peak.
        base: objective without the programme [million].
    """
    if one.name == "npv":
        there = np.flatnonzero(program.cost)
        return Form(there, program.cost[there], program.offset - base)
    if one.name == "cost":
        cost = program.cost.copy()
        sold = np.concatenate([stage.service.sold.ravel() for stage in stages])
        cost[sold[sold != ABSENT]] = 0.0
        there = np.flatnonzero(cost)
        form = Form(there, -cost[there])
        return form if m.contracts is None else _with_damages(form, m, m.contracts, stages)
    if one.name == "power":
        return Form(np.array([peak]), np.ones(1))
    parts: list[tuple[Indices, Floats]] = []
    if one.name == "spending":
        first, last = m.times.window
        inside = stages[max(first, 0) : min(last, m.times.count)]
        parts = [(stage.money.paid, np.ones(1)) for stage in inside]
    elif one.name == "energy":
        drawn = m.offers.power_kw * m.offers.draw_fraction / 1e6  # GW a unit
        for stage in stages:
            factor = m.hours_per_quarter * m.sites.power_usage_effectiveness[:, None] * drawn[None, :]
            parts.append((stage.service.running, factor))
    else:
        worth = m.workloads.demand * m.workloads.price
        total = float(worth[[role != "obligation" for role in m.workloads.roles]].sum())
        for t, stage in enumerate(stages):
            weights = m.workloads.price[:, :, t] * m.workloads.productivity[:, [t]] / max(total, 1e-300)
            parts.append((stage.service.sold, weights))
    columns = np.concatenate([part[0].ravel() for part in parts] or [np.zeros(0, np.int64)])
    weights = np.concatenate(
        [np.broadcast_to(part[1], part[0].shape).ravel() for part in parts] or [np.zeros(0)]
    )
    kept = (columns != ABSENT) & (weights != 0.0)
    return Form(columns[kept], weights[kept].astype(np.float64))


def _with_damages(form: Form, m: ModelData, contracts: Contracts, stages: Sequence[Stage]) -> Form:
    """A cost with the damages of signed contracts: all of them, less those of what is delivered."""
    kept = m.times.discount * (1.0 - m.taxes.rate)
    signed = np.where(contracts.offered, 0.0, 1.0)
    constant = float((signed[:, None] * kept * contracts.damages * contracts.volume).sum())
    columns = np.stack([stage.service.sold[contracts.workload, 0] for stage in stages], axis=-1)
    weights = -kept * contracts.damages * m.workloads.productivity[contracts.workload]
    there = (columns != ABSENT) & (weights != 0.0)
    return Form(
        np.concatenate((form.columns, columns[there])),
        np.concatenate((form.weights, weights[there])),
        form.constant + constant,
    )
