"""``diff`` and the other questions that are asked of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from capexpand.api.planning import Say, silent

if TYPE_CHECKING:
    from polars import DataFrame

    from capexpand.case.schema import Case
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.diff.difference import Difference

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, repr=False)
class Questioned(Generic[Found]):
    """The answer to a question about a plan: what was found, ready to be shown and saved.

    Args:
        found: everything that was found out.
        shown: the sheet of it.
    """

    found: Found
    shown: Sheet

    @property
    def document(self) -> Mapping[str, Any]:
        """The result as one JSON object."""
        return self.shown.document

    @property
    def tables(self) -> Mapping[str, DataFrame]:
        """Every table by its name."""
        return self.shown.tables

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answers, each with its question before it."""
        return tuple(f"{answer.question} {answer.text}" for answer in self.shown.answers)

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
        return f"<{self.shown.kind}: {self.shown.title!r}>"


def diff(
    old: Path | str | Case,
    new: Path | str | Case | None = None,
    *,
    variant: str | None = None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Questioned[Difference]:
    """Find what changed between two plans: inputs, decisions, results, and the value by cause.

    Args:
        old: a run folder, a case, or CASE:VARIANT.
        new: the same; the old case itself, with the variant, if None.
        variant: of the new case, to be applied.
        out: folder of the run; nothing is written where it is None.
        progress: sees how far it is.

    Raises:
        CaseError: a case is wrong, or the two are the same or count in different currencies.
        InfeasibleError: a case has no plan.
        SolverError: a solver failed.
        RunError: a run cannot be read, or the folder not be written.
    """
    from capexpand.errors import CaseError, Problem
    from capexpand.runs.folder import check_place
    from capexpand.studies.diff.difference import difference
    from capexpand.studies.diff.sheet import difference_sheet
    from capexpand.studies.subjects import read_subject

    if new is None and variant is None:
        raise CaseError([Problem("one plan given; name two, or a --variant of the one, to see what changed")])
    if out is not None:
        check_place(Path(out))
    say = progress or silent
    before = read_subject(old)
    after = read_subject(old if new is None else new, variant)
    found = difference(before, after, lambda what: say(f"Planning {what}"))
    sheet = difference_sheet(found)
    if out is not None:
        sheet.save(out)
    return Questioned(found, sheet)
