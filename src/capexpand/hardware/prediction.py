"""What the model predicts for published measurements, all at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from capexpand.hardware.chips import chip_named, model_named
from capexpand.hardware.efficiency import Factors, Point, efficiency_of, expert_grain, power_ratio
from capexpand.hardware.layouts import Layout, candidate_layouts
from capexpand.hardware.measurements import Measurement
from capexpand.hardware.precision import Precision, arithmetic_rate, precision_named
from capexpand.hardware.roofline import Bench, Efficiency
from capexpand.hardware.serving import Flags, best_apart, best_of, rates_decode, rates_prefill, rates_together
from capexpand.hardware.specs import Array, ChipSpec, Load, ModelSpec


@dataclass(frozen=True, slots=True)
class Stack:
    """Measurements as arrays of shape (measurements,)."""

    model: ModelSpec
    chip: ChipSpec
    precision: Precision
    rate: Array
    load: Load
    count: Array
    points: tuple[Point, ...]
    layouts: tuple[Layout, ...]
    allowed: tuple[Flags, ...]
    phase: NDArray[np.str_]
    apart: Flags
    counted_per_request: Array


def stack(measurements: Sequence[Measurement]) -> Stack:
    """Lay measurements side by side.

    Args:
        measurements: at least one.
    """
    models = [model_named(m.model) for m in measurements]
    chips = [chip_named(m.chip) for m in measurements]
    formats = [precision_named(m.weights, cache=m.cache) for m in measurements]
    count = np.array([float(m.chips) for m in measurements])
    stated = {m.layout for m in measurements if m.layout is not None}
    layouts = candidate_layouts(int(count.max()), experts=True)
    layouts += tuple(sorted(stated - set(layouts), key=str))
    return Stack(
        model=_side_by_side(ModelSpec, models),
        chip=_side_by_side(ChipSpec, chips),
        precision=Precision(
            "fp8", _column([f.weight_bytes for f in formats]), _column([f.cache_bytes for f in formats])
        ),
        rate=_column([float(arithmetic_rate(c, f)) for c, f in zip(chips, formats, strict=True)]),
        load=Load(
            _column([m.input_tokens for m in measurements]),
            _column([m.output_tokens for m in measurements]),
            _column([m.cached_fraction for m in measurements]),
            _column([m.input_variation for m in measurements]),
            _column([m.output_variation for m in measurements]),
            _column([m.time_per_token_s for m in measurements]),
            _column([m.time_to_first_token_s for m in measurements]),
        ),
        count=count,
        points=tuple(
            point_of(m, model, chip) for m, model, chip in zip(measurements, models, chips, strict=True)
        ),
        layouts=layouts,
        allowed=tuple(np.array([_may_use(m, layout) for m in measurements]) for layout in layouts),
        phase=np.array([m.phase for m in measurements]),
        apart=np.array([m.apart for m in measurements]),
        counted_per_request=_column([_counted(m) for m in measurements]),
    )


def point_of(measurement: Measurement, model: ModelSpec, chip: ChipSpec) -> Point:
    """Say what a measurement's factors depend on.

    Args:
        measurement: the measurement.
        model: its model.
        chip: its chip.
    """
    latent = float(model.cache_shards) == 1.0 and float(model.expert_layers) > 0
    return Point(
        chip.family,
        measurement.weights,
        measurement.suite,
        latent,
        float(model.expert_layers) > 0,
        measurement.scenario,
        measurement.capped,
        power_ratio(chip),
        expert_grain(model),
    )


def _column(values: Sequence[object]) -> Array:
    return np.array(values, dtype=np.float64)


Spec = TypeVar("Spec", ModelSpec, ChipSpec)


def _side_by_side(kind: type[Spec], specs: Sequence[Spec]) -> Spec:
    columns: dict[str, object] = {}
    for field in fields(kind):
        values = [getattr(spec, field.name) for spec in specs]
        columns[field.name] = "many" if isinstance(values[0], str) else _column(values)
    return kind(**columns)


def _may_use(measurement: Measurement, layout: Layout) -> bool:
    if measurement.layout is not None:
        return layout == measurement.layout
    return layout.chips <= measurement.chips


def _counted(measurement: Measurement) -> float:
    if measurement.counted == "input":
        return measurement.input_tokens
    if measurement.counted == "output":
        return measurement.output_tokens
    return measurement.input_tokens + measurement.output_tokens


def predict(stacked: Stack, factors: Factors) -> Array:
    """Predict the rates of measurements [tokens/s and chip].

    Args:
        stacked: measurements side by side.
        factors: fitted logarithms.
    """
    efficiency, suite = efficiency_of(stacked.points, factors)
    return predict_with(stacked, efficiency) * suite


def predict_with(stacked: Stack, efficiency: Efficiency) -> Array:
    """Predict the rates of measurements at given efficiencies, without the benchmarks' factors.

    Args:
        stacked: measurements side by side.
        efficiency: efficiencies of shape (measurements,).
    """
    benches = tuple(
        Bench(stacked.model, stacked.chip, stacked.precision, stacked.rate, stacked.load, efficiency, layout)
        for layout in stacked.layouts
    )
    together = best_of(benches, stacked.count, rates_together, allowed=stacked.allowed)
    prefill = best_of(benches, stacked.count, rates_prefill, allowed=stacked.allowed)
    decode = best_of(benches, stacked.count, rates_decode, allowed=stacked.allowed)
    both = best_apart(benches, stacked.count, allowed=stacked.allowed)
    requests = np.where(stacked.apart, np.maximum(together.requests, both.requests), together.requests)
    requests = np.where(stacked.phase == "prefill", prefill.requests, requests)
    requests = np.where(stacked.phase == "decode", decode.requests, requests)
    return requests * stacked.counted_per_request


def log_errors(measurements: Sequence[Measurement], predicted: Array) -> Array:
    """Give the logarithm of predicted over measured; −inf where nothing was predicted.

    Args:
        measurements: what was measured.
        predicted: what was predicted [tokens/s and chip].
    """
    measured = _column([m.tokens_per_chip_s for m in measurements])
    with np.errstate(divide="ignore"):
        return np.where(predicted > 0, np.log(predicted / measured), -math.inf)
