"""Ways that solve whole programs in every scenario: perfect foresight, and a plan made anew each quarter."""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.model.data import ModelData
from capexpand.model.realised import realise
from capexpand.model.stage import Stage
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.policy_graph import Stages
from capexpand.optimiser.stages import program_from
from capexpand.optimiser.warm import WarmSolver
from capexpand.scenarios.lattice import Lattice
from capexpand.simulation.accounts import Bookkeeper, Books, read_done
from capexpand.simulation.fixed_plans import FixedPlan, FixedPlans


def foresee(stages: Stages, factors: Floats) -> Books:
    """Returns the books of those who know each scenario from the start: no policy does better in any.

    Args:
        stages: of the case.
        factors: [quarter, entry, scenario].
    """
    m, count = stages.data, factors.shape[2]
    entries = stages.entries
    keepers = [Bookkeeper(m, numbers) for numbers in stages.numbers]
    books, solver = Books.empty(m.times.count, count), WarmSolver()
    for scenario in range(count):
        program, chain = build_program(realise(m, entries, factors[:, :, scenario].T))
        columns = solver.solve(program)[None]
        for t, (keeper, stage) in enumerate(zip(keepers, chain, strict=True)):
            done = read_done(columns, stage)
            keeper.write(books, np.array([scenario]), done, factors[t][:, [scenario]])
    return books


def roll(stages: Stages, lattice: Lattice, plans: FixedPlans, factors: Floats, nodes: Indices) -> Books:
    """Returns the books of those who plan anew in every quarter of the window, for the means expected then.

    The means are those of the lattice from the node where the scenario stands, the quarter itself as it is.
    After the window the last plan is kept to.

    Args:
        stages: of the case.
        lattice: its nodes.
        plans: to follow what was decided.
        factors: [quarter, entry, scenario].
        nodes: [quarter, scenario].
    """
    last = max(stages.data.times.window[1], 1)
    expected = [expected_paths(lattice, t) for t in range(last)]
    solvers = [WarmSolver() for _ in range(last)]
    parts: list[Books] = []
    for scenario in range(factors.shape[2]):
        path, where = factors[:, :, [scenario]], nodes[:, scenario]
        parts.append(plans.follow(_replanned(stages, solvers, expected, path[:, :, 0], where), path))
    return Books.joined(parts)


def expected_paths(lattice: Lattice, quarter: int) -> Floats:
    """Returns the mean of every entry from a quarter on, for each node there [node, entry, quarter]."""
    nodes, entries = lattice.quarters[quarter].nodes, len(lattice.entries)
    result = np.ones((nodes, entries, len(lattice.quarters)))
    chance = np.eye(nodes)
    for t in range(quarter, len(lattice.quarters)):
        result[:, :, t] = chance @ lattice.quarters[t].factors.T
        if t + 1 < len(lattice.quarters):
            chance = chance @ lattice.quarters[t].transition
    return result


def _replanned(
    stages: Stages, solvers: list[WarmSolver], expected: list[Floats], path: Floats, nodes: Indices
) -> FixedPlan:
    """What one scenario's planner orders: each quarter from a plan of its own."""
    m, layout = stages.data, stages.layout
    state = layout.opening.copy()
    chosen: list[tuple[Floats, Stage]] = []
    for t, solver in enumerate(solvers):
        means = expected[t][nodes[t]].copy()
        means[:, t] = path[t]
        program, chain = program_from(realise(m, stages.entries, means), layout, t, state)
        columns = solver.solve(program)
        taken = chain if t == len(solvers) - 1 else chain[:1]
        chosen += [(columns, stage) for stage in taken]
        state = layout.state_after(columns, chain[0])
    return _kept_to(m, chosen)


def _kept_to(m: ModelData, chosen: list[tuple[Floats, Stage]]) -> FixedPlan:
    """The plan that was carried out, as a plan to be kept to."""

    def over(pick: str, part: str) -> Floats:
        blocks = [(x, getattr(getattr(stage, part), pick)) for x, stage in chosen]
        return np.stack([np.where(c == ABSENT, 0.0, x[np.maximum(c, 0)]) for x, c in blocks], axis=-1)

    return FixedPlan.of_amounts(
        m,
        power_ordered=over("ordered", "power"),
        power_returned=over("returned", "power"),
        ordered=over("ordered", "orders"),
        placed=over("placed", "fleet"),
        installed=over("installed", "fleet"),
    )
