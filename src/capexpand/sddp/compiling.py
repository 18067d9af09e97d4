"""Compiles functions with Numba into a cache that a change of *any* of the compiled files makes anew.

Numba keys its cache by the file of the function alone. A function that calls one in another file would go
on running the old version of the other, silently. So the folder of the cache carries a digest of all
compiled files. It lies with the user's other caches, so that a read-only installation has one too.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit

Function = TypeVar("Function", bound=Callable[..., object])

_COMPILED_FILES = (
    "compiling.py",
    "kernel/layout.py",
    "kernel/program.py",
    "kernel/basis.py",
    "kernel/factors.py",
    "kernel/algebra.py",
    "kernel/simplex.py",
    "kernel/outcomes.py",
    "kernel/node.py",
)

# Sums may be reordered, which makes them fast; infinities keep their meaning.
_FAST = {"contract", "reassoc", "nsz", "arcp"}


@functools.lru_cache(maxsize=1)
def cache_folder() -> str:
    """Return the folder for compiled code: the one Numba was told, or one of our own by content."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return os.environ["NUMBA_CACHE_DIR"]
    digest = hashlib.sha256()
    for name in _COMPILED_FILES:
        digest.update((Path(__file__).parent / name).read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".cache")
    return str(Path(home) / "capexpand" / f"compiled-{digest.hexdigest()[:16]}")


def compiled(function: Function) -> Function:
    """Compile a function that makes no arrays, when it is first called, or take it from the cache.

    Nothing in it counts who owns an array: counting took a tenth of the solver's time. So it must call none
    that returns an array which it made.
    """
    return _compiled(function, counts_owners=False)


def making_arrays(function: Function) -> Function:
    """Compile a function that makes arrays, or calls one that does and returns them."""
    return _compiled(function, counts_owners=True)


def _compiled(function: Function, *, counts_owners: bool) -> Function:
    options = vars(config)  # numba makes its options when it is imported, so no type checker knows them
    before = options["CACHE_DIR"]
    options["CACHE_DIR"] = cache_folder()
    try:
        how: dict[str, Any] = {"fastmath": _FAST, "error_model": "numpy", "_nrt": counts_owners}
        return cast("Function", njit(cache=True, **how)(function))
    finally:
        options["CACHE_DIR"] = before


def inlined(function: Function) -> Function:
    """Compile a small function into those that call it."""
    how: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
    return cast("Function", njit(inline="always", **how)(function))
