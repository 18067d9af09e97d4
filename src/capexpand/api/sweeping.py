"""``sweep``: plan a case at many points, with certified bounds in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from capexpand.api.planning import Say, silent
from capexpand.api.shown import ShardInFolder, Shown
from capexpand.api.splitting import asked_part

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from capexpand.case.schema import Case
    from capexpand.executing.engine import Engine
    from capexpand.optimiser.brackets import Bracket
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.shards import Shard
    from capexpand.studies.sweep.axes import Box
    from capexpand.studies.sweep.findings import SweepFindings
    from capexpand.studies.sweep.journal import Record
    from capexpand.studies.sweep.shard_folders import SweepSettings


@dataclass(frozen=True, slots=True, repr=False)
class Sweep(Shown):
    """A case planned at many points; its tables are points, decisions, sensitivity and brackets.

    Args:
        found: the points and what was found at them.
        shown: the sheet of them.
    """

    found: SweepFindings
    shown: Sheet

    def bracket(self, point: Mapping[str, str | float] | Sequence[str | float]) -> Bracket:
        """Return certified bounds of the best objective [million] at any point of the box.

        Args:
            point: a value for each axis by its path, or in their order: a number in the unit of the axis, or
                a text such as ``0.9x``. Axes that are not named stay as declared.

        Raises:
            CaseError: a value is none of its axis, lies outside the box, or the case is wrong there.
        """
        return self.found.bracket(point)

    def __repr__(self) -> str:
        axes = ", ".join(axis.path for axis in self.found.axes)
        return f"<Sweep of {self.found.case.title!r} over {axes}: {len(self.found.all_points)} points>"


class SweepShard(ShardInFolder):
    """One part of a sweep, which stands in ``folder``; ``merge`` joins all of them."""


@overload
def sweep(
    case: Path | str | Case, variant: str | None = None, *, vary: Sequence[str] | None = None,
    design: str = "grid", points: int | None = None, seed: int = 1, workers: int = 2,
    on: str | Executor | None = None, bracket: float | None = None, add: int = 60, shard: None = None,
    out: Path | str | None = None, progress: Say | None = None,
) -> Sweep: ...  # fmt: skip


@overload
def sweep(
    case: Path | str | Case, variant: str | None = None, *, vary: Sequence[str] | None = None,
    design: str = "grid", points: int | None = None, seed: int = 1, workers: int = 2,
    on: str | Executor | None = None, bracket: float | None = None, add: int = 60, shard: str | None,
    out: Path | str | None = None, progress: Say | None = None,
) -> Sweep | SweepShard: ...  # fmt: skip


def sweep(
    case: Path | str | Case,
    variant: str | None = None,
    *,
    vary: Sequence[str] | None = None,
    design: str = "grid",
    points: int | None = None,
    seed: int = 1,
    workers: int = 2,
    on: str | Executor | None = None,
    bracket: float | None = None,
    add: int = 60,
    shard: str | None = None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Sweep | SweepShard:
    """Plan a case at many points of a box, and bound its value in between.

    Args:
        case: a case file, a folder that holds ``case.yaml``, the name of a shipped case, or a loaded case.
        variant: of the case, to be applied first.
        vary: the axes, each ``PATH=LOW:HIGH:COUNT`` or ``PATH=VALUE,VALUE,…`` with factors (``0.8x``), sums
            (``+10 MW``) or amounts (``7 %``); or ``variant=NAME,NAME``.
        design: ``grid``, ``lhs`` (Latin hypercube), ``sobol`` (for Sobol indices) or ``one-at-a-time``.
        points: most points of ``lhs`` and ``sobol``; the usual number if None.
        seed: of these two, and of the points at which bounds are measured.
        workers: processes; the result is the same for any number.
        on: where the points are planned: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        bracket: how far bounds may be apart [% of the objective]; points are added until they are no further
            apart anywhere they are measured. None adds none.
        add: most points that may be added for it.
        shard: plan one part only, such as ``3/40``, and write its folder ``out``; ``merge`` joins the parts.
        out: folder of the run; beside it a journal keeps what is planned, so that an interrupted sweep goes
            on.
        progress: sees how far it is.

    Returns:
        The sweep; with ``shard`` that part of it.

    Raises:
        CaseError: the case, an axis, the shard or the place where it is to run is wrong.
        InfeasibleError: no plan satisfies the case as it stands.
        SolverError: a solver failed.
        RunError: the folder cannot be written, another process is writing it, or no cluster answers.
    """
    from capexpand.executing.choosing import engine_on
    from capexpand.runs.folder import hold_place
    from capexpand.studies.sweep.axes import Box
    from capexpand.studies.sweep.shard_folders import SweepSettings

    part, place = asked_part(shard, out)
    origin, variant = _origin(case, variant)
    box = Box(origin, variant, tuple(vary or ()))
    asked = SweepSettings(variant, tuple(vary or ()), design, points, seed, bracket, add)
    say = progress or silent
    with (
        nullcontext() if place is None else hold_place(place),
        engine_on(on, workers=workers) as engine,
    ):
        if part is not None and place is not None:
            return _planned_shard(box, asked, part, engine=engine, place=place, say=say)
        return finished_sweep(box, asked, engine=engine, place=place, given=(), say=say)


def finished_sweep(
    box: Box, asked: SweepSettings, *, engine: Engine, place: Path | None, given: Sequence[Record], say: Say
) -> Sweep:
    """Plan what is not known yet of a sweep, and write its run.

    Args:
        box: the case and its axes.
        asked: the rest of what was asked for.
        engine: what plans the points.
        place: of the run, held by the caller; None writes none.
        given: points that were planned elsewhere.
        say: sees how far it is.
    """
    from capexpand.studies.sweep.findings import sweep_case
    from capexpand.studies.sweep.sheet import sweep_sheet

    found, journal = sweep_case(
        box,
        asked.design,
        asked.points,
        seed=asked.seed,
        engine=engine,
        bracket=asked.bracket,
        most_added=asked.add,
        folder=place,
        given=given,
        progress=say,
    )
    with journal:
        say("Writing the report")
        sheet = sweep_sheet(found)
        if place is not None:
            sheet.save(place)
    return Sweep(found, sheet)


def _planned_shard(
    box: Box, asked: SweepSettings, part: Shard, *, engine: Engine, place: Path, say: Say
) -> SweepShard:
    """Plan a shard and write its folder; one that stands there already is left as it is."""
    from capexpand.studies.shards import shard_sheet, stands_already
    from capexpand.studies.sweep.designs import make_points
    from capexpand.studies.sweep.findings import fingerprint, settings_text
    from capexpand.studies.sweep.shard_folders import WHOLE, write_shard
    from capexpand.studies.sweep.shards import plan_shard

    points = make_points(box.axes, asked.design, asked.points, seed=asked.seed)
    name = fingerprint(box, points, settings_text(asked.seed, asked.bracket, asked.add))
    if not stands_already(place, WHOLE, name, part):
        planned, journal = plan_shard(box, points, name, shard=part, engine=engine, folder=place, say=say)
        with journal:
            write_shard(place, planned, asked)
    return SweepShard(place, shard_sheet(place, WHOLE))


def _origin(case: Path | str | Case, variant: str | None) -> tuple[str, str | None]:
    """Where a case was read from, and with which variant."""
    from capexpand.api.planning import loaded_case
    from capexpand.case.schema import Case

    if isinstance(case, Case):
        loaded = loaded_case(case, variant)
        return str(loaded.provenance.path), loaded.provenance.variant
    return str(case), variant
