"""The web application under load, beside the library on the same work: python benchmarks/web.py [--json FILE]

    python benchmarks/web.py --release alibaba-2025     a slider drawn for a second and let go

A server of its own on this machine; clients that explore two sites at once, each with its own budget, and
check that the answer is theirs; then many small requests, and the server's memory before and after. The peer
plans the same changed cases in one process, one after the other, with the same warm planner.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from capexpand.case.shipped import case_place
from capexpand.model.compile import compile_case
from capexpand.optimiser.warm import WarmPlanner
from capexpand.web.changing import load_changed

CASE = Path(case_place("two-sites")) / "case.yaml"


@dataclass(frozen=True, slots=True)
class Load:
    """What the server managed.

    Args:
        clients: at once.
        explored: answers in all.
        per_second: answers a second.
        median_seconds: of an answer, waiting for its turn included.
        slowest_seconds: of an answer.
        mixed: answers that were another client's; none may be.
        library_per_second: the same plans a second in one process of the library.
        requests: small requests after that.
        megabytes_before: resident memory of the server before the second half of them.
        megabytes_after: and behind it.
    """

    clients: int
    explored: int
    per_second: float
    median_seconds: float
    slowest_seconds: float
    mixed: int
    library_per_second: float
    requests: int
    megabytes_before: float
    megabytes_after: float


def served(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a server and return it with its address."""
    command = [sys.executable, "-m", "capexpand.cli.main", "serve", "--home", str(folder), "--port", "0"]
    process = subprocess.Popen([*command, "--workers", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split(" at ")[1].split()[0]


def explore(address: str, csrf: str, budget: float) -> tuple[float, bool]:
    """Explore one budget; return the time [s] and whether the answer is for it."""
    start = time.perf_counter()
    answer: dict[str, Any] = httpx.post(
        f"{address}api/v1/cases/two-sites/explore",
        json={"changes": [["budget", f"{budget} mn CNY"]]},
        headers={"x-csrf-token": csrf},
        timeout=600,
    ).json()
    spent = next(one for one in answer["figures"] if one["name"] == "spent")["changed"]["value"]
    return time.perf_counter() - start, abs(spent - min(budget, 1000.0)) < 1.0


def ask(client: httpx.Client, requests: int) -> None:
    """Send small requests of several kinds."""
    for n in range(requests):
        client.get(("/", "/runs", "/api/v1/cases", "/api/v1/me")[n % 4]).raise_for_status()


def megabytes(process: subprocess.Popen[str]) -> float:
    """Return the resident memory of a process [MB]."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def library(budgets: list[float]) -> float:
    """Return how many plans a second one process makes, the base as well."""
    ours, rest = WarmPlanner(sides="any"), WarmPlanner(sides="any")
    start = time.perf_counter()
    for budget in budgets:
        data = compile_case(load_changed(CASE, None, {"programme.cap": f"{budget} mn CNY"}))
        ours.solve(data)
        rest.solve(data.without_programme())
    return len(budgets) / (time.perf_counter() - start)


def measure(clients: int, each: int, requests: int) -> Load:
    """Load a server of its own and return what it managed."""
    budgets = [500.0 + 499.0 * n / (clients * each) for n in range(clients * each)]
    with tempfile.TemporaryDirectory() as folder:
        process, address = served(Path(folder))
        try:
            csrf = httpx.get(f"{address}api/v1/me").json()["csrf"]
            explore(address, csrf, 990.5)
            start = time.perf_counter()
            with ThreadPoolExecutor(clients) as pool:
                waiting = [pool.submit(explore, address, csrf, budget) for budget in budgets]
                answers = [one.result() for one in waiting]
            took = time.perf_counter() - start
            with httpx.Client(base_url=address) as client:
                ask(client, requests // 2)
                before = megabytes(process)
                ask(client, requests - requests // 2)
            after = megabytes(process)
        finally:
            process.terminate()
            process.wait(30)
    times = [seconds for seconds, _ in answers]
    return Load(
        clients, len(answers), len(answers) / took, statistics.median(times), max(times),
        sum(not own for _, own in answers), library(budgets[:40]), requests, before, after,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Release:
    """How long it takes after a slider was let go.

    Args:
        case: that is explored.
        declared_seconds: until the plan as declared stood.
        jump_seconds: of each jump from the declared level straight to another one.
        drawn_seconds: of each release after a second of moving towards the level.
        command_seconds: of ``capexpand run`` on the last of these levels, whole.
    """

    case: str
    declared_seconds: float
    jump_seconds: dict[str, float]
    drawn_seconds: dict[str, float]
    command_seconds: float


DRAWN = {"budget": (0.9, 0.84), "price": (0.95, 0.9), "demand": (0.95, 0.9), "chip-price": (0.95, 0.9)}
"""Sliders, and the shares of the stated level that they jump to and are drawn to from there."""
STEPS = 5


def release(name: str) -> Release:
    """Explore a case as a person does who draws sliders, and plan the last state by the command line."""
    with tempfile.TemporaryDirectory() as folder:
        process, address = served(Path(folder) / "home")
        try:
            csrf = httpx.get(f"{address}api/v1/me").json()["csrf"]
            found = httpx.get(f"{address}api/v1/cases/{name}/assumptions").json()["sliders"]
            stated = {one["name"]: one["stated"] for one in found}

            def ask(verb: str, changes: list[list[str]]) -> float:
                start = time.perf_counter()
                httpx.post(
                    f"{address}api/v1/cases/{name}/{verb}",
                    json={"changes": changes},
                    headers={"x-csrf-token": csrf},
                    timeout=600,
                ).raise_for_status()
                return time.perf_counter() - start

            def at(slider: str, share: float) -> list[list[str]]:
                number, unit = stated[slider].split(" ", 1)
                return [[slider, f"{float(number) * share:.6g} {unit}"]]

            declared = ask("explore", [])
            jumps: dict[str, float] = {}
            drawn: dict[str, float] = {}
            for slider, (first, last) in DRAWN.items():
                jumps[slider] = ask("explore", at(slider, first))
                for step in range(1, STEPS + 1):
                    began = time.perf_counter()
                    ask("bracket", at(slider, first + (last - first) * step / STEPS))
                    time.sleep(max(0.0, 1.0 / STEPS - (time.perf_counter() - began)))
                drawn[slider] = ask("explore", at(slider, last))
            text = httpx.get(
                f"{address}explore/{name}/variant.yaml", params=dict(at(slider, last)), timeout=600
            ).text
        finally:
            process.terminate()
            process.wait(30)
        case = Path(folder) / "case.yaml"
        case.write_text(f"extends: {case_place(name)}/case.yaml\n{text}")
        start = time.perf_counter()
        command = [sys.executable, "-m", "capexpand.cli.main", "run", str(case), "--variant", "explored"]
        subprocess.run([*command, "--out", f"{folder}/run"], check=True, capture_output=True)
    return Release(name, declared, jumps, drawn, time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--each", type=int, default=4, help="plans that each client asks for")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--release", metavar="CASE", help="how long a plan takes after a slider was let go")
    arguments = parser.parse_args()
    if arguments.release:
        print(json.dumps(asdict(release(arguments.release)), indent=2))
        return
    found = measure(arguments.clients, arguments.each, arguments.requests)
    for name, value in asdict(found).items():
        print(f"{name:20} {value:,.3g}" if isinstance(value, float) else f"{name:20} {value:,}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(asdict(found), indent=2) + "\n")


if __name__ == "__main__":
    main()
