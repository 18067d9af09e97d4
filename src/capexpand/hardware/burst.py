"""A test of so many requests, all sent at once or at a steady rate: what it reaches of the steady state.

Benchmarks send a fixed number of requests and divide the tokens by the time until the last answer ends.
Two things are lost beside an endless stream of requests:

* at the end the batch runs empty. While the last answers end, each step still reads the weights. Of *m*
  answers in the batch whose lengths vary by *v* (standard deviation over mean), the last takes about
  *v* · (ln *m* − 0.42) means longer than the mean one: the largest of *m* draws from a distribution with an
  exponential tail (Gumbel);
* where requests arrive at a rate, no more can be served than arrive.

A stream without end loses nothing: both parts vanish as the number of requests grows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.hardware.roofline import Bench, decode_step, tokens_per_step
from capexpand.hardware.specs import Array, Load, Number

_GUMBEL = 0.42
"""1 less Euler's constant: the largest of n draws from an exponential distribution is about ln n + 0.58 of
its mean, which is its standard deviation, so it lies ln n − 0.42 standard deviations above the mean."""

_STAGGERED = 0.5
"""Slots that are given new requests one by one are, at the end, on average half through their last one."""


def of_one_copy(load: Load, chips_of_copy: Number, chips: Number) -> Load:
    """Give the share of a system's requests that reaches one of its copies of the model.

    Args:
        load: the load of the whole system.
    """
    shared = ("running_max", "test_requests", "arrivals_per_s")
    if all(np.isinf(getattr(load, name)).all() for name in shared):
        return load
    share = np.minimum(np.asarray(chips_of_copy, dtype=np.float64) / chips, 1.0)
    return replace(
        load, **{name: np.asarray(getattr(load, name), dtype=np.float64) * share for name in shared}
    )


def idle_share(load: Load, *, slots: Array) -> Array:
    """Give the steps that a batch spends running empty at the end of a test, over an answer's steps.

    Args:
        load: number of requests and variation of the answers.
        slots: sequences that run at once.
    """
    count, variation = np.asarray(load.test_requests, dtype=np.float64), np.asarray(load.output_variation)
    last = variation * np.maximum(np.log(np.maximum(np.minimum(count, slots), 1.0)) - _GUMBEL, 0.0)
    waves = np.clip(count / slots - 1, 0.0, 1.0)
    return np.asarray(last + _STAGGERED * np.maximum(1 - variation, 0.0) * waves, dtype=np.float64)


def reached_in_test(bench: Bench, requests_per_s: Array, batch: Array) -> Array:
    """Give the requests each second of one copy that a test of finitely many requests reaches.

    Args:
        bench: what runs where, with a copy's share of the requests.
        requests_per_s: what the copy serves of a stream without end [1/s].
        batch: sequences on each rank.
    """
    load, layout = bench.load, bench.layout
    count = np.asarray(load.test_requests, dtype=np.float64)
    arrivals = np.asarray(load.arrivals_per_s, dtype=np.float64)
    if np.isinf(count).all() and np.isinf(arrivals).all():
        return requests_per_s
    finite = np.where(np.isinf(count), 1.0, count)
    steps = np.asarray(load.output_tokens, dtype=np.float64) / tokens_per_step(load)
    # the batch falls from full to one sequence; half of the way on a logarithmic scale lies at its root
    emptying = decode_step(bench, np.sqrt(batch)).total
    idle = idle_share(load, slots=layout.stages * layout.data * batch)
    with np.errstate(divide="ignore"):
        seconds = finite / requests_per_s + steps * idle * emptying
        seconds = np.maximum(seconds, finite / arrivals + steps * emptying)
    return np.where(np.isinf(count), np.minimum(requests_per_s, arrivals), finite / seconds)
