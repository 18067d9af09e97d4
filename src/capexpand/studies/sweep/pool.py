"""Plans many points by whatever engine; which worker plans a point changes nothing of its plan."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from capexpand.executing.carrying import Carrying
from capexpand.executing.engine import Engine, answer_of, first_completed
from capexpand.studies.sweep.axes import Point
from capexpand.studies.sweep.outcomes import Outcome, PointPlanner

Chunk = tuple[Point, Outcome | None]
"""A point, and the outcome from whose bases it starts; None for the declared case."""


@dataclass(frozen=True, slots=True)
class _Work:
    planner: PointPlanner

    def __call__(self, chunk: Chunk) -> Outcome:
        point, start = chunk
        if start is None:
            return self.planner.plan(point, None, None)
        return self.planner.plan(point, start.basis, start.base_basis)


def plan_points(
    planner: PointPlanner,
    points: Mapping[int, Point],
    parents: Callable[[int], int],
    known: dict[int, Outcome],
    *,
    order: list[int],
    engine: Engine,
) -> Iterator[tuple[int, Outcome]]:
    """Yield the outcome of every point that is not known yet, as they come.

    Args:
        planner: of the box, with the declared case planned.
        parents: gives the place from whose basis a point starts, -1 for the declared case.
        known: outcomes by place; those that come are added.
        order: places in the order in which to begin them; a parent stands before its children.

    Raises:
        SolverError: a worker ended before its work was done, and nobody else could do it.
    """
    left = [place for place in order if place not in known]
    if not left:
        return
    rank = {place: number for number, place in enumerate(left)}
    waiting: dict[int, list[int]] = defaultdict(list)
    ready: list[int] = []
    for place in left:
        parent = parents(place)
        if parent in rank:
            waiting[parent].append(rank[place])
        else:
            ready.append(rank[place])  # rising, so it is a heap
    running: dict[Future[Outcome], int] = {}
    with engine.pool(Carrying(_Work(planner), planner.box.copies), most=len(left)) as pool:
        while ready or running:
            while ready and len(running) < pool.slots:
                place = left[heapq.heappop(ready)]
                running[pool.submit((points[place], _starts(place, parents, known)))] = place
            for future in sorted(first_completed(running), key=lambda one: rank[running[one]]):
                place = running.pop(future)
                known[place] = answer_of(future)
                for child in waiting.pop(place, ()):
                    heapq.heappush(ready, child)
                yield place, known[place]


def _starts(place: int, parents: Callable[[int], int], known: Mapping[int, Outcome]) -> Outcome | None:
    """The outcome from whose bases a point starts: the nearest of its ancestors that has some."""
    parent = parents(place)
    while parent >= 0:
        if known[parent].basis is not None:
            found = known[parent]
            return Outcome(found.status, basis=found.basis, base_basis=found.base_basis)
        parent = parents(parent)
    return None
