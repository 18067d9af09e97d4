"""Fan charts of scenarios as drawings without a script, and the page that shows them all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from capexpand.reporting.charts import palette
from capexpand.scenarios.fans import Fan
from capexpand.scenarios.lattice import Lattice
from capexpand.scenarios.lattice_errors import LatticeErrors
from capexpand.scenarios.sampling import Scenarios

_WIDTH, _HEIGHT = 280, 150


def fan_drawing(fan: Fan, starts: Sequence[date]) -> str:
    """Return the fan chart of a quantity as SVG.

    Args:
        fan: the quantity.
        starts: [quarter] first days.
    """
    import vl_convert

    drawing: str = vl_convert.vegalite_to_svg(json.dumps(fan_spec(fan, starts)))
    return drawing


def fan_spec(fan: Fan, starts: Sequence[date]) -> dict[str, Any]:
    """Return the Vega-Lite drawing of a fan: two bands, the median, and dashed what the case declares.

    Args:
        fan: the quantity.
        starts: [quarter] first days.
    """
    rows = [
        {"d": str(day), "z": _plain(fan.declared[t])}
        | {f"q{level}": _plain(value) for level, value in enumerate(fan.quantiles[:, t])}
        for t, day in enumerate(starts)
    ]
    time = {
        "field": "d",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {"format": "%Y", "tickCount": {"interval": "year", "step": 2}, "title": None, "grid": False},
    }

    def layer(mark: dict[str, Any], low: str, high: str | None = None) -> dict[str, Any]:
        y = {"field": low, "type": "quantitative", "axis": {"title": None, "format": ".3~s", "tickCount": 5}}
        ends = {"y2": {"field": high}} if high else {}
        return {"mark": {**mark, "clip": True}, "encoding": {"x": time, "y": y, **ends}}

    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": _WIDTH,
        "height": _HEIGHT,
        "data": {"values": rows},
        "layer": [
            layer({"type": "area", "color": palette.PROGRAMME, "opacity": 0.18}, "q0", "q4"),
            layer({"type": "area", "color": palette.PROGRAMME, "opacity": 0.3}, "q1", "q3"),
            layer({"type": "line", "color": palette.PROGRAMME, "strokeWidth": 2}, "q2"),
            layer({"type": "line", "color": palette.INK, "strokeWidth": 1.5, "strokeDash": [5, 4]}, "z"),
        ],
        "config": {"view": {"stroke": None}, "axis": {"gridColor": palette.GRID_LINE}},
    }


def _plain(value: float) -> float | None:
    """A number with five digits; None, which is drawn as a gap, where there is no limit."""
    return float(f"{value:.5g}") if np.isfinite(value) else None


def fan_page(
    title: str,
    starts: Sequence[date],
    labels: Sequence[str],
    *,
    scenarios: Scenarios,
    fans: Sequence[Fan],
    lattice: Lattice,
    errors: LatticeErrors,
) -> str:
    """Return a page with every fan, the chances of the regimes, and what the lattice keeps.

    Args:
        title: of the case.
        starts: [quarter] first days.
        labels: [quarter] names.
        scenarios: what was drawn.
        fans: of the quantities that move.
        lattice: made of the scenarios.
        errors: of the lattice.
    """
    from capexpand.reporting.templating import environment

    shown = list(range(0, len(labels), 4))
    chances = [
        {
            "name": chain.name,
            "rows": [
                {
                    "state": state,
                    "shares": [f"{share:.0%}" for share in (scenarios.states[c] == k).mean(1)[shown]],
                }
                for k, state in enumerate(chain.states)
            ],
        }
        for c, chain in enumerate(scenarios.futures.chains)
        if chain.is_regime
    ]
    return (
        environment()
        .get_template("fans.html")
        .render(
            title=title,
            count=scenarios.count,
            seed=scenarios.seed,
            labels=[labels[t] for t in shown],
            regimes=chances,
            fans=[{"path": fan.path, "unit": fan.unit, "drawing": fan_drawing(fan, starts)} for fan in fans],
            nodes=max(quarter.nodes for quarter in lattice.quarters),
            errors=[
                {
                    "entry": row.entry,
                    "mean": f"{row.largest_mean_error:.2g}",
                    "deviation": f"{row.kept_deviation:.0%}",
                    "process": _two_digits(row.process_autocorrelation),
                    "lattice": _two_digits(row.lattice_autocorrelation),
                }
                for row in errors.rows()
            ],
        )
    )


def _two_digits(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
