"""What `import capexpand` offers, and that using it twice is as good as once."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
import typer

import capexpand as cx
from capexpand.api.shown import Documented
from capexpand.cli.main import build_app

PUBLIC = """
    Backtest Backtests BacktestShard
    BreakevenFindings BreakEvens CVaR CapexpandError Case CaseError Comparison Expectation
    Findings InfeasibleError PlannedPolicy Plans PolicySettings Problem RunError Sheet SolverError
    WorstCase CheckedCase LatticeSettings Outcomes PolicyFindings Run SampledFutures __version__
    check diff new policy Questioned run scenarios schema serve shipped_cases
    backtest breakeven break_even compare evaluate evaluate_policy evidence find_contradictions list_claims
    Study StudyShard Sweep SweepShard Simulation SimulationShard WhyPolicy merge study sweep
    ChipsView ServedTokens TradeCurve calibrate chips forecast frontier history import_workbook load_case
    optimise optimise_policy report roll simulate solve tokens train why why_not write
    replay size traces claims claims_add claims_measure Answered Replayed SizedFleet TraceList Picture
    Difference Why Near WhyNot Roll History Frontier EvidenceFindings Calibration Training Forecasts
    TrainedSolution TreeSolution ClaimsResult AddedClaims MeasuredReading Claim Finding
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


SHOWN_ONLY = {"as_json", "help"}
"""Options about how the command line prints; the result of a function has all of it."""
OTHER_NAMES = {"import": "import_workbook"}
"""A word of Python cannot name a function."""
WITHOUT = {"users_list", "users_add", "users_remove", "reproduce_fgd", "reproduce_vllm", "reproduce_mooncake"}
"""The users of a server are its own affair, and published experiments stand beside the package."""
ONLY_COMMAND = {"tokens": {"validate", "picture"}}
"""``--validate`` answers another question, and a result draws its own pictures."""
ONLY_FUNCTION = {"progress", "choose"}
"""Called while the function works; the command line has its own."""


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every command that can be called, with its words joined as in the name of its function."""
    if not hasattr(command, "commands"):
        yield "_".join(path).replace("-", "_"), command
        return
    if command.invoke_without_command and path:
        yield "_".join(path), command
    for name, one in command.commands.items():
        yield from _commands(one, (*path, name))


COMMANDS = {
    OTHER_NAMES.get(name, name): command
    for name, command in _commands(typer.main.get_command(build_app()))
    if name not in WITHOUT
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_arguments_of_its_function(name: str) -> None:
    """Names and defaults are the same for every command that there is."""
    options = {
        parameter.opts[-1].lstrip("-").replace("-", "_"): parameter.default
        for parameter in COMMANDS[name].params
        if parameter.name not in SHOWN_ONLY | ONLY_COMMAND.get(name, set())
    }
    arguments = {
        key: None if one.default is inspect.Parameter.empty else one.default
        for key, one in inspect.signature(getattr(cx, name)).parameters.items()
        if key not in ONLY_FUNCTION
    }
    assert arguments == options


PLAIN = {"new", "schema", "serve", "import_workbook"}
"""They make a file or a server, or return a document; there is nothing to show."""


STEPS = {"Outcomes"}
"""A policy in memory is followed as a step on the way to ``evaluate_policy``, whose findings are shown."""


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - PLAIN))
def test_the_result_of_every_command_is_shown_and_saved_alike(name: str) -> None:
    for word in _words_of(getattr(cx, name), returned_only=True) & set(cx.__all__):
        result = getattr(cx, word)
        if word in _found_types() | STEPS:
            continue
        for offered in ("document", "tables", "sheet", "save", "plot", "charts", "_repr_html_"):
            assert hasattr(result, offered), f"{word} lacks {offered}"
        assert "__repr__" in vars(result) or "__repr__" in vars(Documented), word


def _found_types() -> set[str]:
    """What stands inside the brackets of a result: the findings that it holds."""
    texts = (str(inspect.signature(getattr(cx, name)).return_annotation) for name in COMMANDS)
    return {inner for text in texts for inner in re.findall(r"\[(\w+)\]", text)}


def _words_of(function: object, *, returned_only: bool = False) -> set[str]:
    """The names that stand in a function's annotations."""
    signature = inspect.signature(function)  # type: ignore[arg-type]
    parts = [signature.return_annotation]
    if not returned_only:
        parts += [one.annotation for one in signature.parameters.values()]
    return set(re.findall(r"[A-Z]\w+", " ".join(map(str, parts))))


FOREIGN = {
    *("Path", "Any", "Mapping", "Sequence", "Iterable", "Callable", "Executor"),
    *("Literal", "None", "False", "True", "DataFrame"),
}
"""Words of the annotations that are not ours."""
CALLED = {"Say", "Progress", "Choose"}
"""Functions that the caller may give."""


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_type_in_a_signature_is_public(name: str) -> None:
    assert _words_of(getattr(cx, name)) - FOREIGN - CALLED <= set(cx.__all__)
