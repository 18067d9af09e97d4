"""``study``: cases, variants, dates and attitudes to risk from one manifest, planned and ranked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from capexpand.api.planning import Say, silent
from capexpand.api.shown import ShardInFolder, Shown
from capexpand.api.splitting import Split, asked_part, done, saved

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from polars import DataFrame

    from capexpand.reporting.sheet import Sheet


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
    from capexpand.studies.study import folders
    from capexpand.studies.study.manifest import read_study
    from capexpand.studies.study.running import plan_items
    from capexpand.studies.study.table import as_frame

    part, place = asked_part(shard, out)
    say = progress or silent
    say("Reading the cases")
    asked = read_study(Path(manifest))
    split = Split(
        folders.WHOLE,
        asked.name,
        asked.items,
        lambda items, journal, engine, say: as_frame(
            plan_items(asked, items, journal=journal, engine=engine, say=say)
        ),
        lambda table: folders.sheet_of(folders.about_of(asked), table, kept=place is not None),
        lambda folder, shard, table: folders.write_shard(folder, asked, shard, table),
    )
    table, sheet = done(split, part, place, workers=workers, on=on, say=say)
    if table is None and place is not None:
        return StudyShard(place, sheet)
    assert table is not None  # noqa: S101 - what is no shard has rows
    return Study(table, sheet)


def merged_study(folders: list[Path], *, out: Path | None, say: Say) -> Study:
    """Join the shards of a study into its run.

    Args:
        folders: of all shards, in any order.
        out: folder of the run; none is written if None.
        say: sees how far it is.

    Raises:
        RunError: the shards do not fit together, or the run cannot be written.
    """
    from capexpand.studies.study.folders import joined, sheet_of

    about, table = joined(folders)
    return Study(table, saved(sheet_of(about, table, kept=out is not None), out, say))
