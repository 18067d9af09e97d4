"""capexpand plans AI and cloud infrastructure build-outs under uncertainty.

::

    import capexpand as cx
    case = cx.load_case("cases/alibaba-2025", variant="chips-banned")
    findings = cx.evaluate(cx.optimise(case))
    print(findings.metrics.npv)
    cx.report(findings).save("runs/chips-banned")
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what each name is, for editors and type checkers
    from capexpand.case.loading import load_case
    from capexpand.case.schema import Case
    from capexpand.claims.joining import list_claims
    from capexpand.claims.rules import find_contradictions
    from capexpand.errors import CapexpandError, CaseError, InfeasibleError, Problem, RunError, SolverError
    from capexpand.forecasting.forecast import forecast
    from capexpand.pipeline import (
        PlannedPolicy,
        Plans,
        evaluate,
        evaluate_policy,
        optimise,
        optimise_policy,
        report,
        simulate,
        write,
    )
    from capexpand.policy.case_policy import PolicySettings
    from capexpand.policy.risk_attitudes import CVaR, Expectation, WorstCase
    from capexpand.reporting.inputs import Findings
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.backtest.backtest import Backtest, backtest
    from capexpand.studies.breakeven.break_even import BreakEvens, break_even
    from capexpand.studies.breakeven.findings import BeliefFindings, believe
    from capexpand.studies.comparison.comparing import Comparison, compare

_HOMES = {
    "Backtest": "studies.backtest.backtest",
    "BeliefFindings": "studies.breakeven.findings",
    "BreakEvens": "studies.breakeven.break_even",
    "CVaR": "policy.risk_attitudes",
    "CapexpandError": "errors",
    "Case": "case.schema",
    "CaseError": "errors",
    "Comparison": "studies.comparison.comparing",
    "Expectation": "policy.risk_attitudes",
    "Findings": "reporting.inputs",
    "InfeasibleError": "errors",
    "PlannedPolicy": "pipeline",
    "Plans": "pipeline",
    "PolicySettings": "policy.case_policy",
    "Problem": "errors",
    "RunError": "errors",
    "Sheet": "reporting.sheet",
    "SolverError": "errors",
    "WorstCase": "policy.risk_attitudes",
    "backtest": "studies.backtest.backtest",
    "believe": "studies.breakeven.findings",
    "break_even": "studies.breakeven.break_even",
    "compare": "studies.comparison.comparing",
    "evaluate": "pipeline",
    "evaluate_policy": "pipeline",
    "find_contradictions": "claims.rules",
    "forecast": "forecasting.forecast",
    "list_claims": "claims.joining",
    "load_case": "case.loading",
    "optimise": "pipeline",
    "optimise_policy": "pipeline",
    "report": "pipeline",
    "simulate": "pipeline",
    "write": "pipeline",
}
__all__ = [
    "Backtest",
    "BeliefFindings",
    "BreakEvens",
    "CVaR",
    "CapexpandError",
    "Case",
    "CaseError",
    "Comparison",
    "Expectation",
    "Findings",
    "InfeasibleError",
    "PlannedPolicy",
    "Plans",
    "PolicySettings",
    "Problem",
    "RunError",
    "Sheet",
    "SolverError",
    "WorstCase",
    "backtest",
    "believe",
    "break_even",
    "compare",
    "evaluate",
    "evaluate_policy",
    "find_contradictions",
    "forecast",
    "list_claims",
    "load_case",
    "optimise",
    "optimise_policy",
    "report",
    "simulate",
    "write",
]


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used, so that importing capexpand costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'capexpand' has no attribute {name!r}")
    value = getattr(import_module(f"capexpand.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
