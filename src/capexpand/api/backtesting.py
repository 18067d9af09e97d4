"""``backtest``: plans and forecasts with what was known on a day, held against what was then reported."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from capexpand.api.planning import Say, silent
from capexpand.api.questions import Questioned
from capexpand.api.shown import ShardInFolder, Shown
from capexpand.api.splitting import Split, asked_part, done, saved

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from polars import DataFrame

    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.backtest.backtest import Backtest
    from capexpand.studies.backtest.forecast import Settings


@dataclass(frozen=True, slots=True, repr=False)
class Backtests(Shown):
    """Several cases backtested.

    Args:
        table: every forecast of all cases with what was reported.
        shown: the sheet of it.
    """

    table: DataFrame
    shown: Sheet

    def __repr__(self) -> str:
        return f"<Backtests of {len(self.document['cases'])} cases>"


class BacktestShard(ShardInFolder):
    """One part of several backtests, which stands in ``folder``; ``merge`` joins all of them."""


@overload
def backtest(
    case: Path | str, variant: str | None = None, out: Path | str | None = None,
    series: Path | str | None = None, *, scenarios: int = 512, seed: int = 2, workers: int = 2,
    on: str | Executor | None = None, shard: None = None, progress: Say | None = None,
) -> Questioned[Backtest]: ...  # fmt: skip


@overload
def backtest(
    case: Sequence[Path | str], variant: str | None = None, out: Path | str | None = None,
    series: Path | str | None = None, *, scenarios: int = 512, seed: int = 2, workers: int = 2,
    on: str | Executor | None = None, shard: str | None = None, progress: Say | None = None,
) -> Questioned[Backtest] | Backtests | BacktestShard: ...  # fmt: skip


def backtest(
    case: Path | str | Sequence[Path | str],
    variant: str | None = None,
    out: Path | str | None = None,
    series: Path | str | None = None,
    *,
    scenarios: int = 512,
    seed: int = 2,
    workers: int = 2,
    on: str | Executor | None = None,
    shard: str | None = None,
    progress: Say | None = None,
) -> Questioned[Backtest] | Backtests | BacktestShard:
    """Plan cases with what was known on their day and hold them against what was then reported.

    Of several cases each is backtested on its own, and one that cannot be is left out with its reason. The
    result is a table of all.

    Args:
        case: a case file, or a folder that holds ``case.yaml``; or several of these or of CASE:VARIANT.
        variant: to apply; the case as it stands if None, or its variant ``strict`` where it has hindsight.
        out: folder of the run; nothing is written where it is None. Of several cases a journal beside it
            keeps what is done, so that interrupted backtests go on.
        series: a CSV file with the companies' figures, in place of their reports in the catalogue.
        scenarios: behind the plan's intervals.
        seed: of all random numbers.
        workers: processes, for the forecasts of spending of one case or each with cases of its own; the
            result is the same for any number.
        on: where they are made: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        shard: backtest one part of the cases only, such as ``3/40``, and write its folder ``out``; ``merge``
            joins the parts.
        progress: sees how far it is.

    Returns:
        The backtest of one case, those of several, or with ``shard`` that part of them.

    Raises:
        CaseError: the case is wrong or rests on later evidence, or nothing was reported that it could be
            held to; of several, two have one name; or the shard is wrong.
        InfeasibleError: no plan satisfies the one case as of some day.
        SolverError: a program could not be solved, or a worker was lost and nobody else could do its work.
        RunError: the folder cannot be written, another process is writing it, or no cluster answers.
    """
    from capexpand.studies.backtest.forecast import Settings

    part, place = asked_part(shard, out)
    cases = [case] if isinstance(case, str | Path) else list(case)
    settings, say = Settings(scenarios=scenarios, seed=seed), progress or silent
    if part is None and len(cases) == 1:
        return _one(cases[0], variant, place, series, settings=settings, workers=workers, on=on, say=say)
    from capexpand.studies.backtest import many, many_folders

    asked = many.ask(cases, variant, series, settings)
    split = Split(
        many_folders.WHOLE,
        asked.name,
        asked.items,
        lambda items, journal, engine, say: many.backtest_items(
            asked, items, journal=journal, engine=engine, say=say
        ),
        lambda rows: many_folders.many_sheet(asked.name, rows),
        lambda folder, shard, rows: many_folders.write_shard(folder, asked, shard, rows),
    )
    rows, sheet = done(split, part, place, workers=workers, on=on, say=say)
    if rows is None and place is not None:
        return BacktestShard(place, sheet)
    assert rows is not None  # noqa: S101 - what is no shard has rows
    return Backtests(many.scored_table(rows), sheet)


def _one(
    case: Path | str, variant: str | None, place: Path | None, series: Path | str | None, *,
    settings: Settings, workers: int, on: str | Executor | None, say: Say,
) -> Questioned[Backtest]:  # fmt: skip
    """Backtest one case, and write its run."""
    from capexpand.runs.folder import hold_place
    from capexpand.studies.backtest.backtest import backtest as hold
    from capexpand.studies.backtest.sheet import backtest_sheet

    path, named = _named(case)
    with nullcontext() if place is None else hold_place(place):
        found = hold(
            path, named or variant, series=series, settings=settings, workers=workers, on=on, progress=say
        )
        sheet = backtest_sheet(found)
        if place is not None:
            say("Writing the report")
            sheet.save(place)
    return Questioned(found, sheet)


def _named(case: Path | str) -> tuple[Path | str, str | None]:
    """A case and the variant that it names itself."""
    from capexpand.studies.subjects import path_and_variant

    path, named = path_and_variant(str(case))
    return (case, None) if named is None else (path, named)


def merged_backtests(folders: list[Path], *, out: Path | None, say: Say) -> Backtests:
    """Join the shards of several backtests into their run.

    Args:
        folders: of all shards, in any order.
        out: folder of the run; none is written if None.
        say: sees how far it is.

    Raises:
        RunError: the shards do not fit together, or the run cannot be written.
    """
    from capexpand.studies.backtest import many, many_folders

    name, rows = many_folders.joined(folders)
    return Backtests(many.scored_table(rows), saved(many_folders.many_sheet(name, rows), out, say))
