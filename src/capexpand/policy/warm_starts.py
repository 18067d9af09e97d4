"""Good plans of single futures, along whose states a training makes its first cuts.

A cut is valid wherever it is made, and worth most near the states that a good policy meets. The first of the
plans is the one for the mean path; the others know one path of the lattice each. Without them the first fifty
iterations or so would go by far from any sensible state.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.model.blocks import Floats
from capexpand.model.data import ModelData
from capexpand.model.realised import realise
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.warm import WarmSolver
from capexpand.policy.graph import Stages, first_nodes
from capexpand.scenarios.lattice import Lattice
from capexpand.sddp.stream import Step


def warm_start_trajectories(
    stages: Stages, lattice: Lattice, count: int, *, seed: int
) -> tuple[tuple[Step, ...], ...]:
    """Returns the paths of states of good plans.

    Args:
        lattice: whose paths they know.
    """
    if count < 1:
        return ()
    solver = WarmSolver()
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(11,)))
    paths = [mean_path(lattice)] + [_drawn(lattice, generator) for _ in range(count - 1)]
    return tuple(_guide(stages, lattice, solver, path) for path in paths)


def whole_contract_trajectories(
    m: ModelData, stages: Stages, lattice: Lattice
) -> tuple[tuple[Step, ...], ...]:
    """Returns the paths of states of good plans that sign each contract on offer in full, and not at all.

    A policy in parts may never come near either, so cuts there come from nowhere else.

    Args:
        m: the compiled case.
        stages: the same taken apart.
        lattice: whose mean path they know.
    """
    if not m.whole_sizes or m.contracts is None:
        return ()
    solver, path = WarmSolver(), mean_path(lattice)
    return tuple(
        _guide(stages, lattice, solver, path, signed=(int(c), part))
        for c in np.flatnonzero(m.contracts.offered)
        for part in (1.0, 0.0)
    )


def mean_path(lattice: Lattice) -> Floats:
    """Returns the mean of every entry over the nodes [entry, quarter]."""
    return np.stack([quarter.factors @ quarter.probability for quarter in lattice.quarters], axis=1)


def _drawn(lattice: Lattice, generator: np.random.Generator) -> Floats:
    """The factors along one path of the lattice [entry, quarter]."""
    node = 0
    found: list[Floats] = []
    for quarter in lattice.quarters:
        found.append(quarter.factors[:, node])
        if quarter.transition.shape[1]:
            node = int(generator.choice(quarter.transition.shape[1], p=quarter.transition[node]))
    return np.stack(found, axis=1)


def _guide(
    stages: Stages,
    lattice: Lattice,
    solver: WarmSolver,
    path: Floats,
    *,
    signed: tuple[int, float] | None = None,
) -> tuple[Step, ...]:
    """The states of the plan for a path.

    Args:
        signed: a contract and the part of it that must be signed; whichever is best if absent.
    """
    program, chain = build_program(realise(stages.data, stages.entries, path))
    if signed is not None:
        column = chain[-1].signed[signed[0]]
        lower, upper = program.column_lower.copy(), program.column_upper.copy()
        lower[column] = upper[column] = signed[1]
        program = replace(program, column_lower=lower, column_upper=upper)
    columns = solver.solve(program)
    cost = -float(program.cost @ columns + program.offset)
    starts = first_nodes(lattice)
    return tuple(
        Step(int(starts[t]), 0, stages.layout.state_after(columns, stage), cost if t == 0 else 0.0)
        for t, stage in enumerate(chain)
    )
