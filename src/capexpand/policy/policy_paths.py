"""A policy meets reality: each quarter's program with the path's true data and the nearest node's cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.policy.accounts import Bookkeeper, Books, read_done
from capexpand.policy.case_policy import CasePolicy
from capexpand.policy.graph import first_nodes
from capexpand.sddp.problem import Realisations
from capexpand.sddp.simulation import ScenarioStage, simulate_scenarios
from capexpand.sddp.stage_solver import StageDecisions


@dataclass(frozen=True, slots=True)
class PolicyPaths:
    """The decisions of a policy in many scenarios.

    Args:
        books: its money.
        power_ordered: [quarter, power option, scenario] MW.
        ordered: [quarter, offer option and destination, scenario] units.
        supply_worth: [quarter, offer and destination, scenario] worth of one more unit that can be ordered,
            in present value.
        energy_signed: [quarter, contract for energy, scenario] MW.
        hire_signed: [quarter, hire option, scenario] units reserved from clouds.
    """

    books: Books
    power_ordered: Floats
    ordered: Floats
    supply_worth: Floats
    energy_signed: Floats
    hire_signed: Floats


def follow_policy(policy: CasePolicy, factors: Floats, nodes: Indices) -> PolicyPaths:
    """Returns what a policy does.

    Args:
        policy: from ``optimise_policy``.
        factors: [quarter, entry, scenario].
        nodes: [quarter, scenario] the nearest node of the lattice.
    """
    stages, solvers = policy.stages, policy.trained.solvers()
    solvers.forget()  # so that what is done here depends on the cuts alone, not on what was solved before
    m, count = stages.data, factors.shape[2]
    places = len(m.destinations)
    keepers = [Bookkeeper(m, numbers) for numbers in stages.numbers]
    books = Books.of(m, count)
    power = np.zeros((m.times.count, len(m.power.names), count))
    units = np.zeros((m.times.count, len(m.offers.names) * places, count))
    worth = np.zeros((m.times.count, len(m.offers.products) * places, count))
    energy = np.zeros((m.times.count, 0 if m.energy is None else len(m.energy.names), count))
    hire = np.zeros((m.times.count, 0 if m.hire is None else len(m.hire.names), count))
    starts = first_nodes(policy.lattice)

    def realise(t: int, here: Indices) -> Realisations:
        return stages.numbers[t].realisations(
            factors[t][:, here], np.ones(here.size), coefficients=stages.numbers[t].prices_move
        )

    def observe(depth: int, node: int, here: Indices, decisions: StageDecisions) -> None:
        numbers, form = stages.numbers[depth], solvers.forms[node]
        columns = np.zeros((here.size, numbers.built.program.cost.size))
        columns[:, form.columns] = decisions.columns
        done = read_done(columns, numbers.built.stage)
        keepers[depth].write(books, here, done, factors[depth][:, here])
        power[depth][:, here], units[depth][:, here] = done.power_ordered.T, done.ordered.T
        energy[depth][:, here], hire[depth][:, here] = done.energy_signed.T, done.hire_signed.T
        duals = np.zeros((here.size, numbers.built.program.row_lower.size))
        duals[:, form.rows] = decisions.row_duals
        rows = numbers.built.stage.orders.supply_rows.ravel()
        worth[depth][:, here] = np.where(rows == ABSENT, 0.0, -duals[:, np.maximum(rows, 0)]).T

    def stage(t: int) -> ScenarioStage:
        return ScenarioStage(nodes[t] + int(starts[t]), lambda _, here: realise(t, here))

    simulate_scenarios(solvers, [stage(t) for t in range(m.times.count)], observe=observe)
    return PolicyPaths(books, power, units, np.maximum(worth, 0.0), energy, hire)
