"""The sheet of sampled futures: fan charts, chances of regimes, lattice discretisation error."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

from capexpand.reporting.blocks import (
    Answer,
    Block,
    Cell,
    Charts,
    Column,
    Fact,
    Paragraph,
    Row,
    Section,
    Table,
    columns,
    table,
)
from capexpand.reporting.charts.drawing import Chart, svg
from capexpand.reporting.charts.ranges import fan as fan_spec
from capexpand.reporting.charts.ranges import fan_row
from capexpand.reporting.serial import Document, number, numbers
from capexpand.reporting.sheet import Sheet
from capexpand.scenarios.fans import LEVELS, Fan
from capexpand.studies.futures.drawing import DrawnFutures
from capexpand.wording import number as written
from capexpand.wording import of_each

if TYPE_CHECKING:
    from polars import DataFrame

SHOWN = (1, 3, 11)
"""Quarters that the table of quantiles shows beside the last."""


def futures_sheet(found: DrawnFutures) -> Sheet:
    """Return the sheet of the sampled futures of a case."""
    case, origin = found.case, found.case.provenance
    charts = tuple(_fan_chart(fan, found) for fan in found.fans)
    fans, regimes, lattice = _fan_table(found), _regime_table(found), _lattice_table(found)
    sections = [Section("moves", "Uncertain inputs", (Charts(charts, "small"), fans))]
    if regimes.rows:
        sections.append(Section("regimes", "Chance of each state", (regimes,)))
    sections += [
        Section("lattice", "Lattice discretisation error", (Paragraph(_about_lattice(found)), lattice)),
        Section("made", "How it was made", _made(found)),
    ]
    return Sheet(
        kind="scenarios",
        title=f"{case.title}: {found.scenarios.count} scenarios, seed {found.scenarios.seed}",
        description="The bands of a fan hold the middle half and the middle nine tenths of the scenarios; "
        "the line is their median, the dashed line the case's own path. In the first quarter every input "
        "is as declared.",
        facts=(
            Fact("Case", origin.path.absolute().parent.name),
            Fact("Variant", origin.variant or "as declared"),
            Fact("As of", str(case.as_of)),
        ),
        answers=(Answer("How many inputs are uncertain?", _count(found)),),
        sections=tuple(sections),
        summary=(fans, regimes, lattice),
        document=_document(found),
        document_name="scenarios.json",
        about={
            "kind": "scenarios",
            "capexpand": version("capexpand"),
            "python": platform.python_version(),
            "case": origin.path.absolute().parent.name,
            "variant": origin.variant,
            "case_hash": origin.content_hash,
            "seed": found.scenarios.seed,
        },
        tables={"quantiles": _frame(found)},
        files={
            **origin.copies(),
            **{
                f"fans/{chart.identifier.removeprefix('fan-')}.svg": svg(chart, width=280).encode()
                for chart in charts
            },
        },
    )


def _count(found: DrawnFutures) -> str:
    moving = of_each(len(found.fans), "quantity moves", "quantities move")
    regimes = of_each(len(found.regimes), "regime changes its state", "regimes change their states")
    return f"{moving[:1].upper()}{moving[1:]}, and {regimes}."


def _fan_chart(fan: Fan, found: DrawnFutures) -> Chart:
    rows = tuple(
        fan_row(day.isoformat(), fan.quantiles[:, t], z=fan.declared[t])
        for t, day in enumerate(found.calendar.starts)
    )
    note = f"In {fan.unit}: median, middle half and middle nine tenths; dashed the case's own path."
    return Chart(
        f"fan-{fan.path}", fan.path, note, fan_spec(declared=True), rows=rows, small=True, shaded=False
    )


def _fan_table(found: DrawnFutures) -> Table:
    last = found.scenarios.quarters - 1
    shown = sorted({min(quarter, last) for quarter in (*SHOWN, last)})
    rows = [
        Row(
            fan.path,
            (
                fan.unit,
                *(" – ".join(written(float(fan.quantiles[k, t])) for k in (0, 2, 4)) for t in shown),
            ),
        )
        for fan in found.fans
    ]
    head = ("Quantity", Column("Unit", align="text"), *(found.calendar.labels[t] for t in shown))
    return table("5 % – median – 95 % of the scenarios", head, rows)


def _regime_table(found: DrawnFutures) -> Table:
    labels = found.calendar.labels
    shown = list(range(0, len(labels), 4))
    rows = [
        Row(f"{name}: {state}", tuple(f"{shares[t]:.0%}" for t in shown))
        for name, states in found.regimes.items()
        for state, shares in states.items()
    ]
    return table("Chance of each state", ("State", *(labels[t] for t in shown)), rows)


def _about_lattice(found: DrawnFutures) -> str:
    nodes = max(quarter.nodes for quarter in found.lattice.quarters)
    return (
        f"{nodes} nodes a quarter at most. Standard deviation: over all quarters, as a share of the "
        "scenarios' own. Autocorrelation: with the quarter before, on average over the quarters in which "
        "both vary."
    )


def _lattice_table(found: DrawnFutures) -> Table:
    rows = [
        Row(
            row.entry,
            (
                f"{row.largest_mean_error:.1g}",
                f"{row.kept_deviation:.0%}",
                _two_digits(row.process_autocorrelation),
                _two_digits(row.lattice_autocorrelation),
            ),
        )
        for row in found.errors.rows()
    ]
    head = (
        "Entry",
        "Largest error of the mean",
        "Standard deviation kept",
        "Autocorrelation of the scenarios",
        "of the lattice",
    )
    return table("Discretisation error of the lattice", head, rows)


def _two_digits(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _made(found: DrawnFutures) -> tuple[Block, ...]:
    rows = (
        Row("capexpand", (f"{version('capexpand')}, on Python {platform.python_version()}",)),
        Row("SHA-256 of the case and its tables", (Cell(found.case.provenance.content_hash, code=True),)),
        Row("Scenarios", (f"{found.scenarios.count:,}, seed {found.scenarios.seed}",)),
    )
    return (Table("How it was made", columns("", Column("", align="text")), rows, kind="made"),)


def _document(found: DrawnFutures) -> Document:
    return {
        "title": found.case.title,
        "scenarios": found.scenarios.count,
        "seed": found.scenarios.seed,
        "quarters": found.calendar.labels,
        "levels": LEVELS,
        "quantities": [
            {
                "path": fan.path,
                "unit": fan.unit,
                "declared": numbers(fan.declared),
                "mean": numbers(fan.mean),
                "quantiles": [numbers(row) for row in fan.quantiles],
            }
            for fan in found.fans
        ],
        "regimes": found.regimes,
        "lattice": {
            "nodes": [quarter.nodes for quarter in found.lattice.quarters],
            "outcomes": [quarter.outcomes.shape[2] for quarter in found.lattice.quarters],
            "errors": found.errors.rows(),
        },
    }


def _frame(found: DrawnFutures) -> DataFrame:
    import polars as pl

    rows = [
        (
            fan.path,
            fan.unit,
            label,
            number(float(fan.declared[t])),
            number(float(fan.mean[t])),
            *map(number, fan.quantiles[:, t].tolist()),
        )
        for fan in found.fans
        for t, label in enumerate(found.calendar.labels)
    ]
    names = {"quantity": pl.String, "unit": pl.String, "quarter": pl.String}
    values = dict.fromkeys(("declared", "mean", *(f"q{level:g}" for level in LEVELS)), pl.Float64)
    return pl.DataFrame(rows, {**names, **values}, orient="row")
