"""Reads a multistage problem from the neutral JSON format ``sddp-case/1``.

A document has ``sense``, ``initial_state``, ``graph`` (``root`` and ``edges``), ``nodes`` (a subproblem and
scenarios whose ``set`` overrides ``rhs``, ``ub``, ``lb``, ``obj``, ``coef`` or ``obj_const``),
``subproblems`` (variables and constraints; ``x.in`` and ``x.out`` are a state's incoming and outgoing value)
and ``risk``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import CaseError, Problem
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.problem import Node, PolicyGraph, Realisations, StageProgram
from capexpand.sddp.risk import Blend, Expectation, RiskMeasure

Floats = NDArray[np.float64]
Document = Mapping[str, Any]
Part = TypeVar("Part")

_KNOWN_CHANGES = {"rhs", "ub", "lb", "obj", "coef", "obj_const"}


@dataclass(frozen=True, slots=True)
class _Subproblem:
    """A stage program with the places of its names; costs already have the sign of a minimisation."""

    stage: StageProgram
    column_of: dict[str, int]
    row_of: dict[str, int]
    senses: tuple[str, ...]


def graph_from_document(document: Document, file: Path | None = None) -> PolicyGraph:
    """Build the problem that a document describes.

    Raises:
        CaseError: with everything that is wrong in the document.
    """
    reader = _Reader(document, file)
    graph = reader.read()
    if reader.problems or graph is None:
        raise CaseError(reader.problems)
    return graph


class _Reader:
    """Reads one document and collects what is wrong in it."""

    def __init__(self, document: Document, file: Path | None) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._file = file
        self._sign = 1.0

    def _wrong(self, path: str, message: str) -> None:
        self.problems.append(Problem(message, path=path, file=self._file))

    def read(self) -> PolicyGraph | None:
        document = self._document
        for key in ("sense", "initial_state", "graph", "nodes", "subproblems"):
            if key not in document:
                self._wrong(key, "is missing")
        if self.problems:
            return None
        if document["sense"] not in {"min", "max"}:
            self._wrong("sense", f"{document['sense']!r} is neither 'min' nor 'max'")
        self._sign = -1.0 if document["sense"] == "max" else 1.0
        states = tuple(document["initial_state"])
        extra = self._extra_places()
        subproblems = {
            name: self._guarded(
                f"subproblems.{name}", lambda n=name, s=part: self._subproblem(n, s, states, extra)
            )
            for name, part in document["subproblems"].items()
        }
        names = list(document["nodes"])
        keys = list(document["subproblems"])
        nodes = [self._guarded(f"nodes.{n}", lambda n=n: self._node(n, subproblems, keys)) for n in names]
        root, transition = self._graph(names)
        if self.problems:
            return None
        return PolicyGraph(
            stages=tuple(part.stage for part in subproblems.values() if part is not None),
            nodes=tuple(node for node in nodes if node is not None),
            root=root,
            transition=transition,
            initial_state=np.array([float(v) for v in document["initial_state"].values()]),
            state_names=states,
            maximise=document["sense"] == "max",
        )

    def _guarded(self, path: str, read: Callable[[], Part]) -> Part | None:
        """Read a part; a wrong shape of the document becomes a problem at its path."""
        try:
            return read()
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            self._wrong(path, f"cannot be read: {type(error).__name__} {error}")
            return None

    def _extra_places(self) -> dict[str, list[tuple[str, str]]]:
        """Collect the matrix places that only noise fills, by subproblem."""
        places: dict[str, list[tuple[str, str]]] = {}
        for node in self._document["nodes"].values():
            if not isinstance(node, Mapping):
                continue
            for scenario in node.get("scenarios", ()):
                for row, column, _ in scenario.get("set", {}).get("coef", ()):
                    places.setdefault(str(node.get("subproblem")), []).append((row, column))
        return places

    def _subproblem(
        self, name: str, part: Document, states: Sequence[str], extra: Mapping[str, list[tuple[str, str]]]
    ) -> _Subproblem:
        variables, constraints = part["variables"], part["constraints"]
        column_of = {variable["name"]: place for place, variable in enumerate(variables)}
        row_of = {constraint["name"]: place for place, constraint in enumerate(constraints)}
        if len(column_of) < len(variables) or len(row_of) < len(constraints):
            self._wrong(f"subproblems.{name}", "a name is used twice")
        entries: list[tuple[int, int, float]] = []
        for constraint in constraints:
            for variable, value in constraint["terms"]:
                if variable not in column_of:
                    self._wrong(f"subproblems.{name}.{constraint['name']}", f"unknown variable {variable!r}")
                    continue
                entries.append((row_of[constraint["name"]], column_of[variable], float(value)))
        entries += [
            (row_of[row], column_of[column], 0.0)
            for row, column in extra.get(name, ())
            if row in row_of and column in column_of
        ]
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        shape = (len(constraints), len(variables))
        senses = tuple(self._sense(name, constraint) for constraint in constraints)
        right = np.array([float(constraint["rhs"]) for constraint in constraints])
        at_most = np.array([sense != ">=" for sense in senses], dtype=bool)
        at_least = np.array([sense != "<=" for sense in senses], dtype=bool)
        stage = StageProgram(
            matrix=ColumnMatrix.from_entries(list(rows), list(columns), list(values), shape=shape),
            cost=self._sign * np.array([float(v.get("obj") or 0.0) for v in variables]),
            lower=np.array([_bound(v.get("lb"), -np.inf) for v in variables]),
            upper=np.array([_bound(v.get("ub"), np.inf) for v in variables]),
            row_lower=np.where(at_least, right, -np.inf),
            row_upper=np.where(at_most, right, np.inf),
            incoming=np.array([column_of.get(f"{state}.in", -1) for state in states], dtype=np.int_),
            outgoing=np.array([column_of.get(f"{state}.out", -1) for state in states], dtype=np.int_),
            integer=np.array([bool(v.get("integer")) for v in variables], dtype=bool),
            column_names=tuple(column_of),
            row_names=tuple(row_of),
        )
        return _Subproblem(stage, column_of, row_of, senses)

    def _sense(self, name: str, constraint: Document) -> str:
        sense = {"==": "==", "=": "==", "<=": "<=", ">=": ">="}.get(constraint["sense"])
        if sense is None:
            self._wrong(
                f"subproblems.{name}.{constraint['name']}.sense",
                f"{constraint['sense']!r} is not one of == <= >=",
            )
            return "=="
        return sense

    def _node(
        self, name: str, subproblems: Mapping[str, _Subproblem | None], keys: Sequence[str]
    ) -> Node | None:
        part = self._document["nodes"][name]
        key = str(part["subproblem"])
        if key not in keys:
            self._wrong(f"nodes.{name}.subproblem", f"there is no subproblem {key!r}")
            return None
        subproblem = subproblems[key]
        if subproblem is None:
            return None
        scenarios = part.get("scenarios") or [{"prob": 1.0, "set": {}}]
        noise = self._realisations(name, subproblem, scenarios)
        return Node(name, keys.index(key), noise, self._risk(name))

    def _realisations(
        self, name: str, subproblem: _Subproblem, scenarios: Sequence[Document]
    ) -> Realisations:
        stage, count = subproblem.stage, len(scenarios)
        changes = [scenario.get("set") or {} for scenario in scenarios]
        for change in changes:
            for unknown in set(change) - _KNOWN_CHANGES:
                self._wrong(
                    f"nodes.{name}.set.{unknown}", f"unknown change; known are {sorted(_KNOWN_CHANGES)}"
                )
        touched = {key for change in changes for key in change if change[key] not in ({}, [])}
        cost, lower = np.tile(stage.cost, (count, 1)), np.tile(stage.lower, (count, 1))
        upper = np.tile(stage.upper, (count, 1))
        row_lower, row_upper = np.tile(stage.row_lower, (count, 1)), np.tile(stage.row_upper, (count, 1))
        coefficients, constant = np.tile(stage.matrix.values, (count, 1)), np.zeros(count)
        for r, change in enumerate(changes):
            constant[r] = self._sign * float(change.get("obj_const") or 0.0)
            for column, value in self._places(name, change.get("obj"), subproblem.column_of):
                cost[r, column] = self._sign * _bound(value, 0.0)
            for column, value in self._places(name, change.get("ub"), subproblem.column_of):
                upper[r, column] = _bound(value, np.inf)
            for column, value in self._places(name, change.get("lb"), subproblem.column_of):
                lower[r, column] = _bound(value, -np.inf)
            for row, value in self._places(name, change.get("rhs"), subproblem.row_of):
                if subproblem.senses[row] != "<=":
                    row_lower[r, row] = _bound(value, -np.inf)
                if subproblem.senses[row] != ">=":
                    row_upper[r, row] = _bound(value, np.inf)
            for row_name, column_name, value in change.get("coef") or ():
                if row_name not in subproblem.row_of or column_name not in subproblem.column_of:
                    self._wrong(f"nodes.{name}.set.coef", f"unknown place ({row_name}, {column_name})")
                    continue
                entry = stage.matrix.entry_index(
                    subproblem.row_of[row_name], subproblem.column_of[column_name]
                )
                coefficients[r, entry] = float(value)
        return Realisations(
            probability=np.array([float(scenario["prob"]) for scenario in scenarios]),
            cost=cost if "obj" in touched else None,
            lower=lower if "lb" in touched else None,
            upper=upper if "ub" in touched else None,
            row_lower=row_lower if "rhs" in touched else None,
            row_upper=row_upper if "rhs" in touched else None,
            constant=constant if "obj_const" in touched else None,
            coefficients=coefficients if "coef" in touched else None,
        )

    def _places(
        self, name: str, changes: Mapping[str, float | None] | None, place_of: Mapping[str, int]
    ) -> list[tuple[int, float | None]]:
        """Resolve the names of a change."""
        found = []
        for key, value in (changes or {}).items():
            if key in place_of:
                found.append((place_of[key], value))
            else:
                self._wrong(f"nodes.{name}.set", f"unknown name {key!r}")
        return found

    def _risk(self, name: str) -> RiskMeasure:
        risk = self._document.get("risk")
        if not risk:
            return Expectation()
        if risk.get("type") != "mean-avar":
            self._wrong("risk.type", f"{risk.get('type')!r} is not known; 'mean-avar' is")
            return Expectation()
        part = (risk.get("by_node") or {}).get(name) or risk.get("default")
        if not part:
            return Expectation()
        return Blend(float(part["weight_expectation"]), float(part["tail"]))

    def _graph(self, names: Sequence[str]) -> tuple[Floats, Floats]:
        place = {name: index for index, name in enumerate(names)}
        root, transition = np.zeros(len(names)), np.zeros((len(names), len(names)))
        graph = self._document["graph"]
        for node, probability in graph["root"]:
            if str(node) not in place:
                self._wrong("graph.root", f"there is no node {node!r}")
                continue
            root[place[str(node)]] += float(probability)
        for origin, follower, probability in graph["edges"]:
            if str(origin) not in place or str(follower) not in place:
                self._wrong("graph.edges", f"an edge names an unknown node: {origin!r} to {follower!r}")
                continue
            transition[place[str(origin)], place[str(follower)]] += float(probability)
        return root, transition


def _bound(value: float | None, absent: float) -> float:
    return absent if value is None else float(value)
