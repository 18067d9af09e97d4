"""Predictions of the model for published measurements, all at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from capexpand.hardware.burst import of_one_copy
from capexpand.hardware.chips import chip_named, chip_released, model_named, model_row
from capexpand.hardware.efficiency import EvaluationPoint, Factors, efficiency_of, power_ratio, youth
from capexpand.hardware.layouts import Layout, Layouts, candidate_layouts
from capexpand.hardware.measurements import Measurement, Phase
from capexpand.hardware.precision import Precision, arithmetic_rate, precision_named
from capexpand.hardware.roofline import Bench, Efficiency
from capexpand.hardware.serving import Rates, rates_decode, rates_prefill, rates_together
from capexpand.hardware.specs import Array, ChipSpec, Load, ModelSpec

_RATES: dict[Phase, Callable[[Bench], Rates]] = {
    "together": rates_together,
    "prefill": rates_prefill,
    "decode": rates_decode,
}


@dataclass(frozen=True, slots=True)
class Pairs:
    """Measurements of one way of working beside every layout that each may use, as arrays of shape (pairs,).

    Args:
        rates: what computes the rates of this way of working.
        row: index of the measurement.
        bench: what runs, with efficiencies still to come.
        whole: share of the chips that whole copies use.
    """

    rates: Callable[[Bench], Rates]
    row: NDArray[np.int_]
    bench: Bench
    whole: Array

    def requests(self, efficiency: Efficiency) -> Array:
        """Give the requests a second and chip of each pair, whole copies only.

        Args:
            efficiency: efficiencies of shape (measurements,).
        """
        taken = {name: _take(getattr(efficiency, name), self.row) for name in Efficiency.__slots__}
        return self.rates(replace(self.bench, efficiency=Efficiency(**taken))).requests

    def kept(self, keep: NDArray[np.bool_] | NDArray[np.int_]) -> Pairs:
        """Give the pairs that a mask keeps, or those at some places.

        Args:
            keep: one flag for each pair, or indices, also of one pair several times.
        """
        bench = self.bench
        return Pairs(
            self.rates,
            self.row[keep],
            Bench(
                _kept(bench.model, keep),
                _kept(bench.chip, keep),
                Precision(
                    "fp8",
                    np.asarray(bench.precision.weight_bytes)[keep],
                    np.asarray(bench.precision.cache_bytes)[keep],
                ),
                bench.rate[keep],
                _kept(bench.load, keep),
                bench.efficiency,
                Layouts(*(np.asarray(getattr(bench.layout, name))[keep] for name in Layouts.__slots__)),
            ),
            self.whole[keep],
        )


Arrays = TypeVar("Arrays", ModelSpec, ChipSpec, Load, Layouts)


def _kept(spec: Arrays, keep: NDArray[np.bool_] | NDArray[np.int_]) -> Arrays:
    columns = {
        field.name: value
        if isinstance(value := getattr(spec, field.name), str | int) or np.ndim(value) == 0
        else np.asarray(value)[keep]
        for field in fields(spec)
    }
    return replace(spec, **columns)


@dataclass(frozen=True, slots=True)
class Combined:
    """Pairs of a prefilling and a decoding layout that fit on a measurement's chips together.

    Args:
        row: index of the measurement.
        prefill: index of the prefilling layout among ``ahead``.
        decode: index of the decoding layout among ``behind``.
        ahead: the layouts as they prefill.
        behind: the layouts as they decode.
    """

    ahead: Pairs
    behind: Pairs
    row: NDArray[np.int_]
    prefill: NDArray[np.int_]
    decode: NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class Stack:
    """Measurements as arrays of shape (measurements,), and their layouts by phase."""

    count: Array
    points: tuple[EvaluationPoint, ...]
    pairs: tuple[Pairs, ...]
    combined: Combined | None
    counted_per_request: Array


def stack(measurements: Sequence[Measurement]) -> Stack:
    """Lay measurements side by side.

    Args:
        measurements: at least one.
    """
    models = [model_named(m.model) for m in measurements]
    chips = [chip_named(m.chip) for m in measurements]
    layouts = [_layouts_of(m, model) for m, model in zip(measurements, models, strict=True)]
    beside = _Beside(measurements, models, chips, layouts)
    groups = [
        (rates, [i for i, m in enumerate(measurements) if m.phase == phase and limited == _limited(m)])
        for phase, rates in _RATES.items()
        for limited in (False, True)
    ]
    return Stack(
        count=_column([float(m.chips) for m in measurements]),
        points=tuple(
            point_of(m, model, chip) for m, model, chip in zip(measurements, models, chips, strict=True)
        ),
        # where no layout fits any of them, there is nothing to predict
        pairs=tuple(
            beside.pairs(rates, chosen) for rates, chosen in groups if any(layouts[i] for i in chosen)
        ),
        combined=_combined(measurements, layouts, beside),
        counted_per_request=_column([_counted(m) for m in measurements]),
    )


def _layouts_of(measurement: Measurement, model: ModelSpec) -> tuple[Layout, ...]:
    if measurement.layout is not None:
        return (measurement.layout,)
    experts = float(np.max(model.expert_layers)) > 0
    found = candidate_layouts(measurement.chips, experts=experts)
    # the sweep's configurations split models by tensor and experts, none of these by layers
    return tuple(one for one in found if one.stages == 1) if measurement.suite == "inferencex" else found


def _limited(measurement: Measurement) -> bool:
    return math.isfinite(measurement.time_per_token_s)


_LOADED = tuple(field.name for field in fields(Load) if field.name in Measurement.__slots__)


@dataclass(frozen=True, slots=True)
class _Beside:
    """Measurements with their models, chips and layouts, to be written side by side."""

    measurements: Sequence[Measurement]
    models: Sequence[ModelSpec]
    chips: Sequence[ChipSpec]
    layouts: Sequence[tuple[Layout, ...]]

    def pairs(self, rates: Callable[[Bench], Rates], chosen: Sequence[int]) -> Pairs:
        """Write each chosen measurement beside every layout that it may use."""
        rows = [i for i in chosen for _ in self.layouts[i]]
        beside = Layouts.beside([layout for i in chosen for layout in self.layouts[i]])
        theirs = [self.measurements[i] for i in rows]
        formats = [precision_named(m.weights, cache=m.cache) for m in theirs]
        chips = [self.chips[i] for i in rows]
        count = _column([m.chips for m in theirs])
        bench = Bench(
            _side_by_side(ModelSpec, [self.models[i] for i in rows]),
            _side_by_side(ChipSpec, chips),
            Precision(
                "fp8", _column([f.weight_bytes for f in formats]), _column([f.cache_bytes for f in formats])
            ),
            _column([float(arithmetic_rate(c, f)) for c, f in zip(chips, formats, strict=True)]),
            of_one_copy(
                Load(**{name: _column([getattr(m, name) for m in theirs]) for name in _LOADED}),
                beside.chips,
                count,
            ),
            Efficiency(),
            beside,
        )
        whole = np.floor(count / beside.chips) * beside.chips / count
        return Pairs(rates, np.array(rows, dtype=np.int_), bench, whole)


def _combined(
    measurements: Sequence[Measurement], layouts: Sequence[tuple[Layout, ...]], beside: _Beside
) -> Combined | None:
    """List the pairs of layouts for measurements whose prefill and decode may run on different chips."""
    chosen = [i for i, m in enumerate(measurements) if m.phase == "together" and m.apart]
    if not chosen:
        return None
    found: list[tuple[int, int, int]] = []
    start = 0
    for index in chosen:
        offered = layouts[index]
        found += [
            (index, start + ahead, start + behind)
            for behind, decoding in enumerate(offered)
            for ahead, prefilling in enumerate(offered)
            if prefilling.chips + decoding.chips <= measurements[index].chips
        ]
        start += len(offered)
    if not found:
        return None
    columns = (np.array(column, dtype=np.int_) for column in zip(*found, strict=True))
    return Combined(beside.pairs(rates_prefill, chosen), beside.pairs(rates_decode, chosen), *columns)


def point_of(measurement: Measurement, model: ModelSpec, chip: ChipSpec) -> EvaluationPoint:
    """Say what a measurement's factors depend on."""
    latent = float(model.cache_shards) == 1.0 and float(model.expert_layers) > 0
    return EvaluationPoint(
        chip.family,
        measurement.weights,
        measurement.suite,
        latent,
        float(model.expert_layers) > 0,
        measurement.scenario,
        measurement.capped,
        power_ratio(chip, measurement.weights),
        float(np.log2(np.max(model.query_group) / 8)),
        float(np.log2(np.max(model.head_size) / 128)),
        youth(chip_released(measurement.chip), measurement.software_on),
        youth(model_row(measurement.model).released_on, measurement.software_on),
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


def _counted(measurement: Measurement) -> float:
    if measurement.counted == "input":
        return measurement.input_tokens
    if measurement.counted == "output":
        return measurement.output_tokens
    return measurement.input_tokens + measurement.output_tokens


def predict(stacked: Stack, factors: Factors) -> Array:
    """Predict the rates of measurements [tokens/s and chip]."""
    efficiency, suite = efficiency_of(stacked.points, factors)
    return predict_with(stacked, efficiency) * suite


def repeated(stacked: Stack, times: int) -> Stack:
    """Lay the same measurements side by side several times, to compute them at several efficiencies at once.

    Args:
        times: how often.
    """
    size = stacked.count.size

    def again(pairs: Pairs) -> Pairs:
        count = pairs.row.size
        found = pairs.kept(np.tile(np.arange(count), times))
        return replace(found, row=found.row + size * np.repeat(np.arange(times), count))

    def shifted(indices: NDArray[np.int_], by: int) -> NDArray[np.int_]:
        return np.tile(indices, times) + by * np.repeat(np.arange(times), indices.size)

    combined = stacked.combined
    if combined is not None:
        combined = Combined(
            again(combined.ahead),
            again(combined.behind),
            shifted(combined.row, size),
            shifted(combined.prefill, combined.ahead.row.size),
            shifted(combined.decode, combined.behind.row.size),
        )
    return Stack(
        np.tile(stacked.count, times),
        stacked.points * times,
        tuple(again(pairs) for pairs in stacked.pairs),
        combined,
        np.tile(stacked.counted_per_request, times),
    )


def predict_with(stacked: Stack, efficiency: Efficiency) -> Array:
    """Predict the rates of measurements at given efficiencies, without the benchmarks' factors.

    Only the layouts that each measurement may use are computed, all side by side.

    Args:
        efficiency: efficiencies of shape (measurements,).
    """
    found = np.zeros(stacked.count.size)
    for pairs in stacked.pairs:
        np.maximum.at(found, pairs.row, pairs.requests(efficiency) * pairs.whole)
    if stacked.combined is not None:
        _improve_apart(found, stacked.combined, efficiency)
    return found * stacked.counted_per_request


def _improve_apart(found: Array, combined: Combined, efficiency: Efficiency) -> None:
    """Raise what was found where prefill and decode on different chips serve more."""
    np.maximum.at(found, combined.row, pair_requests(combined, efficiency))


def pair_requests(combined: Combined, efficiency: Efficiency) -> Array:
    """Give the requests a second and chip of pairs of layouts, their chips split to keep both busy."""
    ahead = combined.ahead.requests(efficiency)[combined.prefill]
    behind = combined.behind.requests(efficiency)[combined.decode]
    with np.errstate(divide="ignore"):
        return np.where((ahead > 0) & (behind > 0), 1 / (1 / ahead + 1 / behind), 0.0)


def _take(values: object, rows: NDArray[np.int_]) -> Array:
    column = np.asarray(values, dtype=np.float64)
    return column[rows] if column.ndim else np.full(rows.size, float(column))
