"""Runs and shards of a study as folders, written whole or not at all; shards are joined into the run."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capexpand.errors import RunError
from capexpand.executing.versions import difference, made_with
from capexpand.files import read_content
from capexpand.reporting.blocks import Answer, Fact
from capexpand.reporting.sheet import Sheet
from capexpand.runs.folder import FILE_LIMIT_BYTES, MANIFEST, Content, read_manifest, write_run
from capexpand.studies.study.manifest import Study
from capexpand.studies.study.planning import Row
from capexpand.studies.study.sheet import About, study_sheet
from capexpand.studies.study.table import as_frame, parquet, partitions
from capexpand.studies.sweep.shard_folders import check_together
from capexpand.studies.sweep.shards import Shard
from capexpand.wording import count, of_each

if TYPE_CHECKING:
    from polars import DataFrame

KIND = "study shard"
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
        about: what was asked for.
        table: all rows.
        kept: whether it is to be saved, so that the table belongs to its files.
    """
    return study_sheet(about, table.lazy(), partitions(table) if kept else None)


def write_shard(folder: Path, study: Study, shard: Shard, rows: Sequence[Row]) -> None:
    """Write the folder of a shard; an older run there is replaced.

    Args:
        folder: where it is to stand.
        study: of which it is a part.
        shard: which part.
        rows: of its items.

    Raises:
        RunError: the folder cannot be written.
    """
    about = about_of(study)
    write_run(
        folder,
        Content(
            {ROWS: parquet(as_frame(rows))},
            {
                "kind": KIND,
                "made_with": made_with(),
                "shard": shard.number,
                "shards": shard.of,
                "study": study.name,
                "items": len(rows),
                "about": {
                    "title": about.title,
                    "currency": about.currency,
                    "items": about.items,
                    "seed": about.seed,
                    "scenarios": about.scenarios,
                    "iterations": about.iterations,
                    "cases": [dict(case) for case in about.cases],
                    "rates": list(about.rates),
                },
            },
        ),
    )


@dataclass(frozen=True, slots=True)
class FoundShard:
    """The manifest of a shard, read.

    Args:
        folder: of it.
        shard: which it is.
        versions: with which it was made.
        about: its study.
        items: number of its rows.
    """

    folder: Path
    shard: Shard
    versions: Mapping[str, str]
    about: About
    items: int

    @classmethod
    def read(cls, folder: Path) -> FoundShard:
        """Read the manifest of a folder.

        Raises:
            RunError: it is no shard of a study, or was changed.
        """
        manifest = read_manifest(folder)
        kind = manifest.get("kind", "plan")
        if kind != KIND:
            raise RunError(f"{folder}: is the run of a {kind}, no shard of a study; name folders of --shard")
        try:
            said: dict[str, Any] = {**manifest["about"]}
            said["cases"] = tuple({str(k): str(v) for k, v in case.items()} for case in said["cases"])
            said["rates"] = tuple(map(str, said["rates"]))
            found = cls(
                folder,
                Shard(int(manifest["shard"]), int(manifest["shards"])),
                {str(key): str(value) for key, value in manifest["made_with"].items()},
                About(**said, name=str(manifest["study"])),
                int(manifest["items"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise RunError(f"{folder}: {MANIFEST} does not describe a shard; make the shard again") from None
        if ROWS not in manifest["files"]:
            raise RunError(f"{folder}: {MANIFEST} does not describe a shard; make the shard again")
        return found

    def strangeness(self, first: FoundShard) -> str | None:
        """Say why this shard cannot be joined with the first; None where it can."""
        versions = difference(self.versions, first.versions)
        if versions is not None:
            return f"was made with {versions} as {first.folder}; make both with one version"
        if self.about.name != first.about.name:
            return f"is of another study than {first.folder}; cases, variants, dates or settings differ"
        if self.shard.of != first.shard.of:
            return f"is one of {self.shard.of} shards, {first.folder} one of {first.shard.of}"
        return None


def stands_already(folder: Path, study: Study, shard: Shard) -> bool:
    """Return whether a shard stands in its folder as it is to be made."""
    if not (folder / MANIFEST).is_file():
        return False
    try:
        found = FoundShard.read(folder)
    except RunError:
        return False
    return (found.about.name, found.shard) == (study.name, shard) and found.versions == made_with()


def joined(folders: Sequence[Path]) -> tuple[About, DataFrame]:
    """Read all shards of a study.

    Args:
        folders: one for each shard, in any order.

    Raises:
        RunError: a folder is no shard or was changed, shards are missing or doubled, or are of different
            studies or versions; with everything that is wrong.
    """
    import polars as pl

    found = [FoundShard.read(folder) for folder in folders]
    first = found[0]
    strange = [f"{one.folder}: {why}" for one in found[1:] if (why := one.strangeness(first)) is not None]
    check_together([(one.folder, one.shard) for one in found], strange, versions=first.versions)
    frames = [
        pl.read_parquet(io.BytesIO(read_content(one.folder / ROWS, FILE_LIMIT_BYTES)))
        for one in sorted(found, key=lambda each: each.shard)
    ]
    table = pl.concat(frames).sort("item").rechunk()
    if table["item"].to_list() != list(range(1, first.about.items + 1)):
        raise RunError("the shards do not hold each item of the study once; make them again")
    return first.about, table


def shard_sheet(folder: Path) -> Sheet:
    """Return what a terminal shows of a shard that stands in its folder; only the merged run has a page."""
    found = FoundShard.read(folder)
    about = found.about
    held = f"{of_each(found.items, 'item', 'items').capitalize()} of {count(about.items)}."
    return Sheet(
        kind=KIND,
        title=f"{about.title}: shard {found.shard.number} of {found.shard.of} of a study",
        facts=(Fact("Cases", count(len(about.cases))), Fact("Money", about.currency)),
        answers=(Answer("What does it hold?", f"{held} capexpand merge joins all shards into the run."),),
        sections=(),
        document={
            "shard": found.shard.number,
            "shards": found.shard.of,
            "items": found.items,
            "items_of_the_study": about.items,
            "study": about.name,
            "made_with": dict(found.versions),
        },
        about={},
    )
