"""The sheet of a sweep: value over the box, what matters, decisions, brackets, points."""

from __future__ import annotations

import platform
from importlib.metadata import version

import numpy as np

from capexpand.reporting.blocks import (
    Block,
    Cell,
    Charts,
    Column,
    Details,
    Fact,
    Paragraph,
    Row,
    Section,
    Table,
    columns,
)
from capexpand.reporting.charts import sweeps
from capexpand.reporting.charts.drawing import Chart, rounded, svg
from capexpand.reporting.serial import Document, number
from capexpand.reporting.serial import money as plain_money
from capexpand.reporting.sheet import Sheet
from capexpand.studies.sweep import tables
from capexpand.studies.sweep.decisions import Decision, decisions
from capexpand.studies.sweep.findings import SweepFindings
from capexpand.studies.sweep.sensitivity import Effect, effects
from capexpand.studies.sweep.sliders import sliders
from capexpand.studies.sweep.wording import answers, bracket_note
from capexpand.wording import MoneyScale, of_each


def sweep_sheet(findings: SweepFindings) -> Sheet:
    """Return the sheet of a sweep."""
    case, origin = findings.case, findings.case.provenance
    found, decided = effects(findings), decisions(findings)
    largest = max((abs(findings.values(outcome).objective) for _, outcome in findings.planned), default=0.0)
    scale = MoneyScale.of(largest, case.currency)
    charts = _charts(findings, found, scale)
    effect_table, decision_table = (
        tables.effects_table(found, scale),
        tables.decisions_table(findings, decided),
    )
    sections = [
        Section("value", "Value over the box", (*((Charts(charts),) if charts else ()), effect_table)),
        Section("decisions", "What is decided in which points", (decision_table,)),
    ]
    if findings.probes:
        sections.append(Section("brackets", "Between the points", _bracket_blocks(findings, scale)))
    sections.append(Section("points", "Planned points", (tables.points_table(findings, scale),)))
    if findings.excluded:
        sections.append(Section("excluded", "Points without a plan", (tables.excluded_table(findings),)))
    sections.append(Section("made", "How it was made", _made(findings)))
    return Sheet(
        kind="sweep",
        title=f"{case.title}: {of_each(len(findings.all_points), 'point', 'points')} of a sweep",
        description="Each point is a variant of the case, planned anew. Between them the best objective has "
        "certified bounds, as far as the axes allow.",
        facts=(
            Fact("Case", origin.path.absolute().parent.name),
            Fact("Variant", origin.variant or "as declared"),
            Fact("Design", findings.points.design),
            Fact("As of", str(case.as_of)),
        ),
        answers=answers(findings, found, decided),
        sections=tuple(sections),
        summary=(effect_table, decision_table),
        document=_document(findings, found, decided),
        document_name="sweep.json",
        about={
            "kind": "sweep",
            "capexpand": version("capexpand"),
            "python": platform.python_version(),
            "case": origin.path.absolute().parent.name,
            "variant": origin.variant,
            "case_hash": origin.content_hash,
            "seed": findings.seed,
        },
        tables=tables.frames(findings, found, decided),
        files={
            **origin.copies(),
            **{f"charts/{chart.identifier}.svg": svg(chart, width=560).encode() for chart in charts},
        },
    )


def _charts(findings: SweepFindings, found: tuple[Effect, ...], scale: MoneyScale) -> tuple[Chart, ...]:
    if len(findings.planned) < 2:
        return ()
    if findings.points.design == "one-at-a-time":
        return (_tornado(findings, found, scale),)
    if len(findings.axes) == 1:
        return (_line(findings, scale),)
    if findings.points.design == "grid":
        return tuple(_map(findings, scale))
    return (_tornado(findings, found, scale),)


def _value(findings: SweepFindings, place: int, scale: MoneyScale) -> float:
    return findings.values(findings.outcomes[place]).npv / scale.divisor


def _line(findings: SweepFindings, scale: MoneyScale) -> Chart:
    axis = findings.axes[0]
    pairs = sorted((point[0], findings.values(outcome).npv) for point, outcome in findings.planned)
    rows = tuple({"x": x, "l": axis.label(x), "v": rounded(v / scale.divisor)} for x, v in pairs)
    title = f"{axis.path}, {axis.unit or ('factor' if axis.kind == 'factor' else '')}".rstrip(", ")
    spec = sweeps.value_lines(title, scale.unit, ordinal=not axis.numeric)
    note = f"Net present value of the programme, {scale.unit}."
    return Chart("sweep-line", f"Value by {axis.path}", note, spec, rows=rows, shaded=False)


def _map(findings: SweepFindings, scale: MoneyScale) -> list[Chart]:
    """The first two axes against each other; of other axes the level nearest to the declared one."""
    first, second, *rest = findings.axes
    kept = [
        min(
            axis.levels,
            key=lambda x, a=axis: abs(
                x - (a.levels[len(a.levels) // 2] if a.declared is None else a.declared)
            ),
        )
        for axis in rest
    ]
    rows = [
        {
            "x": first.label(point[0]),
            "y": second.label(point[1]),
            "v": rounded(findings.values(outcome).npv / scale.divisor),
            "t": scale.write(findings.values(outcome).npv),
        }
        for point, outcome in findings.planned
        if list(point[2:]) == kept and point[0] in first.levels and point[1] in second.levels
    ]
    levels = ([first.label(x) for x in first.levels], [second.label(x) for x in second.levels])
    others = ", ".join(f"{axis.path} {axis.label(x)}" for axis, x in zip(rest, kept, strict=True))
    note = f"Net present value of the programme, {scale.unit}" + (f"; {others}." if others else ".")
    spec = sweeps.value_map(first.path, second.path, scale.unit, levels=levels)
    title = f"Value by {first.path} and {second.path}"
    return [Chart("sweep-map", title, note, spec, rows=tuple(rows), shaded=False)] if rows else []


def _tornado(findings: SweepFindings, found: tuple[Effect, ...], scale: MoneyScale) -> Chart:
    values = [findings.values(outcome).npv for _, outcome in findings.planned]
    declared = findings.declared.values
    single = findings.points.design == "one-at-a-time"
    centre = declared.npv if single and declared is not None else float(np.mean(values))
    rows = [
        {"p": one.axis.path, "e": end, "l": one.axis.label(x), "v": rounded(value / scale.divisor)}
        for one in found
        for end, x, value in (("low", one.axis.low, one.at_low), ("high", one.axis.high, one.at_high))
    ]
    spec = sweeps.tornado(scale.unit, [one.axis.path for one in found], centre / scale.divisor)
    note = f"Net present value of the programme, {scale.unit}, " + (
        "one axis moved at a time; the line is the case as declared."
        if single
        else "mean over the points in the outer fifth of each axis; the line is the mean of all."
    )
    return Chart(
        "sweep-tornado", "Which assumption moves the value most", note, spec, rows=tuple(rows), shaded=False
    )


def _bracket_blocks(findings: SweepFindings, scale: MoneyScale) -> tuple[Block, ...]:
    about = (
        "The best objective is concave in limits and convex in prices. So plans and duals that were found at "
        "planned points bound it at any other. "
    )
    table = tables.brackets_table(findings, scale)
    moved = sliders(findings, scale)
    rows = f"{len(findings.probes)} points"
    return (
        Paragraph(about + bracket_note(findings)),
        *(() if moved is None else (moved,)),
        Details(f"Bounds at {rows} that were not planned", (table,)),
    )


def _made(findings: SweepFindings) -> tuple[Block, ...]:
    rows = [
        Row("capexpand", (f"{version('capexpand')}, on Python {platform.python_version()}",)),
        Row("SHA-256 of the case and its tables", (Cell(findings.case.provenance.content_hash, code=True),)),
        Row("Design", (f"{findings.points.design}, seed {findings.seed}",)),
        Row("Points added where brackets were widest", (str(len(findings.added)),)),
    ]
    rows += [
        Row(axis.path, (f"{axis.label(axis.low)} to {axis.label(axis.high)}",)) for axis in findings.axes
    ]
    return (Table("How it was made", columns("", Column("", align="text")), tuple(rows), kind="made"),)


def _document(findings: SweepFindings, found: tuple[Effect, ...], decided: tuple[Decision, ...]) -> Document:
    values = findings.declared.values
    return {
        "title": findings.case.title,
        "design": findings.points.design,
        "seed": findings.seed,
        "axes": [
            {
                "path": axis.path,
                "kind": axis.kind,
                "unit": axis.unit,
                "levels": axis.levels if axis.numeric else axis.choices,
                "declared": axis.declared
                if axis.numeric or axis.declared is None
                else axis.choices[int(axis.declared)],
                "moves": sorted(kinds),
            }
            for axis, kinds in zip(findings.axes, findings.kinds, strict=True)
        ],
        "declared": None
        if values is None
        else {"objective": plain_money(values.objective), "npv": plain_money(values.npv)},
        "points": len(findings.all_points),
        "planned": len(findings.planned),
        "excluded": [
            {"point": findings.box.label(point), "status": outcome.status, "reason": outcome.reason}
            for point, outcome in findings.excluded
        ],
        "table": tables.frames(findings, found, decided)["points"],
        "sensitivity": tables.frames(findings, found, decided)["sensitivity"],
        "decisions": [
            {
                "name": one.name,
                "unit": one.unit,
                "in_every_point": number(one.anyway),
                "share_of_points": number(one.taken),
                "flips": None
                if one.threshold is None
                else {
                    "axis": one.threshold.axis.path,
                    "at": one.threshold.axis.label(one.threshold.at),
                    "above": one.threshold.above,
                    "share_told": number(one.threshold.share),
                },
            }
            for one in decided
        ],
        "brackets": tables.frames(findings, found, decided)["brackets"],
    }
