"""Regret: the plan with the actual inputs, the cost of having kept to the original, and its causes.

Inputs that came true, in this order: the export rules by quarter, the later wording of the amount, the
list prices
of tokens, and demand (external demand times reported over planned cloud revenue: volumes are not
reported). After
the last report prices and demand keep their last ratio to what the case states, and the rules stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from capexpand.case.schema import Case
from capexpand.catalogue.point_in_time import PointInTimeCatalogue, reading_from
from capexpand.finance.statements import statement
from capexpand.forecasting.quarters import quarter_of
from capexpand.model.compile import compile_case
from capexpand.model.data import Floats, ModelData
from capexpand.model.realised import realise
from capexpand.optimiser.deterministic import base_value, optimise_plan
from capexpand.optimiser.naive import naive_commitments
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.rivals import best_rivals
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import recourse_data
from capexpand.policy.stage_numbers import StageNumbers
from capexpand.policy.stages import state_layout
from capexpand.scenarios.entries import Entry
from capexpand.scenarios.futures import Futures, compile_futures
from capexpand.studies.backtest.forecast import CAPEX, REVENUE, Day, Frozen, company_of
from capexpand.studies.backtest.market import list_prices
from capexpand.studies.backtest.replanning import Standing, known_data, replan, standing_wording
from capexpand.studies.backtest.reports import planned_series
from capexpand.studies.backtest.scopes import LIST_SUCCESSORS

INPUTS = ("export rules", "wording of the amount", "token prices", "demand")
"""What is replaced by what came true, in the order in which a waterfall does it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a waterfall: what is replaced, and what the sum is after it, in the case's millions."""

    name: str
    amount: float
    total: float
    why: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From what the plan said of some quarters to what was reported of them, by assumption.

    Args:
        metric: of the reports.
        quarters: numbers of the quarters summed up.
        planned: what the plan said.
        steps: in their order; the last holds what nothing explains.
        actual: what was reported.
    """

    metric: str
    quarters: tuple[int, ...]
    planned: float
    steps: tuple[Step, ...]
    actual: float


@dataclass(frozen=True, slots=True)
class Regret:
    """The value of a strategy under the actual inputs, in millions of present value."""

    way: str
    objective: float
    regret: float  # what the best plan for these inputs is worth more
    spent: float  # within the window


@dataclass(frozen=True, slots=True)
class Hindsight:
    """The plan under the inputs that came true."""

    known_on: date
    decided: int  # quarters of orders that each way had placed by then
    regrets: tuple[Regret, ...]
    waterfalls: tuple[Waterfall, ...]


def look_back(case: Case, days: Sequence[Day], everything: PointInTimeCatalogue) -> Hindsight:
    """Solve the case again with the reports true, and hold the plan of its own day against that.

    Args:
        days: what was planned on each day, the first on the case's own.
        everything: the catalogue with the later reports.
    """
    with reading_from(everything):
        came = _CameTrue.of(case, days[0])
        futures = came.futures
        solved: dict[str, Plan] = {}
        for count in range(1, len(INPUTS) + 1):
            solved[INPUTS[count - 1]] = optimise_plan(came.data(INPUTS[:count]))
        world = came.data(INPUTS)
        waterfalls = [*_capital(case, days, solved), *_revenue(case, days, solved)]
        decided = max(quarter_of(came.known_on) - quarter_of(case.calendar.start) + 1, 0)
        best = solved[INPUTS[-1]]
        regrets = _regrets(case, days, world, best=best, decided=decided, futures=futures)
    return Hindsight(came.known_on, decided, regrets, tuple(waterfalls))


@dataclass(frozen=True, slots=True)
class _CameTrue:
    case: Case
    futures: Futures
    known_on: date
    ratios: dict[tuple[str, str], Floats]  # factors [quarter] of entries, by input and workload

    @classmethod
    def of(cls, case: Case, first: Day) -> _CameTrue:
        futures = compile_futures(case)
        series = [
            one
            for metric in (REVENUE, CAPEX)
            if (one := planned_series(company_of(case), metric)) is not None
        ]
        known_on = max(value.known_on for one in series for value in one.values)
        ratios = {("token prices", name): path for name, path in _price_ratios(case).items()}
        demand = _demand_ratio(case, first)
        if demand is not None:
            for name, workload in case.workloads.items():
                if workload.role == "external":
                    ratios["demand", name] = demand
        return cls(case, futures, known_on, ratios)

    def data(self, inputs: Sequence[str]) -> ModelData:
        """The compiled case with some inputs as they came true."""
        m = compile_case(self.case)
        if "export rules" in inputs:
            rules = known_data(self.case, Standing(self.known_on, 0), self.futures)
            m = replace(rules, budget=m.budget)
        floor = standing_wording(self.case, self.known_on)
        if "wording of the amount" in inputs and floor is not None:
            cap = np.full_like(m.budget.cap, np.inf)
            m = replace(m, budget=replace(m.budget, cap=cap, floor=floor))
        kinds = {"token prices": "base_price", "demand": "base_demand"}
        moved = [(key, path) for key, path in self.ratios.items() if key[0] in inputs]
        if not moved:
            return m
        entries = [Entry(kinds[key[0]], key[1]) for key, _ in moved]  # pyrefly: ignore
        return realise(m, entries, np.stack([path for _, path in moved]))


def _price_ratios(case: Case) -> dict[str, Floats]:
    """For each workload whose price follows a list: what came over what the case states, by quarter."""
    found: dict[str, Floats] = {}
    start, count = quarter_of(case.calendar.start), case.calendar.quarters
    for workload, model in case.reported.price_lists.items():
        series = case.workloads[workload].price
        names = [model, *(each.successor for each in LIST_SUCCESSORS if each.model == model)]
        lists = sorted((one for name in names for one in list_prices(name)), key=lambda one: one.day)
        before = [one for one in lists if one.known_on <= case.as_of]
        after = [one for one in lists if one.known_on > case.as_of]
        if not before or not after or series is None:
            continue
        newest, opening = before[-1], case.calendar.start
        places, values = [-0.5], [0.0]
        for one in after:
            stated = series.on(one.day, opening) / series.on(newest.day, opening)
            places.append(float(quarter_of(one.day) - start))
            values.append(float(np.log(one.price / newest.price / stated)))
        found[workload] = np.exp(np.interp(np.arange(count), places, values))
    return found


def _demand_ratio(case: Case, first: Day) -> Floats | None:
    """Reported over planned cloud revenue by quarter of the plan; after the reports the last ratio."""
    series = planned_series(company_of(case), REVENUE)
    if series is None:
        return None
    start = quarter_of(case.calendar.start)
    planned = statement(first.plan).revenue
    known = {
        one.quarter - start: one.value
        for one in series.values
        if start <= one.quarter < start + case.calendar.quarters and planned[one.quarter - start] > 0.0
    }
    if not known:
        return None
    places = sorted(known)
    ratios = [known[t] / float(planned[t]) for t in places]
    return np.interp(np.arange(case.calendar.quarters), places, ratios)


def _regrets(
    case: Case, days: Sequence[Day], world: ModelData, *, best: Plan, decided: int, futures: Futures
) -> tuple[Regret, ...]:
    """What each way to have decided until now is worth, with the best that can follow."""
    standing = Standing(max(day.frozen.as_of for day in days), decided)
    free = days[0].data.without_demands()
    naive = optimise_plan(free, naive_commitments(free), duals=False)
    rivals = best_rivals(free, naive)
    ways = {
        "the plan of the day, kept to until now": days[0].plan,
        "planned anew with each report": days[-1].plan,
        "spent evenly until now": naive,
    }
    if rivals.fraction < 1.0:
        ways[f"{rivals.fraction:.0%} of the budget spent evenly until now"] = rivals.even
    if rivals.mix is not None:
        ways["the same in the mix of servers that stood"] = rivals.mix
    top = best.solver.objective
    found = [Regret("knowing what came", top, 0.0, _spent(best))]
    for way, plan in ways.items():
        carried_out = replan(world, replace(standing, orders=plan), case)
        value = carried_out.solver.objective
        found.append(Regret(way, value, top - value, _spent(carried_out)))
    kept, paid = _kept_throughout(days[0].plan, world, futures)
    found.append(Regret("the plan of the day, kept to for good", kept, top - kept, paid))
    return tuple(found)


def _spent(plan: Plan) -> float:
    first, last = plan.data.times.window
    return float(plan.paid[first:last].sum())


def _kept_throughout(plan: Plan, world: ModelData, futures: Futures) -> tuple[float, float]:
    """Objective, and payments in the window, of a plan that is kept to under the inputs that came true."""
    data = recourse_data(world, futures)
    layout = state_layout(data)
    numbers = [StageNumbers(data, layout, (), t) for t in range(data.times.count)]
    books = FixedPlans(data, numbers).follow(FixedPlan.of(plan), np.zeros((data.times.count, 0, 1)))
    first, last = data.times.window
    return float(books.value[0] + base_value(data)), float(books.paid[first:last].sum())


def _scored_quarters(case: Case, metric: str) -> dict[int, float]:
    """Reported figures of the plan's quarters, those that were reported together shared evenly."""
    series = planned_series(company_of(case), metric)
    start = quarter_of(case.calendar.start)
    values = series.by_quarter() if series is not None else {}
    return {q: value for q, value in values.items() if start <= q < start + case.calendar.quarters}


def _capital(case: Case, days: Sequence[Day], solved: dict[str, Plan]) -> list[Waterfall]:
    """From the plan's payments, with the rest of the group, to reported capital expenditure."""
    frozen: Frozen = days[0].frozen
    actual = _scored_quarters(case, CAPEX)
    if frozen.beside is None or not actual:
        return []
    start = quarter_of(case.calendar.start)
    places = [quarter - start for quarter in sorted(actual)]
    owed = float(days[0].data.opening.payments_due[places].sum())
    rest = frozen.beside * len(places)
    total = planned = float(days[0].plan.paid[places].sum()) + owed + rest
    steps: list[Step] = []

    def step(name: str, after: float, why: str) -> None:
        nonlocal total
        steps.append(Step(name, after - total, after, why))
        total = after

    for name in INPUTS:
        step(name, float(solved[name].paid[places].sum()) + owed + rest, _WHY[name])
    first, last = days[0].data.times.window
    programme = case.programme.cap or case.programme.floor
    if programme is not None:
        even = float(programme.value) / (last - first) * len(places)
        step("pace", even + owed + rest, "the announced amount evenly, not when it pays best")
    newest = days[-1].frozen
    if newest.beside is not None:
        step("rest of the group", total + (newest.beside - frozen.beside) * len(places), newest.bridge)
    came_to = sum(actual.values())
    step("not explained", came_to, "spent beyond the announced amount's even share")
    return [Waterfall(CAPEX, tuple(sorted(actual)), planned, tuple(steps), came_to)]


def _revenue(case: Case, days: Sequence[Day], solved: dict[str, Plan]) -> list[Waterfall]:
    """From the plan's cloud revenue to the reported one; demand, a ratio to it, is what is left."""
    actual = _scored_quarters(case, REVENUE)
    if not actual:
        return []
    places = [quarter - quarter_of(case.calendar.start) for quarter in sorted(actual)]
    total = planned = float(statement(days[0].plan).revenue[places].sum())
    steps: list[Step] = []
    for name in INPUTS:
        after = float(statement(solved[name]).revenue[places].sum())
        steps.append(Step(name, after - total, after, _WHY[name]))
        total = after
    came_to = sum(actual.values())
    steps.append(
        Step(
            "not explained",
            came_to - total,
            came_to,
            "came although the case's servers and power could not serve it",
        )
    )
    return [Waterfall(REVENUE, tuple(sorted(actual)), planned, tuple(steps), came_to)]


_WHY = {
    "export rules": "solved again with the rules of each quarter",
    "wording of the amount": "solved again with the amount as a least one, where the company said so later",
    "token prices": "solved again with the list prices that came",
    "demand": "solved again with demand times reported over planned cloud revenue",
}
