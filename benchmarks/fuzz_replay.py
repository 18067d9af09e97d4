"""Feed mutated files to every reader of replay: python benchmarks/fuzz_replay.py [--count N] [--seed S]

A reader may return or raise an error of our own. Printed are inputs, refusals, the longest time and the most
memory of each reader; anything else ends the run with exit code 1 and the input that caused it.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from capexpand.errors import CapexpandError
from capexpand.replay.fleet import read_fleet
from capexpand.replay.sizing import read_replica_kinds
from capexpand.replay.sources.catalogue import read_trace

SACCT = "JobID|User|State|Submit|Start|End|NNodes|AllocTRES\n" + "".join(
    f"{i}|u|COMPLETED|2024-05-01T00:0{i}:00|2024-05-01T01:00:00|2024-05-01T02:00:00|2|cpu=64,gres/gpu:h=8,mem=64G\n"
    for i in range(5)
)
REPLICA = {
    "name": "r",
    "base_s": 0.01,
    "per_prefill_token_s": 1e-4,
    "per_cached_token_s": 1e-7,
    "per_sequence_s": 5e-5,
    "cost_per_hour": 2,
    "memory_tokens": 60_000,
    "sequences": 64,
}
NODE = {"offer": "a", "units": 4, "accelerators": 8, "model": "h", "cpu_cores": 128, "memory_gib": 2048}
LINE = {"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]}
READERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "fleet, CSV": (
        "f.csv",
        "offer,units,accelerators,model,cpu_cores\na,4,8,h,128\nb,2,4,p,64\n",
        read_fleet,
    ),
    "fleet, JSON": ("f.json", json.dumps({"nodes": [NODE, NODE | {"offer": "b"}]}), read_fleet),
    "replicas": ("r.json", json.dumps({"replicas": [REPLICA]}, indent=1), read_replica_kinds),
    "slurm": ("x_sacct.txt", SACCT, read_trace),
    "mooncake": ("x_trace.jsonl", "".join(json.dumps(LINE) + "\n" for _ in range(4)), read_trace),
    "jobs": (
        "j.csv",
        "arrival_s,duration_s,accelerators,cpu_milli,members\n0,9,1,4000,1\n5,9,8,0,2\n",
        read_trace,
    ),
    "requests": ("q.csv", "arrival_s,prompt_tokens,output_tokens\n0,100,20\n2.5,101,21\n", read_trace),
    "azure": (
        "AzureLLMInferenceTrace_x.csv",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,5,6\n2023-11-16 18:16,7,6\n",
        read_trace,
    ),
    "philly": ("philly.csv", "timestamp,duration,num_gpus,cluster\n2017-10-01 00:00:00,60,4,a\n", read_trace),
    "helios": (
        "cluster_log.csv",
        "vc,gpu_num,submit_time,duration\nv,8,2020-04-01 00:00:00,60\n",
        read_trace,
    ),
}
PIECES = (
    *(b"nan", b"inf", b"-inf", b"1e999", b"1e30", b"-1", b"0", b"0.5", b"true", b"null", b"9" * 400, b"1e9"),
    *(
        b'"',
        b"'",
        b"|",
        b",",
        b";",
        b"\n",
        b"\r",
        b"\t",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"{",
        b"[",
        b"}",
    ),
    *(b"", b" ", b"[/]", b"\x1b[31m", b"=1+1", b"\xe4\xba\xbf", b"[" * 3000, b"100000", b"1000000000000"),
)


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Cut, repeat and replace parts of a file, up to four times."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(content))
        until = min(len(content), at + chance.choice((0, 1, 3, 10, 100)))
        kind = chance.random()
        if kind < 0.6:
            content = content[:at] + chance.choice(PIECES) + content[until:]
        elif kind < 0.8:
            content = content[:until] + content[at:until] * chance.randint(1, 3) + content[until:]
        else:
            content = content[:at] + content[until:]
    return content


def fuzz(name: str, folder: Path, *, count: int, seed: int) -> bool:
    """Feed a reader; return whether all went well."""
    file, text, reader = READERS[name]
    chance = random.Random(f"{seed} {name}")
    path = folder / file
    refused, longest = 0, 0.0
    for _ in range(count):
        content = mutate(text.encode(), chance)
        path.write_bytes(content)
        start = time.perf_counter()
        try:
            reader(path)
        except CapexpandError as error:
            refused += 1
            if error.exit_code not in (2, 3, 4) or "Error" in str(error).replace(file, ""):
                print(f"{name}: {error}\n{content!r}")
                return False
        except BaseException:  # noqa: BLE001 - whatever comes out is what is looked for
            print(f"{name}: {content!r}")
            traceback.print_exc()
            return False
        longest = max(longest, time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{name:12} {count:6} inputs, {refused:6} refused, longest {longest:6.3f} s, memory {memory:.2f} GB"
    )
    return longest < 60 and memory < 4


def main() -> None:
    """Feed every reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="inputs a reader")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        good = [fuzz(name, Path(folder), count=options.count, seed=options.seed) for name in READERS]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
