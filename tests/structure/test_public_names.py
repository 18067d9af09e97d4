"""What `import capexpand` offers, and that using it twice is as good as once."""

from __future__ import annotations

import subprocess
import sys

import capexpand as cx

PUBLIC = """
    Backtest BeliefFindings BreakEvens CVaR CapexpandError Case CaseError Comparison Expectation
    Findings InfeasibleError PlannedPolicy Plans PolicySettings Problem RunError Sheet SolverError
    WorstCase
    backtest believe break_even compare evaluate evaluate_policy find_contradictions list_claims
    forecast load_case optimise optimise_policy report simulate write
"""


def test_the_public_names_are_these() -> None:
    assert sorted(cx.__all__) == sorted(PUBLIC.split())
    assert set(PUBLIC.split()) <= set(dir(cx))


def test_every_public_name_leads_somewhere() -> None:
    assert all(callable(getattr(cx, name)) for name in cx.__all__)


def test_the_verbs_stay_verbs_after_their_rooms_were_imported() -> None:
    """A room named as a verb would take its place once imported."""
    import capexpand.optimiser.deterministic
    import capexpand.reporting.run_sheet  # noqa: F401

    assert callable(cx.optimise)
    assert callable(cx.report)


def test_importing_capexpand_imports_nothing_heavy() -> None:
    code = "import capexpand, sys; print([name for name in ('numpy', 'pydantic') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
