"""One packing experiment: tasks arrive one after another at an empty cluster and stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.replay.packing.arrays import as_classes, as_nodes, as_typical
from capexpand.replay.packing.tasks import (
    NodeArrays,
    PlacementRule,
    TaskClass,
    TypicalTask,
    find_typical_tasks,
)


@dataclass(frozen=True, slots=True)
class PackingOutcome:
    """What became of each arrival, and the state of the cluster after it.

    Args:
        node: node of each arrival, -1 where none had room, shape (arrivals,).
        accelerator_bits: which of the node's accelerators were taken, as bits, shape (arrivals,).
        arrived_milli: accelerators asked for so far [0.001 accelerator], shape (arrivals,).
        used_milli: accelerators in use [0.001 accelerator], shape (arrivals,).
        fragment_milli: idle accelerators that a typical task cannot use [0.001 accelerator], shape
            (arrivals,).
        total_accelerators: all accelerators of the cluster.
    """

    node: np.ndarray
    accelerator_bits: np.ndarray
    arrived_milli: np.ndarray
    used_milli: np.ndarray
    fragment_milli: np.ndarray
    total_accelerators: int

    @property
    def unplaced(self) -> int:
        """How many tasks found no room."""
        return int((self.node < 0).sum())

    @property
    def allocated_percent(self) -> np.ndarray:
        """Share of the accelerators in use after each arrival [%], shape (arrivals,)."""
        return self.used_milli / self.total_accelerators / 10

    @property
    def fragmented_percent(self) -> np.ndarray:
        """Share of all accelerators that is idle and fragmented [%], shape (arrivals,)."""
        return self.fragment_milli / self.total_accelerators / 10

    def at_arrived_percent(self, series: np.ndarray, percent: int) -> float:
        """Average a series over the arrivals at which the demand so far rounds to a whole percentage.

        This is how the authors of FGD read their curves: each value rounded to two digits, averaged over the
        arrivals whose cumulative demand rounds to the percentage (over one point either side where there is
        none), and rounded again.

        Args:
            series: one value per arrival, shape (arrivals,).
            percent: demand so far as a share of the cluster [%].

        Returns:
            The average, not a number where no arrival comes near.
        """
        arrived = np.round(self.arrived_milli / self.total_accelerators / 10, 0)
        near = arrived == percent
        if not near.any():
            near = (arrived >= percent - 1) & (arrived <= percent + 1)
        if not near.any():
            return float("nan")
        return float(np.round(np.round(series[near], 2).mean(), 2))


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A list of tasks in the form that packing needs.

    Args:
        classes: the distinct tasks.
        order: class of each arrival, shape (arrivals,).
        typical: the typical tasks.
    """

    classes: tuple[TaskClass, ...]
    order: np.ndarray
    typical: tuple[TypicalTask, ...]


def make_arrivals(tasks: Sequence[TaskClass], *, workload: Sequence[TaskClass] | None = None) -> Arrivals:
    """Collect the distinct tasks of a list of arrivals.

    Args:
        tasks: the arrivals, in order.
        workload: the tasks that define what is typical; the arrivals themselves when None.
    """
    classes: dict[TaskClass, int] = {}
    order = np.array([classes.setdefault(task, len(classes)) for task in tasks], dtype=np.int64)
    return Arrivals(tuple(classes), order, find_typical_tasks(tasks if workload is None else workload))


def pack(nodes: NodeArrays, arrivals: Arrivals, *, rule: PlacementRule, seed: int = 0) -> PackingOutcome:
    """Place arriving tasks on an empty cluster and keep them there.

    Args:
        nodes: the cluster; among equal scores the first node wins.
        arrivals: the tasks.
        rule: how a node is chosen.
        seed: for the random rule.

    Returns:
        Where each task went, and how full and fragmented the cluster was after it.
    """
    from capexpand.replay.packing.cluster import empty_cluster
    from capexpand_reproductions.packing_loop import Placements, pack_arrivals

    count = len(arrivals.order)
    classes = arrivals.classes
    placed = Placements(
        np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count)
    )
    draws = np.random.default_rng(seed).random(2 * count if rule is PlacementRule.RANDOM else 1)
    node_arrays = as_nodes(nodes)
    class_arrays = as_classes(classes, nodes.model_names)
    typical = as_typical(arrivals.typical, nodes.model_names)
    state = empty_cluster(node_arrays, class_arrays, typical, draws)
    pack_arrivals(int(rule), node_arrays, class_arrays, typical, arrivals.order, state, placed)
    asked = np.array([task.total_milli for task in classes], dtype=np.int64)[arrivals.order]
    return PackingOutcome(
        placed.node,
        placed.taken,
        np.cumsum(asked),
        placed.used_milli,
        placed.fragment_milli,
        nodes.total_accelerators,
    )
