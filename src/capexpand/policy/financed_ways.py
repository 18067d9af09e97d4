"""Financing carried along the paths of a policy and of the ways that it is held against."""

from __future__ import annotations

from dataclasses import replace

from capexpand.case.schema import Case
from capexpand.model.compile import compile_case
from capexpand.policy.financed import Financed, carry_financing
from capexpand.policy.outcomes import WAYS, Outcomes
from capexpand.policy.outside import MoneyFactors, outside_earnings
from capexpand.policy.strategies import business_flows


def financed_ways(case: Case, outcomes: Outcomes) -> dict[str, Financed]:
    """Return how each way is financed by the rule, in its own scenarios; nothing where a case does not ask.

    Args:
        case: that was planned.
        outcomes: from ``simulate_policy``, whose decisions know no financing.
    """
    if case.financing is None:
        return {}
    m = replace(outcomes.policy.data, financing=compile_case(case).financing)
    moved = MoneyFactors.of(m, outcomes.scenarios)
    base = business_flows(m, outcomes.base, outside_earnings(m, moved))
    return {way: carry_financing(m, outcomes.books[way], moved, base=base) for way in WAYS}
