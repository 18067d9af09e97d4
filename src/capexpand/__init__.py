"""capexpand plans AI and cloud infrastructure build-outs under uncertainty.

::

    import capexpand as cx
    case = cx.load_case("cases/alibaba-2025", variant="chips-banned")
    findings = cx.evaluate(cx.optimise(case))
    print(findings.metrics.npv)
    cx.report(findings).save("report.html")
"""

from importlib import import_module

_HOMES = {
    "CapexpandError": "errors",
    "Case": "case.schema",
    "CaseError": "errors",
    "Findings": "reporting.inputs",
    "InfeasibleError": "errors",
    "Plans": "pipeline",
    "Problem": "errors",
    "Report": "pipeline",
    "RunError": "errors",
    "SolverError": "errors",
    "evaluate": "pipeline",
    "load_case": "case.loading",
    "optimise": "pipeline",
    "report": "pipeline",
    "write": "pipeline",
}
__all__ = [
    "CapexpandError",
    "Case",
    "CaseError",
    "Findings",
    "InfeasibleError",
    "Plans",
    "Problem",
    "Report",
    "RunError",
    "SolverError",
    "evaluate",
    "load_case",
    "optimise",
    "report",
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
