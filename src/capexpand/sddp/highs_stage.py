"""The reference back end: one persistent HiGHS program per node, warm-started, with few cuts in it.

The program holds only cuts that were active lately and those that are new. After each solve one product
over the pool's selection finds the most violated cut; it is added and the program solved again, until
none is violated. Rows that have not been active for a while leave. So the program stays small however
many cuts there are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import InfeasibleError, SolverError
from capexpand.sddp.certificate import Certifier, DualBound, Multipliers
from capexpand.sddp.cuts import NodeCuts
from capexpand.sddp.futures import Future
from capexpand.sddp.highs_library import SolveStatus
from capexpand.sddp.loaded_program import LoadedProgram
from capexpand.sddp.normal_form import StageData, StageForm
from capexpand.sddp.stage_solver import SolveCounts, StageDecisions

Floats = NDArray[np.float64]

_AGREEMENT = 1e-7
_WHOLE = 1e-7


class HighsStage:
    """Solves a node's programs with HiGHS.

    Args:
        name: the node, for messages.
        form: its normal form.
        future: its cost-to-go variables.
        cuts: its cuts; the solver reads them, whoever made them.
        whole: whether integer columns must be whole numbers in ``decide``.
        cold: whether every solve starts without a basis, for checking others.
    """

    def __init__(
        self,
        name: str,
        form: StageForm,
        future: Future,
        cuts: NodeCuts,
        *,
        whole: bool = False,
        cold: bool = False,
    ) -> None:
        self._cold = cold
        self.form = form
        self.counts = SolveCounts()
        outcomes, states = form.outcome_count, form.state_count
        self.values = np.zeros(outcomes)
        self.slopes = np.zeros((outcomes, states))
        self._name, self._future, self._cuts = name, future, cuts
        self._certifier = Certifier(form)
        self._program = LoadedProgram(name, form, future, cuts, integer=False)
        self._whole = whole and bool(form.integer.any())
        self._integer_program: LoadedProgram | None = None
        self._multipliers = Multipliers(
            np.zeros((outcomes, len(form.rows))),
            np.zeros(outcomes),
            np.zeros((outcomes, states)),
            np.zeros(outcomes),
        )
        self._objectives = np.zeros(outcomes)
        self._future_duals = np.zeros((outcomes, 64))

    def evaluate(self, state: Floats) -> None:
        """Solve all outcomes at a state, into ``values`` and ``slopes``; −∞ where nothing is proven."""
        self._solve_outcomes(state, np.arange(self.form.outcome_count))
        bound, wrong = self._certify(state)
        if wrong.any():
            for outcome in np.flatnonzero(wrong):
                self._program.program.forget_basis()
                self._solve_outcomes(state, np.array([outcome]))
                self.counts.cold += 1
            bound, wrong = self._certify(state)
            if not bound.valid.all():
                self._solve_outcomes(state, np.flatnonzero(~bound.valid), carefully=True)
                bound, wrong = self._certify(state)
            self.counts.uncertified += int(wrong.sum())
        self.values[:] = np.where(bound.valid, bound.values, -np.inf)
        self.slopes[:] = np.where(bound.valid[:, None], bound.slopes, 0.0)
        self._program.trim()

    def decide(
        self, states: Floats, outcomes: NDArray[np.int_], *, data: StageData | None = None
    ) -> StageDecisions:
        """Solve one outcome for each state, of the node's own data or of other data in its normal form."""
        form, count = self.form, len(states)
        source = form.data if data is None else data
        self._program.add_mixes()
        self._program.activate_newest()
        values, costs = np.zeros(count), np.zeros(count)
        next_states = np.zeros((count, form.state_count))
        columns = np.zeros((count, form.matrix.column_count))
        duals = np.zeros((count, len(form.rows)))
        for path in range(count):
            outcome = int(outcomes[path])
            self.counts.answers += 1
            loaded = self._solve_chosen(states[path], outcome, source)
            constant = float(
                source.of("constant", outcome) + source.of("incoming_cost", outcome) @ states[path]
            )
            values[path] = loaded.program.objective + constant
            costs[path] = values[path] - float(self._future.costs @ loaded.theta)
            columns[path] = loaded.program.column_value[: form.matrix.column_count]
            next_states[path] = loaded.outgoing_state
            if loaded is self._program:
                duals[path] = loaded.program.row_dual[: len(form.rows)]
        self._program.trim()
        return StageDecisions(values, costs, next_states, columns, duals)

    def forget(self) -> None:
        """Drop bases and active rows."""
        self._program = LoadedProgram(self._name, self.form, self._future, self._cuts, integer=False)
        self._integer_program = None

    def _solve_chosen(self, state: Floats, outcome: int, data: StageData) -> LoadedProgram:
        """Solve the relaxation, and the program itself where whole numbers came out fractional."""
        relaxed = self._program
        relaxed.load(state, outcome, data)
        self._solve_with_cuts(relaxed)
        if not self._whole:
            return relaxed
        values = relaxed.program.column_value[: self.form.matrix.column_count][self.form.integer]
        if (np.abs(values - np.round(values)) < _WHOLE).all():
            return relaxed
        if self._integer_program is None:
            self._integer_program = LoadedProgram(
                self._name, self.form, self._future, self._cuts, integer=True
            )
        loaded = self._integer_program
        loaded.add_mixes()
        loaded.activate_newest()
        loaded.load(state, outcome, data)
        self.counts.integer_solves += 1
        self._solve_with_cuts(loaded)
        loaded.trim()
        return loaded

    def _solve_outcomes(self, state: Floats, pending: NDArray[np.int_], *, carefully: bool = False) -> None:
        """Solve outcomes, add the cuts that the answers violate, and solve those again."""
        loaded, data = self._program, self.form.data
        loaded.add_mixes()
        loaded.activate_newest()
        self.counts.answers += len(pending)
        for place, outcome in enumerate(pending):
            if place == 0 or not loaded.can_switch:
                loaded.load(state, int(outcome), data)
            else:
                loaded.switch(int(outcome))
            self._solve_with_cuts(loaded)
            if carefully and loaded.program.solve_carefully() is not SolveStatus.OPTIMAL:
                self._solve_with_cuts(loaded)
            self._keep(int(outcome))

    def _keep(self, outcome: int) -> None:
        """Store what an answer says."""
        program, rows = self._program.program, len(self.form.rows)
        self._objectives[outcome] = program.objective
        self._multipliers.rows[outcome] = program.row_dual[:rows]
        if not len(self._future.costs):
            return
        count = program.row_count - rows
        if count > self._future_duals.shape[1]:
            wider = np.zeros((len(self._objectives), 2 * count))
            wider[:, : self._future_duals.shape[1]] = self._future_duals
            self._future_duals = wider
        kept = self._future_duals[outcome]
        kept[:count] = program.row_dual[rows:]
        kept[count:] = 0.0

    def _certify(self, state: Floats) -> tuple[DualBound, NDArray[np.bool_]]:
        """Return what the duals prove, and for which outcomes that misses the objective."""
        if len(self._future.costs):
            self._sum_future_duals()
        bound = self._certifier.bound(state, self._multipliers)
        data = self.form.data
        objectives = self._objectives + data.constant + data.incoming_cost @ state
        slack = np.abs(objectives - bound.values)
        return bound, ~bound.valid | ~(slack <= _AGREEMENT * (1.0 + np.abs(objectives)))

    def _sum_future_duals(self) -> None:
        """Turn multipliers of cuts and mixing rows into what they say about value, slope and lower bounds."""
        loaded, cuts, kept = self._program, self._cuts, self._multipliers
        count = loaded.mixes + len(loaded.active)
        duals = np.maximum(self._future_duals[:, :count], 0.0)
        mixing, cutting = duals[:, : loaded.mixes], duals[:, loaded.mixes :]
        loaded.note_used(np.asarray((cutting > 0.0).any(axis=0)))
        if len(self._future.costs) == 1:
            weight, total = self._future.costs[0], cutting.sum(axis=1)
            near = np.abs(total - weight) < 1e-6 * weight
            cutting[near] *= weight / total[near, None]
            left = np.where(near, 0.0, weight - total)[:, None]
        else:
            left = np.tile(self._future.costs, (len(duals), 1))
            if loaded.mixes:
                left[:, -1] -= mixing.sum(axis=1)
                left[:, :-1] += mixing @ np.array(cuts.mixes)
            for place, (target, _) in enumerate(loaded.active):
                left[:, target] -= cutting[:, place]
            left[np.abs(left) < 1e-11] = 0.0
        kept.lower_bound_value[:] = left @ cuts.lower_bound
        kept.cut_value[:] = kept.cut_slope[:] = 0.0
        if loaded.active:
            intercepts, slopes = cuts.chosen(loaded.active)
            kept.cut_value[:] = cutting @ intercepts
            kept.cut_slope[:, cuts.states] = cutting @ slopes

    def _solve_with_cuts(self, loaded: LoadedProgram) -> None:
        """Solve, add the most violated cut, and again, until none is violated."""
        while True:
            self._solve(loaded)
            if not len(self._future.costs) or not loaded.activate_violated():
                return

    def _solve(self, loaded: LoadedProgram) -> None:
        """Solve the loaded program; from a cold start where the warm one fails."""
        self.counts.solves += 1
        if self._cold:
            loaded.program.forget_basis()
        status = loaded.program.solve()
        if status is not SolveStatus.OPTIMAL:
            loaded.program.forget_basis()
            self.counts.cold += 1
            self.counts.solves += 1
            status = loaded.program.solve()
            if status is not SolveStatus.OPTIMAL and loaded is self._program:
                status = loaded.program.solve_carefully()
            if status is not SolveStatus.OPTIMAL:
                self._refuse(status)

    def _refuse(self, status: SolveStatus) -> None:
        """Say which node has no answer, and why."""
        if status is SolveStatus.INFEASIBLE:
            why = "has no feasible point at a state that earlier stages reach"
            raise InfeasibleError([f"the stage program of {self._name} {why}"])
        if status in {SolveStatus.UNBOUNDED, SolveStatus.UNBOUNDED_OR_INFEASIBLE}:
            raise SolverError(f"the stage program of {self._name} is unbounded or infeasible")
        raise SolverError(f"HiGHS did not solve the stage program of {self._name}")
