"""Follows a policy and the strategies beside it through slices of scenarios, in whatever process it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from capexpand.model.blocks import Floats, Indices
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan
from capexpand.policy.accounts import Books
from capexpand.policy.case_policy import CasePolicy
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.policy_paths import PolicyPaths, follow_policy
from capexpand.policy.resolved import WholePrograms, foresee, roll

Slice = tuple[str, slice]
"""A strategy and scenarios of it."""

FOLLOWED = ("policy", "naive", "mean_value", "base", "foresight", "rolling", "mean_on_nodes")
"""Everything that is followed in any case, in order."""

UNLEARNED = "unlearned"
"""The policy where growth rates are never learned; followed where the case has rates to learn."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The scenarios, and what is kept to in them.

    Args:
        factors: [quarter, entry, scenario].
        nodes: [quarter, scenario] nearest node of the lattice.
        on_nodes: [quarter, entry, scenario] the numbers of these nodes, of the first scenarios.
        mean: [entry, quarter] the mean path.
        mean_plan: best for the mean path.
        naive_plan: that spends evenly.
        base_plan: without the programme.
        unlearned: [quarter, scenario] nearest node to who takes every rate for what the case declares.
    """

    factors: Floats
    nodes: Indices
    on_nodes: Floats
    mean: Floats
    mean_plan: FixedPlan
    naive_plan: FixedPlan
    base_plan: FixedPlan
    unlearned: Indices

    @classmethod
    def of(
        cls,
        draws: tuple[Floats, Indices, Floats, Floats],
        *,
        mean: Plan,
        naive: Plan,
        base: Plan,
        unlearned: Indices,
    ) -> Paths:
        """Return the scenarios with what is kept to of three plans.

        Args:
            draws: factors, nodes, the nodes' factors and the mean path.
            mean: best for the mean path.
            naive: that spends evenly.
            base: without the programme.
            unlearned: nodes of who learns no rate.
        """
        return cls(*draws, FixedPlan.of(mean), FixedPlan.of(naive), FixedPlan.of(base), unlearned)


class Followers:
    """Everyone who is followed through the scenarios; what they solve with is made when it is first needed.

    It can travel to another machine: the solvers stay behind and are made there anew. Whatever slices were
    followed before, a slice gives the same bytes, since none starts from the basis of another.

    Args:
        policy: to be followed.
        base_data: the compiled case without the programme, as the policy sees it.
        paths: the scenarios.
    """

    def __init__(self, policy: CasePolicy, base_data: ModelData, paths: Paths) -> None:
        self._policy, self._base_data, self._paths = policy, base_data, paths

    def __getstate__(self) -> dict[str, object]:
        return {name: self.__dict__[name] for name in ("_policy", "_base_data", "_paths")}

    def along(self, paths: Paths) -> None:
        """Take other scenarios of the same case; what is solved with stays."""
        self._paths = paths

    def prepare(self) -> None:
        """Make all solvers now, so that processes of this machine share them."""
        self._policy.trained.solvers()
        _ = self._fixed, self._naive, self._base, self._whole

    @cached_property
    def _fixed(self) -> FixedPlans:
        return self._plans(self._policy.stages.data)

    @cached_property
    def _naive(self) -> FixedPlans:
        return self._plans(self._policy.stages.data.without_demands())

    @cached_property
    def _base(self) -> FixedPlans:
        return self._plans(self._base_data)

    @cached_property
    def _whole(self) -> WholePrograms:
        return WholePrograms(self._policy.stages, self._paths.mean)

    def _plans(self, m: ModelData) -> FixedPlans:
        compiled = self._policy.trained.compiled  # then it costs nothing more
        return FixedPlans(m, self._policy.stages.numbers, compiled=compiled)

    def __call__(self, chunk: Slice) -> Books | PolicyPaths:
        """Return what happens to one strategy in some scenarios."""
        strategy, part = chunk
        policy, paths = self._policy, self._paths
        factors, nodes = paths.factors[:, :, part], paths.nodes[:, part]
        follow: dict[str, Callable[[], Books | PolicyPaths]] = {
            "policy": lambda: follow_policy(policy, factors, nodes),
            "naive": lambda: self._naive.follow(paths.naive_plan, factors),
            "mean_value": lambda: self._fixed.follow(paths.mean_plan, factors),
            "base": lambda: self._base.follow(paths.base_plan, factors),
            "foresight": lambda: foresee(policy.stages, factors, self._whole),
            "rolling": lambda: roll(
                policy.stages, policy.lattice, self._fixed, factors, nodes, programs=self._whole
            ),
            UNLEARNED: lambda: follow_policy(policy, factors, paths.unlearned[:, part]).books,
            "mean_on_nodes": lambda: self._fixed.follow(paths.mean_plan, paths.on_nodes[:, :, part]),
        }
        return follow[strategy]()
