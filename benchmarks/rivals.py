"""Would something else than the policy or planning anew do better? Trials on one case, in the same futures.

Run ``python benchmarks/rivals.py [CASE]``. A *fan* is a program whose first quarter is the
real one. Behind it stand some futures, drawn from the processes as they stand in this scenario and moved to
their mean, each decided as if it were known; they end after some quarters in the policy's cuts, or at the
horizon. One future that is the mean and goes to the horizon is planning anew; none at all is the policy. Each
is followed through the same fresh scenarios, and each gain is paired. Then bounds on what any policy can be
worth: sampled trees that end in known futures, and foresight with a penalty for what it knows.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from capexpand.case.loading import load_case
from capexpand.model.compile import compile_case
from capexpand.pipeline import LatticeSettings, case_lattice
from capexpand.policy.case_policy import CasePolicy, PolicySettings, optimise_policy
from capexpand.policy.graph import first_nodes
from capexpand.scenarios.entries import Floats, Integers
from capexpand.scenarios.futures import Futures
from capexpand.scenarios.sampling import Scenarios, draw_scenarios
from capexpand.sddp.parallel import one_thread
from capexpand.sddp.stage_solver import StageSolver

HALFWIDTH = 1.96
_FAR = 2e4
"""Money by which two tangents differ at most."""
DONORS = 4096
"""Scenarios whose changes serve as those of others."""

Matrix = sparse.coo_array | sparse.coo_matrix


@dataclass(frozen=True)
class Fan:
    """What is planned in each quarter.

    Args:
        futures: number of them.
        quarters: how far they go; all the way where None.
        until: quarter from which the policy decides alone; the end of the window where None.
    """

    futures: int
    quarters: int | None
    until: int | None = None


class Trials:
    """A policy, and everything that is decided by programs of some quarters.

    Args:
        policy: trained.
        futures: of the case.
        seed: of the donors.
    """

    def __init__(self, policy: CasePolicy, futures: Futures, seed: int) -> None:
        self.policy, self.futures = policy, futures
        self.numbers, self.lattice = policy.stages.numbers, policy.lattice
        self.horizon = len(self.numbers)
        self.window = max(policy.stages.data.times.window[1], 1)
        self.starts = first_nodes(policy.lattice)
        self.donors = draw_scenarios(futures, DONORS, seed=seed)
        self.retention = np.array([driver.retention for driver in futures.drivers])
        self.random = np.random.default_rng(seed)

    def nodes(self, drawn: Scenarios, t: int) -> Integers:
        """The nearest node of the graph [scenario]."""
        near = self.lattice.nearest(t, drawn.persistent(t), drawn.regime_states(t))
        return near + int(self.starts[t])

    def conditional(
        self, drawn: Scenarios, scenario: int, t: int, *, count: int, ahead: int, as_drawn: bool = False
    ) -> Scenarios:
        """Futures of a scenario from a quarter on: its own past, then changes of others, moved to their mean.

        Args:
            as_drawn: not moved, so that what is sampled is the process.
        """
        drivers = np.repeat(drawn.drivers[:, :, [scenario]], count, axis=2)
        states = np.repeat(drawn.states[:, :, [scenario]], count, axis=2)
        chosen = self.random.choice(DONORS, count, replace=False)
        for j in range(1, ahead + 1):
            faded = self.retention[:, None] ** j
            every = self.donors.drivers[:, t + j] - faded * self.donors.drivers[:, t]
            change = every[:, chosen]
            middle, spread = change.mean(axis=1, keepdims=True), change.std(axis=1, keepdims=True)
            wide = every.std(axis=1, keepdims=True)
            ratio = np.divide(wide, spread, out=np.zeros_like(wide), where=spread > 0.0)
            if count > 2 and not as_drawn:
                ratio = np.clip(ratio, 0.5, 2.0)
                change = every.mean(axis=1, keepdims=True) + ratio * (change - middle)
            drivers[:, t + j] = faded * drawn.drivers[:, t, [scenario]] + change
        for c in range(len(states)):
            alike = np.flatnonzero(self.donors.states[c, t] == drawn.states[c, t, scenario])
            if alike.size:
                mine = self.random.choice(alike, count)
                states[c, t : t + ahead + 1] = self.donors.states[c, t : t + ahead + 1][:, mine]
        return Scenarios(self.futures, 0, drivers, states)

    def mean_path(self, drawn: Scenarios, scenario: int, t: int) -> Floats:
        """The mean of all that may follow, for each later quarter [entry, quarter]."""
        many = self.conditional(drawn, scenario, t, count=256, ahead=self.horizon - 1 - t)
        return np.stack([many.factors(u).mean(axis=1) for u in range(self.horizon)], axis=1)

    def stage(self, t: int, factors: Floats) -> Stage:
        """One quarter's program under given factors [entry]."""
        program = self.numbers[t].stage_program(factors)
        noise = self.numbers[t].realisations(factors[:, None], np.ones(1), coefficients=False)

        def part(own: Floats, moved: Floats | None) -> Floats:
            return own if moved is None else moved[0]

        matrix = program.matrix
        shape = (matrix.row_count, len(program.cost))
        return Stage(
            sparse.csc_matrix((matrix.values, matrix.rows, matrix.starts), shape=shape),
            part(program.cost, noise.cost),
            part(program.lower, noise.lower),
            part(program.upper, noise.upper),
            part(program.row_lower, noise.row_lower),
            part(program.row_upper, noise.row_upper),
            program.incoming,
            program.outgoing,
        )

    def cuts(self, node: int) -> tuple[Floats, Floats, Integers]:
        """The cuts of what follows a node: intercepts, slopes, and in which states."""
        known = self.policy.trained.solvers().cuts[node]
        if not known.functions:
            return np.zeros(0), np.zeros((0, 0)), np.zeros(0, dtype=np.int64)
        of = known.functions[0]
        intercepts = np.append(of.intercepts[of.selected], known.lower_bound[0])
        slopes = np.vstack([of.slopes[of.selected], np.zeros(len(known.states))])
        return intercepts, slopes, known.states

    def decide(self, drawn: Scenarios, s: int, t: int, *, fan: Fan, state: Floats) -> tuple[float, Floats]:
        """What is done in a quarter of a scenario: its cost, and the state that it hands on."""
        rest = self.horizon - 1 - t
        ahead = rest if fan.quarters is None else min(fan.quarters, rest)
        tree = Tree()
        first = tree.add(self.stage(t, drawn.factors(t)[:, s]), state, 1.0)
        if ahead == 0 or fan.futures == 0:
            self._end(tree, first, int(self.nodes(drawn, t)[s]), 1.0)
        elif fan.futures == 1 and ahead == rest:
            path = self.mean_path(drawn, s, t)
            place = first
            for u in range(t + 1, self.horizon):
                place = tree.add(self.stage(u, path[:, u]), place, 1.0)
        else:
            many = self.conditional(drawn, s, t, count=fan.futures, ahead=ahead)
            ends = self.nodes(many, t + ahead)
            share = 1.0 / fan.futures
            factors = [many.factors(u) for u in range(t + 1, t + ahead + 1)]
            for k in range(fan.futures):
                place = first
                for j in range(ahead):
                    place = tree.add(self.stage(t + 1 + j, factors[j][:, k]), place, share)
                if t + ahead < self.horizon - 1:
                    self._end(tree, place, int(ends[k]), share)
        _, columns = tree.solve()
        own = tree.stages[0]
        done = columns[: len(own.cost)]
        return float(own.cost @ done), done[own.outgoing] if t < self.horizon - 1 else state

    def _end(self, tree: Tree, place: int, node: int, share: float) -> None:
        intercepts, slopes, states = self.cuts(node)
        if intercepts.size:
            tree.end(place, intercepts, slopes, states, share)

    def follow(self, drawn: Scenarios, count: int, fan: Fan) -> Floats:
        """The values of a way to decide in the first scenarios [scenario], in bn."""
        values = np.zeros(count)
        until = self.window if fan.until is None else fan.until
        alone = Fan(0, 0)
        for s in range(count):
            state = self.policy.stages.layout.opening
            for t in range(self.horizon):
                cost, state = self.decide(drawn, s, t, fan=fan if t < until else alone, state=state)
                values[s] -= cost
        return values / 1e3

    def bound(self, branches: tuple[int, ...], trees: int) -> tuple[Floats, Floats]:
        """The optima of sampled trees, and the mean worth of foresight on their paths [tree], in bn.

        The mean optimum is no less than the worth of any policy, whatever the number of branches: who decides
        in a sampled tree knows which futures there are (Shapiro, Dentcheva and Ruszczyński, 2009, *Lectures
        on stochastic programming*, section 5.8). That of foresight is known better from many scenarios, so it
        is a control variate.

        Args:
            branches: futures at the first quarters of a tree; behind them all is known.
            trees: number of them.
        """
        found, foresight = np.zeros(trees), np.zeros(trees)
        start, opening = self.donors.first(1), self.policy.stages.layout.opening
        for number in range(trees):
            tree = Tree()
            root = self.stage(0, start.factors(0)[:, 0])
            ends = [(start, 0, tree.add(root, opening, 1.0), [root])]
            share = 1.0
            for t, count in enumerate(branches):
                last, share = ends, share / count
                ends = list[tuple[Scenarios, int, int, list[Stage]]]()
                for drawn, s, place, trail in last:
                    ahead = self.horizon - 1 - t
                    many = self.conditional(drawn, s, t, count=count, ahead=ahead, as_drawn=True)
                    for k in range(count):
                        stage = self.stage(t + 1, many.factors(t + 1)[:, k])
                        ends.append((many, k, tree.add(stage, place, share), [*trail, stage]))
            for drawn, s, end, trail in ends:
                place, alone = end, Tree()
                for t in range(1 + len(branches), self.horizon):
                    trail.append(self.stage(t, drawn.factors(t)[:, s]))
                    place = tree.add(trail[-1], place, share)
                for t, stage in enumerate(trail):
                    alone.add(stage, opening if t == 0 else t - 1, 1.0)
                foresight[number] -= share * alone.solve()[0] / 1e3
            found[number] = -tree.solve()[0] / 1e3
        return found, foresight

    def penalised(self, drawn: Scenarios, count: int, *, points: int, weight: float) -> tuple[Floats, Floats]:
        """Values of perfect foresight, without and with a penalty for what it knows [scenario], in bn.

        In each quarter foresight pays the mean cost-to-go of what could come, less that of what comes, at
        the state that it hands on. The mean is zero for whoever does not know what comes, so the result is
        no less than the worth of any policy (Brown, Smith and Sun, 2010, *Information relaxations and duality
        in stochastic dynamic programs*, Operations Research 58). The costs-to-go are the largest of some
        tangents of the next node's, so a binary choice subtracts them; one tangent is their gradient. Any
        multiple of the penalty will do as well.
        Any multiple of it will do as well.
        """
        solvers, alone = self.policy.trained.solvers(), Fan(0, 0)
        plain, found = np.zeros(count), np.zeros(count)
        for s in range(count):
            tree, state, place = Tree(), self.policy.stages.layout.opening, None
            free, known = Tree(), None
            nodes = [int(self.nodes(drawn, t)[s]) for t in range(self.horizon)]
            for t in range(self.horizon):
                stage = self.stage(t, drawn.factors(t)[:, s])
                opening = self.policy.stages.layout.opening
                place = tree.add(stage, opening if place is None else place, 1.0)
                known = free.add(stage, opening if known is None else known, 1.0)
                _, state = self.decide(drawn, s, t, fan=alone, state=state)
                if t == self.horizon - 1:
                    break
                many = self.conditional(drawn, s, t, count=256, ahead=1, as_drawn=True)
                chance = np.bincount(self.nodes(many, t + 1), minlength=len(solvers.stages)) / 256
                pool = self.policy.trained.solvers().cuts[nodes[t]].pool
                at = [state]
                for live in pool.trial_states(points - 1) if points > 1 else ():
                    full = np.zeros_like(state)
                    full[pool.states] = live
                    at.append(full)
                tangents = {
                    int(m): _tangents(solvers.stages[m], at)
                    for m in {*np.flatnonzero(chance).tolist(), nodes[t + 1]}
                }
                live = np.arange(len(state))
                for m in np.flatnonzero(chance):
                    tree.end(place, *tangents[int(m)], live, weight * float(chance[m]))
                tree.less(place, *tangents[nodes[t + 1]], live, weight)
            found[s], plain[s] = -tree.solve()[0] / 1e3, -free.solve()[0] / 1e3
        return plain, found


def _tangents(stage: StageSolver, at: list[Floats]) -> tuple[Floats, Floats]:
    """The cost of a node and all that follows at some states: intercepts [state] and slopes [state, live]."""
    intercepts, slopes = list[float](), list[Floats]()
    for state in at:
        stage.evaluate(state)
        slope = stage.form.probability @ stage.slopes
        intercepts.append(float(stage.form.probability @ stage.values - slope @ state))
        slopes.append(slope)
    return np.array(intercepts), np.array(slopes)


@dataclass(frozen=True)
class Stage:
    """A quarter's program with all its numbers."""

    matrix: sparse.csc_matrix
    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    incoming: Integers
    outgoing: Integers


class Tree:
    """A program of quarters that follow each other."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self._first: list[int] = []
        self._costs: list[Floats] = []
        self._bounds: list[tuple[Floats, Floats]] = []
        self._rows: list[tuple[Floats, Floats]] = []
        self._blocks: list[sparse.coo_matrix] = []
        self._columns = self._row_count = 0
        self.whole: list[int] = []

    def add(self, stage: Stage, incoming: Floats | int, share: float) -> int:
        """Add a quarter after a state, or after another quarter, and return its place."""
        place, first = len(self.stages), self._columns
        lower, upper = stage.lower.copy(), stage.upper.copy()
        used = np.flatnonzero(stage.incoming >= 0)
        into = stage.incoming[used]
        if isinstance(incoming, int):
            lower[into], upper[into] = -np.inf, np.inf
        else:
            lower[into] = upper[into] = incoming[used]
        self._block(sparse.coo_matrix(stage.matrix), first, stage.row_lower, stage.row_upper)
        self._columns += len(stage.cost)
        self.stages.append(stage)
        self._first.append(first)
        self._costs.append(share * stage.cost)
        self._bounds.append((lower, upper))
        if isinstance(incoming, int):
            out = self._first[incoming] + self.stages[incoming].outgoing[used]
            self._equal(first + into, out)
        return place

    def end(self, place: int, intercepts: Floats, slopes: Floats, states: Integers, share: float) -> None:
        """Add the cost of all that follows a quarter, by cuts."""
        theta = self._columns
        self._columns += 1
        self._costs.append(np.array([share]))
        self._bounds.append((np.array([-np.inf]), np.array([np.inf])))
        out = self._first[place] + self.stages[place].outgoing[states]
        cuts, width = slopes.shape
        rows = np.concatenate((np.arange(cuts), np.repeat(np.arange(cuts), width)))
        columns = np.concatenate((np.full(cuts, theta), np.tile(out, cuts)))
        values = np.concatenate((np.ones(cuts), -slopes.ravel()))
        self._entries(rows, columns, values, intercepts, np.full(cuts, np.inf))

    def less(self, place: int, intercepts: Floats, slopes: Floats, states: Integers, share: float) -> None:
        """Subtract the largest of some functions of the state that a quarter hands on."""
        tangents, width = slopes.shape
        first = self._columns
        self._columns += 1 + tangents
        self._costs.append(np.append(-share, np.zeros(tangents)))
        chosen = np.zeros(tangents) if tangents > 1 else np.ones(1)
        self._bounds.append((np.append(-np.inf, chosen), np.append(np.inf, np.ones(tangents))))
        self.whole += range(first + 1, first + 1 + tangents)
        out = self._first[place] + self.stages[place].outgoing[states]
        each = np.arange(tangents)
        rows = np.concatenate((each, each, np.repeat(each, width)))
        columns = np.concatenate((np.full(tangents, first), first + 1 + each, np.tile(out, tangents)))
        values = np.concatenate((np.ones(tangents), np.full(tangents, _FAR), -slopes.ravel()))
        self._entries(rows, columns, values, np.full(tangents, -np.inf), intercepts + _FAR)
        one = np.ones(1)
        self._entries(np.zeros(tangents, dtype=np.int64), first + 1 + each, np.ones(tangents), one, one)

    def _equal(self, one: Integers, other: Integers) -> None:
        count = len(one)
        rows = np.tile(np.arange(count), 2)
        values = np.repeat([1.0, -1.0], count)
        zero = np.zeros(count)
        self._entries(rows, np.concatenate((one, other)), values, zero, zero)

    def _block(
        self, matrix: sparse.coo_array | sparse.coo_matrix, first: int, lower: Floats, upper: Floats
    ) -> None:
        self._entries(matrix.row, matrix.col + first, matrix.data, lower, upper)

    def _entries(
        self, rows: Integers, columns: Integers, values: Floats, lower: Floats, upper: Floats
    ) -> None:
        self._blocks.append(sparse.coo_matrix((values, (rows + self._row_count, columns))))
        self._rows.append((lower, upper))
        self._row_count += len(lower)

    def solve(self) -> tuple[float, Floats]:
        """Return the least cost and the columns."""
        rows = np.concatenate([block.row for block in self._blocks])
        columns = np.concatenate([block.col for block in self._blocks])
        values = np.concatenate([block.data for block in self._blocks])
        matrix = sparse.csc_matrix((values, (rows, columns)), shape=(self._row_count, self._columns))
        lower, upper = (np.concatenate([each[side] for each in self._rows]) for side in (0, 1))
        low, high = (np.concatenate([each[side] for each in self._bounds]) for side in (0, 1))
        cost = np.concatenate(self._costs)
        whole = np.zeros(self._columns)
        whole[self.whole] = 1
        rules = LinearConstraint(matrix, lower, upper)
        limit = {"time_limit": 20.0, "mip_rel_gap": 1e-3}
        found = milp(cost, constraints=rules, bounds=Bounds(low, high), integrality=whole, options=limit)
        if found.x is None:
            raise RuntimeError(found.message)
        return float(found.mip_dual_bound if self.whole else found.fun), found.x


def main() -> int:
    """Train, try and print."""
    options = _options()
    case = load_case(options.case)
    lattice = LatticeSettings(nodes=options.nodes, later_nodes=options.nodes, paths=2048)
    settings = PolicySettings(iterations=options.iterations, gap_fraction=0.0, back_end="highs", streams=1)
    with one_thread():
        futures, condensed = case_lattice(case, lattice)
        policy = optimise_policy(replace(compile_case(case), financing=None), condensed, settings=settings)
        trials = Trials(policy, futures, seed=options.seed + 1)
        drawn = draw_scenarios(futures, options.scenarios, seed=options.seed)
        print(
            f"{case.title}: {options.scenarios} scenarios, {options.nodes} nodes, bn {case.currency}",
            flush=True,
        )
        _table(trials, drawn, options)
    return 0


def _table(trials: Trials, drawn: Scenarios, options: argparse.Namespace) -> None:
    count, horizon = options.scenarios, trials.horizon
    ways = {
        "policy": Fan(0, 0),
        "planning anew": Fan(1, None),
        "planning anew, to the horizon": Fan(1, None, horizon),
        "one quarter of 8 futures, then cuts": Fan(8, 1),
        "three quarters of 8 futures, then cuts": Fan(8, 3),
        "planning anew for 4 futures": Fan(4, None),
        "planning anew for 8 futures": Fan(8, None),
    }
    values: dict[str, Floats] = {}
    for name, fan in ways.items():
        if options.only and not any(part in name for part in options.only):
            continue
        began = time.process_time()
        values[name] = trials.follow(drawn, count, fan)
        mine = values[name]
        line = f"{name:40} {_mean(mine)} worst tenth {_tail(mine):8.3f}"
        for other in ("policy", "planning anew"):
            if other in values and other != name:
                line += f"  less {other} {_mean(mine - values[other])}"
        print(f"{line}  {time.process_time() - began:.0f} s", flush=True)
    if not options.only or "bound" in options.only:
        _, known = trials.bound((1,), 4 * count)
        print(f"{'foresight':40} {_mean(known)}", flush=True)
        for branches in ((16,), (8, 4), (6, 4, 3), (5, 4, 3, 2)):
            began = time.process_time()
            found, same = trials.bound(branches, max(2, 4 * count // int(np.prod(branches))))
            worth = float(known.mean() + (found - same).mean())
            half = HALFWIDTH * float(
                np.hypot(known.std() / known.size**0.5, (found - same).std() / found.size**0.5)
            )
            name = f"bound: {' x '.join(map(str, branches))} futures, then foresight"
            text = f"{worth:+9.4f} ± {half:.4f}  less foresight {_mean(found - same)}"
            print(f"{name:40} {text}  {time.process_time() - began:.0f} s", flush=True)
    for points, weight in ((1, 1.0), (1, 0.3), (1, 0.1), (4, 1.0), (4, 0.1)):
        if not options.only or "penalty" in options.only:
            began = time.process_time()
            some = max(1, count // (2 if points == 1 else 8))
            plain, found = trials.penalised(drawn, some, points=points, weight=weight)
            name = f"foresight, penalty × {weight:g}, {points} tangents"
            text = f"{_mean(found)}  less foresight {_mean(found - plain)}"
            print(f"{name:40} {text}  {time.process_time() - began:.0f} s", flush=True)


def _mean(values: Floats) -> str:
    half = HALFWIDTH * float(values.std(ddof=1)) / values.size**0.5 if values.size > 1 else float("inf")
    return f"{float(values.mean()):+9.4f} ± {half:.4f}"


def _tail(values: Floats) -> float:
    return float(np.sort(values)[: max(1, round(0.1 * values.size))].mean())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="?", type=Path, default=Path(__file__).with_suffix(".yaml"))
    parser.add_argument("--scenarios", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=12)
    parser.add_argument("--iterations", type=int, default=60)
    parser.add_argument("--seed", type=int, default=5, help="of the fresh scenarios")
    parser.add_argument("--only", nargs="+", default=[], help="parts of the names of ways")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
