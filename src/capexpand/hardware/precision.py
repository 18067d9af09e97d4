"""Number formats: bytes in memory, and how fast a chip computes with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.hardware.specs import Array, ChipSpec, Number

Format: TypeAlias = Literal["bf16", "fp8", "int8", "fp4", "int4"]

WEIGHT_BYTES: dict[str, float] = {"bf16": 2.0, "fp8": 1.0, "int8": 1.0, "fp4": 0.5625, "int4": 0.5625}
"""Bytes of a weight with its share of the scales (a 4-bit block of 16 carries one 8-bit scale)."""

CACHE_BYTES: dict[str, float] = {"bf16": 2.0, "fp8": 1.0, "int8": 1.0, "fp4": 1.0, "int4": 2.0}
"""Bytes of a cache element that deployments pair with a weight format, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Precision:
    """Formats of weights, cache and arithmetic.

    Args:
        weights: format of the weights in memory.
        weight_bytes: bytes of one weight, with its share of the scales.
        cache_bytes: bytes of one element of the key-value cache.
    """

    weights: Format
    weight_bytes: Number
    cache_bytes: Number


def precision_named(weights: str, *, cache: str | None = None) -> Precision:
    """Give the precision for a weight format, with the cache format usual beside it.

    Args:
        weights: ``bf16``, ``fp8``, ``int8``, ``fp4`` or ``int4``.
        cache: format of the cache where it differs from the usual one.

    Raises:
        CaseError: for an unknown format.
    """
    unknown = [name for name in (weights, cache) if name is not None and name not in WEIGHT_BYTES]
    if unknown:
        known = ", ".join(WEIGHT_BYTES)
        raise CaseError([Problem(f"unknown number format {name!r}; known are {known}") for name in unknown])
    # a cache's element takes what a weight of its format takes, its share of the scales included
    stored = CACHE_BYTES[weights] if cache is None else WEIGHT_BYTES[cache]
    return Precision(weights, WEIGHT_BYTES[weights], stored)  # pyrefly: ignore[bad-argument-type]


def default_precision(chip: ChipSpec) -> Precision:
    """Give the narrowest format that the chip computes with at speed, as deployments choose it."""
    if float(np.max(chip.fp4_tflops)) > 0:
        return precision_named("fp4")
    if float(np.max(chip.fp8_tflops)) > 0:
        return precision_named("fp8")
    return precision_named("int8" if chip.family == "ascend" else "bf16")


def arithmetic_rate(chip: ChipSpec, precision: Precision) -> Array:
    """Give the rate at which weights of this format are multiplied [operations/s].

    A format that the chip lacks is widened to the next that it has: 4 bits to 8, 8 bits to 16.

    Args:
        chip: the chip; fields may be arrays.
    """
    fp16, fp8, int8, fp4 = (
        np.asarray(value, dtype=np.float64)
        for value in (chip.fp16_tflops, chip.fp8_tflops, chip.int8_tops, chip.fp4_tflops)
    )
    eight = np.maximum(fp8, fp16)
    if precision.weights == "bf16":
        return fp16 * 1e12
    if precision.weights == "int4":  # weight-only formats are widened to 16 bits before they are multiplied
        return fp16 * 1e12
    if precision.weights == "int8":
        return np.maximum(int8, eight) * 1e12
    if precision.weights == "fp8":
        return eight * 1e12
    return np.maximum(fp4, eight) * 1e12


def attention_rate(chip: ChipSpec) -> Array:
    """Give the rate of attention's own products, which deployments keep at 16 bits [operations/s].

    Args:
        chip: the chip; fields may be arrays.
    """
    return np.asarray(chip.fp16_tflops, dtype=np.float64) * 1e12
