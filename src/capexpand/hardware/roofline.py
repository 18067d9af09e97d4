"""How long a step takes: prefill and decode on one layout of chips, operation by operation.

For a group of chips that holds one copy of the model, with ``m`` sequences on each data-parallel rank:

* weights: every step reads the dense weights and those experts that some token picked. With ``n`` tokens
  in the group and ``k`` of ``E`` experts a token, the share of experts picked is ``1 − (1 − k/E)ⁿ``;
* a matrix product takes ``√(compute² + memory²)``: a smooth roofline that tends to the larger of both.
  Prompts that are taken in beside running answers share one reading of the weights (chunked prefill);
* products over experts lose to padding: an expert that is given ``t`` tokens reaches ``t / (t + t₀)`` of its
  rate, and the busiest rank of expert parallelism holds up the others by a share that grows with the ranks;
* attention reads the cache of all sequences, or is limited by its own products (latent attention). A sliding
  window bounds what is read, the index of sparse attention chooses it, linear attention has a fixed state;
* activations travel between kernels and memory, more where tokens are sent to several experts;
* links: two all-reduces a layer under tensor parallelism, dispatch and combine under expert parallelism,
  each with a delay that grows with the logarithm of the group;
* a fixed time a step for the host and scheduler, a layer for launches, and a token for the sampler;
* a draft of ``d`` tokens accepted with probability ``a`` yields ``(1 − a^(d+1)) / (1 − a)`` tokens a step;
* ``s`` pipeline stages keep ``s`` batches in flight, and lose to the bubble between them.

The times rise with ``m`` more slowly than ``m`` itself, so the rate ``m / time`` rises with ``m``: the
largest batch that memory and the latency limit allow is the best. All functions are monotone in the
specifications.
The form follows Pope et al., Efficiently Scaling Transformer Inference (arXiv 2211.05102); drafts follow
Leviathan et al., Fast Inference from Transformers via Speculative Decoding (arXiv 2211.17192).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.hardware.layouts import Layout, Layouts
from capexpand.hardware.precision import Precision, attention_rate
from capexpand.hardware.specs import Array, ChipSpec, Load, ModelSpec, Number

CHUNK_TOKENS = 8192.0
"""Tokens of a chunk of prefill: the usual budget of a step in public engines' throughput settings."""

STATE_BYTES = 4.0
"""Linear attention keeps its state in 32 bits."""

_MOST_PADDING = 16.0

_RANKS_WITHOUT_SPARES = 8.0
"""Wider groups hold spare copies of busy experts, so that they are no more unequal than a server's."""

_RANKS_ON_A_HOST = 8.0
"""Ranks that one host admits requests for; a wider group has several hosts."""

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
        step_s: fixed time a step: host and scheduler [s].
        hop_s: delay a layer and step for each doubling of the group that works on it together [s].
        token_s: fixed time a sequence and step on its rank: sampling, scheduling, host [s].
        prompt_token_s: fixed time a prompt token [s].
        request_s: fixed time a request on the host of a copy, for tokenising and admitting it [s].
        network_s: further fixed time a layer and step where a copy reaches beyond the scale-up links [s].
        batch_max: sequences that a rank's scheduler keeps running.
        expert_half: tokens at which an expert's products reach half of their rate.
        imbalance: what the busiest rank takes longer for each doubling of the ranks that share out experts.
        workspace_gb: memory for activations, graphs and the buffers of collectives on each chip [GB].
        fill: share of the memory beside the weights that an engine fills with cache.
        traffic: times that activations travel between kernels and memory, see ``_activation_seconds``.
        bubble: share of a stage's time lost for each further pipeline stage.
        narrow: inner width of an expert on one chip at which its products reach half of their rate.
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
    step_s: Number = 0.0
    hop_s: Number = 0.0
    request_s: Number = 0.0
    expert_half: Number = 0.0
    imbalance: Number = 0.0
    bubble: Number = 0.0
    traffic: Number = 0.0
    fill: Number = 1.0
    workspace_gb: Number = 0.0
    narrow: Number = 0.0


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
    layout: Layout | Layouts


@dataclass(frozen=True, slots=True)
class StepTimes:
    """The parts of a step's time, each of the broadcast shape [s].

    ``links`` are all-reduces, ``hidden`` the exchange with experts on other ranks and, of a prompt, the
    reading of what is cached elsewhere.
    """

    compute: Array
    memory: Array
    attention_compute: Array
    attention_memory: Array
    links: Array
    fixed: Array
    hidden: Array | float = 0.0

    @property
    def total(self) -> Array:
        """Add the parts: products by the smooth roofline, attention by the larger, links and fixed on top.

        The exchange between experts, ``hidden``, runs beside the work of the other half of the batch.
        """
        # the root of squares takes a third of the time of np.hypot, whose care no time of a step needs
        products = np.sqrt(self.compute * self.compute + self.memory * self.memory)
        work = products + np.maximum(self.attention_compute, self.attention_memory)
        return np.sqrt(work * work + self.hidden * self.hidden) + self.links + self.fixed


def _seen(model: ModelSpec, context: Number) -> Array:
    """Give the tokens that full attention looks at: all, or those that sparse attention's index chose."""
    chosen = np.where(np.asarray(model.selected_tokens) > 0, model.selected_tokens, np.inf)
    return np.minimum(context, chosen)


def _attention_flops(model: ModelSpec, context: Number, *, prefill: bool) -> Array:
    """Count attention's operations for one token that sees ``context`` tokens, sliding windows respected."""
    rate = model.prefill_attention_flops if prefill else model.decode_attention_flops
    windowed = model.windowed_attention_flops * np.minimum(context, model.window_tokens)
    full = rate * _seen(model, context) + model.index_flops * context
    return np.asarray(full + windowed + model.state_flops, dtype=np.float64)


def _bytes_read(model: ModelSpec, precision: Precision, context: Number) -> Array:
    """Give the bytes of one sequence's cache that a decode step reads, and of its state read and written."""
    windowed = model.windowed_cache_elements * np.minimum(context, model.window_tokens)
    full = model.cache_elements * _seen(model, context) + model.index_elements * context
    cached = (full + windowed) * precision.cache_bytes
    return np.asarray(cached + model.state_elements * 2 * STATE_BYTES, dtype=np.float64)


def cache_bytes(model: ModelSpec, precision: Precision, tokens: Number) -> Array:
    """Give the bytes of one sequence's cache and state.

    Args:
        tokens: length of the sequence [tokens].
    """
    windowed = model.windowed_cache_elements * np.minimum(tokens, model.window_tokens)
    full = (model.cache_elements + model.index_elements) * tokens
    cached = (full + windowed) * precision.cache_bytes
    return np.asarray(cached + model.state_elements * STATE_BYTES, dtype=np.float64)


def weight_bytes_per_chip(model: ModelSpec, precision: Precision, layout: Layout | Layouts) -> Array:
    """Give the bytes of weights on the fullest chip: split by tensor, expert and pipeline parallelism.

    Args:
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


def _held_up(bench: Bench) -> Array:
    """Give the factor by which the busiest rank of expert parallelism takes longer than the mean."""
    ranks = np.minimum(bench.layout.data, _RANKS_WITHOUT_SPARES)
    return np.asarray(1 + bench.efficiency.imbalance * np.log2(ranks), dtype=np.float64)


def _reduced_seconds_per_token(bench: Bench) -> Array:
    """Give the time of the all-reduces of tensor parallelism for one token on a rank, without latency [s]."""
    model, layout = bench.model, bench.layout
    ring = 2 * (layout.tensor - 1) / layout.tensor
    sent = model.layers * 2 * ring * model.hidden_size * ACTIVATION_BYTES
    return np.asarray(sent, dtype=np.float64) / _link_rate(bench)


def _exchanged_seconds_per_token(bench: Bench, *, forwarded: bool = False) -> Array:
    """Give the time of dispatch at 8 bits and combine at 16 for one token on a rank, without latency [s].

    Prefill's kernels send a token over the network once to each server that holds some of its experts, and
    forward it there (``forwarded``); decode's send a copy to each expert. Of ``N`` servers ``k`` experts lie
    on ``N (1 − (1 − 1/N)ᵏ)``. After DeepEP (github.com/deepseek-ai/DeepEP), normal and low-latency kernels.
    """
    model, layout = bench.model, bench.layout
    copies = np.asarray(model.experts_active * (1 - 1 / layout.data), dtype=np.float64)
    beyond = _beyond_scale_up(bench)
    if forwarded and beyond.any():
        servers = np.maximum(
            layout.stage_chips / np.asarray(bench.chip.scale_up_chips, dtype=np.float64), 1.0
        )
        apart = np.maximum(1 - 1 / servers, 1e-12)
        once = servers * -np.expm1(model.experts_active * np.log(apart)) * apart
        copies = np.where(beyond > 0, np.minimum(once, copies), copies)
    sent = model.expert_layers * copies * model.hidden_size * 3.0 * _held_up(bench)
    return np.asarray(sent, dtype=np.float64) / _link_rate(bench)


def mean_context(load: Load) -> Array:
    """Give the mean length of a sequence that is being decoded [tokens].

    A long answer is in the batch for longer, so the mean over time weighs lengths by themselves: with
    coefficient of variation v an answer of mean o has on average o · (1 + v²) / 2 tokens behind it.
    """
    spread = 1 + np.asarray(load.output_variation, dtype=np.float64) ** 2
    return load.input_tokens + np.asarray(load.output_tokens, dtype=np.float64) * spread / 2


def tokens_per_step(load: Load) -> Array:
    """Give the tokens that a sequence gains in a decode step: 1, or more with an accepted draft.

    The first of ``d`` proposed tokens is kept with probability ``a``, the second with ``a²``: in all
    1 + a + … + a^d.
    """
    accepted = np.asarray(load.acceptance, dtype=np.float64)
    drafted = np.asarray(load.draft_tokens, dtype=np.float64)
    ratio = np.minimum(accepted, 1 - 1e-9)
    return (1 - ratio ** (drafted + 1)) / (1 - ratio)


def _activation_seconds(bench: Bench) -> Array:
    """Give the time that one token's activations take between kernels and memory [s].

    The kernels of a layer read and write about seven vectors of 16 bits as wide as the residual stream.
    Routing copies a token once for each expert that it is sent to, and back.
    """
    model = bench.model
    passed = 7 * model.layers * model.hidden_size
    routed = model.expert_layers * model.experts_active * model.hidden_size
    moved = ACTIVATION_BYTES * 2 * (passed + 2 * routed) / bench.layout.tensor
    bandwidth = np.asarray(bench.chip.memory_bandwidth_gb_per_s, dtype=np.float64) * 1e9
    return np.asarray(moved * bench.efficiency.traffic / (bandwidth * bench.efficiency.memory))


@dataclass(frozen=True, slots=True)
class _Routed:
    """What the products over experts depend on beside the tokens: active weights on a chip, losses, rate."""

    active: Array
    narrow: Array
    half: Number
    held_up: Array
    rate: Array

    @classmethod
    def of(cls, bench: Bench) -> _Routed:
        """Take the figures from a bench."""
        model, eff = bench.model, bench.efficiency
        active = model.routed_parameters * model.experts_active / model.experts_total / bench.layout.tensor
        all_of_them = np.maximum(model.expert_layers * model.experts_total * 3.0 * model.hidden_size, 1.0)
        width = np.maximum(model.routed_parameters / (all_of_them * bench.layout.tensor), 1.0)
        return cls(
            np.asarray(active),
            np.asarray(1 + eff.narrow / width),
            eff.expert_half,
            _held_up(bench),
            np.asarray(bench.rate * eff.compute * eff.expert_compute),
        )

    def seconds(self, tokens: Array, per_expert: Array) -> Array:
        """Give the time for so many tokens on a rank, of which each expert is given its share [s]."""
        padded = (1 + self.half / np.maximum(per_expert, 1e-9)) * self.narrow
        # padding never costs more than a tile for each expert: that is bounded by the weights' reading
        work = 2 * tokens * self.active * np.minimum(padded, _MOST_PADDING)
        return np.asarray(work * self.held_up / self.rate)


class DecodeSteps:
    """The decode steps of one bench, for any batch: what no batch changes is computed once.

    A search for the largest batch within a limit asks for a dozen batches, and most of a step's figures do
    not depend on them.

    Args:
        bench: what runs where.
    """

    def __init__(self, bench: Bench) -> None:
        model, load, layout, eff = bench.model, bench.load, bench.layout, bench.efficiency
        context = mean_context(load)
        bandwidth = np.asarray(bench.chip.memory_bandwidth_gb_per_s, dtype=np.float64) * 1e9
        chosen = model.experts_active / model.experts_total
        split = np.minimum(layout.tensor, model.cache_shards)
        joined = np.log2(np.asarray(layout.stage_chips, dtype=np.float64))
        self.proposed = 1 + np.asarray(load.draft_tokens, dtype=np.float64)
        self.dense = (model.attention_parameters + model.dense_parameters) / layout.tensor
        self.dense_rate = bench.rate * eff.compute
        self.routed = _Routed.of(bench) if np.any(np.asarray(model.routed_parameters) > 0) else None
        self.chosen, self.data = chosen, layout.data
        self.missed = np.log1p(-np.minimum(chosen, 1 - 1e-12))
        self.routed_weights = model.routed_parameters / layout.stage_chips
        self.weight_bytes = bench.precision.weight_bytes
        self.weight_rate = bandwidth * eff.memory
        self.attention = _attention_flops(model, context, prefill=False)
        self.attention_rate = layout.tensor * attention_rate(bench.chip) * eff.attention
        self.cache = _bytes_read(model, bench.precision, context)
        self.cache_rate = split * bandwidth * eff.cache_memory
        self.reduced = _reduced_seconds_per_token(bench)
        self.exchanged = _exchanged_seconds_per_token(bench)
        self.fixed = eff.step_s + model.layers * (
            eff.layer_s + joined * eff.hop_s + _beyond_scale_up(bench) * eff.network_s
        )
        self.activations = _activation_seconds(bench)
        self.token_s = np.asarray(eff.token_s, dtype=np.float64)
        self.gained, self.answer = tokens_per_step(load), np.maximum(load.output_tokens, 1e-12)

    def at(self, batch: Number) -> StepTimes:
        """Give the time of one step.

        Args:
            batch: sequences on each data-parallel rank.
        """
        batch = np.asarray(batch, dtype=np.float64)
        tokens = batch * self.proposed
        compute, read = 2 * tokens * self.dense / self.dense_rate, self.dense
        if self.routed is not None:
            per_rank = tokens * self.data
            compute = compute + self.routed.seconds(tokens, per_rank * self.chosen)
            read = self.dense + self.routed_weights * (1.0 - np.exp(per_rank * self.missed))
        return StepTimes(
            compute=compute,
            memory=np.asarray(read * self.weight_bytes / self.weight_rate),
            attention_compute=tokens * self.attention / self.attention_rate,
            attention_memory=batch * self.cache / self.cache_rate,
            links=tokens * self.reduced,
            hidden=tokens * self.exchanged,
            fixed=self.fixed + tokens * self.activations + batch * self.token_s,
        )

    def shared(self, batch: Number, prompt: StepTimes) -> Array:
        """Give the mean time of a step in which prompts are taken in beside running answers [s].

        In the time of one answer each of ``batch`` sequences is replaced by a new prompt once, so a step
        carries ``batch · tokens a step / answer`` prompts. Their products share the reading of the weights.

        Args:
            batch: sequences on each data-parallel rank.
            prompt: the times of a prompt.
        """
        answers = self.at(batch)
        share = np.asarray(batch) * self.gained / self.answer
        mixed = StepTimes(
            compute=answers.compute + share * prompt.compute,
            memory=answers.memory,
            attention_compute=np.maximum(answers.attention_compute, answers.attention_memory)
            + share * prompt.attention_compute,
            attention_memory=answers.attention_memory,
            links=answers.links + share * prompt.links,
            fixed=answers.fixed + share * prompt.fixed,
            hidden=answers.hidden + share * prompt.hidden,
        )
        return mixed.total


def decode_step(bench: Bench, batch: Number) -> StepTimes:
    """Give the time of one decode step.

    Args:
        bench: what runs where.
        batch: sequences on each data-parallel rank.
    """
    return DecodeSteps(bench).at(batch)


def _read_back_seconds(bench: Bench) -> Array:
    """Give the time in which a rank reads a prompt's cached part back from host memory or a store [s]."""
    load = bench.load
    if np.isinf(load.offload_gb_per_s).all():
        return np.zeros(())
    kept = cache_bytes(bench.model, bench.precision, load.input_tokens) * np.asarray(load.cached_fraction)
    split = np.minimum(bench.layout.tensor, bench.model.cache_shards)
    return np.asarray(kept / split / (np.asarray(load.offload_gb_per_s, dtype=np.float64) * 1e9))


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
    always = (model.attention_parameters + model.dense_parameters) / layout.tensor
    chosen = model.experts_active / model.experts_total
    zero = np.zeros_like(fresh)
    return StepTimes(
        compute=2 * fresh * always / (bench.rate * eff.compute)
        + _Routed.of(bench).seconds(fresh, np.asarray(CHUNK_TOKENS * layout.data * chosen)),
        memory=zero,
        attention_compute=fresh
        * _attention_flops(model, seen, prefill=True)
        / (layout.tensor * attention_rate(bench.chip) * eff.attention),
        attention_memory=zero,
        links=fresh * _reduced_seconds_per_token(bench),
        hidden=fresh * _exchanged_seconds_per_token(bench, forwarded=True) + _read_back_seconds(bench),
        fixed=fresh
        * (
            np.asarray(eff.prompt_token_s, dtype=np.float64)
            + _activation_seconds(bench)
            + (eff.step_s + model.layers * eff.layer_s) / CHUNK_TOKENS
        )
        + eff.request_s * np.minimum(layout.data, _RANKS_ON_A_HOST),
    )


def shared_step(bench: Bench, batch: Number) -> Array:
    """Give the mean time of a step in which prompts are taken in beside running answers [s].

    Args:
        bench: what runs where.
        batch: sequences on each data-parallel rank.
    """
    return DecodeSteps(bench).shared(batch, prefill_request(bench))


def working_share(bench: Bench) -> Array:
    """Give the share of the time in which a pipeline's stages work: 1 without a pipeline.

    Args:
        bench: what runs where.
    """
    return np.asarray(1 / (1 + bench.efficiency.bubble * (bench.layout.stages - 1)), dtype=np.float64)
