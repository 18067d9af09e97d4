"""Reads one stage's program from MathOptFormat, with some of its variables standing for random numbers.

MathOptFormat (Legat, Dowson, Dias Garcia and Lubin, 2022, *MathOptInterface: a data structure for
mathematical optimization problems*, INFORMS Journal on Computing 34) states functions in sets. Read are
linear functions, and products of a random variable with a decision or with another random variable, which
are linear once chance has spoken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Wrong = Callable[[str, str], None]
"""Takes note of a problem: its place and what is wrong."""

CERTAIN = -1
"""Stands for the factor 1 beside the numbers of random variables."""

_LINEAR = {"ScalarAffineFunction", "ScalarQuadraticFunction"}


@dataclass(slots=True)
class Function:
    """A function that is linear in the decisions, with coefficients that are linear in random numbers.

    Args:
        terms: coefficient by decision column and random variable, ``CERTAIN`` for the part without one.
        constant: coefficient by two random variables, ``CERTAIN`` where there is none.
    """

    terms: dict[tuple[int, int], float] = field(default_factory=dict)
    constant: dict[tuple[int, int], float] = field(default_factory=dict)

    def add(self, coefficient: float, columns: Sequence[int], random: Sequence[int]) -> None:
        """Adds a term with at most one decision and, with it, at most two factors in all."""
        if columns:
            place = columns[0], (random[0] if random else CERTAIN)
            self.terms[place] = self.terms.get(place, 0.0) + coefficient
            return
        first, second = (*random, CERTAIN, CERTAIN)[:2]
        self.constant[first, second] = self.constant.get((first, second), 0.0) + coefficient


@dataclass(frozen=True, slots=True)
class Row:
    """A linear constraint: lower ≤ function ≤ upper."""

    name: str
    function: Function
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class StatedProgram:
    """A stage's program as stated.

    Args:
        columns: names of the decisions, state variables among them.
        random: names of the random variables.
        sense: min, max or feasibility.
        objective: with the sense as stated.
        rows: the constraints on more than one variable.
        lower: bound by column.
        upper: bound by column.
        integer: by column.
    """

    columns: tuple[str, ...]
    random: tuple[str, ...]
    sense: str
    objective: Function
    rows: tuple[Row, ...]
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_]


def read_program(part: Mapping[str, Any], random: Sequence[str], place: str, wrong: Wrong) -> StatedProgram:
    """Reads a program.

    Args:
        part: in MathOptFormat.
        random: names of the variables that stand for random numbers; what bounds them is left out.
        place: of the program in the document, for messages.
        wrong: is told of every problem.
    """
    names = [str(variable["name"]) for variable in part["variables"]]
    for name in random:
        if name not in names:
            wrong(f"{place}.random_variables", f"{name!r} is no variable of the program")
    columns = tuple(name for name in names if name not in set(random))
    if len(set(names)) < len(names):
        wrong(f"{place}.variables", "a name is used twice")
    reader = _Functions({n: c for c, n in enumerate(columns)}, {n: r for r, n in enumerate(random)}, wrong)
    objective = part.get("objective") or {"sense": "feasibility"}
    sense = str(objective.get("sense", "")).lower().replace("imize", "")
    if sense not in {"min", "max", "feasibility"}:
        wrong(f"{place}.objective.sense", f"{objective.get('sense')!r} is not one of min, max, feasibility")
    goal = Function()
    if sense != "feasibility":
        goal = reader.function(objective["function"], f"{place}.objective")
    count = len(columns)
    lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
    integer = np.zeros(count, dtype=np.bool_)
    rows: list[Row] = []
    for number, constraint in enumerate(part.get("constraints", ())):
        name = str(constraint.get("name") or f"c{number + 1}")
        where = f"{place}.constraints.{name}"
        function, within = constraint["function"], constraint["set"]
        limits = _limits(within, where, wrong)
        if _kind(function) in {"Variable", "SingleVariable"}:
            column = reader.columns.get(_variable(function))
            if column is None:
                if _variable(function) not in reader.random:
                    wrong(where, f"unknown variable {_variable(function)!r}")
                continue
            lower[column], upper[column] = max(lower[column], limits[0]), min(upper[column], limits[1])
            integer[column] |= _kind(within) in {"Integer", "ZeroOne"}
        elif _kind(within) in {"Integer", "ZeroOne"}:
            wrong(where, "only single variables can be whole numbers")
        else:
            rows.append(Row(name, reader.function(function, where), *limits))
    return StatedProgram(columns, tuple(random), sense, goal, tuple(rows), lower, upper, integer)


@dataclass(frozen=True, slots=True)
class _Functions:
    """Reads functions of known variables."""

    columns: Mapping[str, int]
    random: Mapping[str, int]
    wrong: Wrong

    def function(self, part: Mapping[str, Any], place: str) -> Function:
        kind, found = _kind(part), Function()
        if kind in {"Variable", "SingleVariable"}:
            self._add(found, 1.0, [_variable(part)], place)
            return found
        if kind not in _LINEAR:
            self.wrong(place, f"the function {kind} is not read; only linear ones are")
            return found
        found.add(float(part.get("constant", 0.0)), (), ())
        for term in part.get("affine_terms" if kind == "ScalarQuadraticFunction" else "terms", ()):
            self._add(found, float(term["coefficient"]), [str(term["variable"])], place)
        for term in part.get("quadratic_terms", ()):
            pair = [str(term["variable_1"]), str(term["variable_2"])]
            half = 0.5 if pair[0] == pair[1] else 1.0  # the format states the matrix of half a quadratic form
            self._add(found, half * float(term["coefficient"]), pair, place)
        return found

    def _add(self, found: Function, coefficient: float, names: list[str], place: str) -> None:
        unknown = [name for name in names if name not in self.columns and name not in self.random]
        if unknown:
            self.wrong(place, f"unknown variable {unknown[0]!r}")
            return
        columns = [self.columns[name] for name in names if name in self.columns]
        if len(columns) > 1:
            pair = f"{names[0]} and {names[1]}"
            self.wrong(place, f"multiplies the decisions {pair}; only linear programs are read")
            return
        found.add(coefficient, columns, [self.random[name] for name in names if name in self.random])


def _kind(part: Mapping[str, Any]) -> str:
    return str(part.get("type") or part.get("head"))


def _variable(function: Mapping[str, Any]) -> str:
    return str(function.get("name") or function.get("variable"))


def _limits(within: Mapping[str, Any], place: str, wrong: Wrong) -> tuple[float, float]:
    """The bounds that a set states."""
    kind = _kind(within)
    if kind == "LessThan":
        return -np.inf, float(within["upper"])
    if kind == "GreaterThan":
        return float(within["lower"]), np.inf
    if kind == "EqualTo":
        return float(within["value"]), float(within["value"])
    if kind == "Interval":
        return float(within["lower"]), float(within["upper"])
    if kind == "ZeroOne":
        return 0.0, 1.0
    if kind != "Integer":
        known = "LessThan, GreaterThan, EqualTo, Interval, Integer and ZeroOne"
        wrong(place, f"the set {kind} is not read; read are {known}")
    return -np.inf, np.inf
