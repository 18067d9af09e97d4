"""Let one process at a time work on a file, and say which one it is."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from capexpand.errors import RunError

try:
    import fcntl
except ImportError:  # where the system has no such locks, nobody is kept out
    fcntl = None

_MARK = "capexpand lock"


class FileLock:
    """A lock that a process holds until it releases it or ends, however it ends.

    Processes that this one starts do not inherit it, so that one that outlives it for a moment keeps nobody
    out. The lock stands in a file of its own, which is removed with it.

    Args:
        path: of the file of the lock.
        subject: what is locked, for messages.
    """

    def __init__(self, path: Path, subject: Path) -> None:
        self._path, self._subject = path, subject
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            RunError: another process has it, or there can be none.
        """
        if fcntl is None or self._handle is not None:
            return
        while self._handle is None:
            handle = self._open()
            try:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                holder = os.pread(handle, 500, 0).decode("utf-8", "replace").partition(_MARK)[2].split()
                os.close(handle)
                who = f"process {holder[0]} on {holder[1]}" if len(holder) > 1 else "another process"
                message = f"{self._subject} is in use by {who}; wait for it to end, or name another one"
                raise RunError(message) from None
            except OSError:  # some network file systems have no locks
                os.close(handle)
                return
            if self._is_there(handle):
                self._handle = handle
            else:  # it was released and removed in between
                os.close(handle)
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{_MARK} {os.getpid()} {socket.gethostname()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        """Open the file of the lock, without touching a file of anyone else."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, flags, 0o644)
        except OSError as error:
            message = f"{self._subject} cannot be locked: {self._path}: {error.strerror or error}"
            raise RunError(message) from None
        is_file = stat.S_ISREG(os.fstat(handle).st_mode)
        if not is_file or os.pread(handle, len(_MARK), 0) not in {b"", _MARK.encode()}:
            os.close(handle)
            message = f"{self._subject} cannot be locked: {self._path} is there, and it is no lock"
            raise RunError(message)
        return handle

    def _is_there(self, handle: int) -> bool:
        """Tell whether the file of the lock is still the one that was opened."""
        try:
            return os.path.samestat(os.fstat(handle), self._path.stat())
        except OSError:
            return False


def lock_beside(file: Path) -> FileLock:
    """Return the lock for a file or folder, which stands beside it under a hidden name."""
    return FileLock(file.parent / f".{file.name.lstrip('.')}.lock", file)
