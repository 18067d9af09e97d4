"""Runs the benchmarks and prints a table: python benchmarks/run.py [PHASE ...] [--repeats N] [--json FILE]"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from measure import BenchmarkError, Comparison
from phases import PHASES, ROOT

HEADINGS = ("phase", "size", "capexpand", "time", "memory", "beside", "time", "ratio", "spread")
TEXT_COLUMNS = (0, 1, 2, 5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the phases asked for; return 1 where one of them did not run."""
    options = parse(arguments)
    comparisons: list[Comparison] = []
    failed: list[str] = []
    for name in options.phases or PHASES:
        print(f"measuring {name} ...", file=sys.stderr)
        try:
            comparisons += PHASES[name](options.repeats)
        except BenchmarkError as error:
            failed.append(name)
            print(f"{name}: {error}", file=sys.stderr)
    print(table(comparisons))
    if options.json:
        options.json.write_text(json.dumps(as_record(comparisons), indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Times capexpand beside a peer or a floor in the same run.")
    parser.add_argument(
        "phases", nargs="*", metavar="PHASE", help=f"one of {', '.join(PHASES)}; all by default"
    )
    parser.add_argument("--repeats", type=int, default=7, help="measurements of each, after one to warm up")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there, too")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.phases if name not in PHASES]
    if unknown:
        parser.error(f"no phase is called {', '.join(unknown)}; there are {', '.join(PHASES)}")
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    return options


def table(comparisons: Sequence[Comparison]) -> str:
    """Return the comparisons as text in columns."""
    rows = [HEADINGS, *(row(comparison) for comparison in comparisons)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in TEXT_COLUMNS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in rows
    )


def row(comparison: Comparison) -> tuple[str, ...]:
    """Return one line of the table; the spread is that of the less steady of the two."""
    subject, rival = comparison.subject, comparison.rival
    memory = "" if subject.peak_memory_mb is None else f"{subject.peak_memory_mb:.0f} MB"
    return (
        comparison.phase,
        comparison.size,
        subject.label,
        seconds(subject.median_s),
        memory,
        rival.label,
        seconds(rival.median_s),
        f"{comparison.ratio:.2f}",
        f"{max(subject.spread, rival.spread):.0%}",
    )


def seconds(value: float) -> str:
    """Return a time [s] as text with a fitting unit."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def as_record(comparisons: Sequence[Comparison]) -> dict[str, object]:
    """Return all measurements, with what is needed to judge them later."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "capexpand": version("capexpand"),
        "commit": commit or None,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "comparisons": [
            {
                **asdict(comparison),
                "ratio": comparison.ratio,
                "subject_median_s": comparison.subject.median_s,
                "rival_median_s": comparison.rival.median_s,
            }
            for comparison in comparisons
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
