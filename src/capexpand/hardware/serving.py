"""The search over layouts and batches for the best throughput of a model on a number of chips.

Two ways of working are compared:

* **together**: every rank interleaves the prompts it takes in with the tokens it generates. A running
  sequence waits for the prefill of the others, whose products share the reading of the weights with its own;
* **apart**: some chips prefill, others decode, in the ratio that keeps both busy, a mean over a large fleet.
  The cache travels between them.

The answer is the best of all layouts, so whatever widens the choice or shortens a step never lowers the rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from capexpand.hardware.burst import of_one_copy, reached_in_test
from capexpand.hardware.layouts import Layout, candidate_layouts
from capexpand.hardware.precision import Precision, arithmetic_rate
from capexpand.hardware.roofline import (
    Bench,
    DecodeSteps,
    Efficiency,
    cache_bytes,
    decode_step,
    prefill_request,
    tokens_per_step,
    working_share,
)
from capexpand.hardware.room import batch_by_memory, batch_by_scheduler
from capexpand.hardware.specs import Array, ChipSpec, Load, ModelSpec, Number

Flags: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.int_]
Way: TypeAlias = Literal["together", "apart", "best"]

QUEUE_FACTOR = 3.0
"""Waits for the first token at the 99th percentile, in units of prefill · load / (1 − load): a heavy tail of
long prompts behind a Poisson arrival."""

_BISECTIONS = 13
_BATCH_DOUBLINGS = 16.0


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of one layout on each chip; arrays of the broadcast shape.

    Args:
        requests: requests each second and chip; 0 where it does not fit or is too slow [1/s].
        batch: sequences on each rank.
        fits: where the weights and one sequence fit in memory.
    """

    requests: Array
    batch: Array
    fits: Flags


def _largest_batch(
    bench: Bench, seconds_per_token: Callable[[Array], Array], shape: tuple[int, ...]
) -> Array:
    """Find the largest batch whose time per token stays within the limit; 0 where one sequence is too slow.

    Bisection on a fixed grid of exponents, so that the answer never falls when a step gets faster.
    """
    limit = np.asarray(bench.load.time_per_token_s, dtype=np.float64)
    shape = np.broadcast_shapes(limit.shape, shape)
    if np.isinf(limit).all():
        return np.full(shape, 2.0**_BATCH_DOUBLINGS)
    low, high = np.zeros(shape), np.full(shape, _BATCH_DOUBLINGS)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        within = seconds_per_token(2.0**middle) <= limit
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return np.where(seconds_per_token(np.ones(shape)) <= limit, 2.0**low, 0.0)


def _batch(bench: Bench, seconds_per_token: Callable[[Array], Array]) -> tuple[Array, Flags]:
    """Give the batch that memory, scheduler, requests in flight and the limit allow, and where any fits."""
    in_memory = batch_by_memory(bench)
    in_flight = np.minimum(bench.load.running_max, bench.load.test_requests) / (
        bench.layout.data * bench.layout.stages
    )
    most = np.minimum(np.minimum(in_memory, batch_by_scheduler(bench)), np.maximum(in_flight, 1.0))
    return np.minimum(most, _largest_batch(bench, seconds_per_token, most.shape)), in_memory >= 1


def _load_within_first_token_limit(prefill_s: Array, limit_s: Number) -> Array:
    """Give the share of capacity that can be used when the first token has a limit.

    A queue's wait grows as load / (1 − load); solving prefill · (1 + q · load / (1 − load)) = limit for the
    load gives slack / (slack + q · prefill) with slack = limit − prefill.
    """
    limit = np.asarray(limit_s, dtype=np.float64)
    slack = np.maximum(limit - prefill_s, 0.0)
    with np.errstate(invalid="ignore"):
        usable = slack / (slack + QUEUE_FACTOR * prefill_s + 1e-300)
    return np.where(np.isinf(slack), 1.0, usable)


def rates_together(bench: Bench) -> Rates:
    """Give what a layout serves when prefill and decode share the chips.

    Args:
        bench: what runs where.
    """
    load, layout = bench.load, bench.layout
    steps, prompt = DecodeSteps(bench), prefill_request(bench)

    def per_token(batch: Array) -> Array:
        return steps.shared(batch, prompt) / steps.gained

    batch, fits = _batch(bench, per_token)
    safe = np.maximum(batch, 1.0)
    output = np.asarray(load.output_tokens, dtype=np.float64)
    requests = layout.stages * layout.data * safe / per_token(safe) / output / layout.chips
    first = prompt.total
    requests = requests * working_share(bench)
    requests = requests * _load_within_first_token_limit(first, load.time_to_first_token_s)
    requests = reached_in_test(bench, requests * layout.chips, safe) / layout.chips
    return Rates(np.where((batch >= 1) & fits, requests, 0.0), safe, fits)


def rates_decode(bench: Bench) -> Rates:
    """Give what a layout decodes when prompts are prefilled elsewhere.

    Args:
        bench: what runs where.
    """
    layout, steps = bench.layout, DecodeSteps(bench)

    def per_token(batch: Array) -> Array:
        return steps.at(batch).total / steps.gained

    batch, fits = _batch(bench, per_token)
    safe = np.maximum(batch, 1.0)
    tokens = layout.stages * layout.data * safe / per_token(safe) / layout.chips * working_share(bench)
    requests = tokens / np.asarray(bench.load.output_tokens, dtype=np.float64)
    return Rates(np.where((batch >= 1) & fits, requests, 0.0), safe, fits)


def rates_prefill(bench: Bench) -> Rates:
    """Give what a layout prefills when the answers are decoded elsewhere.

    The cache leaves over the network beyond the scale-up links.

    Args:
        bench: what runs where.
    """
    layout, load = bench.layout, bench.load
    only_prompt = replace(bench, load=replace(load, output_tokens=1.0))
    in_memory = batch_by_memory(only_prompt)
    moved = cache_bytes(bench.model, bench.precision, load.input_tokens) * (
        1 - np.asarray(load.cached_fraction)
    )
    network = np.asarray(bench.chip.scale_out_gb_per_s, dtype=np.float64) * 1e9 * layout.tensor
    prefill = prefill_request(bench).total
    busy = np.maximum(prefill, moved / network)
    requests = layout.stages * layout.data / np.maximum(busy, 1e-12) / layout.chips * working_share(bench)
    requests = requests * _load_within_first_token_limit(prefill, load.time_to_first_token_s)
    fits = in_memory >= 1
    return Rates(np.where(fits, requests, 0.0), np.ones_like(in_memory), fits)


@dataclass(frozen=True, slots=True)
class Served:
    """The best way found for each point of the broadcast shape.

    Args:
        requests: requests each second and chip [1/s].
        layout: index into ``layouts``; −1 where nothing fits.
        batch: sequences on each rank of the decoding layout.
        apart: where prefill and decode run on different chips.
        prefill_layout: index of the prefilling layout where apart, else −1.
        fits: where some layout holds the model.
        layouts: the layouts compared.
    """

    requests: Array
    layout: Indices
    batch: Array
    apart: Flags
    prefill_layout: Indices
    fits: Flags
    layouts: tuple[Layout, ...]

    def at(self, place: int) -> Served:
        """Give what was found at one point of a row of points.

        Args:
            place: index of the point.
        """
        return Served(
            self.requests[place],
            self.layout[place],
            self.batch[place],
            self.apart[place],
            self.prefill_layout[place],
            self.fits[place],
            self.layouts,
        )


def search(
    model: ModelSpec,
    chip: ChipSpec,
    *,
    precision: Precision,
    load: Load,
    efficiency: Efficiency,
    chips: Number,
    way: Way = "together",
    layouts: tuple[Layout, ...] | None = None,
) -> Served:
    """Find the best layout and batch for every point.

    Args:
        model: the model; fields may be arrays.
        chip: the chip; fields may be arrays.
        load: requests and limits; fields may be arrays.
        efficiency: efficiency factors; fields may be arrays.
        chips: chips to use; may be an array.
        way: prefill and decode together, apart, or the better of both.
        layouts: the layouts to compare; by default all that can hold.
    """
    count = np.asarray(chips, dtype=np.float64)
    if layouts is None:
        experts = bool(np.any(np.asarray(model.expert_layers) > 0))
        layouts = candidate_layouts(int(count.max()), experts=experts)
    rate = arithmetic_rate(chip, precision)
    benches = tuple(
        Bench(model, chip, precision, rate, of_one_copy(load, layout.chips, count), efficiency, layout)
        for layout in layouts
    )
    best = Best.empty(benches[0], count)
    if way in {"together", "best"}:
        best.absorb(best_of(benches, count, rates_together))
    if way in {"apart", "best"}:
        best.absorb(best_apart(benches, count))
    return best.served(layouts)


def best_of(
    benches: tuple[Bench, ...],
    count: Array,
    rates: Callable[[Bench], Rates],
    *,
    allowed: tuple[Flags, ...] | None = None,
) -> Best:
    """Give the best layout at every point for one way of working.

    Args:
        benches: one bench for each layout.
        count: chips.
        allowed: for each layout the points where it may be chosen; everywhere by default.
    """
    best = Best.empty(benches[0], count)
    for index, bench in enumerate(benches):
        found = rates(bench)
        here = count >= bench.layout.chips
        if allowed is not None:
            here = here & allowed[index]
        whole = np.floor(count / bench.layout.chips) * bench.layout.chips / count
        best.take(
            np.where(here, found.requests * whole, 0.0),
            index=index,
            batch=found.batch,
            fits=found.fits & here,
        )
    return best


def best_apart(benches: tuple[Bench, ...], count: Array, *, allowed: tuple[Flags, ...] | None = None) -> Best:
    """Give the best pair of a prefilling and a decoding layout, their chips split so that both are busy.

    A request needs 1/p chip-seconds of prefill and 1/d of decode, so a chip serves 1 / (1/p + 1/d). Every
    decoding layout is paired with the fastest prefilling one among those that the remaining chips can hold.

    Args:
        benches: one bench for each layout.
        count: chips.
        allowed: for each layout the points where it may be chosen; everywhere by default.
    """
    best = Best.empty(benches[0], count)
    by_size = sorted(range(len(benches)), key=lambda index: benches[index].layout.chips)
    sizes = np.array([benches[index].layout.chips for index in by_size], dtype=np.float64)
    fastest, which = _fastest_up_to(benches, by_size, shape=best.requests.shape, allowed=allowed)
    for index, bench in enumerate(benches):
        found = rates_decode(bench)
        left = np.broadcast_to(count - bench.layout.chips, best.requests.shape)
        place = np.searchsorted(sizes, left, side="right") - 1
        prefill = np.where(
            place >= 0, np.take_along_axis(fastest, np.maximum(place, 0)[None], axis=0)[0], 0.0
        )
        here = prefill > 0 if allowed is None else (prefill > 0) & allowed[index]
        with np.errstate(divide="ignore"):
            requests = 1 / (1 / prefill + 1 / found.requests)
        before = best.requests
        best.take(np.where(here, requests, 0.0), index=index, batch=found.batch, fits=found.fits & here)
        chosen = np.take_along_axis(which, np.maximum(place, 0)[None], axis=0)[0]
        best.prefill_layout = np.where(best.requests > before, chosen, best.prefill_layout)
    best.apart = best.requests > 0
    return best


def _fastest_up_to(
    benches: tuple[Bench, ...],
    by_size: list[int],
    *,
    shape: tuple[int, ...],
    allowed: tuple[Flags, ...] | None,
) -> tuple[Array, Indices]:
    """Give by size, then point, the fastest prefill among layouts no larger, and which that is."""
    fastest, which = np.zeros((len(by_size), *shape)), np.full((len(by_size), *shape), -1)
    rate, chosen = np.zeros(shape), np.full(shape, -1)
    for place, index in enumerate(by_size):
        found = np.broadcast_to(rates_prefill(benches[index]).requests, shape)
        if allowed is not None:
            found = np.where(allowed[index], found, 0.0)
        rate, chosen = np.where(found > rate, found, rate), np.where(found > rate, index, chosen)
        fastest[place], which[place] = rate, chosen
    return fastest, which


class Best:
    """The best rate so far at every point; a scratch pad of :func:`search`."""

    __slots__ = ("apart", "batch", "fits", "layout", "prefill_layout", "requests")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.requests = np.zeros(shape)
        self.layout = np.full(shape, -1)
        self.prefill_layout = np.full(shape, -1)
        self.batch = np.zeros(shape)
        self.apart = np.zeros(shape, dtype=bool)
        self.fits = np.zeros(shape, dtype=bool)

    @classmethod
    def empty(cls, bench: Bench, count: Array) -> Best:
        """Start with nothing found, in the shape that the inputs broadcast to."""
        prefill, memory = prefill_request(bench).total, batch_by_memory(bench)
        limits = np.asarray(bench.load.time_per_token_s), np.asarray(bench.load.time_to_first_token_s)
        factors = [np.shape(getattr(bench.efficiency, name)) for name in Efficiency.__slots__]
        return cls(
            np.broadcast_shapes(
                prefill.shape,
                memory.shape,
                count.shape,
                limits[0].shape,
                limits[1].shape,
                np.shape(bench.load.running_max),
                np.shape(bench.load.test_requests),
                np.shape(bench.load.arrivals_per_s),
                np.shape(bench.load.offload_gb_per_s),
                tokens_per_step(bench.load).shape,
                *factors,
                decode_step(bench, 1.0).total.shape,
            )
        )

    def take(self, requests: Array, *, index: int, batch: Array, fits: Flags) -> None:
        """Keep a layout where it is better than what was found."""
        better = requests > self.requests
        self.requests = np.where(better, requests, self.requests)
        self.layout = np.where(better, index, self.layout)
        self.batch = np.where(better, batch, self.batch)
        self.fits = self.fits | np.broadcast_to(fits, self.fits.shape)

    def absorb(self, other: Best) -> None:
        """Keep what another search found where it is better."""
        better = other.requests > self.requests
        for name in ("requests", "layout", "prefill_layout", "batch", "apart"):
            setattr(self, name, np.where(better, getattr(other, name), getattr(self, name)))
        self.fits = self.fits | other.fits

    def served(self, layouts: tuple[Layout, ...]) -> Served:
        """Give the result."""
        return Served(
            self.requests, self.layout, self.batch, self.apart, self.prefill_layout, self.fits, layouts
        )
