"""The findings about a policy as plain data for JSON, beside the document of a run."""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import Floats
from capexpand.model.data import ModelData
from capexpand.policy.case_policy import FirstOrders
from capexpand.policy.findings import PolicyFindings, decision_sentence
from capexpand.policy.strategies import QUANTILES, Estimate, StrategyMetrics
from capexpand.reporting.deciding_futures import condition, deciding_document, in_words
from capexpand.reporting.serial import MILLION, Document, money, number


def policy_document(findings: PolicyFindings) -> Document:
    """Returns what a policy adds to the result as plain data for JSON, money in plain units.

    Args:
        findings: of the policy.
    """
    outcomes, strategies = findings.outcomes, findings.strategies
    policy, labels = outcomes.policy, [day.isoformat() for day in outcomes.policy.data.times.starts]
    gap = policy.gap
    ours = strategies.metrics[0]
    return {
        "bound": money(gap.bound),
        "gap": None if gap.fraction is None else number(gap.fraction),
        "in_lattice": {
            "mean": money(gap.mean),
            "halfwidth": money(gap.halfwidth),
            "paths": gap.paths,
            "iterations": policy.trained.records[-1].iterations if policy.trained.records else 0,
            "status": policy.trained.status,
            "nodes": [quarter.nodes for quarter in policy.lattice.quarters],
        },
        "npv_quantiles": _quantiles(ours.npv_quantiles, scale=MILLION),
        "vss": _estimate(strategies.vss),
        "evpi": _estimate(strategies.evpi),
        "value_of_waiting": _estimate(strategies.waiting),
        "recommended": strategies.recommended,
        "gain_over_replanning": _estimate(strategies.replanning),
        "lattice_bias": _estimate(strategies.lattice_bias),
        **({} if strategies.learning is None else {"value_of_learning": _estimate(strategies.learning)}),
        "this_quarter": this_quarter(findings),
        "strategies": {strategy.strategy: _strategy(strategy) for strategy in strategies.metrics},
        **_on_offer(findings, labels),
        **_later_sizes(findings),
        **_tables(findings, labels),
        **deciding_document(findings),
        "scenario_seed": findings.seed,
    }


def _on_offer(findings: PolicyFindings, labels: list[str]) -> Document:
    """Contracts that may be signed: when it is decided, and in how many futures."""
    if not findings.offered:
        return {}
    return {
        "contracts_on_offer": {
            each.name: {
                "decided_in": labels[each.quarter],
                "signed": number(each.mean),
                "in_full": number(each.in_full),
                "not_at_all": number(each.not_at_all),
            }
            for each in findings.offered
        }
    }


def _later_sizes(findings: PolicyFindings) -> Document:
    """Orders of later quarters in halls and lots; nothing where no order has a size."""
    if not findings.sizes:
        return {}
    return {
        "later_orders_in_sizes": {
            each.name: {
                "size": number(each.size),
                "middle": number(each.middle),
                "in_parts": number(each.broken),
                "matters": each.matters,
            }
            for each in findings.sizes
        }
    }


def _tables(findings: PolicyFindings, labels: list[str]) -> Document:
    """The first orders, the table of later ones, and the worth of regimes."""
    words = in_words(findings)
    return {
        "first_commitments": [
            {
                "quarter": labels[each.quarter],
                "name": each.name,
                "destination": each.destination,
                "unit": each.unit,
                "least": number(each.least),
                "mean": number(each.mean),
                "most": number(each.most),
                "share": number(each.share),
                "holds_everywhere": each.holds_everywhere,
            }
            for each in findings.commitments
        ],
        "policy_table": [
            {
                "quarter": labels[row.quarter],
                "regime": row.regime,
                "driver": row.driver,
                "above": None if row.above is None else number(row.above),
                "below": None if row.below is None else number(row.below),
                "if": condition(row, words),
                "share": number(row.share),
                "commitments": money(row.money),
                "power_mw": number(row.power_mw),
                "units": {name: number(amount) for name, amount in row.units.items()},
            }
            for row in findings.reactions
        ],
        "regime_shadow_prices": [
            {
                "regime": each.regime,
                "offer": each.offer,
                "destination": each.destination,
                "worth": money(each.worth),
                "share": number(each.share),
            }
            for each in findings.regime_worth
        ],
        "cost_of_regimes": {
            name: {"mean": money(mean), "halfwidth": money(half)}
            for name, (mean, half) in findings.regime_cost.items()
        },
    }


def this_quarter(findings: PolicyFindings) -> Document:
    """Returns the orders of this quarter, and the sentence.

    Args:
        findings: of the policy.
    """
    policy = findings.outcomes.policy
    m = policy.data
    whole = findings.whole
    found: Document = {
        "quarter": m.times.starts[0].isoformat(),
        "sentence": decision_sentence(findings),
        **_amounts(m, policy.first_orders()),
        **_first_funding(findings),
    }
    if whole is not None:
        found["whole"] = _amounts(m, whole.orders) | {"cost": money(whole.cost)}
    return found


def _amounts(m: ModelData, first: FirstOrders) -> Document:
    """Orders by what is ordered; energy, reservations and contracts where a case has a place for them."""
    c = m.contracts
    decided = () if c is None else np.flatnonzero(c.offered & (c.signing == 0))
    return {
        "power_mw": _named(m.power.names, first.power_mw),
        "units": {
            f"{m.offers.names[k]} {m.destinations[d]}": number(float(x))
            for (k, d), x in np.ndenumerate(first.units)
            if x > 1e-6
        },
        **({} if m.energy is None else {"energy_mw": _named(m.energy.names, first.energy_mw)}),
        **({} if m.hire is None else {"reserved": _named(m.hire.names, first.reserved)}),
        **(
            {}
            if c is None or not len(decided)
            else {
                "contracts": {
                    m.workloads.names[c.workload[i]]: number(float(first.signed[i])) for i in decided
                }
            }
        ),
    }


def _named(names: tuple[str, ...], amounts: Floats) -> Document:
    return {name: number(float(x)) for name, x in zip(names, amounts, strict=True) if x > 1e-6}


def _first_funding(findings: PolicyFindings) -> Document:
    """What the rule of financing draws and raises in the first quarter; nothing without financing."""
    declared = findings.case.financing
    if declared is None or not findings.financed:
        return {}
    found = findings.financed["policy"]
    drawn = zip(declared.facilities, found.first_drawn, strict=True)
    return {
        "loans": {name: money(float(x)) for name, x in drawn if x > 1e-6},
        "equity": money(found.first_raised),
    }


def _strategy(strategy: StrategyMetrics) -> Document:
    return {
        "scenarios": strategy.scenarios,
        "value": _estimate(strategy.value),
        "npv": _estimate(strategy.npv),
        "npv_quantiles": _quantiles(strategy.npv_quantiles, scale=MILLION),
        "npv_cvar": money(strategy.npv_tail),
        "chance_of_negative_npv": number(strategy.loses),
        "irr_quantiles": _quantiles(strategy.irr_quantiles),
        "chance_without_irr": number(strategy.irr_missing),
        "payback_quarters_quantiles": _quantiles(strategy.payback_quantiles),
        "chance_of_no_payback": number(strategy.never_pays_back),
        "peak_funding_quantiles": _quantiles(strategy.peak_funding, scale=MILLION),
        "unmet_share": number(strategy.unmet),
        "stranded_power_share": number(strategy.idle_power),
        "stranded_accelerators_share": number(strategy.idle_accelerators),
        "spent": money(strategy.spent),
    }


def _estimate(estimate: Estimate) -> Document:
    return {"mean": money(estimate.mean), "halfwidth": money(estimate.halfwidth)}


def _quantiles(values: Floats, *, scale: float = 1.0) -> Document:
    return {f"{q:g}": number(float(value) * scale) for q, value in zip(QUANTILES, values, strict=True)}
