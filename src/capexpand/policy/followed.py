"""The plan of a run met by many futures: what a programme is worth where its case declares uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.schema import Case
from capexpand.model.compile_contracts import settled
from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan
from capexpand.policy.accounts import Books
from capexpand.policy.financed import Financed, carry_financing
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import recourse_data, take_apart
from capexpand.policy.leased_back import LeasedBack
from capexpand.policy.outside import Flows, MoneyFactors, outside_earnings
from capexpand.policy.strategies import Returns, business_flows, returns_of
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
    kept = PlanInFutures(case, plan, base)
    found = kept.follow(scenarios, seed=seed)
    if kept.data.financing is None:
        return Followed(found.returns.npv, seed)
    financed = carry_financing(
        kept.data, found.books, found.moved, base=found.without, planned=plan.financing
    )
    return Followed(found.returns.npv, seed, financed)


@dataclass(frozen=True, slots=True)
class KeptTo:
    """What happens to a plan that is kept to in some futures.

    Args:
        returns: of the programme.
        books: of the business with it.
        without: its cash without the programme, in the same futures.
        moved: what the futures move beside decisions.
    """

    returns: Returns
    books: Books
    without: Flows
    moved: MoneyFactors


class PlanInFutures:
    """A plan and the business without its programme, kept to in any futures of their case.

    It can travel to another machine, where what it solves with is made anew.

    Args:
        case: which declares uncertainty.
        plan: the optimised plan.
        base: the plan without the programme.
        compiled: whether operation is left to the compiled stage solver, which pays for many futures.
    """

    def __init__(self, case: Case, plan: Plan, base: Plan, *, compiled: bool = False) -> None:
        self._made_of = (case, plan, base, compiled)
        self.compiled = compiled
        self._sales = LeasedBack.of(settled(plan.data, plan.signed), plan)
        self._before = LeasedBack.of(settled(base.data, base.signed), base)
        self.data = m = self._sales.data
        standing = self._before.data
        self._futures = futures = compile_futures(case)
        self._stages = stages = take_apart(m, futures)
        self._alone, numbers = recourse_data(m, futures).without_programme(), stages.numbers
        offered = plan.data.contracts is not None and plan.data.contracts.offered.any()
        if offered or plan.data.leasebacks is not None:  # signed differently
            apart = take_apart(standing, futures)
            self._alone, numbers = apart.data, apart.numbers
        self._ours = FixedPlans(stages.data, stages.numbers, compiled=compiled)
        self._theirs = FixedPlans(self._alone, numbers, compiled=compiled)
        self._plan, self._base = FixedPlan.of(plan), FixedPlan.of(base)

    def __reduce__(self) -> tuple[object, ...]:
        return _made_anew, self._made_of

    def follow(self, scenarios: int, *, seed: int) -> KeptTo:
        """Return what happens in fresh futures.

        Args:
            scenarios: number of futures.
            seed: of their draws.

        Raises:
            SolverError: a program could not be solved.
        """
        drawn = draw_scenarios(self._futures, scenarios, seed=seed)
        factors = np.stack([drawn.factors(t) for t in range(drawn.quarters)])
        ours = self._sales.taken_out(self._ours.follow(self._plan, factors))
        theirs = self._before.taken_out(self._theirs.follow(self._base, factors))
        m, standing = self.data, self._before.data
        moved, earlier = MoneyFactors.of(m, drawn), MoneyFactors.of(standing, drawn)
        cash = business_flows(self._alone, theirs, outside_earnings(standing, earlier))
        other = outside_earnings(m, moved)
        returns = returns_of(self._stages.data, ours, cash, value=ours.value, other=other)
        return KeptTo(returns, ours, cash, moved)


def _made_anew(case: Case, plan: Plan, base: Plan, compiled: bool) -> PlanInFutures:
    return PlanInFutures(case, plan, base, compiled=compiled)
