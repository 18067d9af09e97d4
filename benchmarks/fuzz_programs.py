"""Feed mutated program files to ``capexpand solve``: each must end in a result or in a message for its user.

Run ``python benchmarks/fuzz_programs.py --count 1000 --seed 1``. Every input is one of a few valid files with
some changes to its structure, its numbers or its bytes. It runs in a process of its own, whose exit code,
time, memory and output are looked at. One JSON object is printed; the exit code is 1 where something failed,
and the inputs that failed are kept in the folder ``--keep``.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOOD_CODES = {0, 2, 3, 4}
PYTHON_NAMES = re.compile(
    r"Traceback|\b\w*(Type|Value|Key|Attribute|Index|Overflow|Memory|Recursion|ZeroDivision|Assertion)Error\b"
    r"|NoneType|\bndarray\b|\bfloat64\b|\bdict\b|\bstr\b|dictionary|<class|object at 0x|numpy|pydantic"
)
_STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 0.5, 1.5, 1e-300, 1e15, 1e16, 1e20, -1e30, 1e308, 10**400, float("nan"),
    float("inf"), float("-inf"), "", "x", "1", "x.in", "day", "\u0000", "[/b]", "\u202e", [], {},
    [[]], [None], [1, 2, 3],
    {"a": 1}, {"": {}}, [["a", 1.0]], "a" * 2000, "Infinity",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run ended.

    Args:
        code: exit code, or minus the signal that ended it.
        seconds: wall time.
        megabytes: most memory that it held.
        output: standard output and error.
    """

    code: int
    seconds: float
    megabytes: float
    output: str

    def faults(self) -> list[str]:
        """Return what must not happen."""
        found = []
        if self.code not in GOOD_CODES:
            found.append(f"exit {self.code}")
        name = PYTHON_NAMES.search(self.output)
        if name is not None:
            found.append(f"prints {name.group()}")
        if self.seconds > 60.0:
            found.append("over 60 s")
        if self.megabytes > 4000.0:
            found.append("over 4 GB")
        if self.code and not self.output.strip():
            found.append("no message")
        return found


def bases() -> dict[str, dict[str, Any]]:
    """Return a small valid file of each format."""
    data = Path(__file__).parent.parent / "tests" / "sddp" / "data"
    news_stand = json.loads((data / "news_stand.sof.json").read_text("utf-8"))
    return {
        "sddp-case": json.loads((data / "newsvendor_careful.json").read_text("utf-8")),
        "endless": json.loads((data / "rent_forever.json").read_text("utf-8")),
        "compact": compact(),
        "sof": news_stand,
        "sof-0.1": as_version_0_1(news_stand),
    }


def compact() -> dict[str, Any]:
    """Return a system of two regions with one plant each, over three stages."""
    pair = [20.0, 10.0]
    return {
        "format": "sddp-case/compact-1",
        "stages": 3,
        "data": {
            "thermal_ub": [[15.0], [8.0]], "thermal_lb": [[1.0], [0.0]], "thermal_obj": [[30.0], [60.0]],
            "hydro_ub": pair, "storedEnergy_initial": [12.0, 4.0], "storedEnergy_ub": [30.0, 9.0],
            "exchange_ub": [[0.0, 5.0, 5.0], [5.0, 0.0, 5.0], [5.0, 5.0, 0.0]],
            "deficit_obj": [1000.0, 1200.0], "deficit_ub": [0.05, 0.95], "demand": [[22.0, 9.0]] * 12,
            "scenarios": [[[9.0, 14.0]] * 12, [[2.0, 5.0]] * 12], "inflow_initial": [10.0, 3.0],
        },
    }  # fmt: skip


def as_version_0_1(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document of StochOptFormat 1 in version 0.1: edges, and a program in each node."""
    old = copy.deepcopy(document)
    edges = [
        {"from": origin, "to": follower, "probability": chance}
        for origin, successors in (
            ("0", old["root"]["successors"]),
            *((name, node.get("successors", {})) for name, node in old["nodes"].items()),
        )
        for follower, chance in successors.items()
    ]
    states = {name: {"initial_value": value} for name, value in old["root"]["state_variables"].items()}
    nodes = {
        name: {
            "random_variables": list[str](),
            **old["subproblems"][node["subproblem"]],
            "realizations": node.get("realizations") or [{"probability": 1.0, "support": {}}],
        }
        for name, node in old["nodes"].items()
    }
    paths = [
        {"probability": 1.0 / len(old["validation_scenarios"]), "scenario": path}
        for path in old.get("validation_scenarios", [])
    ]
    return {
        "version": {"major": 0, "minor": 1},
        "root": {"name": "0", "state_variables": states},
        "nodes": nodes,
        "edges": edges,
        "test_scenarios": paths,
    }


def mutated(document: dict[str, Any], generator: random.Random) -> dict[str, Any]:
    """Return a copy with one to four places changed."""
    changed = copy.deepcopy(document)
    for _ in range(generator.choice((1, 1, 1, 2, 3))):
        places = list(_places(changed))
        if not places:
            break
        holder, key = generator.choice(places)
        _MUTATIONS[generator.randrange(len(_MUTATIONS))](holder, key, generator)
    return changed


def _places(part: Any) -> Any:
    """Yield each container with each of its keys or indices."""
    keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in keys:
        yield part, key
        yield from _places(part[key])


def _replace(holder: Any, key: Any, generator: random.Random) -> None:
    holder[key] = copy.deepcopy(generator.choice(_STRANGE))


def _remove(holder: Any, key: Any, generator: random.Random) -> None:
    del generator
    del holder[key]


def _rename(holder: Any, key: Any, generator: random.Random) -> None:
    if isinstance(holder, dict):
        holder[f"{key}{generator.choice(('', 'x', '.', '[0]'))}"] = holder.pop(key)
    else:
        holder.insert(key, copy.deepcopy(holder[key]))


def _shake(holder: Any, key: Any, generator: random.Random) -> None:
    value = holder[key]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        holder[key] = value * generator.choice((-1.0, 0.0, 0.5, 3.0, 1e6, 1e-9))
    elif isinstance(value, list):
        generator.shuffle(value)
    else:
        holder[key] = [value]


def _swap(holder: Any, key: Any, generator: random.Random) -> None:
    other = generator.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[key], holder[other] = holder[other], holder[key]


_MUTATIONS: tuple[Callable[[Any, Any, random.Random], None], ...] = (
    _replace,
    _replace,
    _remove,
    _rename,
    _shake,
    _swap,
)


def content_of(seed: int, document: dict[str, Any]) -> tuple[bytes, str]:
    """Return the bytes of a mutated file and the end of its name."""
    generator = random.Random(seed)
    content = json.dumps(mutated(document, generator)).encode("utf-8", "replace")
    kind = generator.random()
    if kind < 0.06:
        content = content[: generator.randrange(len(content))]
    elif kind < 0.12:
        place = generator.randrange(len(content))
        content = content[:place] + bytes([generator.randrange(256)]) + content[place + 1 :]
    elif kind < 0.14:
        content = content.decode().encode("utf-16")
    elif kind < 0.16:
        content = b"[" * 100_000
    elif kind < 0.20:
        content = gzip.compress(content)
        return (content if generator.random() < 0.5 else content[:-9]), ".json.gz"
    return content, ".json"


def run(file: Path, *, limit_seconds: int = 90) -> Outcome:
    """Solve a file in a process of its own."""
    from capexpand.cli.main import main

    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            signal.alarm(limit_seconds)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.argv = [
                "capexpand", "solve", str(file), "--seconds", "5", "--iterations", "6", "--paths", "10",
                "--back-end", "highs", "--json",
            ]  # fmt: skip
            try:
                main()
            except SystemExit as ended:
                os._exit(ended.code if isinstance(ended.code, int) else 0)
            except BaseException:  # noqa: BLE001 - whatever it is, it is the finding
                import traceback

                traceback.print_exc()
                sys.stderr.flush()
                os._exit(1)
            os._exit(0)
        _, status, usage = os.wait4(child, 0)
        output.seek(0)
        text = output.read(1_000_000).decode("utf-8", "replace")
    code = os.waitstatus_to_exitcode(status)
    return Outcome(code, time.monotonic() - began, usage.ru_maxrss / 1024.0, text)


def main() -> int:
    """Run the inputs and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="inputs of each format")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the inputs that failed")
    arguments = parser.parse_args()
    codes: dict[str, Counter[int]] = {}
    failed: list[dict[str, Any]] = []
    slowest = largest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, document in bases().items():
            codes[name] = Counter()
            for number in range(arguments.count):
                seed = arguments.seed * 1_000_003 + number
                content, ending = content_of(seed, document)
                file = Path(folder) / f"{name}-{seed}{ending}"
                file.write_bytes(content)
                outcome = run(file)
                codes[name][outcome.code] += 1
                slowest, largest = max(slowest, outcome.seconds), max(largest, outcome.megabytes)
                if faults := outcome.faults():
                    failed.append({"input": file.name, "faults": faults, "output": outcome.output[-600:]})
                    if arguments.keep is not None:
                        arguments.keep.mkdir(parents=True, exist_ok=True)
                        (arguments.keep / file.name).write_bytes(content)
                file.unlink()
    found = {
        "codes": {
            name: {str(code): count for code, count in sorted(each.items())} for name, each in codes.items()
        },
        "failed": len(failed),
        "slowest_seconds": round(slowest, 2),
        "largest_megabytes": round(largest),
        "examples": failed[:40],
    }
    print(json.dumps(found, indent=2))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
