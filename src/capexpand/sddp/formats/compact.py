"""Read the compact form ``sddp-case/compact-1`` of a hydro-thermal system: data, with the model in words.

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

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from capexpand.sddp.formats.document import ParsedFile, Place
from capexpand.sddp.formats.fields import DocumentPart, Many, Number, read_as
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.problem import Node, PolicyGraph, Realisations, StageProgram

Floats = NDArray[np.float64]

_MONTHS = 12
_MOST_REGIONS = 100
_MOST_STAGES = 1000

_Row = Annotated[Many[Number], Field(min_length=1)]
_Rows = Annotated[Many[_Row], Field(min_length=1)]


class _Data(DocumentPart):
    thermal_ub: Many[Many[Number]]
    thermal_lb: Many[Many[Number]]
    thermal_obj: Many[Many[Number]]
    hydro_ub: Annotated[list[Number], Field(min_length=1, max_length=_MOST_REGIONS)]
    storedEnergy_initial: _Row  # noqa: N815 - as the format spells it
    storedEnergy_ub: _Row  # noqa: N815
    exchange_ub: _Rows
    deficit_obj: _Row
    deficit_ub: _Row
    demand: _Rows
    scenarios: Annotated[Many[_Rows], Field(min_length=1)]
    inflow_initial: _Row


class _Compact(DocumentPart):
    data: _Data
    stages: Annotated[int, Field(ge=1)]


def graph_from_compact(
    document: ParsedFile, *, weight: float = 0.0, stages: int | None = None
) -> PolicyGraph:
    """Build the problem.

    Args:
        weight: w, the weight of the deficit cost against the thermal cost, in [0, 1].
        stages: how many stages, or None for those of the document.

    Raises:
        CaseError: data are missing, are not numbers or do not fit each other.
    """
    stated = read_as(_Compact, document)
    data, count = stated.data, stated.stages if stages is None else stages
    problems = _misfits(data)
    if count > _MOST_STAGES:
        problems.append((("stages",), f"are {count:,}; at most {_MOST_STAGES:,} are solved"))
    if problems:
        raise document.refuse(problems)
    months = [
        _stage(data, month, weight, 1.0 if count == _MONTHS else float(count)) for month in range(_MONTHS)
    ]
    regions = len(data.hydro_ub)
    nodes = tuple(
        Node(str(t + 1), t % _MONTHS, _inflows(months[t % _MONTHS], data, t, regions)) for t in range(count)
    )
    root, transition = np.zeros(count), np.zeros((count, count))
    root[0] = 1.0
    transition[np.arange(count - 1), np.arange(1, count)] = 1.0
    return PolicyGraph(
        stages=tuple(months),
        nodes=nodes,
        root=root,
        transition=transition,
        initial_state=np.array(data.storedEnergy_initial, dtype=float),
        state_names=tuple(f"level[{i}]" for i in range(regions)),
    )


def _misfits(data: _Data) -> list[tuple[Place, str]]:
    """Return the tables whose lengths do not fit the number of regions, months or plants."""
    regions = len(data.hydro_ub)
    found: list[tuple[Place, str]] = []

    def wants(place: Place, table: list[float] | list[list[float]], length: int, of: str) -> None:
        if len(table) != length:
            found.append((("data", *place), f"has {len(table)} items, but there are {length} {of}"))

    for name in ("storedEnergy_initial", "storedEnergy_ub", "deficit_obj", "inflow_initial"):
        wants((name,), getattr(data, name), regions, "regions")
    for name in ("thermal_ub", "thermal_lb", "thermal_obj", "scenarios"):
        wants((name,), getattr(data, name), regions, "regions")
    wants(("exchange_ub",), data.exchange_ub, regions + 1, "regions and a junction")
    wants(("demand",), data.demand, _MONTHS, "months")
    for number, row in enumerate(data.exchange_ub):
        wants(("exchange_ub", number), row, regions + 1, "regions and a junction")
    for number, row in enumerate(data.demand):
        wants(("demand", number), row, regions, "regions")
    for name in ("thermal_lb", "thermal_obj"):
        for number, (row, plants) in enumerate(zip(getattr(data, name), data.thermal_ub, strict=False)):
            wants((name, number), row, len(plants), "plants in thermal_ub")
    for number, months in enumerate(data.scenarios):
        wants(("scenarios", number), months, _MONTHS, "months")
        for month, years in enumerate(months):
            first = data.scenarios[0][min(month, len(data.scenarios[0]) - 1)]
            wants(("scenarios", number, month), years, len(first), "years in the first region")
    return found


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


def _stage(data: _Data, month: int, weight: float, divisor: float) -> StageProgram:
    """Build the stage program of a month."""
    regions, columns = len(data.hydro_ub), _Columns()
    entries: list[tuple[int, int, float]] = []
    demand, tranches = data.demand[month], data.deficit_ub
    incoming = [columns.add(f"level[{i}].in", -np.inf, np.inf) for i in range(regions)]
    outgoing = [columns.add(f"level[{i}].out", 0.0, data.storedEnergy_ub[i]) for i in range(regions)]
    for i in range(regions):
        spill = columns.add(f"spill[{i}]", 0.0, np.inf)
        hydro = columns.add(f"hydro[{i}]", 0.0, data.hydro_ub[i])
        balance, water = i, regions + i
        entries += [(balance, hydro, 1.0), (water, outgoing[i], 1.0), (water, spill, 1.0)]
        entries += [(water, hydro, 1.0), (water, incoming[i], -1.0)]
        limits = zip(data.thermal_lb[i], data.thermal_ub[i], data.thermal_obj[i], strict=True)
        for j, (low, high, price) in enumerate(limits):
            cost = (1.0 - weight) * 0.1 * price / divisor
            entries.append((balance, columns.add(f"thermal[{i}][{j}]", low, high, cost), 1.0))
        for j, share in enumerate(tranches):
            cost = weight * 0.01 * data.deficit_obj[i] / divisor
            entries.append((balance, columns.add(f"deficit[{i}][{j}]", 0.0, demand[i] * share, cost), 1.0))
    junction = 2 * regions
    for k, limits_of in enumerate(data.exchange_ub):
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


def _inflows(stage: StageProgram, data: _Data, t: int, regions: int) -> Realisations:
    """Return the inflows of stage t (from 0) as outcomes."""
    if t == 0:
        inflows = np.array([data.inflow_initial], dtype=float)
    else:
        inflows = np.array([data.scenarios[i][(t - 1) % _MONTHS] for i in range(regions)], dtype=float).T
    right = np.tile(stage.row_lower, (len(inflows), 1))
    right[:, regions : 2 * regions] = inflows
    return Realisations(np.full(len(inflows), 1.0 / len(inflows)), row_lower=right, row_upper=right)
