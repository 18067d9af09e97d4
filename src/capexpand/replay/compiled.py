"""Compile the engine's inner loops with Numba, keep them on disk, and say so when it happens."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, TypeVar

import numba
from numba.core.event import Event, Listener, install_listener

from capexpand.compiled_cache import digest_of, keep_on_disk, temporary_folders

F = TypeVar("F", bound=Callable[..., Any])


def forget_stale_code(folder: Path, *called: Path) -> bool:
    """Delete cached machine code below a folder that is older than a source file there.

    Numba looks at the file of a kernel only, not at those of the kernels that it calls.

    Args:
        folder: the package whose kernels call each other.
        called: other packages with kernels that they call.

    Returns:
        Whether anything was deleted.
    """
    sources = (source for each in (folder, *called) for source in each.rglob("*.py"))
    newest = max(source.stat().st_mtime_ns for source in sources)
    deleted = False
    for index in folder.rglob("__pycache__/*.nbi"):
        # another process may do the same at the same time
        with suppress(OSError):
            if index.stat().st_mtime_ns < newest:
                index.unlink()
                deleted = True
    return deleted


forget_stale_code(Path(__file__).parent)


_SOURCES = sorted(Path(__file__).parent.rglob("*.py"))
# A read-only installation of a user without a home keeps its machine code with the temporary files.
_FOLDERS = (None, *temporary_folders(f"replay-{digest_of(_SOURCES)}"))

# Numba's annotations do not know this option: references are not counted.
_OPTIONS: dict[str, Any] = {"fastmath": False, "error_model": "numpy", "_nrt": False}


def kernel(function: F) -> F:
    """Compile a function at its first call and cache the machine code beside its source.

    Floating point keeps its written order (no fast-math), so that a kernel gives bit for bit what the plain
    Python reference loop of the tests gives. A kernel only fills arrays that it is given: with nothing to
    allocate, references need not be counted, which makes functions on tuples of arrays several times faster.

    Args:
        function: a function on numbers and NumPy arrays that allocates nothing.

    Returns:
        The same function, compiled when first called.
    """
    return _kept(numba.njit(**_OPTIONS)(function))


def inline_kernel(function: F) -> F:
    """Compile a function into each kernel that calls it; otherwise as ``kernel``.

    A tuple of arrays is passed by value. For a short function that is called at every event, copying it costs
    more than the work.

    Args:
        function: a short function on numbers and NumPy arrays that allocates nothing.

    Returns:
        The same function, compiled when first called.
    """
    return _kept(numba.njit(inline="always", **_OPTIONS)(function))


def _kept(function: F) -> F:
    """Give a compiled function its place on disk."""
    keep_on_disk(function, _FOLDERS)
    return function


class _Announcer(Listener):
    """Print one line when a compilation starts and one when the outermost one is done."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._depth = 0
        self._started = 0.0
        self.compiled = 0

    def on_start(self, event: Event) -> None:
        del event
        if self._depth == 0:
            if self.compiled == 0:
                print("compiling the replay engine (once; kept on disk) ...", file=self._stream, flush=True)
            self._started = time.perf_counter()
        self._depth += 1
        self.compiled += 1

    def on_end(self, event: Event) -> None:
        del event
        self._depth -= 1
        if self._depth == 0:
            seconds = time.perf_counter() - self._started
            print(f"  compiled in {seconds:.1f} s", file=self._stream, flush=True)


@contextmanager
def announce_compilation(stream: TextIO | None = None) -> Generator[None]:
    """Tell the user, inside the block, whenever a kernel is compiled rather than read from disk.

    Args:
        stream: where to write; standard error when None, so that ``--json`` output stays clean.
    """
    listener = _Announcer(sys.stderr if stream is None else stream)
    with install_listener("numba:compile", listener):
        yield
