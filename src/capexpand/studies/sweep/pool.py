"""Plans many points in several processes; which process plans a point changes nothing of its plan."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from capexpand.sddp.interruption import deaf_children
from capexpand.sddp.parallel import ended_early, one_thread
from capexpand.studies.sweep.axes import Point
from capexpand.studies.sweep.outcomes import Outcome, PointPlanner

_ALONE_SECONDS = 5.0
"""How often an idle process looks whether the one that started it is still there."""


def plan_points(
    planner: PointPlanner,
    points: Mapping[int, Point],
    parents: Callable[[int], int],
    known: dict[int, Outcome],
    *,
    order: list[int],
    workers: int,
) -> Iterator[tuple[int, Outcome]]:
    """Yield the outcome of every point that is not known yet, as they come.

    Args:
        planner: of the box, with the declared case planned.
        points: by place.
        parents: gives the place from whose basis a point starts, -1 for the declared case.
        known: outcomes by place; those that come are added.
        order: places in the order in which to begin them; a parent stands before its children.
        workers: processes; where processes cannot share what is loaded, all is done in this one.

    Raises:
        SolverError: a process ended before its work was done.
    """
    left = [place for place in order if place not in known]
    if workers <= 1 or len(left) <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        for place in left:
            known[place] = _planned(planner, points[place], _starts(place, parents, known))
            yield place, known[place]
        return
    yield from _in_processes(planner, points, parents, known, left=left, workers=workers)


def _in_processes(
    planner: PointPlanner,
    points: Mapping[int, Point],
    parents: Callable[[int], int],
    known: dict[int, Outcome],
    *,
    left: list[int],
    workers: int,
) -> Iterator[tuple[int, Outcome]]:
    context = multiprocessing.get_context("fork")
    running: dict[Connection, BaseProcess] = {}
    for _ in range(min(workers, len(left))):
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, ours, planner, os.getpid()), daemon=True)
        with deaf_children():
            process.start()
        theirs.close()
        running[ours] = process
    idle = list(running)
    busy: dict[Connection, int] = {}
    try:
        while left or busy:
            ready = [place for place in left if parents(place) < 0 or parents(place) in known]
            while idle and ready:
                connection, place = idle.pop(), ready.pop(0)
                left.remove(place)
                busy[connection] = place
                connection.send((points[place], _starts(place, parents, known)))
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)  # noqa: S101 - nothing else is waited for
                place = busy.pop(connection)
                try:
                    known[place] = connection.recv()
                except (EOFError, ConnectionResetError):
                    raise ended_early(running[connection]) from None
                idle.append(connection)
                yield place, known[place]
    finally:
        for connection, process in running.items():
            connection.close()
            process.terminate()
            process.join()


def _starts(place: int, parents: Callable[[int], int], known: Mapping[int, Outcome]) -> Outcome | None:
    """The outcome from whose bases a point starts: the nearest of its ancestors that has some."""
    parent = parents(place)
    while parent >= 0:
        if known[parent].basis is not None:
            found = known[parent]
            return Outcome(found.status, basis=found.basis, base_basis=found.base_basis)
        parent = parents(parent)
    return None


def _planned(planner: PointPlanner, point: Point, start: Outcome | None) -> Outcome:
    if start is None:
        return planner.plan(point, None, None)
    return planner.plan(point, start.basis, start.base_basis)


def _serve(connection: Connection, inherited: Connection, planner: PointPlanner, parent: int) -> None:
    """Plan what is asked for; ends where nobody asks any more."""
    inherited.close()
    with one_thread(), suppress(EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        while True:
            while not connection.poll(_ALONE_SECONDS):
                if os.getppid() != parent:
                    return
            point, start = connection.recv()
            connection.send(_planned(planner, point, start))
