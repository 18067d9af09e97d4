"""``check``: a case as it was understood, with every unit, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.api.derived import computed_rates, derived_exports, export_data, rate_data
from capexpand.api.planning import loaded_case
from capexpand.api.shown import Documented

if TYPE_CHECKING:
    from polars import DataFrame

    from capexpand.case.numbers import NumberAt
    from capexpand.case.schema import Case
    from capexpand.errors import Problem
    from capexpand.model.export_terms import ExportSpan
    from capexpand.model.rates import Rate
    from capexpand.scenarios.demand_widths import NarrowDemand


@dataclass(frozen=True, slots=True, repr=False)
class CheckedCase(Documented):
    """A case without problems: its numbers as understood, and what was derived from hardware and rules."""

    case: Case
    numbers: tuple[NumberAt, ...]
    rates: tuple[Rate, ...] = ()
    exports: tuple[ExportSpan, ...] = ()
    doubts: tuple[str, ...] = ()
    narrow: tuple[NarrowDemand, ...] = ()

    @property
    def unexplained(self) -> tuple[NumberAt, ...]:
        """Numbers that have neither a source nor a reason."""
        return tuple(number for number in self.numbers if not number.figure.explained)

    @property
    def hindsight(self) -> tuple[NumberAt, ...]:
        """Numbers that rest on evidence later than the case's date."""
        return tuple(number for number in self.numbers if number.figure.hindsight)

    @property
    def computed_later(self) -> tuple[str, ...]:
        """Workloads whose rates are computed with efficiencies measured later than the case's date."""
        if not self.rates:
            return ()
        from capexpand.hardware.matrix import EVIDENCE_KNOWN_ON
        from capexpand.model.rates import computed_workloads

        return computed_workloads(self.case) if self.case.as_of < EVIDENCE_KNOWN_ON else ()

    @property
    def document(self) -> dict[str, object]:
        """All that was understood, as one JSON object."""
        return _document(self)

    @property
    def tables(self) -> dict[str, DataFrame]:  # pyrefly: ignore[missing-override-decorator]
        """The numbers of the case, one a row, with their units and sources."""
        import polars as pl

        return {"numbers": pl.DataFrame([_number_data(number) for number in self.numbers])}

    def _title(self) -> tuple[str, str]:
        return "check", self.case.title

    def _about(self) -> Mapping[str, object]:  # pyrefly: ignore[missing-override-decorator]
        return {"kind": "check", "case_hash": self.case.provenance.content_hash}

    def __repr__(self) -> str:  # pyrefly: ignore[missing-override-decorator]
        return f"<{self.case.title!r}: {len(self.numbers)} numbers, {len(self.unexplained)} without a source>"


def check(case: Path | str | Case, variant: str | None = None) -> CheckedCase:
    """Check a case and, where no variant is asked for, each of its variants too.

    Args:
        case: a case file, a folder, the name of a shipped case, or a loaded case.
        variant: the variant to apply, or None for the case as it stands.

    Raises:
        CaseError: with every problem of the case; without any, with those of its variants.
    """
    from capexpand.case.numbers import numbers
    from capexpand.case.plausibility import doubts

    loaded = loaded_case(case, variant)
    if variant is None and isinstance(case, Path | str):
        _check_variants(case, loaded)
    return CheckedCase(
        loaded,
        tuple(numbers(loaded)),
        computed_rates(loaded),
        derived_exports(loaded),
        doubts(loaded),
        _narrow_demands(loaded),
    )


def _narrow_demands(case: Case) -> tuple[NarrowDemand, ...]:
    if case.uncertainty.empty:
        return ()
    from capexpand.scenarios.demand_widths import narrow_demands

    return narrow_demands(case)


def _check_variants(path: Path | str, case: Case) -> None:
    from dataclasses import replace

    from capexpand.case.loading import load_case
    from capexpand.errors import CaseError

    problems: list[Problem] = []
    for name in case.variants:
        try:
            load_case(path, name)
        except CaseError as error:
            problems += [
                replace(problem, message=f"{problem.message} (in variant {name})")
                for problem in error.problems
            ]
    if problems:
        raise CaseError(problems)


def problem_data(problem: Problem) -> dict[str, object]:
    """Return a problem as an object for JSON."""
    return {
        "file": str(problem.file) if problem.file else None,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
    }


def _document(view: CheckedCase) -> dict[str, object]:
    case = view.case
    return {
        "title": case.title,
        "as_of": str(case.as_of),
        "currency": case.currency,
        "start": str(case.calendar.start),
        "quarters": case.calendar.quarters,
        "variant": case.provenance.variant,
        "variants": list(case.variants),
        "files": [str(file) for file in case.provenance.files],
        "content_hash": case.provenance.content_hash,
        "numbers": [_number_data(number) for number in view.numbers],
        "without_source": [number.path for number in view.unexplained],
        "hindsight": [
            *(number.path for number in view.hindsight),
            *(f"workloads.{name}.throughput (computed)" for name in view.computed_later),
        ],
        "throughput": [rate_data(rate, case) for rate in view.rates],
        "export": [export_data(span) for span in view.exports],
        "doubts": list(view.doubts),
        "narrow_demand": [
            {
                "place": each.place,
                "horizon_quarters": each.horizon,
                "factor": each.factor,
                "usual_factor": each.usual_factor,
            }
            for each in view.narrow
        ],
        "problems": [],
    }


def as_quarters(number: NumberAt) -> int | None:
    """Return the whole quarters that a waiting time counts as, where it is written otherwise."""
    from capexpand.timevalue import quarters_spanned

    if not number.path.endswith(("lead_time", ".term", "value_added_tax_recovery")):
        return None
    quarters = quarters_spanned(number.figure.value)
    return None if abs(number.figure.value - 3.0 * quarters) < 1e-9 else quarters


def _number_data(number: NumberAt) -> dict[str, object]:
    figure = number.figure
    return {
        "path": number.path,
        "written": figure.written,
        "value": figure.value,
        "unit": figure.unit,
        "source": figure.source,
        "reason": figure.reason,
        "quarters": as_quarters(number),
        "basis_date": figure.basis_date and str(figure.basis_date),
        "known_on": figure.known_on and str(figure.known_on),
        "verified": figure.verified,
        "hindsight": figure.hindsight,
    }
