"""Conditions that known benchmarks fix: prompt and answer lengths, latency limits, cache formats.

Sources: MLPerf inference rules and task-force reports (mlcommons.org), the performance pages of
TensorRT-LLM, InferenceX, GPUStack's performance lab, DeepSeek's system overview, and LMSYS reports. Lengths
of MLPerf are the means of its data sets in each model's own tokens; their variation is estimated.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

SUITES = ("mlperf", "mlperf_early", "trtllm", "inferencex", "report", "engine", "community")
"""Families of measurements that share one factor: tuned submissions (from version 5, and before), the maker's
own bench, an independent sweep, operators' reports of tuned systems, an operator's tests of a public engine,
and public engines out of the box."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a benchmark fixes; lengths are NaN where it leaves them open.

    Args:
        suite: family of measurements.
        input_tokens: mean prompt [tokens].
        output_tokens: mean answer [tokens].
        time_per_token_s: limit on the time per output token [s].
        time_to_first_token_s: limit on the time to the first token [s].
        cached_fraction: share of the prompt that a cache holds.
        cache: format of the key-value cache where it differs from the usual one.
        apart: whether prefill and decode may run on different chips.
        scenario: ``offline``, ``server`` or ``interactive`` where the benchmark has them.
        input_variation: standard deviation of the prompt length over its mean.
        output_variation: standard deviation of the answer length over its mean.
    """

    suite: str
    input_tokens: float = math.nan
    output_tokens: float = math.nan
    time_per_token_s: float = math.inf
    time_to_first_token_s: float = math.inf
    cached_fraction: float = 0.0
    cache: str | None = None
    apart: bool = False
    scenario: str = ""
    input_variation: float = 0.0
    output_variation: float = 0.0


@dataclass(frozen=True, slots=True)
class _MlperfTask:
    """Lengths [tokens] as mean and variation, and limits (first token, per token) [s] of an MLPerf task."""

    input_tokens: float
    output_tokens: float
    variation: tuple[float, float]
    server: tuple[float, float]
    interactive: tuple[float, float]


_MLPERF = {
    "Llama 2 70B": _MlperfTask(294.0, 294.5, (0.8, 0.7), (2.0, 0.2), (0.45, 0.04)),
    "Llama 3.1 405B": _MlperfTask(9428.0, 684.7, (0.6, 0.5), (6.0, 0.175), (4.5, 0.08)),
    "Llama 3.1 8B": _MlperfTask(870.0, 128.0, (0.5, 0.0), (2.0, 0.1), (0.5, 0.03)),
    "Mixtral 8x7B": _MlperfTask(360.0, 145.0, (0.8, 0.7), (2.0, 0.2), (0.5, 0.04)),
    "DeepSeek V3": _MlperfTask(790.0, 3886.0, (1.0, 1.0), (2.0, 0.08), (1.5, 0.015)),
    "gpt-oss 120B": _MlperfTask(1000.0, 1200.0, (0.8, 0.8), (3.0, 0.08), (2.0, 0.02)),
}

_GPUSTACK = {
    "short": (128.0, 4.0),
    "medium": (2000.0, 100.0),
    "long": (4000.0, 200.0),
    "very long": (32000.0, 100.0),
}
_SHAREGPT = (219.0, 201.0)


def suite_conditions(model: str, metric: str, source_title: str, quote: str) -> Conditions:
    """Recognise the benchmark behind a row, and give the conditions that it fixes.

    Args:
        model: catalogue name of the model.
        metric: the row's metric.
        source_title: the row's source.
        quote: what the row carries beside it; only looked at for the benchmark's name.
    """
    words, source = metric.lower(), f"{source_title} {quote[:60]}".lower()
    if "mlperf" in words or "mlperf" in source:
        return _mlperf(model, words)
    if "infersim" in source:
        return _infersim(model, words)
    if "gpustack" in source or "sharegpt" in words:
        return _gpustack(words)
    bench = next((suite for name, suite in _BENCHES.items() if name in source), "")
    if bench:
        return Conditions(bench, apart=bench == "inferencex")
    open_ended = Conditions("report", apart=True, cache="bf16")
    one_phase = "decode" in words or "prefill" in words
    return _serving_report(open_ended, words, source) if one_phase else open_ended


_BENCHES = {
    "trtllm": "trtllm",
    "tensorrt-llm perf": "trtllm",
    "inferencex": "inferencex",
    "inferencemax": "inferencex",
}


def _mlperf(model: str, words: str) -> Conditions:
    version = re.search(r"v\s*(\d+)(?:\.\d+)?", words)
    suite = "mlperf_early" if version and int(version.group(1)) < 5 else "mlperf"
    task = _MLPERF.get(model)
    if task is None:
        return Conditions(suite)
    scenario = next((name for name in ("interactive", "server") if name in words), "offline")
    found = Conditions(
        suite,
        task.input_tokens,
        task.output_tokens,
        scenario=scenario,
        input_variation=task.variation[0],
        output_variation=task.variation[1],
    )
    if scenario == "offline":
        return found
    limits = task.interactive if scenario == "interactive" else task.server
    return replace(found, time_to_first_token_s=limits[0], time_per_token_s=limits[1])


def _gpustack(words: str) -> Conditions:
    found = Conditions("community", cache="bf16")
    if "sharegpt" in words:
        return replace(found, input_tokens=_SHAREGPT[0], output_tokens=_SHAREGPT[1], output_variation=1.0)
    for name in ("very long", "medium", "short", "long"):
        if re.search(rf"\b{name} prompt", words):
            return replace(found, input_tokens=_GPUSTACK[name][0], output_tokens=_GPUSTACK[name][1])
    return found


def _infersim(model: str, words: str) -> Conditions:
    """DeepSeek's published profile runs 4096-token prompts; the engine tests run 4096 in and 2048 out."""
    if model == "DeepSeek V3":
        return Conditions("report", 4096.0, 1024.0, cache="bf16")
    limit = 0.05 if "decode" in words else math.inf
    return Conditions("engine", 4096.0, 2048.0, time_per_token_s=limit, cache="bf16")


def _serving_report(found: Conditions, words: str, source: str) -> Conditions:
    """DeepSeek's serving day: 608 bn tokens in, 168 bn out, 4989 tokens in the cache per token out."""
    if "open-infra" in source or "inference system overview" in source:
        cached = 0.563 if "prefill" in words or "input" in words else 0.0
        return replace(
            found, input_tokens=4000.0, output_tokens=1105.0, cached_fraction=cached, time_per_token_s=1 / 21
        )
    return replace(found, input_tokens=4096.0, output_tokens=1024.0)
