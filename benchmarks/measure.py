"""Times one thing beside another in the same run, so that what counts is a ratio and not the machine."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


class BenchmarkError(Exception):
    """Something that was to be measured did not run."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The measurements of one thing.

    Args:
        label: what was measured.
        seconds: wall time of each repetition [s].
        peak_memory_mb: largest resident memory [MB] of a process, None for a call inside this process.
    """

    label: str
    seconds: tuple[float, ...]
    peak_memory_mb: float | None = None

    @property
    def median_s(self) -> float:
        """Return the median wall time [s]."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Return the range of the measurements as a fraction of their median: above 0.3 do not trust them."""
        return (max(self.seconds) - min(self.seconds)) / self.median_s


@dataclass(frozen=True, slots=True)
class Comparison:
    """A phase of capexpand beside a peer or a floor.

    Args:
        phase: name of the phase.
        subject: capexpand.
        rival: what it is compared with: a floor does less than the phase ever could, a peer does the same.
        size: how large the work was, in words; empty where there is one size only.
    """

    phase: str
    subject: Samples
    rival: Samples
    size: str = ""

    @property
    def ratio(self) -> float:
        """Return the subject's median over the rival's: below 1 capexpand is the faster."""
        return self.subject.median_s / self.rival.median_s


@dataclass(frozen=True, slots=True)
class Program:
    """A command to be timed as a whole process, from start to exit."""

    label: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function to be timed inside this process; what it returns is dropped."""

    label: str
    function: Callable[[], object]


def python(label: str, *arguments: str) -> Program:
    """Return a program that this very interpreter runs."""
    return Program(label, (sys.executable, *arguments))


def compare_programs(
    phase: str, subject: Program, rival: Program, *, repeats: int, size: str = ""
) -> Comparison:
    """Time two programs in turns, after one run each that warms the file cache.

    Raises:
        BenchmarkError: one of them ended with an exit code other than zero.
    """
    _run(subject), _run(rival)
    pairs = [(_run(subject), _run(rival)) for _ in range(repeats)]
    ours, theirs = zip(*pairs, strict=True)
    return Comparison(phase, _program_samples(subject, ours), _program_samples(rival, theirs), size)


def compare_calls(phase: str, subject: Call, rival: Call, *, repeats: int, size: str = "") -> Comparison:
    """Time two calls in turns, after one call each that loads what they import."""
    subject.function(), rival.function()
    pairs = [(_call(subject), _call(rival)) for _ in range(repeats)]
    ours, theirs = zip(*pairs, strict=True)
    return Comparison(phase, Samples(subject.label, ours), Samples(rival.label, theirs), size)


def _call(call: Call) -> float:
    gc.collect()
    start = time.perf_counter()
    call.function()
    return time.perf_counter() - start


def _run(program: Program) -> tuple[float, float]:
    """Run a program and return its wall time [s] and its largest resident memory [MB]."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(program.command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            message = errors.read().decode(errors="replace").strip()[-2000:]
            raise BenchmarkError(f"{program.label} ended with code {process.returncode}\n{message}")
    unit_bytes = 1 if sys.platform == "darwin" else 1024  # the two systems count in different units
    return seconds, usage.ru_maxrss * unit_bytes / 1e6


def _program_samples(program: Program, runs: Sequence[tuple[float, float]]) -> Samples:
    return Samples(program.label, tuple(run[0] for run in runs), max(run[1] for run in runs))
