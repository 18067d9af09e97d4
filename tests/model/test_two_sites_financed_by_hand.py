"""The program gives what docs/explanation/worked-financing.md works out for the financed two sites."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan

ROOT = Path(__file__).parents[2]
COAST = 0.5 - 10 * 1.3 * 2191.5 * 0.60 / 1e6
QUARTER = 1.08**0.25 - 1


def plan(variant=None):
    return optimise_plan(compile_case(load_case(ROOT / "cases" / "two-sites-financed", variant)))


def test_the_loan_is_what_equity_earnings_and_prepayment_leave():
    """936.7273 − 193.1625 − 60 − 600 = 83.5648, repaid a quarter later.

    Sensitivity: without the contract's prepayment 143.5648 are borrowed.
    """
    best = plan()
    owed = 36 + 162.181818 + 738.545455 - 400 * COAST - 60 - 600
    assert owed == pytest.approx(83.5648, abs=1e-4)
    assert best.financing.drawn[0] == pytest.approx([0, 0, owed, 0, 0, 0, 0, 0], abs=1e-4)
    assert best.financing.balance[0] == pytest.approx([0, 0, owed, 0, 0, 0, 0, 0], abs=1e-4)
    assert best.signed == pytest.approx([1])


@pytest.mark.parametrize(("variant", "gain", "owed"), [(None, 50.0, 83.5648), ("no-contract", 0.0, 143.5648)])
def test_the_objective_is_that_of_the_two_sites_with_contract_and_interest(variant, gain, owed):
    """248.449775 + 50 − 1.6234 = 296.8264, and 248.449775 − 2.7890 = 245.6608 without the contract."""
    assert plan(variant).solver.objective == pytest.approx(248.449775 + gain - QUARTER * owed, abs=1e-4)
