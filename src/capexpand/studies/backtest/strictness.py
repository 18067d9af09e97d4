"""Refuses what rests on later evidence: a forecast that knows the future is no test of anything."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from capexpand.case.loading import load_case
from capexpand.case.merging import apply_variant, read_merged
from capexpand.case.numbers import numbers
from capexpand.case.reading import parse_day
from capexpand.case.schema import Case
from capexpand.case.shipped import case_place
from capexpand.errors import CaseError, Problem
from capexpand.files.reading import is_folder
from capexpand.model.rates import computed_workloads
from capexpand.units import QuantityError

STRICT = "strict"
"""The variant that a case may have for backtests."""

MOST_NAMED = 8


def hindsight_left(case: Case) -> tuple[str, ...]:
    """List what a case rests on that became known after its date.

    Args:
        case: a case that ``load_case`` found good.

    Returns:
        Places of numbers with later evidence, and workloads whose throughput is computed with
        efficiencies that were measured later; none where the case is strict.
    """
    late = [
        f"{found.path} ({_evidence(found.figure.basis_date or found.figure.known_on)})"
        for found in numbers(case)
        if found.figure.hindsight
    ]
    computed = computed_workloads(case)
    if computed:
        from capexpand.hardware.matrix import EVIDENCE_KNOWN_ON

        if case.as_of < EVIDENCE_KNOWN_ON:
            late += [f"throughput of workloads.{name} (measured later)" for name in computed]
    return tuple(late)


def _evidence(day: date | None) -> str:
    return "later evidence" if day is None else f"evidence of {day}"


def day_of(path: Path | str, variant: str | None) -> date:
    """Read the date of a case from its files alone, before anything of the catalogue is read.

    Args:
        path: a case file, or a folder with ``case.yaml``.
        variant: to apply.

    Raises:
        CaseError: a file cannot be read, there is no such variant, or the case has no date.
    """
    file = case_place(path)
    if is_folder(file):
        file /= "case.yaml"
    node, _ = read_merged(file)
    written = (apply_variant(node, variant) if variant is not None else node).mapping or {}
    try:
        return parse_day(written["as_of"].value if "as_of" in written else None)
    except QuantityError as error:
        raise CaseError([Problem(str(error), path="as_of", file=file)]) from None


def load_strict(path: Path | str, variant: str | None) -> tuple[Case, str | None]:
    """Load a case that knows nothing of the future, with its variant ``strict`` where that is needed.

    Args:
        path: a case file, or a folder with ``case.yaml``.
        variant: to apply; the case as it stands if absent, or its variant ``strict`` where it has hindsight.

    Returns:
        The case, and the variant that was applied.

    Raises:
        CaseError: the case is wrong, or hindsight is left; all of it is listed.
    """
    case = load_case(path, variant)
    left = hindsight_left(case)
    if left and variant is None and STRICT in case.variants:
        variant = STRICT
        case = load_case(path, variant)
        left = hindsight_left(case)
    if left:
        named = "; ".join(left[:MOST_NAMED])
        more = f"; and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else ""
        message = (
            f"cannot be backtested: {len(left)} of its numbers rest on evidence later than {case.as_of}: "
            f"{named}{more}. "
            f"State them as they could be stated on the day, in a variant '{STRICT}'"
        )
        raise CaseError([Problem(message, file=case.provenance.path)])
    return case, variant
