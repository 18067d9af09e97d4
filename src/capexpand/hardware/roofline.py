"""How long a step takes: the roofline of prefill and decode on one layout of chips.

For a group of chips that holds one copy of the model, with ``m`` sequences on each data-parallel rank:

* weights: every step reads the dense weights and those experts that some token picked. With ``n`` tokens
  in the group and ``k`` of ``E`` experts a token, the share of experts picked is ``1 − (1 − k/E)ⁿ``;
* a matrix product takes ``√(compute² + memory²)``: a smooth roofline that tends to the larger of both;
* attention reads the cache of all sequences, or is limited by its own products (latent attention);
* links: two all-reduces a layer under tensor parallelism, dispatch and combine under expert parallelism;
* a fixed time a layer for launches and latency, a fixed time a token for the host and the sampler.

The times rise with ``m`` more slowly than ``m`` itself, so the rate ``m / time`` rises with ``m``: the
largest batch that memory and the latency limit allow is the best. All functions are monotone in the
specifications.
The form follows Pope et al., Efficiently Scaling Transformer Inference (arXiv 2211.05102).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.hardware.layouts import Layout
from capexpand.hardware.precision import Precision, attention_rate
from capexpand.hardware.specs import Array, ChipSpec, Load, ModelSpec, Number

USABLE_MEMORY = 0.92
"""Share of the memory that weights and cache may fill; the rest holds activations and fragments."""

ACTIVATION_BYTES = 2.0
"""Activations travel the links at 16 bits; dispatch to experts at 8."""


@dataclass(frozen=True, slots=True)
class Efficiency:
    """How much of its specification a chip delivers; fitted on measurements, see :mod:`efficiency`.

    Args:
        compute: share of the arithmetic rate reached in large matrix products.
        expert_compute: the same in products over routed experts, relative to ``compute``.
        memory: share of the memory bandwidth reached in reading weights.
        cache_memory: the same in reading the cache.
        attention: share of the 16-bit rate reached in attention's own products.
        links: share of the links' bandwidth reached.
        layer_s: fixed time a layer and step, launches and synchronisation [s].
        token_s: fixed time a sequence and step on its rank: sampling, scheduling, host [s].
        prompt_token_s: fixed time a prompt token [s].
        network_s: further fixed time a layer and step where a copy reaches beyond the scale-up links [s].
        batch_max: sequences that a rank's scheduler keeps running.
    """

    compute: Number = 0.6
    expert_compute: Number = 0.7
    memory: Number = 0.75
    cache_memory: Number = 0.6
    attention: Number = 0.4
    links: Number = 0.6
    layer_s: Number = 5e-5
    token_s: Number = 1e-5
    prompt_token_s: Number = 1e-7
    network_s: Number = 3e-5
    batch_max: Number = 2048.0


@dataclass(frozen=True, slots=True)
class Bench:
    """A model, a chip, formats, a load and efficiencies on one layout: what the times are computed from.

    ``rate`` is the rate at which the chip multiplies weights of this format [operations/s].
    """

    model: ModelSpec
    chip: ChipSpec
    precision: Precision
    rate: Array
    load: Load
    efficiency: Efficiency
    layout: Layout


@dataclass(frozen=True, slots=True)
class StepTimes:
    """The parts of a step's time, each of the broadcast shape [s]."""

    compute: Array
    memory: Array
    attention_compute: Array
    attention_memory: Array
    links: Array
    fixed: Array

    @property
    def total(self) -> Array:
        """Add the parts: products by the smooth roofline, attention by the larger, links and fixed on top."""
        products = np.hypot(self.compute, self.memory)
        attention = np.maximum(self.attention_compute, self.attention_memory)
        return products + attention + self.links + self.fixed


def _attention_flops(model: ModelSpec, context: Number, *, prefill: bool) -> Array:
    """Count attention's operations for one token that sees ``context`` tokens, sliding windows respected."""
    rate = model.prefill_attention_flops if prefill else model.decode_attention_flops
    windowed = model.windowed_attention_flops * np.minimum(context, model.window_tokens)
    return np.asarray(rate * context + windowed, dtype=np.float64)


def cache_bytes(model: ModelSpec, precision: Precision, tokens: Number) -> Array:
    """Give the bytes of one sequence's cache.

    Args:
        model: the model.
        precision: formats.
        tokens: length of the sequence [tokens].
    """
    windowed = model.windowed_cache_elements * np.minimum(tokens, model.window_tokens)
    return np.asarray((model.cache_elements * tokens + windowed) * precision.cache_bytes, dtype=np.float64)


def weight_bytes_per_chip(model: ModelSpec, precision: Precision, layout: Layout) -> Array:
    """Give the bytes of weights on the fullest chip: split by tensor, expert and pipeline parallelism.

    Args:
        model: the model.
        precision: formats.
        layout: how the model is laid out.
    """
    always = (
        model.attention_parameters + model.dense_parameters + model.embedding_parameters
    ) / layout.tensor
    routed = model.routed_parameters / layout.stage_chips
    return np.asarray((always + routed) * precision.weight_bytes / layout.stages, dtype=np.float64)


def _beyond_scale_up(bench: Bench) -> Array:
    """Tell where one stage of a copy is larger than the scale-up domain: 1 there, 0 elsewhere."""
    inside = np.asarray(bench.chip.scale_up_chips) >= bench.layout.stage_chips
    return np.where(inside, 0.0, 1.0)


def _link_rate(bench: Bench) -> Array:
    """Give a chip's rate to the rest of its group, one direction [bytes/s]."""
    chip = bench.chip
    scale_up = np.asarray(chip.interconnect_gb_per_s, dtype=np.float64) / 2
    scale_out = np.minimum(np.asarray(chip.scale_out_gb_per_s, dtype=np.float64), scale_up)
    return np.where(_beyond_scale_up(bench) > 0, scale_out, scale_up) * 1e9 * bench.efficiency.links


def _link_seconds_per_token(bench: Bench) -> Array:
    """Give the time on the links for one token on a rank, without latency [s]."""
    model, layout = bench.model, bench.layout
    sent: Number = 0.0
    if layout.tensor > 1:
        ring = 2 * (layout.tensor - 1) / layout.tensor
        sent = model.layers * 2 * ring * model.hidden_size * ACTIVATION_BYTES
    if layout.data > 1:  # dispatch at 8 bits and combine at 16, to experts that live elsewhere
        remote = 1 - 1 / layout.data
        sent = sent + model.expert_layers * model.experts_active * model.hidden_size * 3.0 * remote
    return np.asarray(sent, dtype=np.float64) / _link_rate(bench)


def mean_context(load: Load) -> Array:
    """Give the mean length of a sequence that is being decoded [tokens].

    A long answer is in the batch for longer, so the mean over time weighs lengths by themselves: with
    coefficient of variation v an answer of mean o has on average o · (1 + v²) / 2 tokens behind it.

    Args:
        load: lengths and their variation.
    """
    spread = 1 + np.asarray(load.output_variation, dtype=np.float64) ** 2
    return load.input_tokens + np.asarray(load.output_tokens, dtype=np.float64) * spread / 2


def decode_step(bench: Bench, batch: Number) -> StepTimes:
    """Give the time of one decode step.

    Args:
        bench: what runs where.
        batch: sequences on each data-parallel rank.
    """
    model, load, layout, eff = bench.model, bench.load, bench.layout, bench.efficiency
    batch = np.asarray(batch, dtype=np.float64)
    context = mean_context(load)
    flops_rate = bench.rate * eff.compute
    bandwidth = np.asarray(bench.chip.memory_bandwidth_gb_per_s, dtype=np.float64) * 1e9
    always = (model.attention_parameters + model.dense_parameters) / layout.tensor
    chosen = model.experts_active / model.experts_total
    routed_active = model.routed_parameters * chosen / layout.tensor
    touched = 1.0 - np.exp(batch * layout.data * np.log1p(-np.minimum(chosen, 1 - 1e-12)))
    routed_read = model.routed_parameters / layout.stage_chips * touched
    split = np.minimum(layout.tensor, model.cache_shards)
    return StepTimes(
        compute=2 * batch * (always + routed_active / eff.expert_compute) / flops_rate,
        memory=(always + routed_read) * bench.precision.weight_bytes / (bandwidth * eff.memory),
        attention_compute=batch
        * _attention_flops(model, context, prefill=False)
        / (layout.tensor * attention_rate(bench.chip) * eff.attention),
        attention_memory=batch
        * cache_bytes(model, bench.precision, context)
        / (split * bandwidth * eff.cache_memory),
        links=batch * _link_seconds_per_token(bench),
        fixed=model.layers * (eff.layer_s + _beyond_scale_up(bench) * eff.network_s)
        + batch * np.asarray(eff.token_s, dtype=np.float64),
    )


def prefill_request(bench: Bench) -> StepTimes:
    """Give the time that one prompt's prefill takes a rank, in chunks large enough to hide the weights.

    Args:
        bench: what runs where.
    """
    model, load, layout, eff = bench.model, bench.load, bench.layout, bench.efficiency
    prompt = np.asarray(load.input_tokens, dtype=np.float64)
    fresh = prompt * (1 - np.asarray(load.cached_fraction, dtype=np.float64))
    spread = 1 + np.asarray(load.input_variation, dtype=np.float64) ** 2
    seen = (
        prompt - fresh / 2
    ) * spread  # a fresh token sees what was cached and, on average, half of what is fresh
    flops_rate = bench.rate * eff.compute
    always = (model.attention_parameters + model.dense_parameters) / layout.tensor
    routed = model.routed_parameters * model.experts_active / model.experts_total / layout.tensor
    zero = np.zeros_like(fresh)
    return StepTimes(
        compute=2 * fresh * (always + routed / eff.expert_compute) / flops_rate,
        memory=zero,
        attention_compute=fresh
        * _attention_flops(model, seen, prefill=True)
        / (layout.tensor * attention_rate(bench.chip) * eff.attention),
        attention_memory=zero,
        links=fresh * _link_seconds_per_token(bench),
        fixed=fresh * np.asarray(eff.prompt_token_s, dtype=np.float64),
    )


def batch_by_memory(bench: Bench) -> Array:
    """Give the sequences that fit beside the weights on each rank; below 1 where the model does not fit.

    Args:
        bench: what runs where.
    """
    usable = np.asarray(bench.chip.memory_gb, dtype=np.float64) * 1e9 * USABLE_MEMORY
    free = usable - weight_bytes_per_chip(bench.model, bench.precision, bench.layout)
    tokens = bench.load.input_tokens + np.asarray(bench.load.output_tokens, dtype=np.float64)
    split = np.minimum(bench.layout.tensor, bench.model.cache_shards)
    sequence = cache_bytes(bench.model, bench.precision, tokens) / split
    return free / np.maximum(sequence, 1.0)
