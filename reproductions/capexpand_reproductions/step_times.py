"""Fit the time of a step to a measured run of an inference engine, and say how well it then predicts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from capexpand.replay.serving.outcome import ServingOutcome
from capexpand.replay.serving.replicas import Replica, Routing, StepTime
from capexpand.replay.serving.serve import serve
from capexpand.replay.traces import RequestTrace
from capexpand_reproductions.minimise import minimise

# a step of a few tens of ms, whatever the model: several scales, since the walk finds the nearest hollow only
_STARTS_S = (
    (2e-2, 1e-4, 1e-7, 1e-4),
    (1e-2, 2e-4, 2e-7, 5e-5),
    (4e-2, 5e-5, 5e-8, 2e-4),
    (1e-2, 4e-5, 5e-8, 2e-5),
)


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """A run of an inference engine, as measured request by request.

    Args:
        name: what to call it.
        trace: the requests as they reached the engine.
        first_token_s: time of each first token, on the trace's clock [s], shape (requests,).
        finish_s: time of each last token, on the trace's clock [s], shape (requests,).
        limits: the engine's limits, with any step time.
    """

    name: str
    trace: RequestTrace
    first_token_s: np.ndarray
    finish_s: np.ndarray
    limits: Replica

    @property
    def end_to_end_s(self) -> np.ndarray:
        """Arrival to last token as measured [s], shape (requests,)."""
        return self.finish_s - self.trace.arrival_s


@dataclass(frozen=True, slots=True)
class Comparison:
    """Predicted against measured over some of the requests, each as a relative difference.

    Args:
        requests: how many.
        end_to_end_mean: of the mean time to the last token.
        end_to_end_p50: of its median.
        end_to_end_p99: of its 99th percentile.
        first_token_mean: of the mean time to the first token.
        per_token_mean: of the mean time per later token.
        end_to_end_mean_s: the measured mean [s].
        end_to_end_p99_s: the measured 99th percentile [s].
    """

    requests: int
    end_to_end_mean: float
    end_to_end_p50: float
    end_to_end_p99: float
    first_token_mean: float
    per_token_mean: float
    end_to_end_mean_s: float
    end_to_end_p99_s: float


@dataclass(frozen=True, slots=True)
class FittedRun:
    """A step time fitted to the first requests of a run, and how it predicts them and the others.

    Args:
        name: of the run.
        step_time: the fitted coefficients.
        fitted: over the requests that the fit saw.
        held_out: over the others.
        preemptions: in the replay of the whole run.
    """

    name: str
    step_time: StepTime
    fitted: Comparison
    held_out: Comparison
    preemptions: int


def predict(run: MeasuredRun, step_time: StepTime) -> ServingOutcome:
    """Replay a measured run's requests on one replica.

    Args:
        run: the run.
        step_time: how long steps take.
    """
    return serve(run.trace, replace(run.limits, step_time=step_time), routing=Routing.ROUND_ROBIN)


def fit_step_time(run: MeasuredRun, *, first: int, evaluations: int = 500) -> StepTime:
    """Find the coefficients that best predict the first requests of a run.

    All requests are replayed, since later ones slow earlier ones down, but only the measured times of the
    first ones count. What is minimised is the mean square of the errors of the first token's and the last
    token's time, in units of the mean end-to-end time. Coefficients are varied as logarithms, which keeps
    them positive.

    Args:
        run: the measured run.
        first: how many requests, in order of arrival, the fit may see.
        evaluations: replays for each of the four starts.

    Returns:
        The fitted coefficients.
    """
    scale = float(run.end_to_end_s[:first].mean())

    def loss(logarithms: np.ndarray) -> float:
        outcome = predict(run, StepTime(*np.exp(np.clip(logarithms, -25, 5)).tolist()))
        last = (outcome.finish_s - run.finish_s)[:first] / scale
        start = (outcome.first_token_s - run.first_token_s)[:first] / scale
        return float((last**2).mean() + (start**2).mean())

    best, best_loss = np.log(_STARTS_S[0]), np.inf
    for begin in _STARTS_S:
        place, value = minimise(loss, np.log(begin), evaluations=evaluations)
        # a second walk from a fresh simplex leaves a hollow in which the first one collapsed
        place, value = minimise(loss, place, evaluations=evaluations // 2, size=0.1)
        if value < best_loss:
            best, best_loss = place, value
    return StepTime(*np.exp(np.clip(best, -25, 5)).tolist())


def compare(run: MeasuredRun, outcome: ServingOutcome, part: slice) -> Comparison:
    """Lay a prediction beside the measurement.

    Args:
        run: the measured run.
        outcome: its replay.
        part: which requests.
    """
    arrival = run.trace.arrival_s[part]
    measured = run.finish_s[part] - arrival
    predicted = outcome.finish_s[part] - arrival
    later = np.maximum(run.trace.output_tokens[part] - 1, 1)

    def difference(ours: float, theirs: float) -> float:
        return float(ours / theirs - 1)

    return Comparison(
        len(arrival),
        difference(predicted.mean(), measured.mean()),
        difference(np.median(predicted), np.median(measured)),
        difference(np.percentile(predicted, 99), np.percentile(measured, 99)),
        difference(
            (outcome.first_token_s[part] - arrival).mean(), (run.first_token_s[part] - arrival).mean()
        ),
        difference(
            ((outcome.finish_s - outcome.first_token_s)[part] / later).mean(),
            ((run.finish_s - run.first_token_s)[part] / later).mean(),
        ),
        float(measured.mean()),
        float(np.percentile(measured, 99)),
    )


def fit_and_predict(run: MeasuredRun, *, fraction: float = 0.5) -> FittedRun:
    """Fit on the first part of a run and predict the rest.

    Args:
        run: the measured run.
        fraction: the share of requests, in order of arrival, that the fit may see.
    """
    first = max(1, int(len(run.trace) * fraction))
    step_time = fit_step_time(run, first=first)
    outcome = predict(run, step_time)
    return FittedRun(
        run.name,
        step_time,
        compare(run, outcome, slice(None, first)),
        compare(run, outcome, slice(first, None)),
        int(outcome.preempted.sum()),
    )
