"""The distribution of a programme's net present value, with the plan for the mean kept in many futures."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem, RunError
from capexpand.files import read_text
from capexpand.model.compile import compile_case
from capexpand.model.data import Floats, ModelData
from capexpand.model.realised import realise
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.policy.accounts import Books
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import recourse_data, take_apart
from capexpand.policy.strategies import returns_beside
from capexpand.reporting.serial import MILLION
from capexpand.runs.folder import read_manifest
from capexpand.scenarios.futures import Futures, compile_futures
from capexpand.scenarios.sampling import draw_scenarios
from capexpand.studies.breakeven.valuation import paid_by_the_group

AT_ONCE = 250  # scenarios followed at once, which bounds memory


@dataclass(frozen=True, slots=True)
class Distribution:
    """Net present values by how likely it is to stay below them.

    Args:
        what: whose value it is, in words.
        chances: [point] rising shares of futures.
        values: [point] money that so many futures stay below.
        scenarios: futures behind it.
        mean: over them, or None where only quantiles are known.
        sample: [scenario] the values themselves; empty where only quantiles are known.
    """

    what: str
    chances: Floats
    values: Floats
    scenarios: int
    mean: float | None
    sample: Floats

    @classmethod
    def of_sample(cls, what: str, sample: Floats) -> Distribution:
        """Return the distribution of values that are equally likely.

        Args:
            what: whose value it is, in words.
            sample: [scenario] money.
        """
        rising = np.sort(sample)
        chances = (np.arange(rising.size) + 0.5) / rising.size
        return cls(what, chances, rising, rising.size, float(rising.mean()), rising)

    def quantile(self, chance: float) -> float:
        """Return the value that a share of futures stays below [money].

        Args:
            chance: share of futures; beyond the ends of what is known, the end is returned.
        """
        return float(np.interp(chance, self.chances, self.values))

    def reaches(self, value: float) -> tuple[float, float]:
        """Return the chance that the value is reached, as bounds, equal where the value lies inside.

        Args:
            value: money to be reached.
        """
        if self.sample.size:
            share = float((self.sample >= value).mean())
            return share, share
        if value < self.values[0]:
            return 1.0 - float(self.chances[0]), 1.0
        if value > self.values[-1]:
            return 0.0, 1.0 - float(self.chances[-1])
        share = 1.0 - float(np.interp(value, self.values, self.chances))
        return share, share


def simulated(case: Case, *, scenarios: int, seed: int, transfer: bool) -> Distribution:
    """Return what the plan for the mean of the futures earns in fresh ones, where its orders are kept to.

    It is what ``simulate`` calls the mean-value plan: orders are cut where they cannot be had, and only
    operation follows what happens; the business without the programme is a fixed plan of its own.

    Args:
        case: which declares what is unknown.
        seed: of their draws.
        transfer: whether internal workloads count at their transfer value.

    Raises:
        CaseError: the case declares nothing unknown.
        SolverError: a program could not be solved.
    """
    if case.uncertainty.empty:
        message = "declares nothing unknown, so a value has no distribution; add an uncertainty block"
        raise CaseError([Problem(message, file=case.provenance.path)])
    m = compile_case(case)
    m = paid_by_the_group(m) if transfer else m
    futures = compile_futures(case)
    drawn = draw_scenarios(futures, scenarios, seed=seed)
    stages = take_apart(m, futures)
    without = replace(stages, data=recourse_data(m, futures).without_programme())
    parts: list[Floats] = []
    with_plan, base_plan = (_mean_plan(one.data, futures) for one in (stages, without))
    ours, base = (FixedPlans(one.data, one.numbers) for one in (stages, without))
    for first in range(0, scenarios, AT_ONCE):
        factors = np.stack([drawn.factors(t)[:, first : first + AT_ONCE] for t in range(drawn.quarters)])
        books: tuple[Books, Books] = (ours.follow(with_plan, factors), base.follow(base_plan, factors))
        parts.append(returns_beside(stages.data, *books).npv)
    return Distribution.of_sample("the plan made for their mean", np.concatenate(parts))


def _mean_plan(m: ModelData, futures: Futures) -> FixedPlan:
    return FixedPlan.of(optimise_plan(realise(m, futures.entries, futures.mean)))


def of_policy_run(folder: Path) -> Distribution:
    """Return the distribution of a policy's net present value from the folder of its run.

    Args:
        folder: of a run with ``--policy``.

    Raises:
        RunError: it is no run folder, was changed, or holds no policy.
    """
    read_manifest(folder)
    try:
        document = json.loads(read_text(folder / "metrics.json"))
        if "npv_quantiles" not in document:
            raise RunError(f"{folder}: holds no policy; make the run with --policy")
        quantiles = {float(chance): float(value) for chance, value in document["npv_quantiles"].items()}
        policy = document["strategies"]["policy"]
        found = Distribution(
            what=f"the policy of {folder.name}",
            chances=np.array(sorted(quantiles)),
            values=np.array([quantiles[chance] / MILLION for chance in sorted(quantiles)]),
            scenarios=int(policy["scenarios"]),
            mean=float(policy["npv"]["mean"]) / MILLION,
            sample=np.zeros(0),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise RunError(f"{folder / 'metrics.json'}: is not as a run writes it") from error
    finite = bool(np.isfinite(found.values).all() and np.isfinite(float(found.mean or 0.0)))
    if not finite or not quantiles or not ((found.chances >= 0) & (found.chances <= 1)).all():
        raise RunError(f"{folder / 'metrics.json'}: the distribution of the policy's value is damaged")
    return found
