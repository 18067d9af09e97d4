"""Reads the compact form ``sddp-case/compact-1`` of a hydro-thermal system: data, with the model in words.

Stage t = 1…T has for every region i a reservoir (state ``level[i]``), spill, hydro and thermal generation,
a deficit in four tranches, and exchanges between the regions and one junction:

    sum_j deficit[i][j] + hydro[i] + sum_j thermal[i][j]
        + sum_k exchange[k][i] - sum_k exchange[i][k] = demand[m][i]
    level.out[i] + spill[i] + hydro[i] - level.in[i] = inflow[i]
    sum_k exchange[k][junction] = sum_k exchange[junction][k]

with m = (t - 1) mod 12. The inflow is certain in stage 1 and one of the historical years after it. The cost
is ``(w 0.01 deficit cost + (1 - w) 0.1 thermal cost) / D`` with D the number of stages when that is not 12.
After Shapiro, Tekaya, da Costa and Soares (2013), *Risk neutral and risk averse stochastic dual dynamic
programming method*, European Journal of Operational Research 224.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import CaseError, Problem
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.problem import Node, PolicyGraph, Realisations, StageProgram

Floats = NDArray[np.float64]

_NEEDED = (
    "thermal_ub", "thermal_lb", "thermal_obj", "hydro_ub", "storedEnergy_initial", "storedEnergy_ub",
    "exchange_ub", "deficit_obj", "deficit_ub", "demand", "scenarios", "inflow_initial",
)  # fmt: skip


def graph_from_compact(
    document: Mapping[str, Any], *, weight: float = 0.0, stages: int | None = None
) -> PolicyGraph:
    """Build the problem.

    Args:
        document: the parsed file.
        weight: w, the weight of the deficit cost against the thermal cost, in [0, 1].
        stages: how many stages, or None for those of the document.

    Raises:
        CaseError: data are missing.
    """
    data = document.get("data") or {}
    missing = [name for name in _NEEDED if name not in data]
    if missing:
        raise CaseError([Problem("is missing", path=f"data.{name}") for name in missing])
    count = int(stages if stages is not None else document["stages"])
    months = [_stage(data, month, weight, 1.0 if count == 12 else float(count)) for month in range(12)]
    regions = len(data["hydro_ub"])
    nodes = tuple(Node(str(t + 1), t % 12, _inflows(months[t % 12], data, t, regions)) for t in range(count))
    root, transition = np.zeros(count), np.zeros((count, count))
    root[0] = 1.0
    transition[np.arange(count - 1), np.arange(1, count)] = 1.0
    return PolicyGraph(
        stages=tuple(months),
        nodes=nodes,
        root=root,
        transition=transition,
        initial_state=np.array(data["storedEnergy_initial"], dtype=float),
        state_names=tuple(f"level[{i}]" for i in range(regions)),
    )


class _Columns:
    """Collects columns with their names, bounds and costs."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.cost: list[float] = []

    def add(self, name: str, lower: float, upper: float, cost: float = 0.0) -> int:
        """Add a column and return its place."""
        self.names.append(name)
        self.lower.append(lower)
        self.upper.append(upper)
        self.cost.append(cost)
        return len(self.names) - 1


def _stage(data: Mapping[str, Any], month: int, weight: float, divisor: float) -> StageProgram:
    """Build the stage program of a month."""
    regions, columns = len(data["hydro_ub"]), _Columns()
    entries: list[tuple[int, int, float]] = []
    demand, tranches = data["demand"][month], data["deficit_ub"]
    incoming = [columns.add(f"level[{i}].in", -np.inf, np.inf) for i in range(regions)]
    outgoing = [columns.add(f"level[{i}].out", 0.0, data["storedEnergy_ub"][i]) for i in range(regions)]
    for i in range(regions):
        spill = columns.add(f"spill[{i}]", 0.0, np.inf)
        hydro = columns.add(f"hydro[{i}]", 0.0, data["hydro_ub"][i])
        balance, water = i, regions + i
        entries += [(balance, hydro, 1.0), (water, outgoing[i], 1.0), (water, spill, 1.0)]
        entries += [(water, hydro, 1.0), (water, incoming[i], -1.0)]
        limits = zip(data["thermal_lb"][i], data["thermal_ub"][i], data["thermal_obj"][i], strict=True)
        for j, (low, high, price) in enumerate(limits):
            cost = (1.0 - weight) * 0.1 * price / divisor
            entries.append((balance, columns.add(f"thermal[{i}][{j}]", low, high, cost), 1.0))
        for j, share in enumerate(tranches):
            cost = weight * 0.01 * data["deficit_obj"][i] / divisor
            entries.append((balance, columns.add(f"deficit[{i}][{j}]", 0.0, demand[i] * share, cost), 1.0))
    junction = 2 * regions
    for k, limits_of in enumerate(data["exchange_ub"]):
        for to, limit in enumerate(limits_of):
            column = columns.add(f"exchange[{k}][{to}]", 0.0, limit)
            if k != to:
                entries.append((k if k < regions else junction, column, -1.0))
                entries.append((to if to < regions else junction, column, 1.0))
    right = np.concatenate((np.asarray(demand, dtype=float), np.zeros(regions + 1)))
    rows, places, values = zip(*entries, strict=True)
    names = [f"demand[{i}]" for i in range(regions)] + [f"water[{i}]" for i in range(regions)] + ["junction"]
    return StageProgram(
        matrix=ColumnMatrix.from_entries(
            list(rows), list(places), list(values), shape=(len(right), len(columns.names))
        ),
        cost=np.array(columns.cost),
        lower=np.array(columns.lower, dtype=float),
        upper=np.array(columns.upper, dtype=float),
        row_lower=right,
        row_upper=right,
        incoming=np.array(incoming),
        outgoing=np.array(outgoing),
        integer=np.zeros(len(columns.names), dtype=bool),
        column_names=tuple(columns.names),
        row_names=tuple(names),
    )


def _inflows(stage: StageProgram, data: Mapping[str, Any], t: int, regions: int) -> Realisations:
    """Return the inflows of stage t (from 0) as outcomes."""
    if t == 0:
        inflows = np.array([data["inflow_initial"]], dtype=float)
    else:
        inflows = np.array([data["scenarios"][i][(t - 1) % 12] for i in range(regions)], dtype=float).T
    right = np.tile(stage.row_lower, (len(inflows), 1))
    right[:, regions : 2 * regions] = inflows
    return Realisations(np.full(len(inflows), 1.0 / len(inflows)), row_lower=right, row_upper=right)
