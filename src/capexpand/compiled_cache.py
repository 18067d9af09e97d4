"""Keep functions that Numba compiled on disk, in files that heal themselves and a folder that can be written.

Numba trusts its cache: a file that a full disk or a kill cut off ends every later start, and one with a wrong
byte may end the process. Here each file carries a digest of its content; one that does not fit is deleted
and the function compiled again. Where the usual folder cannot be written, one for temporary files serves, and
where that cannot be written either, compiled code is kept for as long as the process lives.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import sys
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from numba import config
from numba.core.caching import FunctionCache, IndexDataCacheFile

if sys.platform != "win32":
    import fcntl

_DIGEST_BYTES = hashlib.sha256().digest_size


class _SealedFiles(IndexDataCacheFile):
    """Cache files that end with a digest of all that stands before it, which unpickling does not read."""

    @contextmanager
    # pyrefly: ignore[bad-override, missing-override-decorator]
    def _open_for_write(self, filepath: str) -> Generator[io.BytesIO]:
        content = io.BytesIO()
        yield content
        with super()._open_for_write(filepath) as file:
            file.write(content.getvalue() + hashlib.sha256(content.getvalue()).digest())

    # pyrefly: ignore[missing-override-decorator]
    def _load_index(self) -> dict[Any, str]:
        return super()._load_index() if _is_whole(self._index_path) else {}

    # pyrefly: ignore[missing-override-decorator]
    def _load_data(self, name: str) -> Any:
        if not _is_whole(self._data_path(name)):
            raise FileNotFoundError(name)  # which Numba takes for a file that someone removed
        return super()._load_data(name)


def _is_whole(path: str) -> bool:
    """Tell whether a file is there with the digest of its content; delete it where that does not fit."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        return False
    whole = hashlib.sha256(content[:-_DIGEST_BYTES]).digest() == content[-_DIGEST_BYTES:]
    if not whole:
        with suppress(OSError):
            Path(path).unlink()
    return whole


class _HealingCache(FunctionCache):
    """A cache of one function that never stands in the way of compiling it."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        files = self._cache_file
        self._cache_file = _SealedFiles(self._cache_path, self._impl.filename_base, files._source_stamp)

    # pyrefly: ignore[missing-override-decorator]
    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, compiling again is the remedy
            with suppress(OSError):
                self.flush()
            return None

    # pyrefly: ignore[missing-override-decorator]
    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):  # a full disk, for instance
            super().save_overload(sig, data)


def keep_on_disk(dispatcher: Any, folders: Iterable[Path | None]) -> None:
    """Give a compiled function a cache in the first folder that can be written; else it has none.

    Args:
        dispatcher: from ``numba.njit`` without a cache.
        folders: in the order of preference; None stands for the place beside the source.
    """
    options = vars(config)  # numba makes its options when it is imported, so no type checker knows them
    before = options["CACHE_DIR"]
    for folder in folders:
        options["CACHE_DIR"] = "" if folder is None else str(folder)
        try:
            cache = _HealingCache(dispatcher.py_func)
        except (RuntimeError, OSError):  # no place can be written
            continue
        finally:
            options["CACHE_DIR"] = before
        # where the folder cannot be written, Numba takes one in which old code would not be noticed
        if folder is None or Path(cache.cache_path).is_relative_to(folder):
            dispatcher._cache = cache
            return


@contextmanager
def alone(folder: Path | None) -> Generator[None]:
    """Compile while no other process of this machine does, which then finds on disk what was compiled.

    Where nothing can be locked, processes may compile the same side by side.

    Args:
        folder: of the compiled code; None where it is not kept.
    """
    if folder is None or sys.platform == "win32":
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def digest_of(files: Sequence[Path]) -> str:
    """Return a short digest of the content of source files: compiled code of others must not be used."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def temporary_folders(name: str) -> list[Path]:
    """Return a folder for temporary files that only this user can write, if there can be one.

    Args:
        name: of the folder inside that of the user.
    """
    if not hasattr(os, "getuid"):
        return []
    try:
        own = Path(tempfile.gettempdir()) / f"capexpand-{os.getuid()}"
        own.mkdir(mode=0o700, exist_ok=True)
        about = own.lstat()
    except OSError:
        return []
    # the code in it is run, so nobody else may have put it there
    others = about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return [own / name] if stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not others else []
