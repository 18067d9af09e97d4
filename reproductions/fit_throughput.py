#!/usr/bin/env python
"""Fits the efficiency factors on the packaged measurements, and says how they do on rows they did not see.

Usage: reproductions/fit_throughput.py [--write] [--fresh] [--show] [--ablate]

Further fits leave out a quarter of the rows each, and each source with all its rows; they predict the rows
that they did not see. ``--write`` replaces the factors in the package by the new ones, all fits.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from scipy.optimize import least_squares

from capexpand.catalogue.throughput_facts import throughput_facts
from capexpand.hardware import efficiency, roofline
from capexpand.hardware.chips import chip_named
from capexpand.hardware.efficiency import (
    FIELDS,
    SHARES,
    EvaluationPoint,
    Factors,
    fitted_factors,
    keys_for,
    weight_of,
)
from capexpand.hardware.measurements import Measurement
from capexpand.hardware.prediction import (
    Stack,
    predict,
    predict_with,
    repeated,
    stack,
)
from capexpand.hardware.roofline import Bench, Efficiency
from capexpand.hardware.validation import kind_of, packaged_measurements, source_of
from capexpand_reproductions.best_layouts import at_best, near_best

START = {
    "compute": math.log(0.65),
    "expert_compute": math.log(0.7),
    "memory": math.log(0.8),
    "cache_memory": math.log(0.65),
    "attention": math.log(0.5),
    "links": math.log(0.6),
    "step_s": math.log(1.5e-3),
    "layer_s": math.log(3e-5),
    "hop_s": math.log(5e-6),
    "token_s": math.log(5e-6),
    "prompt_token_s": math.log(3e-7),
    "request_s": math.log(1e-3),
    "network_s": math.log(6e-5),
    "expert_half": math.log(64),
    "imbalance": math.log(0.05),
    "bubble": math.log(0.1),
    "traffic": math.log(1.0),
    "fill": math.log(0.9),
    "workspace_gb": math.log(3.0),
    "narrow": math.log(128.0),
    "batch_max": math.log(1024),
}
"""Where levels start. Two collectives a layer over a network take about 30 µs each: DeepEP's dispatch among
16 chips takes 41 µs longer than within a server."""

FREE = {
    "compute": 0.25,
    "expert_compute": 0.4,
    "memory": 0.08,
    "cache_memory": 0.25,
    "attention": 0.4,
    "links": 0.35,
    "step_s": 0.7,
    "layer_s": 0.5,
    "hop_s": 0.7,
    "token_s": 1.0,
    "prompt_token_s": 1.0,
    "request_s": 1.0,
    "network_s": 0.3,
    "expert_half": 0.7,
    "imbalance": 0.7,
    "bubble": 0.7,
    "traffic": 0.7,
    "fill": 0.05,
    "workspace_gb": 0.4,
    "narrow": 0.8,
    "batch_max": 0.5,
}
"""How far a level may lie from where it starts, as a standard deviation of its logarithm."""

NOISE = 0.07
"""Error of a row at which the loss turns from square to linear. With ``WIDER`` it was chosen on sources left
out, where 0.07 and 1.5 give 10.4 / 37 % (median / nine in ten). The choice matters little: on a form with one
mechanism more, 0.05, 0.07 and 0.10 gave 13.6 / 49, 13.9 / 49 and 13.4 / 47, and 0.07 with 1.0 13.4 / 45."""

WIDER = 1.5
"""How much wider than first thought the priors of steps are; see ``NOISE``."""

STEP = 1e-2
"""Of the logarithms in a difference: well above the steps of a hundredth in which batches are searched."""

STEPS = 200
"""Evaluations of a fit at most. Fits that leave rows out start where the fit of all rows ended, so they must
run to their own minimum: stopped early they still know what they left out."""

ALIKE = 0.0
"""Correlation of errors among rows of one model and chip in one source."""

NEAR = 0.4
"""Share of the best layout's rate from which a layout is looked at in a fit."""

COEFFICIENTS = {
    "compute^power": (0.3, 0.3),
    "compute#installed": (-0.29, 0.4),
    "attention#installed": (-0.29, 0.4),
    "attention^head": (0.3, 0.2),
    "cache_memory^group": (0.0, 0.15),
    "cache_memory^head": (0.15, 0.2),
    "rate#limited^model_young": (0.0, 0.3),
    "rate#limited^model_young~experts": (0.0, 0.6),
    "rate#rounds^model_young~experts": (0.0, 0.6),
    "rate^chip_young": (-0.15, 0.15),
    "rate^chip_young~experts": (-0.3, 0.25),
    "rate^model_young": (-0.15, 0.15),
    "rate^model_young~experts": (-0.3, 0.25),
}
"""Where coefficients start, and their standard deviations: software for new chips and models matures; an
engine as installed reaches 1 / 1.34 of the maker's (SqueezeBits, vLLM vs TensorRT-LLM #1, October 2024). They
also stand in a fit that saw no row of their kind."""


NOTHING = -25.0
"""Logarithm of a time or a loss that is as good as none."""

MECHANISMS = {
    "padding of experts": ("expert_half",),
    "busiest expert rank": ("imbalance",),
    "activations between kernels": ("traffic",),
    "host time a request": ("request_s",),
    "host time a step": ("step_s",),
    "delay of collectives": ("hop_s",),
    "workspace of engines": ("workspace_gb",),
    "pipeline bubble": ("bubble",),
    "age of software": ("rate^", "rate#limited^", "rate#rounds^"),
    "heads in reading the cache": ("cache_memory^",),
    "width of experts": ("narrow",),
    "heads in attention": ("attention^head",),
    "power of the chip": ("compute^power",),
}
"""Keys that a mechanism consists of, by how they begin; taking it out fixes them at nothing."""

TAKEN_OUT: list[str] = []
"""How the keys of the mechanism begin that is taken out for the moment."""


def prior(key: str) -> tuple[float, float]:
    """Give a key's starting value and its standard deviation."""
    if any(key.startswith(start) for start in TAKEN_OUT):
        return (NOTHING if key in START else 0.0), 1e-6
    if key in START:
        return START[key], FREE[key]
    centre, spread = COEFFICIENTS.get(key, (0.0, _usual_spread(key)))
    return centre, spread * WIDER


def _usual_spread(key: str) -> float:
    """Give the standard deviation of a step by what it is a step of."""
    if key.startswith("rate#"):
        return 0.15
    if key.startswith("fill#"):
        return 0.05
    if "#" in key:
        return 0.8 if key.startswith(("step_s", "token_s", "prompt_token_s", "request_s")) else 0.4
    if key.startswith("memory@"):
        return 0.12
    if "~" in key:
        return 0.4
    return 0.15 if "/" in key else 0.2


def memberships(points: Sequence[EvaluationPoint]) -> tuple[list[str], dict[str, np.ndarray]]:
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
                weights[field][row, place[key]] += weight_of(key, point)
    return keys, weights


def likeness(measurements: Sequence[Measurement]) -> list[float]:
    """Give how much less each row says for being one of several of the same model and chip in one source.

    The errors of such rows are correlated by ``ALIKE``: together n of them count like n / (1 + (n − 1) ρ).
    """
    groups = [(source_of(one.source_title), one.model, one.chip) for one in measurements]
    counts = Counter(groups)
    return [math.sqrt(1 + ALIKE * (counts[group] - 1)) for group in groups]


class Problem:
    """Residuals and their derivatives for the solver: points depend on the keys through ten fields only."""

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        self.stacked = stack(measurements)
        self.keys, self.weights = memberships(self.stacked.points)
        self.centre = np.array([prior(key)[0] for key in self.keys])
        self.spread = np.array([prior(key)[1] for key in self.keys])
        self.noise = NOISE * np.array(likeness(measurements))
        self.measured = np.log([m.tokens_per_chip_s for m in measurements])

    def leave_out_far_layouts(self, theta: np.ndarray) -> None:
        """Keep the layouts that come near the best one, where a fit starts near its end."""
        fields = self.log_fields(theta)
        self.stacked = near_best(self.stacked, efficiency_from(fields), share=NEAR)

    def log_fields(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """Give the logarithm of every field at every point."""
        logs = self.centre + theta * self.spread
        return {field: weights @ logs for field, weights in self.weights.items()}

    def errors(self, fields: dict[str, np.ndarray], stacked: Stack | None = None) -> np.ndarray:
        """Give log(predicted / measured), bounded where nothing fits."""
        predicted = predict_with(stacked or self.stacked, efficiency_from(fields))
        with np.errstate(divide="ignore"):
            logs = np.where(predicted > 0, np.log(np.maximum(predicted, 1e-300)), -np.inf)
        measured = np.tile(self.measured, logs.size // self.measured.size)
        return np.clip(logs + fields["rate"] - measured, -3, 3)

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """Give pseudo-Huber residuals of the errors, and the distances from the priors."""
        return np.concatenate([bent(self.errors(self.log_fields(theta)) / self.noise), theta])

    def jacobian(self, theta: np.ndarray) -> np.ndarray:
        """Give the derivatives: differences by field at each row's best layout, spread over the keys."""
        fields, names = self.log_fields(theta), list(self.weights)
        once = at_best(self.stacked, efficiency_from(fields))
        start = self.errors(fields, once)
        each = {name: np.tile(values, (len(names), 1)) for name, values in fields.items()}
        for place, name in enumerate(names):
            each[name][place] += STEP
        moved = self.errors(
            {name: values.ravel() for name, values in each.items()}, repeated(once, len(names))
        ).reshape(len(names), -1)
        slope = np.zeros((start.size, theta.size))
        for place, weights in enumerate(self.weights.values()):
            slope += ((moved[place] - start) / STEP)[:, None] * weights * self.spread
        weighed = slope / self.noise[:, None] * bent_slope(start / self.noise)[:, None]
        return np.vstack([weighed, np.eye(theta.size)])


def efficiency_from(fields: dict[str, np.ndarray]) -> Efficiency:
    """Give the efficiencies behind logarithms of fields; shares end at 1."""
    return Efficiency(
        **{name: np.exp(np.minimum(fields[name], 0.0 if name in SHARES else np.inf)) for name in FIELDS}
    )


def log_errors(measurements: Sequence[Measurement], predicted: np.ndarray) -> np.ndarray:
    """Give the logarithm of predicted over measured; −inf where nothing was predicted.

    Args:
        predicted: what was predicted [tokens/s and chip].
    """
    measured = np.array([m.tokens_per_chip_s for m in measurements])
    with np.errstate(divide="ignore"):
        return np.where(predicted > 0, np.log(predicted / measured), -math.inf)


def bent(error: np.ndarray) -> np.ndarray:
    """Bend large errors, so that an outlier pulls like its size and not like its square."""
    return np.sign(error) * np.sqrt(2 * (np.sqrt(1 + error**2) - 1))


def bent_slope(error: np.ndarray) -> np.ndarray:
    """Give the derivative of :func:`bent`."""
    root = np.sqrt(1 + error**2)
    return np.where(
        np.abs(error) < 1e-6, 1.0, np.abs(error) / root / np.sqrt(np.maximum(2 * (root - 1), 1e-30))
    )


def fit(measurements: Sequence[Measurement], *, start: Factors | None = None, steps: int = STEPS) -> Factors:
    """Fit the factors: least squares on logarithms, robust to outliers, held near the priors."""
    problem = Problem(measurements)
    known = {} if start is None else dict(start.logs)
    logs = np.array(
        [known.get(key, centre) for key, centre in zip(problem.keys, problem.centre, strict=True)]
    )
    theta = (logs - problem.centre) / problem.spread
    problem.leave_out_far_layouts(theta)
    found = least_squares(
        problem.residuals,
        theta,
        jac=problem.jacobian,
        method="lm",
        max_nfev=steps,
        ftol=1e-9,
        xtol=1e-9,
    )
    logs = problem.centre + found.x * problem.spread
    unseen = {key: prior(key)[0] for key in COEFFICIENTS if prior(key)[0]}
    fitted = {key: float(value) for key, value in zip(problem.keys, logs, strict=True)}
    return Factors(tuple((unseen | fitted).items()))


def summary(errors: np.ndarray) -> str:
    """Say the median and the 90th percentile of the absolute errors, and the share within 1.5 times."""
    share = np.abs(np.expm1(errors))
    return (
        f"{errors.size} rows, median |error| {np.median(share):.1%}, p90 {np.quantile(share, 0.9):.1%}, "
        f"within 1.5x {np.mean(np.abs(errors) <= math.log(1.5)):.1%}, bias {np.median(errors):+.3f}"
    )


def main() -> None:
    """Run the fits."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="replace the factors in the package")
    parser.add_argument("--fresh", action="store_true", help="start at the priors, not at the packaged fit")
    parser.add_argument("--show", action="store_true", help="print factors and rows")
    parser.add_argument("--ablate", action="store_true", help="also take each mechanism out and fit anew")
    options = parser.parse_args()
    rows = packaged_measurements()
    fold = np.array([int(fact.fold or 0) for fact in throughput_facts() if fact.kind == "inference"])
    sources = np.array([source_of(row.source_title) for row in rows])
    factors = fit(rows, start=None if options.fresh else fitted_factors())
    seen = log_errors(rows, predict(stack(rows), factors))
    print(f"{len(factors.logs)} fitted numbers on {len(rows)} rows")
    print("rows that the fit saw:    ", summary(seen))
    by_fold, held = without_each(rows, fold, factors)
    print("quarters left out:        ", summary(held))
    by_source, apart = without_each(rows, sources, factors)
    print("sources left out:         ", summary(apart))
    for name in by_source:
        print(f"   {name:34s}", summary(apart[sources == name]))
    if options.ablate:
        for name, errors in ablation(rows, fold, factors):
            print(f"| {name} | {' | '.join(f'{error:.1%}' for error in errors)} |", flush=True)
    if options.show:
        show(rows, factors, seen, apart)
    if options.write:
        content = {
            "logs": rounded(factors),
            "folds": [rounded(by_fold[name]) for name in sorted(by_fold)],
            "sources": {name: rounded(one) for name, one in sorted(by_source.items())},
            "families": sorted({chip_named(row.chip).family for row in rows}),
            "residuals": residual_table(rows, apart),
        }
        path = Path(efficiency.__file__).with_name("efficiency.json")
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def ablation(
    rows: Sequence[Measurement], fold: np.ndarray, start: Factors
) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Give the errors with each mechanism taken out and everything else fitted anew.

    Yields:
        Mechanism, median and 90th percentile of the absolute relative error on quarters left out, and the
        same on the rows of the fit; the first row has all mechanisms.
    """
    for name, keys in {"nothing": (), **MECHANISMS}.items():
        TAKEN_OUT[:] = keys
        logs = tuple((key, prior(key)[0] if prior(key)[1] <= 1e-6 else value) for key, value in start.logs)
        yield name, _scores(rows, fold, Factors(logs))
    TAKEN_OUT.clear()
    endless = [replace(row, test_requests=math.inf, arrivals_per_s=math.inf) for row in rows]
    yield "end of a test", _scores(endless, fold, start)
    with patch.object(roofline, "_exchanged_seconds_per_token", _a_copy_for_each_expert):
        yield "one copy for each server", _scores(rows, fold, start)


_exchanged = roofline._exchanged_seconds_per_token


def _a_copy_for_each_expert(bench: Bench, *, forwarded: bool = False) -> np.ndarray:
    """Give the exchange of a token whose copies are never forwarded within a server."""
    del forwarded
    return _exchanged(bench)


def _scores(rows: Sequence[Measurement], fold: np.ndarray, start: Factors) -> tuple[float, ...]:
    """Give median and 90th percentile of the absolute relative errors: quarters left out, rows in the fit."""
    _, left_out = without_each(rows, fold, start)
    fitted = log_errors(rows, predict(stack(rows), fit(rows, start=start)))
    found = [
        np.quantile(np.abs(np.expm1(errors)), share) for errors in (left_out, fitted) for share in (0.5, 0.9)
    ]
    return tuple(float(value) for value in found)


def residual_table(rows: Sequence[Measurement], apart: np.ndarray) -> list[list[object]]:
    """Give each row's kind with its error by the fit without its source: what bands are made of."""
    return [
        [kind_of(row), source_of(row.source_title), round(float(error), 4)]
        for row, error in zip(rows, apart, strict=True)
        if math.isfinite(error)
    ]


def without_each(
    rows: Sequence[Measurement], labels: np.ndarray, start: Factors
) -> tuple[dict[str, Factors], np.ndarray]:
    """Fit without the rows of each label, and give the errors of the rows left out.

    Each fit runs to its own minimum. It starts a tenth of the way from that of all rows to the priors: at
    that minimum itself, where two layouts are often equally good, a solver may not find the way down.
    """
    logs = {key: value + 0.1 * (prior(key)[0] - value) for key, value in start.logs}
    start = Factors(tuple(logs.items()))
    names = sorted(set(labels.tolist()))
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = list(pool.map(_fit_without, ((rows, labels, name, start) for name in names)))
    fits = {str(name): one for name, one in zip(names, found, strict=True)}
    errors = np.zeros(len(rows))
    for name in names:
        theirs = [row for row, its in zip(rows, labels, strict=True) if its == name]
        errors[labels == name] = log_errors(theirs, predict(stack(theirs), fits[str(name)]))
    return fits, errors


def _fit_without(work: tuple[Sequence[Measurement], np.ndarray, object, Factors]) -> Factors:
    """Fit on the rows that do not carry a label."""
    rows, labels, left_out, start = work
    return fit([row for row, its in zip(rows, labels, strict=True) if its != left_out], start=start)


PROCESSES = 2
"""Fits at a time."""


def show(rows: Sequence[Measurement], factors: Factors, seen: np.ndarray, held: np.ndarray) -> None:
    """Print the factors, and each row with its error in the fit and out of it."""
    for key, value in factors.logs:
        print(f"   {key:32s} {value:+.3f}  factor {math.exp(value):.3g}")
    for one, inside, outside in zip(rows, seen, held, strict=True):
        lengths = f"{one.input_tokens:.0f}/{one.output_tokens:.0f}"
        print(
            f"{one.row:4d} {one.suite:12s} {one.model:16s} {one.chip:20s} {one.chips:4d} {one.weights:4s} "
            f"{one.phase:8s} {lengths:11s} {one.tokens_per_chip_s:9.1f} {math.expm1(inside):+.2f} "
            f"{math.expm1(outside):+.2f}"
        )


def rounded(factors: Factors) -> dict[str, float]:
    """Give the logarithms to four places, without those that do nothing."""
    return {key: round(value, 4) for key, value in factors.logs if abs(value) >= 5e-5}


if __name__ == "__main__":
    main()
