"""The page of a sweep opens without a network, and its sliders hold what a cold solver finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import capexpand as cx
from browser_visits import visit
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan

CASES = Path(__file__).parents[2] / "cases"
AXES = (
    "programme.cap=0.5x:1.5x:3",
    "offers.server.supply.CN.limit=0.7x:1.3x:2",
    "sites.*.grid=0.7x:1.3x:2",
    "workloads.chat.price=0.8x:1.2x:2",
)
MOVE = """([place, steps]) => {
    const block = document.querySelectorAll(".sliders")[place];
    block.querySelectorAll("input").forEach((input, i) => {
        input.value = String(steps[i]);
        input.dispatchEvent(new Event("input"));
    });
    return [block.dataset.lower, block.dataset.upper, block.querySelector(".bounds").textContent];
}"""


@pytest.fixture(scope="module")
def swept() -> cx.Sweep:
    return cx.sweep(CASES / "two-sites", vary=AXES)


@pytest.fixture(scope="module")
def saved(swept: cx.Sweep, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "report.html"
    path.write_text(swept.sheet().html(), "utf-8")
    return path


@pytest.mark.slow
def test_sliders_hold_the_optimum_of_a_cold_solver_at_every_step_tried(chromium, swept, saved):
    rng = np.random.default_rng(3)
    places = [[20, 0, 20, 0], [10, 10, 10, 10], *rng.integers(0, 21, (14, 4)).tolist()]
    with visit(chromium, saved, 1360, 900) as seen:
        assert seen.page.locator(".sliders").is_visible()
        found = [seen.page.evaluate(MOVE, [0, steps]) for steps in places]
        assert seen.said == []
        assert seen.asked == [saved.as_uri()]
    widths = []
    for steps, (low, high, text) in zip(places, found, strict=True):
        point = tuple(
            float(f"{axis.low + (axis.high - axis.low) * step / 20:.12g}")
            for axis, step in zip(swept.found.axes, steps, strict=True)
        )
        value = optimise_plan(compile_case(swept.found.box.load(point))).solver.objective
        assert float(low) <= value <= float(high), (point, text)
        widths.append(float(high) - float(low))
    assert widths[0] < 0.01  # a planned corner
    assert max(widths) < 0.5 * swept.found.declared.values.objective


def test_the_sliders_are_as_tight_as_the_brackets_of_python(chromium, swept, saved):
    """The page mixes by coordinates, Python by rows: the page may be a little wider, never narrower."""
    with visit(chromium, saved, 1360, 900) as seen:
        low, high, _ = seen.page.evaluate(MOVE, [0, [4, 13, 7, 16]])
    bracket = swept.bracket(
        {
            a.path: a.low + (a.high - a.low) * s / 20
            for a, s in zip(swept.found.axes, (4, 13, 7, 16), strict=True)
        }
    )
    room = 1e-5 * abs(bracket.upper)
    assert float(low) <= bracket.lower + room
    assert float(high) >= bracket.upper - room


@pytest.mark.parametrize("width", [1360, 390])
def test_nothing_leaves_its_frame(chromium, saved, width):
    with visit(chromium, saved, width, 900) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width
