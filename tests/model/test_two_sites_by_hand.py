"""The program gives what docs/explanation/worked-example.md works out for the two-sites case."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "worked-example.md"

COAST = 6 * (0.5 - 10 * 1.3 * 2191.5 * 0.60 / 1e6) - 2.3
WEST = 5 * (0.5 - 10 * 1.2 * 2191.5 * 0.30 / 1e6) - 2.2


def plan(variant=None):
    """Return the best plan of the case or of one of its variants."""
    return optimise_plan(compile_case(load_case(ROOT / "cases" / "two-sites", variant)))


def test_what_is_bought_and_paid():
    """The coast's grid holds 400 servers; the 80 left of the cap buy 80 / 2.2 = 36.36 in the west.

    Sensitivity: without the coast's grid all would go there, 1000 / 2.3 = 434.8 servers.
    """
    best = plan()
    assert best.power_ordered_mw[0] == pytest.approx([4, 0, 0, 0, 0, 0, 0, 0])
    assert best.power_ordered_mw[1] == pytest.approx([0, 4 / 11, 0, 0, 0, 0, 0, 0])
    assert best.ordered[0, 0] == pytest.approx([0, 400, 400 / 11, 0, 0, 0, 0, 0])
    assert best.paid == pytest.approx([36, 162.1818, 738.5455, 63.2727, 0, 0, 0, 0], abs=1e-4)
    assert best.sold[0, 0] == pytest.approx(
        [0, 0, 400, 4800 / 11, 4800 / 11, 4800 / 11, 4800 / 11, 4800 / 11]
    )
    assert best.sold[0, 1].sum() == 0.0


def test_what_it_earns():
    """400 · 0.5974378 + 36.3636 · 0.2605530 = 248.449775.

    Sensitivity: with no site in the west the answer would be 238.97512.
    """
    assert pytest.approx(0.5974378, abs=5e-8) == COAST
    assert pytest.approx(0.2605530, abs=5e-8) == WEST
    assert plan().solver.objective == pytest.approx(400 * COAST + 80 / 2.2 * WEST, rel=1e-9)
    assert plan().solver.objective == pytest.approx(248.449775, abs=1e-6)


def test_what_limits_are_worth():
    """One more of budget buys west: 0.2605530 / 2.2 = 0.1184; one more MW at the coast takes 2.3 from there.

    Sensitivity: where money is left over, the MW is worth all that its servers gain, 76.923 · 0.5974: 45.957.
    """
    shadow = plan().shadow
    budget = WEST / 2.2
    assert shadow.budget.sum() == pytest.approx(budget)
    assert shadow.grid[0].sum() == pytest.approx((COAST - 2.3 * budget) / 0.01 / 1.3)
    assert plan("late-power").shadow.grid[0].sum() == pytest.approx(COAST / 0.01 / 1.3)
    assert shadow.grid[1] == pytest.approx([0, 0, (WEST + 2.2) / 5 / 0.01 / 1.2, 0, 0, 0, 0, 0])
    assert shadow.demand.max() == pytest.approx(0.0, abs=1e-9)
    assert shadow.supply.max() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("variant", "objective", "spent"),
    [
        ("double-budget", 259.81936, 1096.0),
        ("late-power", 238.97512, 920.0),
        ("chips-banned", 248.449775, 1000.0),
    ],
)
def test_what_if(variant, objective, spent):
    best = plan(variant)
    assert best.solver.objective == pytest.approx(objective, abs=1e-5)
    assert best.paid.sum() == pytest.approx(spent)


def test_the_page_states_the_numbers_of_the_program():
    page = PAGE.read_text(encoding="utf-8")
    best = plan()
    stated = [
        f"{best.solver.objective:.6f}",
        f"{plan('double-budget').solver.objective:.5f}",
        f"{plan('late-power').solver.objective:.5f}",
        f"{best.shadow.budget.sum():.7f}",
        f"{best.shadow.grid[0].sum():.4f}",
        f"{best.shadow.grid[1, 2]:.4f}",
        *(f"{paid:.4f}".rstrip("0").rstrip(".") for paid in best.paid[:4]),
    ]
    assert [number for number in stated if number not in page] == []
