"""Read a multistage problem from StochOptFormat, as https://odow.github.io/StochOptFormat describes it.

A document has ``root`` (initial ``state_variables``, ``successors``), ``nodes`` (``subproblem``,
``realizations``, ``successors``) and ``subproblems`` (which variables are states going in and out and which
are random, and the program in MathOptFormat); ``validation_scenarios`` are paths with their own numbers.
Version 0.1 states the successors of all nodes as ``edges``, gives each node a program of its own, wraps
initial values into objects, and calls the paths ``test_scenarios``.
Bounds on what goes in and on random variables are left out, since their values are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from capexpand.sddp.formats.document import ParsedFile, Place, clipped
from capexpand.sddp.formats.fields import Chance, DocumentPart, Many, Name, Number, read_as
from capexpand.sddp.formats.mathoptformat import CERTAIN, Function, ProgramPart, StatedProgram, read_program
from capexpand.sddp.formats.sizes import check_sizes
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.problem import Node, PolicyGraph, Realisations, StageProgram
from capexpand.sddp.simulation import ScenarioStage

Floats = NDArray[np.float64]

_NEVER = 0.7316528904
"""Added to a coefficient that chance decides, so that no outcome happens to have the program's own value and
nobody takes it for certain: a path of the file may have another value yet."""


_MOST_STEPS = 2_000_000
"""Steps of all paths of a file together."""


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
        """Return the outcomes for random numbers [outcome, random + 1]."""
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


def _initial_value(value: Any) -> Any:
    return value["initial_value"] if isinstance(value, dict) and "initial_value" in value else value


def _step(value: Any) -> Any:
    """Return a step of a path that older programs wrote as a pair."""
    return {"node": value[0], "support": value[1]} if isinstance(value, list) and len(value) == 2 else value


def _old_path(value: Any) -> Any:
    """Return the steps of a path of version 0.1, which states its probability beside them."""
    return value["scenario"] if isinstance(value, dict) and "scenario" in value else value


class _Version(DocumentPart):
    major: int
    minor: int


class _InAndOut(DocumentPart):
    incoming: Name = Field(alias="in")
    outgoing: Name = Field(alias="out")


class _SubproblemPart(DocumentPart):
    state_variables: dict[str, _InAndOut]
    random_variables: Many[Name] = Field(default_factory=list)
    subproblem: ProgramPart


class _Outcome(DocumentPart):
    probability: Chance
    support: dict[str, Number] = Field(default_factory=dict)


class _NodePart(DocumentPart):
    subproblem: Name
    realizations: Many[_Outcome] = Field(default_factory=list)
    successors: dict[str, Chance] = Field(default_factory=dict)


class _Root(DocumentPart):
    state_variables: dict[str, Annotated[Number, BeforeValidator(_initial_value)]]
    successors: dict[str, Chance]


class _StepPart(DocumentPart):
    node: Name
    support: dict[str, Number] = Field(default_factory=dict)


class _Stated(DocumentPart):
    """A document of version 1."""

    root: _Root
    nodes: Annotated[dict[str, _NodePart], Field(min_length=1)]
    subproblems: dict[str, _SubproblemPart]
    validation_scenarios: Many[Annotated[list[_StepPart], Field(min_length=1)]] = Field(default_factory=list)


class _OldNode(_SubproblemPart):
    realizations: Many[_Outcome] = Field(default_factory=list)


class _OldEdge(DocumentPart):
    origin: Name = Field(alias="from")
    follower: Name = Field(alias="to")
    probability: Chance


class _OldRoot(DocumentPart):
    name: Name
    state_variables: dict[str, Annotated[Number, BeforeValidator(_initial_value)]]


_OldPath = Annotated[
    list[Annotated[_StepPart, BeforeValidator(_step)]], BeforeValidator(_old_path), Field(min_length=1)
]


class _OldStated(DocumentPart):
    """A document of version 0.1."""

    root: _OldRoot
    nodes: Annotated[dict[str, _OldNode], Field(min_length=1)]
    edges: Many[_OldEdge]
    test_scenarios: Many[_OldPath] = Field(default_factory=list)


class _Versioned(DocumentPart):
    version: _Version


def is_stochoptformat(document: ParsedFile) -> bool:
    """Tell whether a document says that it is in this format, of whatever version."""
    return "format" not in document.content and {"version", "root", "nodes"} <= set(document.content)


def graph_from_stochoptformat(document: ParsedFile) -> StatedGraph:
    """Build the problem that a document describes.

    Raises:
        CaseError: with everything that is wrong in the document or goes beyond linear programs.
    """
    version = read_as(_Versioned, document).version
    if (version.major, version.minor) == (0, 1):
        reader = _Reader(document, _from_old(document), in_nodes=True)
    elif version.major == 1 or (version.major == 0 and version.minor in {2, 3}):
        reader = _Reader(document, read_as(_Stated, document), in_nodes=False)
    else:
        stated = f"{version.major}.{version.minor}"
        why = f"StochOptFormat {stated} is not read; versions 0.1 to 0.3 and 1 are"
        raise document.refuse([(("version",), why)])
    return reader.read()


def _from_old(document: ParsedFile) -> _Stated:
    """Return a document of version 0.1 as one of version 1, in which each node has its own subproblem.

    Raises:
        CaseError: an edge names a node that there is not, or leads back to the root.
    """
    old = read_as(_OldStated, document)
    problems: list[tuple[Place, str]] = []
    successors: dict[str, dict[str, float]] = {name: {} for name in (*old.nodes, old.root.name)}
    if old.root.name in old.nodes:
        problems.append((("root", "name"), f"{clipped(old.root.name)} is also the name of a node"))
    for number, edge in enumerate(old.edges):
        if edge.origin not in successors or edge.follower not in old.nodes:
            message = f"an edge names an unknown node: {edge.origin!r} to {edge.follower!r}"
            problems.append((("edges", number), message))
            continue
        so_far = successors[edge.origin].get(edge.follower, 0.0)
        successors[edge.origin][edge.follower] = so_far + edge.probability
    if problems:
        raise document.refuse(problems)
    return _Stated.model_construct(
        root=_Root.model_construct(
            state_variables=old.root.state_variables, successors=successors[old.root.name]
        ),
        nodes={
            name: _NodePart.model_construct(
                subproblem=name, realizations=node.realizations, successors=successors[name]
            )
            for name, node in old.nodes.items()
        },
        subproblems=dict(old.nodes),
        validation_scenarios=old.test_scenarios,
    )


class _Reader:
    """Turns a document into arrays and collects what is wrong in it."""

    def __init__(self, document: ParsedFile, stated: _Stated, *, in_nodes: bool) -> None:
        self._problems: list[tuple[Place, str]] = []
        self._document, self._stated = document, stated
        self._programs_in = "nodes" if in_nodes else "subproblems"
        self._paths_in = "test_scenarios" if in_nodes else "validation_scenarios"

    def _wrong(self, place: Place, message: str) -> None:
        self._problems.append((place, message))

    def _end_if_wrong(self) -> None:
        if self._problems:
            raise self._document.refuse(self._problems)

    def read(self) -> StatedGraph:
        """Return the problem.

        Raises:
            CaseError: with everything that is wrong.
        """
        stated = self._stated
        states, names = tuple(stated.root.state_variables), list(stated.nodes)
        programs = {
            name: read_program(part.subproblem, part.random_variables, (self._programs_in, name), self._wrong)
            for name, part in stated.subproblems.items()
        }
        sense = self._sense(programs)
        for name, node in stated.nodes.items():
            if node.subproblem not in programs:
                place = ("nodes", name, "subproblem")
                self._wrong(place, f"there is no subproblem {node.subproblem!r}")
        for name, program in programs.items():
            self._check_states(name, program.columns, states)
        self._end_if_wrong()
        self._check_sizes(programs)
        sign = -1.0 if sense == "max" else 1.0
        stages = {name: self._stage(name, program, states, sign) for name, program in programs.items()}
        nodes = self._nodes(stages)
        transition = np.array(
            [self._chances(("nodes", name), node.successors, names) for name, node in stated.nodes.items()]
        )
        first = self._chances(("root",), stated.root.successors, names)
        scenarios = self._scenarios(stages, names)
        self._end_if_wrong()
        graph = PolicyGraph(
            stages=tuple(stage.program for stage in stages.values()),
            nodes=nodes,
            root=first,
            transition=transition.reshape(len(names), len(names)),
            initial_state=np.array(list(stated.root.state_variables.values()), dtype=np.float64),
            state_names=states,
            maximise=sense == "max",
        )
        return StatedGraph(graph, scenarios)

    def _check_sizes(self, programs: Mapping[str, StatedProgram]) -> None:
        """Refuse what would not fit into memory; each number may depend on all random ones."""
        stated, keys = self._stated, list(programs)
        sizes = []
        for program in programs.values():
            wide, rows, columns = len(program.random) + 1, len(program.rows), len(program.columns)
            sizes.append((columns * wide, rows, sum(len(row.function.terms) for row in program.rows) * wide))
        check_sizes(
            self._document, sizes, states=len(stated.root.state_variables),
            nodes=[
                (keys.index(node.subproblem), len(node.realizations), True) for node in stated.nodes.values()
            ],
        )  # fmt: skip

    def _nodes(self, stages: Mapping[str, _Stage]) -> tuple[Node, ...]:
        """Return the nodes with their outcomes."""
        keys, built = list(stages), list[Node]()
        for name, node in self._stated.nodes.items():
            stage = stages[node.subproblem]
            outcomes = node.realizations or [_Outcome(probability=1.0)]
            place: Place = ("nodes", name, "realizations")
            supports = [
                self._support((*place, number), stage, outcome.support)
                for number, outcome in enumerate(outcomes)
            ]
            probability = np.array([outcome.probability for outcome in outcomes], dtype=np.float64)
            noise = stage.realisations(np.array(supports), probability)
            built.append(Node(name, keys.index(node.subproblem), noise))
        return tuple(built)

    def _sense(self, programs: Mapping[str, StatedProgram]) -> str:
        senses = {program.sense for program in programs.values()} - {"feasibility"}
        if len(senses) > 1:
            message = "some subproblems minimise and others maximise; all must do the same"
            self._wrong((self._programs_in,), message)
        return "max" if senses == {"max"} else "min"

    def _stage(self, name: str, stated: StatedProgram, states: Sequence[str], sign: float) -> _Stage:
        """Turn what is stated into arrays."""
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

    def _check_states(self, name: str, columns: Sequence[str], states: Sequence[str]) -> None:
        """Take note of states whose variables a subproblem does not have."""
        place: Place = (self._programs_in, name, "state_variables")
        stated = self._stated.subproblems[name].state_variables
        used: list[str] = []
        for state in states:
            if state in stated:
                used += [stated[state].incoming, stated[state].outgoing]
        for variable in used:
            if variable not in columns:
                self._wrong(place, f"unknown variable {variable!r}")
        if set(stated) != set(states):
            self._wrong(place, f"must name {', '.join(states)} and no other")
        if len(set(used)) < len(used):
            self._wrong(place, "a variable cannot stand for two states, or go in and out at once")

    def _places(
        self, name: str, columns: Sequence[str], states: Sequence[str]
    ) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """Return the columns of the incoming and outgoing state."""
        stated = self._stated.subproblems[name].state_variables
        place = {column: number for number, column in enumerate(columns)}
        incoming = [place[stated[state].incoming] for state in states]
        outgoing = [place[stated[state].outgoing] for state in states]
        return np.array(incoming, dtype=np.int_), np.array(outgoing, dtype=np.int_)

    def _support(self, place: Place, stage: _Stage, support: Mapping[str, float]) -> Floats:
        """Return the random numbers of an outcome in order, and the 1."""
        for name in stage.random:
            if name not in support:
                self._wrong((*place, "support"), f"says nothing of {name!r}")
        for name in set(support) - set(stage.random):
            self._wrong((*place, "support"), f"{name!r} is no random variable there")
        return np.array([*(support.get(name, 0.0) for name in stage.random), 1.0])

    def _chances(self, place: Place, successors: Mapping[str, float], names: Sequence[str]) -> Floats:
        """Return the probability to go to each node."""
        found, number = np.zeros(len(names)), {name: place for place, name in enumerate(names)}
        for name, probability in successors.items():
            if name in number:
                found[number[name]] = probability
            else:
                self._wrong((*place, "successors"), f"there is no node {name!r}")
        return found

    def _scenarios(self, stages: Mapping[str, _Stage], names: Sequence[str]) -> list[ScenarioStage] | None:
        """Return the paths of the file, stage by stage."""
        paths = self._stated.validation_scenarios
        if not paths:
            return None
        number = {name: place for place, name in enumerate(names)}
        depths = max(map(len, paths))
        if depths * len(paths) > _MOST_STEPS:
            message = (
                f"has {len(paths):,} paths of up to {depths:,} steps; at most {_MOST_STEPS:,} steps are read"
            )
            self._wrong((self._paths_in,), message)
            return None
        nodes = np.full((depths, len(paths)), -1)
        supports: dict[tuple[int, int], Floats] = {}
        by_node = [stages[self._stated.nodes[name].subproblem] for name in names]
        for p, path in enumerate(paths):
            for depth, step in enumerate(path):
                place: Place = (self._paths_in, p, depth)
                if step.node not in number:
                    self._wrong(place, f"there is no node {step.node!r}")
                    continue
                nodes[depth, p] = number[step.node]
                supports[depth, p] = self._support(place, by_node[number[step.node]], step.support)

        def stage_at(depth: int) -> ScenarioStage:
            def realise(node: int, here: NDArray[np.int_]) -> Realisations:
                chosen = np.array([supports[depth, int(path)] for path in here])
                return by_node[node].realisations(chosen, np.full(len(here), 1.0 / len(here)))

            return ScenarioStage(nodes[depth], realise)

        return [stage_at(depth) for depth in range(len(nodes))]
