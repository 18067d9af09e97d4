"""A chain of plans, each rolled from the one before, and what was lost by deciding on what was known.

The world of the ledger is the oldest case with the facts and assumptions of the newest. V_i is the best
objective there with the orders of the periods before the i-th plan held as they were decided. V_0 is what
perfect knowledge would have reached; holding more orders can only lose, so V_i − V_{i+1} ≥ 0 is the regret of
the decisions of the i-th period, and the regrets add up to V_0 − V_n.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from capexpand.case.loading import load_case
from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem, RunError
from capexpand.finance.schedule import hall_purchases, unit_purchases
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.naive import Commitments
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.warm import WarmPlanner
from capexpand.pipeline import refuse_objective
from capexpand.runs.folder import MANIFEST, read_manifest
from capexpand.studies.diff.decisions import NamedOrders
from capexpand.studies.diff.holding import objective_of, plan_holding
from capexpand.studies.diff.inputs import Documents

Progress = Callable[[str], None]


ROUNDING = 1e-9
"""Relative to the objective, below which what a period lost is the solver's rounding."""


@dataclass(frozen=True, slots=True)
class RolledPeriod:
    """The time from one plan to the next.

    Args:
        label: of the plan by which was decided: its folder, or where the first came from.
        as_of: the day whose knowledge it had.
        first: name of its first quarter.
        last: name of its last quarter before the next plan; of the newest plan, the horizon's.
        planned: objective of the plan, in money of its own start [million].
        ordered: price of what was ordered in the period [million].
        regret: what the decisions of the period lost, in money of the oldest plan's start [million]; None for
            the newest plan, whose period is not over.
    """

    label: str
    as_of: date
    first: str
    last: str
    planned: float
    ordered: float
    regret: float | None


@dataclass(frozen=True, slots=True)
class History:
    """A chain of plans and its ledger.

    Args:
        folder: that holds the runs.
        currency: of all money.
        periods: from the oldest plan to the newest.
        hindsight: best objective with what is known now [million].
        reached: the best that is left after what was decided [million].
        title: of the case.
        hashes: of the cases, the oldest first.
    """

    folder: Path
    currency: str
    title: str
    periods: tuple[RolledPeriod, ...]
    hindsight: float
    reached: float
    hashes: tuple[str, ...]

    @property
    def regret(self) -> float:
        """What all decisions so far lost [million]."""
        return self.hindsight - self.reached


@dataclass(frozen=True, slots=True)
class _Link:
    folder: Path
    case: Case
    as_of: date


def history(folder: Path, progress: Progress | None = None) -> History:
    """Lay out the chain of plans in a folder, and what each period's decisions cost.

    Args:
        folder: that holds the runs of ``capexpand roll`` side by side.
        progress: is told what is being planned.

    Raises:
        CaseError: the folder holds no chain, or more than one.
        RunError: a run was changed or cannot be read.
        SolverError: a program could not be solved.
    """
    say = progress or (lambda _: None)
    links = _chain(folder)
    cases = [link.case for link in links]
    for case in cases:
        refuse_objective(case, "a ledger of regret")
    data = [compile_case(case) for case in cases]
    planner = WarmPlanner(sides="any")
    plans: list[Plan] = []
    for link, m in zip(links, data, strict=True):
        say(f"the plan of {link.as_of}")
        plans.append(planner.solve(m))
    say("with what is known now")
    world = _world(cases)
    starts = [m.times.labels[0] for m in data]
    values = [WarmPlanner(sides="any").solve(world).solver.objective]
    held = WarmPlanner(sides="any")
    for reached in range(1, len(links)):
        kept = _decided(world, plans, starts, reached)
        values.append(objective_of(plan_holding(held, world, kept), kept))
    for place in range(1, len(values)):
        if abs(values[place] - values[place - 1]) <= ROUNDING * max(1.0, abs(values[0])):
            values[place] = values[place - 1]
    return History(
        folder=folder,
        currency=cases[0].currency,
        title=cases[0].title,
        periods=tuple(_period(links, plans, starts, place, values) for place in range(len(links))),
        hindsight=values[0],
        reached=values[-1],
        hashes=tuple(case.provenance.content_hash for case in cases),
    )


def _chain(folder: Path) -> list[_Link]:
    """The runs of a folder in the order in which each was rolled from the one before."""
    if not folder.is_dir():
        raise CaseError([Problem("is no folder; name the one that holds the runs", file=folder)])
    rolls: dict[str, tuple[Path, str, date]] = {}  # previous hash: folder, own hash, day
    for place in sorted(folder.iterdir()):
        if not (place / MANIFEST).is_file():
            continue
        manifest = read_manifest(place)
        if manifest.get("kind") != "roll":
            continue
        previous = str(manifest["previous_hash"])
        if previous in rolls:
            message = f"holds two plans rolled from the same one: {rolls[previous][0].name} and {place.name}"
            raise CaseError([Problem(f"{message}; keep one of them here", file=folder)])
        rolls[previous] = (place, str(manifest["case_hash"]), date.fromisoformat(str(manifest["as_of"])))
    own = {case_hash for _, case_hash, _ in rolls.values()}
    roots = [previous for previous in rolls if previous not in own]
    if not roots:
        message = "holds no plan that was rolled; capexpand roll RUN --actuals FILE --out DIR/NAME makes one"
        raise CaseError([Problem(message, file=folder)])
    if len(roots) > 1:
        names = ", ".join(rolls[root][0].name for root in roots)
        raise CaseError(
            [Problem(f"holds more than one chain of plans, which begin with {names}", file=folder)]
        )
    first = rolls[roots[0]][0]
    if not (first / "previous" / "case.yaml").is_file():
        raise RunError(f"{first}: keeps no copy of the plan that it was rolled from")
    oldest = load_case(first / "previous")
    links = [_Link(first, oldest, oldest.as_of)]
    following = rolls.get(roots[0])
    while following is not None:
        place, case_hash, day = following
        links.append(_Link(place, load_case(place / "case"), day))
        following = rolls.get(case_hash)
    return links


def _world(cases: list[Case]) -> ModelData:
    """The oldest case with the facts and assumptions of the newest."""
    return compile_case(Documents.of(cases[0], cases[-1]).mixed(("facts", "assumptions")))


def _decided(world: ModelData, plans: list[Plan], starts: list[str], reached: int) -> Commitments:
    """The orders of the periods before a plan, as each was decided; what comes later is free."""
    kept = Commitments(
        np.full((len(world.power.names), world.times.count), np.nan),
        np.full((len(world.offers.names), len(world.destinations), world.times.count), np.nan),
    )
    labels = world.times.labels
    for place in range(reached):
        orders = NamedOrders.of(plans[place]).commitments(world)
        inside = slice(labels.index(starts[place]), labels.index(starts[place + 1]))
        kept.power_ordered_mw[:, inside] = orders.power_ordered_mw[:, inside]
        kept.ordered[:, :, inside] = orders.ordered[:, :, inside]
    return kept


def _period(
    links: list[_Link], plans: list[Plan], starts: list[str], place: int, values: list[float]
) -> RolledPeriod:
    m = plans[place].data
    last = place == len(links) - 1
    until = m.times.count if last else m.times.labels.index(starts[place + 1])
    units, halls = plans[place].ordered.copy(), plans[place].power_ordered_mw.copy()
    units[:, :, until:], halls[:, until:] = 0.0, 0.0
    committed = unit_purchases(m, units, m.offers.price).commitments.sum()
    committed += hall_purchases(m, halls).commitments.sum()
    label = "the first plan" if place == 0 else links[place].folder.name
    return RolledPeriod(
        label=label,
        as_of=links[place].as_of,
        first=m.times.labels[0],
        last=m.times.labels[until - 1],
        planned=plans[place].solver.objective,
        ordered=float(committed),
        regret=None if last else values[place] - values[place + 1],
    )
