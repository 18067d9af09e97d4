"""The extensive form: the whole tree as one program, the check on everything else.

Every node of the tree gets a copy of its stage's columns; what comes in is its parent's outgoing columns.
Risk is nested: with z_c the value of child c of a node (its own cost and the risk of what follows it),

    rho(z) = sum_i w_i (eta_i + sum_c p_c u_ic / a_i),   u_ic >= z_c - eta_i,  u_ic >= 0,

for tails 0 < a_i < 1, the plain mean for a_i = 1, and eta_i >= z_c for the worst case (Rockafellar and
Uryasev, 2000). Where a node is risk neutral its children's costs enter the objective directly.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import CaseError, InfeasibleError, Problem, SolverError
from capexpand.sddp.deadline import Deadline, OutOfTimeError, broken_off
from capexpand.sddp.highs_library import HighsOptions, HighsProgram, SolveStatus
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.policy import FirstDecision
from capexpand.sddp.problem import PolicyGraph, Realisations, StageProgram
from capexpand.sddp.risk import is_risk_neutral

Floats = NDArray[np.float64]

_SIMPLEX_COLUMNS = 100_000

_Entries = tuple[NDArray[np.integer], NDArray[np.integer], Floats]
"""Rows, columns and values of some entries."""


@dataclass(frozen=True, slots=True)
class ExtensiveSolution:
    """The optimum of the whole tree.

    Args:
        value: in the sense of the problem.
        first: what to do in the first stage, for each of its outcomes.
        columns: size of the program.
        rows: size of the program.
        seconds: time spent.
    """

    value: float
    first: tuple[FirstDecision, ...]
    columns: int
    rows: int
    seconds: float


def tree_columns(graph: PolicyGraph, limit: int) -> int | None:
    """Count the columns of the extensive form, or None where they are more than a limit or endless."""
    if not graph.is_acyclic:
        return None
    outcomes = np.array([len(node.realisations.probability) for node in graph.nodes], dtype=float)
    widths = np.array([len(graph.stages[node.stage].cost) for node in graph.nodes], dtype=float)
    level = (graph.root > 0.0) * outcomes
    total = 0.0
    while level.any():
        total += level @ widths
        if total > limit:
            return None
        level = (level @ (graph.transition > 0.0)) * outcomes
    return int(total)


def solve_extensive(
    graph: PolicyGraph,
    *,
    limit: int = 200_000,
    relax_integers: bool = False,
    deadline: Deadline | None = None,
) -> ExtensiveSolution:
    """Solve the whole tree at once.

    Args:
        graph: the problem; without cycles.
        limit: columns beyond which it is refused.
        relax_integers: whether whole-number columns may be fractional.
        deadline: when to give up, or None.

    Raises:
        CaseError: the tree is endless or too large.
        InfeasibleError: no policy is feasible.
        SolverError: the solver failed.
        OutOfTimeError: the deadline came first.
    """
    ends = deadline or Deadline()
    began = time.perf_counter()
    if tree_columns(graph, limit) is None:
        why = f"has more than {limit} columns" if graph.is_acyclic else "is endless"
        raise CaseError([Problem(f"the extensive form {why}; train a policy instead")])
    with broken_off(ends):
        tree = _Tree(graph, relax_integers=relax_integers)
        program = tree.program(None if math.isinf(ends.at) else ends.remaining)
    status = program.solve()
    if status is SolveStatus.TIME_LIMIT:
        raise OutOfTimeError
    if status is SolveStatus.INFEASIBLE:
        raise InfeasibleError(["the stages' limits, over the whole tree"])
    if status is not SolveStatus.OPTIMAL:
        raise SolverError(f"HiGHS ended the extensive form as {status.value}")
    return ExtensiveSolution(
        value=graph.sign * (program.objective + tree.constant),
        first=tree.first(program.column_value),
        columns=program.column_count,
        rows=program.row_count,
        seconds=time.perf_counter() - began,
    )


class _Tree:
    """Builds the program of the whole tree, column by column and row by row."""

    def __init__(self, graph: PolicyGraph, *, relax_integers: bool) -> None:
        self._graph = graph
        self._relax = relax_integers
        self._cost: list[Floats] = []
        self._lower: list[Floats] = []
        self._upper: list[Floats] = []
        self._integer: list[NDArray[np.bool_]] = []
        self._column_count = 0
        self._row_count = 0
        self._row_lower: list[Floats] = []
        self._row_upper: list[Floats] = []
        self._entries: list[_Entries] = []
        self._extra_cost: list[tuple[int, float]] = []
        self._first: list[tuple[int, int, float, int]] = []
        self.constant = 0.0
        self._grow()

    def _columns(
        self, cost: Floats, lower: Floats, upper: Floats, integer: NDArray[np.bool_] | None = None
    ) -> int:
        """Add columns and return the place of the first."""
        place = self._column_count
        self._cost.append(cost)
        self._lower.append(lower)
        self._upper.append(upper)
        self._integer.append(np.zeros(len(cost), dtype=bool) if integer is None else integer)
        self._column_count += len(cost)
        return place

    def _column(self, cost: float, lower: float) -> int:
        return self._columns(np.array([cost]), np.array([lower]), np.array([np.inf]))

    def _rows(self, lower: Floats, upper: Floats, entries: _Entries) -> None:
        """Add rows; the rows of the entries count from the first of them."""
        rows, columns, values = entries
        self._entries.append((np.asarray(rows) + self._row_count, columns, values))
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        self._row_count += len(lower)

    def _row(self, lower: float, columns: list[int], values: list[float], upper: float = np.inf) -> None:
        entries = (np.zeros(len(columns), dtype=np.int_), np.array(columns, dtype=np.int_), np.array(values))
        self._rows(np.array([lower]), np.array([upper]), entries)

    def _grow(self) -> None:
        """Add the whole tree; a node's future is weighed by the risk measure of its parent."""
        graph = self._graph
        todo: list[tuple[int, int, Floats | NDArray[np.int_], bool, float, int | None]] = []
        for node in np.flatnonzero(graph.root > 0.0):
            for outcome, chance in enumerate(graph.nodes[node].realisations.probability):
                weight = float(graph.root[node] * chance)
                todo.append((int(node), outcome, graph.initial_state, True, weight, None))
        while todo:
            node, outcome, state, known, weight, value_row = todo.pop()
            out, total = self._visit(node, outcome, state, known=known, weight=weight, value=value_row)
            todo.extend(self._follow(node, out, weight, total))

    def _follow(
        self, node: int, out: NDArray[np.int_], weight: float, total: list[tuple[int, float]] | None
    ) -> list[tuple[int, int, NDArray[np.int_], bool, float, int | None]]:
        """Queue what follows a visit.

        With a weight, a risk-neutral node passes it on to its children's costs. Otherwise each child gets
        a value column, tied to the child's costs when it is visited, and the risk of those columns is
        charged here: to the objective, or to this visit's own value column.
        """
        graph = self._graph
        children = [
            (int(child), outcome, float(graph.transition[node, child] * chance))
            for child in graph.children(node)
            for outcome, chance in enumerate(graph.nodes[child].realisations.probability)
            if chance > 0.0
        ]
        if not children:
            if total is not None:
                self._close(total)
            return []
        risk = graph.nodes[node].risk
        if total is None and is_risk_neutral(risk):
            return [
                (child, outcome, out, False, weight * chance, None) for child, outcome, chance in children
            ]
        values = [self._column(0.0, -np.inf) for _ in children]
        charges: list[tuple[int, float]] = []
        for part, tail in risk.mixture():
            if part != 0.0:
                charges += self._tail(part, tail, values, [chance for _, _, chance in children])
        if total is None:
            self._extra_cost += [(column, weight * factor) for column, factor in charges]
        else:
            self._close(total + [(column, -factor) for column, factor in charges])
        return [(c, r, out, False, 0.0, value) for (c, r, _), value in zip(children, values, strict=True)]

    def _tail(
        self, part: float, tail: float, values: list[int], chances: list[float]
    ) -> list[tuple[int, float]]:
        """Add the columns and rows of one AVaR of the children's values; return what it charges."""
        ended = max(0.0, 1.0 - sum(chances))
        if tail >= 1.0:
            return [(value, part * chance) for value, chance in zip(values, chances, strict=True)]
        eta = self._column(0.0, -np.inf)
        outcomes = [(value, chance) for value, chance in zip(values, chances, strict=True)]
        charges = [(eta, part)]
        for value, chance in outcomes:
            columns, factors = [eta, value], [1.0, -1.0]
            if tail > 0.0:
                excess = self._column(0.0, 0.0)
                columns.append(excess)
                factors.append(1.0)
                charges.append((excess, part * chance / tail))
            self._row(0.0, columns, factors)
        if ended > 1e-9:
            columns = [eta]
            if tail > 0.0:
                excess = self._column(0.0, 0.0)
                columns.append(excess)
                charges.append((excess, part * ended / tail))
            self._row(0.0, columns, [1.0] * len(columns))
        return charges

    def _close(self, total: list[tuple[int, float]]) -> None:
        """Add the row that says what a visit's value column is made of; its right side is kept aside."""
        column, right = total[0][0], total[0][1]
        merged: dict[int, float] = {column: 1.0}
        for other, factor in total[1:]:
            merged[other] = merged.get(other, 0.0) + factor
        self._row(right, list(merged), list(merged.values()), right)

    def _visit(
        self,
        node: int,
        outcome: int,
        state: Floats | NDArray[np.int_],
        *,
        known: bool,
        weight: float,
        value: int | None,
    ) -> tuple[NDArray[np.int_], list[tuple[int, float]] | None]:
        """Add one node of the tree.

        Returns:
            The columns of its outgoing state, and for a visit with a value column that column with the
            constant part of its cost, followed by the other columns with minus their costs.
        """
        graph = self._graph
        stage, noise = graph.stages[graph.nodes[node].stage], graph.nodes[node].realisations
        data = _Outcome(stage, noise, outcome)
        own = np.ones(len(stage.cost), dtype=bool)
        own[stage.incoming[stage.incoming >= 0]] = False
        place = np.full(len(stage.cost), -1, dtype=np.int64)
        integer = stage.integer[own] & (not self._relax)
        charged = np.zeros(int(own.sum())) if value is not None else weight * data.cost[own]
        first = self._columns(charged, data.lower[own], data.upper[own], integer)
        place[own] = np.arange(first, first + int(own.sum()))
        constant = data.constant
        on_parent: list[tuple[int, float]] = []
        row_lower, row_upper = data.row_lower.copy(), data.row_upper.copy()
        for index, column in enumerate(stage.incoming):
            if column < 0:
                continue
            if known:
                constant += float(data.cost[column] * state[index])
                begin, end = stage.matrix.starts[column], stage.matrix.starts[column + 1]
                shift = data.values[begin:end] * state[index]
                np.subtract.at(row_lower, stage.matrix.rows[begin:end], shift)
                np.subtract.at(row_upper, stage.matrix.rows[begin:end], shift)
            else:
                place[column] = int(state[index])
                on_parent.append((int(state[index]), float(data.cost[column])))
        columns = place[stage.matrix.columns]
        used = columns >= 0
        self._rows(row_lower, row_upper, (stage.matrix.rows[used], columns[used], data.values[used]))
        outgoing = np.where(stage.outgoing >= 0, place[stage.outgoing], -1)
        if known:
            self._first.append((node, outcome, weight, first))
        if value is None:
            self.constant += weight * constant
            self._extra_cost += [(column, weight * cost) for column, cost in on_parent]
            return outgoing, None
        costs = data.cost[own]
        total = [(value, constant)] + [(column, -cost) for column, cost in on_parent if cost != 0.0]
        total += [(first + int(j), -float(costs[j])) for j in np.flatnonzero(costs)]
        return outgoing, total

    def program(self, seconds: float | None) -> HighsProgram:
        """Load the program into HiGHS, with a limit of time for solving it."""
        cost = np.concatenate(self._cost)
        for column, extra in self._extra_cost:
            cost[column] += extra
        rows, columns, values = (np.concatenate(parts) for parts in zip(*self._entries, strict=True))
        matrix = ColumnMatrix.from_entries(rows, columns, values, shape=(self._row_count, self._column_count))
        solver = "simplex" if self._column_count <= _SIMPLEX_COLUMNS else "ipm"
        integer = np.concatenate(self._integer)
        return HighsProgram(
            matrix,
            cost,
            lower=np.concatenate(self._lower),
            upper=np.concatenate(self._upper),
            row_lower=np.concatenate(self._row_lower),
            row_upper=np.concatenate(self._row_upper),
            integer=integer,
            options=HighsOptions(
                presolve=True, solver="choose" if integer.any() else solver, seconds=seconds
            ),
        )

    def first(self, values: Floats) -> tuple[FirstDecision, ...]:
        """Read the decisions of the first stage from a solution."""
        found = []
        for node, outcome, weight, begin in self._first:
            stage = self._graph.stages[self._graph.nodes[node].stage]
            incoming = set(stage.incoming.tolist())
            names = [name for column, name in enumerate(stage.column_names) if column not in incoming]
            columns = {name: float(values[begin + place]) for place, name in enumerate(names)}
            found.append(FirstDecision(self._graph.nodes[node].name, outcome, weight, columns))
        return tuple(sorted(found, key=lambda decision: (decision.node, decision.outcome)))


class _Outcome:
    """A stage's data in one outcome."""

    def __init__(self, stage: StageProgram, noise: Realisations, outcome: int) -> None:
        def pick(array: Floats | None, own: Floats) -> Floats:
            return own if array is None else array[outcome]

        self.cost = pick(noise.cost, stage.cost)
        self.lower, self.upper = pick(noise.lower, stage.lower), pick(noise.upper, stage.upper)
        self.row_lower = pick(noise.row_lower, stage.row_lower)
        self.row_upper = pick(noise.row_upper, stage.row_upper)
        self.values = pick(noise.coefficients, stage.matrix.values)
        self.constant = 0.0 if noise.constant is None else float(noise.constant[outcome])
