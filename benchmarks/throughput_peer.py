"""Computed rates beside those of aiconfigurator, on the same published measurements and layouts, in one run.

aiconfigurator looks up kernels that its makers timed on NVIDIA's chips. Its package is installed into an
environment that is thrown away afterwards. It computes one layout and one batch at a time: for each row it is
asked at batches that double until its own memory check refuses, on the layout that was measured, or on all
that were possible, and the best rate counts, as with ours.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capexpand.hardware.chips import model_named
from capexpand.hardware.efficiency import fitted_factors
from capexpand.hardware.measurements import Measurement
from capexpand.hardware.prediction import predict, stack
from capexpand.hardware.validation import compare, packaged_measurements

PACKAGE = "aiconfigurator==0.12.0"

SYSTEMS = {"H100": "h100_sxm", "H200": "h200_sxm", "B200": "b200_sxm", "GB200": "gb200", "B300": "b300_sxm",
           "GB300": "gb300", "A100": "a100_sxm", "L40S": "l40s",
           "RTX PRO 6000 Server": "rtx_pro_6000_server"}  # fmt: skip

MODELS = {
    "Llama 3.1 8B": "meta-llama/Meta-Llama-3.1-8B",
    "Llama 3.1 70B": "meta-llama/Meta-Llama-3.1-70B",
    "Llama 3.1 405B": "meta-llama/Meta-Llama-3.1-405B",
    "Llama 4 Scout": "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "Llama 4 Maverick": "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
    "Qwen3 32B": "Qwen/Qwen3-32B",
    "Qwen3 30B-A3B": "Qwen/Qwen3-30B-A3B",
    "Qwen3 235B-A22B": "Qwen/Qwen3-235B-A22B",
    "DeepSeek V3": "deepseek-ai/DeepSeek-V3",
    "gpt-oss 20B": "openai/gpt-oss-20b",
    "gpt-oss 120B": "openai/gpt-oss-120b",
    "Mixtral 8x7B": "mistralai/Mixtral-8x7B-v0.1",
}

BATCHES = (16, 64, 128, 256, 512, 1024, 2048)

PEER = """
import json, logging, sys, time, warnings
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
from aiconfigurator.cli.api import cli_estimate
answers, seconds, asked = {}, 0.0, 0
for case in json.load(sys.stdin):
    best, why = 0.0, ""
    for layout in case["layouts"]:
        for batch in case["batches"]:
            start = time.perf_counter()
            try:
                found = cli_estimate(batch_size=batch, **case["asked"], **layout)
            except Exception as error:
                why = str(error)
                break
            seconds, asked = seconds + time.perf_counter() - start, asked + 1
            if found.kv_cache_warning:
                break
            best = max(best, float(found.raw["tokens/s/gpu"]))
    answers[case["row"]] = {"output": best, "why": why[:200]}
    print(case["row"], round(best), why[:80], file=sys.stderr, flush=True)
print(json.dumps({"answers": answers, "seconds": seconds / max(asked, 1), "asked": asked}))
"""


@dataclass(frozen=True, slots=True)
class Beside:
    """One row with both answers: tokens a second and chip."""

    measurement: Measurement
    ours: float
    unseen: float
    peer: float


def rows_for_peer() -> list[Measurement]:
    """Give the packaged rows that the peer can be asked: its chips and models, without a limit."""
    return [
        one
        for one in packaged_measurements()
        if one.chip in SYSTEMS
        and one.model in MODELS
        and one.phase == "together"
        and math.isinf(one.time_per_token_s)
        and math.isinf(one.arrivals_per_s)
        and not one.apart
    ]


def case_of(one: Measurement) -> dict[str, object]:
    """Write a row as the peer's arguments."""
    experts = float(np.max(model_named(one.model).expert_layers)) > 0
    eight = "fp8_block" if one.model == "DeepSeek V3" else "fp8"
    products = {"bf16": "bfloat16", "fp8": eight, "fp4": "nvfp4"}.get(one.weights, "bfloat16")
    routed = "w4a16_mxfp4" if one.weights == "int4" else products
    if one.model.startswith("gpt-oss"):
        products, routed = "bfloat16", "w4a16_mxfp4" if one.weights == "int4" else "w4a8_mxfp4_mxfp8"
    cache = "bfloat16" if one.cache == "bf16" or one.weights == "bf16" else "fp8"
    asked = {
        "model_path": MODELS[one.model],
        "system_name": SYSTEMS[one.chip],
        "isl": round(one.input_tokens),
        "osl": round(one.output_tokens),
        "gemm_quant_mode": products,
        "kvcache_quant_mode": cache,
    } | ({"moe_quant_mode": routed} if experts else {})
    if one.layout is None:
        sizes = [ways for ways in (1, 2, 4, 8) if ways <= one.chips]
        layouts = [(ways, 1, 1) for ways in sizes] + [(1, ways, 1) for ways in sizes[1:] if experts]
    else:
        layouts = [(one.layout.tensor, one.layout.data, one.layout.stages)]
    written = [
        {"tp_size": tensor, "attention_dp_size": data, "pp_size": stages}
        | ({"moe_tp_size": tensor, "moe_ep_size": data} if experts else {})
        for tensor, data, stages in layouts
    ]
    most = min(one.running_max, one.test_requests)
    return {"row": str(one.row), "asked": asked, "layouts": written,
            "batches": [batch for batch in BATCHES if batch <= max(most, BATCHES[0])]}  # fmt: skip


def asked_of_peer(rows: list[Measurement]) -> tuple[dict[str, float], float, int]:
    """Install the peer and ask it all rows: its answers, its time for one, and how often it was asked."""
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
        return answers_of(python, rows)


def answers_of(python: str, rows: list[Measurement]) -> tuple[dict[str, float], float, int]:
    """Ask the peer in an environment that has it."""
    text = json.dumps([case_of(one) for one in rows])
    found = subprocess.run([python, "-c", PEER], input=text, stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        sys.exit("the peer did not run")
    said = json.loads(found.stdout.splitlines()[-1])
    return {row: one["output"] for row, one in said["answers"].items()}, said["seconds"], said["asked"]


def summary(name: str, errors: list[float]) -> str:
    """Write the median and the 90th percentile of the absolute relative errors."""
    sizes = np.abs(errors)
    return f"{name} {np.median(sizes):6.1%} / {np.quantile(sizes, 0.9):6.1%}"


def show(every: int, python: str = "") -> None:
    """Print both answers' errors on the rows that both can answer, and both times.

    Args:
        every: ask every so many-th row only.
        python: interpreter of an environment that has the peer already.
    """
    rows = rows_for_peer()[::every]
    answers, seconds, asked = answers_of(python, rows) if python else asked_of_peer(rows)
    start = time.perf_counter()
    seen = predict(stack(rows), fitted_factors())
    ours_s = (time.perf_counter() - start) / len(rows)
    unseen = [one.predicted_tokens_per_chip_s for one in compare(rows)]
    found = []
    for one, ours, apart in zip(rows, seen, unseen, strict=True):
        counted = 1.0 if one.counted == "output" else 1 + one.input_tokens / one.output_tokens
        peer = answers.get(str(one.row), 0.0) * counted
        if peer > 0:
            found.append(Beside(one, float(ours), float(apart), peer))
    print(f"{len(found)} of {len(rows)} rows that both answer; median / 90th percentile of the error")
    for name in ("all", "dense", "experts"):
        chosen = [one for one in found if name in ("all", _kind(one.measurement))]
        if not chosen:
            continue
        measured = [one.measurement.tokens_per_chip_s for one in chosen]
        parts = [
            summary(label, [getattr(one, key) / rate - 1 for one, rate in zip(chosen, measured, strict=True)])
            for label, key in (
                ("ours, source left out", "unseen"),
                ("ours, in the fit", "ours"),
                ("peer", "peer"),
            )
        ]
        print(f"{name:8s} {len(chosen):4d} rows: {'; '.join(parts)}")
    print(f"peer: {seconds * 1000:.0f} ms for one layout and batch, asked {asked} times; ours: "
          f"{ours_s * 1e6:.0f} µs for a row with its search, rows one by one")  # fmt: skip


def _kind(one: Measurement) -> str:
    return "experts" if float(np.max(model_named(one.model).expert_layers)) > 0 else "dense"
