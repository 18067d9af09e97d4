"""Find the cases that are shipped with the package, by their names."""

from __future__ import annotations

import os
from pathlib import Path


def case_place(case: Path | str) -> Path:
    """Return the path of a case, or of the shipped case of that name where there is no such path.

    Args:
        case: a case file or folder, or the name of a shipped case, such as ``alibaba-2025``.
    """
    place = Path(case)
    name = str(case)
    if Path(name).name != name or name in ("", ".", "..") or not name.isprintable() or os.path.lexists(place):
        return place
    return _homes_by_name().get(name, place)


def shipped_cases() -> tuple[str, ...]:
    """Return the names of the cases that are shipped."""
    return tuple(sorted(_homes_by_name()))


def _homes_by_name() -> dict[str, Path]:
    return {file.parent.name: file.parent for home in _homes() for file in home.glob("*/case.yaml")}


def _homes() -> tuple[Path, ...]:
    """In an installed package, and in a checkout of the repository."""
    package = Path(__file__).parents[1]
    return tuple(home for home in (package / "shipped_cases", package.parents[1] / "cases") if home.is_dir())
