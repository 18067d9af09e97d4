"""Conditions that known benchmarks fix: prompt and answer lengths, latency limits, cache formats.

Sources: MLPerf inference rules and task-force reports (mlcommons.org), the performance pages of
TensorRT-LLM, InferenceX, GPUStack's performance lab, DeepSeek's system overview, and LMSYS reports. Lengths
of MLPerf are the means of its data sets in each model's own tokens; their variation is estimated.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import date

from capexpand.hardware.lab_conditions import PROFILE_RUNNING, case_of

SUITES = ("mlperf", "mlperf_early", "trtllm", "inferencex", "report", "engine", "community")
"""Families of measurements that share one factor: tuned submissions (from version 5, and before), the maker's
own bench, an independent sweep, operators' reports of tuned systems, an operator's tests of a public engine,
and public engines out of the box."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions that a benchmark fixes; lengths are NaN where it leaves them open.

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
        draft_tokens: tokens proposed ahead in each step; 0 without a draft.
        acceptance: probability that a proposed token is accepted.
        running_max: most requests in flight; infinite without a limit.
        test_requests: requests that the test sends in all; infinite for a long run.
        arrivals_per_s: requests sent each second; infinite where they are sent at once [1/s].
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
    draft_tokens: float = 0.0
    acceptance: float = 0.0
    running_max: float = math.inf
    test_requests: float = math.inf
    arrivals_per_s: float = math.inf


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
    "gpt-oss 120B": _MlperfTask(4000.0, 1278.2, (0.8, 0.8), (3.0, 0.08), (2.0, 0.02)),
}
"""The answers of gpt-oss have the mean that the benchmark's TEST09 holds submissions to (mlcommons/inference,
language/gpt-oss-120b/README.md). Its 6,396 prompts are papers to summarise; that is most of the test part of
ccdv/pubmed-summarization, whose papers have 3,000 words on average (Cohan et al., arXiv 1804.05685)."""

_DRAFTED = {"DeepSeek V3": (3.0, 0.7)}
"""From version 6 a reasoning task's interactive scenario may propose tokens with the model's own head."""

_TRTLLM_REQUESTS = {
    (128, 128): 30000.0,
    (128, 2048): 3000.0,
    (128, 4096): 1500.0,
    (500, 2000): 3000.0,
    (1000, 1000): 3000.0,
    (1000, 2000): 1500.0,
    (1024, 1024): 3000.0,
    (1024, 8192): 1500.0,
    (1024, 32768): 1000.0,
    (2048, 128): 3000.0,
    (2048, 2048): 1500.0,
    (5000, 500): 1500.0,
    (8192, 1024): 1500.0,
    (20000, 2000): 1000.0,
    (32768, 1024): 1000.0,
}
"""Requests of the maker's bench by lengths of prompt and answer, from versions 1.0 and 1.2 of its performance
overview, section on preparing a data set."""


def bench_requests(input_tokens: float, output_tokens: float) -> float:
    """Give the requests that the maker's bench sends at these lengths; infinite where its pages do not say.

    Args:
        input_tokens: prompt [tokens].
        output_tokens: answer [tokens].
    """
    if not (math.isfinite(input_tokens) and math.isfinite(output_tokens)):
        return math.inf
    return _TRTLLM_REQUESTS.get((round(input_tokens), round(output_tokens)), math.inf)


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
        return _mlperf(model, words, source)
    if "infersim" in source:
        return _infersim(model, words)
    if "gpustack" in source or "sharegpt" in words:
        return _gpustack(words, source)
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


_DATED = (
    (r"mlperf\D{0,12}v?6\.1", date(2026, 7, 31)),
    (r"mlperf\D{0,12}v?6\.0", date(2026, 2, 13)),
    (r"mlperf\D{0,12}v?5\.1", date(2025, 8, 1)),
    (r"mlperf\D{0,12}v?5\.0", date(2025, 2, 28)),
    (r"mlperf\D{0,12}v?4\.1", date(2024, 8, 2)),
    (r"mlperf\D{0,12}v?4\.0", date(2024, 2, 23)),
    (r"perf-overview v?0\.21", date(2025, 7, 15)),
    (r"perf-overview v?1\.0", date(2025, 9, 24)),
    (r"perf-overview v?1\.1", date(2025, 11, 25)),
    (r"perf-overview v?1\.2", date(2026, 2, 15)),
    (r"perf-overview", date(2026, 1, 15)),
    (r"inferencex|inferencemax", date(2026, 3, 1)),
    (r"glm-5\.2", date(2026, 8, 1)),
    (r"qwen3\.5", date(2026, 4, 1)),
    (r"gpustack", date(2025, 11, 15)),
    (r"on 96 h100", date(2025, 5, 5)),
    (r"gb200 nvl72 part ii", date(2025, 9, 25)),
    (r"gb200 nvl72 part i", date(2025, 6, 16)),
    (r"gb300 long context", date(2026, 2, 15)),
    (r"h20-96g", date(2025, 9, 26)),
    (r"cloudmatrix", date(2025, 6, 15)),
    (r"open-infra|inference system overview", date(2025, 2, 28)),
    (r"infersim", date(2025, 12, 1)),
)
"""Days of the software behind known sources: of submissions, releases, and posts."""


def software_day(metric: str, source_title: str, source_url: str) -> date | None:
    """Give the day of the software behind a row; None where neither its source nor its address tells.

    Args:
        metric: the row's metric.
        source_title: the row's source.
        source_url: its address; a post's carries its day.
    """
    if posted := re.search(r"(20\d\d)-(\d\d)-(\d\d)", source_url):
        try:
            return date(*(int(part) for part in posted.groups()))
        except ValueError:
            return None
    words = f"{metric} {source_title}".lower()
    return next((day for pattern, day in _DATED if re.search(pattern, words)), None)


_ENGINE_MAKERS = re.compile(r"\bred[ _]?hat\b")
"""Submitters to MLPerf who run the public engine that they distribute (vLLM), and not a chip maker's own."""


def _mlperf(model: str, words: str, source: str) -> Conditions:
    version = re.search(r"v\s*(\d+)(?:\.\d+)?", words)
    suite = "mlperf_early" if version and int(version.group(1)) < 5 else "mlperf"
    if _ENGINE_MAKERS.search(source):
        suite = "engine"
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
    drafted = (0.0, 0.0)
    if scenario == "interactive" and version and int(version.group(1)) >= 6:
        drafted = _DRAFTED.get(model, drafted)
    return replace(
        found,
        time_to_first_token_s=limits[0],
        time_per_token_s=limits[1],
        draft_tokens=drafted[0],
        acceptance=drafted[1],
    )


def _gpustack(words: str, source: str) -> Conditions:
    case, profiled = case_of(words, source)
    found = Conditions("community", cache="bf16")
    if case is None:
        return found
    return replace(
        found,
        input_tokens=case.input_tokens,
        output_tokens=case.output_tokens,
        output_variation=case.output_variation,
        input_variation=case.output_variation,
        running_max=PROFILE_RUNNING if profiled else math.inf,
        test_requests=case.requests,
        arrivals_per_s=case.arrivals_per_s,
    )


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
