"""The compiled heap of ends: the earliest on top, of equal ones the one with the lowest number.

Two arrays hold it: the key and the number of each entry. An entry whose key differs from ``finish`` of its
number is stale: of a job or request that was preempted since.
"""

from __future__ import annotations

import numpy as np

from capexpand.replay.compiled import kernel


@kernel
def _sift_up(keys: np.ndarray, numbers: np.ndarray, place: int, key: float, number: int) -> None:
    """Put an entry at a place or above it; the key is a number of the kind that the array holds."""
    while place > 0:
        parent = (place - 1) >> 1
        if keys[parent] < key or (keys[parent] == key and numbers[parent] < number):
            break
        keys[place] = keys[parent]
        numbers[place] = numbers[parent]
        place = parent
    keys[place] = key
    numbers[place] = number


@kernel
def push(
    keys: np.ndarray, numbers: np.ndarray, size: int, key: float, number: int, finish: np.ndarray
) -> int:
    """Add an end to a heap of ``size``, and return how many it holds then; stale entries make room for it."""
    if size == len(keys):
        kept = 0
        for i in range(size):
            other = numbers[i]
            if finish[other] == keys[i] and other != number:
                _sift_up(keys, numbers, kept, keys[i], other)
                kept += 1
        size = kept
    _sift_up(keys, numbers, size, key, number)
    return size + 1


@kernel
def pop(keys: np.ndarray, numbers: np.ndarray, size: int) -> int:
    """Remove the top of a heap of ``size``, and return how many are left."""
    last = size - 1
    moved_key = keys[last]
    moved = numbers[last]
    # let the hole sink to the bottom without asking whether it may stop, and lift the last entry into it:
    # that entry came from the bottom and mostly stays there
    hole = 0
    child = 1
    while child < last:
        right = min(child + 1, last)
        later = keys[child]
        other = keys[right]
        # a sum of truth values needs no jump that the processor would have to guess
        child += int(other < later) + int(other == later and numbers[right] < numbers[child])
        keys[hole] = keys[child]
        numbers[hole] = numbers[child]
        hole = child
        child = 2 * hole + 1
    _sift_up(keys, numbers, hole, moved_key, moved)
    return last


@kernel
def drop_stale(keys: np.ndarray, numbers: np.ndarray, size: int, finish: np.ndarray) -> int:
    """Remove stale entries from the top of a heap, and return how many entries are left."""
    while size > 0 and finish[numbers[0]] != keys[0]:
        size = pop(keys, numbers, size)
    return size
