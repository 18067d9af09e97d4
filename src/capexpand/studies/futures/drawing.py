"""Sample the uncertain inputs of a case: scenarios, fans of every quantity, and a lattice of them."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.pipeline import LatticeSettings
from capexpand.scenarios.condensation import condense
from capexpand.scenarios.fans import Fan, fans
from capexpand.scenarios.futures import compile_futures
from capexpand.scenarios.lattice import Lattice
from capexpand.scenarios.lattice_errors import LatticeErrors, lattice_errors
from capexpand.scenarios.sampling import Scenarios, draw_scenarios
from capexpand.timevalue import QuarterCalendar


@dataclass(frozen=True, slots=True)
class DrawnFutures:
    """The sampled futures of a case.

    Args:
        case: that was sampled.
        scenarios: drawn from its processes.
        fans: quantiles of every quantity that moves.
        lattice: made of the scenarios.
        errors: discretisation error of the lattice.
        calendar: of the case.
    """

    case: Case
    scenarios: Scenarios
    fans: tuple[Fan, ...]
    lattice: Lattice
    errors: LatticeErrors
    calendar: QuarterCalendar

    @property
    def regimes(self) -> dict[str, dict[str, list[float]]]:
        """Share of scenarios in each state of each regime, by quarter."""
        return {
            chain.name: {
                state: (self.scenarios.states[c] == k).mean(axis=1).tolist()
                for k, state in enumerate(chain.states)
            }
            for c, chain in enumerate(self.scenarios.futures.chains)
            if chain.is_regime
        }


def sample_futures(case: Case, count: int, *, seed: int, nodes: int, outcomes: int) -> DrawnFutures:
    """Sample the uncertain inputs of a case and reduce the scenarios to a lattice.

    Args:
        case: with an uncertainty block.
        seed: of all random numbers.
        nodes: of the lattice in a quarter with recourse; a policy's later ones at most after them.
        outcomes: in a node of these quarters.

    Raises:
        CaseError: the case declares no uncertainty.
    """
    if case.uncertainty.empty:
        file = case.provenance.path
        raise CaseError([Problem("declares no uncertainty; add an uncertainty block", file=file)])
    drawn = draw_scenarios(compile_futures(case), count, seed=seed)
    grain = LatticeSettings()
    lattice = condense(
        drawn,
        nodes=nodes,
        outcomes=outcomes,
        seed=seed,
        fine_quarters=grain.recourse_quarters,
        later_nodes=min(nodes, grain.later_nodes),
    )
    calendar = QuarterCalendar(case.calendar.start, case.calendar.quarters)
    return DrawnFutures(case, drawn, fans(case, drawn), lattice, lattice_errors(lattice, drawn), calendar)
