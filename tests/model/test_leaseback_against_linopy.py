"""Sale and leaseback gives the objective of the second formulation, with and without financing."""

from dataclasses import replace

import pytest
from oracle import oracle_objective
from random_financing import random_financing
from random_models import random_model, with_leasebacks

from capexpand.errors import InfeasibleError
from capexpand.finance.checks import check_plan
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
