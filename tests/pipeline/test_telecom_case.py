"""The shipped telecom case weighs owning, leasing and hiring, as its README says."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.case.numbers import numbers
from capexpand.finance.hire import hire_cost_by_option
from capexpand.finance.leases import leases_as_capital
from capexpand.finance.ownership import source_costs
from capexpand.pipeline import evaluate, optimise

CASE = Path(__file__).parents[2] / "cases" / "telecom-edge"


@pytest.mark.parametrize("variant", [None, *load_case(CASE).variants])
def test_every_number_has_a_source_or_a_reason_and_none_is_hindsight(variant):
    found = list(numbers(load_case(CASE, variant)))
    assert [number.path for number in found if not number.figure.explained] == []
    assert not any(number.figure.hindsight for number in found)


@pytest.mark.slow
def test_the_figures_of_its_readme():
    """Paid, leased, hired and net present value in mn EUR; the cost of ownership of each source in EUR."""
    plans = optimise(load_case(CASE))
    findings, plan = evaluate(plans), plans.optimised
    here = slice(*plan.data.times.window)
    assert findings.metrics.npv == pytest.approx(34.4, rel=0.01)
    assert plan.paid[here].sum() == pytest.approx(241.2, rel=0.01)
    assert leases_as_capital(plan)[here].sum() == pytest.approx(14.4, rel=0.02)
    assert hire_cost_by_option(plan).sum(axis=0)[here].sum() == pytest.approx(38.0, rel=0.02)
    care = plan.data.workloads.names.index("care")
    costs: dict[str, float] = {}
    for source in source_costs(plan.data):
        worth = float(source.per_volume[care])
        costs[source.name] = min(worth, costs.get(source.name, worth))
    assert costs["next-server"] == pytest.approx(1.10, abs=0.01)
    assert costs["gpu-cloud/three-years"] == pytest.approx(3.01, abs=0.01)
    assert costs["large-cloud/on-demand"] == pytest.approx(12.09, abs=0.01)


@pytest.mark.slow
def test_the_figures_of_energy_by_contract():
    """Wind is signed in parts, engines are not; the programme is worth 37 mn EUR, as the README says."""
    plans = optimise(load_case(CASE, "energy-by-contract"))
    plan, energy = plans.optimised, plans.optimised.data.energy
    signed = dict(zip(energy.names, plan.energy.signed.sum(axis=1), strict=True))
    wind = next(amount for name, amount in signed.items() if "wind" in name)
    assert wind == pytest.approx(25.9, rel=0.02)
    assert sum(signed.values()) == pytest.approx(wind)
    assert evaluate(plans).metrics.npv == pytest.approx(37.0, rel=0.02)
