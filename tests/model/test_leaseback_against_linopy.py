"""Sale and leaseback gives the objective of the second formulation, with and without financing."""

from dataclasses import replace

import numpy as np
import pytest
from oracle import oracle_objective
from random_financing import random_financing
from random_models import random_model, with_leasebacks

from capexpand.errors import InfeasibleError
from capexpand.finance.checks import check_plan
from capexpand.model.wear import Wear
from capexpand.optimiser.deterministic import optimise_plan


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_random_sales_and_leasebacks_have_the_objective_of_linopy(seed):
    m = with_leasebacks(random_model(seed), seed)
    plan = optimise_plan(m)
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(oracle_objective(m), rel=1e-7, abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_financed_sales_and_leasebacks_have_the_objective_of_linopy(seed):
    m = with_leasebacks(random_model(seed), seed)
    m = replace(m, financing=random_financing(m, seed, hard=seed % 2 == 0))
    try:
        plan = optimise_plan(m)
    except InfeasibleError:
        pytest.skip("nothing meets what lenders ask")
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(oracle_objective(m), rel=1e-7, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 4])
def test_units_that_wear_are_sold_and_leased_back_as_in_linopy(seed):
    """Every offer wears after one or two quarters, with and without a life: before, in and after the term."""
    m = random_model(seed)
    rng, count = np.random.default_rng(seed), len(m.offers.names)
    wear = Wear(rng.integers(1, 4, count), rng.uniform(0.1, 0.4, count), rng.uniform(0.0, 0.1, count))
    m = with_leasebacks(replace(m, offers=replace(m.offers, wear=wear)), seed)
    assert (m.wearing & m.leaseback_terms.there).any()
    plan = optimise_plan(m)
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(oracle_objective(m), rel=1e-7, abs=1e-7)
