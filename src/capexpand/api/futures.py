"""``scenarios``: the sampled futures of a case, as quantiles, fan charts and a lattice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.api.planning import Say, loaded_case, silent
from capexpand.api.shown import Shown

if TYPE_CHECKING:
    from capexpand.case.schema import Case
    from capexpand.reporting.sheet import Sheet
    from capexpand.scenarios.fans import Fan
    from capexpand.studies.futures.drawing import DrawnFutures


@dataclass(frozen=True, slots=True, repr=False)
class SampledFutures(Shown):
    """The scenarios of a case, their fans by quarter, and the lattice that stands for them.

    Args:
        found: the scenarios, fans and lattice.
        shown: the sheet of them.
    """

    found: DrawnFutures
    shown: Sheet

    @property
    def fans(self) -> tuple[Fan, ...]:
        """Quantiles by quarter of every quantity that moves."""
        return self.found.fans

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the quarters."""
        return self.found.calendar.labels

    def __repr__(self) -> str:
        count, case = self.found.scenarios.count, self.found.case
        return f"<{count} scenarios of {case.title!r}: {len(self.found.fans)} quantities>"


def scenarios(
    case: Path | str | Case,
    variant: str | None = None,
    *,
    scenarios: int = 8192,
    seed: int = 1,
    nodes: int = 160,
    outcomes: int = 1,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> SampledFutures:
    """Sample the uncertain inputs of a case, and condense them into a lattice.

    The lattice is condensed as that of a policy: fewer nodes after the quarters with recourse.

    Args:
        case: a case file, a folder, the name of a shipped case, or a loaded case; it declares uncertainty.
        variant: of the case, to be applied.
        scenarios: how many are sampled; at least 2.
        seed: of all random numbers.
        nodes: of the lattice in a quarter; 48 at most after the first 17.
        outcomes: in a node; one after the first 17 quarters.
        out: folder of the run; nothing is written where it is None.
        progress: sees how far it is.

    Raises:
        CaseError: the case is wrong or declares no uncertainty.
        RunError: the folder cannot be written, or another process is writing it.
    """
    from contextlib import nullcontext

    from capexpand.runs.folder import hold_place
    from capexpand.studies.futures.drawing import sample_futures
    from capexpand.studies.futures.sheet import futures_sheet

    place = None if out is None else Path(out)
    (progress or silent)("Sampling scenarios")
    with nullcontext() if place is None else hold_place(place):
        found = sample_futures(
            loaded_case(case, variant), scenarios, seed=seed, nodes=nodes, outcomes=outcomes
        )
        sheet = futures_sheet(found)
        if place is not None:
            sheet.save(place)
    return SampledFutures(found, sheet)
