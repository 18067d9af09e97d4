"""The warm engine of a case that is explored: each pair of plans is solved from the nearest basis at hand.

A step of a slider costs a tenth of a second from the basis of the step before, and seconds from that of
the case as declared. So the bases of what was planned are kept, with the levels that they belong to, and each
start is the nearest of them. Where several plans are equally good, which of them is found may depend on the
start; their objective does not.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from capexpand.model.blocks import LinearProgram
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.basis import Basis
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.warm import Optimum, WarmPlanner, same_numbers
from capexpand.web.assumptions import Assumptions, Changes

KEPT_STARTS = 32
"""Pairs of bases that are kept for a case, each with 0.1 MB of the largest; the declared one stays."""


@dataclass(frozen=True, slots=True)
class _Reached:
    """The basis of one plan, and by what it is known whether another program differs in its costs alone."""

    basis: Basis
    limits: bytes

    @classmethod
    def of(cls, optimum: Optimum) -> _Reached | None:
        return None if optimum.basis is None else cls(optimum.basis, _limits(optimum.program))


@dataclass(frozen=True, slots=True)
class _Start:
    """The bases of a pair of plans, and the changes that they belong to."""

    levels: Mapping[str, float]
    off: frozenset[str]
    ours: _Reached
    rest: _Reached


def executor_behind(name: str, by: int) -> ThreadPoolExecutor:
    """Return one thread for work that nobody waits for; the system gives it what others leave.

    Args:
        name: of the thread.
        by: how far it is put behind what is asked for, in steps of nice; what it starts is as well.
    """

    def step_back() -> None:
        with contextlib.suppress(
            AttributeError, OSError
        ):  # by thread on Linux; elsewhere it is as the others
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), by)

    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name, initializer=step_back)


class Engine:
    """Plans one case under many assumptions.

    Args:
        assumptions: of the case, whose ranges say how far two levels lie apart.
    """

    def __init__(self, assumptions: Assumptions) -> None:
        self._ranges = {one.name: one.high - one.low for one in assumptions.sliders}
        self._stated = {one.name: one.stated for one in assumptions.sliders}
        self._starts: tuple[_Start, ...] = ()
        self._rests: tuple[Optimum, ...] = ()  # as declared, and the last one
        self._lock = threading.Lock()

    def pair(
        self,
        data: ModelData,
        changes: Changes,
        built: tuple[LinearProgram, list[Stage]],
        *,
        explained: bool = True,
    ) -> tuple[Optimum, Optimum]:
        """Return the best plan of a changed case, and that of the same business without the programme.

        Args:
            built: the program of all quarters of the changed case.
            explained: whether a case without a plan is explained.

        Raises:
            InfeasibleError: no plan satisfies the case.
            SolverError: the solver failed.
        """
        rest = data.without_programme()
        start = self._nearest(changes, (built[0].cost.size, built[0].row_lower.size))
        if start is None:  # the second differs from the first in little: it is found sooner from there
            ours = _solved(data, built, None, explained=explained)
            without = _solved(rest, build_program(rest), _Reached.of(ours), explained=explained)
        else:
            with ThreadPoolExecutor(max_workers=1) as pool:  # it is built while the first is being solved
                beside = pool.submit(self._without, rest, start.rest, explained=explained)
                ours = _solved(data, built, start.ours, explained=explained)
                without = beside.result()
        self._rests = (*self._rests[:1], without)
        self._keep(changes, ours, without)
        return ours, without

    def _without(self, rest: ModelData, start: _Reached, *, explained: bool) -> Optimum:
        """The best plan without the programme; one at hand where nothing of it changed."""
        built = build_program(rest)
        for known in self._rests:
            if same_numbers(built[0], known.program):
                return replace(known, data=rest, stages=built[1])
        return _solved(rest, built, start, explained=explained)

    def _distance(self, start: _Start, changes: Changes) -> float:
        """How far two sets of changes lie apart, each slider by its range and each switch as one."""
        apart = float(len(start.off.symmetric_difference(changes.off)))
        for name in {*start.levels, *changes.levels}:
            stated = self._stated[name]
            gap = start.levels.get(name, stated) - changes.levels.get(name, stated)
            apart += abs(gap) / max(self._ranges[name], 1e-12)
        return apart

    def _nearest(self, changes: Changes, shape: tuple[int, int]) -> _Start | None:
        """The nearest start whose program has as many columns and rows; another lead time gives it others."""
        fit = [start for start in self._starts if start.ours.basis.shape == shape]
        return min(fit, key=lambda start: self._distance(start, changes), default=None)

    def _keep(self, changes: Changes, ours: Optimum, without: Optimum) -> None:
        one, other = _Reached.of(ours), _Reached.of(without)
        if one is None or other is None:  # sizes are whole, and there is no basis
            return
        made = _Start(changes.levels, frozenset(changes.off), one, other)
        with self._lock:
            first, others = self._starts[:1], self._starts[1:][-(KEPT_STARTS - 2) :]
            self._starts = (*first, *others, made)


def _limits(program: LinearProgram) -> bytes:
    """A hash of all that decides whether a basis is feasible: everything but the costs."""
    found = hashlib.blake2b(digest_size=16)
    for part in (program.column_lower, program.column_upper, program.row_lower, program.row_upper,
                 program.start, program.index, program.value):  # fmt: skip
        found.update(part.tobytes())
    return found.digest()


def _solved(
    data: ModelData, built: tuple[LinearProgram, list[Stage]], start: _Reached | None, *, explained: bool
) -> Optimum:
    planner = WarmPlanner(sides="any", explained=explained)  # no worth of limits is shown, so any duals do
    if start is None:
        return planner.of_program(data, *built)
    same = start.limits == _limits(built[0])
    return planner.of_program(data, *built, start=start.basis, from_feasible=same)
