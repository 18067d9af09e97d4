"""Feed the readers with spoilt input, and print how each ends.

    python benchmarks/fuzz.py                  every reader, 200 inputs each
    python benchmarks/fuzz.py cases --inputs 5000 --seed 3
    python benchmarks/fuzz.py files            every kind of file at every path of the command line

An input is fine if it is read, or refused in words: no traceback, no name of a Python type, no exit code but
0, 2, 3 and 4, no more than 60 seconds and 4 GB. The same seed makes the same inputs.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from kinds_of_file import make_kinds, places

CASES = Path(__file__).parents[1] / "cases"
PYTHON_WORDS = re.compile(
    r"Traceback|\w+Error\b|NoneType|object has no attribute|unsupported operand|\[Errno|"
    r"must be (?:integers|str|int|float|real number)|\b(?:dict|list|tuple|float|int|str) object\b"
)
SECONDS, MEMORY_BYTES = 60, 4 << 30


@dataclass(frozen=True)
class Input:
    """One spoilt input: its name, and the words of the command line that reads it."""

    name: str
    words: tuple[str, ...]


Fuzzer = Callable[[random.Random, int, Path], Iterator[Input]]


def mutated(text: str, dice: random.Random) -> str:
    """Spoil a text once or a few times: by lines, by numbers, by characters."""
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        lines = text.split("\n")
        at = dice.randrange(len(lines))
        way = dice.randrange(9)
        if way == 0:
            del lines[at]
        elif way == 1:
            lines.insert(at, lines[dice.randrange(len(lines))])
        elif way == 2:
            lines[at] = "  " * dice.randrange(5) + lines[at].strip()
        elif way == 3:
            lines[at] = re.sub(r"\d+(?:\.\d+)?", lambda _: dice.choice(NUMBERS), lines[at], count=1)
        elif way == 4 and ":" in lines[at]:
            lines[at] = lines[at].split(":", 1)[0] + ": " + dice.choice(VALUES)
        elif way == 5:
            lines[at] = re.sub(r"[a-z_]+", dice.choice(WORDS), lines[at], count=1)
        elif way == 6:
            other = dice.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 7:
            place = dice.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + dice.choice(CHARACTERS) + lines[at][place:]
        else:
            lines = lines[: max(at, 1)]
        text = "\n".join(lines) or "x"
    return text


NUMBERS = (
    "0",
    "-1",
    "1e400",
    "1e308",
    "-1e308",
    "1e-320",
    "NaN",
    ".inf",
    "9" * 400,
    "1_000",
    "0x10",
    "1e18",
    "null",
)
VALUES = (
    "",
    "[]",
    "{}",
    "null",
    "true",
    "[1, [2, {a: b}]]",
    "'text'",
    "2025-13-45",
    "0001-01-01",
    "9999-12-31",
    "{value: 1}",
    "{value: {value: 1}}",
    "!!python/object:os.system x",
    "&a [*a]",
    "*a",
    "|",
    "1e100 %/year",
)
WORDS = ("all", "none", "null", "__class__", "sites", "value", "title", "x" * 300, "Ünïcode", "1")
CHARACTERS = (
    "\t",
    "\0",
    "\u2028",
    "\ufeff",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    "#",
    "&",
    "*",
    "!",
    "%",
    "@",
    "\x1b[31m",
    "😀",
)


def fuzz_cases(dice: random.Random, count: int, folder: Path) -> Iterator[Input]:
    """Spoil the shipped cases."""
    files = sorted(CASES.glob("*/*.yaml"))
    for number in range(count):
        work = folder / f"{number}"
        shutil.copytree(CASES, work)
        file = dice.choice(files)
        place = work / file.relative_to(CASES)
        place.write_text(mutated(file.read_text("utf-8"), dice), "utf-8", errors="surrogatepass")
        case = place if (place.name == "case.yaml") else work / "alibaba-2025" / "case.yaml"
        yield Input(f"{file.relative_to(CASES)} {number}", ("check", str(case)))


def fuzz_runs(dice: random.Random, count: int, folder: Path) -> Iterator[Input]:
    """Spoil one file of a run folder, with its hash or without."""
    whole = folder / "whole"
    subprocess.run([*COMMAND, "run", "two-sites", "--out", str(whole)], check=True, capture_output=True)
    (folder / "trace.csv").write_text("arrival_s,duration_s,accelerators\n0,3600,1\n60,3600,2\n")
    names = sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file())
    for number in range(count):
        work = folder / f"{number}"
        shutil.copytree(whole, work)
        name = dice.choice([*names, "run.json", "metrics.json", "tables/serving.parquet", "case/case.yaml"])
        content = (work / name).read_bytes()
        if name.endswith(".parquet"):
            spoilt = bytearray(content)
            for _ in range(dice.choice((1, 4, 40))):
                spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
            content = bytes(spoilt[: dice.choice((len(spoilt), len(spoilt), dice.randrange(len(spoilt))))])
        else:
            content = mutated(content.decode("utf-8"), dice).encode("utf-8", "surrogatepass")
        (work / name).write_bytes(content)
        if name != "run.json" and dice.random() < 0.9:
            manifest = json.loads((work / "run.json").read_text("utf-8"))
            manifest["files"][name] = sha256(content).hexdigest()
            (work / "run.json").write_text(json.dumps(manifest), "utf-8")
        words = dice.choice((
            ("replay", str(work), "--trace", str(folder / "trace.csv"), "--json"),
            ("compare", str(work), str(whole), "--out", str(folder / "out"), "--json"),
            ("breakeven", "two-sites", "--driver", "price", "--pair", "none", "--policy-run", str(work),
             "--out", str(folder / "study"), "--json"),
        ))  # fmt: skip
        yield Input(f"{name} {number}", words)


def fuzz_files(dice: random.Random, count: int, folder: Path) -> Iterator[Input]:
    """Give every kind of file at every path; more than the count are left out at random."""
    (folder / "kinds").mkdir()
    kinds = make_kinds(folder / "kinds")
    tried = [(place, kind) for place in places() for kind in kinds]
    for place, kind in dice.sample(tried, min(count, len(tried))):
        words = [word.replace("OUT", str(folder / "out")) for word in place.words(kinds[kind], folder)]
        yield Input(f"{place.name}: {kind}", tuple(words))


COMMAND = (sys.executable, "-m", "capexpand.cli.main")
FUZZERS: dict[str, Fuzzer] = {"cases": fuzz_cases, "runs": fuzz_runs, "files": fuzz_files}
OTHERS = ("programs", "replay", "claims")
"""Readers whose fuzzers stand in files of their own, which are run as they are: fuzz_NAME.py."""


def ending(words: tuple[str, ...], folder: Path) -> str:
    """Run a command in bounds, and say in a word how it ended."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))

    try:
        done = subprocess.run(
            [*COMMAND, *words], capture_output=True, check=False, timeout=SECONDS, cwd=folder,
            stdin=subprocess.DEVNULL, preexec_fn=bound,
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "over 60 s"
    said = (done.stderr if done.returncode else b"").decode("utf-8", "replace")
    if "Traceback" in said:
        return "traceback"
    if done.returncode not in (0, 2, 3, 4):
        return f"exit code {done.returncode}"
    if PYTHON_WORDS.search(said):
        return "Python's words"
    return "read" if done.returncode == 0 else "refused"


def main() -> None:
    """Run the fuzzers that are named, and print inputs and outcomes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("readers", nargs="*", metavar="reader")
    parser.add_argument("--inputs", type=int, default=200, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    unknown = {*options.readers} - {*FUZZERS, *OTHERS}
    if unknown:
        parser.error(f"there is no reader {min(unknown)}; there are {', '.join((*FUZZERS, *OTHERS))}")
    bad = 0
    print(f"{'reader':<10} {'inputs':>7} {'seconds':>8}  outcomes")
    for name in options.readers or [*FUZZERS, *OTHERS]:
        if name in OTHERS:
            bad += _other(name, options.inputs, options.seed)
            continue
        start, outcomes = time.monotonic(), Counter[str]()
        wrong: list[str] = []
        with tempfile.TemporaryDirectory() as kept:
            for one in FUZZERS[name](random.Random(options.seed), options.inputs, Path(kept)):
                end = ending(one.words, Path(kept))
                outcomes[end] += 1
                wrong += [] if end in ("read", "refused") else [f"    {one.name}: {end}"]
                shutil.rmtree(Path(kept) / one.name.rsplit(" ", 1)[-1], ignore_errors=True)
        said = ", ".join(f"{count} {end}" for end, count in outcomes.most_common())
        print(f"{name:<10} {outcomes.total():>7} {time.monotonic() - start:>8.0f}  {said}", *wrong, sep="\n")
        bad += len(wrong)
    sys.exit(1 if bad else 0)


def _other(name: str, inputs: int, seed: int) -> int:
    file = Path(__file__).with_name(f"fuzz_{name}.py")
    if importlib.util.find_spec(file.stem) is None:
        print(f"{name:<10} {'-':>7} {'-':>8}  has no fuzzer here")
        return 0
    print(f"{name:<10} {file.name}")
    count = "--count" if name == "programs" else "--inputs"
    command = [sys.executable, str(file), count, str(inputs), "--seed", str(seed)]
    return int(subprocess.run(command, check=False).returncode != 0)


if __name__ == "__main__":
    main()
