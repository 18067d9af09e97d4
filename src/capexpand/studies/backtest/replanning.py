"""Plans a case as of a later day: rules and wordings known by then, what was spent and ordered before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import cast

import numpy as np

from capexpand.case.schema import Case
from capexpand.catalogue import Programme, programmes
from capexpand.finance.schedule import hall_purchases, unit_purchases
from capexpand.forecasting.quarters import quarter_of
from capexpand.model.compile import compile_case
from capexpand.model.data import Budget, Floats, ModelData
from capexpand.model.export_terms import export_terms
from capexpand.model.realised import realise
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.naive import Commitments
from capexpand.optimiser.plan import Plan
from capexpand.scenarios.entries import Entry
from capexpand.scenarios.futures import ChainValues, Futures
from capexpand.scenarios.loadings import Moves


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a programme stands on the day of a new plan.

    Args:
        as_of: the day; every rule known by then counts.
        decided: quarters of the plan whose orders stand already.
        orders: what was ordered in them; None on the first day.
        spent_more: money that was really spent of the budget, less what the orders above cost in the program.
        floor: what the programme was called later, where that was a least amount; then no cap holds.
    """

    as_of: date
    decided: int
    orders: Plan | None = None
    spent_more: float = 0.0
    floor: float | None = None


def standing_wording(case: Case, as_of: date) -> float | None:
    """Return the least amount that the buyer spoke of after the case's date, in millions; else None.

    Args:
        as_of: the day until which wordings count.
    """
    rows: list[Programme] = [
        row
        for row in programmes(as_of)
        if row.company == case.programme.buyer
        and row.currency == case.currency
        and row.amount_kind == "floor"
        and row.amount is not None
        and row.announced_date > case.as_of
    ]
    return max(cast("float", row.amount) for row in rows) / 1e6 if rows else None


def first_open_quarter(case: Case, as_of: date) -> int:
    """Return the first quarter of the plan that begins after a day: earlier orders stand."""
    return max(quarter_of(as_of) + 1 - quarter_of(case.calendar.start), 0)


def known_data(case: Case, standing: Standing, futures: Futures) -> ModelData:
    """Compile a case with what was known on a day.

    Args:
        case: as it stands on its own date.
        standing: on the day of the new plan.
        futures: of the case, for the state in which a regime then is.
    """
    seen = case.model_copy(update={"as_of": standing.as_of})
    m = compile_case(seen)
    if standing.as_of > case.as_of:
        m = realise(m, futures.entries, _held_factors(case, seen, futures))
    return replace(m, budget=_budget(m, standing))


def replan(m: ModelData, standing: Standing, case: Case) -> Plan:
    """Return the best plan whose earlier orders are those that stand, as far as they can still be had.

    Args:
        m: from ``known_data``.
        standing: on the day of the new plan.
    """
    gap, seconds = case.solve.relative_gap, case.solve.time_limit_seconds
    if standing.orders is None or standing.decided == 0:
        return optimise_plan(m, relative_gap=gap, time_limit_seconds=seconds)
    kept = _kept_orders(m, standing.orders, standing.decided)
    excused = _with_room_for(m.without_demands(), kept)
    return optimise_plan(excused, kept, relative_gap=gap, time_limit_seconds=seconds)


def _with_room_for(m: ModelData, kept: Commitments) -> ModelData:
    """The same with budgets that at least pay what standing orders still cost, since they are owed."""
    units = unit_purchases(m, np.nan_to_num(kept.ordered), np.nan_to_num(m.offers.price, posinf=0.0))
    halls = hall_purchases(m, np.nan_to_num(kept.power_ordered_mw))
    owed = (units.payments.sum(axis=(0, 1)) + halls.payments.sum(axis=0)) * (1.0 + 1e-9)
    first, last = m.times.window
    cap, renewal = m.budget.cap.copy(), np.maximum(m.budget.renewal, owed)
    cap[first:last] = np.maximum(cap[first:last], np.cumsum(owed[first:last]))
    return replace(m, budget=replace(m.budget, cap=cap, renewal=renewal))


def _kept_orders(m: ModelData, earlier: Plan, decided: int) -> Commitments:
    """Orders of the decided quarters, cut to what the rules known now leave of them; the rest is free."""
    power = np.full_like(earlier.power_ordered_mw, np.nan)
    units = np.full_like(earlier.ordered, np.nan)
    power[:, :decided] = np.maximum(earlier.power_ordered_mw[:, :decided], 0.0)
    orders = np.maximum(earlier.ordered[:, :, :decided], 0.0)
    wanted = np.zeros((len(m.offers.products), *orders.shape[1:]))
    np.add.at(wanted, m.offers.product, orders)
    limit = m.offers.limit[:, :, :decided]
    share = np.minimum(np.divide(limit, wanted, out=np.ones_like(wanted), where=wanted > limit), 1.0)
    units[:, :, :decided] = orders * share[m.offers.product] * (1.0 - 1e-9)  # rounding must not break a limit
    power[:, :decided] *= 1.0 - 1e-9
    return Commitments(power, units)


def _budget(m: ModelData, standing: Standing) -> Budget:
    cap = m.budget.cap.copy()
    first, last = m.times.window
    if standing.floor is not None:
        cap[:] = np.inf
        return replace(m.budget, cap=cap, floor=standing.floor)
    open_quarters = slice(max(standing.decided, first), last)
    cap[open_quarters] = np.maximum(cap[open_quarters] - standing.spent_more, 0.0)
    cap[: max(standing.decided, first)] = np.inf  # what was spent was spent
    if standing.decided <= first:
        return m.budget
    return replace(m.budget, cap=cap)


def held_regimes(case: Case, as_of: date, futures: Futures) -> dict[str, str]:
    """Return the state in which each regime is taken to be on a day, by what the rules known then leave.

    A regime shows itself in the offers that it moves and that take their terms from the rules.

    Args:
        case: which declares the regimes.
    """
    seen = case.model_copy(update={"as_of": as_of})
    return {
        chain.name: regime_state(case, seen, chain.name, _governed(seen, _moved(futures, values)))
        for chain, values in zip(futures.chains, futures.chain_values, strict=True)
        if chain.is_regime
    }


def _moved(futures: Futures, values: ChainValues) -> list[Entry]:
    return [futures.entries[e] for e in values.entries]


def _held_factors(case: Case, seen: Case, futures: Futures) -> Floats:
    """Factors [entry, quarter] of the regimes' states; neutral for offers that are under the rules."""
    states = held_regimes(case, seen.as_of, futures)
    path = (
        np.array([entry.neutral for entry in futures.entries]).reshape(-1, 1).repeat(futures.quarters, axis=1)
    )
    for chain, values in zip(futures.chains, futures.chain_values, strict=True):
        if not chain.is_regime:
            continue
        governed = _governed(seen, _moved(futures, values))
        for row, e in enumerate(values.entries):
            entry = futures.entries[e]
            if (entry.name, entry.destination) not in governed:
                path[e] = values.values[row, chain.states.index(states[chain.name])]
    return path


def _governed(seen: Case, entries: list[Entry]) -> dict[tuple[str, str | None], tuple[float, float]]:
    """For offers under the rules: share of the limit, and fee, of what is ordered first."""
    found: dict[tuple[str, str | None], tuple[float, float]] = {}
    for entry in entries:
        if entry.kind not in ("supply_limit", "export_fee") or entry.destination is None:
            continue
        terms = export_terms(seen, entry.name, entry.destination)
        if terms:
            quarter = min(first_open_quarter(seen, seen.as_of), len(terms) - 1)
            found[entry.name, entry.destination] = (
                terms[quarter].quantity_fraction,
                terms[quarter].fee_fraction,
            )
    return found


def regime_state(
    case: Case, seen: Case, regime: str, governed: dict[tuple[str, str | None], tuple[float, float]]
) -> str:
    """Return the state of a regime that fits best what the rules leave; the declared one if nothing shows.

    Args:
        case: which declares the regime.
        seen: the same with the day of the new plan.
        governed: share of the limit and fee of the offers that show it.
    """
    declared = case.uncertainty.regimes[regime]
    if not governed or seen.as_of <= case.as_of:
        return declared.initial
    moves = Moves.of(case)
    weights = {key: _stated_limit(case, *key) for key in governed}

    def distance(state: str) -> float:
        moved = moves.of_state(declared.states[state].moves)
        total = 0.0
        for (name, place), (quantity, fee) in governed.items():
            expected = moved.get(Entry("export_fee", name, place), 0.0)
            apart = abs(moved.get(Entry("supply_limit", name, place), 1.0) - quantity)
            apart += (
                abs(expected - fee) if (expected > 0) == (fee > 0) else 1.0
            )  # a fee or none is another state
            total += weights[name, place] * apart
        return total

    return min(declared.states, key=distance)


def _stated_limit(case: Case, offer: str, destination: str | None) -> float:
    """Units a quarter at the start: what is sold in quantity shows a regime better than what hardly is."""
    supply = case.offers[offer].supply.get(destination or "")
    limit = None if supply is None else supply.limit
    return 1.0 if limit is None else float(limit.values(case.calendar)[0])
