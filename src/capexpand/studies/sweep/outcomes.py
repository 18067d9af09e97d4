"""The outcome at one point of a sweep, and its solution."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np

from capexpand.errors import CaseError, InfeasibleError, SolverError
from capexpand.finance.metrics import net_present_value
from capexpand.finance.programme import programme_result
from capexpand.model.blocks import LinearProgram
from capexpand.model.compile import compile_case
from capexpand.model.data import Floats, ModelData
from capexpand.optimiser.basis import Basis
from capexpand.optimiser.brackets import ProgramChange, Support
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.warm import Optimum, WarmPlanner
from capexpand.pipeline import refuse_objective
from capexpand.studies.sweep.axes import Box, Point
from capexpand.studies.sweep.journal import Record

Status = Literal["planned", "invalid", "infeasible", "failed"]
STATUSES: tuple[Status, ...] = ("planned", "invalid", "infeasible", "failed")
EXPLAINED_ROWS = 1500
"""Size up to which an infeasible program is explained; the search takes minutes for large ones."""
KEPT_BASES = 64
"""Businesses without the programme that are kept planned, each with 0.9 MB of the largest."""


@dataclass(frozen=True, slots=True)
class Values:
    """The figures of a solved point; money in millions."""

    objective: float
    npv: float  # of the programme, after tax, as the statements have it
    spent: float  # within the programme's window
    peak_power_mw: float  # energised
    accelerators: float  # most that stand at once


VALUES = tuple(each.name for each in fields(Values))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome at a point.

    Args:
        status: whether there is a plan.
        reason: why there is none.
        values: figures of the plan; None without one.
        units_ordered: [offer option, destination, quarter]; empty without a plan.
        power_ordered_mw: [power option, quarter].
        support: what bounds the objective elsewhere; None without a plan or where sizes are whole.
        basis: from which other points start.
        base_basis: the same of the business without the programme.
    """

    status: Status
    reason: str = ""
    values: Values | None = None
    units_ordered: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))
    power_ordered_mw: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    support: Support | None = None
    basis: Basis | None = None
    base_basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class _Base:
    """The plan of a business without the programme, and its basis; None where sizes are whole."""

    plan: Plan
    basis: Basis | None

    @classmethod
    def of(cls, optimum: Optimum) -> _Base:
        return cls(optimum.plan, optimum.basis)


class PointPlanner:
    """Plans the points of a box, each from a basis that its caller names.

    Args:
        box: the case and its axes.

    Raises:
        InfeasibleError: the case as it stands has no plan.
        SolverError: a solver failed.
    """

    def __init__(self, box: Box) -> None:
        self.box = box
        refuse_objective(box.case, "a sweep", power_alone=True)
        m = compile_case(box.case)
        solve = box.case.solve
        first = WarmPlanner(
            sides="any", relative_gap=solve.relative_gap, time_limit_seconds=solve.time_limit_seconds
        )
        self.declared: Optimum = first.optimum(m)
        explained = self.declared.program.row_lower.size <= EXPLAINED_ROWS
        self._planner = WarmPlanner(
            sides="any",
            explained=explained,
            relative_gap=solve.relative_gap,
            time_limit_seconds=solve.time_limit_seconds,
        )
        self._base: Optimum = self._planner.optimum(m.without_programme(), start=self.declared)
        self._bases: dict[bytes, _Base] = {}

    @property
    def program(self) -> LinearProgram:
        """The program of the case as it stands, against which changes are noted."""
        return self.declared.program

    def declared_outcome(self) -> Outcome:
        """Return the outcome of the case as it stands."""
        return self._outcome(self.declared, _Base.of(self._base))

    def plan(self, point: Point, basis: Basis | None, base_basis: Basis | None) -> Outcome:
        """Return the outcome at a point.

        Args:
            point: a coordinate for each axis.
            basis: to start from; that of the declared case if None.
            base_basis: the same for the business without the programme.
        """
        try:
            case = self.box.load(point)
            refuse_objective(case, "a sweep", power_alone=True)
            m = compile_case(case)
            best = self._planner.optimum(m, start=basis or self.declared)
            return self._outcome(best, self._without(m.without_programme(), base_basis))
        except CaseError as error:
            return Outcome(
                "invalid", "; ".join(_short(problem.path, problem.message) for problem in error.problems)
            )
        except InfeasibleError as error:
            return Outcome("infeasible", "; ".join(error.conflict))
        except SolverError as error:
            return Outcome("failed", str(error))

    def _without(self, m: ModelData, basis: Basis | None) -> _Base:
        """Return the best plan without the programme, the one at hand where it was solved from there before.

        Points that differ in what only the programme meets, as its budget, share it. What is kept goes by
        the numbers and by the start alone, so an answer is the same whichever points were planned before.
        """
        start = self._base if basis is None or basis.same(self._base.basis) else basis
        parts = () if isinstance(start, Optimum) else (start.columns, start.rows)
        key = hashlib.sha256(pickle.dumps((m, parts))).digest()
        found = self._bases.get(key)
        if found is None:
            found = _Base.of(self._planner.optimum(m, start=start))
            if len(self._bases) >= KEPT_BASES:
                self._bases.clear()
            self._bases[key] = found
        return found

    def _outcome(self, best: Optimum, base: _Base) -> Outcome:
        plan = best.plan
        support = None
        if best.basis is not None:
            change = ProgramChange.between(self.program, best.program)
            support = Support.of(change, best.solution)
        return Outcome(
            "planned",
            values=values_of(plan, base.plan),
            units_ordered=plan.ordered,
            power_ordered_mw=plan.power_ordered_mw,
            support=support,
            basis=best.basis,
            base_basis=base.basis,
        )


def _short(path: str, message: str) -> str:
    return f"{path}: {message}" if path else message


def values_of(plan: Plan, base: Plan) -> Values:
    """Return the figures of a plan beside the business without the programme."""
    m = plan.data
    first, last = m.times.window
    standing = plan.installed.sum(axis=0)  # [offer option, quarter]
    accelerators = m.offers.accelerators[m.offers.product] @ standing
    return Values(
        objective=plan.solver.objective,
        npv=float(net_present_value(programme_result(plan, base).programme, m.times)),
        spent=float(plan.paid[max(first, 0) : last].sum()),
        peak_power_mw=float(plan.power_mw.sum(axis=0).max()),
        accelerators=float(accelerators.max()),
    )


def as_record(place: int, point: Point, outcome: Outcome) -> Record:
    """Return an outcome as arrays for the journal.

    Args:
        place: of the point.
    """
    record: dict[str, np.ndarray] = {
        "place": np.array(place),
        "point": np.array(point),
        "status": np.array(STATUSES.index(outcome.status)),
        "reason": np.array(outcome.reason),
        "values": np.array([])
        if outcome.values is None
        else np.array([getattr(outcome.values, n) for n in VALUES]),
        "units_ordered": outcome.units_ordered,
        "power_ordered_mw": outcome.power_ordered_mw,
    }
    for name, basis in (("basis", outcome.basis), ("base_basis", outcome.base_basis)):
        if basis is not None:
            record[f"{name}_columns"], record[f"{name}_rows"] = basis.columns, basis.rows
    if outcome.support is not None:
        record |= outcome.support.arrays()
    return record


def of_record(record: Record) -> tuple[int, Point, Outcome]:
    """Return the place, the point and the outcome that a record of the journal keeps."""
    bases = [
        Basis(record[f"{name}_columns"], record[f"{name}_rows"]) if f"{name}_columns" in record else None
        for name in ("basis", "base_basis")
    ]
    values = record["values"]
    return (
        int(record["place"]),
        tuple(map(float, record["point"])),
        Outcome(
            STATUSES[int(record["status"])],
            str(record["reason"]),
            Values(*map(float, values)) if values.size else None,
            record["units_ordered"],
            record["power_ordered_mw"],
            Support.of_arrays(record) if "support_objective" in record else None,
            *bases,
        ),
    )
