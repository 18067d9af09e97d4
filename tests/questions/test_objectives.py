"""Plans made for the least cost or power of serving a demand: by hand, through every account of a run."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_case import SMALL, loaded, offer, workload

import capexpand as cx
from capexpand.errors import CaseError, InfeasibleError
from capexpand.finance.checks import check_plan
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.warm import WarmPlanner
from capexpand.pipeline import evaluate, optimise, report
from capexpand.studies.frontier.frontier import find_frontier

DEMAND = {"workloads.chat.demand": "8 tn token/quarter", "offers.server.maintenance": "0 %/year"}
LARGE = {
    "offers.large": offer("1.5 mn CNY", power="150 kW"),
    "workloads.chat.throughput": {"server": "1 tn token/quarter", "large": "2 tn token/quarter"},
    **DEMAND,
}
BUILDING = {
    "opening": {},
    "sites.east.build": {
        "cost": "5 mn CNY/MW",
        "lead_time": "0 months",
        "deposit": "100 %",
        "maintenance": "0 CNY/MW/quarter",
    },
}


def aimed(objective, changes=None, serve=None):
    solve = {"objective": objective, **({} if serve is None else {"serve": serve})}
    return loaded({**(changes or {}), "solve": {**(changes or {}).get("solve", {}), **solve}})


def of_small(folder, **solve):
    (folder / "case.yaml").write_text(json.dumps({**SMALL, "solve": solve}), encoding="utf-8")


def planned(case):
    plan = optimise_plan(compile_case(case))
    assert max(check.violation for check in check_plan(plan)) < 1e-6
    return plan


def test_all_of_the_demand_is_served_at_least_cost():
    """Eight servers at 1 mn each serve 8, or four large ones at 1.5 mn. Least cost: 6. They sell 4 · 8 = 32,
    so their value is 26. Made for value the plan is the same, since each token earns its keep."""
    plan = planned(aimed("cost", LARGE))
    assert -plan.solver.objective == pytest.approx(6.0)
    assert plan.value == pytest.approx(26.0)
    assert plan.ordered.sum(axis=(1, 2)) == pytest.approx([0.0, 4.0])


def test_what_does_not_pay_is_served_and_no_more_than_asked():
    """At a tenth of the price a large server brings 4 · 2 · 0.1 = 0.8 and costs 1.5: nothing pays. Half of
    the demand is 16 of 32 tokens, two large servers for four quarters: cost 3, value 1.6 − 3."""
    poor = {**LARGE, "workloads.chat.price": "0.1 CNY/Mtoken"}
    assert optimise_plan(compile_case(loaded(poor))).ordered.sum() == pytest.approx(0.0, abs=1e-9)
    plan = planned(aimed("cost", poor, "50 %"))
    assert -plan.solver.objective == pytest.approx(3.0)
    assert plan.value == pytest.approx(-1.4)
    held = planned(aimed("npv", poor, "50 %"))
    assert held.solver.objective == pytest.approx(-1.4)


def test_least_power_takes_what_draws_least_and_then_what_earns_most():
    """A server draws 110 kW for 2, the small one 100 kW for 1: eight tokens take 0.44 MW. Of the plans with
    that peak the most valuable: 4 · 8 − 4 · 3.9 − 5 · 0.44 = 14.2, though small ones would be worth 20."""
    changes = {**LARGE, **BUILDING, "offers.large": offer("3.9 mn CNY", power="110 kW")}
    plan = planned(aimed("power", changes))
    assert float(plan.power_mw.sum(axis=0).max()) == pytest.approx(0.44, rel=1e-5)
    assert plan.solver.objective == pytest.approx(-0.44, rel=1e-5)
    assert plan.value == pytest.approx(14.2, rel=1e-4)
    assert WarmPlanner().solve(compile_case(aimed("power", changes))).value == pytest.approx(14.2, rel=1e-4)


def test_an_obligation_is_served_in_the_same_share_and_its_penalty_is_a_cost():
    """A duty of 8 a quarter with a penalty of 0.1 for each missed: made for value nothing is bought, and
    4 · 8 · 0.1 = 3.2 is charged. Three quarters of 32 are 24: three large servers, 4.5, and 8 missed, 0.8."""
    duty = {
        **LARGE,
        "workloads.chat": workload(
            role="obligation",
            demand="8 tn token/quarter",
            penalty="0.1 CNY/Mtoken",
            throughput={"server": "1 tn token/quarter", "large": "2 tn token/quarter"},
        ),
    }
    del duty["workloads.chat"]["price"]
    changes = {key: value for key, value in duty.items() if not key.startswith("workloads.chat.")}
    assert planned(loaded(changes)).solver.objective == pytest.approx(-3.2)
    plan = planned(aimed("cost", changes, "75 %"))
    assert plan.unmet.sum() == pytest.approx(8.0, rel=1e-6)
    assert -plan.solver.objective == pytest.approx(5.3)


def test_the_worth_of_a_limit_is_the_cost_that_it_saves():
    """Two large servers can be had; the other four tokens take four small ones: 3 + 4 = 7. One large server
    more spares two small ones: 2 − 1.5 = 0.5."""
    few = offer("1.5 mn CNY", power="150 kW", supply={"CN": {"limit": "2 units/quarter"}})
    case = aimed("cost", {**LARGE, "offers.large": few, "programme.window_quarters": 1})
    plan = planned(case)
    assert -plan.solver.objective == pytest.approx(7.0)
    m = compile_case(case)
    limit = m.offers.limit.copy()
    limit[1, :, 0] += 1.0
    more = optimise_plan(replace(m, offers=replace(m.offers, limit=limit)))
    gain = more.solver.objective - plan.solver.objective
    assert plan.shadow.supply[1, 0, 0] == pytest.approx(gain) == pytest.approx(0.5)


def test_whole_sizes_are_whole():
    """Seven tokens take seven small servers, or four large ones at 1.5: six; whole lots of three: nine."""
    changes = {**LARGE, "workloads.chat.demand": "7 tn token/quarter", "offers.large.lot": 3}
    plan = planned(aimed("cost", {**changes, "offers.server.lot": 7, "solve": {"whole_sizes": True}}))
    assert -plan.solver.objective == pytest.approx(7.0)
    assert plan.ordered.sum(axis=(1, 2)) == pytest.approx([7.0, 0.0])


def test_more_than_can_be_served_says_how_much_can():
    """Ten servers fit into the megawatt: 10 of 20 tokens a quarter."""
    with pytest.raises(InfeasibleError) as error:
        planned(aimed("cost", {"workloads.chat.demand": "20 tn token/quarter"}))
    (said,) = error.value.conflict
    assert said.startswith("at most 50 % of the demand can be served, by its price, and 100 % is asked for")
    assert said.endswith("chat falls short by 50 %, last in 2026Q1")


def test_the_end_of_the_frontier_is_the_plan_of_the_objective():
    ends = find_frontier(loaded(LARGE), "small", ("cost", "power"), points=2, serve=0.7).points
    for objective, point in zip(("cost", "power"), ends, strict=True):
        plan = planned(aimed(objective, LARGE, "70 %"))
        reached = -plan.solver.objective
        assert reached == pytest.approx(point.first if objective == "cost" else point.second, rel=1e-5)


def test_the_run_accounts_for_the_cost():
    """The bridge begins with the cost and ends with the net present value, which the base does not touch."""
    findings = evaluate(optimise(aimed("cost", LARGE)))
    steps = findings.bridge.steps
    assert [steps[0].amount, steps[1].amount, steps[-1].amount] == pytest.approx([-6.0, 32.0, 26.0])
    assert abs(findings.bridge.rounding) < 1e-6
    sheet = report(findings)
    assert "(by its price) costs at least 6 mn" in sheet.answers[0].text
    assert sheet.document["made_for"]["cost"] == pytest.approx(6e6)
    assert sheet.document["made_for"]["served_by_workload"] == {"chat": pytest.approx(1.0)}
    assert sheet.document["objective"] == pytest.approx(26e6)


@pytest.mark.parametrize("objective", ["cost", "power"])
def test_a_run_of_such_a_case_is_written_whole(tmp_path, objective):
    of_small(tmp_path, objective=objective, serve="5 %")
    found = cx.run(tmp_path, out=tmp_path / "run")
    written = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert written["made_for"]["objective"] == objective
    assert written["npv_by_budget"] == []
    assert found.shown.answers[0].text.startswith("To serve 5 % of the demand (by its price)")
    assert cx.frontier(found.case, objectives=("cost", "served"), points=2).found.serve == 0.05


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda case: cx.run(case, policy=True), "solve.objective: a policy is made for value"),
        (cx.breakeven, "solve.objective: a break-even value is made for value"),
        (cx.evidence, "solve.objective: what a value rests on is made for value"),
        (lambda case: cx.why(case, "budget"), "solve.objective: why counts money"),
        (lambda case: cx.sweep(case, vary=["finance.discount_rate=5%:7%:2"]), "a sweep counts money"),
    ],
)
def test_what_counts_value_refuses_a_plan_for_power(tmp_path, ask, says):
    of_small(tmp_path, objective="power", serve="5 %")
    with pytest.raises(CaseError) as error:
        ask(tmp_path)
    assert says in str(error.value)


def test_costs_can_be_swept_and_bracketed(tmp_path):
    """Serving 8 % of 50 to 100 takes 4 to 8 servers at 1 each: the bracket between holds the least cost."""
    of_small(tmp_path, objective="cost", serve="8 %")
    found = cx.sweep(tmp_path, vary=["workloads.chat.demand=50 tn token/quarter:100 tn token/quarter:3"])
    costs = found.tables["points"]["objective"].to_numpy()
    assert costs == pytest.approx(np.array([-4e6, -6e6, -8e6]))
    bracket = found.bracket({"workloads.chat.demand": "62.5 tn token/quarter"})
    assert bracket.lower - 1e-6 <= -5.0 <= bracket.upper + 1e-6
