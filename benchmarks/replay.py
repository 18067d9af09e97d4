"""How fast traces are replayed, each beside a peer in the same run: python benchmarks/replay.py [--json FILE]

Jobs: SimPy with the same packing in plain Python, on the same jobs, to the same starting times. Requests and
packing: the plain loops of the tests, on a part of the same work. With CAPEXPAND_TRACES the real traces are
used, without it synthetic ones of the same size. All times are processor times of this one thread, which a
busy machine inflates less than wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import simpy

from capexpand.replay.compiled import announce_compilation
from capexpand.replay.jobs.policies import Order, SchedulingPolicy
from capexpand.replay.jobs.run import replay_jobs
from capexpand.replay.packing.tasks import NodeArrays, PlacementRule, make_nodes
from capexpand.replay.serving.replicas import Replica, Routing, StepTime
from capexpand.replay.serving.serve import serve
from capexpand.replay.sources.requests import read_azure
from capexpand.replay.traces import JobDetails, JobTrace, RequestTrace, make_job_trace, make_request_trace
from capexpand_reproductions.fgd import (
    find_workloads,
    prepare_experiment,
    read_nodes,
    read_workload,
    run_experiment,
)

PLAIN_LOOPS = Path(__file__).parents[1] / "tests" / "replay"
REPLICA = Replica(StepTime(0.012, 6e-5, 4e-8, 2e-5), memory_tokens=60_000)


@dataclass(frozen=True, slots=True)
class Rate:
    """One measurement: how many a second, of what, and how many a second the peer manages."""

    what: str
    unit: str
    per_second: float
    seconds: float
    peer: str = ""
    peer_per_second: float | None = None

    @property
    def ratio(self) -> float | None:
        """Return how many times as fast as the peer."""
        return None if self.peer_per_second is None else self.per_second / self.peer_per_second


def best_of(function: Callable[[], object], repeats: int) -> float:
    """Return the shortest of several processor times [s], after one run that compiles."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def make_jobs(count: int, *, load: float = 0.9, seed: int = 0) -> tuple[JobTrace, NodeArrays]:
    """Draw jobs of 1 to 32 accelerators for 256 nodes of 8."""
    random = np.random.default_rng(seed)
    size = random.choice([1, 1, 1, 1, 2, 4, 8, 16, 32], count)
    duration = random.lognormal(6, 1.5, count)
    gap = (size * duration).mean() / (load * 2048)
    trace = make_job_trace(
        "synthetic",
        np.cumsum(random.exponential(gap, count)),
        duration,
        size,
        details=JobDetails(priority=random.integers(0, 4, count)),
    )
    return trace, make_nodes([0] * 256, [0] * 256, [8] * 256, ["A"] * 256)


def run_simpy(trace: JobTrace, nodes: NodeArrays) -> np.ndarray:
    """First come, first served with gangs and best fit, each job a process; return the starting times [s]."""
    environment = simpy.Environment()
    free = nodes.accelerators.tolist()
    buckets: list[set[int]] = [set() for _ in range(9)]
    for node, count in enumerate(free):
        buckets[count].add(node)
    queue: list[tuple[int, simpy.Event]] = []
    started = np.zeros(len(trace))

    def move(node: int, change: int) -> None:
        buckets[free[node]].discard(node)
        free[node] += change
        buckets[free[node]].add(node)

    def place(accelerators: int) -> list[tuple[int, int]] | None:
        parts = [8] * (accelerators // 8) + [accelerators % 8] * (accelerators % 8 > 0)
        held = []
        for part in parts:
            bucket = next((one for one in buckets[part:] if one), None)
            if bucket is None:
                for node, size in held:
                    move(node, size)
                return None
            node = min(bucket)
            move(node, -part)
            held.append((node, part))
        return held

    def schedule() -> None:
        while queue:
            held = place(int(trace.accelerators[queue[0][0]]))
            if held is None:
                return
            queue.pop(0)[1].succeed(held)

    def run(job: int) -> simpy.events.ProcessGenerator:
        yield environment.timeout(float(trace.arrival_s[job]))
        granted = environment.event()
        queue.append((job, granted))
        schedule()
        held = yield granted
        started[job] = environment.now
        yield environment.timeout(float(trace.duration_s[job]))
        for node, size in held:
            move(node, size)
        schedule()

    for job in range(len(trace)):
        environment.process(run(job))
    environment.run()
    return started


def measure_jobs(repeats: int) -> list[Rate]:
    """Jobs: gangs and best fit beside SimPy; then with backfill, priorities and preemption."""
    trace, nodes = make_jobs(30_000)
    start = time.process_time()
    started = run_simpy(trace, nodes)
    peer = len(trace) / (time.process_time() - start)
    outcome = replay_jobs(trace, nodes)
    if np.abs(outcome.start_s - started).max() > 1e-6:
        raise SystemExit("SimPy and the engine disagree: the comparison would mean nothing")
    rates = []
    policies = {
        "first come, gangs, best fit": SchedulingPolicy(),
        "shortest first": SchedulingPolicy(Order.SHORTEST_FIRST),
        "backfill": SchedulingPolicy(backfill=True),
        "backfill, priorities, preemption": SchedulingPolicy(Order.PRIORITY, backfill=True, preempt=True),
        "backfill, fair share": SchedulingPolicy(Order.FAIR_SHARE, backfill=True),
    }
    for count in (30_000, 1_000_000):
        trace, nodes = make_jobs(count)
        for name, policy in policies.items():
            runs = repeats if count < 100_000 else 2

            def replay(
                trace: JobTrace = trace, nodes: NodeArrays = nodes, policy: SchedulingPolicy = policy
            ) -> object:
                return replay_jobs(trace, nodes, policy)

            seconds = best_of(replay, runs)
            same = policy == SchedulingPolicy()
            rates.append(
                Rate(
                    f"{name}, {count} jobs",
                    "jobs/s",
                    count / seconds,
                    seconds,
                    "SimPy, same packing" if same else "",
                    peer if same else None,
                )
            )
    return rates


def measure_packing(folder: Path | None, repeats: int) -> list[Rate]:
    """One experiment of the FGD paper with its fragmentation curve, beside the plain formulas."""
    if folder is None:
        return []
    plain_packing = load_plain("reference_packing")
    node_file, lists = find_workloads(folder)
    nodes = read_nodes(node_file)
    workload = next(path for path in lists if path.name.split(".")[0].endswith("_default"))
    experiment = prepare_experiment(nodes, read_workload(workload), seed=42)
    rates = []
    for rule in (PlacementRule.FRAGMENTATION_GRADIENT, PlacementRule.BEST_FIT):
        plain = plain_packing.make_cluster(experiment.nodes)
        start = time.process_time()
        for task in experiment.arrivals.order[:20].tolist():
            plain_packing.place(plain, experiment.arrivals.classes[task], rule, experiment.arrivals.typical)
        peer = 20 / (time.process_time() - start)

        def run(rule: PlacementRule = rule) -> object:
            return run_experiment(experiment, rule, seed=42)

        seconds = best_of(run, repeats)
        count = len(experiment.arrivals.order)
        name = f"FGD experiment, {rule.name.lower()}, {count} tasks"
        rates.append(Rate(name, "tasks/s", count / seconds, seconds, "plain formulas", peer))
    return rates


def measure_serving(folder: Path | None, repeats: int) -> list[Rate]:
    """Requests on 2 to 32 replicas, beside the plain loop over steps; then five million of them."""
    serve_plainly = load_plain("reference_serving").serve_plainly
    trace = make_chat(folder)
    first = np.arange(len(trace)) < 300
    rates = []
    for replicas in (2, 8, 32):
        for routing in (Routing.ROUND_ROBIN, Routing.LEAST_OUTSTANDING):
            start = time.process_time()
            serve_plainly(trace.only(first), REPLICA, replicas=replicas, routing=routing)
            peer = 300 / (time.process_time() - start)

            def run(replicas: int = replicas, routing: Routing = routing) -> object:
                return serve(trace, REPLICA, replicas=replicas, routing=routing)

            seconds = best_of(run, repeats)
            name = f"{trace.name}, {replicas} replicas, {routing.name.lower()}"
            rates.append(Rate(name, "requests/s", len(trace) / seconds, seconds, "plain loop", peer))
    large = repeat_requests(trace, 5_000_000)
    for routing in (Routing.ROUND_ROBIN, Routing.LEAST_OUTSTANDING):
        start = time.process_time()
        serve(large, REPLICA, replicas=32, routing=routing)
        seconds = time.process_time() - start
        name = f"five million, 32 replicas, {routing.name.lower()}"
        rates.append(Rate(name, "requests/s", len(large) / seconds, seconds))
    return rates


def load_plain(name: str) -> ModuleType:
    """Load one of the plain loops that the tests compare the engine with."""
    sys.path.insert(0, str(PLAIN_LOOPS))
    return import_module(name)


def make_chat(folder: Path | None) -> RequestTrace:
    """Return the Azure conversation trace, or one of its size and mean lengths."""
    if folder is not None:
        found = sorted(folder.rglob("AzureLLMInferenceTrace_conv.csv*"))
        if found:
            return read_azure(found[0])
    random = np.random.default_rng(0)
    count = 19_366
    return make_request_trace(
        "synthetic chat",
        np.cumsum(random.exponential(0.18, count)),
        np.maximum(1, random.lognormal(6.5, 1.1, count)),
        np.maximum(1, random.lognormal(4.8, 1.0, count)),
    )


def repeat_requests(trace: RequestTrace, count: int) -> RequestTrace:
    """Return requests of the same lengths in turn, arriving at random at 60 a second."""
    place = np.arange(count) % len(trace)
    return RequestTrace(
        "large",
        np.cumsum(np.random.default_rng(0).exponential(1 / 60, count)),
        trace.prompt_tokens[place],
        trace.output_tokens[place],
        np.zeros(count + 1, dtype=np.int64),
        np.zeros(0, dtype=np.int64),
    )


def main() -> None:
    """Measure everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the measurements to this file")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    named = os.environ.get("CAPEXPAND_TRACES")
    folder = Path(named) if named else None
    if folder is None:
        print("CAPEXPAND_TRACES is not set: synthetic requests, and no FGD experiment", file=sys.stderr)
    with announce_compilation():
        rates = [
            *measure_jobs(options.repeats),
            *measure_packing(folder, options.repeats),
            *measure_serving(folder, options.repeats),
        ]
    for rate in rates:
        beside = f"{rate.ratio:9.0f} x {rate.peer} ({rate.peer_per_second:,.0f})" if rate.ratio else ""
        print(f"{rate.what:52} {rate.per_second:14,.0f} {rate.unit:11} {rate.seconds:8.4f} s {beside}")
    load = os.getloadavg()[0]
    print(f"load of the machine {load:.1f} on {os.cpu_count()} cores", file=sys.stderr)
    if options.json:
        record = {"load": load, "rates": [asdict(rate) | {"ratio": rate.ratio} for rate in rates]}
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
