"""Is a policy worth its training? One table for a case: gain, worst tenth, bias, deviation kept, time.

Run ``python benchmarks/lattices.py [CASE]``. The policy of the default lattice is trained once
for each lattice seed, that of the earlier default (20 and 6 nodes, not spread, 1,200 iterations) once, and
all are followed through the same fresh scenarios. Planning anew each quarter is followed through the first of
them. Ends with 1 where an aim is missed. ``--quick`` does the same with little of everything, to see that it
runs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from capexpand.case.loading import load_case
from capexpand.case.schema import Case
from capexpand.pipeline import LatticeSettings, PlannedPolicy, optimise_policy
from capexpand.policy.case_policy import PolicySettings
from capexpand.policy.outcomes import Outcomes, SampleSizes, simulate_policy
from capexpand.policy.strategies import measure_outcomes
from capexpand.scenarios import condensation
from capexpand.scenarios.entries import EntryKind, Floats
from capexpand.scenarios.lattice_errors import lattice_errors
from capexpand.scenarios.sampling import draw_scenarios

EARLIER = LatticeSettings(nodes=20, later_nodes=6, paths=8192)
EARLIER_ITERATIONS = 1200
PRICED: tuple[EntryKind, ...] = (
    "base_demand", "base_price", "purchase_price", "build_cost", "lease_fee", "hire_fee", "colocation_fee",
    "energy_price",
)  # fmt: skip
HALFWIDTH = 1.96


@dataclass(frozen=True)
class Trained:
    """A policy, what came of it, and the seconds of processor time that its training took."""

    planned: PlannedPolicy
    lattice: LatticeSettings
    outcomes: Outcomes
    seconds: float

    @property
    def value(self) -> Floats:
        """In each scenario, millions."""
        return self.outcomes.values("policy")


def main() -> int:
    """Train, follow and print."""
    options = _options()
    case, missed = load_case(options.case), list[str]()
    print(
        f"{case.title}: {options.scenarios} fresh scenarios, seed {options.seed}; money in bn {case.currency}"
    )
    with _not_spread():
        earlier = _trained(case, EARLIER, options.earlier_iterations, options, replanned=1)
    _row("earlier default", earlier)
    for seed in options.lattice_seeds:
        ours = _trained(case, replace(options.lattice, seed=seed), options.iterations, options)
        _row(f"default, lattice seed {seed}", ours)
        missed += _aims(ours, earlier, options)
    print("\n".join(["", *missed] if missed else ["", "Every aim is met."]))
    return int(bool(missed))


def _aims(ours: Trained, earlier: Trained, options: argparse.Namespace) -> Iterator[str]:
    """Print what is aimed at, and yield what is missed."""
    found, lattice = measure_outcomes(ours.outcomes), ours.planned.policy.lattice
    rolling = ours.outcomes.values("rolling")
    mine = ours.value[: rolling.size]
    gain, half = _mean(ours.value - earlier.value)
    text = f"{gain:+.2f} ± {half:.2f}"
    enough = gain >= options.least_gain and gain - half >= options.least_gain - 1.0
    yield from _line("gain over the earlier default", text, enough)
    beside, near = _mean(mine - rolling)
    won = beside - near > 0 and _tail(mine) > _tail(rolling)
    text = f"{beside:+.2f} ± {near:.2f}, worst tenth {_tail(mine):.1f} and {_tail(rolling):.1f}"
    text += f", {rolling.size} scenarios; recommended: {found.recommended.replace('_', ' ')}"
    yield from _line("gain over planning anew", text, won or found.recommended != "policy")
    inside, bias = ours.planned.policy.gap.mean / 1e3, found.lattice_bias
    left = inside - float(ours.value.mean()) / 1e3 - bias.mean / 1e3
    text = f"{inside:.1f} − {ours.value.mean() / 1e3:.1f} − {bias.mean / 1e3:.1f} = {left:+.2f}"
    yield from _line("in the lattice less fresh less bias", text, left <= 1.0)
    drawn = draw_scenarios(ours.planned.futures, ours.lattice.paths, seed=ours.lattice.seed)
    errors = lattice_errors(lattice, drawn)
    rows = [row for row, entry in enumerate(errors.entries) if entry.kind in PRICED]
    kept = {errors.entries[row].label: float(errors.kept_deviation[row]) for row in rows}
    least, most = min(kept, key=kept.__getitem__), max(kept, key=kept.__getitem__)
    text = f"{kept[least]:.1%} ({least}) to {kept[most]:.1%} ({most})"
    yield from _line(
        "standard deviation kept, prices and demand", text, kept[least] >= 0.95 and kept[most] <= 1.05
    )
    mean = float(np.max(errors.largest_mean_error))
    yield from _line("largest error of a mean", f"{mean:.1e}", mean <= 1e-9)
    times = ours.seconds / earlier.seconds
    yield from _line("training time beside the earlier default", f"{times:.2f} times", times <= 2.0)


def _line(name: str, text: str, good: bool) -> Iterator[str]:
    print(f"  {name:44} {text:50} {'met' if good else 'missed'}")
    if not good:
        yield f"missed: {name}: {text}"


def _trained(
    case: Case,
    lattice: LatticeSettings,
    iterations: int,
    options: argparse.Namespace,
    *,
    replanned: int | None = None,
) -> Trained:
    started = time.process_time()
    planned = optimise_policy(
        case, settings=PolicySettings(iterations=iterations, gap_fraction=0.0), lattice=lattice
    )
    seconds = time.process_time() - started
    sizes = SampleSizes(
        options.scenarios,
        foresight=1,
        rolling=options.replanned if replanned is None else replanned,
        mean_on_nodes=options.scenarios,
    )
    outcomes = simulate_policy(
        planned.policy, planned.data, planned.futures, sizes=sizes, seed=options.seed, workers=options.workers
    )
    return Trained(planned, lattice, outcomes, seconds)


def _row(name: str, trained: Trained) -> None:
    mean, half = _mean(trained.value)
    nodes = [quarter.nodes for quarter in trained.planned.policy.lattice.quarters]
    rounds = trained.planned.policy.trained.records
    iterations = rounds[-1].iterations if rounds else 0
    print(
        f"{name}: {max(nodes)} nodes, {iterations} iterations, {trained.seconds:.0f} s;"
        f" worth {mean:.2f} ± {half:.2f}, worst tenth {_tail(trained.value):.1f}"
    )


def _mean(values: Floats) -> tuple[float, float]:
    half = HALFWIDTH * float(values.std(ddof=1)) / values.size**0.5 if values.size > 1 else float("inf")
    return float(values.mean()) / 1e3, half / 1e3


def _tail(values: Floats) -> float:
    return float(np.sort(values)[: max(1, round(0.1 * values.size))].mean()) / 1e3


@contextmanager
def _not_spread() -> Generator[None]:
    """Lattices without variance matching, as they were."""
    spread = condensation.spread_values
    condensation.spread_values = lambda values, *_, **__: values
    try:
        yield
    finally:
        condensation.spread_values = spread


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="?", type=Path, default=Path("cases/alibaba-2025"))
    parser.add_argument("--scenarios", type=int, default=2000)
    parser.add_argument(
        "--replanned", type=int, default=1000, help="scenarios that are planned anew each quarter"
    )
    parser.add_argument("--seed", type=int, default=5, help="of the fresh scenarios")
    parser.add_argument("--lattice-seeds", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--iterations", type=int, default=PolicySettings().iterations)
    parser.add_argument("--earlier-iterations", type=int, default=EARLIER_ITERATIONS)
    parser.add_argument("--workers", type=int, default=2, help="that follow scenarios")
    parser.add_argument(
        "--least-gain",
        type=float,
        default=3.0,
        help="over the earlier default, bn; its lower limit is one less",
    )
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    options.lattice = LatticeSettings()
    if options.quick:
        options.scenarios, options.replanned, options.lattice_seeds = 40, 4, [2]
        options.iterations = options.earlier_iterations = 6
        options.lattice = LatticeSettings(nodes=16, later_nodes=8, paths=512)
    return options


if __name__ == "__main__":
    sys.exit(main())
