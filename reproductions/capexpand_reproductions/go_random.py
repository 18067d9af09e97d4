"""The additive lagged Fibonacci generator that Go's ``math/rand`` used up to Go 1.19, by its recurrence.

The authors of the FGD paper shuffle arrivals and nodes with it. Drawing the same numbers turns a comparison
of averages into one of single experiments. Nothing is copied from a table: the generator's start is the state
of

    y(n) = y(n - 607) + y(n - 273)   (mod 2^64)

after 7.8e12 steps from a linear congruential seed, which is reached here by raising x to that power modulo
the characteristic polynomial x^607 - x^334 - 1.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from functools import lru_cache
from typing import TypeVar

import numpy as np

LENGTH = 607
TAP = 273
WARM_UP_STEPS = 7_800_000_000_000
_MODULUS = (1 << 31) - 1
_MASK_63 = (1 << 63) - 1
_ZERO_SEED = 89_482_311

Item = TypeVar("Item")


def _next_seed(x: int) -> int:
    """Advance the Lehmer generator x -> 48271 x mod (2^31 - 1)."""
    return 48_271 * x % _MODULUS


def _seed_words(seed: int, *, shift: int) -> list[int]:
    """Fill the 607 words, each from three Lehmer numbers, after 20 that are thrown away."""
    x = seed
    for _ in range(20):
        x = _next_seed(x)
    words = []
    for _ in range(LENGTH):
        first = x = _next_seed(x)
        second = x = _next_seed(x)
        third = x = _next_seed(x)
        words.append((first << 2 * shift) ^ (second << shift) ^ third)
    return words


def _reduce(product: np.ndarray) -> np.ndarray:
    """Reduce a polynomial modulo x^607 - x^334 - 1; highest powers first, since they fold onto lower ones."""
    for power in range(len(product) - 1, LENGTH - 1, -1):
        top = product[power]
        product[power - TAP] += top
        product[power - LENGTH] += top
    return product[:LENGTH].copy()


def _multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    product = np.zeros(2 * LENGTH - 1, dtype=np.uint64)
    for power in range(LENGTH):
        product[power : power + LENGTH] += left[power] * right
    return _reduce(product)


@lru_cache(maxsize=1)
def warmed_up_state() -> tuple[int, ...]:
    """Compute the 607 words that the generator has after its warm-up, at the places where Go keeps them.

    Returns:
        607 unsigned 64-bit words.
    """
    words = _seed_words(1, shift=10)
    # the word at place i is the one that is overwritten at step (333 - i) mod 607
    history = np.array([words[(LENGTH - TAP - 1 - n) % LENGTH] for n in range(LENGTH)], dtype=np.uint64)
    with np.errstate(over="ignore"):
        power = np.zeros(LENGTH, dtype=np.uint64)
        power[0] = 1
        for bit in bin(WARM_UP_STEPS)[2:]:
            power = _multiply(power, power)
            if bit == "1":
                power = _reduce(np.concatenate(([np.uint64(0)], power)))
        state = [0] * LENGTH
        for n in range(LENGTH):
            place = (LENGTH - TAP - 1 - (WARM_UP_STEPS - LENGTH + n)) % LENGTH
            state[place] = int((power * history).sum(dtype=np.uint64))
            power = _reduce(np.concatenate(([np.uint64(0)], power)))
    return tuple(state)


class GoRandom:
    """A seeded stream of Go's ``math/rand``.

    Args:
        seed: as given to ``rand.Seed``.
    """

    def __init__(self, seed: int) -> None:
        start = seed % _MODULUS or _ZERO_SEED
        words = _seed_words(start, shift=20)
        self._state = [(a ^ b) & ((1 << 64) - 1) for a, b in zip(words, warmed_up_state(), strict=True)]
        self._tap = 0
        self._feed = LENGTH - TAP

    def int63(self) -> int:
        """Draw a 63-bit number."""
        self._tap = (self._tap - 1) % LENGTH
        self._feed = (self._feed - 1) % LENGTH
        value = (self._state[self._feed] + self._state[self._tap]) & ((1 << 64) - 1)
        self._state[self._feed] = value
        return value & _MASK_63

    def below(self, limit: int) -> int:
        """Draw a number in [0, limit), as ``rand.Intn`` does for limits under 2^31.

        Args:
            limit: above 0.
        """
        if limit & (limit - 1) == 0:
            return (self.int63() >> 32) & (limit - 1)
        largest = (1 << 31) - 1 - (1 << 31) % limit
        value = self.int63() >> 32
        while value > largest:
            value = self.int63() >> 32
        return value % limit

    def permutation(self, count: int) -> list[int]:
        """Draw a permutation of ``range(count)``, as ``rand.Perm`` does.

        Args:
            count: how many numbers.
        """
        result = [0] * count
        for i in range(count):
            j = self.below(i + 1)
            result[i] = result[j]
            result[j] = i
        return result

    def shuffle(self, items: MutableSequence[Item]) -> None:
        """Shuffle in place, as ``rand.Shuffle`` does (multiplication in place of the remainder).

        Args:
            items: what to shuffle.
        """
        for i in range(len(items) - 1, 0, -1):
            j = self._multiply_shift(i + 1)
            items[i], items[j] = items[j], items[i]

    def _multiply_shift(self, limit: int) -> int:
        product = (self.int63() >> 31) * limit
        low = product & 0xFFFFFFFF
        if low < limit:
            threshold = (1 << 32) % limit
            while low < threshold:
                product = (self.int63() >> 31) * limit
                low = product & 0xFFFFFFFF
        return product >> 32
