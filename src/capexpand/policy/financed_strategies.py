"""Financing carried along the paths of a policy and of the strategies that it is held against."""

from __future__ import annotations

from dataclasses import replace

from capexpand.case.schema import Case
from capexpand.model.compile import compile_case
from capexpand.policy.financed import Financed, carry_financing
from capexpand.policy.outcomes import STRATEGIES, Outcomes
from capexpand.policy.outside import MoneyFactors, outside_earnings
from capexpand.policy.strategies import business_flows


def financed_strategies(case: Case, outcomes: Outcomes) -> dict[str, Financed]:
    """Return how each strategy is financed by the rule; nothing where a case does not ask.

    Args:
        case: that was planned.
        outcomes: from ``simulate_policy``, whose decisions know no financing.
    """
    if case.financing is None:
        return {}
    m = replace(outcomes.policy.data, financing=compile_case(case).financing)
    moved = MoneyFactors.of(m, outcomes.scenarios)
    base = business_flows(m, outcomes.base, outside_earnings(m, moved))
    return {
        strategy: carry_financing(m, outcomes.books[strategy], moved, base=base) for strategy in STRATEGIES
    }
