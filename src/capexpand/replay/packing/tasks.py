"""The typed inputs of packing: nodes, classes of tasks, and the typical tasks that define fragmentation.

Fragmentation follows Weng et al., "Beware of Fragmentation" (USENIX ATC 2023): the part of the idle
accelerators that a task, drawn from the typical ones, cannot use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

MILLI = 1000
MAX_ACCELERATORS = 16
MOST_MODELS = 62
UNKNOWN = 1 << 50
"""CPU and memory of a node of which they are not known: no limit, and no part of a score."""

DEFAULT_CPU_MILLI = 100
"""What a task without a CPU request counts as in scores, as the scheduler of Kubernetes has it."""


class PlacementRule(IntEnum):
    """How a node is chosen among those with room.

    Best fit is a good default; fragmentation gradient descent leaves the fewest accelerators stranded when
    many tasks ask for a share.
    """

    RANDOM = 0
    DOT_PRODUCT = 1
    CLUSTERING = 2
    PACKING = 3
    BEST_FIT = 4
    FRAGMENTATION_GRADIENT = 5


@dataclass(frozen=True, slots=True, order=True)
class TaskClass:
    """Everything by which two tasks can differ for a scheduler.

    Args:
        cpu_milli: CPU request [0.001 core].
        accelerator_milli: share of each accelerator asked for [0.001 accelerator].
        accelerators: how many accelerators.
        models: the models allowed, joined by ``|``; empty for any.
        memory_mib: memory request [MiB].
    """

    cpu_milli: int
    accelerator_milli: int
    accelerators: int
    models: str
    memory_mib: int

    @property
    def scored_cpu_milli(self) -> int:
        """The CPU request that scores see [0.001 core]."""
        return self.cpu_milli or DEFAULT_CPU_MILLI

    @property
    def total_milli(self) -> int:
        """The accelerators asked for in all [0.001 accelerator]."""
        return self.accelerators * self.accelerator_milli


@dataclass(frozen=True, slots=True)
class NodeArrays:
    """The nodes of a cluster, in the order in which ties are broken.

    Args:
        cpu_milli: CPU of each node [0.001 core], shape (nodes,).
        memory_mib: memory of each node [MiB], shape (nodes,).
        accelerators: accelerators of each node, shape (nodes,).
        model_bit: one bit per accelerator model; 0 without accelerators, shape (nodes,).
        model_names: the models, in the order of their bits.
    """

    cpu_milli: np.ndarray
    memory_mib: np.ndarray
    accelerators: np.ndarray
    model_bit: np.ndarray
    model_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.cpu_milli)

    @property
    def total_accelerators(self) -> int:
        """All accelerators of the cluster."""
        return int(self.accelerators.sum())

    def reordered(self, order: Sequence[int]) -> NodeArrays:
        """Return the nodes in another order of preference among ties.

        Args:
            order: the place in this cluster of each node of the new one, shape (nodes,).
        """
        picked = np.asarray(order)
        return NodeArrays(
            self.cpu_milli[picked],
            self.memory_mib[picked],
            self.accelerators[picked],
            self.model_bit[picked],
            self.model_names,
        )


def make_nodes(
    cpu_milli: Sequence[int], memory_mib: Sequence[int], accelerators: Sequence[int], models: Sequence[str]
) -> NodeArrays:
    """Build the arrays of a cluster from its columns.

    Args:
        cpu_milli: CPU of each node [0.001 core].
        memory_mib: memory of each node [MiB].
        accelerators: accelerators of each node, at most 16.
        models: accelerator model of each node; empty for a node without.

    Raises:
        ValueError: more than 16 accelerators in a node, or more than 62 models.
    """
    names = tuple(sorted({model for model in models if model}))
    if len(names) > MOST_MODELS:
        raise ValueError(f"at most {MOST_MODELS} accelerator models in one cluster, not {len(names)}")
    if max(accelerators, default=0) > MAX_ACCELERATORS:
        raise ValueError(f"at most {MAX_ACCELERATORS} accelerators in a node, not {max(accelerators)}")
    bits = {name: 1 << place for place, name in enumerate(names)} | {"": 0}
    return NodeArrays(
        np.asarray(cpu_milli, dtype=np.int64),
        np.asarray(memory_mib, dtype=np.int64),
        np.asarray(accelerators, dtype=np.int64),
        np.array([bits[model or ""] for model in models], dtype=np.int64),
        names,
    )


def model_mask(models: str, model_names: tuple[str, ...]) -> int:
    """Return the bits of the models that a task allows; 0 when it allows any.

    A task that names only models unknown to the cluster gets a bit that no node has.

    Args:
        models: names joined by ``|``.
        model_names: the cluster's models, in the order of their bits.
    """
    wanted = [name for name in models.split("|") if name]
    if not wanted:
        return 0
    places = {model_names.index(name) for name in wanted if name in model_names}
    return sum(1 << place for place in places) or 1 << 62


@dataclass(frozen=True, slots=True)
class TypicalTask:
    """A task that arrives often, and how often.

    Args:
        task: the class.
        frequency: its share of the typical tasks, summing to 1.
    """

    task: TaskClass
    frequency: float


def find_typical_tasks(tasks: Sequence[TaskClass], *, coverage: float = 0.95) -> tuple[TypicalTask, ...]:
    """Find the most frequent kinds of task that together make up a share of all of them.

    Memory is not part of the kind. Ties in frequency go to the larger request, so that the result does not
    depend on the order of the tasks.

    Args:
        tasks: every task of the workload.
        coverage: the share of tasks that the kinds must cover.

    Returns:
        The kinds, most frequent first, their frequencies scaled to sum to 1.
    """
    counts = Counter(
        TaskClass(task.scored_cpu_milli, task.accelerator_milli, task.accelerators, task.models, 0)
        for task in tasks
    )
    ranked = sorted(counts.items(), key=lambda item: (item[1], item[0]), reverse=True)
    total = float(len(tasks))
    wanted = coverage * 100 * total / 100.0
    kept: list[tuple[TaskClass, float]] = []
    covered = 0.0
    for task, count in ranked:
        if covered >= wanted:
            break
        covered += count
        kept.append((task, count / total))
    if len(kept) == len(ranked):
        return tuple(TypicalTask(task, share) for task, share in kept)
    return tuple(TypicalTask(task, share / (covered / total)) for task, share in kept)
