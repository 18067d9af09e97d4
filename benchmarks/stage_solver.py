"""The trial of the stage solver: a million programs, each beside HiGHS from a cold start.

Run ``python benchmarks/stage_solver.py`` for a million programs: random, degenerate, infeasible, unbounded
and badly scaled ones, those met while training on case files (``--cases FILE ...``), and those of the
quarters of planning cases (``--policies FOLDER ...``). It prints what was answered, what had to be handed to
HiGHS, and every wrong value; it ends with status 1 if there is any. ``--seconds 3600`` goes on with new seeds
for an hour instead, whatever the number of programs. The shares are done by ``--workers`` processes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
from random_programs import KINDS, OUTCOMES, Trial, sibling

from capexpand.errors import InfeasibleError, SolverError
from capexpand.sddp.checked_stage import AGREEMENT
from capexpand.sddp.formats.reading import read_problem
from capexpand.sddp.futures import CutKind
from capexpand.sddp.highs_stage import HighsStage
from capexpand.sddp.initial_lower_bounds import initial_lower_bounds
from capexpand.sddp.kernel.stage import KernelStage, Workspace, compile_now
from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.stage_solver import StageSolver
from capexpand.sddp.stream import ForwardPassStream, Solvers

ANSWERS = ("optimal", "infeasible", "unbounded or infeasible")
SHARE = 20_000
"""Programs in one share of the work."""


def ask(solver: StageSolver, state: np.ndarray, outcome: int) -> tuple[str, float]:
    """Return how a solver answers one program."""
    try:
        found = solver.decide(state[None], np.array([outcome]))
    except InfeasibleError:
        return "infeasible", 0.0
    except SolverError:
        return "unbounded or infeasible", 0.0
    return "optimal", float(found.values[0])


def agree(found: tuple[str, float], expected: tuple[str, float]) -> bool:
    """Tell whether two answers say the same."""
    if found[0] == "optimal" and expected[0] == "optimal":
        return abs(found[1] - expected[1]) <= AGREEMENT * (1.0 + abs(expected[1]))
    return (found[0] == "optimal") == (expected[0] == "optimal")


def compare(trial: Trial, tally: Counter[str]) -> list[str]:
    """Solve a node's programs and a sibling's, in one workspace, by both solvers; return the differences."""
    workspace, states = Workspace(), trial[3]
    pairs = [
        (
            KernelStage("trial", form, future, cuts, workspace=workspace, number=number),
            HighsStage("trial", form, future, cuts, cold=True),
        )
        for number, (form, future, cuts, _) in enumerate((trial, sibling(trial, trial[2].count)), start=1)
    ]
    wrong: list[str] = []
    for state in states:
        for number, (own, reference) in enumerate(pairs, start=1):
            for outcome in range(OUTCOMES):
                found, expected = ask(own, state, outcome), ask(reference, state, outcome)
                tally[expected[0]] += 1
                if not agree(found, expected):
                    where = f"node {number} state {state.tolist()} outcome {outcome}"
                    wrong.append(f"{where}: {found} instead of {expected}")
    for own, _ in pairs:
        tally["handed over"] += own.counts.handed_over
        tally["refactored"] += own.counts.refactored
        tally["cold"] += own.counts.cold
    return wrong


@dataclass(frozen=True)
class Share:
    """A share of the work: so many programs of one kind, or of one file or folder."""

    kind: str
    programs: int
    seed: int
    file: Path | None = None
    weight: float | None = None


@dataclass
class Found:
    """What a share found."""

    kind: str
    tally: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def work(share: Share) -> Found:
    """Do one share."""
    began = time.process_time()
    if share.file is None:
        found = random_trials(share)
    else:
        found = training_trials(share, *graph_of(share.file, share.weight))
    found.seconds = time.process_time() - began
    return found


def random_trials(share: Share) -> Found:
    """Compare random programs of one kind."""
    found, number = Found(share.kind), share.seed
    while sum(found.tally[key] for key in ANSWERS) < share.programs:
        found.wrong += [
            f"{share.kind} seed {number}: {text}" for text in compare(KINDS[share.kind](number), found.tally)
        ]
        number += 1
    return found


def graph_of(file: Path, weight: float | None) -> tuple[PolicyGraph, np.ndarray]:
    """Read a multistage problem from a file, or take a planning case apart; with its initial bounds."""
    if file.is_file():
        graph = read_problem(file, weight=weight)
        return graph, initial_lower_bounds(graph).stage_and_future
    from capexpand.case.loading import load_case
    from capexpand.model.compile import compile_case
    from capexpand.policy.graph import lower_bound, policy_graph, take_apart
    from capexpand.scenarios.condensation import condense
    from capexpand.scenarios.futures import compile_futures
    from capexpand.scenarios.sampling import draw_scenarios

    case = load_case(file)
    drawn = draw_scenarios(compile_futures(case), 500, seed=1)
    lattice = condense(drawn, nodes=6, outcomes=1, seed=1, fine_quarters=16, later_nodes=3)
    stages = take_apart(compile_case(case), lattice)
    graph = policy_graph(stages, lattice)
    return graph, np.full(len(graph.nodes), lower_bound(stages, graph) or -1e8)


def training_trials(share: Share, graph: PolicyGraph, lower_bound: np.ndarray) -> Found:
    """Train on a problem in check mode until so many programs have been compared.

    Where HiGHS gives up and so cannot confirm an answer, that is counted, and training goes on.
    """
    solvers = Solvers(graph, lower_bound, kind=CutKind.SINGLE, back_end="check")
    generator = np.random.default_rng(share.seed)
    stream = ForwardPassStream(solvers, kind=CutKind.SINGLE, generator=generator, longest_path=500)
    found = Found(share.kind)
    while solvers.counts().answers < share.programs:
        try:
            stream.iterate()
        except SolverError as error:
            if "the stage solver says" in str(error):
                found.wrong.append(f"{share.kind} seed {share.seed}: {error}")
                break
            found.tally["HiGHS gave up"] += 1
    counts = solvers.counts()
    found.tally.update(
        {
            "optimal": counts.answers,
            "handed over": counts.handed_over,
            "refactored": counts.refactored,
            "cold": counts.cold,
        }
    )
    return found


def shares(arguments: argparse.Namespace) -> Iterator[Share]:
    """Return the shares of the work, kind after kind, each with seeds of its own."""
    files = [*arguments.cases, *arguments.policies]
    each = -(-arguments.programs // (len(KINDS) + len(files)))
    rounds = count() if arguments.seconds else range(-(-each // SHARE))
    for number in rounds:
        programs = SHARE if arguments.seconds else min(SHARE, each - number * SHARE)
        for kind in KINDS:
            yield Share(kind, programs, arguments.seed * 100_000_000 + number * SHARE)
        for file in files:
            weight = 0.5 if "hydrothermal" in file.stem else None
            yield Share(file.name, programs, arguments.seed * 1000 + number, file, weight)


def main() -> None:
    """Run the trial and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=1_000_000)
    parser.add_argument("--cases", nargs="*", type=Path, default=[])
    parser.add_argument("--policies", nargs="*", type=Path, default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, help="go on for so long, whatever the number of programs")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    compile_now()
    began = time.perf_counter()
    total: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    waiting = shares(arguments)
    with ProcessPoolExecutor(arguments.workers) as pool:
        running = [
            pool.submit(work, share) for _, share in zip(range(arguments.workers), waiting, strict=False)
        ]
        while running:
            found = running.pop(0).result()
            passed = time.perf_counter() - began
            following = None if arguments.seconds and passed > arguments.seconds else next(waiting, None)
            if following is not None:
                running.append(pool.submit(work, following))
            total.setdefault(found.kind, Counter()).update(found.tally)
            wrong += found.wrong
            programs = sum(tally[key] for tally in total.values() for key in tally if key in ANSWERS)
            print(
                f"{passed:7.0f} s  {programs:9d} programs  {len(wrong)} wrong  ({found.kind})",
                file=sys.stderr,
            )
            for text in found.wrong:
                print(text, file=sys.stderr, flush=True)
    programs = sum(tally[key] for tally in total.values() for key in tally if key in ANSWERS)
    parts = {kind: dict(tally) for kind, tally in total.items()}
    seconds = round(time.perf_counter() - began)
    print(json.dumps({"parts": parts, "programs": programs, "wrong": wrong, "seconds": seconds}, indent=2))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
