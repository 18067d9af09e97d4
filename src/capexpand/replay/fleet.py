"""A fleet as replay sees it: kinds of node, how many of each, and what stands in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from capexpand.errors import CaseError, Problem
from capexpand.replay.packing.tasks import MAX_ACCELERATORS, MOST_MODELS, UNKNOWN, NodeArrays, make_nodes
from capexpand.replay.sources.json_rows import (
    Name,
    check_name,
    check_rows,
    read_rows,
    refuse_truth,
    without_empty,
)
from capexpand.replay.sources.tables import LINE, is_parquet, read_columns

MOST_NODES = 1_000_000
MOST_KINDS = 10_000
MOST_CPU_CORES = 1e6
MOST_MEMORY_GIB = 1e9


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
        rows = [kind for kind in self.kinds for _ in range(kind.units)]
        return make_nodes(
            [max(1, round(kind.cpu_cores * 1000)) if kind.cpu_cores else UNKNOWN for kind in rows],
            [max(1, round(kind.memory_gib * 1024)) if kind.memory_gib else UNKNOWN for kind in rows],
            [kind.accelerators for kind in rows],
            [kind.model_name if kind.accelerators else "" for kind in rows],
        )

    def offer_of_node(self) -> list[int]:
        """Return the place in ``kinds`` of every node."""
        return [place for place, kind in enumerate(self.kinds) for _ in range(kind.units)]


class NodeRow(BaseModel):
    """A row of a fleet file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    offer: Name
    units: int = Field(ge=0, le=MOST_NODES)
    accelerators: int = Field(ge=0, le=MAX_ACCELERATORS)
    model: str = Field(default="", max_length=200)
    cpu_cores: float = Field(default=0.0, ge=0, le=MOST_CPU_CORES, allow_inf_nan=False)
    memory_gib: float = Field(default=0.0, ge=0, le=MOST_MEMORY_GIB, allow_inf_nan=False)
    accelerator_memory_gib: float = Field(default=0.0, ge=0, le=MOST_MEMORY_GIB, allow_inf_nan=False)
    cost_per_hour: float = Field(default=0.0, ge=0, le=1e12, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, row: object) -> object:
        return without_empty(row)

    @field_validator("units", "accelerators", "cpu_cores", "memory_gib", mode="before")
    @classmethod
    def _refuse_truth(cls, value: object) -> object:
        return refuse_truth(value)

    @field_validator("accelerators", mode="before")
    @classmethod
    def _advise(cls, value: object) -> object:
        try:
            many = float(str(value)) > MAX_ACCELERATORS
        except ValueError:
            return value
        if many and not isinstance(value, bool):
            message = f"is too many: at most {MAX_ACCELERATORS} accelerators in a node"
            raise ValueError(f"{message}; give a rack as several nodes")
        return value

    @field_validator("model")
    @classmethod
    def _one_model(cls, value: str) -> str:
        if "|" in value:
            raise ValueError("names several models; give each its own row")
        return check_name(value)

    def kind(self) -> NodeKind:
        """Return the kind of node that the row describes."""
        return NodeKind(**self.model_dump())


def read_fleet(path: Path) -> Fleet:
    """Read a fleet from a CSV file, or from a JSON file with the list ``nodes``.

    Required are ``offer``, ``units`` and ``accelerators`` (per unit); the other fields of ``NodeKind`` may
    follow.

    Raises:
        CaseError: everything that is wrong with it.
    """
    if path.name.lower().endswith((".json", ".json.gz")):
        return _fleet_of(read_rows(path, "nodes", NodeRow), path)
    import polars as pl

    names = dict.fromkeys(("offer", "units", "accelerators"), pl.String)
    rest = dict.fromkeys([name for name in NodeRow.model_fields if name not in names], pl.String)
    table = read_columns(path, names, optional=rest, only_these=True)
    lines = None if is_parquet(path) else table[LINE].to_list()
    if len(table) > MOST_KINDS:
        raise CaseError([Problem(f"has {len(table)} rows; at most {MOST_KINDS} kinds of node", file=path)])
    rows = [_with_points(row) for row in table.drop(LINE).to_dicts()]
    return _fleet_of(check_rows(rows, NodeRow, name="nodes", source=path, lines=lines), path)


def _with_points(row: dict[str, str | None]) -> dict[str, str | None]:
    """Put a point in place of a decimal comma."""
    return {
        name: value
        if value is None or name in ("offer", "model")
        else re.sub(r"^(\d+),(\d+)$", r"\1.\2", value.strip())
        for name, value in row.items()
    }


def _fleet_of(rows: Sequence[NodeRow], source: Path) -> Fleet:
    problems: list[Problem] = []
    nodes = sum(row.units for row in rows)
    if nodes == 0:
        problems.append(Problem("the fleet has no node", file=source))
    if nodes > MOST_NODES:
        message = f"the fleet has {nodes:,} nodes; at most {MOST_NODES:,} are replayed, give a part of it"
        problems.append(Problem(message, file=source))
    models = {row.model or row.offer for row in rows if row.accelerators}
    if len(models) > MOST_MODELS:
        message = f"the fleet has {len(models)} models of accelerator; at most {MOST_MODELS} in one cluster"
        problems.append(Problem(message, file=source))
    if problems:
        raise CaseError(problems)
    return Fleet(tuple(row.kind() for row in rows))
