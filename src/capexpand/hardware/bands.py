"""How far an answer may be off: bands from errors on sources that the fit did not see."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from capexpand.hardware.specs import Array

COVERED = 0.8
"""Share of answers that a band should hold."""

_LEAST_ROWS = 12
"""Rows that a kind needs for a band of its own; with fewer it shares that of all kinds."""

UNSEEN_WIDENING = 1.6
"""How much wider the band of a chip without measurements is, as a power of the factor. An assumption: no
generation was left out of the fit to measure it."""


@dataclass(frozen=True, slots=True)
class Band:
    """Factors on an answer between which the truth lies in 80 of 100 cases.

    Args:
        low: factor at the lower end.
        high: factor at the upper end.
    """

    low: float
    high: float


def band_kind(*, experts: bool, one_phase: bool, installed: bool) -> str:
    """Name a kind of answer that has a band of its own.

    Args:
        experts: whether the model routes to experts.
        one_phase: whether only prefill or only decode is asked for.
        installed: whether the software is a public engine rather than tuned.
    """
    words = ["experts" if experts else "dense", "installed" if installed else "tuned"]
    return " ".join(words + ["one phase"] * one_phase)


def band_from(errors: Array, weights: Array) -> Band:
    """Give the band of a kind from its logarithmic errors, computed over measured.

    Args:
        errors: logarithms of computed over measured.
        weights: how much each counts.
    """
    order = np.argsort(-errors)
    ratios, share = -errors[order], weights[order] / weights.sum()
    below = np.cumsum(share) - share / 2
    tail = (1 - COVERED) / 2
    low, high = np.interp([tail, 1 - tail], below, ratios)
    return Band(math.exp(min(float(low), -0.02)), math.exp(max(float(high), 0.02)))


def band_of(kind: str, *, seen: bool, without: str = "") -> Band:
    """Give the band of an answer.

    Rows of one source err together, so that a source counts like the root of its rows.

    Args:
        kind: see :func:`band_kind`.
        seen: whether the chip, or one of its generation, is among the measurements.
        without: a source whose errors are left out, so that the band can be judged on it.
    """
    errors = [one for one in _residuals() if one[1] != without]
    theirs = [one for one in errors if one[0] == kind]
    used = theirs if len(theirs) >= _LEAST_ROWS else errors
    if not used:
        return Band(1.0, 1.0)
    counts = Counter(source for _, source, _ in used)
    weights = np.array([counts[source] ** -0.5 for _, source, _ in used])
    found = band_from(np.array([error for _, _, error in used]), weights)
    power = 1.0 if seen else UNSEEN_WIDENING
    return Band(found.low**power, found.high**power)


@cache
def measured_families() -> frozenset[str]:
    """Give the generations of chips that the fit saw measurements of."""
    text = files("capexpand.hardware").joinpath("efficiency.json").read_text(encoding="utf-8")
    return frozenset(json.loads(text).get("families", ()))


@cache
def _residuals() -> tuple[tuple[str, str, float], ...]:
    """Read kind, source and error of the packaged measurements."""
    text = files("capexpand.hardware").joinpath("efficiency.json").read_text(encoding="utf-8")
    return tuple(
        (str(kind), str(source), float(error))
        for kind, source, error in json.loads(text).get("residuals", ())
    )
