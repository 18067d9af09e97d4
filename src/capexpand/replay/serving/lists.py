"""The small data structures of the serving loop: a heap of ends, the prefix cache by last use."""

from __future__ import annotations

import numpy as np

from capexpand.replay.compiled import inline_kernel, kernel
from capexpand.replay.serving.state import (
    CACHE_NEWEST,
    CACHE_OLDEST,
    CACHE_SIZE,
    NONE,
)

ABSENT = -2


@inline_kernel
def push_end(step: np.ndarray, request: np.ndarray, size: int, new_step: int, new_request: int) -> None:
    """Add an entry to a binary heap with the earliest step on top."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if step[parent] <= new_step:
            break
        step[child] = step[parent]
        request[child] = request[parent]
        child = parent
    step[child] = new_step
    request[child] = new_request


@inline_kernel
def pop_end(step: np.ndarray, request: np.ndarray, size: int) -> None:
    """Remove the top of a heap of ``size`` entries."""
    last = size - 1
    moved_step = step[last]
    moved_request = request[last]
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        if child + 1 < last and step[child + 1] < step[child]:
            child += 1
        if step[child] >= moved_step:
            break
        step[parent] = step[child]
        request[parent] = request[child]
        parent = child
    step[parent] = moved_step
    request[parent] = moved_request


@kernel
def drop_stale(step: np.ndarray, request: np.ndarray, size: int, finish_step: np.ndarray) -> int:
    """Rebuild a heap without the entries of requests that were preempted since, and return its size."""
    kept = 0
    for i in range(size):
        entry_step = step[i]
        entry_request = request[i]
        if finish_step[entry_request] == entry_step:
            push_end(step, request, kept, entry_step, entry_request)
            kept += 1
    return kept


@inline_kernel
def match_prefix(newer: np.ndarray, blocks: np.ndarray, first: int, last: int) -> int:
    """Return how many blocks from the start of a prompt are in the cache."""
    count = 0
    for place in range(first, last):
        if newer[blocks[place]] == ABSENT:
            break
        count += 1
    return count


@kernel
def _unlink(numbers: np.ndarray, newer: np.ndarray, older: np.ndarray, block: int) -> None:
    up = newer[block]
    down = older[block]
    if up == NONE:
        numbers[CACHE_NEWEST] = down
    else:
        older[up] = down
    if down == NONE:
        numbers[CACHE_OLDEST] = up
    else:
        newer[down] = up


@kernel
def remember_prefix(
    numbers: np.ndarray,
    newer: np.ndarray,
    older: np.ndarray,
    blocks: np.ndarray,
    first: int,
    last: int,
    capacity: int,
) -> None:
    """Put the blocks of a prompt into the cache as the most recently used, its first block the newest.

    The end of a prompt is of no use without its beginning, so the beginning leaves last.
    """
    for place in range(last - 1, first - 1, -1):
        block = blocks[place]
        if newer[block] == ABSENT:
            numbers[CACHE_SIZE] += 1
        else:
            _unlink(numbers, newer, older, block)
        newest = numbers[CACHE_NEWEST]
        newer[block] = NONE
        older[block] = newest
        if newest == NONE:
            numbers[CACHE_OLDEST] = block
        else:
            newer[newest] = block
        numbers[CACHE_NEWEST] = block
        if numbers[CACHE_SIZE] > capacity:
            oldest = numbers[CACHE_OLDEST]
            _unlink(numbers, newer, older, oldest)
            newer[oldest] = ABSENT
            numbers[CACHE_SIZE] -= 1
