"""Repeat the experiments of the FGD paper: seventeen workloads, six rules, ten seeds each.

The arrivals of an experiment are drawn as the authors drew them: the tasks by name, shuffled; more of them
drawn at random (or some removed) until the accelerators asked for reach 130 % of the cluster; the nodes, by
name, permuted. Among equal scores the first node of that permutation wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.packing.tasks import (
    MAX_ACCELERATORS,
    MILLI,
    MOST_MODELS,
    NodeArrays,
    PlacementRule,
    TaskClass,
    make_nodes,
)
from capexpand_reproductions.go_random import GoRandom
from capexpand_reproductions.packing import Arrivals, PackingOutcome, make_arrivals, pack

if TYPE_CHECKING:
    import polars as pl

SEEDS = tuple(range(42, 52))
DEMAND_RATIO = 1.3
RULE_NAMES = {
    PlacementRule.RANDOM: "Random",
    PlacementRule.DOT_PRODUCT: "DotProd",
    PlacementRule.CLUSTERING: "GpuClustering",
    PlacementRule.PACKING: "GpuPacking",
    PlacementRule.BEST_FIT: "BestFit",
    PlacementRule.FRAGMENTATION_GRADIENT: "FGD",
}
LARGEST = 10**12
"""Of CPU [0.001 core] and memory [MiB]."""
PREFIX = "openb_pod_list_"
START_UP_DRAWS = 10
"""Draws that the authors' simulator spends on the time-outs of its watches before it permutes the nodes."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The tasks of one file, sorted by name.

    Args:
        name: the file's name without its common beginning and its ending.
        tasks: one entry per task.
    """

    name: str
    tasks: tuple[TaskClass, ...]


@dataclass(frozen=True, slots=True)
class Experiment:
    """One seed of one workload, ready for any rule.

    Args:
        nodes: the cluster in the seed's order.
        arrivals: the tasks in the seed's order.
    """

    nodes: NodeArrays
    arrivals: Arrivals


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How a rule did on a workload, averaged over seeds.

    Args:
        workload: name of the workload.
        rule: the rule.
        allocated_percent_by_seed: share allocated when arrivals reach 100 % of the cluster [%], one per seed.
        allocated_percent_at_130: share allocated at 130 % [%].
        fragmented_percent_at_50: share fragmented at 50 % [%].
        fragmented_percent_at_100: share fragmented at 100 % [%].
        total_accelerators: all accelerators of the cluster.
    """

    workload: str
    rule: PlacementRule
    allocated_percent_by_seed: tuple[float, ...]
    allocated_percent_at_130: float
    fragmented_percent_at_50: float
    fragmented_percent_at_100: float
    total_accelerators: int

    @property
    def allocated_percent(self) -> float:
        """Mean over the seeds of the share allocated at 100 % arrivals [%]."""
        return float(np.mean(self.allocated_percent_by_seed))

    @property
    def standard_deviation(self) -> float:
        """Sample standard deviation over the seeds [%]."""
        values = self.allocated_percent_by_seed
        return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0

    @property
    def unallocated_accelerators(self) -> float:
        """Mean number of accelerators left unallocated at 100 % arrivals."""
        return self.total_accelerators * (1 - self.allocated_percent / 100)


def read_nodes(path: Path) -> NodeArrays:
    """Read the node list of the Alibaba GPU trace of 2023, sorted by name.

    Args:
        path: ``openb_node_list_gpu_node.csv``, plain or compressed.
    """
    import polars as pl

    from capexpand.replay.sources.tables import read_columns

    table = read_columns(
        path,
        {"sn": pl.String, "cpu_milli": pl.Int64, "memory_mib": pl.Int64, "gpu": pl.Int64, "model": pl.String},
    ).sort("sn")
    _check_whole_numbers(path, table, {"cpu_milli": LARGEST, "memory_mib": LARGEST, "gpu": MAX_ACCELERATORS})
    if table["model"].n_unique() > MOST_MODELS:
        raise CaseError([Problem(f"names more than {MOST_MODELS} models of accelerators", file=path)])
    return make_nodes(
        table["cpu_milli"].to_list(),
        table["memory_mib"].to_list(),
        table["gpu"].to_list(),
        table["model"].fill_null("").to_list(),
    )


def _check_whole_numbers(path: Path, table: pl.DataFrame, limits: Mapping[str, int]) -> None:
    """Refuse rows of which a whole number is missing or above the limit of its column."""
    import polars as pl

    from capexpand.replay.sources.tables import LINE

    problems: list[Problem] = []
    for name, most in limits.items():
        bad = table.filter(~pl.col(name).is_between(0, most).fill_null(value=False))
        if len(bad):
            found = bad[name][0]
            message = "is missing" if found is None else f"{found} is not from 0 to {most:,}"
            problems.append(Problem(message, path=name, file=path, line=bad[LINE][0]))
    if problems:
        raise CaseError(problems)


def read_workload(path: Path) -> Workload:
    """Read one list of tasks of the Alibaba GPU trace of 2023, sorted by name.

    Args:
        path: ``openb_pod_list_*.csv``, plain or compressed.
    """
    import polars as pl

    from capexpand.replay.sources.tables import read_columns

    table = read_columns(
        path,
        {
            "name": pl.String,
            "cpu_milli": pl.Int64,
            "memory_mib": pl.Int64,
            "num_gpu": pl.Int64,
            "gpu_milli": pl.Int64,
        },
        optional={"gpu_spec": pl.String},
    ).sort("name")
    limits = {"cpu_milli": LARGEST, "memory_mib": LARGEST, "num_gpu": MAX_ACCELERATORS, "gpu_milli": MILLI}
    _check_whole_numbers(path, table, limits)
    rows = zip(
        table["cpu_milli"].to_list(),
        table["gpu_milli"].to_list(),
        table["num_gpu"].to_list(),
        table["gpu_spec"].fill_null("").to_list(),
        table["memory_mib"].to_list(),
        strict=True,
    )
    name = path.name.removeprefix(PREFIX).split(".")[0]
    return Workload(name, tuple(TaskClass(*row) for row in rows))


def find_workloads(folder: Path) -> tuple[Path, tuple[Path, ...]]:
    """Find the node list and the task lists below a folder.

    Args:
        folder: the folder of traces, or the folder of this trace.

    Returns:
        The node list, and the task lists sorted by name.

    Raises:
        CaseError: there is no node list or no task list.
    """
    nodes = sorted(folder.rglob("openb_node_list_gpu_node.csv*"))
    lists = sorted(folder.rglob(f"{PREFIX}*.csv*"))
    problems = []
    if not nodes:
        problems.append(Problem("no openb_node_list_gpu_node.csv[.gz] below this folder", file=folder))
    if not lists:
        problems.append(Problem(f"no {PREFIX}*.csv[.gz] below this folder", file=folder))
    if problems:
        raise CaseError(problems)
    return nodes[0], tuple(lists)


def prepare_experiment(nodes: NodeArrays, workload: Workload, *, seed: int) -> Experiment:
    """Draw the arrivals and the order of the nodes as the authors' simulator does.

    Args:
        nodes: the cluster, sorted by name.
        workload: the tasks, sorted by name.
        seed: the authors used 42 to 51.
    """
    random = GoRandom(seed)
    random.int63()  # their simulator logs one draw before it begins
    tasks = list(workload.tasks)
    random.shuffle(tasks)
    target = DEMAND_RATIO * (nodes.total_accelerators * MILLI)
    asked = sum(task.total_milli for task in tasks)
    if asked > target:
        while asked > target:
            asked -= tasks.pop(random.below(len(tasks))).total_milli
    elif asked < target:
        while True:
            task = workload.tasks[random.below(len(workload.tasks))]
            # one accelerator of the task, not all of them, decides whether it is the last
            if asked + task.accelerator_milli > target:
                break
            asked += task.total_milli
            tasks.append(task)
    for _ in range(START_UP_DRAWS):
        random.int63()
    place = random.permutation(len(nodes))
    order = np.argsort(np.array(place), kind="stable")
    return Experiment(nodes.reordered(order.tolist()), make_arrivals(tasks, workload=workload.tasks))


def run_experiment(experiment: Experiment, rule: PlacementRule, *, seed: int) -> PackingOutcome:
    """Run one rule on one prepared experiment.

    Args:
        experiment: from ``prepare_experiment``.
        rule: how a node is chosen.
        seed: for the random rule.
    """
    return pack(experiment.nodes, experiment.arrivals, rule=rule, seed=seed)


def reproduce(
    nodes: NodeArrays,
    workload: Workload,
    *,
    rules: Sequence[PlacementRule] = tuple(PlacementRule),
    seeds: Sequence[int] = SEEDS,
    random_repeats: int = 8,
) -> Iterator[RuleResult]:
    """Run the rules on a workload, each over all seeds.

    Args:
        nodes: the cluster, sorted by name.
        workload: the tasks.
        rules: which rules.
        seeds: which seeds.
        random_repeats: how often the random rule is drawn for each seed's arrivals. Its draws depend in the
            authors' simulator on the timing of threads, so a single one is only a sample; the mean is not.
    """
    outcomes: dict[PlacementRule, list[tuple[float, float, float, float]]] = {rule: [] for rule in rules}
    for seed in seeds:
        experiment = prepare_experiment(nodes, workload, seed=seed)
        for rule in rules:
            repeats = random_repeats if rule is PlacementRule.RANDOM else 1
            readings = [
                _read(run_experiment(experiment, rule, seed=1000 * seed + repeat))
                for repeat in range(repeats)
            ]
            at_100, at_130, low, high = np.mean(readings, axis=0).tolist()
            outcomes[rule].append((at_100, at_130, low, high))
    for rule in rules:
        columns = list(zip(*outcomes[rule], strict=True))
        yield RuleResult(
            workload.name,
            rule,
            tuple(columns[0]),
            float(np.mean(columns[1])),
            float(np.mean(columns[2])),
            float(np.mean(columns[3])),
            nodes.total_accelerators,
        )


def _read(outcome: PackingOutcome) -> tuple[float, float, float, float]:
    allocated = outcome.allocated_percent
    fragmented = outcome.fragmented_percent
    return (
        outcome.at_arrived_percent(allocated, 100),
        outcome.at_arrived_percent(allocated, 130),
        outcome.at_arrived_percent(fragmented, 50),
        outcome.at_arrived_percent(fragmented, 100),
    )
