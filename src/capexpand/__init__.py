"""capexpand plans AI and cloud infrastructure build-outs under uncertainty.

::

    import capexpand as cx
    case = cx.load_case("cases/alibaba-2025", variant="chips-banned")
    findings = cx.evaluate(cx.optimise(case))
    print(findings.metrics.npv)
    cx.report(findings).save("report.html")
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what each name is, for editors and type checkers
    from capexpand.backtesting.backtest import Backtest, backtest
    from capexpand.beliefs.break_even import BreakEvens, break_even
    from capexpand.beliefs.findings import BeliefFindings, believe
    from capexpand.case.loading import load_case
    from capexpand.case.schema import Case
    from capexpand.claims.joining import list_claims
    from capexpand.claims.rules import find_contradictions
    from capexpand.comparison.comparing import Comparison, compare
    from capexpand.errors import CapexpandError, CaseError, InfeasibleError, Problem, RunError, SolverError
    from capexpand.optimiser.case_policy import PolicySettings
    from capexpand.optimiser.risk_attitudes import CVaR, Expectation, WorstCase
    from capexpand.pipeline import (
        PlannedPolicy,
        Plans,
        Report,
        evaluate,
        evaluate_policy,
        optimise,
        optimise_policy,
        report,
        simulate,
        write,
    )
    from capexpand.reporting.inputs import Findings

_HOMES = {
    "Backtest": "backtesting.backtest",
    "BeliefFindings": "beliefs.findings",
    "BreakEvens": "beliefs.break_even",
    "CVaR": "optimiser.risk_attitudes",
    "CapexpandError": "errors",
    "Case": "case.schema",
    "CaseError": "errors",
    "Comparison": "comparison.comparing",
    "Expectation": "optimiser.risk_attitudes",
    "Findings": "reporting.inputs",
    "InfeasibleError": "errors",
    "PlannedPolicy": "pipeline",
    "Plans": "pipeline",
    "PolicySettings": "optimiser.case_policy",
    "Problem": "errors",
    "Report": "pipeline",
    "RunError": "errors",
    "SolverError": "errors",
    "WorstCase": "optimiser.risk_attitudes",
    "backtest": "backtesting.backtest",
    "believe": "beliefs.findings",
    "break_even": "beliefs.break_even",
    "compare": "comparison.comparing",
    "evaluate": "pipeline",
    "evaluate_policy": "pipeline",
    "find_contradictions": "claims.rules",
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
    "Report",
    "RunError",
    "SolverError",
    "WorstCase",
    "backtest",
    "believe",
    "break_even",
    "compare",
    "evaluate",
    "evaluate_policy",
    "find_contradictions",
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
