"""Rivals by rule: money spent at an even pace of the best size, in equal parts or in the mix that stands."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.model.data import ModelData
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.naive import naive_commitments, standing_mix
from capexpand.optimiser.plan import Plan

SLOWER = (0.5, 0.75)
"""Parts of the budget that are tried for the best even pace, beside all of it."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """Plans whose money is spent at an even pace, by rule.

    Args:
        fraction: part of the budget that is best spent evenly.
        even: the plan that spends it in equal parts on everything on offer.
        mix: the plan that spends it in the mix that stands at the start; None where nothing on offer stands.
    """

    fraction: float
    even: Plan
    mix: Plan | None


def best_rivals(m: ModelData, whole: Plan) -> Rivals:
    """Return the best even pace of a case, and the standing mix at that pace.

    Args:
        m: the compiled case; what only a plan can meet is not asked of the rivals.
        whole: the plan that spends all of the budget evenly.

    Raises:
        SolverError: a program could not be solved, or an answer did not pass our checks.
    """
    free = m.without_demands()
    slower = [
        (part, optimise_plan(free, naive_commitments(free, part), duals=False, start=whole))
        for part in SLOWER
    ]
    fraction, even = max([*slower, (1.0, whole)], key=lambda pair: pair[1].solver.objective)
    shares = standing_mix(free)
    if shares is None:
        return Rivals(fraction, even, None)
    orders = naive_commitments(free, fraction, mix=shares)
    return Rivals(fraction, even, optimise_plan(free, orders, duals=False, start=even))
