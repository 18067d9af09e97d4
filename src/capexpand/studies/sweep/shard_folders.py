"""Shards of a sweep as folders: written whole or not at all, and joined once all of them are there."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capexpand.errors import RunError
from capexpand.executing.versions import difference, made_with
from capexpand.files import read_content
from capexpand.runs.folder import FILE_LIMIT_BYTES, MANIFEST, Content, Manifest, read_manifest, write_run
from capexpand.studies.sweep.axes import Box, Point
from capexpand.studies.sweep.journal import Record, packed, read_records
from capexpand.studies.sweep.outcomes import as_record
from capexpand.studies.sweep.shards import PlannedShard, Shard
from capexpand.wording import listing

KIND = "sweep shard"
POINTS = "points.cxs"
COPY = "case"
_NAMED = 8
"""Missing shards that are named one by one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sweep was asked for, as its command has it.

    Args:
        variant: applied before all axes.
        vary: the axes as written.
        design: by name.
        points: most of them; None for the usual number.
        seed: of the random numbers.
        bracket: how far bounds may be apart [%].
        add: most points that may be added for it.
    """

    variant: str | None
    vary: tuple[str, ...]
    design: str
    points: int | None
    seed: int
    bracket: float | None
    add: int


@dataclass(frozen=True, slots=True)
class Shards:
    """All shards of one sweep.

    Args:
        name: fingerprint of the sweep.
        asked: what it was asked for.
        case_file: in a copy of the case.
        files: of this copy, by name.
        records: of all points.
    """

    name: str
    asked: Asked
    case_file: str
    files: Mapping[str, bytes]
    records: tuple[Record, ...]


def write_shard(folder: Path, planned: PlannedShard, asked: Asked) -> None:
    """Write the folder of a shard; an older run there is replaced.

    Args:
        folder: where it is to stand.
        asked: what its sweep was asked for.

    Raises:
        RunError: the folder cannot be written.
    """
    origin = planned.box.case.provenance
    copies, case_file = _copies(planned.box)
    data = b"".join(
        packed(as_record(place, planned.points[place], outcome))
        for place, outcome in planned.outcomes.items()
    )
    about: dict[str, Any] = {
        "kind": KIND,
        "made_with": made_with(),
        "shard": planned.shard.number,
        "shards": planned.shard.of,
        "sweep": planned.name,
        "points": len(planned.outcomes),
        "points_of_the_sweep": len(planned.points),
        "case": origin.path.absolute().parent.name,
        "case_file": case_file,
        "case_hash": origin.content_hash,
        "asked": {
            "variant": asked.variant,
            "vary": list(asked.vary),
            "design": asked.design,
            "points": asked.points,
            "seed": asked.seed,
            "bracket": asked.bracket,
            "add": asked.add,
        },
    }
    write_run(folder, Content({POINTS: data, **copies}, about))


def _copies(box: Box) -> tuple[dict[str, bytes], str]:
    """The files of a case as they lie to each other, and which of them is the case itself."""
    files = [Path(os.path.abspath(file)) for file in box.files()]  # noqa: PTH100 - links keep their names
    root = Path(os.path.commonpath([file.parent for file in files]))
    names = {file: f"{COPY}/{root.name}/{file.relative_to(root).as_posix()}" for file in files}
    case = Path(os.path.abspath(box.case.provenance.path))  # noqa: PTH100
    return {name: read_content(file, FILE_LIMIT_BYTES) for file, name in names.items()}, names[case]


def stands_already(folder: Path, name: str, shard: Shard) -> bool:
    """Return whether a shard stands in its folder as it is to be made.

    Args:
        name: fingerprint of the sweep.
        shard: which part.
    """
    if not (folder / MANIFEST).is_file():
        return False
    try:
        found = _Found.read(folder)
    except RunError:
        return False
    return (found.name, found.shard) == (name, shard) and found.versions == made_with()


@dataclass(frozen=True, slots=True)
class _Found:
    """The manifest of a shard, read."""

    folder: Path
    shard: Shard
    name: str
    case: str
    case_file: str
    case_hash: str
    versions: Mapping[str, str]
    asked: Asked
    files: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path) -> _Found:
        manifest: Manifest = read_manifest(folder)
        kind = manifest.get("kind", "plan")
        if kind != KIND:
            raise RunError(f"{folder}: is the run of a {kind}, no shard of a sweep; name folders of --shard")
        try:
            asked: dict[str, Any] = {**manifest["asked"]}
            asked["vary"] = tuple(map(str, asked["vary"]))
            found = cls(
                folder,
                Shard(int(manifest["shard"]), int(manifest["shards"])),
                str(manifest["sweep"]),
                str(manifest["case"]),
                str(manifest["case_file"]),
                str(manifest["case_hash"]),
                {str(key): str(value) for key, value in manifest["made_with"].items()},
                Asked(**asked),
                tuple(manifest["files"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise RunError(f"{folder}: {MANIFEST} does not describe a shard; make the shard again") from None
        if not {POINTS, found.case_file} <= {*found.files}:
            raise RunError(f"{folder}: {MANIFEST} does not describe a shard; make the shard again")
        return found

    def strangeness(self, first: _Found) -> str | None:
        """Say why this shard cannot be joined with the first; None where it can."""
        versions = difference(self.versions, first.versions)
        if versions is not None:
            return f"was made with {versions} as {first.folder}; make both with one version"
        if self.case_hash != first.case_hash:
            return f"is of another case than {first.folder} ({self.case}, {first.case})"
        if self.name != first.name:
            return f"is of another sweep of the case than {first.folder}; axes, design or settings differ"
        if self.shard.of != first.shard.of:
            return f"is one of {self.shard.of} shards, {first.folder} one of {first.shard.of}"
        return None


def read_shards(folders: Sequence[Path]) -> Shards:
    """Read the shards of a sweep; all of them must be there, each once.

    Args:
        folders: one for each shard, in any order.

    Raises:
        RunError: a folder is no shard or was changed, shards are missing or doubled, or are of different
            cases, sweeps or versions; with everything that is wrong.
    """
    if not folders:
        raise RunError("nothing to merge; name the folders of the shards")
    found = [_Found.read(folder) for folder in folders]
    first = found[0]
    strange = [f"{one.folder}: {why}" for one in found[1:] if (why := one.strangeness(first)) is not None]
    check_together([(one.folder, one.shard) for one in found], strange, versions=first.versions)
    records: list[Record] = []
    for one in sorted(found, key=lambda each: each.shard):
        content = read_content(one.folder / POINTS, FILE_LIMIT_BYTES)
        here, end = read_records(content)
        if end != len(content):
            raise RunError(f"{one.folder / POINTS}: holds something that is no point; make the shard again")
        records += here
    copy = {
        name: read_content(first.folder / name, FILE_LIMIT_BYTES)
        for name in first.files
        if name.startswith(f"{COPY}/")
    }
    return Shards(first.name, first.asked, first.case_file, copy, tuple(records))


Placed = tuple[Path, Shard]


def check_together(places: Sequence[Placed], strange: Sequence[str], *, versions: Mapping[str, str]) -> None:
    """Check that shards are all there, once each, and were made with what runs here.

    Args:
        places: each folder with the shard in it.
        strange: what tells folders from the first one, in words.
        versions: with which the first was made.

    Raises:
        RunError: with everything that is wrong; of strange folders nothing else is said.
    """
    problems = list(strange)
    if not problems:
        problems = [*doubled_shards(places), *missing_shards(places)]
        ours = difference(versions, made_with())
        if ours is not None:
            problems.append(f"{places[0][0]}: was made with {ours}, which runs here")
    if problems:
        raise RunError("\n".join(problems))


def doubled_shards(found: Sequence[Placed]) -> list[str]:
    """Return a sentence for each shard that is named more than once.

    Args:
        found: folders with their shards.
    """
    by_shard: dict[Shard, list[Path]] = defaultdict(list)
    for folder, shard in found:
        by_shard[shard].append(folder)
    return [
        f"shard {shard} is named {len(places)} times, as {listing([str(place) for place in places])}"
        for shard, places in sorted(by_shard.items())
        if len(places) > 1
    ]


def missing_shards(found: Sequence[Placed]) -> list[str]:
    """Return a sentence about the shards that are missing, if any.

    Args:
        found: folders with their shards, all of them parts of one whole.
    """
    of = found[0][1].of
    there = {shard.number for _, shard in found}
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


def check_points(shards: Shards, points: Sequence[Point]) -> None:
    """Refuse shards that do not hold each point of their sweep once.

    Args:
        points: of the sweep, each once, by place.

    Raises:
        RunError: a point is missing, doubled or another one.
    """
    held = sorted((int(record["place"]), tuple(map(float, record["point"]))) for record in shards.records)
    if held != list(enumerate(points)):
        raise RunError("the shards do not hold each point of the sweep once; make them again")
