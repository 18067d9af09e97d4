"""The prefix cache of a replica, by last use."""

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
