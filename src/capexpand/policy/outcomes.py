"""A policy and the four strategies that it is compared with, followed through the same fresh scenarios."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from capexpand.executing.engine import Engine, in_order
from capexpand.executing.local import LocalProcesses
from capexpand.model.blocks import Floats, Indices
from capexpand.model.data import ModelData
from capexpand.model.realised import realise
from capexpand.optimiser.deterministic import base_value, optimise_plan
from capexpand.optimiser.naive import naive_commitments
from capexpand.optimiser.plan import Plan
from capexpand.policy.accounts import Books
from capexpand.policy.case_policy import CasePolicy
from capexpand.policy.followers import FOLLOWED, UNLEARNED, Followers, Paths
from capexpand.policy.graph import recourse_data
from capexpand.policy.policy_paths import PolicyPaths
from capexpand.scenarios.futures import Futures
from capexpand.scenarios.sampling import Scenarios, draw_scenarios
from capexpand.sddp.interruption import asked_to_end

Progress = Callable[[str, int, int], None]
"""Told the strategy that is being followed, how many scenarios are done, and of how many."""

_LARGEST_SLICE = 1000  # many: the data of a quarter are made and read for all scenarios at a node together
_SLICES = 8
"""Slices of a small sample. Their number is the same for any number of processes: whoever solves a slice
starts without a basis, so that among equally good decisions the slice decides, not the process."""
_SLICES_AT_ONCE = 1000
"""More workers than that are of no use."""

_SHORT = ("foresight", "rolling", "mean_on_nodes", UNLEARNED)
"""On the first scenarios only: strategies that solve whole programs, and what explains the policy's value."""

STRATEGIES = ("policy", "naive", "mean_value", "rolling", "foresight")


@dataclass(frozen=True, slots=True)
class SampleSizes:
    """Scenarios for each strategy; those of a shorter sample are the first of the longer."""

    scenarios: int = 10_000  # for the policy and the fixed plans
    foresight: int = 500
    rolling: int = 500
    mean_on_nodes: int = 1000  # the plan for the mean on the lattice's own numbers
    unlearned: int = 1000  # the policy that learns no rate of growth, where there are rates to learn

    def of(self, strategy: str) -> int:
        """Returns the number of scenarios of a strategy."""
        if strategy in _SHORT:
            return min(self.scenarios, getattr(self, strategy))
        return self.scenarios


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcomes of each strategy.

    Args:
        policy: that was followed.
        scenarios: the draws, the same for all strategies.
        books: of each strategy; those with fewer scenarios hold the first of them.
        base: of the business without the programme, all scenarios.
        paths: what the policy did.
        mean_plan: the plan of the mean path.
        mean_on_nodes: its books where each quarter brings the numbers of the nearest node in place of the
            scenario's own, in the first scenarios.
        unlearned: books of the policy that takes each rate of growth for what the case declares, in the first
            scenarios; None where no decision depends on such a rate.
        nodes: [quarter, scenario] nearest node of the lattice.
        constant: money in present value that is the same in all scenarios and strategies.
        wanted: scenarios that were asked for; more than there are where someone interrupted.
    """

    policy: CasePolicy
    scenarios: Scenarios
    books: dict[str, Books]
    base: Books
    paths: PolicyPaths
    mean_plan: Plan
    mean_on_nodes: Books
    unlearned: Books | None
    nodes: Indices
    constant: float
    wanted: int

    def values(self, strategy: str) -> Floats:
        """Returns the objective of a strategy in each of its scenarios [scenario], in present value."""
        return self.books[strategy].value + self.constant


@dataclass(frozen=True, slots=True)
class PlansBeside:
    """The fixed plans beside a policy.

    Args:
        base_data: the compiled case without the programme, as the policy sees it.
        mean: best for the mean path.
        naive: that spends evenly.
        base: without the programme.
    """

    base_data: ModelData
    mean: Plan
    naive: Plan
    base: Plan

    @classmethod
    def of(cls, policy: CasePolicy, m: ModelData, futures: Futures) -> PlansBeside:
        """Return the plans that a policy is compared with.

        Args:
            policy: with its lattice.
            m: the compiled case as declared.
            futures: its compiled uncertainty.

        Raises:
            SolverError: a program could not be solved.
        """
        stages = policy.stages
        mean = realise(stages.data, stages.entries, futures.mean)
        base_data = recourse_data(m, policy.lattice).without_programme()
        free = mean.without_demands()  # spending evenly keeps no contract
        return cls(
            base_data,
            mean=optimise_plan(mean),
            naive=optimise_plan(free, naive_commitments(free)),
            base=optimise_plan(realise(base_data, stages.entries, futures.mean)),
        )

    def along(self, draws: tuple[Floats, Indices, Floats, Floats], unlearned: Indices) -> Paths:
        """Return scenarios with these plans to keep to, as ``Paths.of`` takes them."""
        return Paths.of(draws, mean=self.mean, naive=self.naive, base=self.base, unlearned=unlearned)


def simulate_policy(
    policy: CasePolicy,
    m: ModelData,
    futures: Futures,
    *,
    sizes: SampleSizes | None = None,
    seed: int = 2,
    workers: int = 1,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Outcomes:
    """Returns what a policy is worth on scenarios drawn from the processes, beside the other strategies.

    Args:
        m: the compiled case as declared.
        seed: of the draws; not the one of the lattice, or the policy would have seen them.
        workers: processes; no part of the result.
        engine: what follows the slices of scenarios; processes of this machine if None.
        progress: is told how far it is. Ctrl-C ends the strategy at work after the slice at work; those after
            it are followed no further than that, and what was reached is kept.

    Raises:
        SolverError: a program could not be solved.
    """
    chosen = sizes or SampleSizes()
    scenarios = draw_scenarios(futures, chosen.scenarios, seed=seed)
    factors = np.stack([scenarios.factors(t) for t in range(scenarios.quarters)])
    nodes = np.stack(
        [
            policy.lattice.nearest(t, scenarios.persistent(t), scenarios.regime_states(t))
            for t in range(scenarios.quarters)
        ]
    )
    unlearned = np.stack(
        [
            policy.lattice.nearest(t, scenarios.unlearned(t), scenarios.regime_states(t))
            for t in range(scenarios.quarters)
        ]
    )
    followed = FOLLOWED if np.array_equal(nodes, unlearned) else (*FOLLOWED, UNLEARNED)
    on_nodes = np.stack(
        [
            quarter.factors[:, nodes[t, : chosen.of("mean_on_nodes")]]
            for t, quarter in enumerate(policy.lattice.quarters)
        ]
    )
    stages = policy.stages
    beside = PlansBeside.of(policy, m, futures)
    mean_plan = beside.mean
    paths = beside.along((factors, nodes, on_nodes, futures.mean), unlearned)
    followers = Followers(policy, beside.base_data, paths)
    runs_on = engine or LocalProcesses(workers)
    if isinstance(runs_on, LocalProcesses):
        followers.prepare()  # before the processes part
    found, count = _followed(followers, followed, chosen, runs_on, progress=progress)
    done = _joined_paths([part for part in found["policy"] if isinstance(part, PolicyPaths)], count)
    books = {
        strategy: Books.joined([part for part in found[strategy] if isinstance(part, Books)]).first(count)
        for strategy in followed
        if strategy != "policy"
    }
    base_books, mean_on_nodes = books.pop("base"), books.pop("mean_on_nodes")
    without = books.pop(UNLEARNED, None)
    ordered = {strategy: done.books if strategy == "policy" else books[strategy] for strategy in STRATEGIES}
    return Outcomes(
        policy,
        scenarios.first(count),
        ordered,
        base_books,
        done,
        mean_plan,
        mean_on_nodes,
        without,
        nodes[:, :count],
        base_value(stages.data),
        chosen.scenarios,
    )


def _followed(
    followers: Followers,
    followed: tuple[str, ...],
    sizes: SampleSizes,
    engine: Engine,
    *,
    progress: Progress | None,
) -> tuple[dict[str, list[Books | PolicyPaths]], int]:
    """What is found for each strategy in slices, and the number of scenarios that no long sample lacks."""
    found: dict[str, list[Books | PolicyPaths]] = {strategy: [] for strategy in followed}
    limit = sizes.scenarios
    with asked_to_end() as interruption, engine.pool(followers, most=_SLICES_AT_ONCE) as pool:
        for strategy in followed:
            count = min(sizes.of(strategy), limit)
            size = max(1, min(_LARGEST_SLICE, -(-count // _SLICES)))
            parts = [(strategy, slice(first, min(first + size, count))) for first in range(0, count, size)]
            with closing(in_order(pool, parts)) as answers:  # what is not begun is cancelled
                for (_, part), result in answers:
                    found[strategy].append(result)
                    if progress is not None:
                        progress(strategy, part.stop, count)
                    if interruption.asked:
                        limit = limit if strategy in _SHORT else part.stop
                        break
            interruption.asked = False
    return found, limit


def _joined_paths(parts: list[PolicyPaths], count: int) -> PolicyPaths:
    return PolicyPaths(
        Books.joined([part.books for part in parts]).first(count),
        *(
            np.concatenate([getattr(part, name) for part in parts], axis=2)[:, :, :count]
            for name in ("power_ordered", "ordered", "supply_worth", "energy_signed", "hire_signed")
        ),
    )
