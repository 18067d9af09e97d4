"""Read a multistage problem from the neutral JSON format ``sddp-case/1``.

A document has ``sense``, ``initial_state``, ``graph`` (``root`` and ``edges``), ``nodes`` (a subproblem and
scenarios whose ``set`` overrides ``rhs``, ``ub``, ``lb``, ``obj``, ``coef`` or ``obj_const``),
``subproblems`` (variables and constraints; ``x.in`` and ``x.out`` are a state's incoming and outgoing value)
and ``risk``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, ConfigDict, Field

from capexpand.files.json_text import JsonObject
from capexpand.sddp.formats.document import ParsedFile, Place, clipped
from capexpand.sddp.formats.fields import Chance, DocumentPart, Lower, Many, Name, Number, Upper, read_as
from capexpand.sddp.formats.sizes import check_sizes
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.problem import Node, PolicyGraph, Realisations, StageProgram
from capexpand.sddp.risk import Blend, Expectation, RiskMeasure

Floats = NDArray[np.float64]


def _attitude(value: Any) -> Any:
    return {"weight_expectation": 1.0, "tail": 1.0} if value == "expectation" else value


def _absent_as_zero(value: Any) -> Any:
    return 0.0 if value is None else value


def _absent_as_empty(value: Any) -> Any:
    return JsonObject() if value is None else value


def _absent_as_none(value: Any) -> Any:
    return list[Any]() if value is None else value


_Optional = Annotated[Number, BeforeValidator(_absent_as_zero)]


class _Variable(DocumentPart):
    name: Name
    lb: Lower = -np.inf
    ub: Upper = np.inf
    obj: _Optional = 0.0
    integer: bool | None = False


class _Listed(DocumentPart):
    """A list of fixed length; its fields are the items."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class _Term(_Listed):
    variable: Name = Field(alias="0")
    value: Number = Field(alias="1")


class _Entry(_Listed):
    row: Name = Field(alias="0")
    column: Name = Field(alias="1")
    value: Number = Field(alias="2")


class _First(_Listed):
    node: Name = Field(alias="0")
    probability: Chance = Field(alias="1")


class _Edge(_Listed):
    origin: Name = Field(alias="0")
    follower: Name = Field(alias="1")
    probability: Chance = Field(alias="2")


def _listed(value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError(f"must be a list, not {clipped(value)}")  # noqa: TRY004 - pydantic reads only this one
    return {str(place): item for place, item in enumerate(value[:5])}


class _Constraint(DocumentPart):
    name: Name
    terms: Many[Annotated[_Term, BeforeValidator(_listed)]]
    sense: Literal["==", "=", "<=", ">="]
    rhs: Number


class _Subproblem(DocumentPart):
    variables: Many[_Variable]
    constraints: Many[_Constraint]


class _Change(DocumentPart):
    """What an outcome changes."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    rhs: Annotated[dict[str, Number], BeforeValidator(_absent_as_empty)] = Field(default_factory=dict)
    ub: Annotated[dict[str, Upper], BeforeValidator(_absent_as_empty)] = Field(default_factory=dict)
    lb: Annotated[dict[str, Lower], BeforeValidator(_absent_as_empty)] = Field(default_factory=dict)
    obj: Annotated[dict[str, _Optional], BeforeValidator(_absent_as_empty)] = Field(default_factory=dict)
    coef: Annotated[Many[Annotated[_Entry, BeforeValidator(_listed)]], BeforeValidator(_absent_as_none)] = (
        Field(default_factory=list)
    )
    obj_const: _Optional = 0.0


class _Scenario(DocumentPart):
    prob: Chance
    set: Annotated[_Change, BeforeValidator(_absent_as_empty)] = _Change()


class _Node(DocumentPart):
    subproblem: Name
    scenarios: Annotated[Many[_Scenario], BeforeValidator(_absent_as_none)] = Field(default_factory=list)


class _Graph(DocumentPart):
    root: Many[Annotated[_First, BeforeValidator(_listed)]]
    edges: Many[Annotated[_Edge, BeforeValidator(_listed)]]


class _MeanAvar(DocumentPart):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    type: Literal["mean-avar"] = "mean-avar"
    weight_expectation: Annotated[Chance, Field(le=1.0)]
    tail: Annotated[Chance, Field(le=1.0)]


_Attitude = Annotated[_MeanAvar | None, BeforeValidator(_attitude)]


class _Risk(DocumentPart):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    type: Literal["mean-avar"] = "mean-avar"
    by_node: Annotated[dict[str, _Attitude], BeforeValidator(_absent_as_empty)] = Field(default_factory=dict)
    default: _Attitude = None


class _Case(DocumentPart):
    sense: Literal["min", "max"]
    initial_state: dict[str, Number]
    graph: _Graph
    nodes: Annotated[dict[str, _Node], Field(min_length=1)]
    subproblems: dict[str, _Subproblem]
    risk: _Risk | None = None


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stage program with the places of its names; costs already have the sign of a minimisation."""

    program: StageProgram
    column_of: dict[str, int]
    row_of: dict[str, int]
    senses: tuple[str, ...]


def graph_from_document(document: ParsedFile) -> PolicyGraph:
    """Build the problem that a document describes.

    Raises:
        CaseError: with everything that is wrong in the document.
    """
    case = read_as(_Case, document)
    reader = _Reader(case)
    reader.check_names()
    if reader.problems:
        raise document.refuse(reader.problems)
    sizes = [
        (len(each.variables), len(each.constraints), sum(len(row.terms) for row in each.constraints))
        for each in case.subproblems.values()
    ]
    keys = list(case.subproblems)
    check_sizes(
        document, sizes, states=len(case.initial_state),
        nodes=[
            (keys.index(node.subproblem), len(node.scenarios), any(each.set.coef for each in node.scenarios))
            for node in case.nodes.values()
        ],
    )  # fmt: skip
    return reader.graph()


class _Reader:
    """Turns a case into arrays and collects the names that nothing has."""

    def __init__(self, case: _Case) -> None:
        self.problems: list[tuple[Place, str]] = []
        self._case = case
        self._sign = -1.0 if case.sense == "max" else 1.0
        self._states = tuple(case.initial_state)

    def check_names(self) -> None:
        """Take note of every name that stands for nothing or is used twice."""
        case = self._case
        for name, part in case.subproblems.items():
            self._check_subproblem(("subproblems", name), part)
        for name, node in case.nodes.items():
            part = case.subproblems.get(node.subproblem)
            if part is None:
                message = f"there is no subproblem {node.subproblem!r}"
                self.problems.append((("nodes", name, "subproblem"), message))
            else:
                self._check_scenarios(("nodes", name, "scenarios"), node.scenarios, part)
        for number, first in enumerate(case.graph.root):
            if first.node not in case.nodes:
                self.problems.append((("graph", "root", number), f"there is no node {first.node!r}"))
        for number, edge in enumerate(case.graph.edges):
            for name in (edge.origin, edge.follower):
                if name not in case.nodes:
                    message = f"an edge names an unknown node: {name!r}"
                    self.problems.append((("graph", "edges", number), message))
        for name in case.risk.by_node if case.risk is not None else ():
            if name not in case.nodes:
                self.problems.append((("risk", "by_node", name), "there is no such node"))

    def _check_subproblem(self, place: Place, part: _Subproblem) -> None:
        names = {variable.name for variable in part.variables}
        if len(names) < len(part.variables) or len({row.name for row in part.constraints}) < len(
            part.constraints
        ):
            self.problems.append((place, "a name is used twice"))
        for number, row in enumerate(part.constraints):
            for term in row.terms:
                if term.variable not in names:
                    message = f"unknown variable {term.variable!r}"
                    self.problems.append(((*place, "constraints", number), message))

    def _check_scenarios(self, place: Place, scenarios: Sequence[_Scenario], part: _Subproblem) -> None:
        names = {variable.name for variable in part.variables}
        rows = {row.name for row in part.constraints}
        for number, scenario in enumerate(scenarios):
            change = scenario.set
            for key, known in (("rhs", rows), ("ub", names), ("lb", names), ("obj", names)):
                self.problems += [
                    ((*place, number, "set", key, name), f"unknown name {name!r}")
                    for name in getattr(change, key)
                    if name not in known
                ]
            self.problems += [
                ((*place, number, "set", "coef", at), f"unknown place ({entry.row}, {entry.column})")
                for at, entry in enumerate(change.coef)
                if entry.row not in rows or entry.column not in names
            ]

    def graph(self) -> PolicyGraph:
        """Return the problem."""
        case = self._case
        noisy: dict[str, list[tuple[str, str]]] = {}
        for node in case.nodes.values():
            for scenario in node.scenarios:
                noisy.setdefault(node.subproblem, []).extend((e.row, e.column) for e in scenario.set.coef)
        stages = {name: self._stage(part, noisy.get(name, ())) for name, part in case.subproblems.items()}
        keys, names = list(stages), list(case.nodes)
        place = {name: index for index, name in enumerate(names)}
        root, transition = np.zeros(len(names)), np.zeros((len(names), len(names)))
        for first in case.graph.root:
            root[place[first.node]] += first.probability
        for edge in case.graph.edges:
            transition[place[edge.origin], place[edge.follower]] += edge.probability
        return PolicyGraph(
            stages=tuple(stage.program for stage in stages.values()),
            nodes=tuple(
                Node(
                    name,
                    keys.index(node.subproblem),
                    self._realisations(stages[node.subproblem], node.scenarios),
                    self._risk(name),
                )
                for name, node in case.nodes.items()
            ),
            root=root,
            transition=transition,
            initial_state=np.array(list(case.initial_state.values()), dtype=np.float64),
            state_names=self._states,
            maximise=case.sense == "max",
        )

    def _stage(self, part: _Subproblem, noisy: Sequence[tuple[str, str]]) -> _Stage:
        """Build a stage program, with room for the matrix entries that only noise fills."""
        variables, constraints = part.variables, part.constraints
        column_of = {variable.name: place for place, variable in enumerate(variables)}
        row_of = {row.name: place for place, row in enumerate(constraints)}
        entries = [
            (place, column_of[term.variable], term.value)
            for place, row in enumerate(constraints)
            for term in row.terms
        ]
        entries += [(row_of[row], column_of[column], 0.0) for row, column in noisy]
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        senses = tuple("==" if row.sense == "=" else row.sense for row in constraints)
        right = np.array([row.rhs for row in constraints], dtype=np.float64)
        at_most = np.array([sense != ">=" for sense in senses], dtype=bool)
        at_least = np.array([sense != "<=" for sense in senses], dtype=bool)
        program = StageProgram(
            matrix=ColumnMatrix.from_entries(
                list(rows), list(columns), list(values), shape=(len(constraints), len(variables))
            ),
            cost=self._sign * np.array([variable.obj for variable in variables], dtype=np.float64),
            lower=np.array([variable.lb for variable in variables], dtype=np.float64),
            upper=np.array([variable.ub for variable in variables], dtype=np.float64),
            row_lower=np.where(at_least, right, -np.inf),
            row_upper=np.where(at_most, right, np.inf),
            incoming=np.array([column_of.get(f"{state}.in", -1) for state in self._states], dtype=np.int_),
            outgoing=np.array([column_of.get(f"{state}.out", -1) for state in self._states], dtype=np.int_),
            integer=np.array([bool(variable.integer) for variable in variables], dtype=bool),
            column_names=tuple(column_of),
            row_names=tuple(row_of),
        )
        return _Stage(program, column_of, row_of, senses)

    def _realisations(self, stage: _Stage, scenarios: Sequence[_Scenario]) -> Realisations:
        """Return the outcomes of a node; arrays that no outcome changes are left out."""
        if not scenarios:
            return Realisations.certain()
        program, changes = stage.program, [scenario.set for scenario in scenarios]
        row_lower, row_upper = self._right_sides(stage, changes)
        return Realisations(
            probability=np.array([scenario.prob for scenario in scenarios], dtype=np.float64),
            cost=_changed(program.cost, [each.obj for each in changes], stage.column_of, self._sign),
            lower=_changed(program.lower, [each.lb for each in changes], stage.column_of),
            upper=_changed(program.upper, [each.ub for each in changes], stage.column_of),
            row_lower=row_lower,
            row_upper=row_upper,
            constant=(
                np.array([self._sign * each.obj_const for each in changes], dtype=np.float64)
                if any("obj_const" in each.model_fields_set for each in changes)
                else None
            ),
            coefficients=_coefficients(stage, changes),
        )

    def _right_sides(self, stage: _Stage, changes: Sequence[_Change]) -> tuple[Floats | None, Floats | None]:
        """Return the bounds of the rows in each outcome."""
        if not any(change.rhs for change in changes):
            return None, None
        program, count = stage.program, len(changes)
        lower, upper = np.tile(program.row_lower, (count, 1)), np.tile(program.row_upper, (count, 1))
        for outcome, change in enumerate(changes):
            for name, value in change.rhs.items():
                row = stage.row_of[name]
                if stage.senses[row] != "<=":
                    lower[outcome, row] = value
                if stage.senses[row] != ">=":
                    upper[outcome, row] = value
        return lower, upper

    def _risk(self, name: str) -> RiskMeasure:
        risk = self._case.risk
        part = None if risk is None else risk.by_node.get(name) or risk.default
        return Expectation() if part is None else Blend(part.weight_expectation, part.tail)


def _changed(
    own: Floats, changes: Sequence[Mapping[str, float]], place_of: Mapping[str, int], sign: float = 1.0
) -> Floats | None:
    """Return an array with what each outcome changes, or None where none changes anything."""
    if not any(changes):
        return None
    found = np.tile(own, (len(changes), 1))
    for outcome, change in enumerate(changes):
        for name, value in change.items():
            found[outcome, place_of[name]] = sign * value
    return found


def _coefficients(stage: _Stage, changes: Sequence[_Change]) -> Floats | None:
    """Return the entries of the matrix in each outcome, or None where they are certain."""
    if not any(change.coef for change in changes):
        return None
    matrix = stage.program.matrix
    found = np.tile(matrix.values, (len(changes), 1))
    for outcome, change in enumerate(changes):
        for entry in change.coef:
            place = matrix.entry_index(stage.row_of[entry.row], stage.column_of[entry.column])
            found[outcome, place] = entry.value
    return found
