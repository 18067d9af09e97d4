"""``capexpand check``: what was understood of a case, with every unit, and all that is wrong with it."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capexpand.cli.options import AsJson
from capexpand.reporting.console import print_json, say

if TYPE_CHECKING:
    from capexpand.api.checking import CheckedCase
    from capexpand.case.numbers import NumberAt
    from capexpand.case.schema import Case
    from capexpand.errors import CaseError
    from capexpand.scenarios.demand_widths import NarrowDemand


def check(
    case: Annotated[
        list[Path],
        typer.Argument(help="Case files, or folders that hold case.yaml; of several each is told in short."),
    ],
    *,
    variant: Annotated[str | None, typer.Option(help="Check the case with this variant.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check cases: what was understood with every unit, numbers without a source, every problem."""
    from capexpand.errors import CaseError

    alone = len(case) == 1
    # a pattern finds folders of shared parts too
    places = [place for place in case if alone or not place.is_dir() or (place / "case.yaml").exists()]
    found = [(place, _understood(place, variant)) for place in places]
    wrong = [problem for _, one in found if isinstance(one, CaseError) for problem in one.problems]
    if as_json:
        documents = [_document(one) for _, one in found]
        print_json(documents[0] if alone else {"cases": documents})
        if wrong:
            raise typer.Exit(CaseError.exit_code)
        return
    for place, one in found:
        if not isinstance(one, CaseError):
            say(_as_text(one) if alone else _in_short(place, one))
    if wrong:
        raise CaseError(wrong)


def _understood(place: Path, variant: str | None) -> CheckedCase | CaseError:
    from capexpand.api.checking import check as understand
    from capexpand.errors import CaseError

    try:
        return understand(place, variant)
    except CaseError as error:
        return error


def _document(found: CheckedCase | CaseError) -> dict[str, object]:
    from capexpand.api.checking import problem_data
    from capexpand.errors import CaseError

    if isinstance(found, CaseError):
        return {"problems": [problem_data(problem) for problem in found.problems]}
    return found.document


def _in_short(place: Path, view: CheckedCase) -> str:
    """What to doubt of one case of several."""
    return "\n".join(
        [
            f"{place}: {view.case.title}",
            *(f"  {line}".rstrip() for line in _warnings(view)),
            f"  {len(view.numbers)} numbers, {len(view.unexplained)} without a source; no problems",
        ]
    )


def _canonical(number: NumberAt) -> str:
    from capexpand.api.checking import as_quarters
    from capexpand.units import format_number

    figure = number.figure
    written = format_number(figure.value) + ("" if figure.unit == "1" else f" {figure.unit}")
    rounded = as_quarters(number)
    return written if rounded is None else f"{written} = {rounded} quarters"


def _as_text(view: CheckedCase) -> str:
    """Everything for people: tables by block, then what lacks a source and what rests on later evidence."""
    from capexpand.cli.check_derived import export_lines, rate_lines
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
        lines += ["", block, *_table(rows, block)]
    lines += [*rate_lines(view.rates, case), *export_lines(view.exports, case)]
    lines += _list("without a source or a reason", view.unexplained)
    rests = "rests" if len(view.hindsight) == 1 else "rest"
    later = f"that {rests} on evidence later than {case.as_of} (hindsight)"
    lines += _list(later, view.hindsight)
    if view.computed_later:
        later = ", ".join(view.computed_later)
        after = f"measured after {case.as_of} (hindsight)"
        lines += ["", f"Throughput of {later} is computed with efficiencies {after}."]
    return "\n".join([*lines, *_warnings(view), "", "No problems."])


def _warnings(view: CheckedCase) -> list[str]:
    doubts = ["", "Hard to believe:", *(f"  {doubt}" for doubt in view.doubts)] if view.doubts else []
    return [*_narrow_lines(view.narrow, view.case), *doubts]


def _narrow_lines(narrow: tuple[NarrowDemand, ...], case: Case) -> list[str]:
    """Warn of demand that the case holds to be better known than forecasts of revenue have been."""
    if not narrow:
        return []
    lines = [
        "",
        "Warning: demand is held more certain than forecasts of revenue have been.",
        "The upper end of its 80 % interval above the median:",
    ]
    lines += [
        f"  {each.place}, {each.horizon} quarters ahead: {each.factor - 1.0:.0%} in the case, "
        f"{each.usual_factor - 1.0:.0%} by the errors known on {case.as_of}".replace("%", " %")
        for each in narrow
    ]
    return [*lines, "  A process under uncertainty.drifts, or a larger exponent, would widen it."]


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
