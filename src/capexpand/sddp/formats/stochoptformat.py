"""Reads a multistage problem from StochOptFormat 1, as https://odow.github.io/StochOptFormat describes it.

A document has ``root`` (initial ``state_variables``, ``successors``), ``nodes`` (``subproblem``,
``realizations``, ``successors``) and ``subproblems`` (which variables are states going in and out and which
are random, and the program in MathOptFormat); ``validation_scenarios`` are paths with their own numbers.
Bounds on what goes in and on random variables are left out, since their values are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import CaseError, Problem
from capexpand.sddp.formats.mathoptformat import CERTAIN, Function, StatedProgram, read_program
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.problem import Node, PolicyGraph, Realisations, StageProgram
from capexpand.sddp.simulation import ScenarioStage

Floats = NDArray[np.float64]
Document = Mapping[str, Any]


_NEVER = 0.7316528904
"""Added to a coefficient that chance decides, so that no outcome happens to have the program's own value and
nobody takes it for certain: a path of the file may have another value yet."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stage program and how its numbers depend on random ones; the last of these is always 1.

    Args:
        program: with the numbers of no outcome where chance decides.
        random: names of the random variables.
        cost: shape (columns, random + 1), to be minimised.
        constant: part of the objective without a decision.
        entries: shape (entries, random + 1), or None where no coefficient is random.
        shifts: shape (rows, random + 1), part of each row's function without a decision.
        products: row, two random variables and coefficient of what is quadratic in random numbers.
    """

    program: StageProgram
    random: tuple[str, ...]
    cost: Floats
    constant: Function
    entries: Floats | None
    shifts: Floats
    products: tuple[tuple[int, int, int, float], ...]

    def realisations(self, supports: Floats, probability: Floats) -> Realisations:
        """Returns the outcomes for random numbers [outcome, random + 1]."""
        program, count = self.program, len(supports)
        cost = supports @ self.cost.T
        shift = supports @ self.shifts.T
        for row, first, second, coefficient in self.products:
            shift[:, row] += coefficient * supports[:, first] * supports[:, second]
        constant = np.zeros(count)
        for (first, second), coefficient in self.constant.constant.items():
            constant += coefficient * supports[:, first] * supports[:, second]
        return Realisations(
            probability=probability,
            cost=cost,
            row_lower=program.row_lower - shift,
            row_upper=program.row_upper - shift,
            constant=constant,
            coefficients=None if self.entries is None else supports @ self.entries.T,
        )


@dataclass(frozen=True, slots=True)
class StatedGraph:
    """A problem and the paths that its file wants the policy to be followed along.

    Args:
        graph: the problem.
        scenarios: stage by stage; None where the file has none.
    """

    graph: PolicyGraph
    scenarios: list[ScenarioStage] | None


def is_stochoptformat(document: Document) -> bool:
    """Tells whether a document says that it is in this format, of whatever version."""
    return "format" not in document and {"version", "root", "nodes"} <= set(document)


def graph_from_stochoptformat(document: Document, file: Path | None = None) -> StatedGraph:
    """Builds the problem that a document describes.

    Args:
        document: the parsed file.
        file: for messages.

    Raises:
        CaseError: with everything that is wrong in the document or goes beyond linear programs.
    """
    reader = _Reader(document, file)
    try:
        found = reader.read()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reader.wrong("", f"cannot be read: {type(error).__name__} {error}")
        found = None
    if reader.problems or found is None:
        raise CaseError(reader.problems)
    return found


class _Reader:
    """Reads one document and collects what is wrong in it."""

    def __init__(self, document: Document, file: Path | None) -> None:
        self.problems: list[Problem] = []
        self._document, self._file = document, file

    def wrong(self, path: str, message: str) -> None:
        self.problems.append(Problem(message, path=path, file=self._file))

    def read(self) -> StatedGraph | None:
        document = self._document
        version = document["version"]
        if version.get("major") != 1:
            stated = f"{version.get('major')}.{version.get('minor')}"
            self.wrong("version", f"StochOptFormat {stated} is not read; version 1 is")
            return None
        root, nodes = document["root"], document["nodes"]
        states = tuple(root["state_variables"])
        programs = {
            name: read_program(
                part["subproblem"], part.get("random_variables") or (), f"subproblems.{name}", self.wrong
            )
            for name, part in document["subproblems"].items()
        }
        sense = self._sense(programs)
        stages = {
            name: self._stage(name, program, states, -1.0 if sense == "max" else 1.0)
            for name, program in programs.items()
        }
        keys, names = list(stages), list(nodes)
        for name in names:
            if nodes[name]["subproblem"] not in stages:
                self.wrong(
                    f"nodes.{name}.subproblem", f"there is no subproblem {nodes[name]['subproblem']!r}"
                )
        if self.problems:
            return None
        built: list[Node] = []
        for name in names:
            stage = stages[nodes[name]["subproblem"]]
            stated = nodes[name].get("realizations") or [{"probability": 1.0, "support": {}}]
            supports = [self._support(f"nodes.{name}", stage, each.get("support") or {}) for each in stated]
            probability = np.array([float(each["probability"]) for each in stated])
            noise = stage.realisations(np.array(supports), probability)
            built.append(Node(name, keys.index(nodes[name]["subproblem"]), noise))
        chances = {name: nodes[name].get("successors") or {} for name in names}
        transition = np.array([self._chances(f"nodes.{name}", chances[name], names) for name in names])
        first = self._chances("root", root["successors"], names)
        scenarios = self._scenarios(stages, names)
        if self.problems:
            return None
        graph = PolicyGraph(
            stages=tuple(stage.program for stage in stages.values()),
            nodes=tuple(built),
            root=first,
            transition=transition.reshape(len(names), len(names)),
            initial_state=np.array([float(value) for value in root["state_variables"].values()]),
            state_names=states,
            maximise=sense == "max",
        )
        return StatedGraph(graph, scenarios)

    def _sense(self, programs: Mapping[str, StatedProgram]) -> str:
        senses = {program.sense for program in programs.values()} - {"feasibility"}
        if len(senses) > 1:
            self.wrong("subproblems", "some subproblems minimise and others maximise; all must do the same")
        return "max" if senses == {"max"} else "min"

    def _stage(self, name: str, stated: StatedProgram, states: Sequence[str], sign: float) -> _Stage:
        """Turns what is stated into arrays."""
        count, wide = len(stated.columns), len(stated.random) + 1
        cost, shifts = np.zeros((count, wide)), np.zeros((len(stated.rows), wide))
        for (column, random), value in stated.objective.terms.items():
            cost[column, random] += sign * value
        places: dict[tuple[int, int], Floats] = {}
        products: list[tuple[int, int, int, float]] = []
        for r, row in enumerate(stated.rows):
            for (column, random), value in row.function.terms.items():
                places.setdefault((r, column), np.zeros(wide))[random] += value
            for (one, other), value in row.function.constant.items():
                if CERTAIN in (one, other):
                    shifts[r, one if other == CERTAIN else other] += value
                else:
                    products.append((r, one, other, value))
        order = sorted(places, key=lambda place: (place[1], place[0]))
        entries = np.array([places[place] for place in order]).reshape(-1, wide)
        moved = (entries[:, :-1] != 0.0).any(axis=1)
        values = entries[:, CERTAIN] + np.where(moved, _NEVER, 0.0)
        matrix = ColumnMatrix.from_entries(
            [row for row, _ in order], [column for _, column in order], values,
            shape=(len(stated.rows), count),
        )  # fmt: skip
        incoming, outgoing = self._places(name, stated.columns, states)
        program = StageProgram(
            matrix=matrix,
            cost=cost[:, CERTAIN].copy(),
            lower=stated.lower,
            upper=stated.upper,
            row_lower=np.array([row.lower for row in stated.rows]),
            row_upper=np.array([row.upper for row in stated.rows]),
            incoming=incoming,
            outgoing=outgoing,
            integer=stated.integer,
            column_names=stated.columns,
            row_names=tuple(row.name for row in stated.rows),
        )
        constant = Function(constant={place: sign * c for place, c in stated.objective.constant.items()})
        random_entries = entries if moved.any() else None
        return _Stage(program, stated.random, cost, constant, random_entries, shifts, tuple(products))

    def _places(
        self, name: str, columns: Sequence[str], states: Sequence[str]
    ) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """The columns of the incoming and outgoing state."""
        stated = self._document["subproblems"][name]["state_variables"]
        found: list[list[int]] = []
        for way in ("in", "out"):
            used = [str(stated[state][way]) for state in states if state in stated]
            for variable in used:
                if variable not in columns:
                    self.wrong(f"subproblems.{name}.state_variables", f"unknown variable {variable!r}")
            found.append([columns.index(variable) for variable in used if variable in columns])
        missing = [state for state in states if state not in stated]
        if missing or set(stated) - set(states):
            self.wrong(f"subproblems.{name}.state_variables", f"must name {', '.join(states)} and no other")
        if set(found[0]) & set(found[1]):
            self.wrong(f"subproblems.{name}.state_variables", "a variable cannot go in and out at once")
        return np.array(found[0], dtype=np.int_), np.array(found[1], dtype=np.int_)

    def _support(self, place: str, stage: _Stage, support: Mapping[str, Any]) -> Floats:
        """The random numbers of an outcome in order, and the 1."""
        for name in stage.random:
            if name not in support:
                self.wrong(f"{place}.support", f"says nothing of {name!r}")
        for name in set(support) - set(stage.random):
            self.wrong(f"{place}.support", f"{name!r} is no random variable there")
        return np.array([*(float(support.get(name, 0.0)) for name in stage.random), 1.0])

    def _chances(self, place: str, successors: Mapping[str, Any], names: Sequence[str]) -> Floats:
        """The probability to go to each node."""
        found = np.zeros(len(names))
        for name, probability in successors.items():
            if name in names:
                found[names.index(name)] = float(probability)
            else:
                self.wrong(f"{place}.successors", f"there is no node {name!r}")
        return found

    def _scenarios(self, stages: Mapping[str, _Stage], names: Sequence[str]) -> list[ScenarioStage] | None:
        """The paths of the file, stage by stage."""
        paths = self._document.get("validation_scenarios")
        if not paths:
            return None
        nodes = np.full((max(map(len, paths)), len(paths)), -1)
        supports: dict[tuple[int, int], Floats] = {}
        for p, path in enumerate(paths):
            for depth, step in enumerate(path):
                place = f"validation_scenarios[{p}][{depth}]"
                if step["node"] not in names:
                    self.wrong(place, f"there is no node {step['node']!r}")
                    continue
                nodes[depth, p] = names.index(step["node"])
                stage = stages[self._document["nodes"][step["node"]]["subproblem"]]
                supports[depth, p] = self._support(place, stage, step.get("support") or {})
        by_node = [stages[self._document["nodes"][name]["subproblem"]] for name in names]

        def stage_at(depth: int) -> ScenarioStage:
            def realise(node: int, here: NDArray[np.int_]) -> Realisations:
                chosen = np.array([supports[depth, int(path)] for path in here])
                return by_node[node].realisations(chosen, np.full(len(here), 1.0 / len(here)))

            return ScenarioStage(nodes[depth], realise)

        return [stage_at(depth) for depth in range(len(nodes))]
