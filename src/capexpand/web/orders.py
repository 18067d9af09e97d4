"""Orders of jobs: the kinds of runs, their options, and how each is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from capexpand.web.access import RefusedError
from capexpand.web.changing import CHANGED, SettingsOf, changed_file

if TYPE_CHECKING:
    from capexpand.reporting.sheet import Sheet

Say = Callable[[str], None]

Kind = Literal[
    "plan", "policy", "breakeven", "sweep", "scenarios", "backtest", "compare", "diff", "why", "frontier",
    "evidence",
]  # fmt: skip
_PRINTED = r"^[^\x00-\x1f\x7f]*$"
OBJECTIVES = ("npv", "cost", "power", "energy", "spending", "served")
"""Of a frontier."""


Changed = Annotated[
    list[tuple[Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=80)]]],
    Field(max_length=100),
]
"""Names of assumptions and their levels with units."""

_CHANGED: TypeAdapter[list[tuple[str, str]]] = TypeAdapter(Changed)


def read_changes(text: str) -> list[tuple[str, str]]:
    """Return the changes that a form holds as JSON; none where it is empty.

    Raises:
        RefusedError: it holds something else.
    """
    try:
        return _CHANGED.validate_json(text or "[]")
    except ValidationError:
        raise RefusedError('changes: write names and levels, as in [["budget", "300 bn CNY"]]', 422) from None


def read_other(written: str) -> tuple[str, int | None, str | None]:
    """Return the name, the state and the variant of a case to compare with: NAME@STATE:VARIANT."""
    case, _, variant = written.partition(":")
    name, _, state = case.partition("@")
    return name, int(state) if state else None, variant or None


class Order(BaseModel):
    """The order of a job.

    Args:
        kind: of the run.
        case: name of the case.
        version: number of its state; filled in when the job is queued, so that a later edit changes nothing.
        variant: of the case.
        changes: assumptions and their levels, as in the address of the page that explores the case.
        others: cases to compare with, as NAME, NAME:VARIANT or NAME@STATE:VARIANT; their states are filled in
            as well.
        vary: axes of a sweep, as PATH=LOW:HIGH:COUNT.
        asked: what a question is about, such as budget.
        objectives: the two of a frontier, such as npv,power.
        points: of a frontier.
        risk: attitude of a policy.
        scenarios: futures to follow a policy or the break-even through.
        iterations: limit of a policy's training.
        seed: of all random numbers.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind = "plan"
    case: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    variant: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,100}$")] | None = None
    changes: Changed = []
    others: Annotated[
        list[
            Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}(@[0-9]{1,6})?(:[a-zA-Z0-9_.-]{1,100})?$")]
        ],
        Field(max_length=12),
    ] = []
    vary: Annotated[list[Annotated[str, Field(max_length=300, pattern=_PRINTED)]], Field(max_length=6)] = []
    asked: Annotated[str, Field(max_length=200, pattern=_PRINTED)] = ""
    objectives: Annotated[str, Field(max_length=40)] = "npv,power"
    points: Annotated[int, Field(ge=2, le=50)] = 9
    risk: Annotated[str, Field(max_length=40)] = "mean"
    scenarios: Annotated[int, Field(ge=10, le=100_000)] = 2000
    iterations: Annotated[int, Field(ge=1, le=100_000)] | None = None
    seed: Annotated[int, Field(ge=0, le=2_000_000_000)] = 1


TITLES: Mapping[Kind, str] = {
    "plan": "Plan",
    "policy": "Plan and policy",
    "breakeven": "Break-even values",
    "sweep": "Sweep",
    "scenarios": "Scenarios",
    "backtest": "Backtest",
    "compare": "Programmes side by side",
    "diff": "What changed",
    "why": "Why",
    "frontier": "Frontier",
    "evidence": "Evidence",
}

ABOUT: Mapping[Kind, str] = {
    "plan": "What the money buys and when, whether it pays, and how far the answer may be trusted.",
    "policy": "Also a rule that reacts to what is seen; minutes of training, resumed if interrupted.",
    "breakeven": "How far each assumption may move before the programme no longer pays.",
    "sweep": "The plan at many values of one or two numbers, with certified bounds in between.",
    "scenarios": "The uncertain inputs, sampled: fan charts and the lattice that stands for them.",
    "backtest": "The plan of the case's day, and of each later one, held against later reports.",
    "compare": "Two or more cases or variants on one yardstick.",
    "diff": "What changed from the other case to this one: inputs, decisions, and the value by cause.",
    "why": "What limits a decision, what one more is worth, and what nearly won.",
    "frontier": "What each step of one objective costs in another: value against power, energy or spending.",
    "evidence": "What the value rests on, by kind of evidence, and the next facts worth finding.",
}


def make(order: Order, cases: list[Path], folder: Path, *, settings: SettingsOf, say: Say) -> dict[str, Any]:
    """Make the run of a job.

    Args:
        order: what is asked for.
        cases: the case files, that of the job first.
        folder: where the run is to stand; an interrupted training resumes beside it.
        settings: changes of the case, as a variant writes them.
        say: is told how far it is.

    Returns:
        A few figures for lists of runs.

    Raises:
        CapexpandError: a case is wrong or infeasible, or a solver failed.
    """
    case, variant = cases[0], order.variant
    if settings:
        overlay = folder.parent / order.case / "case.yaml"
        overlay.parent.mkdir(parents=True, exist_ok=True)
        overlay.write_text(changed_file(case, variant, settings), encoding="utf-8")
        case, variant = overlay, CHANGED
    sheet = _MAKERS[order.kind](order, case, variant, cases[1:], folder, say)
    say("Writing the report")
    with_charts(sheet).save(folder)
    return summary_of(sheet)


def _plan(order: Order, case: Path, variant: str | None, _: list[Path], folder: Path, say: Say) -> Sheet:
    from capexpand.api.planning import run

    if order.kind == "plan":
        found = run(case, variant, progress=say)
        return (found.with_workbook() if has_excel() else found).sheet()
    return run(
        case, variant, folder, policy=True, risk=order.risk, scenarios=order.scenarios, seed=order.seed,
        iterations=order.iterations, workers=1, progress=say,
    ).sheet()  # fmt: skip


def _breakeven(order: Order, case: Path, variant: str | None, _: list[Path], __: Path, say: Say) -> Sheet:
    from capexpand.api.case_studies import breakeven

    say("Planning the case as declared")
    return breakeven(
        case, variant, scenarios=order.scenarios, seed=order.seed, workers=1, progress=say
    ).sheet()


def _scenarios(order: Order, case: Path, variant: str | None, _: list[Path], __: Path, say: Say) -> Sheet:
    from capexpand.api.futures import scenarios

    return scenarios(case, variant, scenarios=max(order.scenarios, 16), seed=order.seed, progress=say).sheet()


def _backtest(_: Order, case: Path, variant: str | None, __: list[Path], ___: Path, say: Say) -> Sheet:
    from capexpand.api.case_studies import backtest

    return backtest(case, variant, workers=1, progress=say).sheet()


def _compare(order: Order, case: Path, variant: str | None, others: list[Path], _: Path, say: Say) -> Sheet:
    from capexpand.api.case_studies import compare
    from capexpand.case.loading import load_case

    named = [read_other(name)[2] for name in order.others]
    cases = [load_case(case, variant), *(load_case(*one) for one in zip(others, named, strict=True))]
    return compare(cases, progress=say).sheet()


def _sweep(order: Order, case: Path, variant: str | None, _: list[Path], folder: Path, say: Say) -> Sheet:
    from capexpand.api.sweeping import sweep

    # its journal stands beside the folder, so an interrupted sweep goes on
    return sweep(case, variant, vary=order.vary, seed=order.seed, workers=1, out=folder, progress=say).sheet()


def _diff(order: Order, case: Path, variant: str | None, others: list[Path], _: Path, say: Say) -> Sheet:
    from capexpand.api.questions import diff
    from capexpand.case.loading import load_case

    named = read_other(order.others[0])[2]
    return diff(load_case(others[0], named), load_case(case, variant), progress=say).sheet()


def _why(order: Order, case: Path, variant: str | None, _: list[Path], __: Path, say: Say) -> Sheet:
    from capexpand.api.questions import why
    from capexpand.case.loading import load_case

    return why(load_case(case, variant), order.asked, progress=say).sheet()


def _frontier(order: Order, case: Path, variant: str | None, _: list[Path], __: Path, say: Say) -> Sheet:
    from capexpand.api.questions import frontier
    from capexpand.case.loading import load_case

    loaded = load_case(case, variant)
    return frontier(loaded, objectives=order.objectives, points=order.points, progress=say).sheet()


def _evidence(_: Order, case: Path, variant: str | None, __: list[Path], ___: Path, say: Say) -> Sheet:
    from capexpand.api.evidencing import evidence
    from capexpand.case.loading import load_case

    return evidence(load_case(case, variant), workers=1, progress=say).sheet()


_MAKERS: Mapping[Kind, Callable[[Order, Path, str | None, list[Path], Path, Say], Sheet]] = {
    "plan": _plan,
    "policy": _plan,
    "breakeven": _breakeven,
    "scenarios": _scenarios,
    "backtest": _backtest,
    "compare": _compare,
    "sweep": _sweep,
    "diff": _diff,
    "why": _why,
    "frontier": _frontier,
    "evidence": _evidence,
}


def has_excel() -> bool:
    """Tell whether workbooks can be written: the extra ``[excel]`` is there."""
    return all(find_spec(name) is not None for name in ("xlsxwriter", "python_calamine"))


def with_charts(sheet: Sheet) -> Sheet:
    """Return a sheet whose run folder also holds each chart with its data, as Vega-Lite."""
    from capexpand.reporting.charts.drawing import CONFIG, chart_rows
    from capexpand.reporting.serial import plain

    charts = {
        f"charts/{chart.identifier}.vl.json": json.dumps(
            plain({**chart.spec, "title": chart.title, "width": 640, "config": CONFIG,
                   "data": {"values": chart_rows(chart, sheet.quarters)}}),
            allow_nan=False, ensure_ascii=False,
        ).encode()
        for chart in sheet.charts
    }  # fmt: skip
    return replace(sheet, files={**sheet.files, **charts})


def summary_of(sheet: Sheet) -> dict[str, Any]:
    """Return what a list of runs shows: the title, the facts, the key figures, the answers."""
    from capexpand.reporting.blocks import Figures

    figures = [
        [one.title, one.value, one.remark]
        for block in sheet.opening
        if isinstance(block, Figures)
        for one in block.figures
    ]
    return {
        "title": sheet.title,
        "facts": [[fact.name, fact.text] for fact in sheet.facts],
        "figures": figures,
        "answers": [[answer.question, answer.text] for answer in sheet.answers],
        "charts": [[chart.identifier, chart.title] for chart in sheet.charts],
        "tables": sorted(sheet.tables),
    }
