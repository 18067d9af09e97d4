"""Trees of few futures for the shipped cases: scenarios in groups that part at given quarters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from capexpand.case.loading import load_case
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.scenarios.futures import compile_futures
from capexpand.scenarios.lattice import Lattice, LatticeQuarter
from capexpand.scenarios.quantisation import quantise
from capexpand.scenarios.sampling import Scenarios, draw_scenarios

CASES = Path(__file__).parents[2] / "cases"
_SCENARIOS = 256


def shortened_tree(
    name: str, quarters: int, parts: Mapping[int, int], folder: Path
) -> tuple[ModelData, Lattice]:
    """Return a shipped case with a shorter horizon, and a tree of its futures.

    Args:
        name: of the case.
        quarters: of its horizon.
        parts: how many groups a group parts into, by the quarter in which they first differ.
        folder: where to write the case that extends the shipped one.
    """
    shipped = load_case(CASES / name)
    start = shipped.calendar.start.isoformat()
    file = folder / "case.yaml"
    text = f"extends: {CASES / name / 'case.yaml'}\ncalendar: {{start: {start}, quarters: {quarters}}}\n"
    file.write_text(text, "utf-8")
    case = load_case(file)
    scenarios = draw_scenarios(compile_futures(case), _SCENARIOS, seed=1)
    return compile_case(case), tree_of(scenarios, parts)


def tree_of(scenarios: Scenarios, parts: Mapping[int, int]) -> Lattice:
    """Return the lattice in which every node has one parent; its factors are the means of a group."""
    count, last = scenarios.count, scenarios.quarters - 1
    group = np.zeros(count, dtype=np.int64)
    groups = [group]
    for t in range(1, last + 1):
        if t in parts:
            group = _parted(scenarios, group, t, parts[t])
        groups.append(group)
    quarters = []
    for t, here in enumerate(groups):
        factors, nodes = scenarios.factors(t), int(here.max()) + 1
        means = np.stack([factors[:, here == n].mean(axis=1) for n in range(nodes)], axis=1)
        transition = np.zeros((nodes, 0 if t == last else int(groups[t + 1].max()) + 1))
        if t < last:
            np.add.at(transition, (here, groups[t + 1]), 1.0)
            transition /= transition.sum(axis=1, keepdims=True)
        quarters.append(
            LatticeQuarter(
                probability=np.bincount(here) / count,
                state=np.zeros((0, nodes), dtype=np.int64),
                centre=np.zeros((0, nodes)),
                factors=means,
                outcome_probability=np.ones((nodes, 1)),
                outcomes=means[:, :, None],
                transition=transition,
            )
        )
    return Lattice(scenarios.entries, (), (), tuple(quarters), np.zeros((scenarios.quarters, 0, 0)))


def _parted(scenarios: Scenarios, group: np.ndarray, quarter: int, parts: int) -> np.ndarray:
    """Parts each group by how what is at stake differs from a quarter on."""
    stake = scenarios.futures.at_stake
    ahead = range(quarter, scenarios.quarters)
    points = np.concatenate([scenarios.factors(t) * stake[:, [t]] for t in ahead]).T
    result = np.zeros_like(group)
    for each in range(int(group.max()) + 1):
        here = group == each
        found = quantise(points[here], parts, generator=np.random.default_rng(each))
        result[here] = int(result.max()) + 1 + found if each else found
    return result
