"""The plan of a run met by many futures: what a programme is worth where its case declares uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.schema import Case
from capexpand.model.compile_contracts import settled
from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan
from capexpand.policy.financed import Financed, carry_financing
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import recourse_data, take_apart
from capexpand.policy.leased_back import LeasedBack
from capexpand.policy.outside import MoneyFactors, outside_earnings
from capexpand.policy.strategies import business_flows, returns_of
from capexpand.scenarios.futures import compile_futures
from capexpand.scenarios.sampling import draw_scenarios

SCENARIOS = 200
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Followed:
    """Net present values of a plan that is kept to in many futures; money in millions."""

    npv: Floats  # [scenario] of the programme, after tax
    seed: int
    financed: Financed | None = None  # how it is financed in them; None where the case does not ask

    @property
    def breach(self) -> dict[str, Floats]:
        """Chance [quarter] of breaking each covenant; nothing without financing."""
        return {} if self.financed is None else self.financed.breach

    @property
    def mean(self) -> float:
        """Over all futures [money]."""
        return float(self.npv.mean())

    @property
    def halfwidth(self) -> float:
        """Half of the 95 % confidence interval of the mean [money]."""
        return (
            float(1.96 * self.npv.std(ddof=1) / np.sqrt(self.npv.size)) if self.npv.size > 1 else float("inf")
        )

    @property
    def loses(self) -> float:
        """Share of futures with a negative net present value."""
        return float((self.npv < 0.0).mean())

    def quantiles(self) -> Floats:
        """Returns net present values at ``QUANTILES`` [money]."""
        return np.quantile(self.npv, QUANTILES)


def follow_plan(
    case: Case, plan: Plan, base: Plan, *, scenarios: int = SCENARIOS, seed: int = 1
) -> Followed | None:
    """Returns what a plan is worth where its orders are kept to and only operation follows what happens.

    Orders are cut where they cannot be had; the base keeps to its own plan in the same futures.

    Args:
        case: which declares uncertainty.
        base: the plan without the programme.
        scenarios: number of futures.
        seed: of their draws.

    Returns:
        The distribution; None where the case declares no uncertainty.

    Raises:
        SolverError: a program could not be solved.
    """
    if case.uncertainty.empty:
        return None
    sales = LeasedBack.of(settled(plan.data, plan.signed), plan)
    before = LeasedBack.of(settled(base.data, base.signed), base)
    m, standing = sales.data, before.data
    futures = compile_futures(case)
    drawn = draw_scenarios(futures, scenarios, seed=seed)
    factors = np.stack([drawn.factors(t) for t in range(drawn.quarters)])
    stages = take_apart(m, futures)
    ours = sales.taken_out(FixedPlans(stages.data, stages.numbers).follow(FixedPlan.of(plan), factors))
    alone = recourse_data(m, futures).without_programme()
    numbers = stages.numbers
    offered = plan.data.contracts is not None and plan.data.contracts.offered.any()
    if offered or plan.data.leasebacks is not None:  # signed differently
        apart = take_apart(standing, futures)
        alone, numbers = apart.data, apart.numbers
    without = FixedPlans(alone, numbers)
    theirs = before.taken_out(without.follow(FixedPlan.of(base), factors))
    moved, earlier = MoneyFactors.of(m, drawn), MoneyFactors.of(standing, drawn)
    cash = business_flows(alone, theirs, outside_earnings(standing, earlier))
    other = outside_earnings(m, moved)
    npv = returns_of(stages.data, ours, cash, value=ours.value, other=other).npv
    if m.financing is None:
        return Followed(npv, seed)
    return Followed(npv, seed, carry_financing(m, ours, moved, base=cash, planned=plan.financing))
