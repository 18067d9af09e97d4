"""One's own measurements: the level at which one's chips and software run beside the model.

A calibration is a factor on computed rates for a chip, for a model, and for both together, each held near 1
as long as few measurements speak for it: the mean of the logarithms with one further row of error zero.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from capexpand.errors import CaseError, Problem
from capexpand.files import decode_text, json_of, parse_json, read_content, write_file
from capexpand.hardware.answer import Serving

is_calibration = json_of("levels", "spread", "left_out")
"""Tells a calibration from other files by its content."""
CALIBRATION_LIMIT_BYTES = 10_000_000
"""Far above the kilobytes that a calibration takes."""
MOST_LOG_FACTOR = 20.0
"""The size of a logarithm of measured over computed: a factor of half a billion."""
MOST_SPREAD = 100.0
"""Of any error or spread; those of real measurements are far below."""
PRIOR_ROWS = 1.0
"""Rows without error that each level is averaged with."""


@dataclass(frozen=True, slots=True)
class Level:
    """The logarithm of measured over computed for a chip and a model; empty names stand for all.

    Args:
        chip: catalogue name of the chip, or empty.
        model: catalogue name of the model, or empty.
        log_factor: the logarithm to add to a computed rate.
        rows: measurements behind it.
    """

    chip: str
    model: str
    log_factor: float
    rows: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The level of one's own measurements beside the model.

    Args:
        levels: of all, of chips, and of chips with models, each beside the one before it.
        spread: standard deviation of the logarithm of measured over computed that is left.
        rows: measurements used.
        before: median absolute relative error before.
        after: the same after.
        left_out: the same of each row by a calibration on the others.
    """

    levels: tuple[Level, ...]
    spread: float
    rows: int
    before: float
    after: float
    left_out: float

    def factor(self, chip: str, model: str) -> float:
        """Give the factor on a computed rate.

        Args:
            chip: catalogue name of the chip.
            model: catalogue name of the model.
        """
        named = {("", ""), (chip, ""), (chip, model)}
        return math.exp(sum(one.log_factor for one in self.levels if (one.chip, one.model) in named))

    def knows(self, chip: str) -> bool:
        """Tell whether a chip is among the measurements.

        Args:
            chip: catalogue name of the chip.
        """
        return any(one.chip == chip and one.rows for one in self.levels)

    @property
    def width(self) -> float:
        """Give the factor from the middle of the 80 % band of what is left to its end: of a normal law."""
        return math.exp(1.2816 * max(self.spread, 0.02))


@dataclass(frozen=True, slots=True)
class Observed:
    """One measurement beside its computed rate.

    Args:
        chip: catalogue name of the chip.
        model: catalogue name of the model.
        log_ratio: logarithm of measured over computed.
    """

    chip: str
    model: str
    log_ratio: float


def at_own_level(answer: Serving, calibration: Calibration) -> Serving:
    """Give an answer at the level of one's own measurements, with the band of what they leave open.

    Args:
        answer: as the model computes it.
        calibration: one's own measurements beside the model.
    """
    factor, known = calibration.factor(answer.chip, answer.model), calibration.knows(answer.chip)
    return replace(
        answer,
        requests_per_s=answer.requests_per_s * factor,
        input_tokens_per_s=answer.input_tokens_per_s * factor,
        output_tokens_per_s=answer.output_tokens_per_s * factor,
        time_per_token_s=answer.time_per_token_s / factor,
        prefill_s=answer.prefill_s / factor,
        energy_kwh_per_million_tokens=answer.energy_kwh_per_million_tokens / factor,
        low=1 / calibration.width if known else answer.low,
        high=calibration.width if known else answer.high,
        evidence="calibrated" if known else answer.evidence,
    )


def calibrate(observed: Sequence[Observed]) -> Calibration:
    """Find the levels of one's own measurements.

    Args:
        observed: at least one measurement beside its computed rate.

    Raises:
        CaseError: where there is none.
    """
    if not observed:
        raise CaseError(
            [Problem("no row is a measurement that can be compared, so there is nothing to calibrate")]
        )
    import numpy as np  # late, since cases that name a calibration are read without it

    levels = _levels(observed)
    ratios = np.array([one.log_ratio for one in observed])
    left = ratios - np.array([_log_factor(levels, one) for one in observed])
    apart = np.array(
        [
            one.log_ratio - _log_factor(_levels([*observed[:index], *observed[index + 1 :]]), one)
            for index, one in enumerate(observed)
        ]
    )

    def median_error(log_ratios: np.ndarray) -> float:
        return float(np.median(np.abs(np.expm1(-log_ratios))))

    return Calibration(
        levels=levels,
        spread=float(np.sqrt(np.mean(apart**2))),
        rows=len(observed),
        before=median_error(ratios),
        after=median_error(left),
        left_out=median_error(apart),
    )


def calibrate_file(path: Path, *, ran: Mapping[str, object] | None = None) -> Calibration:
    """Find the levels of the measurements in a file.

    A CSV is one of measurements as :func:`capexpand.hardware.validation.validate_file` reads them; a JSON is
    the output of a serving benchmark, see :mod:`capexpand.hardware.benchmark_output`.

    Args:
        path: the file.
        ran: ``model``, ``chip``, ``chips`` and ``weights`` of a benchmark's runs that do not say so.

    Raises:
        CaseError: where it cannot be read or holds no measurement that can be compared.
    """
    from capexpand.hardware.benchmark_output import read_benchmark
    from capexpand.hardware.validation import compare, validate_file

    json_file = path.suffix.lower() in {".json", ".jsonl"}
    if ran and not json_file:
        raise CaseError([Problem("a CSV names model and chips in each row", file=path)])
    found = compare(read_benchmark(path, ran=ran)) if json_file else validate_file(path).comparisons
    return calibrate(
        [
            Observed(
                one.measurement.chip,
                one.measurement.model,
                math.log(one.measurement.tokens_per_chip_s / one.predicted_tokens_per_chip_s),
            )
            for one in found
            if one.predicted_tokens_per_chip_s > 0
        ]
    )


def _log_factor(levels: Sequence[Level], one: Observed) -> float:
    named = {("", ""), (one.chip, ""), (one.chip, one.model)}
    return sum(level.log_factor for level in levels if (level.chip, level.model) in named)


def _levels(observed: Sequence[Observed]) -> tuple[Level, ...]:
    """Give the level of all, then of each chip beside it, then of each model on a chip beside both."""
    found: list[Level] = []
    for depth in range(3):  # of all, of a chip, of a model on a chip
        keys = [(one.chip if depth else "", one.model if depth > 1 else "") for one in observed]
        for key in sorted(set(keys)):
            theirs = [
                one.log_ratio - _log_factor(found, one)
                for one, its in zip(observed, keys, strict=True)
                if its == key
            ]
            found.append(Level(key[0], key[1], sum(theirs) / (len(theirs) + PRIOR_ROWS), len(theirs)))
    return tuple(found)


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration to a file that commands and cases can name.

    Args:
        path: a JSON file.

    Raises:
        RunError: where it cannot be written, or a file of another make stands there.
    """
    write_file(
        path, json.dumps(asdict(calibration), indent=1, ensure_ascii=False) + "\n", ours=is_calibration
    )


def read_calibration(path: Path) -> Calibration:
    """Read a calibration that :func:`write_calibration` wrote.

    Args:
        path: a JSON file.

    Raises:
        CaseError: where it cannot be read or is none.
    """
    return parse_calibration(read_content(path, CALIBRATION_LIMIT_BYTES), path)


def parse_calibration(content: bytes, path: Path) -> Calibration:
    """Parse a calibration that :func:`write_calibration` wrote.

    Args:
        content: what its file holds.
        path: the file, for messages.

    Raises:
        CaseError: where it is none.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        found = TypeAdapter(Calibration).validate_python(parse_json(decode_text(path, content), path))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        message = f"is not a calibration ({where or 'no object'}); capexpand calibrate FILE --out makes one"
        raise CaseError([Problem(message, file=path)]) from None
    problems = [
        Problem(f"levels.{number}.log_factor: {level.log_factor:g} is no logarithm of a factor", file=path)
        for number, level in enumerate(found.levels)
        if not abs(level.log_factor) <= MOST_LOG_FACTOR
    ]
    problems += [
        Problem(f"{name}: {value:g} is not a number from 0 to {MOST_SPREAD:g}", file=path)
        for name in ("spread", "before", "after", "left_out")
        if not 0.0 <= (value := getattr(found, name)) <= MOST_SPREAD
    ]
    if problems:
        raise CaseError(problems)
    return found
