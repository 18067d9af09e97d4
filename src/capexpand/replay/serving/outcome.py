"""Outcomes of a replay of requests: latencies, use of replicas, kept promises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.replay.traces import RequestTrace


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Mean and percentiles of a quantity.

    Args:
        mean: the mean.
        p50: the median.
        p90: the 90th percentile.
        p99: the 99th percentile.
    """

    mean: float
    p50: float
    p90: float
    p99: float


def describe(values: np.ndarray) -> Percentiles:
    """Return the mean and percentiles of values.

    Args:
        values: at least one, else everything is not a number.
    """
    if len(values) == 0:
        return Percentiles(*(float("nan"),) * 4)
    p50, p90, p99 = np.percentile(values, (50, 90, 99)).tolist()
    return Percentiles(float(values.mean()), p50, p90, p99)


@dataclass(frozen=True, slots=True)
class Promise:
    """The latency promised to each request; None where nothing is promised.

    Args:
        first_token_s: time to the first token [s].
        per_token_s: mean time for each token after the first [s].
        end_to_end_s: time to the last token [s].
        share: of requests for which it must be kept.
    """

    first_token_s: float | None = None
    per_token_s: float | None = None
    end_to_end_s: float | None = None
    share: float = 0.99


@dataclass(frozen=True, slots=True)
class ServingOutcome:
    """The outcome of each request, and the use of the replicas.

    Args:
        trace: the requests that were served.
        first_token_s: time of the first token [s], shape (requests,).
        finish_s: time of the last token [s], shape (requests,).
        replica: where each was served, shape (requests,).
        preempted: how often each lost its memory, shape (requests,).
        reused_tokens: tokens of the prompt that were remembered [token], shape (requests,).
        busy_s: time that each replica computed [s], shape (replicas,).
        steps: steps that each replica made, shape (replicas,).
        peak_memory_tokens: most tokens that each replica held [token], shape (replicas,).
        mean_context_tokens: tokens read per step, averaged over its busy time [token], shape (replicas,).
    """

    trace: RequestTrace
    first_token_s: np.ndarray
    finish_s: np.ndarray
    replica: np.ndarray
    preempted: np.ndarray
    reused_tokens: np.ndarray
    busy_s: np.ndarray
    steps: np.ndarray
    peak_memory_tokens: np.ndarray
    mean_context_tokens: np.ndarray

    @property
    def time_to_first_token_s(self) -> np.ndarray:
        """Waiting and prompt [s], shape (requests,)."""
        return self.first_token_s - self.trace.arrival_s

    @property
    def end_to_end_s(self) -> np.ndarray:
        """Arrival to last token [s], shape (requests,)."""
        return self.finish_s - self.trace.arrival_s

    @property
    def time_per_token_s(self) -> np.ndarray:
        """Mean time for each token after the first [s], for the requests that have more than one."""
        many = self.trace.output_tokens > 1
        return (self.finish_s - self.first_token_s)[many] / (self.trace.output_tokens[many] - 1)

    @property
    def makespan_s(self) -> float:
        """First arrival to last token [s]."""
        return float(self.finish_s.max())

    @property
    def utilisation(self) -> float:
        """Share of the replicas' time, first arrival to last token, in which they computed."""
        return float(self.busy_s.sum() / (len(self.busy_s) * self.makespan_s))

    @property
    def output_tokens_per_s(self) -> float:
        """Tokens generated per second by all replicas [token/s]."""
        return float(self.trace.output_tokens.sum() / self.makespan_s)

    @property
    def reuse_fraction(self) -> float:
        """Share of the prompt tokens that were remembered."""
        return float(self.reused_tokens.sum() / self.trace.prompt_tokens.sum())

    def keeps(self, promise: Promise) -> np.ndarray:
        """Tell for which requests a promise is kept.

        Returns:
            One truth value per request, shape (requests,).
        """
        kept = np.ones(len(self.trace), dtype=bool)
        if promise.first_token_s is not None:
            kept &= self.time_to_first_token_s <= promise.first_token_s
        if promise.end_to_end_s is not None:
            kept &= self.end_to_end_s <= promise.end_to_end_s
        if promise.per_token_s is not None:
            later = np.maximum(self.trace.output_tokens - 1, 1)
            kept &= (self.finish_s - self.first_token_s) / later <= promise.per_token_s
        return kept

    def kept_fraction(self, promise: Promise) -> float:
        """Return the share of requests for which a promise is kept."""
        return float(self.keeps(promise).mean())

    def goodput_per_s(self, promise: Promise) -> float:
        """Return how many requests a second are served within a promise [1/s]."""
        return float(self.keeps(promise).sum() / self.makespan_s)
