"""Shards: equal parts of a sweep, study or the like, each in a folder of its own until they are joined."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.errors import CaseError, Problem, RunError
from capexpand.executing.versions import difference, made_with
from capexpand.files import read_content
from capexpand.files.json_text import JsonObject
from capexpand.files.parquet import ParquetError, read_parquet
from capexpand.reporting.blocks import Answer, Fact
from capexpand.reporting.sheet import Sheet
from capexpand.runs.folder import FILE_LIMIT_BYTES, MANIFEST, Content, Manifest, read_manifest, write_run
from capexpand.wording import count, listing, of_each

if TYPE_CHECKING:
    from polars import DataFrame

MOST_SHARDS = 100_000
COPY = "case"
"""Folder of the copy of a case in a shard."""
_NAMED = 8
"""Missing shards that are named one by one."""
_WRITTEN = re.compile(r"\s*(\d{1,7})\s*/\s*(\d{1,7})\s*")


@dataclass(frozen=True, slots=True)
class Described:
    """What the manifest of a shard says of it, for the terminal.

    Args:
        subject: title of the case or the study; none where the whole has many.
        facts: of the whole.
        held: parts that it holds.
        of: parts of the whole.
        more: entries of the document besides.
    """

    subject: str
    facts: tuple[Fact, ...]
    held: int
    of: int
    more: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Whole:
    """What shards are parts of.

    Args:
        name: in a word, as the manifest of a shard has it.
        title: in a sentence, such as "a sweep".
        units: what it consists of: one of them, and several.
        holds: a file that each shard has.
        differing: what tells a shard of another whole, in words; ``{}`` is the folder of the first.
        describe: reads the manifest of a shard; raises the errors of a look-up where it lacks something.
    """

    name: str
    title: str
    units: tuple[str, str]
    holds: str
    differing: str
    describe: Callable[[Manifest], Described]

    @property
    def kind(self) -> str:
        """The kind that the manifest of a shard names."""
        return f"{self.name} shard"


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One of the equal parts of a sweep, a study or a simulation.

    Args:
        number: from 1.
        of: how many there are.
    """

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def stretch(self, count: int) -> slice:
        """Return its part of so many things in order."""
        return slice(count * (self.number - 1) // self.of, count * self.number // self.of)


def read_shard(written: str) -> Shard:
    """Return the shard that a text such as ``3/40`` names.

    Raises:
        CaseError: it names none.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise CaseError([Problem(f"--shard: '{written}' is no shard; write NUMBER/SHARDS, as 3/40")])
    number, of = int(found[1]), int(found[2])
    if not 1 <= of <= MOST_SHARDS:
        raise CaseError([Problem(f"--shard: there are 1 to {MOST_SHARDS:,} shards, not {of:,}")])
    if not 1 <= number <= of:
        raise CaseError(
            [Problem(f"--shard: there is no shard {number} of {of}; they are numbered 1 to {of}")]
        )
    return Shard(number, of)


@dataclass(frozen=True, slots=True)
class FoundShard:
    """A shard that stands in its folder.

    Args:
        folder: of it.
        shard: which it is.
        whole: what it is a part of.
        name: fingerprint of the whole.
        versions: with which it was made.
        about: the rest of its manifest.
    """

    folder: Path
    shard: Shard
    whole: Whole
    name: str
    versions: Mapping[str, str]
    about: Manifest

    @classmethod
    def read(cls, folder: Path, whole: Whole) -> FoundShard:
        """Read the manifest of a folder.

        Raises:
            RunError: it is no such shard, or was changed.
        """
        manifest = read_manifest(folder)
        kind = manifest.get("kind", "plan")
        if kind != whole.kind:
            raise RunError(
                f"{folder}: is the run of a {kind}, no shard of a {whole.name}; name folders of --shard"
            )
        try:
            found = cls(
                folder,
                Shard(int(manifest["shard"]), int(manifest["shards"])),
                whole,
                str(manifest[whole.name]),
                {str(key): str(value) for key, value in manifest["made_with"].items()},
                manifest,
            )
            whole.describe(manifest)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise found_damaged(folder) from None
        if whole.holds not in manifest["files"]:
            raise found_damaged(folder)
        return found

    def strangeness(self, first: FoundShard) -> str | None:
        """Say why this shard cannot be joined with the first; None where it can."""
        versions = difference(self.versions, first.versions)
        if versions is not None:
            return f"was made with {versions} as {first.folder}; make both with one version"
        if self.about.get("case_hash") != first.about.get("case_hash"):
            cases = f"{self.about.get('case')}, {first.about.get('case')}"
            return f"is of another case than {first.folder} ({cases})"
        if self.name != first.name:
            return self.whole.differing.format(first.folder)
        if self.shard.of != first.shard.of:
            return f"is one of {self.shard.of} shards, {first.folder} one of {first.shard.of}"
        return None


def found_damaged(folder: Path) -> RunError:
    """Return the error for a manifest that says too little."""
    return RunError(f"{folder}: {MANIFEST} does not describe a shard; make the shard again")


def write_shard(
    folder: Path, whole: Whole, shard: Shard, name: str, *, files: Mapping[str, bytes], about: JsonObject
) -> None:
    """Write the folder of a shard; an older run there is replaced.

    Args:
        folder: where it is to stand.
        shard: which part.
        name: fingerprint of the whole.
        files: by name; that which each shard of the whole holds, and others.
        about: the rest of the manifest.

    Raises:
        RunError: the folder cannot be written.
    """
    manifest = {
        "kind": whole.kind, "made_with": made_with(), "shard": shard.number, "shards": shard.of,
        whole.name: name,
    }  # fmt: skip
    write_run(folder, Content(files, manifest | about))


def shard_sheet(folder: Path, whole: Whole) -> Sheet:
    """Return what a terminal shows of a shard that stands in its folder; only the merged run has a page.

    Raises:
        RunError: it is no such shard, or was changed.
    """
    found = FoundShard.read(folder, whole)
    described = whole.describe(found.about)
    title = f"shard {found.shard.number} of {found.shard.of} of {whole.title}"
    held = f"{of_each(described.held, *whole.units).capitalize()} of {count(described.of)}."
    parts = whole.units[1]
    return Sheet(
        kind=whole.kind,
        title=f"{described.subject}: {title}" if described.subject else title.capitalize(),
        facts=described.facts,
        answers=(Answer("What does it hold?", f"{held} capexpand merge joins all shards into the run."),),
        sections=(),
        document={
            "shard": found.shard.number,
            "shards": found.shard.of,
            parts: described.held,
            f"{parts}_of_the_{whole.title.removeprefix('a ')}": described.of,
            whole.name: found.name,
            **described.more,
            "made_with": dict(found.versions),
        },
        about={},
    )


def stands_already(folder: Path, whole: Whole, name: str, shard: Shard) -> bool:
    """Return whether a shard stands in its folder as it is to be made.

    Args:
        name: fingerprint of the whole.
    """
    if not (folder / MANIFEST).is_file():
        return False
    try:
        found = FoundShard.read(folder, whole)
    except RunError:
        return False
    return (found.name, found.shard) == (name, shard) and found.versions == made_with()


def read_together(folders: Sequence[Path], whole: Whole) -> list[FoundShard]:
    """Read all shards of a whole, and return them in order.

    Args:
        folders: one for each shard, in any order.

    Raises:
        RunError: a folder is no such shard or was changed, shards are missing or doubled, of different
            wholes, or of another version than runs here; with everything that is wrong.
    """
    if not folders:
        raise RunError("nothing to merge; name the folders of the shards")
    found = [FoundShard.read(folder, whole) for folder in folders]
    first = found[0]
    problems = [f"{one.folder}: {why}" for one in found[1:] if (why := one.strangeness(first)) is not None]
    if not problems:  # of strange folders nothing else is said
        problems = [*_doubled(found), *_missing(found)]
        ours = difference(first.versions, made_with())
        if ours is not None:
            problems.append(f"{first.folder}: was made with {ours}, which runs here")
    if problems:
        raise RunError("\n".join(problems))
    return sorted(found, key=lambda each: each.shard)


def copied_case(found: FoundShard) -> dict[str, bytes]:
    """Return the files of the copy of the case that a shard holds, by name.

    Raises:
        RunError: a file cannot be read.
    """
    return {
        name: read_content(found.folder / name, FILE_LIMIT_BYTES)
        for name in found.about["files"]
        if name.startswith(f"{COPY}/")
    }


def joined_rows(found: Sequence[FoundShard]) -> DataFrame:
    """Return the rows of all shards of a whole whose shards each hold a Parquet table.

    Args:
        found: from ``read_together``.

    Raises:
        RunError: a table is damaged.
    """
    import polars as pl

    frames: list[DataFrame] = []
    for one in found:
        try:
            frames.append(read_parquet(read_content(one.folder / one.whole.holds, FILE_LIMIT_BYTES)))
        except (ParquetError, OSError):
            raise found_damaged(one.folder) from None
    try:
        return pl.concat(frames)
    except pl.exceptions.PolarsError:  # with other columns
        raise found_damaged(found[0].folder) from None


def _doubled(found: Sequence[FoundShard]) -> list[str]:
    """A sentence for each shard that is named more than once."""
    by_shard: dict[Shard, list[Path]] = defaultdict(list)
    for one in found:
        by_shard[one.shard].append(one.folder)
    return [
        f"shard {shard} is named {len(places)} times, as {listing([str(place) for place in places])}"
        for shard, places in sorted(by_shard.items())
        if len(places) > 1
    ]


def _missing(found: Sequence[FoundShard]) -> list[str]:
    """A sentence about the shards that are missing, if any."""
    of = found[0].shard.of
    there = {one.shard.number for one in found}
    missing = [number for number in range(1, of + 1) if number not in there]
    if not missing:
        return []
    named = [str(number) for number in missing[:_NAMED]]
    more = len(missing) - len(named)
    words = listing([*named, *([f"{more:,} more"] if more else [])])
    one = len(missing) == 1
    verb, them, more_so = ("is", "it", "") if one else ("are", "them", " and so on")
    told = f"shard{'' if one else 's'} {words} of {of} {verb} missing"
    return [f"{told}; make {them} with --shard {missing[0]}/{of}{more_so}"]
