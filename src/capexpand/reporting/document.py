"""The result as one JSON object: what ``capexpand run --json`` prints and ``metrics.json`` holds.

Money is in plain units of the currency, power in MW of IT power, everything finite or null.
"""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np

from capexpand.case.evidence import evidence_counts
from capexpand.finance.evidence_shares import EvidenceShares
from capexpand.finance.fleet import Fleet
from capexpand.finance.metrics import Metrics
from capexpand.finance.programme import ProgrammeResult
from capexpand.finance.statements import Statement
from capexpand.model.data import Floats, ModelData
from capexpand.reporting.aims import aim_document
from capexpand.reporting.assumptions import origins
from capexpand.reporting.context import ReportContext
from capexpand.reporting.contracts import contracts_document
from capexpand.reporting.currencies import currencies_document
from capexpand.reporting.economic import economic_document
from capexpand.reporting.energy import energy_document
from capexpand.reporting.examined import examined_document
from capexpand.reporting.financing import financing_document
from capexpand.reporting.headline import answers
from capexpand.reporting.inputs import Findings
from capexpand.reporting.leaseback import leaseback_document
from capexpand.reporting.limits import VOLUME_UNITS
from capexpand.reporting.productivity import productivity_document
from capexpand.reporting.serial import Document, money, monies, number, numbers
from capexpand.reporting.sources import hire_document
from capexpand.reporting.token_prices import token_price_document

BASIS = {
    "money": "what is earned is, at the top level, the programme's own: total less base",
    "physical": "power, units and tokens at the top level are those that stand with the programme",
    "capex": "at the top level payments of the programme's budget in its window, and renewal_capex those "
    "outside it; in base, programme and total all payments for orders; all without value-added tax",
    "shadow_prices": "worth at the plan's start of one more of a limit in a quarter, within the objective",
    "time": "quarters are named by their first day; stocks are those at a quarter's end",
}
"""What the numbers of the document count, for those who read only the document."""


def metrics_document(context: ReportContext) -> Document:
    """Return the result as plain data for JSON; ``metrics_schema`` describes it."""
    findings = context.findings
    m, result, solver = context.data, findings.result, findings.result.plan.solver
    days = [day.isoformat() for day in m.times.starts]
    binding = sorted(context.limits, key=lambda limit: limit.name)
    return {
        "status": solver.status,
        "objective": money(result.plan.value),
        "relative_gap": number(solver.relative_gap),
        **aim_document(result.plan),
        "currency": m.currency,
        "quarters": days,
        "window": {"first": days[context.window.start], "last": days[context.window_end]},
        "capex_total": money(context.spent),
        "budget": {
            "cap": None if context.cap is None else money(context.cap),
            "floor": money(m.budget.floor) if m.budget.floor > 0.0 else None,
            "spent": money(context.spent),
            "shortfall": money(result.plan.shortfall),
        },
        **_physical(m, context.fleet),
        **_flows(result.programme),
        **_spending(result.total, context),
        **_headline(findings.metrics, days),
        **examined_document(findings),
        "base": {**_physical(m, context.base_fleet), **_flows(result.base)},
        "programme": _flows(result.programme),
        "total": {**_physical(m, context.fleet), **_flows(result.total)},
        "shadow_prices": {limit.name: numbers(limit.worth) for limit in binding},
        "shadow_price_units": {limit.name: limit.unit for limit in binding},
        "one_percent_more": {limit.name: money(limit.gain_total) for limit in binding},
        "unit_costs": _unit_costs(context),
        "productivity": productivity_document(result.plan),
        **token_price_document(context),
        **financing_document(context),
        **currencies_document(context),
        **contracts_document(context),
        **hire_document(m, result.plan),
        **leaseback_document(result.plan),
        **energy_document(m, result.plan),
        **economic_document(findings.case, result.plan),
        "naive": _naive(findings.naive, findings.naive_metrics, context, days),
        "bridge": _bridge(findings),
        "answers": {answer.question: answer.text for answer in answers(context)},
        "warnings": list(findings.warnings),
        "checks": {name: number(value) for name, value in findings.checks.items()},
        "evidence": evidence_counts(findings.case),
        "evidence_shares": _evidence_shares(findings.rests_on),
        "hindsight": _hindsight(findings),
        "basis": dict(BASIS),
        "version": findings.provenance.capexpand,
        "python": findings.provenance.python,
        "solver": findings.provenance.solver,
        "case": findings.provenance.case_name,
        "variant": findings.provenance.variant,
        "case_hash": findings.provenance.case_hash,
        "as_of": findings.case.as_of.isoformat(),
        "seed": findings.provenance.seed,
    }


NEXT_FACTS = 10


def _evidence_shares(found: EvidenceShares | None) -> Document | None:
    if found is None:
        return None
    return {
        "numbers": len(found.numbers),
        "standard_deviation": money(found.deviation),
        "share_of_variance": {kind.evidence.name: number(kind.share) for kind in found.kinds},
        "next_facts": [
            {
                "path": one.path,
                "kind": one.evidence.name,
                "effect_of_one_deviation": money(one.effect),
                "variance_gone_if_reported": number(found.removed(one)),
            }
            for one in found.numbers[:NEXT_FACTS]
            if one.removed > 0.0
        ],
    }


def metrics_schema() -> Document:
    """Return the JSON Schema of the document."""
    text = files("capexpand.reporting").joinpath("metrics.schema.json").read_text("utf-8")
    schema: Document = json.loads(text)
    return schema


def _physical(m: ModelData, fleet: Fleet) -> Document:
    return {
        "power_mw": numbers(fleet.power_energised_mw.sum(axis=0)),
        "power_mw_by_site": _by_name(m.sites.names, fleet.power_energised_mw),
        "units": _by_name(m.offers.products, fleet.installed),
        "accelerators": numbers(fleet.accelerators.sum(axis=0)),
        "compute_pflops": numbers(fleet.compute_pflops.sum(axis=0)),
        "tokens_per_day": numbers(fleet.tokens_per_day.sum(axis=0)),
        "tokens_per_day_by_workload": _by_name(m.workloads.names, fleet.tokens_per_day),
    }


def _by_name(names: tuple[str, ...], values: Floats) -> dict[str, list[float | None]]:
    return {name: numbers(line) for name, line in zip(names, values, strict=True)}


def _flows(of: Statement) -> Document:
    return {
        "capex": monies(of.capital_payments),
        "commitments": monies(of.commitments),
        "additions": monies(of.additions),
        "revenue": monies(of.revenue),
        "transfer_value": monies(of.transfer_value),
        "ebitda": monies(of.ebitda),
        "ebita": monies(of.ebita),
        "ebita_with_transfer": monies(of.ebita_with_transfer),
        "tax": monies(of.tax),
        "free_cash_flow": monies(of.free_cash_flow),
    }


def _spending(total: Statement, context: ReportContext) -> Document:
    """What is paid out of the programme's budget, and what is paid for renewal outside its window."""
    inside = np.zeros(total.capital_payments.size, dtype=np.bool_)
    inside[context.window] = True
    return {
        "capex": monies(np.where(inside, total.capital_payments, 0.0)),
        "renewal_capex": monies(np.where(inside, 0.0, total.capital_payments)),
    }


def _headline(metrics: Metrics, days: list[str]) -> Document:
    at = metrics.payback_quarter
    return {
        "npv": money(metrics.npv),
        "npv_before_tax": money(metrics.npv_before_tax),
        "npv_end_value_zero": money(metrics.npv_end_value_zero),
        "end_value": money(metrics.end_value),
        "irr": None if metrics.irr is None else number(metrics.irr),
        "irr_unique": metrics.irr_unique,
        "payback_quarter": None if at is None else days[at],
        "peak_funding": money(metrics.peak_funding),
        "peak_funding_quarter": days[metrics.peak_funding_quarter],
    }


def _naive(result: ProgrammeResult, metrics: Metrics, context: ReportContext, days: list[str]) -> Document:
    return {
        "status": result.plan.solver.status,
        "objective": money(result.plan.value),
        "capex_total": money(result.total.capital_payments[context.window].sum()),
        **_headline(metrics, days),
        **_physical(context.data, context.naive_fleet),
        **_flows(result.programme),
        **_spending(result.total, context),
    }


def _unit_costs(context: ReportContext) -> Document:
    m, averages = context.data, context.costs.averages()
    document: Document = {}
    for j, name in enumerate(m.workloads.names):
        document[name] = {
            "unit": f"{m.currency}/{VOLUME_UNITS[m.workloads.units[j]]}",
            "cost_per_volume": number(float(averages.cost_per_volume[j])),
            "cost_per_accelerator_hour": number(float(averages.cost_per_accelerator_hour[j])),
            "value_per_accelerator_hour": number(float(averages.value_per_accelerator_hour[j])),
        }
    return document


def _bridge(findings: Findings) -> Document:
    parts = {
        "steps": findings.bridge.steps,
        "before_tax": findings.bridge.before_tax,
        "end_value_zero": findings.bridge.end_value_zero,
    }
    return {
        part: [{"name": step.name, "amount": money(step.amount), "is_sum": step.is_sum} for step in steps]
        for part, steps in parts.items()
    }


def _hindsight(findings: Findings) -> Document:
    found = origins(findings.case)
    return {"numbers": found.hindsight, "of": found.total, "flag": found.hindsight > 0}
