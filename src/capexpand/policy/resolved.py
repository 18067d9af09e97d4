"""Ways that solve whole programs in every scenario: perfect foresight, and a plan made anew each quarter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.warm import WarmSolver
from capexpand.policy.accounts import Bookkeeper, Books, read_done
from capexpand.policy.chain_numbers import ChainNumbers
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import Stages
from capexpand.scenarios.lattice import Lattice


class WholePrograms:
    """The programs of whole futures, each solved from the basis of the same one.

    Where they all start from is the program of one future, the mean of many. Starting from another scenario
    takes more steps, unless that is a very similar one; and no answer depends on what was solved before.

    Args:
        stages: of the case.
        mean: [entry, quarter] the future from whose basis all start.
    """

    def __init__(self, stages: Stages, mean: Floats) -> None:
        self.chain = ChainNumbers.of(stages.data, stages.entries)
        self._start = WarmSolver(perturbed=False)
        self._start.solve(self.chain.at(mean))

    def solve(self, path: Floats) -> Floats:
        """Returns the columns of the optimum of one future.

        Args:
            path: [entry, quarter].
        """
        return self._start.copy().solve(self.chain.at(path))

    def solve_in_turn(self, paths: Iterable[Floats]) -> Floats:
        """Returns the columns of a plan that is made anew in each quarter, from the first on.

        Args:
            paths: for each of the first quarters the future [entry, quarter] that is expected in it; the plan
                made for the last of them is kept to.
        """
        chain, solver = self.chain, self._start.copy()
        done = np.zeros(chain.program.cost.size)
        columns = rows = 0
        for t, path in enumerate(paths):
            if t > 0:
                column, row = int(chain.first_columns[t]), int(chain.first_rows[t])
                solver = solver.without_first(columns=column - columns, rows=row - rows)
                columns, rows = column, row
            program = chain.at(path)
            rest = chain.rest(program, t, done) if t > 0 else program
            done[columns:] = np.clip(solver.solve(rest), rest.column_lower, rest.column_upper)
        return done


def foresee(stages: Stages, factors: Floats, programs: WholePrograms | None = None) -> Books:
    """Returns the books of those who know each scenario from the start: no policy does better in any.

    Args:
        factors: [quarter, entry, scenario].
        programs: of the case, where they are at hand.
    """
    m, count = stages.data, factors.shape[2]
    whole = programs or WholePrograms(stages, factors.mean(axis=2).T)
    columns = np.stack([whole.solve(factors[:, :, scenario].T) for scenario in range(count)])
    books = Books.of(m, count)
    for t, (numbers, stage) in enumerate(zip(stages.numbers, whole.chain.stages, strict=True)):
        Bookkeeper(m, numbers).write(books, np.arange(count), read_done(columns, stage), factors[t])
    return books


def roll(
    stages: Stages,
    lattice: Lattice,
    plans: FixedPlans,
    factors: Floats,
    nodes: Indices,
    *,
    programs: WholePrograms | None = None,
) -> Books:
    """Returns the books of those who plan anew in every quarter of the window, for the means expected then.

    The means are those of the lattice from the node where the scenario stands, the quarter itself as it is.
    After the window the last plan is kept to.

    Args:
        plans: to follow what was decided.
        factors: [quarter, entry, scenario].
        nodes: [quarter, scenario].
        programs: of the case, where they are at hand.
    """
    last = max(stages.data.times.window[1], 1)
    whole = programs or WholePrograms(stages, factors.mean(axis=2).T)
    expected = [expected_paths(lattice, t) for t in range(last)]
    parts: list[Books] = []
    for scenario in range(factors.shape[2]):
        path = factors[:, :, [scenario]]
        paths: list[Floats] = []
        for t in range(last):
            paths.append(expected[t][nodes[t, scenario]].copy())
            paths[t][:, t] = path[t, :, 0]
        plan = _kept_to(stages.data, whole.solve_in_turn(paths), whole.chain.stages)
        parts.append(plans.follow(plan, path))
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


def _kept_to(m: ModelData, columns: Floats, stages: Sequence[Stage]) -> FixedPlan:
    """The plan that was carried out, as a plan to be kept to."""

    def values(block: Indices) -> Floats:
        return np.where(block == ABSENT, 0.0, columns[np.maximum(block, 0)])

    def over(pick: str, part: str) -> Floats:
        return np.stack([values(getattr(getattr(stage, part), pick)) for stage in stages], axis=-1)

    return FixedPlan.of_amounts(
        m,
        power_ordered=over("ordered", "power"),
        power_returned=over("returned", "power"),
        ordered=over("ordered", "orders"),
        placed=over("placed", "fleet"),
        installed=over("installed", "fleet"),
        returned=over("returned", "fleet"),
        hire_signed=over("signed", "hire"),
        energy_signed=over("signed", "energy"),
        signed=values(stages[-1].signed),
    )
