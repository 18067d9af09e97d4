"""The specifications that the throughput functions compute with: a model, a chip, a load.

Every numeric field may be a number or a NumPy array; arrays broadcast against each other, so a thousand chips
against a thousand prompt lengths is one call. Strings name the thing for messages and never enter a formula.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import CaseError, Problem

Array: TypeAlias = NDArray[np.float64]
Number: TypeAlias = float | Array


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The architecture of a model as far as serving depends on it; counts of elements, not bytes.

    Args:
        name: the model's name.
        layers: transformer layers.
        hidden_size: width of the residual stream.
        attention_parameters: weights of attention in all layers.
        dense_parameters: weights that every token uses outside attention and routed experts: dense
            feed-forward layers, shared experts, routers and the output head.
        embedding_parameters: the input embedding, held in memory, looked up and not multiplied.
        routed_parameters: weights of all routed experts in all layers; 0 for a dense model.
        experts_total: routed experts in a layer; 1 for a dense model.
        experts_active: routed experts that a token uses; 1 for a dense model.
        expert_layers: layers that route to experts.
        cache_elements: key and value elements that a token leaves in the cache, layers with full attention.
        windowed_cache_elements: the same for layers with a sliding window.
        window_tokens: width of the sliding window [tokens]; 0 without one.
        cache_shards: how many chips can split one token's cache: key-value heads, or 1 for latent attention.
        decode_attention_flops: operations per token generated and per cached token, full-attention layers.
        prefill_attention_flops: operations per prompt token and per token before it, full-attention layers.
        windowed_attention_flops: the same for layers with a sliding window, prefill and decode alike.
        state_elements: elements of the fixed state of linear attention, per sequence in all layers, read and
            written in every step.
        state_flops: operations per token on that state.
        selected_tokens: cached tokens that sparse attention reads after its index chose them; 0 reads all.
        index_elements: elements that the index of sparse attention adds to the cache per token, all layers.
        index_flops: operations of the index per token and cached token, all layers.
        head_size: width of an attention head.
        query_group: query heads that share one key and value head.
    """

    name: str
    layers: Number
    hidden_size: Number
    attention_parameters: Number
    dense_parameters: Number
    embedding_parameters: Number
    routed_parameters: Number = 0.0
    experts_total: Number = 1.0
    experts_active: Number = 1.0
    expert_layers: Number = 0.0
    cache_elements: Number = 0.0
    windowed_cache_elements: Number = 0.0
    window_tokens: Number = 0.0
    cache_shards: Number = 1.0
    decode_attention_flops: Number = 0.0
    prefill_attention_flops: Number = 0.0
    windowed_attention_flops: Number = 0.0
    state_elements: Number = 0.0
    state_flops: Number = 0.0
    selected_tokens: Number = 0.0
    index_elements: Number = 0.0
    index_flops: Number = 0.0
    head_size: Number = 128.0
    query_group: Number = 8.0

    @property
    def parameters_total(self) -> Number:
        """Count all weights."""
        return (
            self.attention_parameters
            + self.dense_parameters
            + self.embedding_parameters
            + self.routed_parameters
        )

    @property
    def parameters_active(self) -> Number:
        """Count the weights that one token is multiplied with, the output head included."""
        routed = self.routed_parameters * self.experts_active / self.experts_total
        return self.attention_parameters + self.dense_parameters + routed


@dataclass(frozen=True, slots=True)
class ChipSpec:
    """One accelerator and the links around it. Rates are dense, without sparsity.

    Args:
        name: the chip's name.
        family: generation that shares efficiency factors, such as ``hopper``.
        fp16_tflops: 16-bit rate [10¹² operations/s].
        fp8_tflops: 8-bit floating rate; 0 where there is none [10¹² operations/s].
        int8_tops: 8-bit integer rate; 0 where there is none [10¹² operations/s].
        fp4_tflops: 4-bit rate; 0 where there is none [10¹² operations/s].
        memory_gb: memory on the chip [GB].
        memory_bandwidth_gb_per_s: its bandwidth [GB/s].
        interconnect_gb_per_s: scale-up links, both directions together [GB/s].
        scale_out_gb_per_s: network beyond the scale-up domain, one direction [GB/s].
        scale_up_chips: chips that the scale-up links join.
        server_chips: chips in a server.
        power_w: rated power of the chip [W].
    """

    name: str
    family: str
    fp16_tflops: Number
    fp8_tflops: Number
    int8_tops: Number
    fp4_tflops: Number
    memory_gb: Number
    memory_bandwidth_gb_per_s: Number
    interconnect_gb_per_s: Number
    scale_out_gb_per_s: Number = 50.0
    scale_up_chips: Number = 8.0
    server_chips: int = 8
    power_w: Number = 700.0


@dataclass(frozen=True, slots=True)
class Load:
    """The requests to be served and the limits they set.

    Args:
        input_tokens: mean prompt length [tokens].
        output_tokens: mean answer length [tokens].
        cached_fraction: share of the prompt already in a cache, so neither computed nor paid for in prefill.
        input_variation: standard deviation of the prompt length over its mean.
        output_variation: standard deviation of the answer length over its mean.
        time_per_token_s: largest time per output token [s]; infinite without a limit.
        time_to_first_token_s: largest time to the first token, for 99 of 100 requests [s]; infinite without.
        draft_tokens: tokens proposed ahead in each step by a draft (speculative decoding, multi-token
            prediction); 0 without.
        acceptance: probability that a proposed token is accepted when all before it were.
        running_max: most requests in flight on the whole system, such as a client's concurrency; infinite
            without a limit.
        test_requests: requests that a test sends in all, see :mod:`capexpand.hardware.burst`; infinite for a
            stream without end.
        arrivals_per_s: requests that arrive each second; infinite where they are all there at once [1/s].
        offload_gb_per_s: rate at which a chip reads cached prompts back from host memory or a store; infinite
            where they lie in its own memory [GB/s].
    """

    input_tokens: Number
    output_tokens: Number
    cached_fraction: Number = 0.0
    input_variation: Number = 0.0
    output_variation: Number = 0.0
    time_per_token_s: Number = math.inf
    time_to_first_token_s: Number = math.inf
    draft_tokens: Number = 0.0
    acceptance: Number = 0.0
    running_max: Number = math.inf
    test_requests: Number = math.inf
    arrivals_per_s: Number = math.inf
    offload_gb_per_s: Number = math.inf


_MAY_BE_ZERO = {
    "fp8_tflops",
    "int8_tops",
    "fp4_tflops",
    "routed_parameters",
    "expert_layers",
    "windowed_cache_elements",
    "cache_elements",
    "window_tokens",
    "embedding_parameters",
    "attention_parameters",
    "cached_fraction",
    "decode_attention_flops",
    "prefill_attention_flops",
    "windowed_attention_flops",
    "input_tokens",
    "input_variation",
    "output_variation",
    "state_elements",
    "state_flops",
    "selected_tokens",
    "index_elements",
    "index_flops",
    "draft_tokens",
    "acceptance",
}
_MAY_BE_INFINITE = {
    "time_per_token_s",
    "time_to_first_token_s",
    "running_max",
    "test_requests",
    "arrivals_per_s",
    "offload_gb_per_s",
}
_LEAST, _MOST = 1e-12, 1e24
"""Of any figure above zero: beyond it the arithmetic leaves the range of numbers."""
_SHARES = {"cached_fraction", "acceptance"}


def check_possible(*specs: ModelSpec | ChipSpec | Load) -> None:
    """Refuse specifications that no thing can have: zero bandwidth, negative memory, NaN.

    Args:
        specs: what to look at.

    Raises:
        CaseError: with one problem per impossible value.
    """
    problems: list[Problem] = []
    for spec in specs:
        for field in fields(spec):
            value = getattr(spec, field.name)
            if isinstance(value, str):
                continue
            problem = _impossible(field.name, np.asarray(value, dtype=np.float64))
            if problem:
                label = getattr(spec, "name", "load")
                problems.append(Problem(f"{problem}", path=f"{label}.{field.name}"))
    if problems:
        raise CaseError(problems)


def _impossible(name: str, value: Array) -> str:
    worst = value.reshape(-1)[0] if value.size else math.nan
    bad = np.isnan(value) | (value < 0) if name in _MAY_BE_ZERO else ~(value > 0)
    if name not in _MAY_BE_INFINITE:
        bad |= np.isinf(value)
    bad |= np.isfinite(value) & (value > _MOST) | (value > 0) & (value < _LEAST)
    if name in _SHARES:
        bad |= value > 1
    if not value.size or not bad.any():
        return "" if value.size else "holds no value"
    worst = value[bad].reshape(-1)[0] if value.ndim else value
    if name in _SHARES:
        return f"is {float(worst):g}; a share lies between 0 and 1"
    if np.isfinite(worst) and worst > 0:
        return f"is {float(worst):g}; it must lie between {_LEAST:g} and {_MOST:g}"
    kind = "zero or more" if name in _MAY_BE_ZERO else "more than zero"
    return f"is {float(worst):g}; it must be {kind}"
