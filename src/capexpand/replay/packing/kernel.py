"""The compiled scores of packing: fragmentation, and what each rule thinks of a node."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from capexpand.replay.compiled import kernel

MILLI = 1000
LARGEST_CPU_MILLI = 128_000
LARGEST_ACCELERATOR_MILLI = 8_000
INFEASIBLE = -(1 << 31)
"""The score of a node without room: below the score of any node with room, which may be below 0."""

KNOWN_CPU_MILLI = 1 << 49
"""A node with more idle CPU is one of which the CPU is not known."""


class TypicalArrays(NamedTuple):
    """The typical tasks, each array of shape (typical,); masks are bits of models, 0 for any."""

    cpu: np.ndarray
    milli: np.ndarray
    number: np.ndarray
    mask: np.ndarray
    frequency: np.ndarray


class Nodes(NamedTuple):
    """The nodes, each of shape (nodes,): CPU [0.001 core], memory [MiB], accelerators, bit of the model."""

    cpu: np.ndarray
    memory: np.ndarray
    number: np.ndarray
    model: np.ndarray


class Classes(NamedTuple):
    """The classes of task, each array of shape (classes,).

    CPU and CPU as scores see it [0.001 core], memory [MiB], share per accelerator [0.001], accelerators, bits
    of the models allowed (0 for any), number of the size that the clustering rule compares.
    """

    cpu: np.ndarray
    scored_cpu: np.ndarray
    memory: np.ndarray
    milli: np.ndarray
    number: np.ndarray
    mask: np.ndarray
    kind: np.ndarray


@kernel
def fragment_milli(
    cpu_left: int,
    left: np.ndarray,
    count: int,
    model_bit: int,
    typical: TypicalArrays,
) -> float:
    """Return how much of a node's idle accelerators a typical task cannot use [0.001 accelerator].

    The sums run over the typical tasks by reason (lack of both, of accelerators, of CPU, task without
    accelerators, model not allowed) and then over the reasons: the published figures come from truncated
    scores, in which the last bit decides.

    Args:
        cpu_left: idle CPU [0.001 core].
        left: idle share of each accelerator [0.001], shape (at least count,).
    """
    total = 0
    for i in range(count):
        total += left[i]
    if total == 0:
        return 0.0
    amount = float(total)
    lack_both = 0.0
    lack_accelerator = 0.0
    lack_cpu = 0.0
    without_fits = 0.0
    without_lacks = 0.0
    no_access = 0.0
    frequency = typical.frequency
    for k in range(len(frequency)):
        milli = typical.milli[k]
        has_cpu = cpu_left >= typical.cpu[k]
        if milli == 0:
            if has_cpu:
                without_fits += frequency[k] * amount
            else:
                without_lacks += frequency[k] * amount
            continue
        mask = typical.mask[k]
        if mask != 0 and (mask & model_bit) == 0:
            no_access += frequency[k] * amount
            continue
        room = 0
        crumbs = 0
        for i in range(count):
            if left[i] >= milli:
                room += 1
            else:
                crumbs += left[i]
        if room >= typical.number[k]:
            if has_cpu:
                lack_accelerator += frequency[k] * float(crumbs)
            else:
                lack_cpu += frequency[k] * amount
        elif has_cpu:
            lack_accelerator += frequency[k] * amount
        else:
            lack_both += frequency[k] * amount
    return lack_both + lack_accelerator + lack_cpu + without_fits + without_lacks + no_access


@kernel
def gradient_score(before: float, after: float) -> int:
    """Return the truncated score in 0..100 of a change in fragmentation."""
    return int(1.0 / (1.0 + math.exp(-((before - after) / 1000.0))) * 100.0)


@kernel
def gradient_choice(
    cpu_left: int,
    left: np.ndarray,
    count: int,
    model_bit: int,
    before: float,
    cpu: int,
    milli: int,
    number: int,
    typical: TypicalArrays,
    scratch: np.ndarray,
) -> tuple[int, int]:
    """Return the best score that a node offers a task, and the accelerator of a task that wants a share."""
    for i in range(count):
        scratch[i] = left[i]
    if number == 1 and milli < MILLI:
        best = 0
        chosen = -1
        for i in range(count):
            if left[i] < milli:
                continue
            seen = False
            for j in range(i):
                if left[j] == left[i]:
                    seen = True
                    break
            if seen:
                continue  # the same idle share gives the same score, and the first one wins
            scratch[i] -= milli
            after = fragment_milli(
                cpu_left - cpu,
                scratch,
                count,
                model_bit,
                typical,
            )
            scratch[i] += milli
            score = gradient_score(before, after)
            if chosen < 0 or score > best:
                best = score
                chosen = i
        return best, chosen
    wanted = number
    for i in range(count):
        if wanted > 0 and scratch[i] == MILLI:
            scratch[i] = 0
            wanted -= 1
    after = fragment_milli(
        cpu_left - cpu,
        scratch,
        count,
        model_bit,
        typical,
    )
    return gradient_score(before, after), -1


@kernel
def packing_score(left: np.ndarray, count: int, milli: int, number: int, scratch: np.ndarray) -> int:
    """Score shared accelerators above idle ones of a used node above an idle node."""
    if number == 0:
        return 0
    free = 0
    for i in range(count):
        if left[i] == MILLI:
            free += 1
    if free == count:
        return max(100 // 3 - free, free)
    # take the fullest accelerators that still have room
    wanted = number
    free_used = 0
    idle_percent = 0
    for i in range(count):
        scratch[i] = 0
    while wanted > 0:
        best = -1
        for i in range(count):
            if scratch[i] == 0 and left[i] >= milli and (best < 0 or left[i] < left[best]):
                best = i
        if best < 0:
            return 0
        scratch[best] = 1
        wanted -= 1
        if left[best] == MILLI:
            free_used += 1
        idle_percent += left[best] * 100 // MILLI
    if free_used > 0:
        return max(50 - free_used, 33)
    return max(100 - idle_percent // 10, 50)


@kernel
def clustering_score(total_left: int, kinds: int, same_kind: bool, number: int) -> int:
    """Score nodes that already hold tasks of the same size above those that hold others."""
    if number == 0:
        return 0
    fill = 25 * (LARGEST_ACCELERATOR_MILLI - total_left) // LARGEST_ACCELERATOR_MILLI
    if same_kind:
        return fill + (75 if kinds == 1 else 50)
    return fill + (25 if kinds == 0 else 0)


@kernel
def dot_product_score(cpu_left: int, total_left: int, cpu: int, total: int) -> int:
    """Score low products of idle and requested amounts above high ones.

    The constants are the authors' largest node: larger ones score below 0, in the same order. CPU that is not
    known counts as none idle.
    """
    product = 0.0
    if cpu_left < KNOWN_CPU_MILLI:
        product = float(cpu_left) / LARGEST_CPU_MILLI * (float(cpu) / LARGEST_CPU_MILLI)
    product += float(total_left) / LARGEST_ACCELERATOR_MILLI * (float(total) / LARGEST_ACCELERATOR_MILLI)
    return bounded(100.0 * (1.0 - product / 2.0))


@kernel
def best_fit_score(cpu_left: int, total_left: int, cpu: int, total: int) -> int:
    """Score little left over, CPU and accelerators weighing the same, above much.

    The constants are the authors' largest node: larger ones score below 0, in the same order. CPU that is not
    known counts as none left over.
    """
    score = 0.0
    if cpu_left < KNOWN_CPU_MILLI:
        score += (float(cpu_left) - float(cpu)) / LARGEST_CPU_MILLI * 0.5
    score += (float(total_left) - float(total)) / LARGEST_ACCELERATOR_MILLI * 0.5
    return bounded((1.0 - score) * 100.0)


@kernel
def bounded(score: float) -> int:
    """Return a score rounded down, within a table of scores and above that of a node without room."""
    return math.floor(min(max(score, -2e9), 2e9))
