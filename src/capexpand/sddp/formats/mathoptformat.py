"""Read one stage's program from MathOptFormat, with some of its variables standing for random numbers.

MathOptFormat (Legat, Dowson, Dias Garcia and Lubin, 2022, *MathOptInterface: a data structure for
mathematical optimization problems*, INFORMS Journal on Computing 34) states functions in sets. Read are
linear functions, and products of a random variable with a decision or with another random variable, which
are linear once chance has spoken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from capexpand.sddp.formats.document import Place
from capexpand.sddp.formats.fields import DocumentPart, Lower, Many, Name, Number, Upper

Floats = NDArray[np.float64]
Wrong = Callable[[Place, str], None]
"""Takes note of a problem: its place and its message."""

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
        """Add a term with at most one decision and, with it, at most two factors in all."""
        if columns:
            place = columns[0], (random[0] if random else CERTAIN)
            self.terms[place] = self.terms.get(place, 0.0) + coefficient
            return
        first, second = (*random, CERTAIN, CERTAIN)[:2]
        self.constant[first, second] = self.constant.get((first, second), 0.0) + coefficient


@dataclass(frozen=True, slots=True)
class Constraint:
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
    rows: tuple[Constraint, ...]
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_]


class TermPart(DocumentPart):
    """A term with one variable."""

    coefficient: Number
    variable: Name


class ProductPart(DocumentPart):
    """A term with two variables."""

    coefficient: Number
    variable_1: Name
    variable_2: Name


class FunctionPart(DocumentPart):
    """A function, of whatever kind; versions before 1 call the kind its head."""

    type: Name = ""
    head: Name = ""
    name: Name | None = None
    variable: Name | None = None
    constant: Number = 0.0
    terms: Many[TermPart] = Field(default_factory=list)
    affine_terms: Many[TermPart] = Field(default_factory=list)
    quadratic_terms: Many[ProductPart] = Field(default_factory=list)

    @property
    def kind(self) -> str:
        """Return the kind of the function."""
        return self.type or self.head

    @property
    def is_variable(self) -> bool:
        """Tell whether the function is a single variable."""
        return self.kind in {"Variable", "SingleVariable"}


class SetPart(DocumentPart):
    """A set, of whatever kind."""

    type: Name = ""
    head: Name = ""
    lower: Lower = -np.inf
    upper: Upper = np.inf
    value: Number | None = None

    @property
    def kind(self) -> str:
        """Return the kind of the set."""
        return self.type or self.head


class ConstraintPart(DocumentPart):
    """A function in a set."""

    name: Name | None = None
    function: FunctionPart
    set: SetPart


class VariablePart(DocumentPart):
    """A variable."""

    name: Name


def _short_sense(value: object) -> object:
    return value.lower().replace("imize", "") if isinstance(value, str) else value


class ObjectivePart(DocumentPart):
    """An objective; feasibility has no function."""

    sense: Annotated[Literal["min", "max", "feasibility"], BeforeValidator(_short_sense)]
    function: FunctionPart | None = None


class ProgramPart(DocumentPart):
    """A program in MathOptFormat."""

    variables: Many[VariablePart]
    objective: ObjectivePart | None = None
    constraints: Many[ConstraintPart] = Field(default_factory=list)


def read_program(part: ProgramPart, random: Sequence[str], place: Place, wrong: Wrong) -> StatedProgram:
    """Read a program.

    Args:
        random: names of the variables that stand for random numbers; what bounds them is left out.
        place: of the part that holds the program, for messages.
        wrong: is told of every problem.
    """
    names = [variable.name for variable in part.variables]
    for name in random:
        if name not in names:
            wrong((*place, "random_variables"), f"{name!r} is no variable of the program")
    inside = (*place, "subproblem")
    columns = tuple(name for name in names if name not in set(random))
    if len(set(names)) < len(names):
        wrong((*inside, "variables"), "a name is used twice")
    reader = _Functions({n: c for c, n in enumerate(columns)}, {n: r for r, n in enumerate(random)}, wrong)
    objective = part.objective or ObjectivePart(sense="feasibility")
    goal = Function()
    if objective.sense != "feasibility":
        if objective.function is None:
            wrong((*inside, "objective", "function"), "is missing")
        else:
            goal = reader.function(objective.function, (*inside, "objective", "function"))
    count = len(columns)
    lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
    integer = np.zeros(count, dtype=np.bool_)
    rows: list[Constraint] = []
    for number, constraint in enumerate(part.constraints):
        where = (*inside, "constraints", number)
        function, within = constraint.function, constraint.set
        limits = _limits(within, (*where, "set"), wrong)
        if function.is_variable:
            column = reader.column(function, where)
            if column is None:
                continue
            lower[column], upper[column] = max(lower[column], limits[0]), min(upper[column], limits[1])
            integer[column] |= within.kind in {"Integer", "ZeroOne"}
        elif within.kind in {"Integer", "ZeroOne"}:
            wrong(where, "only single variables can be whole numbers")
        else:
            name = constraint.name or f"c{number + 1}"
            rows.append(Constraint(name, reader.function(function, (*where, "function")), *limits))
    return StatedProgram(columns, tuple(random), objective.sense, goal, tuple(rows), lower, upper, integer)


@dataclass(frozen=True, slots=True)
class _Functions:
    """Reads functions of known variables."""

    columns: Mapping[str, int]
    random: Mapping[str, int]
    wrong: Wrong

    def column(self, part: FunctionPart, place: Place) -> int | None:
        """Return the column of a single variable; None for a random one, and where there is none."""
        name = part.name or part.variable
        if name in self.columns:
            return self.columns[name]
        if name not in self.random:
            self.wrong(place, "names no variable" if name is None else f"unknown variable {name!r}")
        return None

    def function(self, part: FunctionPart, place: Place) -> Function:
        kind, found = part.kind, Function()
        if part.is_variable:
            name = part.name or part.variable
            if name is None:
                self.wrong(place, "names no variable")
            else:
                self._add(found, 1.0, [name], place)
            return found
        if kind not in _LINEAR:
            self.wrong(place, f"the function {kind or 'without a type'} is not read; only linear ones are")
            return found
        found.add(part.constant, (), ())
        for term in part.affine_terms if kind == "ScalarQuadraticFunction" else part.terms:
            self._add(found, term.coefficient, [term.variable], place)
        for term in part.quadratic_terms:
            pair = [term.variable_1, term.variable_2]
            half = 0.5 if pair[0] == pair[1] else 1.0  # the format states the matrix of half a quadratic form
            self._add(found, half * term.coefficient, pair, place)
        return found

    def _add(self, found: Function, coefficient: float, names: list[str], place: Place) -> None:
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


_NEEDED = {
    "LessThan": ("upper",),
    "GreaterThan": ("lower",),
    "EqualTo": ("value",),
    "Interval": ("lower", "upper"),
    "ZeroOne": (),
    "Integer": (),
}


def _limits(within: SetPart, place: Place, wrong: Wrong) -> tuple[float, float]:
    """Return the bounds that a set states."""
    kind = within.kind
    if kind not in _NEEDED:
        known = "LessThan, GreaterThan, EqualTo, Interval, Integer and ZeroOne"
        wrong(place, f"the set {kind or 'without a type'} is not read; read are {known}")
        return -np.inf, np.inf
    for name in _NEEDED[kind]:
        if name not in within.model_fields_set or (name == "value" and within.value is None):
            wrong((*place, name), "is missing")
    if kind == "EqualTo":
        value = 0.0 if within.value is None else within.value
        return value, value
    if kind == "ZeroOne":
        return 0.0, 1.0
    lower = within.lower if "lower" in _NEEDED[kind] else -np.inf
    return lower, within.upper if "upper" in _NEEDED[kind] else np.inf
