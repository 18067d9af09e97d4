"""Sets of small numbers that find their next member in a few steps: trees of words of 32 bits.

Several sets of the same size lie one after the other in one array. Level 0 holds the members; a bit of each
higher level tells whether a word of the level below holds any.
"""

from __future__ import annotations

import numpy as np

from capexpand.replay.compiled import kernel

_POSITION = np.zeros(32, dtype=np.int64)
for _bit in range(32):
    _POSITION[((0x077CB531 << _bit) & 0xFFFFFFFF) >> 27] = _bit


def level_offsets(size: int) -> np.ndarray:
    """Return where each level of a set of numbers below ``size`` begins, and its length at the end.

    Args:
        size: one more than the largest number.
    """
    offsets = [0]
    words = max(1, -(-size // 32))
    while True:
        offsets.append(offsets[-1] + words)
        if words == 1:
            return np.array(offsets, dtype=np.int64)
        words = -(-words // 32)


@kernel
def lowest_bit(word: int) -> int:
    """Return the place of the lowest bit of a word that is not 0 (by a de Bruijn sequence)."""
    return _POSITION[(((word & -word) * 0x077CB531) & 0xFFFFFFFF) >> 27]


@kernel
def add(words: np.ndarray, start: int, offsets: np.ndarray, number: int) -> None:
    """Put a number into the set that begins at ``start``."""
    place = number
    for level in range(len(offsets) - 1):
        at = start + offsets[level] + (place >> 5)
        before = words[at]
        words[at] = before | (1 << (place & 31))
        if before != 0:
            return
        place >>= 5


@kernel
def discard(words: np.ndarray, start: int, offsets: np.ndarray, number: int) -> None:
    """Take a number out of the set that begins at ``start``."""
    place = number
    for level in range(len(offsets) - 1):
        at = start + offsets[level] + (place >> 5)
        words[at] &= ~(1 << (place & 31))
        if words[at] != 0:
            return
        place >>= 5


@kernel
def next_member(words: np.ndarray, start: int, offsets: np.ndarray, number: int) -> int:
    """Return the smallest member not below a number, or -1."""
    levels = len(offsets) - 1
    place = number
    level = 0
    while True:
        index = place >> 5
        if index >= offsets[level + 1] - offsets[level]:
            return -1
        rest = words[start + offsets[level] + index] >> (place & 31)
        if rest != 0:
            place += lowest_bit(rest)
            break
        level += 1
        if level == levels:
            return -1
        place = index + 1
    while level > 0:
        level -= 1
        place = (place << 5) + lowest_bit(words[start + offsets[level] + place])
    return place
