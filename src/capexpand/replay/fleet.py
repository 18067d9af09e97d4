"""A fleet as replay sees it: kinds of node, how many of each, and what stands in one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from capexpand.errors import CaseError, Problem
from capexpand.replay.packing.tasks import MAX_ACCELERATORS, NodeArrays, make_nodes
from capexpand.replay.sources.tables import read_bytes, read_columns


@dataclass(frozen=True, slots=True)
class NodeKind:
    """Units of one offer.

    Args:
        offer: name of the offer.
        units: how many nodes.
        accelerators: accelerators in a node.
        model: model of its accelerators; the name of the offer when empty.
        cpu_cores: CPU cores of a node; 0 when unknown, and then not a limit.
        memory_gib: main memory of a node [GiB]; 0 when unknown, and then not a limit.
        accelerator_memory_gib: memory of one accelerator [GiB]; 0 when unknown.
        cost_per_hour: what a node costs an hour, in any one currency; 0 when unknown.
    """

    offer: str
    units: int
    accelerators: int
    model: str = ""
    cpu_cores: float = 0.0
    memory_gib: float = 0.0
    accelerator_memory_gib: float = 0.0
    cost_per_hour: float = 0.0

    @property
    def model_name(self) -> str:
        """The model by which jobs ask for it."""
        return self.model or self.offer


@dataclass(frozen=True, slots=True)
class Fleet:
    """Kinds of node in the order in which they are preferred.

    Args:
        kinds: the kinds.
    """

    kinds: tuple[NodeKind, ...]

    @property
    def accelerators(self) -> int:
        """All accelerators."""
        return sum(kind.units * kind.accelerators for kind in self.kinds)

    @property
    def nodes(self) -> int:
        """All nodes."""
        return sum(kind.units for kind in self.kinds)

    @property
    def cost_per_hour(self) -> float:
        """What all nodes cost an hour."""
        return sum(kind.units * kind.cost_per_hour for kind in self.kinds)

    def as_nodes(self) -> NodeArrays:
        """Return every node; what is unknown of it is no limit."""
        unlimited = 1 << 50
        rows = [kind for kind in self.kinds for _ in range(kind.units)]
        return make_nodes(
            [round(kind.cpu_cores * 1000) or unlimited for kind in rows],
            [round(kind.memory_gib * 1024) or unlimited for kind in rows],
            [kind.accelerators for kind in rows],
            [kind.model_name if kind.accelerators else "" for kind in rows],
        )

    def offer_of_node(self) -> list[int]:
        """Return the place in ``kinds`` of every node."""
        return [place for place, kind in enumerate(self.kinds) for _ in range(kind.units)]


_TEXT = ("offer", "model")
_COUNTS = ("units", "accelerators")
_NUMBERS = ("cpu_cores", "memory_gib", "accelerator_memory_gib", "cost_per_hour")


def read_fleet(path: Path) -> Fleet:
    """Read a fleet from a CSV file, or from a JSON file with the list ``nodes``.

    Required are ``offer``, ``units`` and ``accelerators`` (per unit); the other fields of ``NodeKind`` may
    follow.

    Args:
        path: the file.

    Raises:
        CaseError: everything that is wrong with it.
    """
    if path.name.endswith((".json", ".json.gz")):
        try:
            document = json.loads(read_bytes(path))
        except json.JSONDecodeError as error:
            raise CaseError([Problem(f"not JSON: {error.msg}", file=path, line=error.lineno)]) from None
        rows = document.get("nodes") if isinstance(document, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise CaseError([Problem('needs an object with the list "nodes" of objects', file=path)])
    else:
        import polars as pl

        names = dict.fromkeys(_COUNTS, pl.String) | {"offer": pl.String}
        rest = {"model": pl.String} | dict.fromkeys(_NUMBERS, pl.String)
        rows = read_columns(path, names, optional=rest).to_dicts()
    return make_fleet(rows, source=path)


def make_fleet(rows: Sequence[Mapping[str, object]], *, source: Path | None = None) -> Fleet:
    """Check rows that describe kinds of node.

    Args:
        rows: one per kind, by the names of the fields.
        source: the file that they come from.

    Raises:
        CaseError: everything that is wrong with them.
    """
    problems: list[Problem] = []
    kinds = []
    known = {*_TEXT, *_COUNTS, *_NUMBERS}
    for number, row in enumerate(rows, start=1):
        problems.extend(
            Problem("unknown field", path=f"nodes[{number}].{name}", file=source)
            for name in row
            if name not in known
        )
        values: dict[str, float] = {}
        for name in (*_COUNTS, *_NUMBERS):
            value = row.get(name)
            place = f"nodes[{number}].{name}"
            if value in (None, ""):
                if name in _COUNTS:
                    problems.append(Problem("is missing", path=place, file=source))
                value = 0
            try:
                values[name] = float(str(value))
            except ValueError:
                problems.append(Problem(f"{value!r} is not a number", path=place, file=source))
                values[name] = 0.0
            if values[name] < 0 or (name in _COUNTS and values[name] != int(values[name])):
                problems.append(Problem(f"{value} is not a whole number from 0 on", path=place, file=source))
        if values["accelerators"] > MAX_ACCELERATORS:
            problems.append(
                Problem(
                    f"at most {MAX_ACCELERATORS} accelerators in a node; give a rack as several nodes",
                    path=f"nodes[{number}].accelerators",
                    file=source,
                )
            )
        offer = str(row.get("offer") or "")
        if not offer:
            problems.append(Problem("is missing", path=f"nodes[{number}].offer", file=source))
        kinds.append(
            NodeKind(
                offer,
                int(values["units"]),
                int(values["accelerators"]),
                str(row.get("model") or ""),
                *(values[name] for name in _NUMBERS),
            )
        )
    if not any(kind.units for kind in kinds):
        problems.append(Problem("the fleet has no node", file=source))
    if problems:
        raise CaseError(problems)
    return Fleet(tuple(kinds))
