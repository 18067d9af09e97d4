"""Work that is split: all of it becomes a run, a part of it the folder of a shard, and shards are merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from capexpand.errors import CaseError, Problem

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from polars import DataFrame

    from capexpand.api.planning import Say
    from capexpand.executing.engine import Engine
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.shards import Shard, Whole
    from capexpand.studies.sweep.journal import Journal

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Split(Generic[Part]):
    """Work of many parts that are done apart, and what becomes of them.

    Args:
        whole: what shards are parts of.
        name: fingerprint of all on which the result depends.
        parts: in the order of the table.
        do: does some parts; gives their rows.
        sheet: of the rows of all parts.
        write_shard: writes the folder of a shard with its rows.
    """

    whole: Whole
    name: str
    parts: Sequence[Part]
    do: Callable[[Sequence[Part], Journal, Engine, Say], DataFrame]
    sheet: Callable[[DataFrame], Sheet]
    write_shard: Callable[[Path, Shard, DataFrame], None]


def asked_part(shard: str | None, out: Path | str | None) -> tuple[Shard | None, Path | None]:
    """Return which shard is asked for, if any, and where what is made is to stand.

    Raises:
        CaseError: the shard is none, or is to stand nowhere.
    """
    from capexpand.studies.shards import read_shard

    part = None if shard is None else read_shard(shard)
    if part is not None and out is None:
        raise CaseError([Problem("--shard: a shard is a folder; name it with --out")])
    return part, None if out is None else Path(out)


def done(
    split: Split[Part],
    part: Shard | None,
    place: Path | None,
    *,
    workers: int,
    on: str | Executor | None,
    say: Say,
) -> tuple[DataFrame | None, Sheet]:
    """Do all parts and write the run, or those of a shard and write its folder.

    A shard that stands there already is left as it is. Beside the folder a journal keeps what is done.

    Returns:
        The rows, None of a shard, and the sheet.

    Raises:
        CaseError: there is no such engine.
        SolverError: a worker was lost, and nobody else could do its work.
        RunError: the folder cannot be written, another process is writing it, or no cluster answers.
    """
    from capexpand.executing.choosing import engine_on
    from capexpand.runs.folder import hold_place
    from capexpand.studies.shards import shard_sheet, stands_already
    from capexpand.studies.sweep.journal import Journal

    file = None if place is None else place.absolute().parent / f".{place.name}.{split.whole.name}"
    with (
        nullcontext() if place is None else hold_place(place),
        engine_on(on, workers=workers) as engine,
    ):
        if part is not None and place is not None:
            if not stands_already(place, split.whole, split.name, part):
                own = split.parts[part.stretch(len(split.parts))]
                with Journal(file, f"{split.name} {part}") as journal:
                    split.write_shard(place, part, split.do(own, journal, engine, say))
            return None, shard_sheet(place, split.whole)
        with Journal(file, split.name) as journal:
            rows = split.do(split.parts, journal, engine, say)
            say("Writing the report")
            sheet = split.sheet(rows)
            if place is not None:
                sheet.save(place)
    return rows, sheet


def saved(sheet: Sheet, out: Path | None, say: Say) -> Sheet:
    """Write the run of merged shards where one is wanted, and return its sheet.

    Raises:
        RunError: the folder cannot be written, or another process is writing it.
    """
    from capexpand.runs.folder import hold_place

    say("Writing the report")
    if out is not None:
        with hold_place(out):
            sheet.save(out)
    return sheet
