#!/usr/bin/env python
"""Fit the efficiency factors on published measurements, and say how well they do on what was kept back.

Usage: python scripts/fit_throughput.py FILE [--write] [--folds N]
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from capexpand.hardware.efficiency import FIELDS, SHARES, Factors, Point, keys_for
from capexpand.hardware.measurements import Measurement, Unusable, parse_row
from capexpand.hardware.prediction import log_errors, predict, predict_with, stack
from capexpand.hardware.roofline import Efficiency

START = {
    "compute": math.log(0.6),
    "expert_compute": math.log(0.7),
    "memory": math.log(0.75),
    "cache_memory": math.log(0.6),
    "attention": math.log(0.4),
    "links": math.log(0.6),
    "layer_s": math.log(4e-5),
    "token_s": math.log(1e-5),
    "prompt_token_s": math.log(5e-7),
}
FREE = {
    "compute": 0.4,
    "expert_compute": 0.4,
    "memory": 0.15,
    "cache_memory": 0.3,
    "attention": 0.4,
    "links": 0.3,
    "layer_s": 0.7,
    "token_s": 1.0,
    "prompt_token_s": 1.0,
}
"""How far a level may lie from where it starts, as a standard deviation of its logarithm."""

NOISE = 0.15


def prior(key: str) -> tuple[float, float]:
    """Give a key's starting value and its standard deviation."""
    if key in START:
        return START[key], FREE[key]
    if key == "compute^power":
        return 0.3, 0.3
    if key.startswith("rate#"):
        return 0.0, 0.4 if "~" in key or "community" in key else 0.25
    if key.startswith("expert_compute#"):
        return 0.0, 0.8 if "community" in key else 0.2
    if key.startswith("compute@@"):
        return 0.0, 0.25 if key.endswith(("@hopper", "@blackwell", "@cdna3")) else 0.5
    if key == "links~experts":
        return 0.0, 0.7
    if "#" in key:
        return 0.0, 1.0 if "community" in key else 0.4
    if "~" in key:
        return 0.0, 0.5
    if "@@" in key:
        return 0.0, 0.25
    if "/" in key:
        return 0.0, 0.2
    return 0.0, 0.3


def memberships(points: Sequence[Point]) -> tuple[list[str], dict[str, np.ndarray]]:
    """Say which keys add up to which field of which point.

    Returns:
        The keys, and for each field and ``rate`` weights of shape (points, keys).
    """
    fields = (*FIELDS, "rate")
    keys = sorted({key for point in points for field in fields for key in keys_for(field, point)})
    place = {key: index for index, key in enumerate(keys)}
    weights = {field: np.zeros((len(points), len(keys))) for field in fields}
    for row, point in enumerate(points):
        for field in fields:
            for key in keys_for(field, point):
                weights[field][row, place[key]] += point.power if key.endswith("^power") else 1.0
    return keys, weights


class Problem:
    """Residuals and their derivatives for the solver: points depend on the keys through ten fields only."""

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        self.stacked = stack(measurements)
        self.keys, self.weights = memberships(self.stacked.points)
        self.centre = np.array([prior(key)[0] for key in self.keys])
        self.spread = np.array([prior(key)[1] for key in self.keys])
        self.measured = np.log([m.tokens_per_chip_s for m in measurements])

    def log_fields(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """Give the logarithm of every field at every point."""
        logs = self.centre + theta * self.spread
        return {field: weights @ logs for field, weights in self.weights.items()}

    def errors(self, fields: dict[str, np.ndarray]) -> np.ndarray:
        """Give log(predicted / measured), bounded where nothing fits."""
        values = {
            name: np.exp(np.minimum(fields[name], 0.0 if name in SHARES else np.inf)) for name in FIELDS
        }
        predicted = predict_with(self.stacked, Efficiency(**values))
        with np.errstate(divide="ignore"):
            logs = np.where(predicted > 0, np.log(np.maximum(predicted, 1e-300)), -np.inf)
        return np.clip(logs + fields["rate"] - self.measured, -3, 3)

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """Give pseudo-Huber residuals of the errors, and the distances from the priors."""
        return np.concatenate([bent(self.errors(self.log_fields(theta)) / NOISE), theta])

    def jacobian(self, theta: np.ndarray) -> np.ndarray:
        """Give the derivatives: ten differences, spread over the keys."""
        fields = self.log_fields(theta)
        start = self.errors(fields)
        slope = np.zeros((start.size, theta.size))
        for field, weights in self.weights.items():
            moved = self.errors({**fields, field: fields[field] + 1e-4})
            slope += ((moved - start) / 1e-4)[:, None] * weights * self.spread
        return np.vstack([slope / NOISE * bent_slope(start / NOISE)[:, None], np.eye(theta.size)])


def bent(error: np.ndarray) -> np.ndarray:
    """Bend large errors, so that an outlier pulls like its size and not like its square."""
    return np.sign(error) * np.sqrt(2 * (np.sqrt(1 + error**2) - 1))


def bent_slope(error: np.ndarray) -> np.ndarray:
    """Give the derivative of :func:`bent`."""
    root = np.sqrt(1 + error**2)
    return np.where(
        np.abs(error) < 1e-6, 1.0, np.abs(error) / root / np.sqrt(np.maximum(2 * (root - 1), 1e-30))
    )


def fit(measurements: Sequence[Measurement], *, steps: int = 40) -> Factors:
    """Fit the factors: least squares on logarithms, robust to outliers, held near the priors."""
    problem = Problem(measurements)
    found = least_squares(
        problem.residuals, np.zeros(len(problem.keys)), jac=problem.jacobian, method="trf", max_nfev=steps
    )
    logs = problem.centre + found.x * problem.spread
    return Factors(tuple((key, float(value)) for key, value in zip(problem.keys, logs, strict=True)))


def summary(errors: np.ndarray) -> str:
    """Say the median and the 90th percentile of the absolute errors, and the share within 1.5 times."""
    share = np.abs(np.expm1(errors))
    return (
        f"n={errors.size} median |error| {np.median(share):.1%}, p90 {np.quantile(share, 0.9):.1%}, "
        f"within 1.5x {np.mean(np.abs(errors) <= math.log(1.5)):.1%}, bias {np.median(errors):+.3f}"
    )


def folds_of(measurements: Sequence[Measurement], count: int) -> np.ndarray:
    """Deal rows to folds by a fixed shuffle."""
    order = np.random.default_rng(20261120).permutation(len(measurements))
    return order % count


def main() -> None:
    """Run the fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    with args.file.open(newline="", encoding="utf-8") as handle:
        parsed = [parse_row(cells, row) for row, cells in enumerate(csv.DictReader(handle), 1)]
    rows = [item for item in parsed if not isinstance(item, Unusable)]
    factors = fit(rows, steps=args.steps)
    errors = log_errors(rows, predict(stack(rows), factors))
    print("fitted on all:", summary(errors))
    if args.show:
        for key, value in factors.logs:
            print(f"   {key:32s} {value:+.3f}  exp {math.exp(value):.3g}")
        for m, error in zip(rows, errors, strict=True):
            print(
                f"{m.row:4d} {m.suite:10s} {m.model:16s} {m.chip:14s} {m.chips:4d} {m.weights} {m.phase:8s} "
                f"{m.input_tokens:6.0f}/{m.output_tokens:6.0f} tpot {m.time_per_token_s:.3f} {m.tokens_per_chip_s:9.1f} {math.expm1(error):+.2f}"
            )
    by_fold: list[Factors] = []
    if args.folds:
        fold, held = folds_of(rows, args.folds), np.zeros(len(rows))
        for index in range(args.folds):
            train = [m for m, f in zip(rows, fold, strict=True) if f != index]
            test = [m for m, f in zip(rows, fold, strict=True) if f == index]
            by_fold.append(fit(train, steps=args.steps))
            held[fold == index] = log_errors(test, predict(stack(test), by_fold[-1]))
        print("held out:", summary(held))
        if args.show:
            for m, error in zip(rows, held, strict=True):
                if abs(error) > 0.3:
                    print(
                        f"  HELD {m.row:4d} {m.suite} {m.model} {m.chip} {m.chips} {m.phase} {m.input_tokens:.0f}/{m.output_tokens:.0f} {math.expm1(error):+.2f}"
                    )
    if args.write:
        content = {"logs": rounded(factors), "folds": [rounded(one) for one in by_fold]}
        args.write.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def rounded(factors: Factors) -> dict[str, float]:
    """Give the logarithms to four places, without those that do nothing."""
    return {key: round(value, 4) for key, value in factors.logs if abs(value) >= 5e-5}


if __name__ == "__main__":
    main()
