"""The programme's own part, and the way from the objective to its net present value, by hand."""

import numpy as np
import pytest

from capexpand.finance.bridge import bridge
from capexpand.finance.metrics import measure
from capexpand.finance.programme import programme_result
from capexpand.optimiser.deterministic import optimise_plan

ONCE = [1.0, 0.0, 0.0, 0.0]


def result_of(m):
    return programme_result(optimise_plan(m), optimise_plan(m.without_programme()))


def amounts(steps):
    return {step.name: pytest.approx(step.amount, abs=1e-9) for step in steps}


def test_what_stands_at_the_start_belongs_to_the_base(build):
    """A unit stands and serves 1 of a demand of 2 for 80; the programme buys a second one for 100.

    The base has revenue 80 + 50, other cost 30, depreciation 20 and 20, 7 still to pay; of the programme are
    80 a quarter and the 100.
    Sensitivity: taken by itself, the plan with the programme would show revenue of 210 and not 80.
    """
    m = build(
        offers={"limit": ONCE},
        workloads={"demand": 2.0},
        opening={
            "installed": 1.0,
            "depreciation": [20.0, 20.0, 0.0, 0.0],
            "payments_due": [7.0, 0.0, 0.0, 0.0],
            "other_revenue": 50.0,
            "other_cost": 30.0,
        },
    )
    result = result_of(m)
    assert result.total.revenue == pytest.approx(np.full(4, 210.0))
    assert result.base.revenue == pytest.approx(np.full(4, 130.0))
    assert result.base.ebita == pytest.approx([80.0, 80.0, 100.0, 100.0])
    assert result.base.free_cash_flow == pytest.approx([93.0, 100.0, 100.0, 100.0])
    assert result.base.book_value == pytest.approx([20.0, 0.0, 0.0, 0.0])
    assert result.programme.revenue == pytest.approx(np.full(4, 80.0))
    assert result.programme.free_cash_flow == pytest.approx([-20.0, 80.0, 80.0, 80.0])
    assert result.programme.opening_payments == pytest.approx(np.zeros(4))
    assert measure(result).npv == pytest.approx(220.0)


def test_losses_of_a_programme_lower_the_tax_of_the_whole(build):
    """Other business earns 40 a quarter; a unit for 100 written off at once earns 60.

    The whole has 0, 100, 100, 100 to tax, the base 40 each: the programme's tax is -10, 15, 15, 15.
    Sensitivity: taxed by itself the programme would pay 0, 5, 15, 15.
    """
    m = build(
        offers={"limit": ONCE},
        workloads={"price": 60.0},
        taxes={"rate": 0.25, "server_life_quarters": 1},
        opening={"other_revenue": 40.0},
    )
    assert result_of(m).programme.tax == pytest.approx([-10.0, 15.0, 15.0, 15.0])


def test_the_bridge_takes_transfer_value_and_refunded_losses_out(build):
    """A unit for 100 serves an internal workload worth 80 a quarter, taxed at 25 %.

    Objective: 0.75 x 320 - 100 + 25 saved by depreciation = 165. Less transfer value after tax, 240; the 25
    are never saved as nothing is earned: 165 - 240 - 25 = -100.
    Sensitivity: without the step for losses the bridge would end at -75.
    """
    m = build(roles=("internal",), offers={"limit": ONCE}, taxes={"rate": 0.25})
    ours = bridge(result_of(m))
    steps = amounts(ours.steps)
    assert steps["objective of the plan"] == 165.0
    assert steps["transfer value of internal workloads, after tax"] == -240.0
    assert steps["tax with losses carried forward instead of refunded"] == -25.0
    assert steps["net present value of the programme after tax"] == -100.0
    assert ours.rounding == pytest.approx(0.0, abs=1e-9)


def test_penalties_steer_and_are_no_part_of_the_value(build):
    """An obligation of 1 a quarter costs 30 each time it is missed; a unit for 100 avoids that.

    The objective is -100 with the programme and -120 without, 20 better; the programme's value is -100.
    Sensitivity: with penalties counted as cash the value would be +20.
    """
    m = build(roles=("obligation",), offers={"limit": ONCE}, workloads={"penalty": 30.0})
    result = result_of(m)
    steps = amounts(bridge(result).steps)
    assert steps["objective of the plan"] == -100.0
    assert steps["penalties for obligations unmet"] == 0.0
    assert steps["objective of the base"] == 120.0
    assert steps["penalties within the base"] == -120.0
    assert measure(result).npv == pytest.approx(-100.0)


def test_a_missed_floor_is_charged_to_the_objective_alone(build):
    """150 is to be spent and 100 can be: 50 is missed, charged twice in the objective.

    Objective -100 + 320 - 100 = 120, value 220.
    Sensitivity: without the step the bridge would end at 120.
    """
    m = build(offers={"limit": ONCE}, budget={"floor": 150.0})
    result = result_of(m)
    steps = amounts(bridge(result).steps)
    assert steps["objective of the plan"] == 120.0
    assert steps["penalty for spending below the floor"] == 100.0
    assert measure(result).npv == pytest.approx(220.0)


def test_the_end_value_is_taken_out_with_its_tax(build):
    """A unit for 100, half written off by the end, is then worth 70, taxed on 20 at 25 %.

    It earns 80 a quarter. Profit 67.5 a quarter, tax 16.875: flows sum to -100 + 320 - 67.5 = 152.5;
    the end adds 65.
    Sensitivity: with the tax on the end value left in, the value without it would be 147.5.
    """
    m = build(offers={"limit": ONCE, "end_value": 70.0}, taxes={"rate": 0.25, "server_life_quarters": 8})
    result = result_of(m)
    metrics, ours = measure(result), bridge(result)
    assert metrics.npv == pytest.approx(217.5)
    assert metrics.npv_end_value_zero == pytest.approx(152.5)
    assert metrics.npv_before_tax == pytest.approx(290.0)
    assert metrics.end_value == pytest.approx(65.0)
    assert amounts(ours.end_value_zero)["tax at the horizon's end"] == 5.0
    assert amounts(ours.before_tax)["tax"] == 72.5


def test_the_base_of_another_case_is_refused(build):
    plan, other = optimise_plan(build()), optimise_plan(build(quarters=5))
    with pytest.raises(ValueError, match="another case"):
        programme_result(plan, other)
