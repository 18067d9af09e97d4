"""Where files are kept that can be made again: in the folder that the system has for them."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path


def cache_directory() -> Path:
    """Return where the user's cached files of this project belong, whether or not it exists.

    A user without a home, or whose cache is read-only, has a folder of his own among the temporary files.
    """
    with contextlib.suppress(RuntimeError):  # no home
        usual = _usual_root() / "capexpand"
        if _writable(usual):
            return usual
    return _temporary()


def _usual_root() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _writable(folder: Path) -> bool:
    """Whether the folder, or the lowest one above it that exists, may be written."""
    try:
        place = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    except OSError:
        return False


def _temporary() -> Path:
    """A folder that nobody else can write, since compiled code is read from it."""
    user = os.getuid() if sys.platform != "win32" else os.environ.get("USERNAME", "")
    folder = Path(tempfile.gettempdir()) / f"capexpand-{user}"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
        own = sys.platform == "win32" or (about.st_uid == user and not about.st_mode & 0o022)
        if own and folder.is_dir() and not folder.is_symlink():
            return folder
    return Path(tempfile.mkdtemp(prefix="capexpand-"))
