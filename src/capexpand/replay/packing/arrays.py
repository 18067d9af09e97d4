"""Nodes, classes of task and typical tasks as the arrays that kernels take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from capexpand.replay.packing.tasks import MILLI, NodeArrays, TaskClass, TypicalTask, model_mask

if TYPE_CHECKING:
    from capexpand.replay.packing.kernel import Classes, Nodes, TypicalArrays


def as_nodes(nodes: NodeArrays) -> Nodes:
    """Put the nodes into the form that kernels take."""
    from capexpand.replay.packing.kernel import Nodes

    return Nodes(nodes.cpu_milli, nodes.memory_mib, nodes.accelerators, nodes.model_bit)


def as_classes(classes: Sequence[TaskClass], model_names: tuple[str, ...]) -> Classes:
    """Put classes of task into the form that kernels take.

    Args:
        model_names: the cluster's models, in the order of their bits.
    """
    from capexpand.replay.packing.kernel import Classes

    kinds: dict[int, int] = {}
    kind = [
        kinds.setdefault(task.accelerators if task.accelerator_milli == MILLI else -1, len(kinds))
        for task in classes
    ]
    return Classes(
        _column([task.cpu_milli for task in classes]),
        _column([task.scored_cpu_milli for task in classes]),
        _column([task.memory_mib for task in classes]),
        _column([task.accelerator_milli for task in classes]),
        _column([task.accelerators for task in classes]),
        _column([model_mask(task.models, model_names) for task in classes]),
        _column(kind),
    )


def as_typical(typical: Sequence[TypicalTask], model_names: tuple[str, ...]) -> TypicalArrays:
    """Put the typical tasks into the form that kernels take.

    Args:
        model_names: the cluster's models, in the order of their bits.
    """
    from capexpand.replay.packing.kernel import TypicalArrays

    return TypicalArrays(
        _column([kept.task.cpu_milli for kept in typical]),
        _column([kept.task.accelerator_milli for kept in typical]),
        _column([kept.task.accelerators for kept in typical]),
        _column([model_mask(kept.task.models, model_names) for kept in typical]),
        np.array([kept.frequency for kept in typical]),
    )


def _column(values: Sequence[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)
