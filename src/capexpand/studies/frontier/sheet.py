"""The sheet of a frontier: its curve, its points, and what each step costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from capexpand.optimiser.objectives import Objective
from capexpand.reporting.blocks import Answer, Charts, Fact, Paragraph, Row, Section, Table, columns
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.curves import CurveAxis
from capexpand.reporting.charts.curves import frontier as curve
from capexpand.reporting.charts.drawing import Chart, Part, Spec
from capexpand.reporting.serial import number as plain_number
from capexpand.reporting.sheet import Sheet
from capexpand.studies.frontier.frontier import Frontier, Point
from capexpand.studies.why.about import made_by
from capexpand.wording import count, money, number, percent, power, sentence

if TYPE_CHECKING:
    from polars import DataFrame

MIXED = (
    "Any plan between two points can be had by mixing them, so the straight line can be reached; how far the "
    "frontier may lie above it is known from the slopes (between, in Python). With whole sizes there are "
    "only the points."
)


def frontier_sheet(found: Frontier) -> Sheet:
    """Return the sheet of a frontier."""
    points, decided = _points(found), _decisions(found)
    return Sheet(
        kind="frontier",
        title=f"The frontier between {found.first.name} and {found.second.name}",
        description=f"{found.first.title[:1].upper()}{found.first.title[1:]}, against {found.second.title}.",
        facts=(Fact("Case", found.label), Fact("Money in", found.data.currency)),
        answers=_answers(found),
        sections=(
            Section("curve", "The frontier", (Charts((_chart(found),)), points, Paragraph(MIXED))),
            Section("decisions", "What is ordered", (decided,)),
        ),
        summary=(points, decided),
        document=_document(found),
        document_name="frontier.json",
        about={"kind": "frontier", **made_by(found.case, found.points[0].plan.solver.solver)},
        tables=_tables(found),
        files=found.case.provenance.copies(),
    )


def _write(found: Frontier, one: Objective, amount: float) -> str:
    if one.unit == "money":
        return money(amount, found.data.currency)
    if one.unit == "MW":
        return power(amount)
    return percent(amount) if one.unit == "fraction" else f"{number(amount)} GWh"


def _answers(found: Frontier) -> tuple[Answer, ...]:
    first, second = found.first, found.second
    start, end = found.points[0], found.points[-1]
    reach = (
        f"With {first.name} alone in mind, {_write(found, first, start.first)} at {second.name} of "
        f"{_write(found, second, start.second)}; with {second.name} alone in mind, "
        f"{_write(found, first, end.first)} at {_write(found, second, end.second)}"
    )
    answers = [Answer("How far do they pull apart?", sentence(reach))]
    sloped = [point for point in found.points if point.slope is not None]
    if sloped:
        gentle, steep = (pick(sloped, key=lambda point: abs(point.slope or 0.0)) for pick in (min, max))
        text = f"{_slope(found, gentle)} at {_write(found, second, gentle.second)}"
        if abs((steep.slope or 0.0) - (gentle.slope or 0.0)) > 1e-6 * abs(steep.slope or 1.0):
            text += f", and {_slope(found, steep)} at {_write(found, second, steep.second)}"
        answers.append(Answer(f"What does a step of {second.name} cost?", sentence(text)))
    return tuple(answers)


def _slope(found: Frontier, point: Point) -> str:
    """What one more of the second objective is worth in the first, in words."""
    first, second = found.first, found.second
    step = {"money": 1.0, "MW": 1.0, "GWh": 1.0, "fraction": 0.01}[second.unit]
    words = {
        "money": f"one million {found.data.currency}",
        "MW": "one MW",
        "GWh": "one GWh",
        "fraction": "one percent",
    }[second.unit]
    return f"{words} for {_write(found, first, abs(point.slope or 0.0) * step)}"


def _points(found: Frontier) -> Table:
    currency = found.data.currency
    rows = tuple(
        Row(
            _write(found, found.second, point.second),
            (
                _write(found, found.first, point.first),
                "–" if point.slope is None else _slope(found, point),
                money(point.npv, currency),
            ),
        )
        for point in found.points
    )
    head = columns(found.second.name, found.first.name, "a step costs", "net present value")
    return Table("The frontier", head, rows)


def _decisions(found: Frontier) -> Table:
    m = found.data
    first, last = m.times.window
    inside = slice(max(first, 0), min(last, m.times.count))
    rows: list[Row] = []
    for g, name in enumerate(m.offers.products):
        amounts = [
            float(point.plan.ordered[m.offers.product == g][:, :, inside].sum()) for point in found.points
        ]
        if max(amounts) > 1e-6:
            rows.append(Row(f"{name}, units", tuple(count(amount) for amount in amounts)))
    for s, name in enumerate(m.sites.names):
        amounts = [
            float(point.plan.power_ordered_mw[m.power.site == s][:, inside].sum()) for point in found.points
        ]
        if max(amounts) > 1e-6:
            written = tuple(number(amount if amount > 1e-6 else 0.0) for amount in amounts)
            rows.append(Row(f"{name}, MW", written))
    head = columns(found.second.name, *(_write(found, found.second, point.second) for point in found.points))
    return Table("Ordered in the window", head, tuple(rows))


def _chart(found: Frontier) -> Chart:
    first, second = found.first, found.second
    scales = {one.name: _scale(found, one) for one in (first, second)}
    parts = (Part("frontier", palette.PROGRAMME), Part(f"best {first.name}", palette.BAD))
    rows: list[Spec] = [
        {"x": float(f"{x:.6g}"), "y": float(f"{y:.6g}"), "s": name}
        for name, points in ((parts[0].name, found.points), (parts[1].name, found.points[:1]))
        for point in points
        for x, y in ((point.second * scales[second.name][0], point.first * scales[first.name][0]),)
    ]
    axes = [CurveAxis(one.name, scales[one.name][1]) for one in (second, first)]
    title = f"What {second.name} costs in {first.name}"
    note = f"Each point is a plan that is best in {first.name} at its {second.name}."
    drawing = curve(axes[0], axes[1], parts)
    return Chart("frontier", title, note, drawing, rows=tuple(rows), shaded=False)


def _scale(found: Frontier, one: Objective) -> tuple[float, str]:
    if one.unit != "money":
        return (100.0, "%") if one.unit == "fraction" else (1.0, one.unit)
    largest = max(abs(point.first if one is found.first else point.second) for point in found.points)
    return (1e-3, f"bn {found.data.currency}") if largest >= 5000 else (1.0, f"mn {found.data.currency}")


def _plain(one: Objective, amount: float) -> float | None:
    return plain_number(amount * (1e6 if one.unit == "money" else 1.0), 12)


def _document(found: Frontier) -> dict[str, object]:
    first, second = found.first, found.second
    per = 1e6 if first.unit == "money" else 1.0
    per /= 1e6 if second.unit == "money" else 1.0
    return {
        "case": found.label,
        "case_hash": found.case.provenance.content_hash,
        "currency": found.data.currency,
        "objectives": [
            {"name": one.name, "title": one.title, "unit": _unit(found, one), "most": one.most}
            for one in (first, second)
        ],
        "serve": found.serve,
        "points": [
            {
                first.name: _plain(first, point.first),
                second.name: _plain(second, point.second),
                "slope": None if point.slope is None else plain_number(point.slope * per, 12),
                "net_present_value": plain_number(point.npv * 1e6, 12),
            }
            for point in found.points
        ],
    }


def _unit(found: Frontier, one: Objective) -> str:
    return found.data.currency if one.unit == "money" else one.unit


def _tables(found: Frontier) -> dict[str, DataFrame]:
    import polars as pl

    m = found.data
    rows = [
        (place, _plain(found.first, point.first), _plain(found.second, point.second), point.slope,
         point.npv * 1e6)
        for place, point in enumerate(found.points)
    ]  # fmt: skip
    amounts = dict.fromkeys((found.first.name, found.second.name, "slope", "net_present_value"), pl.Float64)
    orders = [
        (place, m.offers.names[k], m.destinations[d], m.times.labels[t], float(point.plan.ordered[k, d, t]))
        for place, point in enumerate(found.points)
        for k, d, t in np.argwhere(point.plan.ordered > 1e-6)
    ]
    return {
        "points": pl.DataFrame(rows, {"point": pl.Int64, **amounts}, orient="row"),
        "orders": pl.DataFrame(
            orders,
            {
                "point": pl.Int64,
                **dict.fromkeys(("offer", "destination", "quarter"), pl.String),
                "ordered": pl.Float64,
            },
            orient="row",
        ),
    }
