"""How far the computed rates are from published ones: on the packaged measurements, or on any file of them.

Every prediction uses factors that were fitted without the row it predicts: a packaged row is predicted by the
fit that saw no row of its source, a row that is not packaged by the fit on all packaged rows.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from capexpand.catalogue.throughput_facts import ThroughputFact, throughput_facts
from capexpand.errors import CaseError, Problem, in_words
from capexpand.files import read_text
from capexpand.hardware.bands import band_kind, band_of, measured_families
from capexpand.hardware.chips import chip_named, model_named
from capexpand.hardware.efficiency import Factors, fits, fitted_factors
from capexpand.hardware.layouts import Layout
from capexpand.hardware.measurements import Counted, Measurement, Phase, Unusable, parse_row
from capexpand.hardware.precision import Format
from capexpand.hardware.prediction import predict, stack
from capexpand.hardware.specs import Array

COLUMNS = ("model", "chip", "n_chips", "precision", "metric", "value", "unit")
"""Columns that a file of measurements must have."""


@dataclass(frozen=True, slots=True)
class ComparedMeasurement:
    """One measurement beside what was computed for it.

    Args:
        measurement: what was measured.
        predicted_tokens_per_chip_s: what was computed [tokens/s and chip].
        error: predicted over measured, less one.
        packaged: whether the row is among the packaged measurements, predicted by a fit without its source.
        low: lower end of the 80 % band [tokens/s and chip].
        high: its upper end.
    """

    measurement: Measurement
    predicted_tokens_per_chip_s: float
    error: float
    packaged: bool
    low: float = 0.0
    high: float = math.inf

    @property
    def within_band(self) -> bool:
        """Tell whether the band holds what was measured."""
        return self.low <= self.measurement.tokens_per_chip_s <= self.high


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Errors of one way of leaving rows out of the fit.

    Args:
        name: which rows the fit did not see.
        used: rows.
        median_abs_error: median of the absolute relative errors.
        p90_abs_error: their 90th percentile.
    """

    name: str
    used: int
    median_abs_error: float
    p90_abs_error: float


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Errors of the rows that share a chip, a model or a source.

    Args:
        name: what they share.
        used: number of rows.
        median_abs_error: median of the absolute relative errors.
        median_error: median of the relative errors, with sign.
        worst_factor: largest factor between computed and measured.
    """

    name: str
    used: int
    median_abs_error: float
    median_error: float
    worst_factor: float


@dataclass(frozen=True, slots=True)
class Validation:
    """The result of a comparison with measurements.

    Args:
        rows: rows in the file.
        used: rows compared.
        coverage: compared rows over all inference rows whose model and chip are in the catalogue.
        median_abs_error: median of the absolute relative errors; NaN without rows.
        p90_abs_error: its 90th percentile.
        within_factor: share of rows within a factor of 1.5.
        band_coverage: share of rows that their 80 % band holds.
        accuracies: errors by what the fit did not see; only for rows that are packaged.
        comparisons: every compared row.
        unusable: every other row with the reason.
    """

    rows: int
    used: int
    coverage: float
    median_abs_error: float
    p90_abs_error: float
    within_factor: float
    band_coverage: float
    accuracies: tuple[Accuracy, ...]
    comparisons: tuple[ComparedMeasurement, ...]
    unusable: tuple[Unusable, ...]

    def by(self, field: str) -> tuple[ErrorGroup, ...]:
        """Give the errors of the rows that share a field of the measurement, the most frequent first.

        Args:
            field: ``chip``, ``model``, ``suite``, ``weights`` or ``phase``.
        """
        names = {getattr(one.measurement, field) for one in self.comparisons}
        groups = [
            group_of(name, [c for c in self.comparisons if getattr(c.measurement, field) == name])
            for name in names
        ]
        return tuple(sorted(groups, key=lambda group: (-group.used, group.name)))


def group_of(name: str, comparisons: Sequence[ComparedMeasurement]) -> ErrorGroup:
    """Summarise some comparisons under a name.

    Args:
        name: what they share.
        comparisons: at least one.
    """
    errors = np.array([one.error for one in comparisons])
    factors = np.exp(np.abs(np.log1p(np.maximum(errors, -0.999))))
    return ErrorGroup(
        name, errors.size, float(np.median(np.abs(errors))), float(np.median(errors)), float(factors.max())
    )


_SOURCES = (
    ("mlperf", r"v?(\d\.\d)", "MLPerf {}"),
    ("perf-overview", r"v?(\d\.\d+)", "TensorRT-LLM {}"),
    ("gpustack", r"()", "GPUStack lab"),
    ("inferencex", r"()", "InferenceX"),
)


def source_of(title: str) -> str:
    """Give the source that a title belongs to: a round, a release's table, a lab, or a publication.

    Args:
        title: the title of a row's source.
    """
    title = title.removesuffix(" (copy)")
    words = title.lower()
    for mark, version, name in _SOURCES:
        if mark in words:
            found = re.search(version, words.partition(mark)[2])
            return name.format(found[1] if found else "").strip()
    return title


def kind_of(measurement: Measurement) -> str:
    """Give the kind of a measurement for its band: model kind, and whether one phase or a latency limit."""
    experts = float(np.max(model_named(measurement.model).expert_layers)) > 0
    return band_kind(
        experts=experts,
        one_phase=measurement.phase != "together",
        installed=measurement.suite in {"community", "engine", "inferencex"},
    )


def packaged_measurements() -> tuple[Measurement, ...]:
    """Give the packaged inference measurements."""
    return tuple(_measurement(fact) for fact in throughput_facts() if fact.kind == "inference")


def _measurement(fact: ThroughputFact) -> Measurement:
    return Measurement(
        row=int(fact.row),
        model=fact.model,
        chip=fact.chip,
        chips=int(fact.chips or 1),
        weights=cast("Format", fact.weights),
        cache=fact.cache or None,
        phase=cast("Phase", fact.phase),
        counted=cast("Counted", fact.counted),
        tokens_per_chip_s=fact.tokens_per_chip_s or math.nan,
        input_tokens=fact.input_tokens or 0.0,
        output_tokens=fact.output_tokens or 1.0,
        cached_fraction=fact.cached_fraction or 0.0,
        time_per_token_s=fact.time_per_token_s or math.inf,
        time_to_first_token_s=fact.time_to_first_token_s or math.inf,
        layout=Layout.parse(fact.layout),
        apart=bool(fact.apart),
        suite=fact.suite,
        scenario=fact.scenario,
        capped=bool(fact.capped),
        input_variation=fact.input_variation or 0.0,
        output_variation=fact.output_variation or 0.0,
        source_title=fact.source.title,
        software_on=fact.software_on,
        draft_tokens=fact.draft_tokens or 0.0,
        acceptance=fact.acceptance or 0.0,
        running_max=fact.running_max or math.inf,
        test_requests=fact.test_requests or math.inf,
        arrivals_per_s=fact.arrivals_per_s or math.inf,
    )


def validate_packaged() -> Validation:
    """Compare the packaged measurements with what is computed for them, each by a fit that did not see it."""
    facts = throughput_facts()
    unusable = [
        Unusable(
            int(fact.row),
            f"{fact.model} · {fact.chip} · {fact.metric}",
            _REASONS[fact.kind],
            inference=fact.kind == "inference_unusable",
        )
        for fact in facts
        if fact.kind != "inference"
    ]
    return _validate(len(facts), packaged_measurements(), unusable)


_REASONS = {
    "training": "of training; see the training table",
    "constant": "a price, power, count or other constant, not a rate of tokens",
    "inference_unusable": "its lengths are not published",
}


def validate_file(path: Path) -> Validation:
    """Compare the measurements in a file with what is computed for them.

    Args:
        path: a CSV file with at least the columns of :data:`COLUMNS`.

    Raises:
        CaseError: where the file cannot be read or lacks a column.
    """
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise CaseError([Problem(f"column {name} is missing", file=path, line=1) for name in missing])
        rows = list(reader)
    except csv.Error as error:
        raise CaseError([Problem(f"cannot be read: {in_words(error)}", file=path)]) from error
    parsed = [parse_row(cells, row) for row, cells in enumerate(rows, 1)]
    measurements = [item for item in parsed if isinstance(item, Measurement)]
    return _validate(len(rows), measurements, [item for item in parsed if isinstance(item, Unusable)])


def _validate(rows: int, measurements: Sequence[Measurement], unusable: Sequence[Unusable]) -> Validation:
    comparisons = compare(measurements)
    errors = np.array([one.error for one in comparisons])
    lost = sum(item.inference for item in unusable)
    some = errors.size > 0
    factors = np.abs(np.log1p(np.maximum(errors, -0.999)))
    return Validation(
        rows=rows,
        used=len(comparisons),
        coverage=len(comparisons) / (len(comparisons) + lost) if some else 0.0,
        median_abs_error=float(np.median(np.abs(errors))) if some else math.nan,
        p90_abs_error=float(np.quantile(np.abs(errors), 0.9)) if some else math.nan,
        within_factor=float(np.mean(factors <= math.log(1.5))) if some else math.nan,
        band_coverage=float(np.mean([one.within_band for one in comparisons])) if some else math.nan,
        accuracies=_accuracies([one.measurement for one in comparisons if one.packaged]),
        comparisons=comparisons,
        unusable=tuple(unusable),
    )


def compare(measurements: Sequence[Measurement]) -> tuple[ComparedMeasurement, ...]:
    """Compute the rate of each measurement by a fit that did not see it, nor anything of its source."""
    if not measurements:
        return ()
    known = {_identity(one) for one, _ in _packaged_folds()}
    packaged = [_identity(one) in known for one in measurements]
    sources = [source_of(one.source_title) for one in measurements]
    predicted = _by_source(measurements, sources, packaged)
    families = measured_families()
    found: list[ComparedMeasurement] = []
    for one, value, its, source in zip(measurements, predicted, packaged, sources, strict=True):
        seen = chip_named(one.chip).family in families
        band = band_of(kind_of(one), seen=seen, without=source if its else "")
        error = float(value / one.tokens_per_chip_s - 1)
        found.append(
            ComparedMeasurement(
                one, float(value), error, its, float(value) * band.low, float(value) * band.high
            )
        )
    return tuple(found)


def _by_source(
    measurements: Sequence[Measurement], sources: Sequence[str], packaged: Sequence[bool]
) -> Array:
    """Predict packaged rows by the fit without their source, and the others by the fit on all."""
    stacked = stack(measurements)
    predicted = predict(stacked, fitted_factors())
    for source, factors in fits().sources.items():
        theirs = np.array([its and name == source for its, name in zip(packaged, sources, strict=True)])
        if theirs.any():
            predicted = np.where(theirs, predict(stacked, factors), predicted)
    return predicted


def _accuracies(packaged: Sequence[Measurement]) -> tuple[Accuracy, ...]:
    """Give the errors on packaged rows of the fit on all, of the folds, and of those without each source."""
    if not packaged:
        return ()
    stacked = stack(packaged)
    folds = {_identity(one): fold for one, fold in _packaged_folds()}
    fold_of = np.array([folds[_identity(one)] for one in packaged])
    by_fold = np.zeros(len(packaged))
    for number, factors in enumerate(fits().folds):
        by_fold = np.where(fold_of == number, predict(stacked, factors), by_fold)
    sources = [source_of(one.source_title) for one in packaged]
    ways = {
        "rows in the fit": predict(stacked, fitted_factors()),
        "quarters left out": by_fold,
        "sources left out": _by_source(packaged, sources, [True] * len(packaged)),
    }
    measured = np.array([one.tokens_per_chip_s for one in packaged])
    return tuple(_accuracy(name, np.abs(values / measured - 1)) for name, values in ways.items())


def _accuracy(name: str, errors: Array) -> Accuracy:
    return Accuracy(name, errors.size, float(np.median(errors)), float(np.quantile(errors, 0.9)))


def _packaged_folds() -> Iterable[tuple[Measurement, int]]:
    facts = [fact for fact in throughput_facts() if fact.kind == "inference"]
    return [(_measurement(fact), int(fact.fold or 0)) for fact in facts]


def _identity(one: Measurement) -> tuple[object, ...]:
    """Say when two rows are the same measurement, whatever their numbers in their files."""
    return (
        one.model,
        one.chip,
        one.chips,
        one.phase,
        one.counted,
        one.suite,
        one.scenario,
        f"{one.tokens_per_chip_s:.4g}",
        round(one.input_tokens),
        round(one.output_tokens),
    )


__all__ = [
    "COLUMNS",
    "Accuracy",
    "ComparedMeasurement",
    "ErrorGroup",
    "Factors",
    "Validation",
    "compare",
    "group_of",
    "packaged_measurements",
    "validate_file",
    "validate_packaged",
]
