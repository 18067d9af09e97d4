"""The runs that jobs make: each kind by the public function of its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.files.json_text import JsonObject
from capexpand.web.changing import CHANGED, SettingsOf, changed_file
from capexpand.web.orders import Kind, Order, read_other

if TYPE_CHECKING:
    from capexpand.case.schema import Case
    from capexpand.reporting.sheet import Sheet

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Task:
    """An order with the files that it speaks of.

    Args:
        order: what is asked for.
        case: the case file.
        variant: of it.
        others: case files to compare with.
        folder: where the run is to stand; an interrupted training resumes beside it.
        say: is told how far it is.
        run: folder of the earlier run that is named, if any.
        chain: of a history, the folders of its rolled runs.
        sent: file that was sent for the job, if any.
    """

    order: Order
    case: Path
    variant: str | None
    others: tuple[Path, ...]
    folder: Path
    say: Say
    run: Path | None = None
    chain: tuple[Path, ...] = ()
    sent: Path | None = None

    def loaded(self) -> Case:
        """Load the case.

        Raises:
            CaseError: it is wrong.
        """
        from capexpand.case.loading import load_case

        return load_case(self.case, self.variant)

    def other_cases(self) -> list[Case]:
        """Load the cases to compare with.

        Raises:
            CaseError: one is wrong.
        """
        from capexpand.case.loading import load_case

        named = (read_other(name)[2] for name in self.order.others)
        return [load_case(*one) for one in zip(self.others, named, strict=True)]


def make(task: Task, settings: SettingsOf) -> JsonObject:
    """Make the run of a job.

    Args:
        task: what is asked for, of which files.
        settings: changes of the case, as a variant writes them.

    Returns:
        A few figures for lists of runs.

    Raises:
        CapexpandError: a case is wrong or infeasible, or a solver failed.
    """
    if settings:
        overlay = task.folder.parent / task.order.case / "case.yaml"
        overlay.parent.mkdir(parents=True, exist_ok=True)
        overlay.write_text(changed_file(task.case, task.variant, settings), encoding="utf-8")
        task = replace(task, case=overlay, variant=CHANGED)
    sheet = _MAKERS[task.order.kind](task)
    task.say("Writing the report")
    with_charts(sheet).save(task.folder)
    return summary_of(sheet)


def _plan(task: Task) -> Sheet:
    from capexpand.api.planning import run

    order = task.order
    if order.kind == "plan":
        found = run(task.case, task.variant, progress=task.say)
        return (found.with_workbook() if has_excel() else found).sheet()
    return run(
        task.case, task.variant, task.folder, policy=True, risk=order.risk, scenarios=order.scenarios,
        seed=order.seed, iterations=order.iterations, workers=1, progress=task.say,
    ).sheet()  # fmt: skip


def _breakeven(task: Task) -> Sheet:
    from capexpand.api.case_studies import breakeven

    task.say("Planning the case as declared")
    scenarios, seed = task.order.scenarios, task.order.seed
    return breakeven(
        task.case, task.variant, scenarios=scenarios, seed=seed, workers=1, progress=task.say
    ).sheet()


def _scenarios(task: Task) -> Sheet:
    from capexpand.api.futures import scenarios

    least = max(task.order.scenarios, 16)
    return scenarios(
        task.case, task.variant, scenarios=least, seed=task.order.seed, progress=task.say
    ).sheet()


def _backtest(task: Task) -> Sheet:
    from capexpand.api.backtesting import backtest

    return backtest(task.case, task.variant, series=task.sent, workers=1, progress=task.say).sheet()


def _compare(task: Task) -> Sheet:
    from capexpand.api.case_studies import compare

    return compare([task.loaded(), *task.other_cases()], progress=task.say).sheet()


def _sweep(task: Task) -> Sheet:
    from capexpand.api.sweeping import sweep

    # its journal stands beside the folder, so an interrupted sweep goes on
    return sweep(
        task.case, task.variant, vary=task.order.vary, seed=task.order.seed, workers=1, out=task.folder,
        progress=task.say,
    ).sheet()  # fmt: skip


def _diff(task: Task) -> Sheet:
    from capexpand.api.questions import diff

    return diff(task.other_cases()[0], task.loaded(), progress=task.say).sheet()


def _why(task: Task) -> Sheet:
    from capexpand.api.questions import why

    return why(task.loaded(), task.order.asked, progress=task.say).sheet()


def _why_not(task: Task) -> Sheet:
    from capexpand.api.questions import why_not

    return why_not(task.loaded(), task.order.asked, progress=task.say).sheet()


def _frontier(task: Task) -> Sheet:
    from capexpand.api.questions import frontier

    order = task.order
    return frontier(
        task.loaded(), objectives=order.objectives, points=order.points, progress=task.say
    ).sheet()


def _evidence(task: Task) -> Sheet:
    from capexpand.api.evidencing import evidence

    return evidence(task.loaded(), workers=1, progress=task.say).sheet()


def _roll(task: Task) -> Sheet:
    from capexpand.api.questions import roll

    known = task.other_cases()
    rolled = roll(
        task.run or task.loaded(), actuals=task.sent, as_of=task.order.as_of,
        assumptions=known[0] if known else None, progress=task.say,
    )  # fmt: skip
    assert rolled is not None  # noqa: S101 - only a template returns none
    return rolled.sheet()


def _history(task: Task) -> Sheet:
    from capexpand.api.questions import history

    together = task.folder.parent / "chain"
    together.mkdir(exist_ok=True)
    for folder in task.chain:
        link = together / folder.name
        if not link.is_symlink():
            link.symlink_to(folder.absolute(), target_is_directory=True)
    return history(together, progress=task.say).sheet()


def _replay(task: Task) -> Sheet:
    from capexpand.api.replaying import replay

    assert task.sent is not None  # noqa: S101 - the order was checked
    order = task.order
    task.say("Replaying the trace")
    found = replay(
        task.run, trace=task.sent, quarter=order.quarter or None, workload=order.workload or None,
        model=order.model or None, slo=order.slo or None, load=order.load,
        leave_out_bad=order.leave_out_bad,
    )  # fmt: skip
    return replace(found.sheet(), title=f"{found.document['trace']} on the fleet of {order.case}")


_MAKERS: Mapping[Kind, Callable[[Task], Sheet]] = {
    "plan": _plan,
    "policy": _plan,
    "breakeven": _breakeven,
    "scenarios": _scenarios,
    "backtest": _backtest,
    "compare": _compare,
    "sweep": _sweep,
    "diff": _diff,
    "why": _why,
    "why-not": _why_not,
    "frontier": _frontier,
    "evidence": _evidence,
    "roll": _roll,
    "replay": _replay,
    "history": _history,
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


def summary_of(sheet: Sheet) -> JsonObject:
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
