"""Hold an output against other processes, and say who holds it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import shlex
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from capexpand.errors import RunError
from capexpand.files.places import beside

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_BUSY = (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
_UNKNOWN = (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)
"""A file system without locks."""
_LOCKED_BYTE = 1 << 30
"""Where Windows locks; a locked byte cannot be read, so it lies behind all that is written."""


_held: set[int] = set()
"""Open locks of this process. Processes that it starts do not inherit them: one that outlives it for a moment
would keep others out."""


@contextmanager
def hold(path: Path, *, again: bool = True) -> Generator[None]:
    """Hold a file or folder that is about to be written, until the block ends or the process does.

    The lock is a hidden file beside it, which the system frees when its process ends, however that happens.

    Args:
        path: the output; it need not exist, its folder must.
        again: whether the thread that holds a path may hold it again.

    Raises:
        RunError: another process, or another thread of this one, holds it; the message says which.
    """
    lock = beside(path, "lock")
    try:
        handle = _locked(lock)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
    if handle is None:
        holder = _holder(lock)
        if again and (holder.get("process"), holder.get("thread")) == (os.getpid(), threading.get_ident()):
            yield
            return
        raise RunError(f"{path}: {_in_words(holder)} is writing it; wait until it ends or name another place")
    _held.add(handle)
    try:
        _sign(handle)
        yield
    finally:
        _free(lock, handle)


def _locked(lock: Path) -> int | None:
    """Open and lock the file; None where somebody else has it."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(lock, flags, 0o666)
        try:
            _lock(handle)
        except OSError as error:
            if error.errno in _UNKNOWN:
                return handle
            os.close(handle)
            if error.errno in _BUSY:
                return None
            raise
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(handle), lock.lstat()):
                return handle
        os.close(handle)  # its last holder removed it between our opening and locking it


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(handle: int) -> None:
    """Write down who holds it; a full disk does not keep the lock from working."""
    about = {
        "process": os.getpid(),
        "thread": threading.get_ident(),
        "machine": platform.node(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200] if sys.argv else "",
    }
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, json.dumps(about).encode())


def _holder(lock: Path) -> dict[str, object]:
    try:
        with lock.open("rb") as stream:
            about = json.loads(stream.read(4096))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _in_words(holder: dict[str, object]) -> str:
    if not holder:
        return "another process"
    machine = holder.get("machine")
    elsewhere = "" if machine == platform.node() else f" on {machine}"
    return (
        f"process {holder.get('process')}{elsewhere} ({holder.get('command')}, since {holder.get('since')})"
    )


def _let_go() -> None:
    """In a new process: close the locks of the one that started it, which holds them on."""
    for handle in _held:
        with contextlib.suppress(OSError):
            os.close(handle)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _free(lock: Path, handle: int) -> None:
    if handle not in _held:  # in a process that was started in between
        return
    _held.remove(handle)
    if sys.platform == "win32":  # where an open file cannot be removed
        os.close(handle)
        with contextlib.suppress(OSError):
            lock.unlink()
        return
    with contextlib.suppress(OSError):
        lock.unlink()  # while it is locked, so that nobody else's file is removed
    os.close(handle)
