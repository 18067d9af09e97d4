"""Output of serving benchmarks (vLLM, SGLang, genai-perf) as measurements.

Such files say how many tokens went in and out and how long it took; the chip, their number and the format of
the weights are one's own to add, as ``chip``, ``chips`` and ``weights`` beside the benchmark's names, or for
all runs at once. Names are also looked for in the parts on settings that genai-perf (``input_config``) and
SGLang (``server_info``) write.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from capexpand.errors import CaseError, Problem
from capexpand.files import parse_json, read_text
from capexpand.files.json_text import JsonObject
from capexpand.hardware.chips import chip_named, chip_register, model_register
from capexpand.hardware.measurements import Measurement
from capexpand.hardware.precision import WEIGHT_BYTES, Format, default_precision

_MODEL = ("model_id", "model", "model_path", "served_model_name", "model_names")
_PARTS = ("records", "input_config", "server_info", "endpoint", "perf_analyzer", "stimulus", "loadgen")
"""Parts of a file that hold settings or figures under the same names."""
_RATE = ("output_throughput", "output_token_throughput")
_INPUT = ("total_input_tokens", "total_input")
_OUTPUT = ("total_output_tokens", "total_generated_tokens", "total_output")
_REQUESTS = ("completed", "num_prompts", "request_count", "successful_requests")
LARGEST = 1e12
"""Of any figure in such a file; a larger one is a mistake, and infinity and no number are none."""
_CONCURRENCY = ("max_concurrency", "concurrency")


def read_benchmark(path: Path, *, ran: Mapping[str, object] | None = None) -> tuple[Measurement, ...]:
    """Read the runs of a benchmark: one JSON object, a list of them, or one on each line.

    Args:
        path: the file.
        ran: ``model``, ``chip``, ``chips`` and ``weights`` of runs that do not say so themselves.

    Raises:
        CaseError: where it cannot be read, or a run lacks what a measurement needs; every problem at once.
    """
    runs = _objects(read_text(path), path)
    problems: list[Problem] = []
    found = [
        one
        for number, run in enumerate(runs, 1)
        if (one := _measurement({**(ran or {}), **_flat(run)}, number, path, problems)) is not None
    ]
    if problems:
        raise CaseError(problems)
    return tuple(found)


def _objects(text: str, path: Path) -> list[Mapping[str, Any]]:
    """Parse one document or one on each line; SGLang writes Infinity where a rate has no limit."""
    try:
        content = parse_json(text, path, finite=False)
    except CaseError:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2:
            raise
        content = [parse_json(line, path, line=number, finite=False) for number, line in lines]
    many = content if isinstance(content, list) else [content]
    return [one for one in many if isinstance(one, dict)]


def _flat(run: Mapping[str, Any]) -> JsonObject:
    """Lay the names of a run's parts beside its own, which go before them."""
    found: JsonObject = {}
    for part in _PARTS:
        if isinstance(inner := run.get(part), dict):
            found = {**_flat(inner), **found}
    return {**found, **run}


def _text(value: object) -> str:
    """Give a name, the first where a list holds several."""
    return str(value[0] if isinstance(value, list) and value else value or "")


def _value(run: Mapping[str, Any], names: tuple[str, ...]) -> float:
    """Give the first of some names that holds a number, or the mean of a table of statistics; NaN without."""
    for name in names:
        value = run.get(name)
        value = value.get("avg") if isinstance(value, dict) else value
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST:
            return float(value)
    return math.nan


def _lengths(run: Mapping[str, Any]) -> tuple[float, float]:
    requests = _value(run, _REQUESTS) or math.nan
    prompt = _value(run, ("input_sequence_length", "random_input_len", "mean_input_tokens"))
    answer = _value(run, ("output_sequence_length", "random_output_len", "mean_output_tokens"))
    prompt = _value(run, _INPUT) / requests if math.isnan(prompt) else prompt
    return prompt, _value(run, _OUTPUT) / requests if math.isnan(answer) else answer


def _absent(kind: str, named: str) -> str:
    """Say that a run names no model or chip, or none of the catalogue."""
    if not named:
        return f'it does not name its {kind}; add it as "{kind}", or with --{kind}'
    return f"{kind} '{named}' is not in the catalogue"


def _measurement(
    run: Mapping[str, Any], number: int, path: Path, problems: list[Problem]
) -> Measurement | None:
    """Turn a run into a measurement; what it lacks is added to the problems."""
    named = next((_text(run[name]) for name in _MODEL if run.get(name)), "")
    model = model_register().find(named)
    chip = chip_register().find(str(run.get("chip", "")))
    count, rate = _value(run, ("chips", "num_gpus")), _value(run, _RATE)
    prompt, answer = _lengths(run)
    lacking = [
        text
        for bad, text in (
            (model is None, _absent("model", named)),
            (chip is None, _absent("chip", str(run.get("chip", "")))),
            (not count >= 1, 'the number of chips is missing; add it as "chips", or with --count'),
            (not rate > 0, f"none of {', '.join(_RATE)} is a rate above zero"),
            (
                not (0 < prompt <= LARGEST and 0 < answer <= LARGEST),
                "mean lengths of prompts and answers cannot be read",
            ),
        )
        if bad
    ]
    problems += [Problem(f"run {number}: {text}", file=path) for text in lacking]
    if lacking or model is None or chip is None:
        return None
    weights = str(run.get("weights", default_precision(chip_named(chip)).weights))
    if weights not in WEIGHT_BYTES:
        problems.append(
            Problem(f"run {number}: weights '{weights}' is not one of {', '.join(WEIGHT_BYTES)}", file=path)
        )
        return None
    running = _value(run, _CONCURRENCY)
    return Measurement(
        row=number,
        model=model,
        chip=chip,
        chips=int(count),
        weights=cast("Format", weights),
        cache=None,
        phase="together",
        counted="output",
        tokens_per_chip_s=rate / count,
        input_tokens=prompt,
        output_tokens=answer,
        cached_fraction=0.0,
        time_per_token_s=math.inf,
        time_to_first_token_s=math.inf,
        layout=None,
        apart=False,
        suite="typical",
        scenario="",
        capped=False,
        input_variation=0.0,
        output_variation=0.0,
        source_title=path.name,
        running_max=running if running > 0 else math.inf,
    )
