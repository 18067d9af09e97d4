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

TYPE_CHECKING = False  # as type checkers know it; importing typing takes most of the time of this module
if TYPE_CHECKING:  # the meaning of each name, for editors and type checkers
    from capexpand.api.answered import (
        Answered,
        calibrate,
        claims,
        claims_add,
        claims_measure,
        forecast,
        solve,
        train,
    )
    from capexpand.api.backtesting import Backtests, BacktestShard, backtest
    from capexpand.api.case_studies import breakeven, compare
    from capexpand.api.checking import CheckedCase, check
    from capexpand.api.chips import ChipsView, chips
    from capexpand.api.evidencing import evidence
    from capexpand.api.futures import SampledFutures, scenarios
    from capexpand.api.merging import merge
    from capexpand.api.planning import Run, policy, run
    from capexpand.api.questions import Questioned, diff, frontier, history, roll, why, why_not
    from capexpand.api.replaying import Replayed, SizedFleet, TraceList, replay, size, traces
    from capexpand.api.serving import ServedTokens, TradeCurve, tokens
    from capexpand.api.simulating import Simulation, SimulationShard, simulate
    from capexpand.api.starting import new, schema
    from capexpand.api.studying import Study, StudyShard, study
    from capexpand.api.sweeping import Sweep, SweepShard, sweep
    from capexpand.api.workbooks import import_workbook
    from capexpand.case.loading import load_case
    from capexpand.case.schema import Case
    from capexpand.case.shipped import shipped_cases
    from capexpand.claims.adding import AddedClaims
    from capexpand.claims.findings import Finding
    from capexpand.claims.joining import list_claims
    from capexpand.claims.measuring import MeasuredReading
    from capexpand.claims.rules import find_contradictions
    from capexpand.claims.table import Claim
    from capexpand.errors import CapexpandError, CaseError, InfeasibleError, Problem, RunError, SolverError
    from capexpand.forecasting.forecast import Forecasts
    from capexpand.hardware.calibration import Calibration
    from capexpand.hardware.training import Training
    from capexpand.pipeline import (
        LatticeSettings,
        PlannedPolicy,
        Plans,
        evaluate,
        evaluate_policy,
        optimise,
        optimise_policy,
        report,
        write,
    )
    from capexpand.policy.case_policy import PolicySettings
    from capexpand.policy.findings import PolicyFindings
    from capexpand.policy.outcomes import Outcomes
    from capexpand.policy.risk_attitudes import CVaR, Expectation, WorstCase
    from capexpand.reporting.inputs import Findings
    from capexpand.reporting.picture import Picture
    from capexpand.reporting.sheet import Sheet
    from capexpand.sddp.solving import TrainedSolution, TreeSolution
    from capexpand.studies.backtest.backtest import Backtest
    from capexpand.studies.breakeven.break_even import BreakEvens, break_even
    from capexpand.studies.breakeven.findings import BreakevenFindings
    from capexpand.studies.claims.listing import ClaimsResult
    from capexpand.studies.comparison.comparing import Comparison
    from capexpand.studies.diff.difference import Difference
    from capexpand.studies.evidence.findings import EvidenceFindings
    from capexpand.studies.frontier.frontier import Frontier
    from capexpand.studies.roll.history import History
    from capexpand.studies.roll.rolling import Roll
    from capexpand.studies.why.near import Near
    from capexpand.studies.why.of_policy import WhyPolicy
    from capexpand.studies.why.whynots import WhyNot
    from capexpand.studies.why.whys import Why
    from capexpand.web.serving import serve

_HOMES = {
    "AddedClaims": "claims.adding",
    "Answered": "api.answered",
    "Backtest": "studies.backtest.backtest",
    "BacktestShard": "api.backtesting",
    "Backtests": "api.backtesting",
    "BreakEvens": "studies.breakeven.break_even",
    "BreakevenFindings": "studies.breakeven.findings",
    "CVaR": "policy.risk_attitudes",
    "Calibration": "hardware.calibration",
    "CapexpandError": "errors",
    "Case": "case.schema",
    "CaseError": "errors",
    "CheckedCase": "api.checking",
    "ChipsView": "api.chips",
    "Claim": "claims.table",
    "ClaimsResult": "studies.claims.listing",
    "Comparison": "studies.comparison.comparing",
    "Difference": "studies.diff.difference",
    "EvidenceFindings": "studies.evidence.findings",
    "Expectation": "policy.risk_attitudes",
    "Finding": "claims.findings",
    "Findings": "reporting.inputs",
    "Forecasts": "forecasting.forecast",
    "Frontier": "studies.frontier.frontier",
    "History": "studies.roll.history",
    "InfeasibleError": "errors",
    "LatticeSettings": "pipeline",
    "MeasuredReading": "claims.measuring",
    "Near": "studies.why.near",
    "Outcomes": "policy.outcomes",
    "Picture": "reporting.picture",
    "PlannedPolicy": "pipeline",
    "Plans": "pipeline",
    "PolicyFindings": "policy.findings",
    "PolicySettings": "policy.case_policy",
    "Problem": "errors",
    "Questioned": "api.questions",
    "Replayed": "api.replaying",
    "Roll": "studies.roll.rolling",
    "Run": "api.planning",
    "RunError": "errors",
    "SampledFutures": "api.futures",
    "ServedTokens": "api.serving",
    "Sheet": "reporting.sheet",
    "Simulation": "api.simulating",
    "SimulationShard": "api.simulating",
    "SizedFleet": "api.replaying",
    "SolverError": "errors",
    "Study": "api.studying",
    "StudyShard": "api.studying",
    "Sweep": "api.sweeping",
    "SweepShard": "api.sweeping",
    "TraceList": "api.replaying",
    "TradeCurve": "api.serving",
    "TrainedSolution": "sddp.solving",
    "Training": "hardware.training",
    "TreeSolution": "sddp.solving",
    "Why": "studies.why.whys",
    "WhyNot": "studies.why.whynots",
    "WhyPolicy": "studies.why.of_policy",
    "WorstCase": "policy.risk_attitudes",
    "backtest": "api.backtesting",
    "break_even": "studies.breakeven.break_even",
    "breakeven": "api.case_studies",
    "calibrate": "api.answered",
    "check": "api.checking",
    "chips": "api.chips",
    "claims": "api.answered",
    "claims_add": "api.answered",
    "claims_measure": "api.answered",
    "compare": "api.case_studies",
    "diff": "api.questions",
    "evaluate": "pipeline",
    "evaluate_policy": "pipeline",
    "evidence": "api.evidencing",
    "find_contradictions": "claims.rules",
    "forecast": "api.answered",
    "frontier": "api.questions",
    "history": "api.questions",
    "import_workbook": "api.workbooks",
    "list_claims": "claims.joining",
    "load_case": "case.loading",
    "merge": "api.merging",
    "new": "api.starting",
    "optimise": "pipeline",
    "optimise_policy": "pipeline",
    "policy": "api.planning",
    "replay": "api.replaying",
    "report": "pipeline",
    "roll": "api.questions",
    "run": "api.planning",
    "scenarios": "api.futures",
    "schema": "api.starting",
    "serve": "web.serving",
    "shipped_cases": "case.shipped",
    "simulate": "api.simulating",
    "size": "api.replaying",
    "solve": "api.answered",
    "study": "api.studying",
    "sweep": "api.sweeping",
    "tokens": "api.serving",
    "traces": "api.replaying",
    "train": "api.answered",
    "why": "api.questions",
    "why_not": "api.questions",
    "write": "pipeline",
}
__all__ = [
    "AddedClaims",
    "Answered",
    "Backtest",
    "BacktestShard",
    "Backtests",
    "BreakEvens",
    "BreakevenFindings",
    "CVaR",
    "Calibration",
    "CapexpandError",
    "Case",
    "CaseError",
    "CheckedCase",
    "ChipsView",
    "Claim",
    "ClaimsResult",
    "Comparison",
    "Difference",
    "EvidenceFindings",
    "Expectation",
    "Finding",
    "Findings",
    "Forecasts",
    "Frontier",
    "History",
    "InfeasibleError",
    "LatticeSettings",
    "MeasuredReading",
    "Near",
    "Outcomes",
    "Picture",
    "PlannedPolicy",
    "Plans",
    "PolicyFindings",
    "PolicySettings",
    "Problem",
    "Questioned",
    "Replayed",
    "Roll",
    "Run",
    "RunError",
    "SampledFutures",
    "ServedTokens",
    "Sheet",
    "Simulation",
    "SimulationShard",
    "SizedFleet",
    "SolverError",
    "Study",
    "StudyShard",
    "Sweep",
    "SweepShard",
    "TraceList",
    "TradeCurve",
    "TrainedSolution",
    "Training",
    "TreeSolution",
    "Why",
    "WhyNot",
    "WhyPolicy",
    "WorstCase",
    "__version__",
    "backtest",
    "break_even",
    "breakeven",
    "calibrate",
    "check",
    "chips",
    "claims",
    "claims_add",
    "claims_measure",
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
    "replay",
    "report",
    "roll",
    "run",
    "scenarios",
    "schema",
    "serve",
    "shipped_cases",
    "simulate",
    "size",
    "solve",
    "study",
    "sweep",
    "tokens",
    "traces",
    "train",
    "why",
    "why_not",
    "write",
]


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
