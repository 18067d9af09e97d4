"""``tokens``: what accelerators serve of a model."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from capexpand.api.shown import Documented
from capexpand.errors import CaseError, Problem

if TYPE_CHECKING:
    from polars import DataFrame

    from capexpand.hardware.calibration import Calibration
    from capexpand.hardware.estimate import Serving, ServingQuestion
    from capexpand.hardware.pareto import TokenCosts, TradePoint
    from capexpand.hardware.specs import ChipSpec, Load, ModelSpec

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?(?:e-?\d+)?)\s*(us|µs|ms|s|min)\s*", re.IGNORECASE)
_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}


@dataclass(frozen=True, slots=True)
class ServingOptions:
    """The options as they were written; times are text with a unit, None is not given."""

    count: int | None = None
    input_tokens: float = 1024.0
    output_tokens: float = 1024.0
    cached: float = 0.0
    tpot: str | None = None
    ttft: str | None = None
    weights: str | None = None
    cache: str | None = None
    way: str = "best"
    layout: str | None = None
    suite: str = "typical"
    config: Path | None = None
    chip_file: Path | None = None
    draft: int = 0
    acceptance: float = 0.0
    software: str | None = None
    calibration: Path | None = None
    offload: float | None = None


def question(model: str | None, chip: str | None, *, asked: ServingOptions) -> ServingQuestion:
    """Read the options as the model of the hardware takes them.

    Args:
        model: name of the model; None with a configuration.
        chip: name of the chip; None with a data sheet.
        asked: the options.

    Raises:
        CaseError: for options that cannot be read; every problem at once.
    """
    from capexpand.hardware.estimate import ServingQuestion
    from capexpand.hardware.layouts import Layout
    from capexpand.hardware.specs import Load

    problems: list[Problem] = []
    limits = _seconds("--tpot", asked.tpot, problems), _seconds("--ttft", asked.ttft, problems)
    problems += _mistakes(asked)
    layout = None
    try:
        layout = Layout.parse(asked.layout or "")
    except ValueError as error:
        problems.append(Problem(f"--layout: {error}"))
    software_on = _day("--software", asked.software, problems)
    if problems:
        raise CaseError(problems)
    load = Load(
        asked.input_tokens,
        asked.output_tokens,
        asked.cached,
        time_per_token_s=limits[0],
        time_to_first_token_s=limits[1],
        draft_tokens=float(asked.draft),
        acceptance=asked.acceptance,
        offload_gb_per_s=math.inf if asked.offload is None else asked.offload,
    )
    return ServingQuestion(
        model=_own_model(asked.config, load) if asked.config is not None else str(model),
        chip=_own_chip(asked.chip_file) if asked.chip_file is not None else str(chip),
        chips=asked.count,
        load=load,
        weights=asked.weights,
        cache=asked.cache,
        way=_WAYS[asked.way],
        layout=layout,
        suite=asked.suite,
        software_on=software_on,
        calibration=_calibration(asked.calibration),
    )


def _own_model(path: Path, load: Load) -> ModelSpec:
    from capexpand.hardware.own import read_model_config

    read = read_model_config(path)
    if read.not_read:
        print(f"{path}: not understood and left out: {', '.join(read.not_read)}", file=sys.stderr)
    longest = float(load.input_tokens + load.output_tokens)
    if 0 < read.context_tokens < longest:
        raise CaseError(
            [
                Problem(
                    f"{longest:,.0f} tokens of prompt and answer are more than the model takes: "
                    f"max_position_embeddings is {read.context_tokens:,}",
                    file=path,
                )
            ]
        )
    return read.spec


def _own_chip(path: Path) -> ChipSpec:
    from capexpand.hardware.own import read_chip

    return read_chip(path)


def _calibration(path: Path | None) -> Calibration | None:
    from capexpand.hardware.calibration import read_calibration

    return None if path is None else read_calibration(path)


def _day(option: str, text: str | None, problems: list[Problem]) -> date | None:
    """Read a day; what cannot be read is added to the problems."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(Problem(f"{option}: '{text}' is not a day; write it as 2026-06-30"))
        return None


_WAYS: dict[str, Literal["together", "apart", "best"]] = {
    "together": "together",
    "apart": "apart",
    "best": "best",
}


def _mistakes(asked: ServingOptions) -> list[Problem]:
    """Find what is wrong with the options that are words or counts."""
    from capexpand.hardware.estimate import SUITE_NAMES

    problems: list[Problem] = []
    if asked.count is not None and asked.count < 1:
        problems.append(Problem(f"--count: {asked.count} is less than one chip"))
    if asked.draft > 0 and not asked.acceptance:
        problems.append(Problem("--draft: say how often a proposed token is accepted, as --acceptance 0.7"))
    if asked.acceptance and not asked.draft:
        problems.append(Problem("--acceptance: is of tokens proposed ahead; say how many, as --draft 3"))
    if asked.way not in _WAYS:
        problems.append(Problem(f"--way: '{asked.way}' is not one of {', '.join(_WAYS)}"))
    if asked.suite not in SUITE_NAMES:
        problems.append(Problem(f"--suite: '{asked.suite}' is not one of {', '.join(SUITE_NAMES)}"))
    return problems


def _seconds(option: str, text: str | None, problems: list[Problem]) -> float:
    """Read a time; what cannot be read is added to the problems."""
    if text is None:
        return math.inf
    found = _DURATION.fullmatch(text)
    if not found or float(found[1]) <= 0:
        problems.append(Problem(f"{option}: '{text}' is not a time; write it as 50ms or 2s"))
        return math.inf
    return float(found[1]) * _SECONDS[found[2].lower()]


@dataclass(frozen=True, slots=True, repr=False)
class ServedTokens(Documented):
    """The tokens that chips serve of a model, with their costs where a price was given."""

    answer: Serving
    load: Load
    costs: TokenCosts | None = None

    @property
    def document(self) -> Mapping[str, Any]:
        """The answer as one JSON object."""
        added = {} if self.costs is None else {"costs": asdict(self.costs)}
        return {**asdict(self.answer), **added}

    @property
    def tables(self) -> Mapping[str, DataFrame]:  # pyrefly: ignore[missing-override-decorator]
        """The answer as one row."""
        import polars as pl

        plain = {key: value for key, value in self.document.items() if isinstance(value, str | int | float)}
        return {"tokens": pl.DataFrame([plain])}

    def _title(self) -> tuple[str, str]:
        return "tokens", f"{self.answer.model} on {self.answer.chips} × {self.answer.chip}"

    def __repr__(self) -> str:  # pyrefly: ignore[missing-override-decorator]
        one = self.answer
        served = f"{one.output_tokens_per_s:,.0f} tokens/s" if one.fits else one.reason
        return f"<{one.model} on {one.chips} × {one.chip}: {served}>"


@dataclass(frozen=True, slots=True, repr=False)
class TradeCurve(Documented):
    """Tokens for each chip against tokens for each user, and what tokens cost where a price was given."""

    points: tuple[TradePoint, ...]
    costs: tuple[TokenCosts | None, ...]

    @property
    def document(self) -> Mapping[str, Any]:
        """The curve as one JSON object."""
        return {
            "points": [
                {**asdict(one), "costs": None if cost is None else asdict(cost)}
                for one, cost in zip(self.points, self.costs, strict=True)
            ]
        }

    @property
    def tables(self) -> Mapping[str, DataFrame]:  # pyrefly: ignore[missing-override-decorator]
        """The points of the curve, one a row."""
        import polars as pl

        rows = [
            {
                "tokens_per_user_s": one.tokens_per_user_s,
                "tokens_per_chip_s": one.tokens_per_chip_s,
                "time_per_token_s": one.time_per_token_s,
                "time_to_first_token_s": one.time_to_first_token_s,
                "layout": one.answer.layout,
                "cost_per_million_output": None if cost is None else cost.per_million_output,
            }
            for one, cost in zip(self.points, self.costs, strict=True)
        ]
        return {"curve": pl.DataFrame(rows)}

    def _title(self) -> tuple[str, str]:
        first = self.points[0].answer
        return "tokens", f"{first.model} on {first.chips} × {first.chip}: tokens per chip and per user"

    def __repr__(self) -> str:  # pyrefly: ignore[missing-override-decorator]
        first = self.points[0].answer
        return f"<{len(self.points)} points of {first.model} on {first.chips} × {first.chip}>"


def tokens(
    model: str | None = None,
    chip: str | None = None,
    *,
    count: int | None = None,
    input_tokens: float = 1024.0,
    output_tokens: float = 1024.0,
    cached: float = 0.0,
    tpot: str | None = None,
    ttft: str | None = None,
    weights: str | None = None,
    cache: str | None = None,
    way: str = "best",
    layout: str | None = None,
    suite: str = "typical",
    config: Path | None = None,
    chip_file: Path | None = None,
    draft: int = 0,
    acceptance: float = 0.0,
    software: str | None = None,
    calibration: Path | None = None,
    offload: float | None = None,
    hourly_price: float | None = None,
    pareto: bool = False,
) -> ServedTokens | TradeCurve:
    """Say what chips serve of a model: tokens per second, layout, what bounds it, energy.

    Args:
        model: name in the catalogue of models; None with ``config``.
        chip: name in the catalogue of accelerators; None with ``chip_file``.
        count: chips to use; one server if absent.
        input_tokens: mean prompt.
        output_tokens: mean answer.
        cached: share of the prompt that a cache holds, in [0, 1).
        tpot: longest time per output token, such as ``50ms``.
        ttft: longest time to the first token, such as ``2s``.
        weights: format of the weights: bf16, fp8, int8, fp4 or int4; what suits the chip if absent.
        cache: format of the cache: bf16, fp8 or fp4.
        way: prefill and decode ``together``, ``apart`` or as is ``best``.
        layout: one layout only, such as TP8 or DEP16.
        suite: whose software to expect: typical, report or community.
        config: a model's config.json in place of its name.
        chip_file: a chip's data sheet in YAML in place of its name.
        draft: tokens proposed ahead in each step (speculative decoding).
        acceptance: probability that a proposed token is accepted.
        software: day of the software, such as 2026-06-30; mature if absent.
        calibration: what ``calibrate`` wrote.
        offload: the cached part of prompts lies in host memory or a store, from which each chip reads so many
            gigabytes a second; in its own memory if absent.
        hourly_price: price of a chip for an hour, in any currency; adds costs.
        pareto: tokens per chip against tokens per user in place of one answer.

    Raises:
        CaseError: unknown names, formats and suites, impossible numbers, or nothing can be served on a curve.
    """
    if config is not None and chip is None and chip_file is None:  # the one name given is the chip's
        model, chip = None, model
    if problems := _mistakes_of_names(model, chip, config=config, chip_file=chip_file):
        raise CaseError(problems)
    asked = ServingOptions(
        count=count, input_tokens=input_tokens, output_tokens=output_tokens, cached=cached, tpot=tpot,
        ttft=ttft, weights=weights, cache=cache, way=way, layout=layout, suite=suite, config=config,
        chip_file=chip_file, draft=draft, acceptance=acceptance, software=software, calibration=calibration,
        offload=offload,
    )  # fmt: skip
    from capexpand.hardware.estimate import serve
    from capexpand.hardware.pareto import token_costs

    put = question(model, chip, asked=asked)
    if pareto:
        return _trade_curve(put, hourly_price)
    answer = serve(put)
    costs = None if hourly_price is None else token_costs(answer, put.load, hourly_price=hourly_price)
    return ServedTokens(answer, put.load, costs)


def _mistakes_of_names(
    model: str | None, chip: str | None, *, config: Path | None, chip_file: Path | None
) -> list[Problem]:
    """Find a model or a chip that is named not at all, twice, or by a file where a name belongs."""
    if (model is None and config is None) or (chip is None and chip_file is None):
        return [Problem("name a model and a chip: capexpand tokens 'DeepSeek R1' H20")]
    problems: list[Problem] = []
    for name, file, option, suffixes in (
        (model, config, "--config", (".json",)),
        (chip, chip_file, "--chip", (".yaml", ".yml")),
    ):
        if name is not None and file is not None:
            problems.append(Problem(f"{option} {file}: takes the place of a name, and '{name}' is given too"))
        elif name is not None and name.lower().endswith(suffixes):
            problems.append(Problem(f"'{name}' is a file; write {option} {name}"))
    return problems


def _trade_curve(put: ServingQuestion, hourly_price: float | None) -> TradeCurve:
    from capexpand.hardware.pareto import token_costs, trade_curve

    curve = trade_curve(put)
    if not curve:
        raise CaseError([Problem("nothing can be served at any speed that users may ask for")])
    costs = tuple(
        None if hourly_price is None else token_costs(one.answer, put.load, hourly_price=hourly_price)
        for one in curve
    )
    return TradeCurve(tuple(curve), costs)
