"""The sliders of a run's page open without a network and hold what a cold solver finds."""

from pathlib import Path

import numpy as np
import pytest

from browser_visits import visit
from capexpand.case.loading import load_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.what_if import ends, scaled, what_if
from capexpand.pipeline import evaluate, optimise
from capexpand.reporting.inputs import Examination
from capexpand.reporting.run_sheet import run_sheet
from capexpand.reporting.what_if import STEPS

CASES = Path(__file__).parents[2] / "cases"
MOVE = """(steps) => {
    const block = document.querySelector(".sliders");
    block.querySelectorAll("input").forEach((input, i) => {
        input.value = String(steps[i]);
        input.dispatchEvent(new Event("input"));
    });
    return [block.dataset.lower, block.dataset.upper, block.querySelector(".bounds").textContent];
}"""


def test_sliders_of_a_run_hold_the_optimum_at_every_step_tried(chromium, tmp_path):
    plans = optimise(load_case(CASES / "two-sites"))
    moved = what_if(plans.optimised)
    page = tmp_path / "report.html"
    findings = evaluate(plans, Examination(None, (), None, what_if=moved))
    page.write_text(run_sheet(findings).html(), "utf-8")
    count = len(moved.families)
    places = [
        [0] * count,
        [STEPS - 1] * count,
        *np.random.default_rng(5).integers(0, STEPS, (6, count)).tolist(),
    ]
    with visit(chromium, page, 1360, 900) as seen:
        assert seen.page.locator(".sliders").is_visible()
        start = seen.page.locator(".sliders .bounds").inner_text()
        found = [seen.page.evaluate(MOVE, steps) for steps in places]
        assert seen.said == []
        assert seen.asked == [page.as_uri()]
    assert start.startswith("The best objective is 248.4")
    for steps, (low, high, _) in zip(places, found, strict=True):
        m, factors = plans.optimised.data, []
        for family, step in zip(moved.families, steps, strict=True):
            least, most = ends(family)
            factors.append(least + (most - least) * step / (STEPS - 1))
            m = scaled(m, family, factors[-1])
        assert float(low) <= optimise_plan(m, duals=False).solver.objective <= float(high)
        bracket = moved.between(factors)
        assert float(low) == pytest.approx(bracket.lower, rel=1e-5)
        assert float(high) == pytest.approx(bracket.upper, rel=1e-5)
