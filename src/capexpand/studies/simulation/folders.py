"""Runs and shards of a simulation as folders, written whole or not at all; shards are joined into the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.errors import RunError
from capexpand.executing.versions import made_with
from capexpand.files import read_content
from capexpand.files.json_text import JsonObject
from capexpand.files.parquet import parquet_bytes
from capexpand.reporting.blocks import Answer, Fact
from capexpand.reporting.sheet import Sheet
from capexpand.runs.folder import FILE_LIMIT_BYTES, Content, Manifest, write_run
from capexpand.studies import shards
from capexpand.studies.shards import FoundShard, Shard
from capexpand.studies.simulation.sheet import ROWS, About
from capexpand.studies.simulation.simulating import Asked
from capexpand.wording import count, of_each

if TYPE_CHECKING:
    from polars import DataFrame


def about_of(asked: Asked) -> About:
    """Return what there is to say about a simulation beside its rows."""
    case = asked.subject.case
    return About(
        label=asked.subject.label,
        title=case.title,
        currency=case.currency,
        as_of=case.as_of.isoformat(),
        case_hash=case.provenance.content_hash,
        futures=asked.futures,
        seed=asked.seed,
        strategies=asked.strategies,
        name=asked.name,
    )


def write_shard(folder: Path, asked: Asked, shard: Shard, table: DataFrame) -> None:
    """Write the folder of a shard; an older run there is replaced.

    Args:
        folder: where it is to stand.
        asked: the whole simulation.
        shard: which part.
        table: of its futures.

    Raises:
        RunError: the folder cannot be written.
    """
    about = about_of(asked)
    said = {key: value for key, value in asdict(about).items() if key != "name"}
    write_run(
        folder,
        Content(
            {ROWS: parquet_bytes(table), **asked.subject.case.provenance.copies()},
            {
                "kind": WHOLE.kind,
                "made_with": made_with(),
                "shard": shard.number,
                "shards": shard.of,
                "simulation": about.name,
                "case": about.label,
                "case_hash": about.case_hash,
                "futures": table.height // len(about.strategies),
                "about": {**said, "strategies": list(about.strategies)},
            },
        ),
    )


def _said(manifest: Manifest) -> tuple[About, int]:
    """What the manifest of a shard says of its simulation, and how many futures the shard holds."""
    said: JsonObject = {**manifest["about"]}
    said["strategies"] = tuple(map(str, said["strategies"]))
    return About(**said, name=str(manifest["simulation"])), int(manifest["futures"])


WHOLE = shards.Whole(
    "simulation",
    ROWS,
    "is of another simulation of the case than {}; the policy, the number of futures or the seed differ",
    _said,
)


def joined(folders: Sequence[Path]) -> tuple[About, DataFrame, dict[str, bytes]]:
    """Read all shards of a simulation.

    Args:
        folders: one for each shard, in any order.

    Returns:
        What was simulated, all rows, and the files of the case's copy.

    Raises:
        RunError: a folder is no shard or was changed, shards are missing or doubled, or are of different
            cases, simulations or versions; with everything that is wrong.
    """
    found = shards.read_together(folders, WHOLE)
    about, _ = _said(found[0].about)
    table = shards.joined_rows(found)
    rows = [future for future in range(1, about.futures + 1) for _ in about.strategies]
    if sorted(table["future"].to_list()) != rows:
        raise RunError("the shards do not hold each future of the simulation once; make them again")
    first = found[0]
    files = {
        name: read_content(first.folder / name, FILE_LIMIT_BYTES)
        for name in first.about["files"]
        if name.startswith("case/")
    }
    return about, table, files


def shard_sheet(folder: Path) -> Sheet:
    """Return what a terminal shows of a shard that stands in its folder; only the merged run has a page."""
    found = FoundShard.read(folder, WHOLE)
    about, futures = _said(found.about)
    held = f"{of_each(futures, 'future', 'futures').capitalize()} of {count(about.futures)}."
    return Sheet(
        kind=WHOLE.kind,
        title=f"{about.title}: shard {found.shard.number} of {found.shard.of} of a simulation",
        facts=(Fact("Case", about.label), Fact("Money", about.currency)),
        answers=(Answer("What does it hold?", f"{held} capexpand merge joins all shards into the run."),),
        sections=(),
        document={
            "shard": found.shard.number,
            "shards": found.shard.of,
            "futures": futures,
            "futures_of_the_simulation": about.futures,
            "simulation": about.name,
            "made_with": dict(found.versions),
        },
        about={},
    )
