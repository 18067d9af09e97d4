"""The replica that a model makes on a chip: step times from the hardware layer, made linear.

The hardware layer gives the time of a decode step with m sequences of a mean length c, and of a prompt.
Replay needs four numbers that do not depend on either. With T(m) the step's time without attention:

* per sequence: (T(M) − T(1)) / (M − 1), the secant up to the batch M at which the copy would run;
* base: T(1) less that;
* per cached token: attention's time at M over the M · c tokens that it reads;
* per prefill token: the time of the mean prompt over its tokens.

All are divided by the factor by which measurements exceed the step times. The result is exact at M and at 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from capexpand.hardware.estimate import RunningCopy, ServingQuestion, running_copy
from capexpand.hardware.layouts import Layout
from capexpand.hardware.roofline import StepTimes, decode_step, mean_context, prefill_request
from capexpand.hardware.room import batch_by_memory
from capexpand.hardware.specs import Load
from capexpand.replay.serving.outcome import Promise
from capexpand.replay.serving.replicas import Replica, StepTime
from capexpand.replay.traces import RequestTrace

STEP_TOKENS = 8192
"""Most tokens in a step: chunks of prompts so large that they hide the reading of the weights."""

LEAST_STEP_TOKENS = 512
"""The same under a tight promise: smaller chunks cost throughput and gain little."""


@dataclass(frozen=True, slots=True)
class HardwareReplica:
    """A replica worked out from a model and a chip.

    Args:
        model: the model's name.
        chip: the chip's name.
        layout: how a copy is laid out, such as ``TP2``.
        replica: one data-parallel rank of a copy, which runs sequences of its own.
        accelerators: chips of that rank.
        replicas_per_copy: such ranks in a copy, expert-parallel ranks times pipeline stages.
        batch: sequences at which the step time is exact.
    """

    model: str
    chip: str
    layout: str
    replica: Replica
    accelerators: int
    replicas_per_copy: int
    batch: float


def load_of(trace: RequestTrace, promise: Promise | None = None) -> Load:
    """Describe the requests of a trace as the hardware layer takes them.

    Args:
        trace: the requests, at least one.
        promise: the latency that the layout has to keep.
    """
    prompt, answer = float(trace.prompt_tokens.mean()), float(trace.output_tokens.mean())
    limits = promise or Promise()
    return Load(
        prompt,
        answer,
        input_variation=float(trace.prompt_tokens.std()) / prompt,
        output_variation=float(trace.output_tokens.std()) / answer,
        time_per_token_s=math.inf if limits.per_token_s is None else limits.per_token_s,
        time_to_first_token_s=math.inf if limits.first_token_s is None else limits.first_token_s,
    )


def replica_on(
    model: str,
    chip: str,
    load: Load,
    *,
    chips: int | None = None,
    layout: Layout | None = None,
    weights: str | None = None,
    suite: str = "typical",
) -> HardwareReplica:
    """Work out the replica that a model makes on a chip.

    Args:
        model: name in the catalogue.
        chip: name in the catalogue.
        load: lengths of the requests, and limits that choose the layout.
        chips: most chips for a copy; one server by default.
        layout: one layout only; by default the one that serves most.
        weights: format of the weights; by default the narrowest that the chip computes with at speed.
        suite: whose software to expect: ``typical``, ``report`` or ``community``.

    Raises:
        CaseError: for unknown names, and where the model cannot serve the load.
    """
    copy = running_copy(
        ServingQuestion(model, chip, chips=chips, load=load, weights=weights, layout=layout, suite=suite)
    )
    bench = copy.bench
    tokens = float(batch_by_memory(bench)) * float(np.max(load.input_tokens + np.asarray(load.output_tokens)))
    step_time = linear_step_time(copy)
    step_tokens = _step_tokens(step_time, float(np.max(load.time_per_token_s)))
    sequences = max(1, min(int(np.max(bench.efficiency.batch_max)), step_tokens))
    replica = Replica(
        step_time,
        step_tokens=step_tokens,
        sequences=sequences,
        memory_tokens=max(16, int(tokens)),
    )
    return HardwareReplica(
        model=bench.model.name,
        chip=bench.chip.name,
        layout=str(bench.layout),
        replica=replica,
        accelerators=int(bench.layout.tensor),
        replicas_per_copy=int(bench.layout.data * bench.layout.stages),
        batch=copy.batch,
    )


def linear_step_time(copy: RunningCopy) -> StepTime:
    """Give the four numbers of a copy's step time."""
    bench, batch = copy.bench, max(copy.batch, 2.0)
    one, full = decode_step(bench, 1.0), decode_step(bench, batch)
    per_sequence = max(0.0, (_without_attention(full) - _without_attention(one)) / (batch - 1))
    prompt = float(np.max(bench.load.input_tokens)) * (1 - float(np.max(bench.load.cached_fraction)))
    read = batch * float(np.max(mean_context(bench.load)))
    return StepTime(
        base_s=(_without_attention(one) - per_sequence) / copy.rate,
        per_prefill_token_s=float(prefill_request(bench).total) / prompt / copy.rate,
        per_cached_token_s=_attention(full) / read / copy.rate,
        per_sequence_s=per_sequence / copy.rate,
    )


def _step_tokens(step_time: StepTime, time_per_token_s: float) -> int:
    """The most tokens in a step, as an operator sets it: chunks that answers in progress can wait for.

    It is the largest power of two whose prompts take no longer than the time promised per token, within
    the two constants.
    """
    tokens = time_per_token_s / step_time.per_prefill_token_s
    return int(
        min(
            STEP_TOKENS,
            max(
                LEAST_STEP_TOKENS, STEP_TOKENS if math.isinf(tokens) else 2.0 ** math.floor(math.log2(tokens))
            ),
        )
    )


def _attention(times: StepTimes) -> float:
    return float(np.maximum(times.attention_compute, times.attention_memory))


def _without_attention(times: StepTimes) -> float:
    return float(times.total) - _attention(times)
