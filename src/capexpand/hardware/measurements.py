"""Published throughput measurements: reading rows of text into comparable rates.

A row names model, chip, chips, precision, a metric in words, a value and a unit. Sources differ in what they
count (output tokens, input tokens, both), per what (chip, node, system), at which lengths and under which
latency limit; all that is read from the words, with the published conditions of known benchmarks filled in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

import numpy as np

from capexpand.hardware.chips import chip_named, chip_register, model_named, model_register, runnable_format
from capexpand.hardware.conditions import (
    SUITES,
    Conditions,
    bench_requests,
    software_day,
    suite_conditions,
)
from capexpand.hardware.deployments import deployed
from capexpand.hardware.lab_conditions import (
    SWEPT_DRAFT,
    SWEPT_ON_ONE_SERVER,
    SWEPT_WITH_DRAFTS,
    Started,
    started,
)
from capexpand.hardware.layouts import Layout
from capexpand.hardware.precision import WEIGHT_BYTES, Format
from capexpand.hardware.room import BINARY_GB, USABLE_MEMORY
from capexpand.hardware.specs import ChipSpec
from capexpand.hardware.stated_conditions import stated

Counted: TypeAlias = Literal["input", "output", "total"]
Phase: TypeAlias = Literal["together", "prefill", "decode"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One published inference rate with its conditions.

    Args:
        row: number of the row in its file, from 1.
        model: catalogue name of the model.
        chip: catalogue name of the chip.
        chips: chips that the figure was measured on.
        weights: format of the weights.
        cache: format of the cache where it is known to differ from the usual one.
        phase: whether prefill and decode share the chips, or the figure is of one of them.
        counted: which tokens the figure counts.
        tokens_per_chip_s: the rate [tokens/s and chip].
        input_tokens: mean prompt [tokens].
        output_tokens: mean answer [tokens].
        cached_fraction: share of the prompt served from a cache and yet counted.
        time_per_token_s: limit on the time per output token [s]; infinite without.
        time_to_first_token_s: limit on the time to the first token [s]; infinite without.
        layout: layout where stated.
        apart: whether prefill and decode may run on different chips.
        suite: benchmark family, which shares one factor.
        scenario: ``offline``, ``server`` or ``interactive`` where the benchmark has them.
        capped: whether the chips ran at reduced power.
        input_variation: standard deviation of the prompt length over its mean.
        output_variation: standard deviation of the answer length over its mean.
        source_title: the source.
        software_on: day of the software that ran; None where it is not known.
        draft_tokens: tokens proposed ahead in each step; 0 without a draft.
        acceptance: probability that a proposed token is accepted.
        running_max: most requests in flight; infinite without a limit.
        test_requests: requests that the test sent in all; infinite for a long run.
        arrivals_per_s: requests sent each second; infinite where they were sent at once [1/s].
    """

    row: int
    model: str
    chip: str
    chips: int
    weights: Format
    cache: str | None
    phase: Phase
    counted: Counted
    tokens_per_chip_s: float
    input_tokens: float
    output_tokens: float
    cached_fraction: float
    time_per_token_s: float
    time_to_first_token_s: float
    layout: Layout | None
    apart: bool
    suite: str
    scenario: str
    capped: bool
    input_variation: float
    output_variation: float
    source_title: str
    software_on: date | None = None
    draft_tokens: float = 0.0
    acceptance: float = 0.0
    running_max: float = math.inf
    test_requests: float = math.inf
    arrivals_per_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row that is not a comparable inference rate.

    Args:
        row: number of the row in its file, from 1.
        label: model, chip and metric.
        reason: why it cannot be used.
        inference: whether it is an inference rate of a model and chip in the catalogue, so that leaving it
            out lowers the coverage.
    """

    row: int
    label: str
    reason: str
    inference: bool


_RATE_UNIT = re.compile(
    r"\b(tok(en)?s?)\s*/\s*s(ec(ond)?)?\b|\btokens? per second\b|\btps\b|\btgs\b", re.IGNORECASE
)
_TRAINING = re.compile(r"\btrain|pretrain|\bmfu\b|utilisation|utilization", re.IGNORECASE)
_LAYOUT = re.compile(r"\b(dep|tep|tp|ep|dp|pp)[\s=_-]*(\d+)\b", re.IGNORECASE)
_PER_CHIP = re.compile(
    r"/\s*(?:gpu|npu|chip|accelerator|tpu|card|device|xpu|die)\b|per (?:gpu|npu|chip|card|accelerator)",
    re.IGNORECASE,
)
_PER_NODE = re.compile(r"/\s*(?:node|server|host)\b|per (?:node|server)", re.IGNORECASE)
_PER_USER = re.compile(r"/\s*(?:user|request|query|stream)\b|per user", re.IGNORECASE)


MOST_CHIPS = 1_000_000
SMALLEST_RATE, LARGEST_RATE = 1e-9, 1e15
"""Of a rate [tokens/s]; beyond them a figure is a mistake."""


def parse_row(cells: Mapping[str, str], row: int) -> Measurement | Unusable:
    """Read one row of a measurements file.

    Args:
        cells: the row with the columns model, chip, n_chips, precision, metric, value and unit; source_title
            and quote help where present.
        row: its number, from 1.
    """
    text = {name: (cells.get(name) or "").strip() for name in _COLUMNS}
    label = " · ".join(part for part in (text["model"], text["chip"], text["metric"]) if part)
    problem = _why_not_inference(text)
    if problem:
        return Unusable(row, label, problem, inference=False)
    model, chip = model_register().find(text["model"]), chip_register().find(text["chip"])
    if model is None:
        return Unusable(row, label, f"model {text['model']!r} is not in the catalogue", inference=False)
    if chip is None:
        return Unusable(row, label, f"chip {text['chip']!r} is not in the catalogue", inference=False)
    per_chip, chips, problem = _rate_per_chip(text, chip)
    if problem:
        return Unusable(row, label, problem, inference=True)
    known = _conditions(text, model, chip)
    begun = started(text["source_title"], text["metric"], text["quote"], chip)
    if not (known.input_tokens <= LARGEST_RATE and known.output_tokens <= LARGEST_RATE):  # NaN is no length
        problem = "neither states its lengths nor belongs to a benchmark that fixes them"
        return Unusable(row, label, problem, inference=True)
    weights, cache = _formats(text["precision"], model, chip, known)
    if begun.chips and begun.chips != chips and _holds(model, chip, weights, begun.chips):
        per_chip, chips = per_chip * chips / begun.chips, begun.chips
    cache = begun.cache or cache
    if math.isfinite(begun.sequences):
        known = replace(known, running_max=min(known.running_max, begun.sequences))
    phase, counted = _counting(text)
    chips = _deployment(chips, text, model, weights, chip_named(chip), suite=known.suite, phase=phase)
    begun, chips = _described(text, begun, chips, known=known, phase=phase)
    if phase == "decode" and counted == "output" and known.cached_fraction:
        known = replace(known, cached_fraction=0.0)
    return Measurement(
        row=row,
        model=model,
        chip=chip,
        chips=chips,
        weights=weights,
        cache=cache,
        phase=phase,
        counted=counted,
        tokens_per_chip_s=per_chip,
        input_tokens=known.input_tokens,
        output_tokens=known.output_tokens,
        cached_fraction=known.cached_fraction,
        time_per_token_s=known.time_per_token_s,
        time_to_first_token_s=known.time_to_first_token_s,
        layout=_usable_layout(text["metric"], chips, model, known=known, begun=begun),
        apart=known.apart,
        suite=known.suite,
        scenario=known.scenario,
        input_variation=known.input_variation,
        output_variation=known.output_variation,
        capped="maxq" in text["chip"].lower().replace("-", ""),
        source_title=text["source_title"],
        software_on=software_day(text["metric"], text["source_title"], text["source_url"]),
        draft_tokens=known.draft_tokens,
        acceptance=known.acceptance,
        running_max=known.running_max,
        test_requests=known.test_requests,
        arrivals_per_s=known.arrivals_per_s,
    )


_COLUMNS = (
    "model",
    "chip",
    "n_chips",
    "precision",
    "metric",
    "value",
    "unit",
    "source_title",
    "source_url",
    "quote",
)


_NOT_INFERENCE: tuple[tuple[str, re.Pattern[str], bool, str], ...] = (
    (
        "unit",
        re.compile(r"quer(y|ies)\s*/|samples?\s*/\s*s|requests?\s*/\s*s|qps", re.IGNORECASE),
        True,
        "counts {unit}, not tokens each second",
    ),
    ("unit", _RATE_UNIT, False, "unit '{unit}' is not a rate of tokens"),
    (
        "unit",
        re.compile(r"tflop", re.IGNORECASE),
        True,
        "an efficiency per rated operation, the same measurement as its rate",
    ),
    (
        "unit",
        re.compile(r"/\s*(mw|kw|w|\$|usd)\b", re.IGNORECASE),
        True,
        "unit '{unit}' is not a rate of a chip or system",
    ),
    ("metric", _TRAINING, True, "training, not inference; see the training table"),
    ("model", _TRAINING, True, "training, not inference; see the training table"),
    ("unit", _PER_USER, True, "speed that one user sees, not a system's throughput"),
    (
        "metric",
        re.compile(r"\bsim(ulated|ulation)?\b|predicted", re.IGNORECASE),
        True,
        "simulated, not measured",
    ),
    (
        "metric",
        re.compile(r"fleet-mean|daily|average over", re.IGNORECASE),
        True,
        "mean of a fleet under a day's demand, not what its chips can serve; see the worked example",
    ),
)
"""What shows that a row is no inference rate: a column, a pattern, whether it must match, and the reason."""


def _why_not_inference(text: Mapping[str, str]) -> str:
    for column, pattern, tells, reason in _NOT_INFERENCE:
        if bool(pattern.search(text[column])) == tells:
            return reason.format(unit=text["unit"])
    try:
        value = float(text["value"])
    except ValueError:
        return f"value {text['value']!r} is not a number"
    if not 0 < value <= LARGEST_RATE:
        return f"value {text['value']!r} is not a positive number of usual size"
    return "" if value >= SMALLEST_RATE else f"value {text['value']!r} is next to nothing"


def _rate_per_chip(text: Mapping[str, str], chip: str) -> tuple[float, int, str]:
    """Give the rate per chip, the number of chips, and what is missing."""
    value, unit = float(text["value"]), text["unit"]
    server = chip_named(chip).server_chips
    try:
        stated = int(float(text["n_chips"])) if text["n_chips"] else 0
    except (ValueError, OverflowError):
        stated = -1
    if not 0 <= stated <= MOST_CHIPS:
        return 0.0, 0, f"number of chips {text['n_chips']!r} is not a number from 1 to {MOST_CHIPS:,}"
    if not stated:
        counted = re.search(r"(?<!\d)(\d+)\s*x\s*[a-z]|[a-z0-9]x(\d+)(?!\d)", text["chip"], re.IGNORECASE)
        stated = int(counted.group(1) or counted.group(2)) if counted else 0
    if _PER_CHIP.search(unit):
        return value, stated or max(server, 8), ""
    if _PER_NODE.search(unit):
        return value / min(stated or server, server), stated or server, ""
    if re.search(r"rack|nvl72", unit, re.IGNORECASE):
        return value / (stated or 72), stated or 72, ""
    if stated:
        return value / stated, stated, ""
    return 0.0, 0, "per system, and the number of chips is not stated"


def _conditions(text: Mapping[str, str], model: str, chip: str) -> Conditions:
    """Give the conditions of a row: its benchmark's, and what its metric says."""
    known = suite_conditions(model, text["metric"], text["source_title"], text["quote"])
    known = stated(_swept(known, model, chip), text["metric"])
    if known.suite == "trtllm" and math.isinf(known.test_requests):
        return replace(known, test_requests=bench_requests(known.input_tokens, known.output_tokens))
    return known


def _swept(known: Conditions, model: str, chip: str) -> Conditions:
    """Give a sweep's conditions: on one server or apart on several, with tokens proposed ahead or not."""
    if known.suite != "inferencex":
        return known
    if chip in SWEPT_ON_ONE_SERVER:
        return replace(known, apart=False, running_max=SWEPT_ON_ONE_SERVER[chip])
    if chip in SWEPT_WITH_DRAFTS and model == "DeepSeek V3":
        return replace(known, draft_tokens=SWEPT_DRAFT[0], acceptance=SWEPT_DRAFT[1])
    return known


def _described(
    text: Mapping[str, str], begun: Started, chips: int, *, known: Conditions, phase: Phase
) -> tuple[Started, int]:
    """Give the layout and the chips that the source of a row describes, where it does."""
    if known.suite == "inferencex" and not known.apart:
        return Started(chips, Layout(tensor=chips)), chips
    described = deployed(f"{text['source_title']} {text['quote']}", phase)
    if described is None or known.suite not in {"report", "engine"}:
        return begun, chips
    return Started(described.chips, described), described.chips


def _deployment(
    chips: int,
    text: Mapping[str, str],
    model: str,
    weights: Format,
    spec: ChipSpec,
    *,
    suite: str,
    phase: Phase,
) -> int:
    """Give the chips that a rate per chip or node was measured on, where the row does not name them.

    Reports of one phase use the whole of the scale-up domain; sweeps use a rack, a server where they serve on
    one, or servers for two copies, one to prefill and one to decode.
    """
    domain = min(int(float(np.max(spec.scale_up_chips))), 72)
    if suite == "report" and phase != "together":
        return min(chips if text["n_chips"] else max(chips, domain), _FLEET)
    if suite != "inferencex":
        return chips
    if spec.name in SWEPT_ON_ONE_SERVER:
        return spec.server_chips
    if float(np.max(spec.scale_up_chips)) > spec.server_chips:
        return max(chips, domain)
    needed = float(np.max(model_named(model).parameters_total)) * WEIGHT_BYTES[weights] / 1e9
    held = float(np.max(spec.memory_gb)) * spec.server_chips * USABLE_MEMORY * 0.9
    return max(chips, 2 * math.ceil(needed / held) * spec.server_chips)


_FLEET = 384
"""Chips of the largest groups that reports name; a figure for more of them is of a fleet of such groups."""


def _formats(stated: str, model: str, chip: str, known: Conditions) -> tuple[Format, str | None]:
    """Read the format of the weights that the chip runs, and of the cache where the row says."""
    weights, cache = _stated_formats(stated, chip, known)
    weights = runnable_format(model, chip, weights)
    return weights, "bf16" if known.suite == "trtllm" and weights == "int4" and cache is None else cache


def _stated_formats(stated: str, chip: str, known: Conditions) -> tuple[Format, str | None]:
    text = stated.lower()
    cache = "bf16" if re.search(r"bf16 (?:mla|attention)", text) else known.cache
    for pattern, name in (
        (r"(?:nv|mx)?fp4|w4a4|mxfp4", "fp4"),
        (r"u?int4|awq|gptq|w4a16", "int4"),
        (r"fp8|w8a8-fp8|e4m3", "fp8"),
        (r"int8|w8a8", "int8"),
        (r"bf16|fp16|half|w16a16", "bf16"),
    ):
        if re.search(pattern, text):
            return name, cache
    from capexpand.hardware.precision import default_precision

    return default_precision(chip_named(chip)).weights, cache


def _counting(text: Mapping[str, str]) -> tuple[Phase, Counted]:
    """Read what the figure counts, and whether it is of one phase only."""
    words = f"{text['metric']} {text['unit']}".lower()
    if re.search(r"\btotal\b|in\s*\+\s*out|input\s*(?:\+|and)\s*output", words):
        return "together", "total"
    if "prefill" in words:
        return "prefill", "input"
    if re.search(r"\bdecod", words):
        return "decode", "output"
    if re.search(r"\binput (?:tokens|throughput|rate)", words) and "output" not in words:
        return "prefill", "input"
    return "together", "output"


def _usable_layout(
    metric: str, chips: int, model: str, *, known: Conditions, begun: Started
) -> Layout | None:
    """Give the layout where the row fixes it.

    The maker's bench heads a column of a model with experts by the number of chips, as TP or as DEP, and runs
    attention data-parallel in both: its pages set ``enable_attention_dp`` for all models with experts.
    """
    if begun.layout is not None and begun.layout.chips == chips and chips > 1:
        return begun.layout
    found = _layout(metric, chips)
    experts = float(np.max(model_named(model).expert_layers)) > 0
    if found is not None and experts and known.suite == "trtllm" and found.chips == chips:
        return Layout(data=found.tensor * found.data, stages=found.stages) if chips > 1 else found
    return found


def _holds(model: str, chip: str, weights: Format, chips: int) -> bool:
    """Tell whether so many chips can hold a model's weights."""
    needed = float(np.max(model_named(model).parameters_total)) * WEIGHT_BYTES[weights] / 1e9
    return needed <= float(np.max(chip_named(chip).memory_gb)) * BINARY_GB * USABLE_MEMORY * chips


def _layout(metric: str, chips: int) -> Layout | None:
    """Read the layout where one is stated that fits the chips."""
    ways = {name.lower(): int(number) for name, number in _LAYOUT.findall(metric)}
    if not ways or re.search(r"dp attention|dp-attention", metric, re.IGNORECASE):
        tensor = ways.get("tp", 0)
        return Layout(data=tensor) if 1 < tensor <= chips else None
    data = ways.get("dep", ways.get("ep", ways.get("dp", 1)))
    tensor = ways.get("tp", ways.get("tep", 1))
    if tensor > 1 and "ep" in ways:
        data = 1
    layout = Layout(tensor=tensor, data=data, stages=ways.get("pp", 1))
    return layout if layout.chips <= max(chips, 1) else None


__all__ = ["SUITES", "Counted", "Measurement", "Phase", "Unusable", "parse_row"]
