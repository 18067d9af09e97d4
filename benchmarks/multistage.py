"""Engine speed: solves per second, time to a bound, workers and memory, each against a peer in the same run.

Run ``python benchmarks/multistage.py CASE.json`` (an expansion program in ``sddp-case/1``). The peer is a
plain loop as one writes it first: one persistent highspy model for each stage and node, every cut a row,
HiGHS's default options, and the same trial points and cuts as the engine.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import highspy
import numpy as np

from capexpand.sddp.formats.reading import read_problem
from capexpand.sddp.futures import CutKind, node_groups
from capexpand.sddp.initial_lower_bounds import initial_lower_bounds
from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.risk import reweight
from capexpand.sddp.stream import ForwardPassStream, Solvers, draw
from capexpand.sddp.training import TrainingSettings, train


class PlainLoop:
    """SDDP on persistent highspy models, without anything else."""

    def __init__(self, graph: PolicyGraph, lower_bound: np.ndarray, seed: int) -> None:
        self.graph = graph
        self.node_groups = {
            member: group for group in node_groups(graph, CutKind.SINGLE) for member in group.members
        }
        self.generator = np.random.default_rng(seed)
        self.solves = 0
        self.models = [self._model(node, lower_bound) for node in range(len(graph.nodes))]

    def _model(self, index: int, lower_bound: np.ndarray) -> highspy.Highs:
        graph, node = self.graph, self.graph.nodes[index]
        stage = graph.stages[node.stage]
        program = highspy.HighsLp()
        columns, rows = len(stage.cost), len(stage.row_lower)
        children = graph.children(index)
        least = float(graph.transition[index] @ lower_bound) if len(children) else 0.0
        program.num_col_, program.num_row_ = columns + 1, rows
        program.col_cost_ = np.append(stage.cost, 1.0 if len(children) else 0.0)
        program.col_lower_ = np.append(stage.lower, least)
        program.col_upper_ = np.append(stage.upper, np.inf if len(children) else 0.0)
        program.row_lower_, program.row_upper_ = stage.row_lower, stage.row_upper
        program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        program.a_matrix_.start_ = np.append(stage.matrix.starts, stage.matrix.starts[-1])
        program.a_matrix_.index_, program.a_matrix_.value_ = stage.matrix.rows, stage.matrix.values
        model = highspy.Highs()
        model.setOptionValue("output_flag", False)
        model.passModel(program)
        return model

    def solve(self, index: int, outcome: int, state: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Return value, slope in the state and outgoing state."""
        node = self.graph.nodes[index]
        stage, noise, model = self.graph.stages[node.stage], node.realisations, self.models[index]
        everything, rows = (
            np.arange(len(stage.cost), dtype=np.int32),
            np.arange(len(stage.row_lower), dtype=np.int32),
        )
        lower = (stage.lower if noise.lower is None else noise.lower[outcome]).copy()
        upper = (stage.upper if noise.upper is None else noise.upper[outcome]).copy()
        lower[stage.incoming], upper[stage.incoming] = state, state
        model.changeColsBounds(len(everything), everything, lower, upper)
        if noise.cost is not None:
            model.changeColsCost(len(everything), everything, noise.cost[outcome])
        if noise.row_lower is not None and noise.row_upper is not None:
            bounds = noise.row_lower[outcome], noise.row_upper[outcome]
            model.changeRowsBounds(len(rows), rows, *bounds)  # pyrefly: ignore[missing-attribute]
        model.run()
        self.solves += 1
        solution = model.getSolution()
        values, duals = np.array(solution.col_value), np.array(solution.col_dual)
        return model.getInfo().objective_function_value, duals[stage.incoming], values[stage.outgoing]

    def iterate(self) -> float:
        """Walk forward and make cuts backward; return the bound."""
        graph, state = self.graph, self.graph.initial_state
        path: list[tuple[int, np.ndarray]] = []
        node = draw(self.generator, graph.root)
        while node is not None:
            outcome = draw(self.generator, graph.nodes[node].realisations.probability) or 0
            state = self.solve(node, outcome, state)[2]
            path.append((node, state))
            node = draw(self.generator, graph.transition[node])
        for node, state in reversed(path):
            if node in self.node_groups:
                self._cut(node, state)
        first = int(np.flatnonzero(graph.root)[0])
        chances = graph.nodes[first].realisations.probability
        return float(sum(p * self.solve(first, r, graph.initial_state)[0] for r, p in enumerate(chances)))

    def _cut(self, node: int, state: np.ndarray) -> None:
        group = self.node_groups[node]
        found = [
            self.solve(child, outcome, state)
            for child in group.children
            for outcome in range(len(self.graph.nodes[child].realisations.probability))
        ]
        values, slopes = np.array([part[0] for part in found]), np.array([part[1] for part in found])
        for member, probability in zip(group.members, group.probability, strict=True):
            weights = reweight(self.graph.nodes[member].risk, values, probability)
            slope = weights @ slopes
            stage = self.graph.stages[self.graph.nodes[member].stage]
            columns = np.append(stage.outgoing, len(stage.cost)).astype(np.int32)
            self.models[member].addRow(
                float(weights @ values - slope @ state), np.inf, len(columns), columns, np.append(-slope, 1.0)
            )


@dataclass
class Speed:
    """Solves per second of CPU time from the start, and over the last ten iterations."""

    bound: float
    solves: int
    seconds: float
    late: float


def measure(iterate: Callable[[], float], solves: Callable[[], int], iterations: int) -> Speed:
    """Run iterations and measure."""
    bound = -np.inf
    marks: list[tuple[float, int]] = []
    for _ in range(iterations):
        bound = max(bound, iterate())
        marks.append((time.process_time(), solves()))
    began = marks[0]
    end, ten = marks[-1], marks[-min(11, len(marks))]
    return Speed(bound, end[1], end[0] - began[0], (end[1] - ten[1]) / max(end[0] - ten[0], 1e-9))


def engine(graph: PolicyGraph, lower_bound: np.ndarray, back_end: str, seed: int) -> ForwardPassStream:
    """Return one stream of the engine."""
    solvers = Solvers(graph, lower_bound, kind=CutKind.SINGLE, back_end=back_end)
    return ForwardPassStream(
        solvers, kind=CutKind.SINGLE, generator=np.random.default_rng(seed), longest_path=1000
    )


def answers(stream: ForwardPassStream) -> int:
    """Return programs answered: cut rounds inside one program do not count twice."""
    return stream.solvers.counts().answers


def speeds(graph: PolicyGraph, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Measure solves per second of the peer and of each back end."""
    lower_bound = initial_lower_bounds(graph).stage_and_future
    found = {}
    plain = PlainLoop(graph, lower_bound, 1)
    peer = measure(plain.iterate, lambda: plain.solves, arguments.iterations)
    found["plain loop"] = _figures(peer, peer)
    for back_end in arguments.back_ends:
        engine(graph, lower_bound, back_end, 1).iterate()
        stream = engine(graph, lower_bound, back_end, 1)
        speed = measure(lambda s=stream: s.iterate().bound, lambda s=stream: answers(s), arguments.iterations)
        found[back_end] = _figures(speed, peer)
        if arguments.long:
            more = measure(
                lambda s=stream: s.iterate().bound,
                lambda s=stream: answers(s),
                arguments.long - arguments.iterations,
            )
            found[back_end]["late_per_second_long"] = round(more.late)
            found[back_end]["long_to_short"] = round(more.late / speed.late, 3)
    return found


def _figures(speed: Speed, peer: Speed) -> dict[str, float]:
    rate = speed.solves / speed.seconds
    return {
        "bound": round(speed.bound, 3),
        "solves": speed.solves,
        "per_second": round(rate),
        "late_per_second": round(speed.late),
        "ratio": round(rate / (peer.solves / peer.seconds), 3),
        "late_ratio": round(speed.late / peer.late, 3),
    }


def time_to_bound(
    graph: PolicyGraph, target: float, back_end: str, workers: int, streams: int
) -> dict[str, float]:
    """Train until the bound is within 1 % of the target; seconds from the problem in memory to there.

    The CPU seconds are those of this process; with several they leave out the others.
    """
    began, began_cpu = time.perf_counter(), time.process_time()
    settings = TrainingSettings(
        iterations=5000,
        back_end=back_end,
        workers=workers,
        streams=streams,
        stall_iterations=5000,
        exact_limit=0,
    )
    near = target - graph.sign * 0.01 * abs(target)
    policy = train(
        graph,
        settings=settings,
        progress=lambda record: graph.sign * record.bound >= graph.sign * near,
    )
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time() - began_cpu, 2),
        "iterations": policy.records[-1].iterations,
        "bound": round(policy.bound, 3),
    }


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", type=Path)
    parser.add_argument("--iterations", type=int, default=60)
    parser.add_argument("--long", type=int, default=0, help="also measure the speed after so many iterations")
    parser.add_argument("--back-ends", nargs="+", default=["highs"])
    parser.add_argument(
        "--target", type=float, help="converged bound; measures the time to within 1 %% of it"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--weight", type=float)
    parser.add_argument("--skip-speed", action="store_true")
    arguments = parser.parse_args()
    graph = read_problem(arguments.case, weight=arguments.weight)
    found: dict[str, object] = {}
    if not arguments.skip_speed:
        found["speed"] = speeds(graph, arguments)
    if arguments.target is not None:
        for back_end in arguments.back_ends:
            one = time_to_bound(graph, arguments.target, back_end, 1, arguments.workers)
            many = time_to_bound(graph, arguments.target, back_end, arguments.workers, arguments.workers)
            found[f"time to 1 % ({back_end})"] = {
                "one stream": time_to_bound(graph, arguments.target, back_end, 1, 1),
                "one process": one,
                f"{arguments.workers} processes": many,
                "ratio": round(one["seconds"] / many["seconds"], 3),
            }
    found["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
