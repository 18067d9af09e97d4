"""The trial of the stage solver: a million programs, each beside HiGHS from a cold start.

Run ``python benchmarks/stage_solver.py`` for a million programs: random, degenerate, infeasible, unbounded
and badly scaled ones, and those met while training on case files (``--cases FILE ...``). It prints what was
answered, what had to be handed to HiGHS, and every wrong value; it ends with status 1 if there is any.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from random_programs import KINDS, OUTCOMES, Trial

from capexpand.errors import InfeasibleError, SolverError
from capexpand.optimiser.multistage.checked_stage import AGREEMENT
from capexpand.optimiser.multistage.floors import floors
from capexpand.optimiser.multistage.futures import CutKind
from capexpand.optimiser.multistage.highs_stage import HighsStage
from capexpand.optimiser.multistage.kernel_stage import KernelStage
from capexpand.optimiser.multistage.reading import read_problem
from capexpand.optimiser.multistage.stage_solver import StageSolver
from capexpand.optimiser.multistage.stream import Solvers, Stream


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
    """Solve one node's programs by both solvers; return the differences."""
    form, future, pool, states = trial
    own, reference = (
        KernelStage("trial", form, future, pool),
        HighsStage("trial", form, future, pool, cold=True),
    )
    wrong: list[str] = []
    for state in states:
        for outcome in range(OUTCOMES):
            found, expected = ask(own, state, outcome), ask(reference, state, outcome)
            tally[expected[0]] += 1
            if not agree(found, expected):
                wrong.append(f"state {state.tolist()} outcome {outcome}: {found} instead of {expected}")
    tally["handed over"] += own.counts.handed_over
    tally["refactored"] += own.counts.refactored
    tally["cold"] += own.counts.cold
    return wrong


def random_trials(kind: str, programs: int, seed: int) -> dict[str, object]:
    """Compare random programs of one kind."""
    tally: Counter[str] = Counter()
    wrong: list[str] = []
    number = seed
    while sum(tally[key] for key in ("optimal", "infeasible", "unbounded or infeasible")) < programs:
        wrong += [f"seed {number}: {text}" for text in compare(KINDS[kind](number), tally)]
        number += 1
    return {**tally, "seeds": [seed, number], "wrong": wrong}


def case_trials(file: Path, programs: int, seed: int, weight: float | None) -> dict[str, object]:
    """Train on a case in check mode until so many programs have been compared."""
    graph = read_problem(file, weight=weight)
    solvers = Solvers(graph, floors(graph).stage_and_future, kind=CutKind.SINGLE, back_end="check")
    stream = Stream(solvers, kind=CutKind.SINGLE, generator=np.random.default_rng(seed), longest_path=500)
    wrong: list[str] = []
    try:
        while solvers.counts().answers < programs:
            stream.iterate()
    except SolverError as error:
        wrong.append(str(error))
    counts = solvers.counts()
    tally = {"optimal": counts.answers, "handed over": counts.handed_over}
    return {**tally, "refactored": counts.refactored, "cold": counts.cold, "wrong": wrong}


def main() -> None:
    """Run the trial and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=1_000_000)
    parser.add_argument("--cases", nargs="*", type=Path, default=[])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.perf_counter()
    parts = len(KINDS) + len(arguments.cases)
    share = arguments.programs // parts + 1
    found: dict[str, dict[str, object]] = {}
    for kind in KINDS:
        found[kind] = random_trials(kind, share, arguments.seed * 10_000_000)
    for file in arguments.cases:
        weight = 0.5 if "hydrothermal" in file.stem else None
        found[file.stem] = case_trials(file, share, arguments.seed, weight)
    wrong = sum(len(part["wrong"]) for part in found.values() if isinstance(part["wrong"], list))
    print(
        json.dumps({"parts": found, "wrong": wrong, "seconds": round(time.perf_counter() - began)}, indent=2)
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
