"""The best operation of a given fleet: running, serving and selling in one quarter, by scenario.

It is the part of the stage's program that nothing of later quarters depends on: its columns run, serve, sell
and leave unmet; power and units come in from outside. So a fixed plan needs no program of its own.

With power and units given, two kinds of rows need not be rows. What runs of an offer at a site is at most
what is installed there: a bound. Power at a site is limited by what is energised and by what the grid
carries: the smaller of the two. That leaves a third of the rows, and the same optimum.
"""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.policy.stage_numbers import StageNumbers
from capexpand.sddp.cuts import NodeCuts
from capexpand.sddp.futures import Future
from capexpand.sddp.highs_stage import HighsStage
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.normal_form import StageForm, form_data, normal_form
from capexpand.sddp.problem import Node, Realisations, StageProgram
from capexpand.sddp.stage_solver import StageSolver

_NO_FUTURE = Future(np.zeros(0))


class Operation:
    """Operates given fleets in one quarter.

    Args:
        numbers: of the quarter.
        compiled: whether to use the compiled stage solver, which pays for many scenarios.
    """

    def __init__(self, numbers: StageNumbers, *, compiled: bool) -> None:
        stage = numbers.built.stage
        whole = numbers.stage_program()
        service = stage.service
        hire, energy = stage.hire, stage.energy
        self._columns = _existing(
            service.running, service.serving, service.sold, service.unmet, service.kept_free,
            hire.hired, hire.serving,
            energy.used, energy.surplus, energy.grid, energy.lost, energy.stored,
        )  # fmt: skip
        self._rows = np.concatenate(
            (
                service.power_rows,
                numbers.rows_of({"sharing", "service", "kept free for a contract"}),
                _existing(hire.rows, energy.output_rows, energy.match_rows),
                _existing(energy.balance_rows, energy.curtailed_rows, energy.within_rows),
                _existing(energy.renewable_rows),
            )
        )
        self._promised = Promised(numbers, self._rows)
        self._numbers = numbers
        self._there = service.running.ravel() != ABSENT  # the units that stand are those that may run
        run_rows = service.run_rows.ravel()[self._there]
        installed = stage.fleet.installed.ravel()[self._there]
        self._usable = -np.diag(_dense(whole, run_rows, installed))
        self._grid = service.grid_rows
        self._power = _existing(stage.power.energised)
        self._energised = stage.power.energised != ABSENT
        self._agreed = _contract_columns(numbers, self._columns)
        self._supplies = -_dense(whole, service.power_rows, self._power)
        self._program = _part(whole, self._rows, self._columns)
        self._form = normal_form(self._program, Node("operation", 0, Realisations.certain()))
        self._solver: StageSolver = _solver(numbers.quarter, self._form, compiled=compiled)

    def forget(self) -> None:
        """Drops the basis, so that what follows depends on nothing that was solved before."""
        self._solver.forget()

    def operate(
        self,
        factors: Floats,
        power: Floats,
        installed: Floats,
        reserved: Floats | None = None,
        contracted: Floats | None = None,
        *,
        settling: Floats | None = None,
        signed: Floats | None = None,
    ) -> Floats:
        """Returns the quarter's columns [scenario, column], those that operation does not decide left at 0.

        Args:
            factors: [entry, scenario].
            power: [scenario, power option] MW energised.
            installed: [scenario, site and offer option] units.
            reserved: [hire option] units whose reservation runs.
            contracted: [contract] MW of energy under contract.
            settling: [scenario, site and offer option] of the units those not in use yet.
            signed: [contract] part that is signed of contracts with customers.
        """
        count = factors.shape[1]
        promised = self._promised.amounts(reserved, contracted)
        useful = installed if settling is None else np.maximum(installed - settling, 0.0)
        noise = self._noise(factors, power[:, self._energised], useful[:, self._there], promised)
        if self._agreed.size and signed is not None and noise.upper is not None:
            contract, place = self._agreed.T
            noise.upper[:, place] *= signed[contract]
        data = form_data(self._program, self._form, noise)
        decisions = self._solver.decide(np.zeros((count, 0)), np.arange(count), data=data)
        full = np.zeros((count, self._numbers.built.program.cost.size))
        full[:, self._columns[self._form.columns]] = decisions.columns
        stage = self._numbers.built.stage
        full[:, self._power] = power[:, self._energised]
        full[:, stage.fleet.installed.ravel()[self._there]] = installed[:, self._there]
        return full

    def _noise(
        self, factors: Floats, power: Floats, installed: Floats, promised: tuple[Floats, Floats]
    ) -> Realisations:
        """The operation's numbers in each scenario, with the given power and units in them."""
        everything = self._numbers.realisations(factors, np.ones(factors.shape[1]), coefficients=False)
        program = self._numbers.built.program
        rows, columns = self._rows, self._columns
        lower, upper = everything.lower, everything.upper
        row_lower, row_upper = everything.row_lower, everything.row_upper
        limits = program.row_upper[None] if row_upper is None else row_upper
        most = np.repeat(limits[:, rows], power.shape[0] // len(limits), axis=0)
        sites = self._grid.size
        given, generated = promised
        connected = limits[:, self._grid] + generated
        most[:, :sites] = np.minimum(most[:, :sites] + power @ self._supplies.T, connected)
        most += given
        bounds = program.column_upper[None] if upper is None else upper
        highest = np.repeat(bounds[:, columns], power.shape[0] // len(bounds), axis=0)
        running = installed.shape[1]
        highest[:, :running] = np.minimum(highest[:, :running], installed * self._usable)
        return Realisations(
            probability=everything.probability,
            cost=None if everything.cost is None else everything.cost[:, columns],
            lower=None if lower is None else lower[:, columns],
            upper=highest,
            row_lower=None if row_lower is None else row_lower[:, rows],
            row_upper=most,
        )


class Promised:
    """What was promised before and operation takes as given: reservations and energy under contract.

    Args:
        numbers: of the quarter.
        rows: of the operation's program.
    """

    def __init__(self, numbers: StageNumbers, rows: Indices) -> None:
        stage, self._m, self._quarter = numbers.built.stage, numbers.data, numbers.quarter
        place = np.full(numbers.built.program.row_lower.size, ABSENT)
        place[rows] = np.arange(rows.size)
        self._size = rows.size
        self._hired, self._produced, self._matched = (
            np.where(block == ABSENT, ABSENT, place[np.maximum(block, 0)])
            for block in (stage.hire.rows, stage.energy.output_rows, stage.energy.match_rows)
        )

    def amounts(self, reserved: Floats | None, contracted: Floats | None) -> tuple[Floats, Floats]:
        """Returns what is added to the upper side of the rows [row], and to the connections [site].

        Args:
            reserved: [hire option] units whose reservation runs.
            contracted: [contract] MW of energy under contract.
        """
        m, t = self._m, self._quarter
        given, generated = np.zeros(self._size), np.zeros(len(m.sites.names))
        if reserved is not None:
            _put(given, self._hired, reserved)
        if contracted is not None and m.energy is not None:
            o = m.energy
            produced = m.hours_per_quarter * o.output[:, t] * contracted
            _put(given, self._produced, produced)
            _put(given, self._matched, o.matched * produced)
            able = np.where(o.on_site, o.output[:, t] * contracted, 0.0)
            np.add.at(generated, o.site, able / m.sites.power_usage_effectiveness[o.site])
        return given, generated


def _contract_columns(numbers: StageNumbers, columns: Indices) -> Indices:
    """Contracts on offer, and where among some columns what is delivered under each stands [contract, 2]."""
    contracts = numbers.data.contracts
    if contracts is None:
        return np.zeros((0, 2), dtype=np.int64)
    sold = numbers.built.stage.service.sold[contracts.workload, 0]
    found = [
        (c, int(np.flatnonzero(columns == sold[c])[0]))
        for c in np.flatnonzero(contracts.offered)
        if sold[c] != ABSENT
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _put(values: Floats, places: Indices, amounts: Floats) -> None:
    there = places != ABSENT
    values[places[there]] += amounts[there]


def _solver(quarter: int, form: StageForm, *, compiled: bool) -> StageSolver:
    name, none = f"operation of quarter {quarter + 1}", NodeCuts.none()
    if compiled:
        from capexpand.sddp.kernel.stage import KernelStage, suits

        if suits(form, _NO_FUTURE):
            return KernelStage(name, form, _NO_FUTURE, none)
    return HighsStage(name, form, _NO_FUTURE, none)


def _existing(*blocks: Indices) -> Indices:
    joined = np.concatenate([block.ravel() for block in blocks])
    return joined[joined != ABSENT]


def _dense(whole: StageProgram, rows: Indices, columns: Indices) -> Floats:
    """The coefficients of some rows and columns [row, column]."""
    place = np.full(len(whole.row_lower), ABSENT)
    place[rows] = np.arange(rows.size)
    result = np.zeros((rows.size, columns.size))
    entry_rows, entry_columns = place[whole.matrix.rows], whole.matrix.columns
    for number, column in enumerate(columns):
        there = (entry_columns == column) & (entry_rows != ABSENT)
        result[entry_rows[there], number] = whole.matrix.values[there]
    return result


def _part(whole: StageProgram, rows: Indices, columns: Indices) -> StageProgram:
    """Some rows and columns of a program, without a state."""
    row_place, column_place = np.full(len(whole.row_lower), ABSENT), np.full(len(whole.cost), ABSENT)
    row_place[rows], column_place[columns] = np.arange(rows.size), np.arange(columns.size)
    entry_rows, entry_columns = row_place[whole.matrix.rows], column_place[whole.matrix.columns]
    kept = (entry_rows != ABSENT) & (entry_columns != ABSENT)
    return StageProgram(
        matrix=ColumnMatrix.from_entries(
            entry_rows[kept], entry_columns[kept], whole.matrix.values[kept], shape=(rows.size, columns.size)
        ),
        cost=whole.cost[columns],
        lower=whole.lower[columns],
        upper=whole.upper[columns],
        row_lower=whole.row_lower[rows],
        row_upper=whole.row_upper[rows],
        incoming=np.zeros(0, dtype=np.int64),
        outgoing=np.zeros(0, dtype=np.int64),
        integer=np.zeros(columns.size, dtype=np.bool_),
        column_names=tuple(whole.column_names[column] for column in columns),
        row_names=tuple(whole.row_names[row] for row in rows),
    )
