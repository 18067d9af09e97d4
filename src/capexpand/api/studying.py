"""``study``: cases, variants, dates and attitudes to risk from one manifest, planned and ranked."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from capexpand.api.planning import Say, silent
from capexpand.api.shown import ShardInFolder, Shown

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from polars import DataFrame

    from capexpand.executing.engine import Engine
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.shards import Shard
    from capexpand.studies.study.manifest import Study as Manifest


@dataclass(frozen=True, slots=True, repr=False)
class Study(Shown):
    """Every plan of a study in one table, ranked.

    Args:
        table: a row for each item; money is in plain units of the study's currency.
        shown: the sheet of it.
    """

    table: DataFrame
    shown: Sheet

    def __repr__(self) -> str:
        done, items = self.document["planned"], self.document["items"]
        return f"<Study {self.document['title']!r}: {done} of {items} plans>"


class StudyShard(ShardInFolder):
    """One part of a study, which stands in ``folder``; ``merge`` joins all of them."""


@overload
def study(
    manifest: Path | str, *, workers: int = 2, on: str | Executor | None = None, shard: None = None,
    out: Path | str | None = None, progress: Say | None = None,
) -> Study: ...  # fmt: skip


@overload
def study(
    manifest: Path | str, *, workers: int = 2, on: str | Executor | None = None, shard: str | None,
    out: Path | str | None = None, progress: Say | None = None,
) -> Study | StudyShard: ...  # fmt: skip


def study(
    manifest: Path | str,
    *,
    workers: int = 2,
    on: str | Executor | None = None,
    shard: str | None = None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Study | StudyShard:
    """Plan cases × variants × dates × attitudes to risk from one manifest, and rank them in one table.

    Args:
        manifest: a YAML file that lists ``cases`` and, if wanted, ``variants``, ``dates`` and ``risks``.
        workers: processes; the result is the same for any number.
        on: where the items are planned: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        shard: plan one part only, such as ``3/40``, and write its folder ``out``; ``merge`` joins the parts.
        out: folder of the run; beside it a journal keeps what is planned, so that an interrupted study goes
            on.
        progress: sees how far it is.

    Returns:
        The study; with ``shard`` that part of it.

    Raises:
        CaseError: the manifest, a case, the shard or the place where it is to run is wrong.
        SolverError: a worker was lost, and nobody else could do its work.
        RunError: the folder cannot be written, another process is writing it, or no cluster answers.
    """
    from capexpand.errors import CaseError, Problem
    from capexpand.executing.choosing import engine_on
    from capexpand.runs.folder import hold_place
    from capexpand.studies.shards import read_shard
    from capexpand.studies.study.manifest import read_study

    part = None if shard is None else read_shard(shard)
    place = None if out is None else Path(out)
    if part is not None and place is None:
        raise CaseError([Problem("--shard: a shard is a folder; name it with --out")])
    say = progress or silent
    say("Reading the cases")
    asked = read_study(Path(manifest))
    with (
        nullcontext() if place is None else hold_place(place),
        engine_on(on, workers=workers) as engine,
    ):
        if part is not None and place is not None:
            return _planned_shard(asked, part, engine=engine, place=place, say=say)
        return _planned(asked, engine=engine, place=place, say=say)


def _planned(asked: Manifest, *, engine: Engine, place: Path | None, say: Say) -> Study:
    """Plan all items, and write the run."""
    from capexpand.studies.study.folders import about_of, sheet_of
    from capexpand.studies.study.running import journal_file, plan_items
    from capexpand.studies.study.table import as_frame
    from capexpand.studies.sweep.journal import Journal

    with Journal(journal_file(place), asked.name) as journal:
        table = as_frame(plan_items(asked, asked.items, journal=journal, engine=engine, say=say))
        say("Writing the report")
        sheet = sheet_of(about_of(asked), table, kept=place is not None)
        if place is not None:
            sheet.save(place)
    return Study(table, sheet)


def _planned_shard(asked: Manifest, part: Shard, *, engine: Engine, place: Path, say: Say) -> StudyShard:
    """Plan a shard and write its folder; one that stands there already is left as it is."""
    from capexpand.studies.study.folders import shard_sheet, stands_already, write_shard
    from capexpand.studies.study.running import journal_file, plan_items
    from capexpand.studies.sweep.journal import Journal

    if not stands_already(place, asked, part):
        own = asked.items[part.stretch(len(asked.items))]
        with Journal(journal_file(place), f"{asked.name} {part}") as journal:
            write_shard(place, asked, part, plan_items(asked, own, journal=journal, engine=engine, say=say))
    return StudyShard(place, shard_sheet(place))


def merged_study(folders: list[Path], *, out: Path | None, say: Say) -> Study:
    """Join the shards of a study into its run.

    Args:
        folders: of all shards, in any order.
        out: folder of the run; none is written if None.
        say: sees how far it is.

    Raises:
        RunError: the shards do not fit together, or the run cannot be written.
    """
    from capexpand.runs.folder import hold_place
    from capexpand.studies.study.folders import joined, sheet_of

    about, table = joined(folders)
    say("Writing the report")
    with nullcontext() if out is None else hold_place(out):
        sheet = sheet_of(about, table, kept=out is not None)
        if out is not None:
            sheet.save(out)
    return Study(table, sheet)
