"""What workloads cost, and what stands and runs, worked out on paper."""

import numpy as np
import pytest

from capexpand.finance.fleet import fleet
from capexpand.finance.unit_costs import unit_costs
from capexpand.optimiser.deterministic import optimise_plan


def test_costs_follow_the_running_units_and_the_rest_is_idle(build):
    """Four units stand; one serves tokens, two serve hours, one is kept idle for its end value.

    Units cost 3 each to maintain and 5 each of depreciation (20 over four units): 8 a running unit. Each
    takes 1 of 8 MW at 2 a MW, so power costs 2 a running unit; energy 0.001 x 2000 = 2. So 12 for tokens,
    24 for hours, and idle are 8 of the idle unit and 10 of 5 MW without a running unit.
    Sensitivity: shared out without an idle part, tokens would cost 18 and hours 36.
    """
    m = build(
        roles=("external", "external"),
        sites={"energy_price": 0.001},
        power={"running_cost": 2.0},
        offers={"limit": 0.0, "running_cost": 3.0, "end_value": 100.0},
        workloads={"demand": [[[1.0]], [[2.0]]], "units": ("token", "accelerator_hour")},
        opening={"power_mw": 8.0, "installed": 4.0, "depreciation": 20.0},
    )
    costs = unit_costs(optimise_plan(m))
    assert costs.cost[:, 0] == pytest.approx([12.0, 24.0])
    assert costs.idle == pytest.approx(np.full(4, 18.0))
    assert costs.energy[:, 0] == pytest.approx([2.0, 4.0])
    assert costs.power[:, 0] == pytest.approx([2.0, 4.0])
    assert costs.units[:, 0] == pytest.approx([3.0, 6.0])
    assert costs.depreciation[:, 0] == pytest.approx([5.0, 10.0])
    assert costs.averages().idle_fraction == pytest.approx(18.0 / 54.0)


def test_money_per_volume_is_currency_per_million_tokens_and_per_accelerator_hour(build):
    """A unit of 8 accelerators runs 2000 hours a quarter: 0.016 million accelerator-hours, for 80 million.

    It serves 1 trillion tokens: 80 million over 0.016 million hours are 5000 an hour; its depreciation of 50
    millions over a trillion tokens are 50 for a million.
    Sensitivity: by the unit and not by the accelerator an hour would earn 40000.
    """
    m = build(offers={"limit": [1.0, 0.0, 0.0, 0.0]}, taxes={"server_life_quarters": 4})
    costs = unit_costs(optimise_plan(m))
    assert costs.accelerator_hours == pytest.approx(np.full((1, 4), 0.016))
    assert costs.value_per_accelerator_hour == pytest.approx(np.full((1, 4), 5000.0))
    assert costs.cost_per_volume == pytest.approx(np.full((1, 4), 25.0))
    assert costs.cost_per_accelerator_hour == pytest.approx(np.full((1, 4), 25.0 / 0.016))
    averages = costs.averages()
    assert averages.cost_per_volume == pytest.approx([25.0])
    assert averages.value_per_accelerator_hour == pytest.approx([5000.0])


def test_what_stood_at_the_start_without_units_belongs_to_other_business(build):
    m = build(offers={"limit": 0.0}, opening={"depreciation": 20.0})
    costs = unit_costs(optimise_plan(m))
    assert costs.other_business == pytest.approx(np.full(4, 20.0))
    assert costs.cost == pytest.approx(np.zeros((1, 4)))
    assert costs.idle == pytest.approx(np.zeros(4))
    assert np.isnan(costs.averages().cost_per_volume[0])


def test_the_share_of_a_workload_is_that_of_its_group_of_sites(build):
    """Two sites of one group, energy at 0.002 and 0.004 a MWh; one unit at each; two workloads, 1 each.

    Which unit serves which is of no meaning: each workload costs half of 2000 x 0.006 = 6 a quarter.
    Sensitivity: by the site the two would cost 4 and 8.
    """
    m = build(
        site_groups=(0, 0),
        power_options=2,
        roles=("external", "external"),
        sites={"energy_price": [[0.002], [0.004]]},
        offers={"limit": 0.0},
        opening={"installed": 1.0},
    )
    costs = unit_costs(optimise_plan(m))
    assert costs.cost == pytest.approx(np.full((2, 4), 6.0))


def test_the_fleet_counts_units_accelerators_power_and_tokens(build):
    """Four units of 8 accelerators, of 1 MW each; 3 trillion tokens with productivity 1.5 take two.

    Tokens a day: 3e12 over 2000/24 days. Obligations count with what is served of them.
    Sensitivity: without productivity three units would run.
    """
    m = build(
        roles=("external", "obligation"),
        sites={"power_usage_effectiveness": 1.2, "grid_mw": 20.0},
        offers={"limit": 0.0},
        workloads={
            "demand": [[[3.0]], [[4.0]]],
            "productivity": [[1.5], [1.0]],
            "units": ("token", "FLOP"),
            "penalty": 1e-3,
        },
        opening={"power_mw": 10.0, "installed": 4.0},
    )
    ours = fleet(optimise_plan(m))
    assert ours.installed == pytest.approx(np.full((1, 4), 4.0))
    assert ours.accelerators == pytest.approx(np.full((1, 4), 32.0))
    assert ours.compute_pflops == pytest.approx(np.full((1, 4), 8.0))
    assert ours.utilisation == pytest.approx(np.ones((1, 4)))
    assert ours.served == pytest.approx(np.array([[3.0] * 4, [2.0] * 4]))
    assert ours.served_fraction == pytest.approx(np.ones((2, 4)))
    assert ours.tokens_per_day[0] == pytest.approx(np.full(4, 3e12 / (2000 / 24)))
    assert ours.tokens_per_day[1] == pytest.approx(np.zeros(4))
    assert ours.power_energised_mw == pytest.approx(np.full((1, 4), 10.0))
    assert ours.power_used_mw == pytest.approx(np.full((1, 4), 4.0))
    assert ours.grid_used_mw == pytest.approx(np.full((1, 4), 4.8))


def test_utilisation_of_nothing_is_no_number(build):
    ours = fleet(optimise_plan(build(offers={"limit": 0.0})))
    assert np.isnan(ours.utilisation).all()
    assert np.isnan(ours.served_fraction).all()
