"""Runs and shards of a study as folders, written whole or not at all; shards are joined into the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.errors import RunError
from capexpand.files.json_text import JsonObject
from capexpand.files.parquet import parquet_bytes
from capexpand.reporting.blocks import Fact
from capexpand.reporting.sheet import Sheet
from capexpand.runs.folder import Manifest
from capexpand.studies import shards
from capexpand.studies.shards import Described, Shard
from capexpand.studies.study.manifest import Study
from capexpand.studies.study.sheet import About, study_sheet
from capexpand.studies.study.table import partitions
from capexpand.wording import count

if TYPE_CHECKING:
    from polars import DataFrame

ROWS = "rows.parquet"


def about_of(study: Study) -> About:
    """Return what there is to say about a study beside its rows."""
    cases = tuple(
        {"case": one.label, "title": one.title, "as_of": one.as_of.isoformat(), "hash": one.content_hash}
        for one in study.cases
    )
    return About(
        title=study.title,
        currency=study.currency,
        items=len(study.items),
        seed=study.seed,
        scenarios=study.scenarios,
        iterations=study.iterations,
        cases=cases,
        rates=study.rates,
        name=study.name,
    )


def sheet_of(about: About, table: DataFrame, *, kept: bool) -> Sheet:
    """Return the sheet of a study.

    Args:
        kept: whether it is to be saved, so that the table belongs to its files.
    """
    return study_sheet(about, table.lazy(), partitions(table) if kept else None)


def write_shard(folder: Path, study: Study, shard: Shard, table: DataFrame) -> None:
    """Write the folder of a shard; an older run there is replaced.

    Args:
        folder: where it is to stand.
        study: of which it is a part.
        shard: which part.
        table: of its items.

    Raises:
        RunError: the folder cannot be written.
    """
    about = about_of(study)
    said: JsonObject = {
        "title": about.title,
        "currency": about.currency,
        "items": about.items,
        "seed": about.seed,
        "scenarios": about.scenarios,
        "iterations": about.iterations,
        "cases": [dict(case) for case in about.cases],
        "rates": list(about.rates),
    }
    files = {ROWS: parquet_bytes(table)}
    shards.write_shard(
        folder, WHOLE, shard, study.name, files=files, about={"items": table.height, "about": said}
    )


def _said(manifest: Manifest) -> About:
    """What the manifest of a shard says of its study."""
    said: JsonObject = {**manifest["about"]}
    said["cases"] = tuple({str(k): str(v) for k, v in case.items()} for case in said["cases"])
    said["rates"] = tuple(map(str, said["rates"]))
    return About(**said, name=str(manifest["study"]))


def _described(manifest: Manifest) -> Described:
    about = _said(manifest)
    facts = (Fact("Cases", count(len(about.cases))), Fact("Money", about.currency))
    return Described(about.title, facts, int(manifest["items"]), about.items)


WHOLE = shards.Whole(
    "study",
    "a study",
    ("item", "items"),
    ROWS,
    "is of another study than {}; cases, variants, dates or settings differ",
    _described,
)


def joined(folders: Sequence[Path]) -> tuple[About, DataFrame]:
    """Read all shards of a study.

    Args:
        folders: one for each shard, in any order.

    Raises:
        RunError: a folder is no shard or was changed, shards are missing or doubled, or are of different
            studies or versions; with everything that is wrong.
    """
    found = shards.read_together(folders, WHOLE)
    about = _said(found[0].about)
    table = shards.joined_rows(found).sort("item").rechunk()
    if table["item"].to_list() != list(range(1, about.items + 1)):
        raise RunError("the shards do not hold each item of the study once; make them again")
    return about, table
