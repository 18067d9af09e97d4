"""Writes a run folder beside its place and moves it there in one step."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.errors import RunError

if TYPE_CHECKING:
    from polars import DataFrame

MANIFEST = "run.json"


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a run folder: files by their path in it, and what the manifest says of the run."""

    files: Mapping[str, bytes]
    about: Mapping[str, object]


def check_place(folder: Path) -> None:
    """Refuses a place that a run must not take, before any work is done.

    Args:
        folder: where the run is to be written.

    Raises:
        RunError: something that is no run folder stands there, or the place cannot be written.
    """
    try:
        _check_place(folder)
    except OSError as error:  # a name too long, a loop of links, a folder that may not be listed
        raise RunError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _check_place(folder: Path) -> None:
    if folder.name in ("", ".."):
        raise RunError(f"'{folder}' does not name a folder of its own for the run; name another --out")
    if folder.is_dir():
        if any(folder.iterdir()) and not (folder / MANIFEST).is_file():
            raise RunError(
                f"{folder}: stands already and is no run folder (it has no {MANIFEST}); name another --out"
            )
    elif folder.exists() or folder.is_symlink():
        raise RunError(f"{folder}: stands already and is no folder; name another --out")
    places = (folder, *folder.absolute().parents)
    parent = next(place for place in places if place.exists() or place.is_symlink())
    if not parent.is_dir():
        raise RunError(f"{folder}: {parent} is no folder; name another --out")
    if not os.access(parent, os.W_OK):
        raise RunError(f"{folder}: {parent} cannot be written; name another --out")


def write_run(folder: Path, content: Content) -> None:
    """Writes a run folder; an older run there is replaced, and kept until the new one is complete.

    Args:
        folder: where the run is to stand.
        content: its files; the manifest is added with the hash of each.

    Raises:
        RunError: the folder cannot be written; what stood there still stands.
    """
    check_place(folder)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(content.files.items())}
    manifest = json.dumps({**content.about, "files": hashes}, indent=2, ensure_ascii=False) + "\n"
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        with _beside(folder) as new:
            for name, data in content.files.items():
                place = new / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            (new / MANIFEST).write_text(manifest, encoding="utf-8")
            _take_place(new, folder)
    except OSError as error:
        raise RunError(f"{folder}: cannot be written: {error.strerror or error}") from error


def read_manifest(folder: Path) -> dict[str, object]:
    """Returns what a run folder says of itself, after checking that its files are as they were written.

    Raises:
        RunError: no run folder stands there, or a file is missing or was changed.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        hashes: dict[str, str] = manifest["files"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(f"{folder}: is no run folder: {MANIFEST} cannot be read") from error
    for name, expected in hashes.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise RunError(f"{folder / name}: is missing from the run") from error
        if found != expected:
            raise RunError(f"{folder / name}: was changed after the run was written")
    return manifest


def _short(folder: Path) -> str:
    """The beginning of a folder's name, since what is made beside it adds to the name."""
    return folder.name[:40]


def usual_folder(case: Path, variant: str | None = None, kind: str = "") -> Path:
    """Returns where a run stands if its user names no place: ``runs/CASE``, with variant and kind behind.

    Args:
        case: the case's file or folder.
        variant: applied to it, if any.
        kind: what the run is, where it is not a plan, such as ``backtest``.
    """
    place = Path(os.path.abspath(case))  # noqa: PTH100 - a link keeps its own name, and ".." is no name
    name = place.stem if place.suffix in (".yaml", ".yml") and not place.is_dir() else place.name
    if place.name == "case.yaml":
        name = place.parent.name
    return Path("runs") / "-".join(part for part in (name, variant, kind) if part)


def table_files(frames: Mapping[str, DataFrame]) -> dict[str, bytes]:
    """Returns tables as files of a run folder, each in Parquet and in CSV.

    Args:
        frames: the tables by name.
    """
    files: dict[str, bytes] = {}
    for name, frame in frames.items():
        parquet, text = BytesIO(), StringIO()
        frame.write_parquet(parquet)
        frame.write_csv(text)
        files[f"tables/{name}.parquet"] = parquet.getvalue()
        files[f"tables/{name}.csv"] = text.getvalue().encode()
    return files


@contextmanager
def _beside(folder: Path) -> Generator[Path]:
    """A new folder beside the place, gone again unless it was moved there."""
    new = folder.absolute().parent / f".{_short(folder)}.{os.getpid()}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _take_place(new: Path, folder: Path) -> None:
    old = folder.absolute().parent / f".{_short(folder)}.{os.getpid()}.old"
    if not folder.exists():
        new.rename(folder)
        return
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
