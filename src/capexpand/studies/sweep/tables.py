"""The tables of a sweep, for files and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.reporting.blocks import Column, Row, Table, table
from capexpand.reporting.serial import money as plain_money
from capexpand.studies.sweep.axes import Axis
from capexpand.studies.sweep.decisions import Decision
from capexpand.studies.sweep.findings import SweepFindings
from capexpand.studies.sweep.outcomes import Outcome
from capexpand.studies.sweep.sensitivity import Effect, Interval
from capexpand.studies.sweep.wording import flip_text
from capexpand.wording import MoneyScale, count, percent, power

if TYPE_CHECKING:
    from polars import DataFrame

SHOWN_POINTS = 60
SHOWN_REASONS = 40


def frames(
    findings: SweepFindings, found: tuple[Effect, ...], decided: tuple[Decision, ...]
) -> dict[str, DataFrame]:
    """Return the tables of a sweep for files; money is plain, in the currency of the case."""
    return {
        "points": _points(findings),
        "decisions": _decisions(findings, decided),
        "sensitivity": _sensitivity(found),
        "brackets": _brackets(findings),
    }


def _coordinate(axis: Axis, x: float) -> float | str:
    return x if axis.numeric else axis.choices[int(x)]


def _points(findings: SweepFindings) -> DataFrame:
    import polars as pl

    axes = {axis.path: pl.Float64 if axis.numeric else pl.String for axis in findings.axes}
    schema = {
        "point": pl.Int64,
        "origin": pl.String,
        **axes,
        "status": pl.String,
        "reason": pl.String,
        "objective": pl.Float64,
        "npv": pl.Float64,
        "spent": pl.Float64,
        "peak_power_mw": pl.Float64,
        "accelerators": pl.Float64,
    }
    rows = []
    design = len(findings.points.points)
    for place, (point, outcome) in enumerate(zip(findings.all_points, findings.outcomes, strict=True)):
        at = [_coordinate(axis, x) for axis, x in zip(findings.axes, point, strict=True)]
        rows.append((place + 1, "design" if place < design else "added", *at, *_figures(outcome)))
    return pl.DataFrame(rows, schema, orient="row")


def _figures(outcome: Outcome) -> tuple[object, ...]:
    values = outcome.values
    if values is None:
        return (outcome.status, outcome.reason, None, None, None, None, None)
    monies = (plain_money(values.objective), plain_money(values.npv), plain_money(values.spent))
    return (outcome.status, outcome.reason, *monies, values.peak_power_mw, values.accelerators)


def _decisions(findings: SweepFindings, decided: tuple[Decision, ...]) -> DataFrame:
    import polars as pl

    rows = [
        (one.name, one.unit, label, float(one.least[t]), float(one.median[t]), float(one.most[t]), one.taken)
        for one in decided
        for t, label in enumerate(findings.data.times.labels)
    ]
    words = {"decision": pl.String, "unit": pl.String, "ordered_until": pl.String}
    numbers = dict.fromkeys(("least", "median", "most", "share_of_points"), pl.Float64)
    return pl.DataFrame(rows, {**words, **numbers}, orient="row")


def _sensitivity(found: tuple[Effect, ...]) -> DataFrame:
    import polars as pl

    def three(one: Interval | None) -> tuple[float | None, float | None, float | None]:
        return (None, None, None) if one is None else (one.estimate, one.low, one.high)

    rows = [
        (
            one.axis.path,
            one.axis.label(one.axis.low),
            one.axis.label(one.axis.high),
            plain_money(one.at_low),
            plain_money(one.at_high),
            plain_money(one.swing),
            one.correlation,
            *three(one.first),
            *three(one.total),
        )
        for one in found
    ]
    words = {"axis": pl.String, "low": pl.String, "high": pl.String}
    names = (
        "npv_at_low",
        "npv_at_high",
        "swing",
        "rank_correlation",
        "first_order",
        "first_order_low",
        "first_order_high",
        "total",
        "total_low",
        "total_high",
    )
    return pl.DataFrame(rows, {**words, **dict.fromkeys(names, pl.Float64)}, orient="row")


def _brackets(findings: SweepFindings) -> DataFrame:
    import polars as pl

    axes = {axis.path: pl.Float64 if axis.numeric else pl.String for axis in findings.axes}
    rows = [
        (
            *(_coordinate(axis, x) for axis, x in zip(findings.axes, point, strict=True)),
            plain_money(bracket.lower),
            plain_money(bracket.upper),
        )
        for point, bracket in findings.probes
    ]
    return pl.DataFrame(rows, {**axes, "lower": pl.Float64, "upper": pl.Float64}, orient="row")


def points_table(findings: SweepFindings, scale: MoneyScale) -> Table:
    """Return the planned points for a page, in order, the first of them where there are many."""
    rows = []
    for point, outcome in findings.planned[:SHOWN_POINTS]:
        values = findings.values(outcome)
        at = tuple(axis.label(x) for axis, x in zip(findings.axes, point, strict=True))
        rows.append(
            Row(
                at[0],
                (
                    *at[1:],
                    scale.write(values.npv),
                    scale.write(values.objective),
                    scale.write(values.spent),
                    power(values.peak_power_mw),
                    count(values.accelerators),
                ),
            )
        )
    head = (
        findings.axes[0].path,
        *(axis.path for axis in findings.axes[1:]),
        Column("NPV", scale.unit),
        Column("Objective", scale.unit),
        Column("Spent in the window", scale.unit),
        "Peak power",
        "Accelerators",
    )
    left = len(findings.planned) - len(rows)
    note = (
        "NPV: of the programme, after tax, from the statements. "
        "Objective: of the whole business, what plans maximise."
    )
    if left > 0:
        note += f" {left:,} more stand in the table points of the run folder."
    return table("Planned points", head, rows, note)


def decisions_table(findings: SweepFindings, decided: tuple[Decision, ...]) -> Table:
    """Return the decisions with their ranges over all points."""
    labels = findings.data.times.labels
    end = min(max(findings.data.times.window[1] - 1, 0), len(labels) - 1)
    shown = sorted({0, min(3, end), end})
    rows = [
        Row(
            one.name,
            (
                *(f"{count(one.least[t])} – {count(one.most[t])} {one.unit}" for t in shown),
                "in all" if one.taken >= 1.0 else flip_text(one),
            ),
        )
        for one in decided
    ]
    head = ("Ordered", *(f"until {labels[t]}" for t in shown), Column("In which points", align="text"))
    return table("Decisions over all points, least – most", head, rows)


def effects_table(found: tuple[Effect, ...], scale: MoneyScale) -> Table:
    """Return the effect of every axis."""
    sobol = bool(found) and found[0].total is not None

    def of(one: Interval | None) -> str:
        return "–" if one is None else f"{percent(one.estimate)} ({percent(one.low)} to {percent(one.high)})"

    rows = [
        Row(
            one.axis.path,
            (
                one.axis.label(one.axis.low),
                one.axis.label(one.axis.high),
                scale.write(one.at_low),
                scale.write(one.at_high),
                "–" if one.correlation is None else f"{one.correlation:.2f}",
                *((of(one.first), of(one.total)) if sobol else ()),
            ),
        )
        for one in found
    ]
    head = (
        "Axis",
        "from",
        "to",
        Column("NPV at the low end", scale.unit),
        Column("NPV at the high end", scale.unit),
        "Rank correlation",
        *(("First-order index", "Total index") if sobol else ()),
    )
    return table("Effect of every axis on the net present value", head, rows)


def excluded_table(findings: SweepFindings) -> Table:
    """Return the points without a plan and why, the first of them where there are many."""
    rows = [
        Row(findings.box.label(point), (outcome.status, outcome.reason))
        for point, outcome in findings.excluded[:SHOWN_REASONS]
    ]
    left = len(findings.excluded) - len(rows)
    note = f"{left:,} more stand in the table points of the run folder." if left > 0 else ""
    return table(
        "Points without a plan",
        ("Point", Column("Status", align="text"), Column("Reason", align="text")),
        rows,
        note,
    )


def brackets_table(findings: SweepFindings, scale: MoneyScale) -> Table:
    """Return the brackets at points that were not planned."""
    rows = []
    for point, bracket in findings.probes:
        at = tuple(axis.label(x) for axis, x in zip(findings.axes, point, strict=True))
        low, high = ("–" if bound is None else scale.write(bound) for bound in (bracket.lower, bracket.upper))
        width = bracket.width / findings.scale
        rows.append(Row(at[0], (*at[1:], low, high, percent(width) if width < 1e6 else "–")))
    head = (
        findings.axes[0].path,
        *(axis.path for axis in findings.axes[1:]),
        Column("at least", scale.unit),
        Column("at most", scale.unit),
        "apart",
    )
    return table("Bounds of the best objective at points that were not planned", head, rows)
