#!/usr/bin/env python
"""Fits the levels, exponents and times of training on published rates, and says how they do on unseen rows.

Usage: reproductions/fit_training.py

Rows are the packaged figures of kind ``training`` in tokens or operations a second and chip, and the
chip-hours of whole runs with the time they lost. Each model is left out in turn, then each source. The
numbers go into ``capexpand/hardware/training.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from scipy.optimize import least_squares

from capexpand.catalogue.throughput_facts import ThroughputFact, throughput_facts
from capexpand.hardware import training
from capexpand.hardware.chips import chip_named, model_register
from capexpand.hardware.validation import source_of
from explain_throughput import RUNS

START = np.log([0.40, 0.38, 0.95, 0.95, 0.1, 0.03, 60.0, 10.0, 5000.0])
SPREAD = np.array([0.2, 0.2, 0.1, 0.1, 1.0, 1.0, 0.7, 0.7, 1.0])
"""Where the numbers start, and how freely: levels in 16 and 8 bits, Blackwell and its second edition beside
Hopper, exponents of hidden size and fleet, picoseconds an element in a server and in a rack, elements of
routing."""

LOOSE = 0.1
"""Error of a row from which the loss grows linearly."""


@dataclass(frozen=True, slots=True)
class Run:
    """A published rate of training, and who published it."""

    model: str
    chip: str
    chips: int
    weights: str
    context: float
    counted_in_operations: bool
    published: float
    source: str

    def error(self) -> float:
        """Give the logarithm of computed over published with the numbers in force."""
        found = training.train(
            self.model, self.chip, chips=self.chips, tokens=1e12, weights=self.weights,
            context_tokens=self.context,
        )  # fmt: skip
        computed = found.tokens_per_chip_s
        if self.counted_in_operations:
            computed = found.model_flop_utilisation * float(np.max(chip_named(self.chip).fp16_tflops))
        return math.log(computed / self.published)

    @property
    def experts(self) -> bool:
        """Tell whether the model routes to experts."""
        return float(np.max(training.model_named(self.model).expert_layers)) > 0


def run_of(fact: ThroughputFact) -> Run | None:
    """Read a packaged row; None where it is no rate of a chip, or only the hours of a run over again."""
    if fact.kind != "training" or fact.chips is None or fact.unit not in {"tokens/s/GPU", "TFLOPS/GPU"}:
        return None
    if fact.metric == "derived: pre-training throughput":
        return None
    short = fact.model.partition(" (")[0].removesuffix(" pretraining")
    model = model_register().find(short) or ("DeepSeek V3" if "DeepSeek" in short else "Llama 3.1 405B")
    stated = fact.metric.rpartition("sequences of ")[2]
    context = float(stated) if stated.isdigit() else 4096.0 if "DeepSeek" in model else 8192.0
    weights = "fp8" if "FP8" in fact.precision else "bf16"
    counted = fact.unit == "TFLOPS/GPU"
    return Run(
        model,
        chip_named(fact.chip).name,
        int(fact.chips),
        weights,
        context,
        counted,
        fact.value,
        source_of(fact.source.title),
    )


def published_rates() -> list[Run]:
    """Give the packaged rates of training."""
    return [run for fact in throughput_facts() if (run := run_of(fact)) is not None]


def runs() -> list[Run]:
    """Give the packaged rates of training, and those behind the chip-hours of whole runs."""
    found = published_rates()
    hours = {(fact.model, fact.metric): fact for fact in throughput_facts() if fact.unit == "GPU-h"}
    for label, metric, model, chip, chips, tokens, weights in RUNS:
        whole = hours[label, metric]
        rate = tokens / whole.value / 3600 / training.GOODPUT
        context = 4096.0 if "DeepSeek" in model else 8192.0
        source = source_of(whole.source.title)
        found.append(Run(model, chip, chips, weights, context, False, rate, source))
    return found


def errors(theta: np.ndarray, rows: Sequence[Run]) -> np.ndarray:
    """Give the errors of rows with the numbers of a fit in force."""
    bf16, fp8, blackwell, ultra, hidden, fleet, server, rack, routing = np.exp(theta)
    with (
        patch.dict(training.LEVEL, {"bf16": bf16, "fp8": fp8}),
        patch.dict(training.FAMILY, {"blackwell": blackwell, "blackwell_ultra": ultra}),
        patch.dict(training.EXCHANGE_PS, {"server": server, "rack": rack}),
        patch.multiple(training, HIDDEN_EXPONENT=hidden, FLEET_EXPONENT=fleet, ROUTING_ELEMENTS=routing),
    ):
        return np.array([row.error() for row in rows])


def fit(rows: Sequence[Run]) -> np.ndarray:
    """Fit the numbers: least squares on logarithms, robust to outliers, held near where they start."""

    def residuals(theta: np.ndarray) -> np.ndarray:
        scaled = errors(theta, rows) / LOOSE
        bent = np.sign(scaled) * np.sqrt(2 * (np.sqrt(1 + scaled**2) - 1))
        return np.concatenate([bent, (theta - START) / SPREAD])

    return least_squares(residuals, START, method="lm").x


def say(name: str, found: np.ndarray, rows: Sequence[Run]) -> None:
    """Print the errors of dense models and of those with experts."""
    for kind, experts in (("dense", False), ("experts", True)):
        share = np.abs(np.expm1(found[[row.experts == experts for row in rows]]))
        print(
            f"{name:18s} {kind:8s} {share.size:3d} rows: median |error| {np.median(share):.1%}, "
            f"nine in ten below {np.quantile(share, 0.9):.1%}"
        )


def without_each(rows: Sequence[Run], labels: Sequence[str]) -> np.ndarray:
    """Give the errors of the rows of each label by a fit on all others."""
    apart = np.zeros(len(rows))
    for label in sorted(set(labels)):
        here = np.array([its == label for its in labels])
        seen = fit([row for row, left_out in zip(rows, here, strict=True) if not left_out])
        apart[here] = errors(seen, [row for row, left_out in zip(rows, here, strict=True) if left_out])
    return apart


def main() -> None:
    """Run the fits."""
    rows = runs()
    found = fit(rows)
    print("fitted:", " ".join(f"{value:.3g}" for value in np.exp(found)))
    say("rows in the fit", errors(found, rows), rows)
    say("models left out", without_each(rows, [row.model for row in rows]), rows)
    say("sources left out", without_each(rows, [row.source for row in rows]), rows)


if __name__ == "__main__":
    main()
