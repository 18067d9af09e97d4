"""A shard of a sweep: some of its points, planned as the whole sweep plans them.

Each point starts from the basis of another, and so on up to the declared case. The points of a sweep form
trees by that rule. A shard is a stretch of these trees in preorder, so that its points need no others but the
ancestors of its first: these few are planned, too, and not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from capexpand.executing.engine import Engine
from capexpand.studies.shards import Shard
from capexpand.studies.sweep.axes import Box, Point
from capexpand.studies.sweep.designs import Points, order_of_solving
from capexpand.studies.sweep.findings import Known, centre_of, journal_file, solve_points
from capexpand.studies.sweep.journal import Journal
from capexpand.studies.sweep.outcomes import Outcome, PointPlanner


def places_of(shard: Shard, order: Sequence[int], parents: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the places of a shard's own points, and those of the points that they start from besides.

    Args:
        order: places in the order in which they are solved.
        parents: [place] from which each starts, -1 for the declared case.

    Returns:
        Both in the order of solving.
    """
    walk = _preorder(order, parents)
    own = set(walk[shard.stretch(len(walk))])
    before: set[int] = set()
    for place in own:
        parent = parents[place]
        while parent >= 0 and parent not in own and parent not in before:
            before.add(parent)
            parent = parents[parent]
    return [place for place in order if place in own], [place for place in order if place in before]


def _preorder(order: Sequence[int], parents: Sequence[int]) -> list[int]:
    """Each place before those that start from it, directly or through others, and these right behind it."""
    children: dict[int, list[int]] = {}
    for place in reversed(order):
        children.setdefault(parents[place], []).append(place)
    walk: list[int] = []
    stack = children.get(-1, [])
    while stack:
        place = stack.pop()
        walk.append(place)
        stack += children.get(place, ())
    return walk


@dataclass(frozen=True)
class PlannedShard:
    """What was found at the points of a shard.

    Args:
        shard: which it is.
        name: fingerprint of the sweep.
        box: the case and its axes.
        points: of the whole sweep, each once, by place.
        outcomes: by place, of the shard's own points.
    """

    shard: Shard
    name: str
    box: Box
    points: tuple[Point, ...]
    outcomes: dict[int, Outcome]


def plan_shard(
    box: Box,
    points: Points,
    name: str,
    *,
    shard: Shard,
    engine: Engine,
    folder: Path,
    say: Callable[[str], None],
) -> tuple[PlannedShard, Journal]:
    """Plan the points of a shard.

    Args:
        box: the case and its axes.
        name: fingerprint of the sweep.
        shard: which part.
        folder: of the shard, beside which the journal stands.
        say: sees how far it is.

    Returns:
        What was found, and the journal, to be closed once it is written.

    Raises:
        InfeasibleError: the case as it stands has no plan.
        SolverError: a solver failed.
        RunError: the journal cannot be written.
    """
    unique = list(dict.fromkeys(points.points))
    order, parents = order_of_solving(box.axes, unique, centre_of(box.axes))
    own, before = places_of(shard, order, parents)
    say("Planning the case as it stands")
    planner = PointPlanner(box)
    journal = Journal(journal_file(folder), f"{name} {shard}")
    try:
        known = Known(unique, journal)
        wanted = {*own, *before}
        if wanted:
            todo = [place for place in order if place in wanted]
            solve_points(planner, known, todo, parents, engine=engine, say=say)
        outcomes = {place: known.outcomes[place] for place in sorted(own)}
    except BaseException:
        journal.close(finished=False)
        raise
    return PlannedShard(shard, name, box, tuple(unique), outcomes), journal
