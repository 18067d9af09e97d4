"""With what a result was made, so that parts from several machines are joined only where they agree."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import version


def made_with() -> dict[str, str]:
    """Return the versions on which numbers rest: of capexpand, the solver, the arithmetic and Python."""
    found = {name: version(name) for name in ("capexpand", "highspy", "numpy")}
    return {**found, "Python": f"{sys.version_info.major}.{sys.version_info.minor}"}


def difference(one: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    """Say in which versions two differ, such as ``numpy 2.1.0, not 2.2.0``; None where they agree.

    Args:
        one: what was found.
        other: what was expected.
    """
    parts = [
        f"{name} {one.get(name, 'unknown')}, not {other[name]}"
        for name in other
        if one.get(name) != other[name]
    ]
    return "; ".join(parts) or None
