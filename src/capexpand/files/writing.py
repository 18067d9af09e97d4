"""Write single files: whole or not at all, and never over a file that is not ours."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from capexpand.errors import RunError
from capexpand.files.locking import hold
from capexpand.files.places import beside


def write_file(
    path: Path, content: bytes | str, *, ours: Callable[[bytes], bool], inputs: Sequence[Path] = ()
) -> None:
    """Write a file; an older one of ours there is replaced in one step once the new one is complete.

    Args:
        path: where it is to stand.
        content: text is written in UTF-8, with its own ends of lines.
        ours: tells from the content of a file that stands there whether it may be replaced.
        inputs: files from which the content was made, which are never replaced.

    Raises:
        RunError: a file of another make, a folder, a link or a device stands there, another process is
            writing it, or the disk is full; what stood there still stands.
    """
    check_file(path, ours=ours, inputs=inputs)
    data = content.encode() if isinstance(content, str) else content
    with hold(path):
        replace_file(path, data)


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in the place of another in one step; the caller holds the path and may replace it.

    Raises:
        RunError: it cannot be written; what stood there still stands.
    """
    new = beside(path, "new")
    try:
        new.unlink(missing_ok=True)  # of a process that was killed: nobody else holds the path
        try:
            write_new(new, data)
            with contextlib.suppress(FileNotFoundError):
                new.chmod(stat.S_IMODE(path.stat().st_mode))
            new.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                new.unlink()
            raise
        keep_folder(new.parent)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error


def write_new(path: Path, data: bytes) -> None:
    """Write a file that does not exist yet, down to the disk.

    Raises:
        OSError: it exists or cannot be written; a part of it may stand.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def keep_folder(folder: Path) -> None:
    """Bring the names in a folder down to the disk, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def exchange(one: Path, other: Path) -> bool:
    """Let two files or folders of one folder take each other's place, in one step.

    Returns:
        False where the system or the file system cannot; then nothing has happened.

    Raises:
        OSError: it can, and it failed.
    """
    name = {"linux": "renameat2", "darwin": "renameatx_np"}.get(sys.platform)
    if name is None:
        return False
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if call is None:
        return False
    from_here = ctypes.c_int(-100 if sys.platform == "linux" else -2)  # AT_FDCWD
    swap = ctypes.c_uint(2)  # RENAME_EXCHANGE, and RENAME_SWAP
    if call(from_here, os.fsencode(one), from_here, os.fsencode(other), swap) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM):
        return False
    raise OSError(code, os.strerror(code), str(other))


def check_file(path: Path, *, ours: Callable[[bytes], bool], inputs: Sequence[Path] = ()) -> None:
    """Refuse a place that an output must not take; call it before any work is done.

    Args:
        path: where a file is to be written.
        ours: tells from the content of a file that stands there whether it may be replaced.

    Raises:
        RunError: a file of another make, a folder, a link or a device stands there, it is one of the inputs,
            or its folder cannot be written.
    """
    try:
        _check_file(path, ours, inputs)
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"{path}: cannot be written: {reason}") from error


def _check_file(path: Path, ours: Callable[[bytes], bool], inputs: Sequence[Path]) -> None:
    if path.name in ("", ".."):
        raise RunError(f"'{path}' does not name a file; name another place")
    folder = path.absolute().parent
    if not folder.is_dir():
        found = "is no folder" if folder.exists() else "does not exist"
        raise RunError(f"{path}: cannot be written: the folder {folder} {found}")
    if not os.access(folder, os.W_OK):
        raise RunError(f"{path}: cannot be written: the folder {folder} is read-only")
    try:
        about = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(about.st_mode):
        raise RunError(
            f"{path}: is {_kind(about.st_mode)}, not a file that can be replaced; name another place"
        )
    for file in inputs:
        if file.exists() and file.samefile(path):
            raise RunError(f"{path}: is an input of this command; name another place")
    if about.st_size == 0:  # nothing is lost; programs that choose a free name leave such files
        return
    if not ours(_beginning(path, about.st_size)):
        raise RunError(f"{path}: stands already and is no such output; remove it or name another place")


def _beginning(path: Path, size: int) -> bytes:
    """The content of a file that may be replaced; of a very large one the beginning."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        return stream.read(min(size, 64_000_000))


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISLNK, "a link"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    )
    return next((name for holds, name in kinds if holds(mode)), "a device")


def csv_of(*columns: str) -> Callable[[bytes], bool]:
    """Recognise our tables by their first line.

    Args:
        columns: those with which it begins; what follows them may differ.
    """
    head = ",".join(columns).encode()

    def ours(content: bytes) -> bool:
        first = content.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
        return first == head or first.startswith(head + b",")

    return ours


def json_of(*keys: str) -> Callable[[bytes], bool]:
    """Recognise our JSON documents by keys that all of them have at the top.

    Args:
        keys: of the outermost object.
    """

    def ours(content: bytes) -> bool:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            return False
        return isinstance(document, dict) and all(key in document for key in keys)

    return ours


def marked(mark: str) -> Callable[[bytes], bool]:
    """Recognise our pages, pictures and texts by a mark near their beginning.

    Args:
        mark: a text within the first 4,096 bytes of each.
    """
    return lambda content: mark.encode() in content[:4096]
