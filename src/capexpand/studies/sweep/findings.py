"""A sweep: all its points planned, kept in a journal, and bracketed in between."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path

import numpy as np

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.executing.engine import Engine
from capexpand.model.blocks import LinearProgram
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.brackets import Bracket, Brackets, ProgramChange
from capexpand.optimiser.deterministic import build_program
from capexpand.studies.sweep.axes import Axis, Box, Point
from capexpand.studies.sweep.designs import Points, make_points, order_of_solving
from capexpand.studies.sweep.journal import Journal, Record
from capexpand.studies.sweep.outcomes import Outcome, PointPlanner, Values, as_record, of_record
from capexpand.studies.sweep.pool import plan_points
from capexpand.studies.sweep.straight import StraightProgram

Say = Callable[[str], None]

PROBES = 32
"""Points at which brackets are measured where they are to be closed; one that is added is replaced."""
FEW_PROBES = 8
"""The same where no points are to be added."""
BATCH = 4
"""Points that are added at once where brackets are widest; no matter how many processes there are."""


@dataclass(frozen=True)
class SweepFindings:
    """The findings of a sweep.

    Args:
        box: the case and its axes.
        points: of the design, in order.
        added: points that were added where brackets were widest.
        outcomes: [point] of the design and then of those added.
        declared: outcome of the case as it stands.
        data: the compiled case as it stands.
        program: of the case as it stands.
        seed: of the design.
        probes: points at which brackets were measured, with the brackets.
    """

    box: Box
    points: Points
    added: tuple[Point, ...]
    outcomes: tuple[Outcome, ...]
    declared: Outcome
    data: ModelData
    program: LinearProgram
    seed: int
    probes: tuple[tuple[Point, Bracket], ...]

    @property
    def case(self) -> Case:
        """The case as it stands."""
        return self.box.case

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes of the box."""
        return self.box.axes

    @property
    def all_points(self) -> tuple[Point, ...]:
        """Points of the design and those added."""
        return (*self.points.points, *self.added)

    @property
    def planned(self) -> list[tuple[Point, Outcome]]:
        """The points that have a plan, each once."""
        pairs = dict(zip(self.all_points, self.outcomes, strict=True))
        return [(point, outcome) for point, outcome in pairs.items() if outcome.values is not None]

    @property
    def excluded(self) -> list[tuple[Point, Outcome]]:
        """The points that have none, each once, with the reason."""
        pairs = dict(zip(self.all_points, self.outcomes, strict=True))
        return [(point, outcome) for point, outcome in pairs.items() if outcome.values is None]

    @property
    def scale(self) -> float:
        """Size of the objective to which widths are relative [money]."""
        values = self.declared.values
        return max(abs(values.objective) if values is not None else 0.0, 1e-9)

    def values(self, outcome: Outcome) -> Values:
        """Return the figures of a point that has a plan."""
        assert outcome.values is not None  # noqa: S101 - asked of planned points only
        return outcome.values

    @cached_property
    def brackets(self) -> Brackets:
        """The brackets that the solved points give."""
        found = [self.declared, *(outcome for _, outcome in self.planned)]
        return Brackets(self.program, [one.support for one in found if one.support is not None])

    def bracket(self, point: Mapping[str, str | float] | Sequence[str | float]) -> Bracket:
        """Return certified bounds of the best objective at any point of the box.

        Args:
            point: a value for each axis by its path, or in their order: a number in the unit of the axis or
                a text such as ``0.9x``; axes that are not named stay as declared.

        Raises:
            CaseError: a value is none of its axis, lies outside the box, or the case is wrong there.
        """
        there = read_point(self.axes, point)
        program = None if self.straight is None else self.straight.at(there)
        return self.brackets.at(program_at(self.box, there) if program is None else program)

    @cached_property
    def straight(self) -> StraightProgram | None:
        """The program as straight lines in the axes; None where some number moves otherwise."""
        known = [
            (point, outcome.support.change.put(self.program))
            for point, outcome in self.planned
            if outcome.support is not None
        ]
        start = centre_of(self.axes)
        return StraightProgram.of(self.axes, start, lambda point: program_at(self.box, point), known)

    @cached_property
    def kinds(self) -> tuple[frozenset[str], ...]:
        """What each axis moves in the program: limits, prices, coefficients, or structure [axis]."""
        start = centre_of(self.axes)
        here = program_at(self.box, start)
        found: list[frozenset[str]] = []
        for number, axis in enumerate(self.axes):
            moved: set[str] = set()
            for level in {axis.low, axis.high}:
                try:
                    program = program_at(self.box, (*start[:number], level, *start[number + 1 :]))
                except CaseError:
                    continue
                change = ProgramChange.between(here, program)
                moved |= {"structure"} if change is None else change.kinds
            found.append(frozenset(moved))
        return tuple(found)


def read_point(axes: Sequence[Axis], point: Mapping[str, str | float] | Sequence[str | float]) -> Point:
    """Return the coordinates of a point.

    Args:
        point: values by path or in order.

    Raises:
        CaseError: an axis is unknown, a value is none of its axis, or outside the box.
    """
    if isinstance(point, Mapping):
        unknown = [name for name in point if name not in {axis.path for axis in axes}]
        if unknown:
            there = ", ".join(axis.path for axis in axes)
            raise CaseError([Problem(f"is no axis of this sweep; there are {there}", path=unknown[0])])
        centre = centre_of(axes)
        found = [
            axis.read(point[axis.path]) if axis.path in point else x
            for axis, x in zip(axes, centre, strict=True)
        ]
    else:
        if len(point) != len(axes):
            raise CaseError([Problem(f"a point of this sweep has {len(axes)} values, not {len(point)}")])
        found = [axis.read(value) for axis, value in zip(axes, point, strict=True)]
    for axis, x in zip(axes, found, strict=True):
        room = 1e-9 * max(1.0, abs(axis.high - axis.low))
        if axis.numeric and not axis.low - room <= x <= axis.high + room:
            ends = f"{axis.label(axis.low)} to {axis.label(axis.high)}"
            raise CaseError([Problem(f"{axis.label(x)} lies outside the box, {ends}", path=axis.path)])
    return tuple(found)


def centre_of(axes: Sequence[Axis]) -> Point:
    """Return the coordinates of the case as it stands; of the middle where that is none of an axis."""
    return tuple(a.levels[len(a.levels) // 2] if a.declared is None else a.declared for a in axes)


def program_at(box: Box, point: Point) -> LinearProgram:
    """Return the program at a point.

    Raises:
        CaseError: the case is wrong there.
    """
    return build_program(compile_case(box.load(point)))[0]


def sweep_case(
    box: Box,
    design: str,
    count: int | None = None,
    *,
    seed: int = 1,
    engine: Engine,
    bracket: float | None = None,
    most_added: int = 60,
    folder: Path | None = None,
    given: Sequence[Record] = (),
    progress: Say | None = None,
) -> tuple[SweepFindings, Journal]:
    """Plan a case at the points of a design, and at more of them where the brackets are widest.

    Args:
        box: the case and its axes.
        count: most points of a Latin hypercube or Sobol design.
        engine: what plans the points; the result is the same with any.
        bracket: widest bracket to be reached [%] of the objective; no points are added if None.
        most_added: number of points that may be added for it.
        folder: of the run, beside which the journal stands.
        given: points that were planned elsewhere.
        progress: sees how far it is.

    Returns:
        The findings, and the journal, to be closed once they are written.

    Raises:
        CaseError: the design is wrong.
        InfeasibleError: the case as it stands has no plan.
        SolverError: a solver failed.
        RunError: the journal cannot be written.
    """
    say = progress or _silent
    points = make_points(box.axes, design, count, seed=seed)
    say("Planning the case as it stands")
    planner = PointPlanner(box)
    name = fingerprint(box, points, settings_text(seed, bracket, most_added))
    journal = Journal(journal_file(folder), name)
    try:
        found = _swept(
            planner,
            points,
            journal,
            given,
            seed=seed,
            engine=engine,
            bracket=bracket,
            most=most_added,
            say=say,
        )
    except BaseException:
        journal.close(finished=False)
        raise
    return found, journal


def _swept(
    planner: PointPlanner,
    points: Points,
    journal: Journal,
    given: Sequence[Record],
    *,
    seed: int,
    engine: Engine,
    bracket: float | None,
    most: int,
    say: Say,
) -> SweepFindings:
    box, declared = planner.box, planner.declared_outcome()
    unique = list(dict.fromkeys(points.points))
    known = Known(unique, journal, given)
    order, parents = order_of_solving(box.axes, unique, centre_of(box.axes))
    solve_points(planner, known, order, parents, engine=engine, say=say)
    added, probes = _fill(
        planner, known, declared, bracket=bracket, most=most, seed=seed, engine=engine, say=say
    )
    by_point = known.by_point()
    outcomes = tuple(by_point[point] for point in (*points.points, *added))
    return SweepFindings(
        box, points, added, outcomes, declared, planner.declared.data, planner.program, seed, probes
    )


class Known:
    """The points of a sweep and what is known of them, kept in the journal.

    Args:
        points: each once.
        journal: of the sweep.
        given: points that were planned elsewhere.
    """

    def __init__(self, points: list[Point], journal: Journal, given: Sequence[Record] = ()) -> None:
        self.points = points
        self.journal = journal
        self.outcomes: dict[int, Outcome] = {}
        self._recorded: dict[int, Point] = {}
        for record in (*given, *journal.records):
            place, point, outcome = of_record(record)
            self.outcomes[place], self._recorded[place] = outcome, point

    def forget_others(self, places: Iterable[int]) -> None:
        """Leave out what the journal keeps under a place that another point has now."""
        for place in places:
            if place in self._recorded and self._recorded[place] != self.points[place]:
                del self.outcomes[place], self._recorded[place]

    def by_point(self) -> dict[Point, Outcome]:
        """Return the outcome of every point."""
        return {point: self.outcomes[place] for place, point in enumerate(self.points)}


def solve_points(
    planner: PointPlanner,
    known: Known,
    order: Iterable[int],
    parents: Sequence[int],
    *,
    engine: Engine,
    say: Say,
) -> None:
    """Plan those points that are not known yet, and keep each in the journal.

    Args:
        known: the points and what is known of them.
        order: places in the order in which to begin them.
        parents: [place] of the point from which each starts, -1 for the declared case.
        say: sees how far it is.

    Raises:
        SolverError: a worker was lost, and nobody else could do its work.
        RunError: the journal cannot be written.
    """
    places = list(order)
    known.forget_others(places)
    done = sum(place in known.outcomes for place in places)
    say(f"Planning point {done + 1} of {len(places)} (Ctrl-C keeps those planned)")
    found = plan_points(
        planner,
        dict(enumerate(known.points)),
        lambda place: parents[place] if place < len(parents) else -1,
        known.outcomes,
        order=places,
        engine=engine,
    )
    for place, outcome in found:
        known.journal.append(as_record(place, known.points[place], outcome))
        done += 1
        say(f"Planned {done} of {len(places)} points (Ctrl-C keeps these)")


def _fill(
    planner: PointPlanner,
    known: Known,
    declared: Outcome,
    *,
    bracket: float | None,
    most: int,
    seed: int,
    engine: Engine,
    say: Say,
) -> tuple[tuple[Point, ...], tuple[tuple[Point, Bracket], ...]]:
    """Measure brackets in the box, and add points where they are widest until all are narrow enough."""
    box, first = planner.box, len(known.points)
    if declared.support is None or not any(axis.numeric for axis in box.axes):
        return (), ()
    say("Measuring brackets")
    fresh_probes = _probes(box, seed, planned=set(known.points))
    probes = list(islice(fresh_probes, FEW_PROBES if bracket is None else PROBES))
    scale = max(abs(declared.values.objective) if declared.values else 0.0, 1e-9)
    while True:
        places = [place for place in range(len(known.points)) if known.outcomes[place].support is not None]
        supports = [declared.support, *(known.outcomes[place].support for place in places)]
        held = Brackets(planner.program, [one for one in supports if one is not None])
        found = [(point, held.at(program)) for point, program in probes]
        widths = np.array([each.width / scale for _, each in found])
        wide = [
            found[i][0]
            for i in np.argsort(-widths, kind="stable")
            if bracket is not None and widths[i] > bracket / 100.0
        ]
        room = most - (len(known.points) - first)
        if not wide or room <= 0:
            return tuple(known.points[first:]), tuple(found)
        batch = wide[: min(BATCH, room)]
        begin = len(known.points)
        known.points.extend(batch)
        say(f"Adding {len(batch)} points where the bracket is widest, {widths.max():.1%}")
        fresh = range(begin, len(known.points))
        solve_points(planner, known, fresh, [-1] * len(known.points), engine=engine, say=say)
        probes = [probe for probe in probes if probe[0] not in batch]
        probes += islice(fresh_probes, len(batch))


def _probes(box: Box, seed: int, *, planned: set[Point]) -> Iterator[tuple[Point, LinearProgram]]:
    """Points over the whole box with their programs: its corners, as far as these are few, and points within.

    None of them is planned already, lest an answer be measured that was put in.
    """
    from itertools import product

    from scipy.stats import qmc

    axes = box.axes
    engine = qmc.Sobol(len(axes), rng=np.random.default_rng(seed))
    corners = list(product(*((axis.low, axis.high) for axis in axes)))
    inner = (row for _ in range(1000) for row in engine.random(PROBES))
    placed = (tuple(_short(a.at(float(u))) for a, u in zip(axes, row, strict=True)) for row in inner)
    seen = set(planned)
    for point in chain(corners if len(corners) <= PROBES // 4 else [], placed):
        if point in seen:
            continue
        seen.add(point)
        try:
            yield point, program_at(box, point)
        except CaseError:  # counted where it is a point of the design; no bracket is asked for here
            continue


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def journal_file(folder: Path | None) -> Path | None:
    """Return where the journal of a run stands: hidden, beside its folder."""
    return None if folder is None else folder.absolute().parent / f".{folder.name}.sweep"


def settings_text(seed: int, bracket: float | None, most_added: int) -> str:
    """Return what a sweep was asked for beside its points, for its fingerprint."""
    return f"{seed} {bracket} {most_added}"


def fingerprint(box: Box, points: Points, settings: str) -> str:
    """Return the name of a sweep: a hash of all that its result depends on.

    Args:
        box: the case and its axes.
        settings: as ``settings_text`` has them.
    """
    origin = box.case.provenance
    parts = (
        version("capexpand"),
        origin.content_hash,
        str([(v, sorted(map(str, s.set.items()))) for v, s in box.case.variants.items()]),
        repr(box.axes),
        repr(points.design),
        repr(points.points),
        settings,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _silent(_: str) -> None:
    """Show nothing."""
