"""The result as one JSON object: what ``capexpand run --json`` prints and ``metrics.json`` holds.

Money is in plain units of the currency, power in MW of IT power, everything finite or null.
"""

from __future__ import annotations

import json
import math
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from capexpand.finance.fleet import Fleet
from capexpand.finance.metrics import Metrics
from capexpand.finance.programme import ProgrammeResult
from capexpand.finance.statements import Statement
from capexpand.model.data import Floats, ModelData
from capexpand.reporting.assumptions import origins
from capexpand.reporting.digest import Digest
from capexpand.reporting.examined import examined_document
from capexpand.reporting.headline import answers
from capexpand.reporting.inputs import Findings
from capexpand.reporting.limits import VOLUME_UNITS

MILLION = 1e6
Document = dict[str, Any]

BASIS = {
    "money": "what is earned is, at the top level, the programme's own: total less base",
    "physical": "power, units and tokens at the top level are those that stand with the programme",
    "capex": "at the top level payments of the programme's budget in its window, and renewal_capex those "
    "outside it; in base, programme and total all payments for orders; all without value-added tax",
    "shadow_prices": "worth at the plan's start of one more of a limit in a quarter, within the objective",
    "time": "quarters are named by their first day; stocks are those at a quarter's end",
}
"""What the numbers of the document count, for those who read only the document."""


def metrics_document(findings: Findings) -> Document:
    """Returns the result as plain data for JSON; ``metrics_schema`` describes it.

    Args:
        findings: what the run found out.
    """
    digest = Digest(findings)
    m, result, solver = digest.data, findings.result, findings.result.plan.solver
    days = [day.isoformat() for day in m.times.starts]
    binding = sorted(digest.limits, key=lambda limit: limit.name)
    return {
        "status": solver.status,
        "objective": _money(solver.objective),
        "relative_gap": _number(solver.relative_gap),
        "currency": m.currency,
        "quarters": days,
        "window": {"first": days[digest.window.start], "last": days[digest.window_end]},
        "capex_total": _money(digest.spent),
        "budget": {
            "cap": None if digest.cap is None else _money(digest.cap),
            "floor": _money(m.budget.floor) if m.budget.floor > 0.0 else None,
            "spent": _money(digest.spent),
            "shortfall": _money(result.plan.shortfall),
        },
        **_physical(m, digest.fleet),
        **_flows(result.programme),
        **_spending(result.total, digest),
        **_headline(findings.metrics, days),
        **examined_document(findings),
        "base": {**_physical(m, digest.base_fleet), **_flows(result.base)},
        "programme": _flows(result.programme),
        "total": {**_physical(m, digest.fleet), **_flows(result.total)},
        "shadow_prices": {limit.name: _numbers(limit.worth) for limit in binding},
        "shadow_price_units": {limit.name: limit.unit for limit in binding},
        "one_percent_more": {limit.name: _money(limit.gain_total) for limit in binding},
        "unit_costs": _unit_costs(digest),
        "naive": _naive(findings.naive, findings.naive_metrics, digest, days),
        "bridge": _bridge(findings),
        "answers": {answer.question: answer.text for answer in answers(digest)},
        "warnings": list(findings.warnings),
        "checks": {name: _number(value) for name, value in findings.checks.items()},
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


def metrics_schema() -> Document:
    """Returns the JSON Schema of the document."""
    text = files("capexpand.reporting").joinpath("metrics.schema.json").read_text("utf-8")
    schema: Document = json.loads(text)
    return schema


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _numbers(values: ArrayLike) -> list[float | None]:
    return [_number(float(value)) for value in np.asarray(values, np.float64)]


def _money(amount: float) -> float | None:
    """Plain money from millions, without the digits that only arithmetic made."""
    return _number(float(f"{amount * MILLION:.12g}"))


def _monies(amounts: Floats) -> list[float | None]:
    return [_money(float(amount)) for amount in amounts]


def _physical(m: ModelData, fleet: Fleet) -> Document:
    return {
        "power_mw": _numbers(fleet.power_energised_mw.sum(axis=0)),
        "power_mw_by_site": _by_name(m.sites.names, fleet.power_energised_mw),
        "units": _by_name(m.offers.products, fleet.installed),
        "accelerators": _numbers(fleet.accelerators.sum(axis=0)),
        "compute_pflops": _numbers(fleet.compute_pflops.sum(axis=0)),
        "tokens_per_day": _numbers(fleet.tokens_per_day.sum(axis=0)),
        "tokens_per_day_by_workload": _by_name(m.workloads.names, fleet.tokens_per_day),
    }


def _by_name(names: tuple[str, ...], values: Floats) -> dict[str, list[float | None]]:
    return {name: _numbers(line) for name, line in zip(names, values, strict=True)}


def _flows(of: Statement) -> Document:
    return {
        "capex": _monies(of.capital_payments),
        "commitments": _monies(of.commitments),
        "additions": _monies(of.additions),
        "revenue": _monies(of.revenue),
        "transfer_value": _monies(of.transfer_value),
        "ebitda": _monies(of.ebitda),
        "ebita": _monies(of.ebita),
        "ebita_with_transfer": _monies(of.ebita_with_transfer),
        "tax": _monies(of.tax),
        "free_cash_flow": _monies(of.free_cash_flow),
    }


def _spending(total: Statement, digest: Digest) -> Document:
    """What is paid out of the programme's budget, and what is paid for renewal outside its window."""
    inside = np.zeros(total.capital_payments.size, dtype=np.bool_)
    inside[digest.window] = True
    return {
        "capex": _monies(np.where(inside, total.capital_payments, 0.0)),
        "renewal_capex": _monies(np.where(inside, 0.0, total.capital_payments)),
    }


def _headline(metrics: Metrics, days: list[str]) -> Document:
    at = metrics.payback_quarter
    return {
        "npv": _money(metrics.npv),
        "npv_before_tax": _money(metrics.npv_before_tax),
        "npv_end_value_zero": _money(metrics.npv_end_value_zero),
        "end_value": _money(metrics.end_value),
        "irr": None if metrics.irr is None else _number(metrics.irr),
        "irr_unique": metrics.irr_unique,
        "payback_quarter": None if at is None else days[at],
        "peak_funding": _money(metrics.peak_funding),
        "peak_funding_quarter": days[metrics.peak_funding_quarter],
    }


def _naive(result: ProgrammeResult, metrics: Metrics, digest: Digest, days: list[str]) -> Document:
    return {
        "status": result.plan.solver.status,
        "objective": _money(result.plan.solver.objective),
        "capex_total": _money(result.total.capital_payments[digest.window].sum()),
        **_headline(metrics, days),
        **_physical(digest.data, digest.naive_fleet),
        **_flows(result.programme),
        **_spending(result.total, digest),
    }


def _unit_costs(digest: Digest) -> Document:
    m, averages = digest.data, digest.costs.averages()
    document: Document = {}
    for j, name in enumerate(m.workloads.names):
        document[name] = {
            "unit": f"{m.currency}/{VOLUME_UNITS[m.workloads.units[j]]}",
            "cost_per_volume": _number(float(averages.cost_per_volume[j])),
            "cost_per_accelerator_hour": _number(float(averages.cost_per_accelerator_hour[j])),
            "value_per_accelerator_hour": _number(float(averages.value_per_accelerator_hour[j])),
        }
    return document


def _bridge(findings: Findings) -> Document:
    parts = {
        "steps": findings.bridge.steps,
        "before_tax": findings.bridge.before_tax,
        "end_value_zero": findings.bridge.end_value_zero,
    }
    return {
        part: [{"name": step.name, "amount": _money(step.amount), "is_sum": step.is_sum} for step in steps]
        for part, steps in parts.items()
    }


def _hindsight(findings: Findings) -> Document:
    found = origins(findings.case)
    return {"numbers": found.hindsight, "of": found.total, "flag": found.hindsight > 0}
