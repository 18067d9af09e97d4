"""What `import capexpand` offers, and that using it twice is as good as once."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer

import capexpand as cx
from capexpand.cli.main import build_app

PUBLIC = """
    Backtest BreakevenFindings BreakEvens CVaR CapexpandError Case CaseError Comparison Expectation
    Findings InfeasibleError PlannedPolicy Plans PolicySettings Problem RunError Sheet SolverError
    WorstCase CheckedCase LatticeSettings Outcomes PolicyFindings Run SampledFutures __version__
    check diff new policy Questioned run scenarios schema serve shipped_cases
    backtest breakeven break_even compare evaluate evaluate_policy evidence find_contradictions list_claims
    Study StudyShard Sweep SweepShard merge study sweep
    ChipsView ServedTokens TradeCurve calibrate chips forecast frontier history import_workbook load_case
    optimise optimise_policy report roll simulate solve tokens train why why_not write
"""


def test_the_public_names_are_these() -> None:
    assert sorted(cx.__all__) == sorted(PUBLIC.split())
    assert set(PUBLIC.split()) <= set(dir(cx))


def test_every_public_name_leads_somewhere() -> None:
    assert all(callable(getattr(cx, name)) for name in cx.__all__ if name != "__version__")
    assert cx.__version__ == version("capexpand")


def test_the_verbs_stay_verbs_after_their_rooms_were_imported() -> None:
    """A room named as a verb would take its place once imported."""
    code = (
        "import capexpand.policy.risk_attitudes, capexpand.scenarios.fans, capexpand.reporting.run_sheet\n"
        "import capexpand.optimiser.deterministic\n"
        "from capexpand.scenarios.fans import LEVELS\n"
        "import capexpand as cx, inspect\n"
        "names = ('scenarios', 'policy', 'optimise', 'report')\n"
        "print(*(inspect.isfunction(getattr(cx, name)) for name in names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 4


def test_importing_capexpand_imports_nothing_heavy() -> None:
    code = "import capexpand, sys; print([name for name in ('numpy', 'pydantic') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SHOWN_ONLY = {"as_json"}
"""Options about how the command line prints; the result of a function has all of it."""


@pytest.mark.parametrize(
    "name",
    [
        "run",
        "sweep",
        "merge",
        "scenarios",
        "check",
        "new",
        "schema",
        "diff",
        "why",
        "serve",
        "roll",
        "history",
        "frontier",
        "evidence",
    ],
)
def test_a_command_has_the_arguments_of_its_function(name: str) -> None:
    """Names and defaults are the same; a function takes ``progress`` besides."""
    command = typer.main.get_command(build_app()).commands[name]  # type: ignore[attr-defined]
    options = {
        parameter.opts[-1].lstrip("-").replace("-", "_"): parameter.default
        for parameter in command.params
        if parameter.name not in SHOWN_ONLY and parameter.name != "help"
    }
    arguments = {
        key: None if one.default is inspect.Parameter.empty else one.default
        for key, one in inspect.signature(getattr(cx, name)).parameters.items()
        if key != "progress"
    }
    assert arguments == options
