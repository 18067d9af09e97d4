"""Write a run folder beside its place and move it there in one step."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from capexpand.errors import CaseError, RunError, in_words
from capexpand.files import hold, read_content, read_text
from capexpand.files.json_text import JsonObject
from capexpand.files.places import beside
from capexpand.files.reading import is_folder
from capexpand.files.writing import exchange, keep_folder, write_new
from capexpand.runs.table_description import DESCRIPTION, description_file

if TYPE_CHECKING:
    from polars import DataFrame

MANIFEST = "run.json"
_FORMULA = r"^[=+\-@\t\r]"
"""How a cell begins that a spreadsheet takes for a formula."""
MANIFEST_LIMIT_BYTES = 16_000_000
FILE_LIMIT_BYTES = 2_000_000_000
_OF_THE_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini")
"""Files that systems put into any folder that is looked at."""

Manifest = JsonObject
"""A JSON object in which ``files`` maps names to hashes."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a run folder: files by their path in it, and the manifest's words on the run."""

    files: Mapping[str, bytes]
    about: Mapping[str, object]


def check_place(folder: Path) -> None:
    """Refuse a place that a run must not take, before any work is done; finish an interrupted write there.

    Args:
        folder: where the run is to be written.

    Raises:
        RunError: something that is no run folder stands there, or the place cannot be written.
    """
    with _naming(folder):
        _check_above(folder)
        heal(folder)
        _check_standing(folder)


@contextmanager
def _naming(folder: Path) -> Generator[None]:
    """Say why a place cannot be taken: a name too long or with a zero byte, a folder not to be listed."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise RunError(f"{folder}: cannot be written: {in_words(error)}") from error


def _check_above(folder: Path) -> None:
    """Refuse a place by its name, or by the folders above it."""
    if folder.name in ("", ".."):
        raise RunError(f"'{folder}' does not name a folder of its own for the run; name another --out")
    if folder.is_symlink():
        raise RunError(f"{folder}: is a link; name the folder itself as --out")
    parent = next(place for place in folder.absolute().parents if place.exists() or place.is_symlink())
    if not parent.is_dir():
        raise RunError(f"{folder}: {parent} is no folder; name another --out")
    if not os.access(parent, os.W_OK):
        raise RunError(f"{folder}: {parent} cannot be written; name another --out")


def _check_standing(folder: Path) -> None:
    """Refuse a place where anything but a run stands; asked once, since another process may put one there."""
    try:
        mode = folder.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        raise RunError(f"{folder}: stands already and is no folder; name another --out")
    _check_replaceable(folder)


def _check_replaceable(folder: Path) -> None:
    """Refuse a folder that holds anything which no run wrote."""
    if not any(path.name not in _OF_THE_SYSTEM for path in folder.iterdir()):
        return
    if not (folder / MANIFEST).is_file():
        raise RunError(
            f"{folder}: stands already and is no run folder (it has no {MANIFEST}); name another --out"
        )
    written = {folder / name for name in (MANIFEST, *_manifest(folder)["files"])}
    for place, _, names in os.walk(folder):
        for file in (Path(place) / name for name in sorted(names) if name not in _OF_THE_SYSTEM):
            if file not in written:
                foreign = file.relative_to(folder)
                raise RunError(
                    f"{folder}: {foreign} was not written by a run and would be lost; "
                    "move it or name another --out"
                )


@contextmanager
def hold_place(folder: Path) -> Generator[None]:
    """Check a place and hold it against other processes, from the start of a command to its end.

    Args:
        folder: where a run is to be written; the folders above it are made, and go again where nothing was.

    Raises:
        RunError: the place cannot be taken, or another process is writing there; the message says which.
    """
    with _naming(folder):
        _check_above(folder)
    above = folder.absolute().parent
    missing = [place for place in (above, *above.parents) if not place.exists()]
    try:
        above.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be written: {error.strerror or error}") from error
    try:
        with hold(folder):
            check_place(folder)  # while nobody else writes there
            yield
    finally:
        if not folder.exists():
            with contextlib.suppress(OSError):  # others may have begun to write there
                for place in missing:
                    place.rmdir()


def write_run(folder: Path, content: Content) -> None:
    """Write a run folder; an older run there is replaced in one step once the new one is complete.

    Args:
        folder: where the run is to stand.
        content: its files; the manifest is added with the hash of each.

    Raises:
        RunError: the folder cannot be written; what stood there still stands.
    """
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(content.files.items())}
    manifest = json.dumps({**content.about, "files": hashes}, indent=2, ensure_ascii=False) + "\n"
    with hold_place(folder):
        new = beside(folder, "new")
        try:
            shutil.rmtree(new, ignore_errors=True)
            _write_all(new, {**content.files, MANIFEST: manifest.encode()})  # the manifest last
            _take_place(new, folder)
        except OSError as error:
            raise RunError(f"{folder}: cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(new, ignore_errors=True)


def _write_all(new: Path, files: Mapping[str, bytes]) -> None:
    new.mkdir()
    for name, data in files.items():
        place = new / name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_new(place, data)
    for kept, _, _ in os.walk(new):
        keep_folder(Path(kept))


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a run folder, after checking that its files are as they were written.

    Raises:
        RunError: no run folder stands there, or a file is missing or was changed.
    """
    with contextlib.suppress(OSError, ValueError):  # what cannot be healed is named below
        if not folder.exists():
            heal(folder)
    manifest = _manifest(folder)
    for name, expected in manifest["files"].items():
        try:
            found = hashlib.sha256(read_content(folder / name, FILE_LIMIT_BYTES)).hexdigest()
        except CaseError as error:
            missing = not os.path.lexists(folder / name)
            raise RunError(f"{folder / name}: is missing from the run" if missing else str(error)) from error
        if found != expected:
            raise RunError(f"{folder / name}: was changed after the run was written")
    return manifest


def _manifest(folder: Path) -> Manifest:
    """Read the manifest alone: it has the right form, and its files lie in the folder."""
    try:
        document = json.loads(read_text(folder / MANIFEST, MANIFEST_LIMIT_BYTES))
    except CaseError as error:
        raise RunError(f"{folder}: is no run folder: {error}") from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{folder}: is no run folder: {MANIFEST} is not JSON") from error
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise RunError(f"{folder}: is no run folder: {MANIFEST} does not name its files")
    for name in files:
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or name.startswith("/") or not name.isprintable() or "\\" in name:
            raise RunError(f"{folder}: {MANIFEST} names {name!r}, which is no file of the run")
    return document


def usual_folder(case: Path, variant: str | None = None, kind: str = "") -> Path:
    """Return where a run stands if its user names no place: ``runs/CASE``, with variant and kind behind.

    Args:
        case: the case's file or folder.
        variant: applied to it, if any.
        kind: what the run is, where it is not a plan, such as ``backtest``.
    """
    place = Path(os.path.abspath(case))  # noqa: PTH100 - a link keeps its own name, and ".." is no name
    name = place.stem if place.suffix in (".yaml", ".yml", ".xlsx") and not is_folder(place) else place.name
    if place.name in ("case.yaml", "case.xlsx"):
        name = place.parent.name
    return Path("runs") / "-".join(part for part in (name, variant, kind) if part)


def table_files(frames: Mapping[str, DataFrame], kind: str = "") -> dict[str, bytes]:
    """Return tables as files of a run folder, each in Parquet and in CSV, and what their columns mean.

    A spreadsheet runs a cell that begins like a formula; in CSV such a text gets an apostrophe before it.

    Args:
        kind: of the run, by which the columns of a study are known.
    """
    files: dict[str, bytes] = {}
    for name, frame in frames.items():
        parquet, text = BytesIO(), StringIO()
        frame.write_parquet(parquet)
        _without_formulas(frame).write_csv(text)
        files[f"tables/{name}.parquet"] = parquet.getvalue()
        files[f"tables/{name}.csv"] = text.getvalue().encode()
    if frames:
        files[DESCRIPTION] = description_file(frames, kind)
    return files


def _without_formulas(frame: DataFrame) -> DataFrame:
    """The table with an apostrophe before every text that a spreadsheet would take for a formula."""
    import polars as pl

    texts = pl.col(pl.String)
    return frame.with_columns(
        pl.when(texts.str.contains(_FORMULA)).then(pl.lit("'") + texts).otherwise(texts).name.keep()
    )


def heal(folder: Path) -> None:
    """Finish the replacement of a run that a kill interrupted, and clear away what it left.

    Args:
        folder: a run, or the place of one.

    Raises:
        RunError: another process is writing there.
        OSError: the folders beside it cannot be moved.
    """
    new, old = beside(folder, "new"), beside(folder, "old")
    if not (new.exists() or old.exists()):
        return
    with hold(folder):
        if old.exists() and not folder.exists():  # between two renames, so the new one was complete
            (new if (new / MANIFEST).is_file() else old).rename(folder)
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _take_place(new: Path, folder: Path) -> None:
    old = beside(folder, "old")
    shutil.rmtree(old, ignore_errors=True)
    if not folder.exists():
        new.rename(folder)
    elif not exchange(new, folder):  # two steps, then; ``heal`` finishes them after a kill
        folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            old.rename(folder)
            raise
    keep_folder(folder.absolute().parent)
    shutil.rmtree(old, ignore_errors=True)
