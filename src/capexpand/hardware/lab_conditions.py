"""What the tests of GPUStack's performance lab fix: requests, lengths, and how the engine was started.

The lab's pages state their script. Up to 2025 it is vLLM's bench, which sends all requests of a case at once:
1000 of ShareGPT, 1000 random prompts of 128 tokens, 500 of 2000 and of 4000 tokens, 100 of 32000 tokens. From
2026 it is guidellm with at most 512 requests in flight; long prompts and long answers come at one a second.
An engine runs on one chip and with its own defaults unless its command says otherwise.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from capexpand.hardware.layouts import Layout


@dataclass(frozen=True, slots=True)
class LabCase:
    """Lengths and requests of one of the lab's cases.

    Args:
        words: what names the case in a metric.
        input_tokens: mean prompt [tokens].
        output_tokens: mean answer [tokens].
        requests: requests in all.
        arrivals_per_s: requests sent each second; infinite where all are sent at once [1/s].
        output_variation: standard deviation of the answers over their mean.
    """

    words: str
    input_tokens: float
    output_tokens: float
    requests: float
    arrivals_per_s: float = math.inf
    output_variation: float = 0.0


BURSTS = (
    LabCase(r"sharegpt", 219.0, 201.0, 1000.0, output_variation=1.0),
    LabCase(r"very long prompt", 32000.0, 100.0, 100.0),
    LabCase(r"medium prompt", 2000.0, 100.0, 500.0),
    LabCase(r"short prompt", 128.0, 4.0, 1000.0),
    LabCase(r"long prompt", 4000.0, 200.0, 500.0),
)
PROFILES = (
    LabCase(r"sharegpt", 342.0, 281.0, 1000.0, output_variation=1.0),
    LabCase(r"balanced", 8192.0, 1024.0, 1000.0),
    LabCase(r"throughput profile|short context", 1024.0, 128.0, 1000.0),
    LabCase(r"long context", 32000.0, 100.0, 100.0, arrivals_per_s=1.0),
    LabCase(r"generation heavy", 1000.0, 2000.0, 200.0, arrivals_per_s=1.0),
)
"""Profiles of the lab's one-click benchmark, as its pages of 2026 list them."""

PROFILE_RUNNING = 512.0
"""Most requests that the one-click benchmark keeps in flight."""

_PROFILED = re.compile(r"glm-5|qwen3\.[5-9]|profile|balanced|short context|long context|generation heavy")

SWEPT_ON_ONE_SERVER = {"MI300X": 64.0, "MI325X": 64.0}
"""Chips on which InferenceX serves its large models on one server, split eight ways, prompts and answers
together, with the most requests in flight (``dsr1-fp8-mi300x-sglang`` in its
``.github/configs/amd-master.yaml`` has ``tp: 8, conc-end: 64``). On others it also runs them apart."""

SWEPT_WITH_DRAFTS = frozenset({"B200", "GB200", "B300", "GB300"})
"""Chips on which InferenceX also lets DeepSeek R1 propose tokens with its own head: one to three of them
(``benchmarks/multi_node/srt-slurm-recipes/dsr1/trtllm`` has ``mtp1`` to ``mtp3`` beside ``mtp0``). Its
comparisons take the frontier of all runs of a chip (``buildGpuDataPoints`` of its application filters by
chip, lengths and format only). The recipes for H100 propose tokens too, but its rates in the comparisons are
those of a copy split sixteen ways without them."""

SWEPT_DRAFT = (3.0, 0.6)
"""Tokens proposed, and the probability that each is accepted. An assumption: less than in MLPerf's reasoning
questions, because the sweep's prompts are random tokens (``--dataset-name random``)."""

VLLM_SEQUENCES = {"A100": 256.0, "L4": 256.0, "L40S": 256.0, "A10": 256.0, "": 1024.0}
"""Sequences that vLLM's server runs at once unless told otherwise: 1024 on chips with 70 GiB or more other
than A100, 256 on all others."""

_TENSOR = re.compile(r"(?:--tensor-parallel-size|--tp-size|--tp|-tp)[ =]*(\d+)")
_RANKS = re.compile(r"(?:--data-parallel-size|--dp-size|--dp|-dp)[ =]*(\d+)")
_SEQUENCES = re.compile(r"(?:--max-num-seqs|--max-running-requests|--max_batch_size)[ =]*(\d+)")

PAGES = {
    "glm-5.2 on h200": "--tp-size=8 --dp-size=8 --enable-dp-attention --max-running-requests=256 "
    "--kv-cache-dtype=fp8_e4m3",
    "deepseek-r1 on h200": "python3 -m sglang.launch_server --tp 8 --enable-dp-attention",
    "qwen3.5-9b on h100": "vllm serve Qwen/Qwen3.5-9B --max-num-seqs=512",
    "qwen3-30b-a3b on 910b": "mindie serve Qwen/Qwen3-30B-A3B -tp 2",
}
"""Commands of pages whose rows quote them in part or not at all. The last does not state its split: one
64 GB chip cannot hold 61 GB of weights beside a thousand requests, and the run beside it took two."""


def case_of(metric: str, source: str) -> tuple[LabCase | None, bool]:
    """Give the lab's case behind a metric, and whether its one-click benchmark ran it.

    Args:
        metric: the row's metric in lower case.
        source: the row's source in lower case.
    """
    profiled = bool(_PROFILED.search(f"{metric} {source}"))
    cases = PROFILES if profiled else BURSTS
    return next((case for case in cases if re.search(case.words, metric)), None), profiled


@dataclass(frozen=True, slots=True)
class Started:
    """How an engine was started.

    Args:
        chips: chips that its command names; 0 where there is no command.
        layout: the layout that it names; None where it leaves it open.
        sequences: most sequences that it runs at once; infinite where it leaves that to memory.
        cache: format of the cache that it names; None where it names none.
    """

    chips: int = 0
    layout: Layout | None = None
    sequences: float = math.inf
    cache: str | None = None


def started(source_title: str, metric: str, quote: str, chip: str) -> Started:
    """Read how the engine behind a row was started.

    Args:
        source_title: the row's source.
        metric: the row's metric.
        quote: the row's quote; what follows ``cmd:`` is the command.
        chip: catalogue name of the chip.
    """
    title = source_title.lower()
    if "gpustack" not in title:
        return Started()
    command = quote.partition("cmd:")[2]
    command = next((text for page, text in PAGES.items() if page in title), command).strip()
    if not command:
        return Started()
    tensor, ranks = _TENSOR.search(command), _RANKS.search(command)
    ways = int(tensor[1]) if tensor else 1
    data = int(ranks[1]) if ranks and "dp-attention" in command else 1
    layout = Layout(tensor=ways // data, data=data) if ways % data == 0 else Layout(tensor=ways)
    named = _SEQUENCES.search(command)
    sequences = float(named[1]) if named else math.inf
    if not named and "vllm" in f"{command} {metric}".lower():
        sequences = VLLM_SEQUENCES.get(chip, VLLM_SEQUENCES[""])
    cache = "fp8" if re.search(r"kv-cache-dtype[ =]*fp8", command) else None
    return Started(layout.chips, layout, sequences, cache)
