"""Outcomes of a replay of jobs: waiting, use of accelerators, causes of idleness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.replay.serving.outcome import Percentiles, describe
from capexpand.replay.traces import JobTrace

CAUSE_NAMES = (
    "no demand",
    "another model is wanted",
    "memory of the node",
    "CPU of the node",
    "too few on the node",
    "rest of the gang",
    "held back by the order",
)


@dataclass(frozen=True, slots=True)
class JobGroup:
    """How the jobs of one tenant, or on one model, fared.

    Args:
        name: tenant or model.
        jobs: how many.
        accelerator_hours: what they used while running [accelerator h].
        wait_s: time waited [s].
        completion_s: arrival to end [s].
    """

    name: str
    jobs: int
    accelerator_hours: float
    wait_s: Percentiles
    completion_s: Percentiles


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The outcome of each job, and the use of the cluster.

    Args:
        trace: the jobs that were replayed.
        start_s: first start of each [s], shape (jobs,).
        finish_s: end of each [s], shape (jobs,).
        wait_s: time in the queue, over all its turns [s], shape (jobs,).
        preempted: how often each lost its accelerators, shape (jobs,).
        node: one of its nodes, shape (jobs,).
        parts: how many parts it was split into, shape (jobs,).
        model_of_node: model of each node.
        total_accelerators: all accelerators of the cluster.
        busy_accelerator_s: accelerators in use, integrated over time [accelerator s].
        interval_end_s: ends of the intervals [s], shape (intervals,).
        used_fraction: mean share of accelerators in use in each interval, shape (intervals,).
        jobs_waiting: mean number of jobs waiting in each interval, shape (intervals,).
        idle_by_cause: accelerators idle at the end of each interval by cause, shape (intervals, causes).
        events: how many distinct times something happened at.
    """

    trace: JobTrace
    start_s: np.ndarray
    finish_s: np.ndarray
    wait_s: np.ndarray
    preempted: np.ndarray
    node: np.ndarray
    parts: np.ndarray
    model_of_node: tuple[str, ...]
    total_accelerators: int
    busy_accelerator_s: float
    interval_end_s: np.ndarray
    used_fraction: np.ndarray
    jobs_waiting: np.ndarray
    idle_by_cause: np.ndarray
    events: int

    @property
    def completion_s(self) -> np.ndarray:
        """Arrival to end [s], shape (jobs,)."""
        return self.finish_s - self.trace.arrival_s

    @property
    def makespan_s(self) -> float:
        """First arrival to last end [s]."""
        return float(self.finish_s.max())

    @property
    def utilisation(self) -> float:
        """Share of the accelerators' time, first arrival to last end, in which a job held them."""
        return self.busy_accelerator_s / (self.total_accelerators * self.makespan_s)

    @property
    def utilisation_while_arriving(self) -> float:
        """The same from the first arrival to the last, when the queue is fed."""
        return float(self.used_fraction.mean()) if len(self.used_fraction) else self.utilisation

    @property
    def stranded_fraction(self) -> float:
        """Mean share of accelerators idle while somebody waited, from the first arrival to the last."""
        if not len(self.idle_by_cause):
            return 0.0
        return float(self.idle_by_cause[:, 1:].sum(axis=1).mean() / self.total_accelerators)

    def stranded_by_cause(self) -> dict[str, float]:
        """Return the mean share of accelerators idle for each cause, from the first arrival to the last."""
        if not len(self.idle_by_cause):
            return dict.fromkeys(CAUSE_NAMES, 0.0)
        shares = self.idle_by_cause.mean(axis=0) / self.total_accelerators
        return dict(zip(CAUSE_NAMES, shares.tolist(), strict=True))

    def by_tenant(self) -> list[JobGroup]:
        """Break the result down by tenant."""
        return self._break_down(self.trace.tenant_index, self.trace.tenants)

    def by_model(self) -> list[JobGroup]:
        """Break the result down by the model that each job last ran on."""
        models = tuple(dict.fromkeys(self.model_of_node))
        place = {model: number for number, model in enumerate(models)}
        of_node = np.array([place[model] for model in self.model_of_node])
        return self._break_down(of_node[self.node], models)

    def _break_down(self, key: np.ndarray, names: tuple[str, ...]) -> list[JobGroup]:
        milli = self.trace.accelerators * self.trace.accelerator_milli * self.trace.members
        hours = milli / 1000 * self.trace.duration_s / 3600
        result = []
        for number, name in enumerate(names):
            mask = key == number
            if mask.any():
                result.append(
                    JobGroup(
                        name or "(none)",
                        int(mask.sum()),
                        float(hours[mask].sum()),
                        describe(self.wait_s[mask]),
                        describe(self.completion_s[mask]),
                    )
                )
        return result
