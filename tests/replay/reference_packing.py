"""Packing on shares of accelerators, written to be read: every score of every node, each time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from capexpand.replay.packing.tasks import (
    NodeArrays,
    PlacementRule,
    TaskClass,
    TypicalTask,
)


@dataclass
class Node:
    cpu: int
    memory: int
    left: list[int]
    model: str
    kinds: list[int] = field(default_factory=list)  # size of each task held, -1 for a share

    def allows(self, task: TaskClass) -> bool:
        wanted = {name for name in task.models.split("|") if name}
        return not wanted or self.model in wanted

    def fits(self, task: TaskClass) -> bool:
        if self.cpu < task.cpu_milli or self.memory < task.memory_mib:
            return False
        if task.accelerators == 0:
            return True
        room = sum(left >= task.accelerator_milli for left in self.left)
        return bool(self.left) and self.allows(task) and room >= task.accelerators


def make_cluster(nodes: NodeArrays) -> list[Node]:
    names = {1 << place: name for place, name in enumerate(nodes.model_names)} | {0: ""}
    rows = zip(nodes.cpu_milli, nodes.memory_mib, nodes.accelerators, nodes.model_bit, strict=True)
    return [Node(int(c), int(m), [1000] * int(a), names[int(b)]) for c, m, a, b in rows]


def fragment(cpu: int, left: list[int], node: Node, typical: tuple[TypicalTask, ...]) -> float:
    """Sum by reason first: the published scores are truncated, so that the last bit matters."""
    reasons = dict.fromkeys(("both", "accelerator", "cpu", "fits", "lacks", "access"), 0.0)
    total = float(sum(left))
    for kept in typical:
        task, share = kept.task, kept.frequency
        enough_cpu = cpu >= task.cpu_milli
        if task.accelerator_milli == 0:
            reasons["fits" if enough_cpu else "lacks"] += share * total
        elif not node.allows(task):
            reasons["access"] += share * total
        elif sum(one >= task.accelerator_milli for one in left) >= task.accelerators:
            crumbs = float(sum(one for one in left if one < task.accelerator_milli))
            reasons["accelerator" if enough_cpu else "cpu"] += share * (crumbs if enough_cpu else total)
        else:
            reasons["accelerator" if enough_cpu else "both"] += share * total
    return sum(reasons.values())


def after_taking(node: Node, task: TaskClass, chosen: list[int]) -> list[int]:
    return [left - task.accelerator_milli * (i in chosen) for i, left in enumerate(node.left)]


def whole_ones(node: Node, task: TaskClass) -> list[int]:
    return [i for i, left in enumerate(node.left) if left >= task.accelerator_milli][: task.accelerators]


def is_share(task: TaskClass) -> bool:
    return task.accelerators == 1 and task.accelerator_milli < 1000


def gradient(node: Node, task: TaskClass, typical: tuple[TypicalTask, ...]) -> tuple[int, list[int]]:
    before = fragment(node.cpu, node.left, node, typical)
    options = [whole_ones(node, task)]
    if is_share(task):
        options = [[i] for i, left in enumerate(node.left) if left >= task.accelerator_milli]
    scores = []
    for option in options:
        after = fragment(node.cpu - task.scored_cpu_milli, after_taking(node, task, option), node, typical)
        scores.append(int(1 / (1 + math.exp(-((before - after) / 1000))) * 100))
    best = scores.index(max(scores))
    return scores[best], options[best]


def packing(node: Node, task: TaskClass) -> int:
    if task.accelerators == 0:
        return 0
    free = node.left.count(1000)
    if free == len(node.left):
        return max(33 - free, free)
    fitting = sorted((left, i) for i, left in enumerate(node.left) if left >= task.accelerator_milli)[
        : task.accelerators
    ]
    untouched = sum(left == 1000 for left, _ in fitting)
    if untouched:
        return max(50 - untouched, 33)
    return max(100 - sum(left * 100 // 1000 for left, _ in fitting) // 10, 50)


def clustering(node: Node, task: TaskClass) -> int:
    if task.accelerators == 0:
        return 0
    kind = -1 if is_share(task) else task.accelerators
    base = 25 * (8000 - sum(node.left)) // 8000
    if kind in node.kinds:
        return base + (75 if len(set(node.kinds)) == 1 else 50)
    return base + (0 if node.kinds else 25)


def score(rule: PlacementRule, node: Node, task: TaskClass, typical: tuple[TypicalTask, ...]) -> int:
    cpu, total = task.scored_cpu_milli, task.total_milli
    if rule is PlacementRule.DOT_PRODUCT:
        product = node.cpu / 128000 * (cpu / 128000) + sum(node.left) / 8000 * (total / 8000)
        return math.floor(100 * (1 - product / 2))
    if rule is PlacementRule.BEST_FIT:
        left_over = 0.0 + (node.cpu - cpu) / 128000 * 0.5
        left_over += (sum(node.left) - total) / 8000 * 0.5
        return math.floor((1 - left_over) * 100)
    if rule is PlacementRule.CLUSTERING:
        return clustering(node, task)
    if rule is PlacementRule.PACKING:
        return packing(node, task)
    return gradient(node, task, typical)[0]


def place(
    cluster: list[Node],
    task: TaskClass,
    rule: PlacementRule,
    typical: tuple[TypicalTask, ...],
    *,
    model: str | None = None,
) -> tuple[int, list[int]]:
    """Put a task on the best node; return the node, or -1, and the accelerators taken."""
    fitting = [
        n for n, node in enumerate(cluster) if node.fits(task) and (model is None or node.model == model)
    ]
    if not fitting:
        return -1, []
    best = max(fitting, key=lambda n: (score(rule, cluster[n], task, typical), -n))
    node = cluster[best]
    chosen = whole_ones(node, task)
    if is_share(task):
        if rule is PlacementRule.FRAGMENTATION_GRADIENT:
            chosen = gradient(node, task, typical)[1]
        else:
            enough = [i for i, left in enumerate(node.left) if left >= task.accelerator_milli]
            chosen = [min(enough, key=lambda i: (node.left[i], i))]
    node.left = after_taking(node, task, chosen)
    node.cpu -= task.cpu_milli
    node.memory -= task.memory_mib
    if task.accelerators:
        node.kinds.append(-1 if is_share(task) else task.accelerators)
    return best, chosen


def give_back(cluster: list[Node], task: TaskClass, n: int, chosen: list[int]) -> None:
    node = cluster[n]
    node.left = [left + task.accelerator_milli * (i in chosen) for i, left in enumerate(node.left)]
    node.cpu += task.cpu_milli
    node.memory += task.memory_mib
    if task.accelerators:
        node.kinds.remove(-1 if is_share(task) else task.accelerators)
