"""The lattices of the shipped cases: prices and demand vary as much as the process does, with its means."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.pipeline import LatticeSettings
from capexpand.scenarios.condensation import condense
from capexpand.scenarios.futures import compile_futures
from capexpand.scenarios.lattice_errors import LatticeErrors, lattice_errors
from capexpand.scenarios.sampling import draw_scenarios
from capexpand.scenarios.variance import UNSPREAD

CASES = Path(__file__).parents[2] / "cases"
SMALL = ("neocloud-2025", "telecom-edge", "two-sites")
LARGE = ("alibaba-2025", "bytedance-2025", "meta-2025", "microsoft-fy2025")


def errors_of(name: str, settings: LatticeSettings) -> LatticeErrors:
    """Return the discretisation errors of a case's lattice on the scenarios that it was made from."""
    drawn = draw_scenarios(compile_futures(load_case(CASES / name)), settings.paths, seed=settings.seed)
    lattice = condense(
        drawn,
        nodes=settings.nodes,
        outcomes=settings.outcomes,
        seed=settings.seed,
        fine_quarters=settings.recourse_quarters,
        later_nodes=settings.later_nodes,
    )
    return lattice_errors(lattice, drawn)


def check(errors: LatticeErrors) -> None:
    """Means are exact; all but limits, fees and productivity keep 95 to 105 % of their deviation."""
    assert errors.largest_mean_error.max() <= 1e-9
    for row, entry in enumerate(errors.entries):
        if entry.kind not in UNSPREAD:
            assert 0.95 <= errors.kept_deviation[row] <= 1.05, entry.label


@pytest.mark.parametrize("name", SMALL)
def test_prices_and_demand_of_a_small_lattice_vary_as_the_process(name: str) -> None:
    """Some 40 scenarios a cell, so that the mean of a price of energy keeps a sixth of its deviation."""
    check(errors_of(name, LatticeSettings(nodes=24, later_nodes=24, paths=1024)))


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_prices_and_demand_of_the_default_lattice_vary_as_the_process(name: str) -> None:
    check(errors_of(name, LatticeSettings()))
