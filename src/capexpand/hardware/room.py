"""How many sequences a rank runs at once: what memory beside the weights holds, and the scheduler."""

from __future__ import annotations

import numpy as np

from capexpand.hardware.roofline import Bench, cache_bytes, mean_context, weight_bytes_per_chip
from capexpand.hardware.specs import Array

USABLE_MEMORY = 0.97
"""Share of the memory that weights and cache may fill; the rest is held back:
Drivers and communication buffers take about 2 GB of 80."""

BINARY_GB = 1.024**3
"""Memory chips come in powers of two: 80 GB on a data sheet are 80 · 2³⁰ bytes on the device."""

_MOST_WORKSPACE = 1 / 3
"""Share of the memory beside the weights that workspace takes at most: where memory is short, engines are set
up with smaller chunks and fewer graphs."""


def batch_by_memory(bench: Bench) -> Array:
    """Give the sequences that fit beside the weights on each rank; below 1 where the model does not fit.

    Engines give out cache page by page, and running answers are of all ages: all but one hold their mean
    length, and one must have room for its whole length.

    Args:
        bench: what runs where.
    """
    usable = np.asarray(bench.chip.memory_gb, dtype=np.float64) * 1e9 * BINARY_GB * USABLE_MEMORY
    eff = bench.efficiency
    beside = usable - weight_bytes_per_chip(bench.model, bench.precision, bench.layout)
    workspace = np.minimum(
        np.asarray(eff.workspace_gb, dtype=np.float64) * 1e9, np.maximum(beside, 0.0) * _MOST_WORKSPACE
    )
    free = (beside - workspace) * eff.fill
    split = np.minimum(bench.layout.tensor, bench.model.cache_shards)
    whole = bench.load.input_tokens + np.asarray(bench.load.output_tokens, dtype=np.float64)
    one = np.maximum(cache_bytes(bench.model, bench.precision, whole) / split, 1.0)
    mean = np.maximum(cache_bytes(bench.model, bench.precision, mean_context(bench.load)) / split, 1.0)
    return np.where(free >= one, 1 + (free - one) / mean, free / one)


def batch_by_scheduler(bench: Bench) -> Array:
    """Give the sequences that the scheduler runs on a rank at once; pipeline stages share them out.

    Args:
        bench: what runs where.
    """
    return np.asarray(bench.efficiency.batch_max, dtype=np.float64) / bench.layout.stages
