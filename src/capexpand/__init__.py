"""capexpand plans AI and cloud infrastructure build-outs under uncertainty.

::

    import capexpand as cx
    planned = cx.run("alibaba-2025", variant="chips-banned")
    print(planned.findings.metrics.npv)
    planned.save("runs/chips-banned")

Each command of the command line is a function of the same name and arguments; its result has ``tables``, a
``document`` and ``save()``. The steps between are ``load_case``, ``optimise``, ``evaluate`` and ``report``.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the meaning of each name, for editors and type checkers
    from capexpand.api.checking import CheckedCase, check
    from capexpand.api.chips import ChipsView, chips
    from capexpand.api.evidencing import evidence
    from capexpand.api.futures import SampledFutures, scenarios
    from capexpand.api.merging import merge
    from capexpand.api.planning import Run, policy, run
    from capexpand.api.questions import Questioned, diff, frontier, history, roll, why, why_not
    from capexpand.api.serving import ServedTokens, TradeCurve, calibrate, tokens, train
    from capexpand.api.starting import new, schema
    from capexpand.api.studying import Study, StudyShard, study
    from capexpand.api.sweeping import Sweep, SweepShard, sweep
    from capexpand.api.workbooks import import_workbook
    from capexpand.case.loading import load_case
    from capexpand.case.schema import Case
    from capexpand.case.shipped import shipped_cases
    from capexpand.claims.joining import list_claims
    from capexpand.claims.rules import find_contradictions
    from capexpand.errors import CapexpandError, CaseError, InfeasibleError, Problem, RunError, SolverError
    from capexpand.forecasting.forecast import forecast
    from capexpand.pipeline import (
        LatticeSettings,
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
    from capexpand.policy.findings import PolicyFindings
    from capexpand.policy.outcomes import Outcomes
    from capexpand.policy.risk_attitudes import CVaR, Expectation, WorstCase
    from capexpand.reporting.inputs import Findings
    from capexpand.reporting.sheet import Sheet
    from capexpand.sddp.solving import solve
    from capexpand.studies.backtest.backtest import Backtest, backtest
    from capexpand.studies.breakeven.break_even import BreakEvens, break_even
    from capexpand.studies.breakeven.findings import BreakevenFindings, breakeven
    from capexpand.studies.comparison.comparing import Comparison, compare
    from capexpand.web.serving import serve

_HOMES = {
    "Backtest": "studies.backtest.backtest",
    "BreakevenFindings": "studies.breakeven.findings",
    "BreakEvens": "studies.breakeven.break_even",
    "CVaR": "policy.risk_attitudes",
    "CapexpandError": "errors",
    "Case": "case.schema",
    "CaseError": "errors",
    "CheckedCase": "api.checking",
    "ChipsView": "api.chips",
    "Comparison": "studies.comparison.comparing",
    "Expectation": "policy.risk_attitudes",
    "Findings": "reporting.inputs",
    "InfeasibleError": "errors",
    "LatticeSettings": "pipeline",
    "Outcomes": "policy.outcomes",
    "PlannedPolicy": "pipeline",
    "Plans": "pipeline",
    "PolicyFindings": "policy.findings",
    "PolicySettings": "policy.case_policy",
    "Problem": "errors",
    "Questioned": "api.questions",
    "Run": "api.planning",
    "RunError": "errors",
    "SampledFutures": "api.futures",
    "ServedTokens": "api.serving",
    "Sheet": "reporting.sheet",
    "SolverError": "errors",
    "Study": "api.studying",
    "StudyShard": "api.studying",
    "Sweep": "api.sweeping",
    "SweepShard": "api.sweeping",
    "TradeCurve": "api.serving",
    "WorstCase": "policy.risk_attitudes",
    "backtest": "studies.backtest.backtest",
    "breakeven": "studies.breakeven.findings",
    "break_even": "studies.breakeven.break_even",
    "calibrate": "api.serving",
    "check": "api.checking",
    "chips": "api.chips",
    "diff": "api.questions",
    "compare": "studies.comparison.comparing",
    "evaluate": "pipeline",
    "evidence": "api.evidencing",
    "evaluate_policy": "pipeline",
    "find_contradictions": "claims.rules",
    "forecast": "forecasting.forecast",
    "import_workbook": "api.workbooks",
    "list_claims": "claims.joining",
    "load_case": "case.loading",
    "merge": "api.merging",
    "new": "api.starting",
    "optimise": "pipeline",
    "optimise_policy": "pipeline",
    "policy": "api.planning",
    "report": "pipeline",
    "run": "api.planning",
    "scenarios": "api.futures",
    "schema": "api.starting",
    "serve": "web.serving",
    "shipped_cases": "case.shipped",
    "simulate": "pipeline",
    "solve": "sddp.solving",
    "study": "api.studying",
    "sweep": "api.sweeping",
    "tokens": "api.serving",
    "train": "api.serving",
    "frontier": "api.questions",
    "history": "api.questions",
    "roll": "api.questions",
    "why": "api.questions",
    "why_not": "api.questions",
    "write": "pipeline",
}
__all__ = [
    "Backtest",
    "BreakEvens",
    "BreakevenFindings",
    "CVaR",
    "CapexpandError",
    "Case",
    "CaseError",
    "CheckedCase",
    "ChipsView",
    "Comparison",
    "Expectation",
    "Findings",
    "InfeasibleError",
    "LatticeSettings",
    "Outcomes",
    "PlannedPolicy",
    "Plans",
    "PolicyFindings",
    "PolicySettings",
    "Problem",
    "Questioned",
    "Run",
    "RunError",
    "SampledFutures",
    "ServedTokens",
    "Sheet",
    "SolverError",
    "Study",
    "StudyShard",
    "Sweep",
    "SweepShard",
    "TradeCurve",
    "WorstCase",
    "__version__",
    "backtest",
    "break_even",
    "breakeven",
    "calibrate",
    "check",
    "chips",
    "compare",
    "diff",
    "evaluate",
    "evaluate_policy",
    "evidence",
    "find_contradictions",
    "forecast",
    "frontier",
    "history",
    "import_workbook",
    "list_claims",
    "load_case",
    "merge",
    "new",
    "optimise",
    "optimise_policy",
    "policy",
    "report",
    "roll",
    "run",
    "scenarios",
    "schema",
    "serve",
    "shipped_cases",
    "simulate",
    "solve",
    "study",
    "sweep",
    "tokens",
    "train",
    "why",
    "why_not",
    "write",
]
__all__.sort()


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used, so that importing capexpand costs next to nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("capexpand")
    if name not in _HOMES:
        raise AttributeError(f"module 'capexpand' has no attribute {name!r}")
    value = getattr(import_module(f"capexpand.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """Keeps a verb a verb: importing the layer of the same name, such as scenarios, does not hide it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return import_module, (__name__,)  # functions that name it travel to other machines

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in _HOMES):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
