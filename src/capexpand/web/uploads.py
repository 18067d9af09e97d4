"""Files that a browser sends: unpacked within limits, kept inside their folder, and read as a case."""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from capexpand.case.document import DocumentNode, plain, read_document
from capexpand.case.reading import FILE_FIELDS
from capexpand.case.workbook_document import ROOT, read_workbook_document
from capexpand.errors import CaseError, Problem
from capexpand.files.workbooks import is_workbook, read_cells
from capexpand.files.writing import write_new
from capexpand.web.access import RefusedError
from capexpand.web.changing import load_changed
from capexpand.web.orders import SENT
from capexpand.web.settings import Limits, Settings
from capexpand.workbook.changes import Changes

KINDS = (".yaml", ".yml", ".csv", ".json", ".md", ".txt")
"""Files that belong to a case."""

_LONGEST_NAME = 200


def read_upload(name: str, content: bytes, limits: Limits) -> tuple[dict[str, bytes], str]:
    """Return the files of an upload by their paths, and the path of the case file.

    Args:
        name: of the file as it was sent.
        content: a case file, an input workbook, or a zip file that holds a case file with its tables.
        limits: of unpacked bytes and files.

    Raises:
        CaseError: it is neither, holds no case file, or is larger or stranger than a case can be.
    """
    lower = name.lower()
    if lower.endswith((".yaml", ".yml")):
        return {"case.yaml": content}, "case.yaml"
    if lower.endswith(".xlsx"):
        return {"case.yaml": _from_workbook(name, content)}, "case.yaml"
    if not lower.endswith(".zip"):
        raise _refused(
            name,
            "is no case; send a case file (.yaml), an input workbook (.xlsx), or a .zip of it and its tables",
        )
    files = _unpacked(name, content, limits)
    mains = [path for path in files if PurePosixPath(path).name in ("case.yaml", "case.yml")]
    mains.sort(key=lambda path: (path.count("/"), path))
    if not mains:
        raise _refused(name, "holds no case.yaml")
    if len(mains) > 1 and mains[0].count("/") == mains[1].count("/"):
        raise _refused(name, f"holds more than one case: {mains[0]} and {mains[1]}; send one at a time")
    return files, mains[0]


def _from_workbook(name: str, content: bytes) -> bytes:
    """The case file of an input workbook, whose mistakes are named by sheet and cell."""
    from capexpand.api.workbooks import import_workbook
    from capexpand.workbook.changes import is_run

    with tempfile.TemporaryDirectory(prefix="capexpand-") as made:
        folder = Path(made)
        file = folder / "workbook.xlsx"
        file.write_bytes(content)
        try:
            if is_run(read_cells(file)):
                raise _refused(
                    name,
                    "is the workbook of a run; send it on the page of its case, where it becomes a variant",
                )
            check_inside(folder, file.name)
            return import_workbook(file, folder / "case").read_bytes()
        except CaseError as error:
            raise inside_names(error, folder) from None


def changed_in_workbook(name: str, content: bytes, main: Path) -> Changes:
    """Return what was changed in the workbook of a run, for a variant of its case.

    Args:
        name: of the file as it was sent.
        content: the workbook.
        main: file of the case that it is to be a variant of.

    Raises:
        CaseError: it is no workbook of a run of this case, nothing was changed, or an input is wrong; each
            mistake is named by sheet and cell.
    """
    from capexpand.workbook.changes import is_run, read_changes

    with tempfile.TemporaryDirectory(prefix="capexpand-") as made:
        file = Path(made) / (PurePosixPath(name.replace("\\", "/")).name[:100] or "workbook.xlsx")
        if file.suffix.lower() != ".xlsx":
            raise _refused(name, "is no workbook (.xlsx)")
        file.write_bytes(content)
        try:
            cells = read_cells(file)
            if not is_run(cells):
                raise _refused(
                    name, "is not the workbook of a run; an input workbook starts a case of its own"
                )
            variant = str(cells[ROOT][0][3]) or None
            case = load_changed(main)
            if variant is not None and variant not in case.variants:
                raise _refused(name, f"is of the variant '{variant[:64]}', which this case has not")
            found = read_changes(file, cells, start=case.calendar.start, quarters=case.calendar.quarters)
        except CaseError as error:
            raise inside_names(error, Path(made)) from None
    if not found.settings:
        raise _refused(name, "has no input that was changed, so there is no variant to make")
    return replace(found, variant=variant)


def _refused(name: str, message: str) -> CaseError:
    return CaseError(
        [Problem(message, file=Path(PurePosixPath(name.replace("\\", "/")).name[:100] or "upload"))]
    )


def _unpacked(name: str, content: bytes, limits: Limits) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > limits.files:
                raise _refused(name, f"holds {len(entries):,} files; at most {limits.files} are taken")
            left = limits.unpacked_bytes
            files: dict[str, bytes] = {}
            for entry in entries:
                path = entry.filename
                if path.startswith("__MACOSX/") or path.endswith(".DS_Store"):
                    continue
                problem = path_problem(path) or _entry_problem(entry)
                if problem:
                    raise _refused(name, f"{path[:100]!r} {problem}")
                with archive.open(entry) as stream:
                    data = stream.read(left + 1)  # what the file says of its size is not believed
                left -= len(data)
                if left < 0:
                    most = limits.unpacked_bytes // 1_000_000
                    raise _refused(name, f"holds more than {most} MB when it is unpacked")
                if path in files:
                    raise _refused(name, f"holds {path[:100]!r} twice")
                files[path] = data
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _refused(name, f"is no zip file that can be read: {error}") from None
    return files


def _entry_problem(entry: zipfile.ZipInfo) -> str:
    mode = entry.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        return "is no regular file"
    return "is encrypted" if entry.flag_bits & 1 else ""


def path_problem(path: str) -> str:
    """Return why a path cannot be that of a file of a case, or nothing.

    Args:
        path: relative, with slashes.
    """
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or ":" in path or ".." in parts:
        return "leads out of the case's folder"
    if not path.isprintable() or len(path.encode()) > _LONGEST_NAME or len(parts) > 8:
        return "is no usable name for a file"
    if any(not part or part.startswith(".") for part in parts):
        return "is no usable name for a file"
    if PurePosixPath(path).suffix.lower() not in KINDS:
        return f"is no file of a case; those end in {', '.join(KINDS)}"
    return ""


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return the hash under which the files of a case are kept."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{len(path.encode())} {path} {len(files[path])} ".encode())
        digest.update(files[path])
    return digest.hexdigest()


def keep_files(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, bool]:
    """Write files into the folder of their hash, whole or not at all.

    Args:
        folder: in which that folder is to stand.
        files: by their paths, checked before.

    Returns:
        The folder, and whether it was not there before.
    """
    place = folder / digest_of(files)
    if place.is_dir():
        return place, False
    new = folder / f".new-{secrets.token_hex(8)}"
    try:
        for path, data in files.items():
            file = new / path
            file.parent.mkdir(parents=True, exist_ok=True)
            write_new(file, data)
        try:
            new.rename(place)
        except OSError:
            if not place.is_dir():
                raise
            return place, False  # another request wrote the same files at the same time
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return place, True


def keep_sent(settings: Settings, name: str, content: bytes) -> str:
    """Keep a file that was sent for a job.

    Args:
        name: of the file as it was sent.
        content: of it.

    Returns:
        The name by which an order speaks of it.

    Raises:
        RefusedError: it is empty, or the server keeps as much as it may.
    """
    if not content:
        raise RefusedError("the file is empty; choose one", 422)
    folder = settings.home / "sent"
    kept = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if kept + len(content) > settings.limits.sent_bytes:
        raise RefusedError(
            "the server keeps as many sent files as it may; an admin can empty its 'sent'", 507
        )
    last = PurePosixPath(name.replace("\\", "/")).name
    own = re.sub(r"[^A-Za-z0-9._-]+", "-", last)[-80:].lstrip("._-") or "file"
    place, _ = keep_files(folder, {own: content})
    return f"{place.name}/{own}"


def sent_file(home: Path, name: str) -> Path:
    """Return a file that was sent for a job, by the name in its order.

    Raises:
        RefusedError: there is none.
    """
    file = home / "sent" / name
    if not re.fullmatch(SENT, name) or not file.is_file():
        raise RefusedError(f"there is no sent file '{name[:150]}'; send it again", 404)
    return file


def check_inside(folder: Path, main: str) -> None:
    """Refuse a case whose files refer to anything outside of their folder.

    Args:
        folder: of the case's files.
        main: the case file in it.

    Raises:
        CaseError: with each reference that leads out, or a file that is no YAML.
    """
    problems: list[Problem] = []
    seen: set[Path] = set()
    waiting = [folder / main]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if not file.is_file():
            continue  # reported where it is read
        node = read_workbook_document(file) if is_workbook(file) else read_document(file)
        for named, is_case in _references(node):
            place = Path(os.path.normpath(file.parent / named))
            if Path(named).is_absolute() or not place.is_relative_to(folder) or "\0" in named:
                problems.append(Problem(f"'{named[:100]}' lies outside of the case's folder", file=file))
            elif is_case:
                waiting.append(place)
    if problems:
        raise CaseError(problems)


def _references(node: DocumentNode) -> Iterator[tuple[str, bool]]:
    data = plain(node)
    if isinstance(data.get("extends"), str):
        yield data["extends"], True
    yield from ((text, False) for text in _tables(data))


def _tables(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            last = str(key).rpartition(".")[2]  # a variant names places with dots
            if last in FILE_FIELDS and isinstance(inner, str):
                yield inner
            yield from _tables(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _tables(inner)


def inside_names(error: CaseError, folder: Path) -> CaseError:
    """Return an error whose problems name files as their owner knows them, without the server's folders."""
    problems = []
    for one in error.problems:
        file = one.file
        if file is not None and file.is_absolute():
            file = (
                Path(*_own(file.relative_to(folder).parts))
                if file.is_relative_to(folder)
                else Path(file.name)
            )
        message = one.message.replace(f"{folder}/", "")
        problems.append(replace(one, message=message, file=file))
    return CaseError(problems)


def _own(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The parts of a path below the server's folder that its owner knows: without ``cases/HASH``."""
    kept = len(parts) > 2 and parts[0] in ("cases", "sent") and re.fullmatch(r"[0-9a-f]{64}", parts[1])
    return parts[2:] if kept else parts
