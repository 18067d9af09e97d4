"""``capexpand check``: what was understood of a case, with every unit, and all that is wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capexpand.cli.check_derived import (
    computed_rates,
    derived_exports,
    export_data,
    export_lines,
    rate_data,
    rate_lines,
)

if TYPE_CHECKING:
    from capexpand.case.numbers import NumberAt
    from capexpand.case.schema import Case
    from capexpand.errors import Problem
    from capexpand.model.export_terms import ExportSpan
    from capexpand.model.rates import Rate
    from capexpand.scenarios.demand_widths import NarrowDemand


@dataclass(frozen=True, slots=True)
class CheckView:
    """All that the command shows about a case without problems."""

    case: Case
    numbers: tuple[NumberAt, ...]
    rates: tuple[Rate, ...] = ()
    exports: tuple[ExportSpan, ...] = ()
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


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("check")
    def check(
        case: Annotated[Path, typer.Argument(help="A case file, or a folder that holds case.yaml.")],
        *,
        variant: Annotated[
            str | None, typer.Option("--variant", help="Check the case with this variant.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    ) -> None:
        """Check a case: what was understood with every unit, numbers without a source, every problem."""
        from capexpand.errors import CaseError

        try:
            view = check_case(case, variant)
        except CaseError as error:
            if not as_json:
                raise
            typer.echo(
                json.dumps({"problems": [_problem_data(problem) for problem in error.problems]}, indent=2)
            )
            raise typer.Exit(error.exit_code) from None
        typer.echo(json.dumps(_as_data(view), ensure_ascii=False, indent=2) if as_json else _as_text(view))


def check_case(path: Path, variant: str | None = None) -> CheckView:
    """Load a case and, where no variant is asked for, each of its variants too.

    Args:
        path: a case file, or a folder with ``case.yaml``.
        variant: the variant to apply, or None for the case as it stands.

    Raises:
        CaseError: with every problem of the case; without any, with those of its variants.
    """
    from capexpand.case.loading import load_case
    from capexpand.case.numbers import numbers

    case = load_case(path, variant)
    if variant is None:
        _check_variants(path, case)
    return CheckView(
        case, tuple(numbers(case)), computed_rates(case), derived_exports(case), _narrow_demands(case)
    )


def _narrow_demands(case: Case) -> tuple[NarrowDemand, ...]:
    if case.uncertainty.empty:
        return ()
    from capexpand.scenarios.demand_widths import narrow_demands

    return narrow_demands(case)


def _check_variants(path: Path, case: Case) -> None:
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


def _canonical(number: NumberAt) -> str:
    from capexpand.units import format_number

    figure = number.figure
    written = format_number(figure.value) + ("" if figure.unit == "1" else f" {figure.unit}")
    rounded = _as_quarters(number)
    return written if rounded is None else f"{written} = {rounded} quarters"


def _as_quarters(number: NumberAt) -> int | None:
    """The whole quarters that a time to wait counts as, where it is written otherwise; None elsewhere."""
    from capexpand.timevalue import quarters_spanned

    if not number.path.endswith(("lead_time", ".term", "value_added_tax_recovery")):
        return None
    quarters = quarters_spanned(number.figure.value)
    return None if abs(number.figure.value - 3.0 * quarters) < 1e-9 else quarters


def _problem_data(problem: Problem) -> dict[str, object]:
    return {
        "file": str(problem.file) if problem.file else None,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
    }


def _as_data(view: CheckView) -> dict[str, object]:
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
        "narrow_demand": [
            {
                "workload": each.workload,
                "horizon_quarters": each.horizon,
                "factor": each.factor,
                "usual_factor": each.usual_factor,
            }
            for each in view.narrow
        ],
        "problems": [],
    }


def _number_data(number: NumberAt) -> dict[str, object]:
    figure = number.figure
    return {
        "path": number.path,
        "written": figure.written,
        "value": figure.value,
        "unit": figure.unit,
        "source": figure.source,
        "reason": figure.reason,
        "quarters": _as_quarters(number),
        "basis_date": figure.basis_date and str(figure.basis_date),
        "known_on": figure.known_on and str(figure.known_on),
        "verified": figure.verified,
        "hindsight": figure.hindsight,
    }


def _as_text(view: CheckView) -> str:
    """Everything for people: tables by block, then what lacks a source and what rests on later evidence."""
    from capexpand.timevalue import QuarterCalendar

    case = view.case
    calendar = QuarterCalendar(case.calendar.start, case.calendar.quarters)
    lines = [
        case.title + (f", variant {case.provenance.variant}" if case.provenance.variant else ""),
        f"as of {case.as_of}, {calendar.quarters} quarters from {calendar.labels[0]}, in {case.currency}",
        f"{_counted(len(case.sites), 'site')}: {', '.join(case.sites)}",
        f"{_counted(len(case.offers), 'offer')}: {', '.join(case.offers)}",
        f"{_counted(len(case.workloads), 'workload')}: {', '.join(case.workloads)}",
        f"{_counted(len(case.variants), 'variant')}: {', '.join(case.variants) or 'none'}",
    ]
    for block, members in groupby(view.numbers, key=_block):
        rows = list(members)
        lines += ["", typer.style(block, bold=True), *_table(rows, block)]
    lines += [*rate_lines(view.rates, case), *export_lines(view.exports, case)]
    lines += _list("without a source or a reason", view.unexplained)
    rests = "rests" if len(view.hindsight) == 1 else "rest"
    later = f"that {rests} on evidence later than {case.as_of} (hindsight)"
    lines += _list(later, view.hindsight)
    if view.computed_later:
        later = ", ".join(view.computed_later)
        after = f"measured after {case.as_of} (hindsight)"
        lines += ["", f"Throughput of {later} is computed with efficiencies {after}."]
    lines += _narrow_lines(view.narrow)
    return "\n".join([*lines, "", "No problems."])


def _narrow_lines(narrow: tuple[NarrowDemand, ...]) -> list[str]:
    """Warn of demand that the case holds to be better known than forecasts of revenue have been."""
    if not narrow:
        return []
    lines = ["", "Warning: demand is more certain here than forecasts of revenue have been (80 % intervals):"]
    lines += [
        f"  workloads.{each.workload}.demand: up to {each.factor - 1.0:.0%} above its median "
        f"{each.horizon} quarters ahead; such forecasts were off by {each.usual_factor - 1.0:.0%}"
        for each in narrow
    ]
    return [*lines, "  A drift under uncertainty.drifts, or a larger exponent, would widen it."]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _block(number: NumberAt) -> str:
    """The block in which a number is shown: a site, an offer, a workload, or a section of the case."""
    steps = number.path.split(".")
    return ".".join(steps[: 2 if steps[0] in ("sites", "offers", "workloads") else 1])


def _table(rows: list[NumberAt], block: str) -> list[str]:
    """Align the rows of a block in columns: place, as written, canonical, where it is from."""
    cells = [
        (
            number.path.removeprefix(block).lstrip(".") or block,
            _clipped(number.figure.written, 44),
            _canonical(number),
            _clipped(_origin(number), 60),
        )
        for number in rows
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    return [
        f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip()
        for row in cells
    ]


def _origin(number: NumberAt) -> str:
    figure = number.figure
    return figure.source or (f"assumed: {figure.reason}" if figure.reason else "-")


def _clipped(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _list(which: str, numbers: tuple[NumberAt, ...]) -> list[str]:
    title = f"{_counted(len(numbers), 'number')} {which}"
    if not numbers:
        return ["", title]
    return [
        "",
        f"{title}:",
        *(f"  {number.path}: {number.figure.written}" for number in numbers),
    ]
