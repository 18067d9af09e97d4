"""Feed every reader with spoilt input, and print how each ends.

    python benchmarks/fuzz.py                               every reader, 200 inputs each
    python benchmarks/fuzz.py cases chips --inputs 5000 --seed 3
    python benchmarks/fuzz.py options                       spoilt values of every option of every command
    python benchmarks/fuzz.py files                         every kind of file at every path of every command

An input is fine if it is read, or refused in words: no traceback, no warning, no name of a Python type, no
exit code but 0, 2, 3 and 4, no more than 60 seconds and 4 GB. The same seed makes the same inputs;
``--only NUMBER`` tries one of them again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from kinds_of_file import lost, make_good, make_kinds, places, state_of
from readers import READERS, Reader
from texts import spoilt_options
from trials import MEGABYTES, PYTHON_WORDS, SECONDS, import_all, serving

from capexpand.errors import CapexpandError

BATCH = 250
"""Inputs that one process reads: a new one begins with the memory of the first."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one input ended: read, refused, or in a word what is wrong."""

    number: int
    end: str
    detail: str = ""
    seconds: float = 0.0


def ending(reader: Reader, dice: random.Random, folder: Path) -> tuple[str, str]:
    """Feed a reader once, and say in a word how it ended, with the message or the traceback."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            reader(dice, folder)
        except CapexpandError as error:
            said = str(error)
            bad = error.exit_code not in (2, 3, 4) or PYTHON_WORDS.search(said) or not said.strip()
            return ("Python's words", said) if bad else ("refused", said)
        except MemoryError:
            return f"over {MEGABYTES:.0f} MB", traceback.format_exc(limit=-4)
        except BaseException:  # noqa: BLE001 - whatever it is, it is the finding
            return "traceback", traceback.format_exc(limit=-6)
    return "read", ""


def endings(reader: Reader, numbers: Sequence[int], seed: int, folder: Path) -> Iterator[Ending]:
    """Feed a reader in processes of their own; one that hangs is killed, and the next goes on behind it."""
    left = list(numbers)
    while left:
        done = 0
        for found in _batch(reader, left[:BATCH], seed, folder):
            done += 1
            yield found
        left = left[max(done, 1) :]


def _batch(reader: Reader, numbers: Sequence[int], seed: int, folder: Path) -> Iterator[Ending]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as told:
            _feed(reader, numbers, seed, folder, told)
        os._exit(0)
    os.close(writing)
    rest, waiting, began = b"", list(numbers), time.monotonic()
    nothing: list[int] = []
    while waiting:
        ready, _, _ = select.select([reading], nothing, nothing, SECONDS + 15.0)
        piece = os.read(reading, 1 << 20) if ready else b""
        if not piece:
            break
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            told = Ending(*json.loads(line))
            waiting.remove(told.number)
            began = time.monotonic()
            yield told
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(reading)
    if waiting:
        over = time.monotonic() - began > SECONDS
        yield Ending(waiting[0], f"over {SECONDS:.0f} s" if over else f"ended by {status}")


def _feed(reader: Reader, numbers: Sequence[int], seed: int, folder: Path, told: TextIO) -> None:
    limit = int(MEGABYTES * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    for number in numbers:
        start = time.monotonic()
        end, detail = ending(reader, random.Random(seed * 1_000_003 + number), folder)
        seconds = time.monotonic() - start
        end = f"over {SECONDS:.0f} s" if seconds > SECONDS else end
        told.write(json.dumps([number, end, "" if end == "refused" else detail, seconds]) + "\n")
        told.flush()


def try_files(kinds_tried: int, seed: int) -> Iterator[Ending]:
    """Give every kind of file at every path, the inputs of a command as its outputs among them.

    Args:
        kinds_tried: at each path; more are left out at random.
        seed: of what is left out.
    """
    dice, number = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as cache, serving({"XDG_CACHE_HOME": cache}) as server:
        for place in places():
            with tempfile.TemporaryDirectory() as kept:
                folder = Path(kept)
                make_good(folder)
                (folder / "kinds").mkdir()
                kinds = make_kinds(folder / "kinds")
                inputs = [word for word in place.words("") if (folder / word).is_file()]
                tried = {**kinds, **{f"input {word}": folder / word for word in inputs}}
                before = state_of(folder)
                for kind in dice.sample(sorted(tried), min(kinds_tried, len(tried))):
                    outcome = server.attempt(place.words(tried[kind]), folder)
                    gone = lost(before, state_of(folder))
                    before = {name: state for name, state in before.items() if name not in gone}
                    wrong = [*outcome.faults(), *(f"lost {name}" for name in gone)]
                    end = ", ".join(wrong) or ("refused" if outcome.code else "read")
                    number += 1
                    yield Ending(
                        number, end, f"{place.name}: {kind}\n{outcome.output[-600:]}", outcome.seconds
                    )


def try_options(count: int, seed: int) -> Iterator[Ending]:
    """Give spoilt values to every option of every command."""
    with (
        tempfile.TemporaryDirectory() as kept,
        tempfile.TemporaryDirectory() as cache,
        serving({"XDG_CACHE_HOME": cache}) as server,
    ):
        folder = Path(kept)
        make_good(folder)
        for number, words in enumerate(spoilt_options(random.Random(seed), count)):
            outcome = server.attempt(words, folder)
            end = ", ".join(outcome.faults(words)) or ("refused" if outcome.code else "read")
            yield Ending(number, end, f"{words}\n{outcome.output[-600:]}", outcome.seconds)


def main() -> None:
    """Run the readers that are named, and print inputs and outcomes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("readers", nargs="*", metavar="reader")
    parser.add_argument("--inputs", type=int, default=200, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one input")
    options = parser.parse_args()
    every = [*READERS, "options", "files"]
    chosen = [
        name
        for name in every
        if not options.readers or name.partition(",")[0] in options.readers or name in options.readers
    ]
    if unknown := {
        one for one in options.readers if one not in {n.partition(",")[0] for n in every} | {*every}
    }:
        parser.error(f"there is no reader {min(unknown)}; there are {'; '.join(every)}")
    import_all()
    print(f"{'reader':<24} {'inputs':>7} {'seconds':>8} {'longest':>8}  outcomes", flush=True)
    bad = 0
    numbers = range(options.inputs) if options.only is None else [options.only]
    for name in chosen:
        start, outcomes, wrong, longest = time.monotonic(), Counter[str](), list[Ending](), 0.0
        with tempfile.TemporaryDirectory() as kept:
            if name == "files":
                found = try_files(options.inputs, options.seed)
            elif name == "options":
                found = try_options(options.inputs, options.seed)
            else:
                found = endings(READERS[name], numbers, options.seed, Path(kept))
            for one in found:
                outcomes[one.end] += 1
                longest = max(longest, one.seconds)
                if one.end not in ("read", "refused"):
                    wrong.append(one)
        said = ", ".join(f"{count} {end}" for end, count in outcomes.most_common())
        seconds = time.monotonic() - start
        print(f"{name:<24} {outcomes.total():>7} {seconds:>8.0f} {longest:>8.2f}  {said}", flush=True)
        shown = Counter[str]()
        for one in wrong:
            last = one.detail.strip().rpartition("\n")[2]
            shown[last] += 1
            if shown[last] <= 2 and sum(shown.values()) < 60:
                print(
                    f"    {one.number}: {one.end}\n      " + one.detail.strip().replace("\n", "\n      "),
                    flush=True,
                )
        bad += len(wrong)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
