"""The nodes of a Ray cluster, how work finds them, and as what it travels."""

from __future__ import annotations

from typing import Any

from capexpand.files.json_text import JsonObject

RETRIES = 20
"""How often work is done again whose worker or node was lost."""
_HEAD = "node:__internal_head__"


def nodes() -> list[JsonObject]:
    """The nodes on which to compute: all that are alive, without the head where there are others."""
    import ray

    alive = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
    others = [node for node in alive if _HEAD not in node["Resources"]]
    return others or alive


def processors() -> int:
    """Return how many processors there are on all nodes that are alive, the head included."""
    import ray

    return sum(int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"])


def spared_head() -> Any:
    """How to schedule: the head node comes last, but work is never stuck where it is the only one left."""
    import ray
    from ray.util.scheduling_strategies import NodeLabelSchedulingStrategy, NotIn

    heads = [node["NodeID"] for node in ray.nodes() if node["Alive"] and _HEAD in node["Resources"]]
    if not heads:
        return "SPREAD"
    return NodeLabelSchedulingStrategy(hard={}, soft={"ray.io/node-id": NotIn(*heads)})


def packed(content: object) -> bytes:
    """Return something as bytes, functions without a module included."""
    from ray import cloudpickle

    return cloudpickle.dumps(content)


def missing_tasks(given: int) -> int:
    """Return how many of the tasks that a cluster was given nobody computes, though it has room for more.

    Each task takes a processor while it runs, and Ray begins one that waits as soon as a processor is free.
    What others compute on the cluster can only hide a task that is missing, not feign one.

    Args:
        given: tasks without an answer.
    """
    import ray

    free = ray.available_resources().get("CPU", 0.0)
    busy = ray.cluster_resources().get("CPU", 0.0) - free
    return max(0, int(min(given - busy, free)))
