"""Charts of many futures: fans over the quarters, and distributions side by side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from capexpand.model.data import Floats
from capexpand.policy.findings import TITLES, PolicyFindings
from capexpand.policy.strategies import QUANTILES
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import HEIGHT, TIME, Chart
from capexpand.wording import MoneyScale, money, percent


def fans(findings: PolicyFindings, scale: MoneyScale) -> Iterator[Chart]:
    """Yield the fans of what the policy does: power, accelerators, payments, cash.

    Args:
        findings: of the policy.
        scale: of money.
    """
    outcomes = findings.outcomes
    starts, books = outcomes.policy.data.times.starts, outcomes.paths.books
    cash = np.cumsum(findings.ways.returns["policy"].free_cash_flow, axis=0)
    for name, title, unit, values in (
        ("power", "Power energised", "MW", books.power_mw),
        ("accelerators", "Accelerators installed", "accelerators", books.installed),
        ("spending", "Spent on orders, summed up", scale.unit, np.cumsum(books.paid, axis=0) / scale.divisor),
        ("cash", "The programme's cash flow after tax, summed up", scale.unit, cash / scale.divisor),
    ):
        quantiles = np.quantile(values, QUANTILES, axis=1)
        yield Chart(
            f"fan-{name}",
            title,
            f"In {unit}: the middle future, half of all futures (dark) and nine in ten (light).",
            _fan_spec(),
            rows=_fan_rows(starts, quantiles),
            small=True,
        )


def _fan_rows(starts: tuple[date, ...], quantiles: Floats) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"d": day.isoformat()}
        | {f"q{level}": float(f"{quantiles[level, t]:.5g}") for level in range(len(QUANTILES))}
        for t, day in enumerate(starts)
    )


def _fan_spec() -> dict[str, Any]:
    x = {"field": "d", **TIME}

    def layer(mark: dict[str, Any], low: str, high: str | None = None) -> dict[str, Any]:
        y = {"field": low, "type": "quantitative", "axis": {"title": None, "format": ".3~s"}}
        return {"mark": mark, "encoding": {"x": x, "y": y} | ({"y2": {"field": high}} if high else {})}

    return {
        "height": HEIGHT // 2 + 40,
        "width": "container",
        "layer": [
            layer({"type": "area", "color": palette.PROGRAMME, "opacity": 0.18}, "q0", "q4"),
            layer({"type": "area", "color": palette.PROGRAMME, "opacity": 0.32}, "q1", "q3"),
            layer({"type": "line", "color": palette.PROGRAMME, "strokeWidth": 2}, "q2"),
        ],
    }


def distributions(findings: PolicyFindings, scale: MoneyScale) -> Chart:
    """Return the net present values of the five ways, one below the other.

    Args:
        findings: of the policy.
        scale: of money.
    """
    ours = findings.ways.ways[0]
    currency = findings.outcomes.policy.data.currency
    rows: list[dict[str, Any]] = []
    for way in findings.ways.ways:
        ends = {
            f"q{level}": float(f"{value / scale.divisor:.5g}")
            for level, value in enumerate(way.npv_quantiles)
        }
        rows.append({"w": TITLES[way.way], "m": float(f"{way.npv.mean / scale.divisor:.5g}"), **ends})
    y = {
        "field": "w",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "labelLimit": 220, "ticks": False},
    }
    names = {
        "q0": "worst 5 %",
        "q1": "worst quarter",
        "q2": "middle",
        "m": "mean",
        "q3": "best quarter",
        "q4": "best 5 %",
    }
    tip = [
        {"field": field, "type": "quantitative", "title": title, "format": ",.4~r"}
        for field, title in names.items()
    ]

    def layer(mark: dict[str, Any], low: str, high: str | None = None) -> dict[str, Any]:
        x = {
            "field": low,
            "type": "quantitative",
            "axis": {"title": scale.unit, "format": ",~f", "tickCount": 6},
        }
        return {
            "mark": mark,
            "encoding": {"x": x, "y": y, "tooltip": tip} | ({"x2": {"field": high}} if high else {}),
        }

    bar = {
        "width": "container",
        "height": 38 * len(rows),
        "layer": [
            layer({"type": "rule", "color": palette.PROGRAMME, "strokeWidth": 2}, "q0", "q4"),
            layer(
                {"type": "bar", "color": palette.PROGRAMME, "opacity": 0.45, "height": {"band": 0.55}},
                "q1",
                "q3",
            ),
            layer({"type": "tick", "color": palette.INK, "thickness": 3, "height": 24}, "q2"),
            layer({"type": "point", "color": palette.NAIVE, "filled": True, "size": 60}, "m"),
        ],
    }
    low, high = (money(float(ours.npv_quantiles[end]), currency) for end in (0, -1))
    losing = f"loses in {percent(ours.loses)} of all futures" if ours.loses > 0 else "loses in none"
    return Chart(
        "npv-of-ways",
        f"In nine futures of ten the policy is worth between {low} and {high}; it {losing}",
        f"Net present value of the programme after tax in {scale.unit}: nine futures in ten (line), half of "
        "them (bar), the middle (tick), the mean (dot); the same scenarios for all ways, fewer where whole "
        "programs are solved anew in each.",
        bar,
        rows=tuple(rows),
        shaded=False,
    )
