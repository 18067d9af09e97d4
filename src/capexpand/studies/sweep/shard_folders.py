"""Shards of a sweep as folders: written whole or not at all, and joined once all of them are there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from capexpand.errors import RunError
from capexpand.files import read_content
from capexpand.files.json_text import JsonObject
from capexpand.reporting.blocks import Fact
from capexpand.runs.folder import FILE_LIMIT_BYTES, Manifest
from capexpand.studies import shards
from capexpand.studies.shards import Described
from capexpand.studies.sweep.axes import Box, Point
from capexpand.studies.sweep.journal import Record, packed, read_records
from capexpand.studies.sweep.outcomes import as_record
from capexpand.studies.sweep.shards import PlannedShard

POINTS = "points.cxs"


@dataclass(frozen=True, slots=True)
class SweepSettings:
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
    asked: SweepSettings
    case_file: str
    files: Mapping[str, bytes]
    records: tuple[Record, ...]


def write_shard(folder: Path, planned: PlannedShard, asked: SweepSettings) -> None:
    """Write the folder of a shard; an older run there is replaced.

    Args:
        folder: where it is to stand.
        asked: what its sweep was asked for.

    Raises:
        RunError: the folder cannot be written.
    """
    case = planned.box.case
    origin = case.provenance
    copies, case_file = _copies(planned.box)
    data = b"".join(
        packed(as_record(place, planned.points[place], outcome))
        for place, outcome in planned.outcomes.items()
    )
    about: JsonObject = {
        "points": len(planned.outcomes),
        "points_of_the_sweep": len(planned.points),
        "title": case.title,
        "as_of": case.as_of.isoformat(),
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
    shards.write_shard(
        folder, WHOLE, planned.shard, planned.name, files={POINTS: data, **copies}, about=about
    )


def _copies(box: Box) -> tuple[dict[str, bytes], str]:
    """The files of a case as they lie to each other, and which of them is the case itself."""
    files = [Path(os.path.abspath(file)) for file in box.files()]  # noqa: PTH100 - links keep their names
    root = Path(os.path.commonpath([file.parent for file in files]))
    names = {file: f"{shards.COPY}/{root.name}/{file.relative_to(root).as_posix()}" for file in files}
    case = Path(os.path.abspath(box.case.provenance.path))  # noqa: PTH100
    return {name: read_content(file, FILE_LIMIT_BYTES) for file, name in names.items()}, names[case]


def _said(manifest: Manifest) -> tuple[SweepSettings, str]:
    """What the manifest of a shard says of its sweep, and which of its files is the case."""
    asked: JsonObject = {**manifest["asked"]}
    asked["vary"] = tuple(map(str, asked["vary"]))
    return SweepSettings(**asked), str(manifest["case_file"])


def _described(manifest: Manifest) -> Described:
    _said(manifest)
    case = str(manifest["case"])
    facts = (Fact("Case", case), Fact("As of", str(manifest["as_of"])))
    more = {"case": case, "case_hash": str(manifest["case_hash"])}
    held, of = int(manifest["points"]), int(manifest["points_of_the_sweep"])
    return Described(str(manifest["title"]), facts, held, of, more)


WHOLE = shards.Whole(
    "sweep",
    "a sweep",
    ("point", "points"),
    POINTS,
    "is of another sweep of the case than {}; axes, design or settings differ",
    _described,
)


def read_shards(folders: Sequence[Path]) -> Shards:
    """Read the shards of a sweep; all of them must be there, each once.

    Args:
        folders: one for each shard, in any order.

    Raises:
        RunError: a folder is no shard or was changed, shards are missing or doubled, or are of different
            cases, sweeps or versions; with everything that is wrong.
    """
    found = shards.read_together(folders, WHOLE)
    first = found[0]
    asked, case_file = _said(first.about)
    records: list[Record] = []
    for one in found:
        content = read_content(one.folder / POINTS, FILE_LIMIT_BYTES)
        here, end = read_records(content)
        if end != len(content):
            raise RunError(f"{one.folder / POINTS}: holds something that is no point; make the shard again")
        records += here
    copy = shards.copied_case(first)
    if case_file not in copy:
        raise shards.found_damaged(first.folder)
    return Shards(first.name, asked, case_file, copy, tuple(records))


def check_points(joined: Shards, points: Sequence[Point]) -> None:
    """Refuse shards that do not hold each point of their sweep once.

    Args:
        points: of the sweep, each once, by place.

    Raises:
        RunError: a point is missing, doubled or another one.
    """
    held = sorted((int(record["place"]), tuple(map(float, record["point"]))) for record in joined.records)
    if held != list(enumerate(points)):
        raise RunError("the shards do not hold each point of the sweep once; make them again")
