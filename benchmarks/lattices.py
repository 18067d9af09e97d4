"""Is a policy worth its training? One table for a case: gain, worst tenth, bias, deviation kept, time.

Run ``python benchmarks/lattices.py [CASE] [--keep DIR]``. The policy of the default lattice is trained once
for each lattice seed, that of the earlier default (20 and 6 nodes, not spread, 1,200 iterations) once, and
all are followed through the same fresh scenarios. Planning anew each quarter, for the means of the first
lattice seed, is followed through the first of them. One policy is in memory at a time, and of it only its
values stay. With ``--keep`` each part is written to the folder as it is done, and a benchmark that was
interrupted goes on from there. Ends with 1 where an aim is missed. ``--quick`` does the same with little of
everything, to see that it runs.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from capexpand.case.loading import load_case
from capexpand.case.schema import Case
from capexpand.model.blocks import Indices
from capexpand.model.compile import compile_case
from capexpand.model.realised import realise
from capexpand.optimiser.deterministic import base_value, optimise_plan
from capexpand.pipeline import LatticeSettings, PlannedPolicy, case_lattice, optimise_policy
from capexpand.policy.case_policy import PolicySettings
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import Stages, take_apart
from capexpand.policy.policy_paths import follow_policy
from capexpand.policy.resolved import WholePrograms, roll
from capexpand.policy.strategies import recommended
from capexpand.scenarios import condensation
from capexpand.scenarios.entries import EntryKind, Floats
from capexpand.scenarios.futures import Futures
from capexpand.scenarios.lattice import Lattice
from capexpand.scenarios.lattice_errors import lattice_errors
from capexpand.scenarios.sampling import Scenarios, draw_scenarios
from capexpand.sddp.parallel import one_thread

EARLIER = LatticeSettings(nodes=20, later_nodes=6, paths=8192)
EARLIER_ITERATIONS = 1200
PRICED: tuple[EntryKind, ...] = (
    "base_demand", "base_price", "purchase_price", "build_cost", "lease_fee", "hire_fee", "colocation_fee",
    "energy_price",
)  # fmt: skip
HALFWIDTH = 1.96
AT_ONCE = 250
"""Scenarios that are followed together."""
REPLANNED_AT_ONCE = 25

Part = dict[str, np.ndarray]
"""What is kept of a part of the benchmark: values by scenario [bn] and single numbers."""


def main() -> int:
    """Train, follow and print."""
    options = _options()
    case = load_case(options.case)
    kept = Kept(options.keep, f"{case.provenance.content_hash} {options.scenarios} {options.seed}")
    with one_thread():
        return _table(case, options, kept)


def _table(case: Case, options: argparse.Namespace, kept: Kept) -> int:
    """Do what is not done yet, and print the table."""
    missed = list[str]()
    what = f"{options.scenarios} fresh scenarios, seed {options.seed}; money in bn {case.currency}"
    print(f"{case.title}: {what}", flush=True)
    earlier = _policy(case, EARLIER, options.earlier_iterations, options, kept=kept, spread=False)
    _row("earlier default", earlier)
    found: dict[int, Part] = {}
    for seed in options.lattice_seeds:
        lattice = replace(options.lattice, seed=seed)
        found[seed] = _policy(case, lattice, options.iterations, options, kept=kept)
        _row(f"default, lattice seed {seed}", found[seed])
    anew = _replanned(case, replace(options.lattice, seed=options.lattice_seeds[0]), options, kept)
    for seed, ours in found.items():
        print(f"default, lattice seed {seed}")
        missed += _aims(ours, earlier, anew, options)
    print("\n".join(["", *missed] if missed else ["", "Every aim is met."]))
    return int(bool(missed))


class Kept:
    """What was found before, in a folder, where one is named.

    Args:
        folder: for the parts, or None.
        asked: the case and the scenarios, which name the parts too.
    """

    def __init__(self, folder: Path | None, asked: str) -> None:
        self._folder, self._asked = folder, asked

    def part(self, name: str, find: Callable[[], Part]) -> Part:
        """Return a part: as it was kept, or as it is found now."""
        if self._folder is None:
            return find()
        file = self._folder / f"{sha256(f'{self._asked} {name}'.encode()).hexdigest()[:16]}.npz"
        if file.exists():
            with np.load(file) as held:
                return dict(held)
        found = find()
        self._folder.mkdir(parents=True, exist_ok=True)
        with file.with_suffix(".part").open("wb") as opened:
            np.savez(opened, allow_pickle=False, **found)
        file.with_suffix(".part").replace(file)
        return found


def _policy(
    case: Case,
    lattice: LatticeSettings,
    iterations: int,
    options: argparse.Namespace,
    *,
    kept: Kept,
    spread: bool = True,
) -> Part:
    """What a policy of this lattice is worth, and what its lattice keeps."""

    def find() -> Part:
        started = time.process_time()
        with nullcontext() if spread else _not_spread():
            planned = optimise_policy(
                case, settings=PolicySettings(iterations=iterations, gap_fraction=0.0), lattice=lattice
            )
        seconds = time.process_time() - started
        part = {**_followed(planned, options), **_deviation(planned, lattice), "seconds": np.array(seconds)}
        del planned
        gc.collect()
        return part

    return kept.part(f"policy {asdict(lattice)} {iterations} {spread}", find)


def _followed(planned: PlannedPolicy, options: argparse.Namespace) -> Part:
    """The policy's values in the fresh scenarios, and those of the plan for the mean with either data."""
    policy, stages = planned.policy, planned.policy.stages
    drawn, factors = _drawn(planned.futures, options)
    nodes = _nodes(policy.lattice, drawn)
    plan = FixedPlan.of(optimise_plan(realise(stages.data, stages.entries, planned.futures.mean)))
    fixed = FixedPlans(stages.data, stages.numbers, compiled="KernelStage" in policy.trained.back_ends_used)
    ours, true, on_nodes = list[Floats](), list[Floats](), list[Floats]()
    for first in range(0, options.scenarios, AT_ONCE):
        part = slice(first, first + AT_ONCE)
        here = np.stack([q.factors[:, nodes[t, part]] for t, q in enumerate(policy.lattice.quarters)])
        ours.append(follow_policy(policy, factors[:, :, part], nodes[:, part]).books.value)
        true.append(fixed.follow(plan, factors[:, :, part]).value)
        on_nodes.append(fixed.follow(plan, here).value)
    same = base_value(stages.data)
    rounds = policy.trained.records
    return {
        "policy": (np.concatenate(ours) + same) / 1e3,
        "mean_value": (np.concatenate(true) + same) / 1e3,
        "on_nodes": (np.concatenate(on_nodes) + same) / 1e3,
        "inside": np.array(policy.gap.mean / 1e3),
        "inside_half": np.array(policy.gap.halfwidth / 1e3),
        "iterations": np.array(rounds[-1].iterations if rounds else 0),
        "nodes": np.array(max(quarter.nodes for quarter in policy.lattice.quarters)),
    }


def _deviation(planned: PlannedPolicy, lattice: LatticeSettings) -> Part:
    """What the lattice keeps of the deviation of prices and demand, and the largest error of a mean."""
    drawn = draw_scenarios(planned.futures, lattice.paths, seed=lattice.seed)
    errors = lattice_errors(planned.policy.lattice, drawn)
    rows = [row for row, entry in enumerate(errors.entries) if entry.kind in PRICED]
    rows.sort(key=lambda row: float(errors.kept_deviation[row]))
    ends = [rows[0], rows[-1]]
    return {
        "kept": errors.kept_deviation[ends],
        "kept_of": np.array([errors.entries[row].label for row in ends]),
        "mean_error": np.array(float(np.max(errors.largest_mean_error))),
    }


def _replanned(case: Case, lattice: LatticeSettings, options: argparse.Namespace, kept: Kept) -> Floats:
    """Values of planning anew each quarter for the means of a lattice, in the first scenarios."""

    @cache
    def ready() -> tuple[Stages, Lattice, FixedPlans, WholePrograms, Floats, Indices]:
        futures, condensed = case_lattice(case, lattice)
        stages = take_apart(replace(compile_case(case), financing=None), condensed)
        drawn, factors = _drawn(futures, options)
        fixed = FixedPlans(stages.data, stages.numbers, compiled=True)
        programs = WholePrograms(stages, futures.mean)
        return stages, condensed, fixed, programs, factors, _nodes(condensed, drawn)

    def find(part: slice) -> Part:
        stages, condensed, fixed, programs, factors, nodes = ready()
        books = roll(stages, condensed, fixed, factors[:, :, part], nodes[:, part], programs=programs)
        return {"rolling": (books.value + base_value(stages.data)) / 1e3}

    found = list[Floats]()
    for first in range(0, options.replanned, REPLANNED_AT_ONCE):
        part = slice(first, min(first + REPLANNED_AT_ONCE, options.replanned))
        name = f"anew {asdict(lattice)} {part.start} {part.stop}"
        found.append(kept.part(name, lambda part=part: find(part))["rolling"])
    return np.concatenate(found)


def _drawn(futures: Futures, options: argparse.Namespace) -> tuple[Scenarios, Floats]:
    """The fresh scenarios with their factors [quarter, entry, scenario]."""
    drawn = draw_scenarios(futures, options.scenarios, seed=options.seed)
    return drawn, np.stack([drawn.factors(t) for t in range(drawn.quarters)])


def _nodes(lattice: Lattice, drawn: Scenarios) -> Indices:
    """The nearest nodes [quarter, scenario]."""
    quarters = range(drawn.quarters)
    return np.stack([lattice.nearest(t, drawn.persistent(t), drawn.regime_states(t)) for t in quarters])


def _aims(ours: Part, earlier: Part, anew: Floats, options: argparse.Namespace) -> Iterator[str]:
    """Print what is aimed at, and yield what is missed."""
    mine, same = ours["policy"], ours["policy"][: anew.size]
    gain, half = _mean(mine - earlier["policy"])
    enough = gain >= options.least_gain and gain - half >= options.least_gain - 1.0
    yield from _line("gain over the earlier default", f"{gain:+.2f} ± {half:.2f}", enough)
    beside, near = _mean(same - anew)
    won = beside - near > 0 and _tail(same) > _tail(anew)
    best = recommended({"policy": mine, "rolling": anew, "mean_value": ours["mean_value"]})
    text = f"{beside:+.2f} ± {near:.2f}, worst tenth {_tail(same):.1f} and {_tail(anew):.1f}"
    text += f", {anew.size} scenarios; recommended: {best.replace('_', ' ')}"
    yield from _line("gain over planning anew", text, won or best != "policy")
    inside, fresh = float(ours["inside"]), float(mine.mean())
    bias = float((ours["on_nodes"] - ours["mean_value"]).mean())
    left = inside - fresh - bias
    text = f"{inside:.1f} − {fresh:.1f} − {bias:.1f} = {left:+.2f} ± {float(ours['inside_half']):.2f}"
    yield from _line("in the lattice less fresh less bias", text, left <= 1.0)
    (least, most), (low, high) = ours["kept"], ours["kept_of"]
    text = f"{least:.1%} ({low}) to {most:.1%} ({high})"
    yield from _line("standard deviation kept, prices and demand", text, least >= 0.95 and most <= 1.05)
    mean = float(ours["mean_error"])
    yield from _line("largest error of a mean", f"{mean:.1e}", mean <= 1e-9)
    times = float(ours["seconds"] / earlier["seconds"])
    yield from _line("training time beside the earlier default", f"{times:.2f} times", times <= 2.0)


def _line(name: str, text: str, good: bool) -> Iterator[str]:
    print(f"  {name:44} {text:50} {'met' if good else 'missed'}")
    if not good:
        yield f"missed: {name}: {text}"


def _row(name: str, part: Part) -> None:
    mean, half = _mean(part["policy"])
    print(
        f"{name}: {part['nodes']} nodes, {part['iterations']} iterations, {float(part['seconds']):.0f} s;"
        f" worth {mean:.2f} ± {half:.2f}, worst tenth {_tail(part['policy']):.1f}",
        flush=True,
    )


def _mean(values: Floats) -> tuple[float, float]:
    half = HALFWIDTH * float(values.std(ddof=1)) / values.size**0.5 if values.size > 1 else float("inf")
    return float(values.mean()), half


def _tail(values: Floats) -> float:
    return float(np.sort(values)[: max(1, round(0.1 * values.size))].mean())


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
    parser.add_argument("--keep", type=Path, help="folder for parts that are done, to go on from")
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
