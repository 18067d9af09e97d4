"""``sweep``: plan a case at many points, with certified bounds in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capexpand.api.planning import Say, silent

if TYPE_CHECKING:
    from polars import DataFrame

    from capexpand.case.schema import Case
    from capexpand.optimiser.brackets import Bracket
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.sweep.findings import SweepFindings


@dataclass(frozen=True, slots=True, repr=False)
class Sweep:
    """A case planned at many points.

    Args:
        found: the points and what was found at them.
        shown: the sheet of them.
    """

    found: SweepFindings
    shown: Sheet

    @property
    def document(self) -> Mapping[str, Any]:
        """The result as one JSON object."""
        return self.shown.document

    @property
    def tables(self) -> Mapping[str, DataFrame]:
        """``points``, ``decisions``, ``sensitivity`` and ``brackets``; money is plain."""
        return self.shown.tables

    def bracket(self, point: Mapping[str, str | float] | Sequence[str | float]) -> Bracket:
        """Return certified bounds of the best objective [million] at any point of the box.

        Args:
            point: a value for each axis by its path, or in their order: a number in the unit of the axis, or
                a text such as ``0.9x``. Axes that are not named stay as declared.

        Raises:
            CaseError: a value is none of its axis, lies outside the box, or the case is wrong there.
        """
        return self.found.bracket(point)

    def sheet(self) -> Sheet:
        """Return the sheet, for page, terminal and notebook."""
        return self.shown

    def save(self, folder: Path | str) -> Path:
        """Write the run folder, whole or not at all.

        Args:
            folder: where it is to stand; an older run there is replaced.

        Returns:
            Where the report stands.

        Raises:
            RunError: the folder cannot be written, or holds files that no run wrote.
        """
        return self.shown.save(folder)

    def _repr_html_(self) -> str:
        """Return the answers and the first picture, for a notebook."""
        return self.shown._repr_html_()

    def __repr__(self) -> str:
        axes = ", ".join(axis.path for axis in self.found.axes)
        return f"<Sweep of {self.found.case.title!r} over {axes}: {len(self.found.all_points)} points>"


def sweep(
    case: Path | str | Case,
    variant: str | None = None,
    *,
    vary: Sequence[str] | None = None,
    design: str = "grid",
    points: int | None = None,
    seed: int = 1,
    workers: int = 2,
    bracket: float | None = None,
    add: int = 60,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Sweep:
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
        bracket: how far bounds may be apart [% of the objective]; points are added until they are no further
            apart anywhere they are measured. None adds none.
        add: most points that may be added for it.
        out: folder of the run; beside it a journal keeps what is planned, so that an interrupted sweep goes
            on.
        progress: sees how far it is.

    Raises:
        CaseError: the case or an axis is wrong.
        InfeasibleError: no plan satisfies the case as it stands.
        SolverError: a solver failed.
        RunError: the folder cannot be written, or another process is writing it.
    """
    from capexpand.runs.folder import hold_place
    from capexpand.studies.sweep.axes import Box
    from capexpand.studies.sweep.findings import sweep_case
    from capexpand.studies.sweep.sheet import sweep_sheet

    box = Box(*_origin(case, variant), tuple(vary or ()))
    place = None if out is None else Path(out)
    say = progress or silent
    with nullcontext() if place is None else hold_place(place):
        found, journal = sweep_case(
            box,
            design,
            points,
            seed=seed,
            workers=workers,
            bracket=bracket,
            most_added=add,
            folder=place,
            progress=say,
        )
        finished = False
        try:
            say("Writing the report")
            sheet = sweep_sheet(found)
            if place is not None:
                sheet.save(place)
            finished = True
        finally:
            journal.close(finished=finished)
    return Sweep(found, sheet)


def _origin(case: Path | str | Case, variant: str | None) -> tuple[str, str | None]:
    """Where a case was read from, and with which variant."""
    from capexpand.api.planning import loaded_case
    from capexpand.case.schema import Case

    if isinstance(case, Case):
        loaded = loaded_case(case, variant)
        return str(loaded.provenance.path), loaded.provenance.variant
    return str(case), variant
