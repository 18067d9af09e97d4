"""Phases of the linear program: building it, solving it, and a large case from arrays to checked answer."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Call, Comparison, compare_calls, compare_programs, python

if TYPE_CHECKING:
    from capexpand.model.blocks import LinearProgram
    from capexpand.model.data import ModelData

ROOT = Path(__file__).parents[1]

# sites, offers, workloads, quarters: about 20 thousand columns, the large case, about 500 thousand columns
BUILT = ((12, 18, 9, 36), (50, 30, 20, 40), (110, 55, 20, 60))
LARGE = BUILT[1]
LARGE_REPEATS = 2  # each takes about a minute

PLANNER = """
import sys
sys.path.insert(0, sys.argv[1])
from synthetic import synthetic
from capexpand.optimiser.deterministic import optimise_plan
sizes = map(int, sys.argv[2:])
optimise_plan(synthetic(**dict(zip(("sites", "offers", "workloads", "quarters"), sizes))))
"""

BARE_SOLVER = """
import sys
import highspy
solver = highspy.Highs()
solver.setOptionValue("output_flag", False)
solver.readModel(sys.argv[1])
solver.setOptionValue("solver", "ipx")
solver.run()
"""


def build(repeats: int) -> list[Comparison]:
    """Our builder beside the same formulation in linopy, until each has all rows and columns in memory."""
    from capexpand.optimiser.deterministic import build_program

    sys.path.insert(0, str(ROOT / "tests" / "model"))
    oracle: Callable[..., object] = importlib.import_module("oracle").oracle
    comparisons = []
    for sizes in BUILT:
        m = _synthetic(sizes)
        columns = build_program(m)[0].cost.size
        theirs = getattr(oracle(m, lean=True), "nvars", 0)
        ours = Call("capexpand", lambda m=m: build_program(m))
        peer = Call("linopy", lambda m=m: oracle(m, lean=True))
        size = f"{columns} columns, {theirs} in linopy"
        comparisons.append(compare_calls("build", ours, peer, repeats=repeats, size=size))
    return comparisons


def solve(repeats: int) -> list[Comparison]:
    """Our choice of method with our checks, beside HiGHS as it comes, on the Alibaba case."""
    from capexpand.case.loading import load_case
    from capexpand.model.compile import compile_case
    from capexpand.optimiser.deterministic import build_program
    from capexpand.optimiser.highs import solve as solve_program
    from capexpand.optimiser.highs_model import load

    program, _ = build_program(compile_case(load_case(ROOT / "cases" / "alibaba-2025")))
    ours = Call("capexpand", lambda: solve_program(program))
    peer = Call("HiGHS as it comes", lambda: load(program).run())
    size = f"{program.cost.size} columns"
    return [compare_calls("solve", ours, peer, repeats=repeats, size=size)]


def large(repeats: int) -> list[Comparison]:
    """A large case from arrays to a checked plan, beside HiGHS alone on the same program from a file."""
    from capexpand.optimiser.deterministic import build_program

    program, _ = build_program(_synthetic(LARGE))
    sites, offers, workloads, quarters = LARGE
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.mps"
        _write(program, file)
        subject = python("capexpand", "-c", PLANNER, str(Path(__file__).parent), *map(str, LARGE))
        floor = python("HiGHS alone, from a file", "-c", BARE_SOLVER, str(file))
        size = f"{sites} sites × {offers} offers × {workloads} workloads × {quarters} quarters"
        return [compare_programs("large", subject, floor, repeats=min(repeats, LARGE_REPEATS), size=size)]


def _synthetic(sizes: tuple[int, int, int, int]) -> ModelData:
    from synthetic import synthetic

    sites, offers, workloads, quarters = sizes
    return synthetic(sites=sites, offers=offers, workloads=workloads, quarters=quarters)


def _write(program: LinearProgram, file: Path) -> None:
    from capexpand.optimiser.highs_model import load

    load(program).writeModel(str(file))
