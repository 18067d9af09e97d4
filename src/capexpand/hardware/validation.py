"""How far the computed rates are from published ones: on the packaged measurements, or on any file of them.

Every prediction uses factors that were fitted without the row it predicts: a packaged row is predicted by the
fit of its fold, a row that is not packaged by the fit on all packaged rows.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from capexpand.catalogue.throughput_facts import ThroughputFact, throughput_facts
from capexpand.errors import CaseError, Problem, in_words
from capexpand.hardware.efficiency import Factors, fitted_factors, fitted_folds
from capexpand.hardware.layouts import Layout
from capexpand.hardware.measurements import Counted, Measurement, Phase, Unusable, parse_row
from capexpand.hardware.precision import Format
from capexpand.hardware.prediction import predict, stack

COLUMNS = ("model", "chip", "n_chips", "precision", "metric", "value", "unit")
"""Columns that a file of measurements must have."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measurement beside what was computed for it.

    Args:
        measurement: what was measured.
        predicted_tokens_per_chip_s: what was computed [tokens/s and chip].
        error: predicted over measured, less one.
        packaged: whether the row is among the packaged measurements, predicted by a fit without it.
    """

    measurement: Measurement
    predicted_tokens_per_chip_s: float
    error: float
    packaged: bool


@dataclass(frozen=True, slots=True)
class Group:
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
    """What a comparison with measurements found.

    Args:
        rows: rows in the file.
        used: rows compared.
        coverage: compared rows over all inference rows whose model and chip are in the catalogue.
        median_abs_error: median of the absolute relative errors; NaN without rows.
        p90_abs_error: its 90th percentile.
        within_factor: share of rows within a factor of 1.5.
        comparisons: every compared row.
        unusable: every other row with the reason.
    """

    rows: int
    used: int
    coverage: float
    median_abs_error: float
    p90_abs_error: float
    within_factor: float
    comparisons: tuple[Comparison, ...]
    unusable: tuple[Unusable, ...]

    def by(self, field: str) -> tuple[Group, ...]:
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


def group_of(name: str, comparisons: Sequence[Comparison]) -> Group:
    """Summarise some comparisons under a name.

    Args:
        name: what they share.
        comparisons: at least one.
    """
    errors = np.array([one.error for one in comparisons])
    factors = np.exp(np.abs(np.log1p(np.maximum(errors, -0.999))))
    return Group(
        name, errors.size, float(np.median(np.abs(errors))), float(np.median(errors)), float(factors.max())
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
        with path.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise CaseError([Problem(f"column {name} is missing", file=path, line=1) for name in missing])
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
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
        comparisons=comparisons,
        unusable=tuple(unusable),
    )


def compare(measurements: Sequence[Measurement]) -> tuple[Comparison, ...]:
    """Compute the rate of each measurement by a fit that did not see it.

    Args:
        measurements: what was measured.
    """
    if not measurements:
        return ()
    folds = {_identity(one): fold for one, fold in _packaged_folds()}
    fold_of = [folds.get(_identity(one)) for one in measurements]
    stacked = stack(measurements)
    predicted = predict(stacked, fitted_factors())
    for number, factors in enumerate(fitted_folds()):
        theirs = np.array([fold == number for fold in fold_of])
        if theirs.any():
            predicted = np.where(theirs, predict(stacked, factors), predicted)
    return tuple(
        Comparison(one, float(value), float(value / one.tokens_per_chip_s - 1), fold is not None)
        for one, value, fold in zip(measurements, predicted, fold_of, strict=True)
    )


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
    "Comparison",
    "Factors",
    "Group",
    "Validation",
    "compare",
    "group_of",
    "packaged_measurements",
    "validate_file",
    "validate_packaged",
]
