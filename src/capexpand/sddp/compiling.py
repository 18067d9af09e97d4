"""Compile functions with Numba into a cache that a change of *any* of the compiled files makes anew.

Numba keys its cache by the file of the function alone. A function that calls one in another file would go
on running the old version of the other, silently. So the folder of the cache carries a digest of all
compiled files. It lies with the user's other caches, so that a read-only installation has one too; where
those cannot be written either, see ``compiled_cache``.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

from capexpand.compiled_cache import digest_of, keep_on_disk, temporary_folders
from capexpand.user_cache import cache_directory

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
def cache_folders() -> tuple[Path, ...]:
    """Return the folders for compiled code, best first: the one Numba was told, or ours by content."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return (Path(os.environ["NUMBA_CACHE_DIR"]),)
    name = f"compiled-{digest_of([Path(__file__).parent / file for file in _COMPILED_FILES])}"
    try:
        usual = [cache_directory() / name]
    except RuntimeError:  # an unknown user has no home
        usual = list[Path]()
    return (*usual, *temporary_folders(name))


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
    how: dict[str, Any] = {"fastmath": _FAST, "error_model": "numpy", "_nrt": counts_owners}
    dispatcher = njit(**how)(function)
    keep_on_disk(dispatcher, cache_folders())
    return cast("Function", dispatcher)


def inlined(function: Function) -> Function:
    """Compile a small function into those that call it."""
    how: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
    return cast("Function", njit(inline="always", **how)(function))
