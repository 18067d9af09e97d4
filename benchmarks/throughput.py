"""Times a million throughput estimates beside a public estimator's.

Usage: python benchmarks/throughput.py [--peer aiconfigurator [--peer-every N] | --peer PYTHON]

With ``--peer aiconfigurator`` that package is installed into a throw-away environment, and both are compared
on the packaged measurements: errors and time. Another peer is GenZ (genz-llm), in an environment of its own
whose interpreter is named by --peer. One evaluation
of ours searches all layouts and batches for one (model, chip, prompt, answer) under a latency limit; one of
the peer's gives the times of prefill and decode for one layout and batch that are given to it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import numpy as np
from throughput_grid import output_rates
from throughput_peer import show

from capexpand.hardware.specs import Load

MODELS = ("Llama 3.1 8B", "Llama 3.1 70B", "Llama 3.1 405B", "Qwen3 32B", "Qwen3 235B-A22B", "DeepSeek V3",
          "Mixtral 8x7B", "gpt-oss 120B", "Qwen2.5 72B", "Llama 2 70B")  # fmt: skip
CHIPS = ("H20", "H100", "H200", "A800", "B200", "MI300X", "Ascend 910B", "Ascend 910C", "L40S", "H800")

PEER = """
import contextlib, io, json, sys, time
from GenZ import decode_moddeling, prefill_moddeling
repeats = int(sys.argv[1])
def one(tokens):
    prefill_moddeling(model="meta-llama/Llama-3.1-70B", batch_size=1, input_tokens=tokens,
                      system_name="H100_GPU", bits="bf16", tensor_parallel=8)
    decode_moddeling(model="meta-llama/Llama-3.1-70B", batch_size=32, input_tokens=tokens, output_tokens=500,
                     system_name="H100_GPU", bits="bf16", tensor_parallel=8)
with contextlib.redirect_stdout(io.StringIO()):
    one(1000)
    start = time.perf_counter()
    for number in range(repeats):
        one(1000 + number)
    seconds = (time.perf_counter() - start) / repeats
print(json.dumps({"seconds": seconds}))
"""


def ours(evaluations: int, *, limited: bool) -> float:
    """Give our time for one evaluation [s]."""
    loads = evaluations // (len(MODELS) * len(CHIPS))
    draw = np.random.default_rng(1)
    load = Load(
        draw.uniform(50, 20_000, loads),
        draw.uniform(20, 4000, loads),
        time_per_token_s=draw.uniform(0.02, 0.2, loads) if limited else np.inf,
    )
    start = time.perf_counter()
    rates = output_rates(MODELS, CHIPS, load)
    seconds = time.perf_counter() - start
    if not (rates > 0).any():
        raise SystemExit("nothing was served")
    return seconds / rates.size


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=1_000_000)
    parser.add_argument("--peer", help="aiconfigurator, or the interpreter of an environment with genz-llm")
    parser.add_argument("--peer-every", type=int, default=1, help="ask aiconfigurator every N-th row only")
    parser.add_argument("--peer-python", default="", help="an environment that has aiconfigurator already")
    parser.add_argument("--peer-repeats", type=int, default=20)
    options = parser.parse_args()
    ours(10_000, limited=True)
    results = {}
    for limited in (False, True):
        each = ours(options.evaluations, limited=limited)
        label = "with a limit on the time per token" if limited else "without limits"
        print(f"capexpand, {label}: {each * 1e6:.2f} µs each, {each * options.evaluations:.1f} s for all")
        results[limited] = each
    if options.peer == "aiconfigurator":
        show(options.peer_every, options.peer_python)
    elif options.peer:
        command = [options.peer, "-c", PEER, str(options.peer_repeats)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        if found.returncode:
            sys.exit(f"the peer did not run:\n{found.stderr[-2000:]}")
        peer = json.loads(found.stdout.splitlines()[-1])["seconds"]
        print(f"GenZ: {peer * 1e6:.0f} µs each; capexpand makes {peer / results[False]:,.0f} times as many "
              f"without limits, {peer / results[True]:,.0f} times with")  # fmt: skip


if __name__ == "__main__":
    main()
