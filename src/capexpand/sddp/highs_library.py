"""A small linear program kept inside HiGHS, through the C interface of the library in the highspy wheel.

Python's own layer of highspy costs about 17 µs a solve and the C interface through ctypes 2 µs, which
counts when a solve takes 200 µs. ``ctypes`` also releases the interpreter lock while HiGHS works.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import SolverError
from capexpand.sddp.matrix import ColumnMatrix

Floats = NDArray[np.float64]


class SolveStatus(Enum):
    """How a solve ended."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    UNBOUNDED_OR_INFEASIBLE = "unbounded_or_infeasible"
    TIME_LIMIT = "time_limit"
    FAILED = "failed"


_STATUS = {
    7: SolveStatus.OPTIMAL,
    8: SolveStatus.INFEASIBLE,
    9: SolveStatus.UNBOUNDED_OR_INFEASIBLE,
    10: SolveStatus.UNBOUNDED,
    13: SolveStatus.TIME_LIMIT,
}


@dataclass(frozen=True, slots=True)
class HighsOptions:
    """The few options that matter here.

    Args:
        presolve: whether HiGHS simplifies first; wasteful on warm starts, useful on large programs.
        solver: ``simplex``, ``ipm`` or ``choose``.
        primal: use the primal simplex, for programs of which only the costs change.
        plain: leave all else at HiGHS's defaults instead of the settings for small warm-started programs.
        mip_gap_fraction: relative gap at which integer programs count as solved.
        seconds: limit of time for all solves of the program together [s], or None.
    """

    presolve: bool = False
    solver: str = "simplex"
    primal: bool = False
    plain: bool = False
    mip_gap_fraction: float = 1e-7
    seconds: float | None = None


@functools.lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    """Load the HiGHS library of the installed highspy."""
    spec = importlib.util.find_spec("highspy")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    candidates = [
        path
        for place in places
        for pattern in ("libhighs.so*", "libhighs*.dylib", "highs*.dll", "libhighs*.dll", "bin/*highs*.dll")
        for path in sorted(Path(place).glob(pattern))
    ]
    if not candidates:
        raise SolverError("the HiGHS library was not found in the installed highspy package")
    library = ctypes.CDLL(str(candidates[0]))
    library.Highs_create.restype = ctypes.c_void_p
    for name in ("Highs_getObjectiveValue", "Highs_getInfinity"):
        getattr(library, name).restype = ctypes.c_double
        getattr(library, name).argtypes = [ctypes.c_void_p]
    if library.Highs_getSizeofHighsInt(None) != 4:
        raise SolverError("this build of HiGHS uses 64-bit indices, which is not supported")
    return library


def _pointer(array: NDArray[np.generic]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


class HighsProgram:
    """A linear program in HiGHS that stays loaded between solves, so that each starts from the last basis.

    After ``solve`` the arrays ``column_value``, ``column_dual`` and ``row_dual`` hold the
    answer; duals are those of a minimisation, so ``column_dual = cost - A' row_dual``.
    """

    def __init__(
        self,
        matrix: ColumnMatrix,
        cost: Floats,
        *,
        lower: Floats,
        upper: Floats,
        row_lower: Floats,
        row_upper: Floats,
        integer: NDArray[np.bool_] | None = None,
        options: HighsOptions | None = None,
    ) -> None:
        self._library = _library()
        self._handle = ctypes.c_void_p(self._library.Highs_create())
        self._set_options(options or HighsOptions())
        self.column_count = matrix.column_count
        self.row_count = matrix.row_count
        arrays = [
            np.ascontiguousarray(part, dtype=np.float64)
            for part in (cost, lower, upper, row_lower, row_upper)
        ]
        starts = np.ascontiguousarray(matrix.starts, dtype=np.int32)
        rows = np.ascontiguousarray(matrix.rows, dtype=np.int32)
        values = np.ascontiguousarray(matrix.values, dtype=np.float64)
        common = (
            self._handle, self.column_count, self.row_count, len(values), 1, 1, ctypes.c_double(0.0),
            *(_pointer(part) for part in arrays), _pointer(starts), _pointer(rows), _pointer(values),
        )  # fmt: skip
        if integer is not None and integer.any():
            kinds = integer.astype(np.int32)
            self._check(self._library.Highs_passMip(*common, _pointer(kinds)), "load a program")
        else:
            self._check(self._library.Highs_passLp(*common), "load a program")
        self._allocate()

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle:
            self._library.Highs_destroy(handle)
            self._handle = ctypes.c_void_p(None)

    def _set_options(self, options: HighsOptions) -> None:
        library, handle = self._library, self._handle
        library.Highs_setBoolOptionValue(handle, b"output_flag", 0)
        library.Highs_setIntOptionValue(handle, b"threads", 1)
        library.Highs_setDoubleOptionValue(handle, b"mip_rel_gap", ctypes.c_double(options.mip_gap_fraction))
        library.Highs_setDoubleOptionValue(handle, b"mip_abs_gap", ctypes.c_double(1e-9))
        if options.seconds is not None:
            library.Highs_setDoubleOptionValue(handle, b"time_limit", ctypes.c_double(options.seconds))
        if options.plain:
            return
        library.Highs_setStringOptionValue(handle, b"presolve", b"on" if options.presolve else b"off")
        library.Highs_setStringOptionValue(handle, b"solver", options.solver.encode())
        library.Highs_setStringOptionValue(handle, b"parallel", b"off")
        library.Highs_setIntOptionValue(handle, b"simplex_strategy", 4 if options.primal else 1)
        library.Highs_setIntOptionValue(handle, b"simplex_dual_edge_weight_strategy", 1)
        zero = ctypes.c_double(0.0)
        library.Highs_setDoubleOptionValue(handle, b"dual_simplex_cost_perturbation_multiplier", zero)

    def _allocate(self) -> None:
        """Make room for the answer, with spare rows for cuts."""
        room = max(2 * self.row_count, self.row_count + 64)
        self.column_value = np.zeros(self.column_count)
        self.column_dual = np.zeros(self.column_count)
        self._row_value_room = np.zeros(room)
        self._row_dual_room = np.zeros(room)
        self._answer = tuple(
            _pointer(part)
            for part in (self.column_value, self.column_dual, self._row_value_room, self._row_dual_room)
        )

    @property
    def row_dual(self) -> Floats:
        """Return the rows' duals of the last answer, shape (rows,)."""
        return self._row_dual_room[: self.row_count]

    @staticmethod
    def _check(status: int, what: str) -> None:
        if status < 0:
            raise SolverError(f"HiGHS could not {what}")

    def set_all_row_bounds(self, count: int, pointers: tuple[ctypes.c_void_p, ctypes.c_void_p]) -> None:
        """Set the bounds of the first rows from arrays whose addresses are known; for the innermost loop."""
        if count:
            self._library.Highs_changeRowsBoundsByRange(self._handle, 0, count - 1, *pointers)

    def set_known_bounds(
        self, count: int, pointers: tuple[ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    ) -> None:
        """Set the bounds of columns from arrays (places, lower, upper) whose addresses are known."""
        self._library.Highs_changeColsBoundsBySet(self._handle, count, *pointers)

    def set_known_costs(self, count: int, pointers: tuple[ctypes.c_void_p, ctypes.c_void_p]) -> None:
        """Set the costs of columns from arrays (places, costs) whose addresses are known."""
        self._library.Highs_changeColsCostBySet(self._handle, count, *pointers)

    def set_column_bounds(self, columns: NDArray[np.int32], lower: Floats, upper: Floats) -> None:
        """Set the bounds of some columns."""
        self._library.Highs_changeColsBoundsBySet(
            self._handle, len(columns), _pointer(columns), _pointer(lower), _pointer(upper)
        )

    def set_costs(self, columns: NDArray[np.int32], cost: Floats) -> None:
        """Set the costs of some columns."""
        self._library.Highs_changeColsCostBySet(self._handle, len(columns), _pointer(columns), _pointer(cost))

    def set_coefficient(self, row: int, column: int, value: float) -> None:
        """Set one entry of the matrix."""
        self._library.Highs_changeCoeff(self._handle, row, column, ctypes.c_double(value))

    def add_row(self, lower: float, upper: float, columns: NDArray[np.int32], values: Floats) -> None:
        """Append a row."""
        bounds = ctypes.c_double(lower), ctypes.c_double(upper)
        status = self._library.Highs_addRow(
            self._handle, *bounds, len(columns), _pointer(columns), _pointer(values)
        )
        self._check(status, "add a row")
        self.row_count += 1
        if self.row_count > len(self._row_value_room):
            self._allocate()

    def delete_rows(self, rows: NDArray[np.int32]) -> None:
        """Remove rows; those behind them move up."""
        self._check(
            self._library.Highs_deleteRowsBySet(self._handle, len(rows), _pointer(rows)), "delete rows"
        )
        self.row_count -= len(rows)

    def solve(self) -> SolveStatus:
        """Solve from the last basis."""
        library, handle = self._library, self._handle
        code = library.Highs_run(handle)
        status = (
            _STATUS.get(library.Highs_getModelStatus(handle), SolveStatus.FAILED)
            if code >= 0
            else SolveStatus.FAILED
        )
        if status is SolveStatus.OPTIMAL:
            library.Highs_getSolution(handle, *self._answer)
        return status

    def solve_carefully(self) -> SolveStatus:
        """Solve from a cold start with every care, where plain settings fail or leave a dual in doubt.

        The tolerance on duals holds for the scaled program; where a column has no bound, a sign that is wrong
        by little more after scaling would prove nothing. A state that other solves left is exact to their
        tolerance, so the rows that it enters get a little more.
        """
        library, handle = self._library, self._handle
        number, one, zero = library.Highs_setIntOptionValue, ctypes.c_double(1.0), ctypes.c_double(0.0)
        perturbation = b"dual_simplex_cost_perturbation_multiplier"
        number(handle, b"simplex_dual_edge_weight_strategy", -1)
        library.Highs_setDoubleOptionValue(handle, perturbation, one)
        library.Highs_setStringOptionValue(handle, b"presolve", b"on")
        tolerances = ((b"dual_feasibility_tolerance", 1e-9), (b"primal_feasibility_tolerance", 1e-6))
        for name, value in tolerances:
            library.Highs_setDoubleOptionValue(handle, name, ctypes.c_double(value))
        self.forget_basis()
        status = self.solve()
        for name, _ in tolerances:
            library.Highs_setDoubleOptionValue(handle, name, ctypes.c_double(1e-7))
        number(handle, b"simplex_dual_edge_weight_strategy", 1)
        library.Highs_setDoubleOptionValue(handle, perturbation, zero)
        library.Highs_setStringOptionValue(handle, b"presolve", b"off")
        return status

    @property
    def objective(self) -> float:
        """Return the objective of the last answer."""
        return float(self._library.Highs_getObjectiveValue(self._handle))

    def forget_basis(self) -> None:
        """Drop what is known from earlier solves, so that the next starts cold."""
        self._library.Highs_clearSolver(self._handle)

    def iterations(self) -> int:
        """Return the simplex iterations of the last solve."""
        return int(self._library.Highs_getSimplexIterationCount(self._handle))

    def unbounded_direction(self) -> Floats | None:
        """Return a direction along which the objective falls forever, where HiGHS has one."""
        has = ctypes.c_int(0)
        ray = np.zeros(self.column_count)
        self._library.Highs_getPrimalRay(self._handle, ctypes.byref(has), _pointer(ray))
        return ray if has.value else None
