"""Runs and shards of a simulation as folders, written whole or not at all; shards are joined into the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.errors import RunError
from capexpand.files.json_text import JsonObject
from capexpand.files.parquet import parquet_bytes
from capexpand.reporting.blocks import Fact
from capexpand.runs.folder import Manifest
from capexpand.studies import shards
from capexpand.studies.shards import Described, Shard
from capexpand.studies.simulation.sheet import ROWS, About
from capexpand.studies.simulation.simulating import Asked

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
    shards.write_shard(
        folder,
        WHOLE,
        shard,
        about.name,
        files={ROWS: parquet_bytes(table), **asked.subject.case.provenance.copies()},
        about={
            "case": about.label,
            "case_hash": about.case_hash,
            "futures": table.height // len(about.strategies),
            "about": {**said, "strategies": list(about.strategies)},
        },
    )


def _said(manifest: Manifest) -> About:
    """What the manifest of a shard says of its simulation."""
    said: JsonObject = {**manifest["about"]}
    said["strategies"] = tuple(map(str, said["strategies"]))
    return About(**said, name=str(manifest["simulation"]))


def _described(manifest: Manifest) -> Described:
    about = _said(manifest)
    facts = (Fact("Case", about.label), Fact("Money", about.currency))
    return Described(about.title, facts, int(manifest["futures"]), about.futures)


WHOLE = shards.Whole(
    "simulation",
    "a simulation",
    ("future", "futures"),
    ROWS,
    "is of another simulation of the case than {}; the policy, the number of futures or the seed differ",
    _described,
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
    about = _said(found[0].about)
    table = shards.joined_rows(found)
    rows = [future for future in range(1, about.futures + 1) for _ in about.strategies]
    if sorted(table["future"].to_list()) != rows:
        raise RunError("the shards do not hold each future of the simulation once; make them again")
    return about, table, shards.copied_case(found[0])
