"""The earnings of each strategy over many scenarios: returns, their spread, and the value of knowing more.

Tax, depreciation and value-added tax follow the rules of the statements, for all scenarios at once; what a
way earns is its business less the one without the programme in the same scenario.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from capexpand.finance.metrics import HALF_QUARTERS_PER_YEAR
from capexpand.finance.schedule import depreciation
from capexpand.finance.taxes import tax_on
from capexpand.model.data import Floats, ModelData
from capexpand.policy.accounts import Books
from capexpand.policy.outcomes import STRATEGIES, Outcomes
from capexpand.policy.outside import Flows, MoneyFactors, outside_earnings

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TAIL = 0.1
SAME = 1e-9  # relative; values of two strategies that are nearer differ by the solver's rounding only
"""Share of the worst scenarios whose mean is the conditional value at risk that is shown."""
NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over scenarios with half of its 95 % confidence interval."""

    mean: float
    halfwidth: float


@dataclass(frozen=True, slots=True)
class Returns:
    """The programme's returns in each scenario [scenario], money in millions."""

    npv: Floats
    irr: Floats  # [1/year], NaN where there is none
    payback_quarter: Floats  # position, NaN where it is not paid back
    peak_funding: Floats
    value: Floats  # objective in present value, the whole business
    unmet: Floats  # share of the volume owed over the horizon that was not served
    idle_power: Floats  # share of energised power that does not pay for running, after the window
    idle_accelerators: Floats  # share of accelerators, the same
    spent: Floats  # payments in the window
    free_cash_flow: Floats  # [quarter, scenario] of the programme


@dataclass(frozen=True, slots=True)
class StrategyMetrics:
    """How one strategy does."""

    strategy: str
    scenarios: int
    value: Estimate  # over all scenarios of the policy, by control variate where the strategy has fewer
    npv: Estimate
    npv_quantiles: Floats  # at QUANTILES
    npv_tail: float  # mean of the worst tenth
    loses: float  # share of scenarios with a negative net present value
    irr_quantiles: Floats  # NaN counted as none
    irr_missing: float  # share of scenarios without a rate
    payback_quantiles: Floats
    never_pays_back: float
    peak_funding: Floats  # quantiles
    unmet: float
    idle_power: float
    idle_accelerators: float
    spent: float


@dataclass(frozen=True, slots=True)
class StrategiesFindings:
    """The five strategies side by side.

    Args:
        metrics: of each, in the order of ``STRATEGIES``.
        returns: of each strategy, by scenario.
        vss: the policy's value less that of the mean-value plan: what planning for many futures adds.
        evpi: the value of perfect foresight less the policy's.
        waiting: the policy's value less that of the better fixed plan: what deciding later adds.
        replanning: the policy's value less that of a new plan each quarter, in the same scenarios.
        lattice_bias: the value of one fixed plan on the lattice's numbers less its value on the scenarios'
            own, along the same paths: by so much the lattice flatters.
        learning: the policy's value less that of the same policy where each rate of growth is taken for what
            the case declares, in the same scenarios; None where no decision depends on such a rate.
        recommended: the strategy to follow.
    """

    metrics: tuple[StrategyMetrics, ...]
    returns: dict[str, Returns]
    vss: Estimate
    evpi: Estimate
    waiting: Estimate
    replanning: Estimate
    lattice_bias: Estimate
    learning: Estimate | None
    recommended: str


def measure_outcomes(outcomes: Outcomes) -> StrategiesFindings:
    """Returns what each strategy earns.

    Args:
        outcomes: from ``simulate_policy``.
    """
    m = outcomes.policy.data
    other = outside_earnings(m, MoneyFactors.of(m, outcomes.scenarios))
    base = business_flows(m, outcomes.base, other)
    returns = {
        strategy: returns_of(m, outcomes.books[strategy], base, value=outcomes.values(strategy), other=other)
        for strategy in STRATEGIES
    }
    policy = returns["policy"]
    metrics = tuple(_metrics(strategy, returns[strategy], policy) for strategy in STRATEGIES)
    fixed = max(("naive", "mean_value"), key=lambda strategy: float(returns[strategy].value.mean()))
    known = next(each.value for each in metrics if each.strategy == "foresight")
    paired = _paired(returns["foresight"].value, policy.value)
    mean_value, on_nodes = returns["mean_value"].value, outcomes.mean_on_nodes.value + outcomes.constant
    return StrategiesFindings(
        metrics=metrics,
        returns=returns,
        vss=_paired(policy.value, returns["mean_value"].value),
        evpi=Estimate(float(less(known.mean, policy.value.mean())), paired.halfwidth),
        waiting=_paired(policy.value, returns[fixed].value),
        replanning=_paired(policy.value, returns["rolling"].value),
        lattice_bias=estimate(on_nodes - mean_value[: on_nodes.size]),
        learning=None
        if outcomes.unlearned is None
        else _paired(policy.value, outcomes.unlearned.value + outcomes.constant),
        recommended=recommended(
            {strategy: returns[strategy].value for strategy in STRATEGIES if strategy != "foresight"}
        ),
    )


def recommended(values: dict[str, Floats]) -> str:
    """Return the strategy to follow: the policy, where it is shown to be better than what needs no policy.

    Strategies are compared in pairs, each in the scenarios that both have seen. Planning anew each quarter
    takes less than a policy, so the policy has to earn its place: its mean must be higher by more than half a
    95 % confidence interval, and its worst tenth no worse. A fixed plan takes the place of either where its
    mean is higher by more than that; within it, where its mean is no lower and its worst tenth is better.

    Args:
        values: [scenario] of each strategy, a shorter sample for the first of them; foresight is none.
    """
    best = "policy"
    anew = values.get("rolling")
    if anew is not None:
        gain = _paired(values["policy"], anew)
        if gain.mean <= gain.halfwidth or _worst(anew, values["policy"]):
            best = "rolling"
    for rival, value in values.items():
        if rival in ("policy", "rolling"):
            continue
        gain = _paired(value, values[best])
        even = abs(gain.mean) <= gain.halfwidth
        safer = gain.mean >= 0.0 and _worst(value, values[best])
        if gain.mean > gain.halfwidth or (even and safer):
            best = rival
    return best


def _paired(one: Floats, other: Floats) -> Estimate:
    """The mean difference over the scenarios that both have seen."""
    count = min(one.size, other.size)
    return estimate(less(one[:count], other[:count]))


def less(one: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """Return one value less another, 0 where they differ by rounding only."""
    difference = np.subtract(one, other)
    return np.where(np.abs(difference) <= SAME * np.abs(one), 0.0, difference)


def _worst(one: Floats, other: Floats) -> bool:
    """Whether the worst tenth of one is better, in the scenarios that both have seen."""
    count = min(one.size, other.size)
    return tail(one[:count]) > tail(other[:count])


def tail(values: Floats) -> float:
    """The mean of the worst tenth."""
    return float(np.sort(values)[: max(1, round(TAIL * values.size))].mean())


def business_flows(m: ModelData, books: Books, other: Floats) -> Flows:
    """Free cash flow after tax with losses carried forward, as in ``finance.statements``.

    Args:
        books: of a strategy.
        other: [quarter, scenario] what is earned outside the case, of as many scenarios or more.
    """
    cost, rate = 1.0 + m.taxes.lost, m.taxes.rate
    opening = m.opening
    servers, halls = cost * books.servers_ordered, cost * books.buildings_ordered
    written = depreciation(servers.T, m.taxes.server_life_quarters).T
    written = written + depreciation(halls.T, m.taxes.building_life_quarters).T + cost * books.plants_written
    ebitda = books.cash + books.paid + other[:, : books.cash.shape[1]]
    profit = ebitda - written - opening.depreciation[:, None]
    book = (servers + halls + cost * books.plants_ordered).sum(axis=0) - written.sum(axis=0)
    end_value = books.end_value[-1]
    tax, carried = np.zeros_like(profit), np.zeros(profit.shape[1])
    for t, amount in enumerate(profit):
        tax[t], carried = tax_on(amount, carried, rate=rate)
    end_tax, _ = tax_on(end_value - book, carried, rate=rate)
    paid_tax = m.taxes.value_added_tax * books.paid
    wait = m.taxes.recovery_quarters
    recovered, later = np.zeros_like(paid_tax), np.zeros(paid_tax.shape[1])
    if wait is not None:
        within = max(len(paid_tax) - wait, 0)
        recovered[len(paid_tax) - within :] = paid_tax[:within]
        later = paid_tax[within:].sum(axis=0)
    free = ebitda - books.paid + books.prepaid - opening.payments_due[:, None] - paid_tax + recovered - tax
    return Flows(free, end_value + later - end_tax)


def returns_beside(m: ModelData, books: Books, base: Books) -> Returns:
    """Returns what the programme earns in each scenario, with what no decision moves as declared.

    Args:
        books: of a strategy.
        base: of the business without the programme, in the same scenarios.
    """
    other = outside_earnings(m, MoneyFactors.declared(m, books.value.size))
    return returns_of(m, books, business_flows(m, base, other), value=books.value, other=other)


def returns_of(m: ModelData, books: Books, base: Flows, *, value: Floats, other: Floats) -> Returns:
    """Returns what the programme earns in each scenario.

    Args:
        books: of a strategy.
        base: of the business without the programme, in the same scenarios or more.
        value: [scenario] objective.
        other: [quarter, scenario] what is earned outside the case, as ``outside_earnings`` has it.
    """
    count = value.size
    ours = business_flows(m, books, other)
    free, end = ours.free - base.free[:, :count], ours.end - base.end[:count]
    npv = m.times.discount @ free + m.times.discount_end * end
    sums = np.cumsum(free, axis=0)
    after = slice(m.times.window[1], None)
    first, last = m.times.window
    return Returns(
        npv=npv,
        irr=_rates(free, end),
        payback_quarter=_payback(sums),
        peak_funding=np.maximum(0.0, -sums.min(axis=0)),
        value=value,
        unmet=books.unmet.mean(axis=0),
        idle_power=_share(books.idle_power_mw[after], books.power_mw[after]),
        idle_accelerators=_share(books.idle_units[after], books.installed[after]),
        spent=books.paid[first:last].sum(axis=0),
        free_cash_flow=free,
    )


def _share(part: Floats, whole: Floats) -> Floats:
    total = whole.sum(axis=0)
    return np.divide(part.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)


def _payback(sums: Floats) -> Floats:
    """Position of the quarter from whose end on the sum of flows is never negative again."""
    below = sums < -1e-9 * np.abs(sums).max(axis=0, initial=1e-12)
    last = len(sums) - 1 - np.argmax(below[::-1], axis=0)
    quarter = np.where(below.any(axis=0), last + 1.0, 0.0)
    return np.where(quarter < len(sums), quarter, np.nan)


def _rates(free: Floats, end: Floats) -> Floats:
    """Internal rate of return of each scenario by bisection, where the present value falls through zero once.

    Flows fall in the middle of quarters, the end value at the horizon's end; NaN where the present value
    has one sign at −50 % and at +400 % a year.
    """
    exponents = np.append(np.arange(len(free)) * 2.0, 2.0 * len(free) - 1.0) / HALF_QUARTERS_PER_YEAR
    series = np.concatenate((free, end[None]))

    def worth(rate: Floats) -> Floats:
        return np.einsum("ts,ts->s", (1.0 + rate)[None, :] ** -exponents[:, None], series)

    low, high = np.full(end.size, -0.5), np.full(end.size, 4.0)
    crosses = (worth(low) > 0.0) & (worth(high) < 0.0)
    for _ in range(50):
        middle = (low + high) / 2.0
        above = worth(middle) > 0.0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(crosses, (low + high) / 2.0, np.nan)


def _metrics(strategy: str, ours: Returns, policy: Returns) -> StrategyMetrics:
    found = ~np.isnan(ours.irr)
    paid = ~np.isnan(ours.payback_quarter)
    return StrategyMetrics(
        strategy=strategy,
        scenarios=ours.value.size,
        value=_controlled(ours.value, policy.value),
        npv=_controlled(ours.npv, policy.npv),
        npv_quantiles=np.quantile(ours.npv, QUANTILES),
        npv_tail=tail(ours.npv),
        loses=float((ours.npv < 0.0).mean()),
        irr_quantiles=_quantiles(ours.irr[found]),
        irr_missing=float(1.0 - found.mean()),
        payback_quantiles=_quantiles(ours.payback_quarter[paid]),
        never_pays_back=float(1.0 - paid.mean()),
        peak_funding=np.quantile(ours.peak_funding, QUANTILES),
        unmet=float(ours.unmet.mean()),
        idle_power=float(ours.idle_power.mean()),
        idle_accelerators=float(ours.idle_accelerators.mean()),
        spent=float(ours.spent.mean()),
    )


def _quantiles(values: Floats) -> Floats:
    return np.quantile(values, QUANTILES) if values.size else np.full(len(QUANTILES), np.nan)


def estimate(values: Floats) -> Estimate:
    """Return the mean of independent values, with half of its 95 % confidence interval."""
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return Estimate(float(values.mean()), NORMAL_95 * spread / float(np.sqrt(values.size)))


def _controlled(values: Floats, control: Floats) -> Estimate:
    """The mean of few scenarios, corrected by how the policy does in these beside how it does in all.

    The estimate is mean(v) − β (mean of the control here − its mean everywhere) with β from the regression
    of v on the control (Glasserman, 2003, Monte Carlo Methods in Financial Engineering, section 4.1).
    """
    here = control[: values.size]
    if values.size == control.size or values.size < 3 or here.std() <= 1e-12 * max(1.0, abs(here.mean())):
        return estimate(values)
    beta = float(np.cov(values, here)[0, 1] / here.var(ddof=1))
    rest = estimate(values - beta * here)
    whole = estimate(control)
    return Estimate(rest.mean + beta * whole.mean, float(np.hypot(rest.halfwidth, beta * whole.halfwidth)))
