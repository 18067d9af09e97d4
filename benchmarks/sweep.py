"""How many plans a minute: a sweep beside solving each point from nothing, here and through linopy.

Run ``python benchmarks/sweep.py [--case alibaba-2025] [--points 24] [--peers 4]``. All are timed in one
run, on points of the same grid; the values of all must agree. What one process does is measured in the time
of its processor, which other programs on the machine disturb least; the whole sweep by the clock.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from capexpand.executing.local import LocalProcesses
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.warm import WarmPlanner
from capexpand.studies.sweep.axes import Box
from capexpand.studies.sweep.designs import make_points, order_of_solving
from capexpand.studies.sweep.outcomes import PointPlanner
from capexpand.studies.sweep.pool import plan_points

ROOT = Path(__file__).parents[1]
AXES = ("programme.cap=0.7x:1.3x:7", "offers.*.supply.*.limit=0.7x:1.3x:7", "sites.*.grid=1x:1.3x:4")


def main() -> int:
    """Time the three and print their rates; return 1 where values differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", default="alibaba-2025")
    parser.add_argument("--points", type=int, default=24, help="of the sweep")
    parser.add_argument(
        "--peers", type=int, default=4, help="points that the peers solve, spread over the grid"
    )
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    box = Box(options.case, None, AXES)
    points = list(make_points(box.axes, "grid", None, seed=1).points)
    planner = PointPlanner(box)
    order, parents = order_of_solving(box.axes, points, (1.0, 1.0, 1.0))
    order = order[: options.points]

    begun = time.perf_counter()
    found = dict(
        plan_points(
            planner,
            dict(enumerate(points)),
            lambda i: parents[i],
            {},
            order=order,
            engine=LocalProcesses(options.workers),
        )
    )
    whole = time.perf_counter() - begun
    shown = [order[i] for i in np.unique(np.linspace(0, len(order) - 1, options.peers).astype(int))]
    warm: list[float] = []
    cold: list[float] = []
    linopy: list[float] = []
    wrong = 0
    for place in shown:
        value = found[place].values.objective  # type: ignore[union-attr]
        start = planner.declared.basis if parents[place] < 0 else found[parents[place]].basis
        seconds, other = timed(lambda p=points[place], b=start: warm_value(box, p, b))
        warm.append(seconds)
        wrong += differs(value, other)
        seconds, other = timed(lambda p=points[place]: cold_value(box, p))
        cold.append(seconds)
        wrong += differs(value, other)
        seconds, other = timed(lambda p=points[place]: linopy_value(box, p))
        linopy.append(seconds)
        wrong += differs(value, other)
    own = float(np.median(warm))
    rate = 60 * len(order) / whole
    print(f"{options.case}, {len(order)} points of {len(points)}, {len(shown)} of them by the peers")
    print(f"sweep in {options.workers} processes, with and without the programme: {rate:.0f} points a minute")
    for name, seconds in (("from a neighbour's basis", warm), ("from nothing", cold), ("by linopy", linopy)):
        middle = float(np.median(seconds))
        print(f"one process, {name}: {60.0 / middle:.0f} plans a minute, {middle / own:.1f} times as long")
    if wrong:
        print(f"{wrong} values differ", file=sys.stderr)
    return int(wrong > 0)  # numpy's own integers are no exit codes


def timed(work: Callable[[], float]) -> tuple[float, float]:
    begun = time.process_time()
    value = work()
    return time.process_time() - begun, value


def differs(one: float, other: float) -> bool:
    return abs(one - other) > 1e-6 * max(1.0, abs(one))


def warm_value(box: Box, point: tuple[float, ...], basis: object) -> float:
    return WarmPlanner(sides="any").optimum(compile_case(box.load(point)), start=basis).objective  # type: ignore[arg-type]


def cold_value(box: Box, point: tuple[float, ...]) -> float:
    return optimise_plan(compile_case(box.load(point)), duals=False).solver.objective


def linopy_value(box: Box, point: tuple[float, ...]) -> float:
    sys.path.insert(0, str(ROOT / "tests" / "model"))
    from oracle import oracle_objective  # pyrefly: ignore[missing-import]  it serves the tests

    return oracle_objective(compile_case(box.load(point)))


if __name__ == "__main__":
    sys.exit(main())
