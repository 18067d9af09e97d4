"""The findings about a policy: the orders of this quarter, the table of later ones, the five strategies."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.case.schema import Case
from capexpand.model.compile import compile_case
from capexpand.policy.case_policy import FirstOrders
from capexpand.policy.drivers import DecisionDrivers, decision_drivers
from capexpand.policy.financed import Financed
from capexpand.policy.financed_strategies import financed_strategies
from capexpand.policy.first_quarter import (
    OfferedContract,
    contracts_on_offer,
    funding_sentence,
    named_orders,
    option_title,
    signed_in_parts,
    signing_words,
)
from capexpand.policy.later_sizes import LaterSizes, later_sentence, later_sizes
from capexpand.policy.outcomes import Outcomes
from capexpand.policy.reactions import (
    Commitment,
    Reaction,
    RegimeWorth,
    commitments,
    cost_of_regimes,
    reactions,
    regime_worth,
)
from capexpand.policy.strategies import Estimate, StrategiesFindings, measure_outcomes
from capexpand.policy.whole_orders import WholeOrders, whole_orders
from capexpand.wording import (
    MoneyScale,
    listing,
    money,
    percent,
    sentence,
)

MOST_HELD_BACK = 4
"""Kinds of orders that the sentence of the quarter names as held back."""

SHOWN_QUARTERS = (1, 2, 4)
"""Quarters from the start for which the table of the policy is made."""

TITLES = {
    "policy": "the policy",
    "naive": "spending evenly",
    "mean_value": "the plan for the mean, kept to",
    "rolling": "a new plan each quarter",
    "foresight": "perfect foresight",
}


@dataclass(frozen=True, slots=True)
class PolicyFindings:
    """The findings of a run about a policy.

    Args:
        case: that was planned.
        outcomes: what happened to it and to the other strategies.
        strategies: what each earns.
        commitments: of the first quarters.
        reactions: of some later quarters.
        regime_worth: what more supply is worth in each regime.
        regime_cost: what it costs that a regime may change, mean and halfwidth by process.
        seed: of the scenarios.
        financed: how each strategy is financed by a rule; empty where the case does not ask.
        drivers: of this quarter's decision; None where too few futures were foreseen.
    """

    case: Case
    outcomes: Outcomes
    strategies: StrategiesFindings
    commitments: tuple[Commitment, ...]
    reactions: tuple[Reaction, ...]
    regime_worth: tuple[RegimeWorth, ...]
    regime_cost: dict[str, tuple[float, float]]
    seed: int
    financed: dict[str, Financed]
    drivers: DecisionDrivers | None = None
    whole: WholeOrders | None = None  # this quarter's orders in whole halls and lots
    offered: tuple[OfferedContract, ...] = ()  # contracts that may be signed
    sizes: tuple[LaterSizes, ...] = ()  # orders of later quarters in halls and lots


def policy_findings(case: Case, outcomes: Outcomes) -> PolicyFindings:
    """Returns what there is to say about a policy.

    Args:
        case: that was planned.
        outcomes: from ``simulate_policy``.
    """
    quarters = outcomes.policy.data.times.count
    table = [row for t in SHOWN_QUARTERS if t < quarters for row in reactions(outcomes, t)]
    return PolicyFindings(
        case=case,
        outcomes=outcomes,
        strategies=measure_outcomes(outcomes),
        commitments=commitments(outcomes),
        reactions=tuple(table),
        regime_worth=regime_worth(outcomes),
        regime_cost=cost_of_regimes(outcomes),
        seed=outcomes.scenarios.seed,
        financed=financed_strategies(case, outcomes),
        drivers=decision_drivers(outcomes),
        whole=whole_orders(outcomes.policy, contracts=case.solve.whole_sizes),
        offered=contracts_on_offer(outcomes),
        sizes=later_sizes(outcomes),
    )


def decision_sentence(findings: PolicyFindings) -> str:
    """Returns the decision of this quarter in one sentence."""
    m = findings.outcomes.policy.data
    first = findings.outcomes.policy.first_orders()
    orders = named_orders(m, first)
    named = listing(orders) if orders else "nothing yet"
    told = f"In {m.times.labels[0]} commit {named}{signing_words(m, first)}{_held_back(findings, first)}"
    funded = funding_of_this_quarter(findings)
    return f"{sentence(told)} {funded}".strip()


def whole_sentence(findings: PolicyFindings) -> str:
    """Returns the same decision in whole halls and lots, and its cost; empty where no order has a size.

    Where later orders are few halls or lots at a time, in parts, that is said beside it.
    """
    policy, found = findings.outcomes.policy, findings.whole
    whole_contracts = findings.offered if findings.case.solve.whole_sizes else ()
    later = f"{later_sentence(findings.sizes)} {signed_in_parts(whole_contracts)}".strip()
    if found is None:
        return later
    orders = named_orders(policy.data, found.orders)
    named = listing(orders) if orders else "nothing"
    named += signing_words(policy.data, found.orders) if findings.case.solve.whole_sizes else ""
    lost = money(found.cost, policy.data.currency)
    told = sentence(
        f"In whole halls and lots that is {named}; by the policy's own reckoning it costs {lost}, and in "
        "later quarters all futures are followed in parts of them"
    )
    return f"{told} {later}".strip()


def funding_of_this_quarter(findings: PolicyFindings) -> str:
    """Returns what the rule of financing draws and raises first, in a sentence; empty without financing."""
    if not findings.financed:
        return ""
    return funding_sentence(compile_case(findings.case), findings.financed["policy"])


def _held_back(findings: PolicyFindings, first: FirstOrders) -> str:
    """What is ordered later in some futures only; of what is ordered now as well, more."""
    m = findings.outcomes.policy.data
    now = {name: x > 1e-6 for name, x in zip(m.power.names, first.power_mw, strict=True)}
    now |= {name: line.sum() > 0.5 for name, line in zip(m.offers.names, first.units, strict=True)}
    if m.energy is not None:
        now |= {name: x > 1e-6 for name, x in zip(m.energy.names, first.energy_mw, strict=True)}
    if m.hire is not None:
        now |= {name: x > 0.5 for name, x in zip(m.hire.names, first.reserved, strict=True)}
    later = [each for each in findings.commitments if each.quarter > 0 and not each.holds_everywhere]
    wait = dict.fromkeys(
        f"{'more ' if now[each.name] else ''}{'' if each.is_power or not now[each.name] else 'of '}"
        f"{option_title(m, each.name)}"
        for each in later
    )
    named = list(wait)[:MOST_HELD_BACK]
    if len(wait) > len(named):
        named.append("others")
    return f"; hold back {listing(named)} until more is seen" if named else ""


def value_sentence(findings: PolicyFindings) -> str:
    """Return the policy's value in fresh scenarios, which is the one to believe."""
    ours, scale = findings.strategies.metrics[0], _scale(findings)
    return (
        f"Followed through {ours.scenarios:,} fresh scenarios, the policy is worth "
        f"{uncertain(ours.value, scale)} in the mean; the programme's NPV is {uncertain(ours.npv, scale)}, "
        f"and {scale.write(ours.npv_tail)} in the mean of the worst tenth."
    )


def recommendation(findings: PolicyFindings) -> str:
    """Return the strategy to follow, and by how much it is ahead of its closest rival."""
    strategies, scale = findings.strategies, _scale(findings)
    paired = strategies.returns["rolling"].value.size
    gain = strategies.replanning
    beside = (
        f"in the {paired:,} scenarios that both were followed through, the policy is worth "
        f"{uncertain(_size(gain), scale)} {'less' if gain.mean < 0 else 'more'} than a new plan each quarter"
    )
    if strategies.recommended == "policy":
        return f"Recommended: the policy; {beside}, and its worst tenth is no worse."
    why = ""
    if strategies.recommended == "rolling" and gain.mean >= 0.0:
        noise = gain.mean <= gain.halfwidth
        why = ", which is within the noise" if noise else ", but less in the mean of the worst tenth"
    broken = _broken(findings, strategies.recommended)
    return f"Recommended: {TITLES[strategies.recommended]}, not the policy; {beside}{why}.{broken}"


def _broken(findings: PolicyFindings, strategy: str) -> str:
    """What a strategy breaks more often than the policy of what must be kept; empty where nothing."""
    declared = findings.case.financing
    if declared is None or not findings.financed:
        return ""
    covenants = declared.covenants

    def worst(name: str) -> float:
        asked = {key: getattr(covenants, key, None) for key in findings.financed[name].breach}
        hard = [key for key, each in asked.items() if each is None or each.hard]  # cash must be kept anyway
        return max((float(findings.financed[name].breach[key].max()) for key in hard), default=0.0)

    theirs, ours = worst(strategy), worst("policy")
    if theirs <= ours + 1e-9:
        return ""
    return (
        f" It breaks what lenders ask for in up to {percent(theirs)} of futures in a quarter, "
        f"the policy in {percent(ours)}."
    )


def lattice_sentence(findings: PolicyFindings) -> str:
    """Return how well the training converged on the lattice, and by how much the lattice flatters."""
    policy, bias = findings.outcomes.policy, findings.strategies.lattice_bias
    gap, scale = policy.gap, _scale(findings)
    nodes = sum(quarter.nodes for quarter in policy.lattice.quarters)
    inside = uncertain(Estimate(gap.mean, gap.halfwidth), scale)
    less = "" if policy.data.funding is None else ", less what limits of money that give way are charged"
    limit = f"no policy there is worth more than {scale.write(gap.bound)} {scale.unit}"
    closing = (
        f"{limit} by the chosen attitude to risk, for which no gap is claimed"
        if gap.fraction is None
        else f"{limit}, a gap of {percent(gap.fraction)}"
    )
    flatters = "flatters" if bias.mean >= 0 else "understates"
    return (
        f"On the lattice of {nodes:,} nodes, where it was trained, the policy is worth {inside}{less}; "
        f"{closing}. "
        f"The lattice {flatters} by {uncertain(_size(bias), scale)}: a fixed plan is worth so much "
        f"{'more' if bias.mean >= 0 else 'less'} on its numbers than on the scenarios' own."
    )


def uncertain(estimate: Estimate, scale: MoneyScale) -> str:
    """Return an estimate with its confidence interval, both in one unit."""
    if estimate.halfwidth < 0.05 * scale.divisor:
        return f"{scale.write(estimate.mean)} {scale.unit}"
    return f"{scale.write(estimate.mean)} ± {scale.write(estimate.halfwidth)} {scale.unit}"


def _size(estimate: Estimate) -> Estimate:
    return Estimate(abs(estimate.mean), estimate.halfwidth)


def _scale(findings: PolicyFindings) -> MoneyScale:
    largest = max(abs(strategy.value.mean) for strategy in findings.strategies.metrics)
    return MoneyScale.of(largest, findings.outcomes.policy.data.currency)


def interruption_note(findings: PolicyFindings) -> str | None:
    """Returns what a reader has to know where someone ended training or evaluation early, else None."""
    outcomes, trained = findings.outcomes, findings.outcomes.policy.trained
    notes: list[str] = []
    if trained.status == "interrupted":
        iterations = trained.records[-1].iterations if trained.records else 0
        notes.append(
            f"The training was interrupted after {iterations:,} iterations; what follows rests on what it "
            "had reached. The same command goes on from its last checkpoint."
        )
    if outcomes.scenarios.count < outcomes.wanted:
        notes.append(
            f"The evaluation was interrupted: it holds {outcomes.scenarios.count:,} of the "
            f"{outcomes.wanted:,} scenarios asked for."
        )
    return " ".join(notes) or None
