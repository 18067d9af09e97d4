"""The sliders of a run's page: certified bounds of the best objective where limits are wider or narrower."""

from __future__ import annotations

import numpy as np

from capexpand.optimiser.what_if import WhatIf, ends
from capexpand.reporting.blocks import Block, Heading, Sliders
from capexpand.reporting.context import ReportContext

STEPS = 25
_TITLES = {
    "budget": "Budget",
    "supply": "Supply of every offer",
    "grid": "Grid of every site",
    "demand": "Demand",
}
_NOTE = (
    "Each slider moves all limits of its kind, in every quarter, as a share of what the case declares. Both "
    "bounds are certified: no plan is better than the upper one, some plan reaches the lower one. The "
    "objective is the present value after tax of the whole business, transfer value and penalties included. "
    "capexpand sweep gives a closer answer, for any number of the case."
)


def what_if_blocks(context: ReportContext) -> tuple[Block, ...]:
    """Return the sliders; none where nothing was examined or no limit can be moved."""
    examination = context.findings.examination
    found = None if examination is None else examination.what_if
    if found is None or context.orders_nothing:
        return ()
    return (
        Heading("What if limits were wider or narrower"),
        Sliders("What if", _NOTE, _data(found, context)),
    )


def _data(found: WhatIf, context: ReportContext) -> dict[str, object]:
    steps = [
        [float(f"{factor:.12g}") for factor in np.linspace(*ends(family), STEPS)] for family in found.families
    ]
    npv: list[float | None] = [None] * found.lower.size
    npv[0] = context.findings.metrics.npv
    return {
        "unit": context.scale.unit,
        "divisor": context.scale.divisor,
        "offset": found.offset,
        "lower": found.lower,
        "upper": np.where(np.isfinite(found.upper), found.upper, np.nan),
        "points": found.points,
        "npv": npv,
        "declared": context.findings.result.plan.solver.objective,
        "axes": [
            {
                "path": _TITLES[family],
                "kind": "limits",
                "rising": True,
                "at": steps[place],
                "labels": [f"{100.0 * factor:.4g} %" for factor in steps[place]],
                "start": int(np.argmin([abs(factor - 1.0) for factor in steps[place]])),
                "offset": [0.0] * STEPS,
                "gains": np.outer(found.slopes[:, place], np.array(steps[place]) - 1.0),
            }
            for place, family in enumerate(found.families)
        ],
    }
