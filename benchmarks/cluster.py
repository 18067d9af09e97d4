"""What a Ray cluster costs beside processes of this machine, and how far it would carry.

    .venv/bin/python benchmarks/cluster.py [TURNS]            overhead, first result, memory, 1,000 workers
    .venv/bin/python benchmarks/cluster.py streams [SECONDS]  the bound of a training over time, by streams
    .venv/bin/python benchmarks/cluster.py alone [SECONDS]    the same as if each stream had a processor

Everything is measured in one run on the same processors: a cluster is started for it on the loopback. Chunks
burn a given time of the processor, so that other work slows both sides alike. The 1,000 workers are a model
of events with the overheads measured here: nobody had so many.
"""

from __future__ import annotations

import heapq
import os
import statistics
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from capexpand.case.loading import load_case
from capexpand.executing.choosing import engine_on
from capexpand.executing.engine import Engine, Pool, answer_of, first_completed
from capexpand.model.compile import compile_case
from capexpand.pipeline import LatticeSettings
from capexpand.policy.case_policy import PolicySettings, lower_bound, policy_graph, take_apart
from capexpand.sddp.kernel.stage import compile_now
from capexpand.sddp.policy import TrainingRecord
from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.training import TrainingSettings, train
from capexpand.sddp.workers import open_workers

WORKERS = 2
SECONDS = 2.0
CHUNKS = 6
EMPTY = 200
NETWORK_BYTES_A_SECOND = 1.25e9
"""Ten gigabits, for the paper."""


class Burn:
    """Uses the processor for some seconds, and holds a case as planning does."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __call__(self, seconds: float) -> tuple[int, float]:
        ends = time.process_time() + seconds
        while time.process_time() < ends:
            sum(range(10_000))
        return os.getpid(), memory_mb()


def memory_mb() -> float:
    """Return the proportional share of memory of this process [MB]: what it shares with others is divided."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:  # noqa: PTH123
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024.0


def everything(pool: Pool[float, tuple[int, float]], chunks: list[float]) -> list[tuple[int, float]]:
    """Return all answers, with as many chunks underway as there are workers."""
    found, left = list[tuple[int, float]](), list(chunks)
    running: set[Future[tuple[int, float]]] = set()
    while left or running:
        while left and len(running) < pool.slots:
            running.add(pool.submit(left.pop()))
        for future in first_completed(running):
            running.discard(future)
            found.append(answer_of(future))
    return found


def chunks() -> None:
    """Measure chunks on one engine and then the other: three turns of each, or as many as are asked for."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    held = compile_case(load_case("alibaba-2025"))
    times: dict[str, list[float]] = {}
    cost: dict[str, tuple[float, float]] = {}
    with engine_on(None, workers=WORKERS) as local:  # first: a process connected to Ray does not fork
        times["local"] = [_timed(local, held, first=turn == 0, name="local") for turn in range(turns)]
        cost["local"] = _each(local, held)
    began = time.perf_counter()
    with own_cluster() as cluster:
        connected = time.perf_counter() - began
        print(f"connected to a cluster started for it in {connected:.1f} s, versions compared")
        times["ray"] = [_timed(cluster, held, first=turn == 0, name="ray") for turn in range(turns)]
        cost["ray"] = _each(cluster, held)
    one, other = (statistics.median(times[name]) for name in ("local", "ray"))
    print(f"{CHUNKS} chunks of {SECONDS:g} s of the processor: local {one:.2f} s, Ray {other:.2f} s")
    print(f"Ray over local: {other / one:.3f}")
    for name, (wall, work) in cost.items():
        told = f"{1e3 * wall:.1f} ms, {1e3 * work:.2f} ms of the processor for whoever asks"
        print(f"a chunk of nothing, {name}: {told}")
    paper(cost["ray"][1], start=connected, size=_size(held))


def _timed(engine: Engine, held: object, *, first: bool, name: str) -> float:
    began = time.perf_counter()
    with engine.pool(Burn(held), most=CHUNKS) as pool:
        if first:
            answer_of(pool.submit(0.0))
            print(f"{name}: first result after {time.perf_counter() - began:.2f} s")
        else:
            everything(pool, [0.0] * WORKERS)
        began = time.perf_counter()
        found = everything(pool, [SECONDS] * CHUNKS)
        took = time.perf_counter() - began
    if first:
        by_process = dict(found)
        print(f"{name}: {statistics.mean(by_process.values()):.0f} MB a worker, {len(by_process)} workers")
    return took


def _each(engine: Engine, held: object) -> tuple[float, float]:
    """Seconds that one more chunk takes, and seconds of the processor for whoever asks."""
    with engine.pool(Burn(held), most=EMPTY) as pool:
        everything(pool, [0.0] * 20)
        began, worked = time.perf_counter(), time.process_time()
        everything(pool, [0.0] * EMPTY)
        return (time.perf_counter() - began) / EMPTY, (time.process_time() - worked) / EMPTY


def _size(held: object) -> int:
    import pickle

    return len(pickle.dumps(Burn(held)))


def paper(each: float, *, start: float, size: int) -> None:
    """Print what so many workers would take for 100,000 chunks, by a model of events."""
    count = 100_000
    print(f"\non paper: {count:,} chunks of {SECONDS:g} s, {1e3 * each:.1f} ms of whoever asks for each;")
    print(f"workers join as the {size / 1e6:.1f} MB of work reach them, four nodes of 16 at a time")
    print(f"{'workers':>8} {'hours':>7} {'speedup':>8} {'efficiency':>11}")
    for workers in (1, 10, 50, 100, 200, 400, 700, 1000):
        took = makespan(
            count, workers, chunk=SECONDS, each=each, start=start, reach=size / NETWORK_BYTES_A_SECOND
        )
        speedup = count * SECONDS / took
        print(f"{workers:>8,} {took / 3600:>7.2f} {speedup:>8.0f} {speedup / workers:>11.0%}")
    print(
        f"the curve bends at {SECONDS / each:,.0f} workers: chunk over cost of a chunk for the one who asks"
    )


def makespan(count: int, workers: int, *, chunk: float, each: float, start: float, reach: float) -> float:
    """Return when the last of some chunks is done.

    One process hands chunks out and takes answers, one after the other; a worker is idle until it is served.

    Args:
        count: number of chunks.
        workers: number of them.
        chunk: what one takes [s].
        each: of whoever asks for each chunk [s].
        start: until the first worker is there [s].
        reach: for the work to reach a node of 16 workers, from one of those that have it [s].
    """
    nodes = -(-workers // 16)
    idle = [start + reach * max(1.0, np.ceil(np.log2(node + 1))) for node in range(nodes) for _ in range(16)]
    idle = idle[:workers]
    heapq.heapify(idle)
    asks = start
    ends = 0.0
    for _ in range(count):
        asks = max(asks, heapq.heappop(idle)) + each
        ends = asks + chunk
        heapq.heappush(idle, ends)
    return max(ends, *idle)


@contextmanager
def own_cluster() -> Generator[Engine]:
    """Yield a cluster of this process's own, whatever others run on this machine."""
    import ray

    ray.init(
        address="local", num_cpus=WORKERS, include_dashboard=False, _node_ip_address="127.0.0.1",
        logging_level="ERROR", log_to_driver=False,
    )  # fmt: skip
    try:
        with engine_on("ray", workers=WORKERS) as engine:
            yield engine
    finally:
        ray.shutdown()


def streams() -> None:
    """Print the bound over time of one training with more and more streams, and how busy the machine was."""
    graph, settings = _problem()
    compile_now()  # not in the time of the first training
    limit = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    marks = [limit / 6.0, limit / 3.0, limit * 2.0 / 3.0, limit]
    print(
        f"{'streams':>8} {'where':>22} {'rounds':>7} " + " ".join(f"{f'{mark:.0f} s':>14}" for mark in marks)
    )
    with own_cluster() as cluster:
        for count, where, asynchronous in (
            (1, "this process", False), (2, "local", False), (4, "local", False), (2, "ray", False),
            (4, "ray", False), (4, "ray", True),
        ):  # fmt: skip
            chosen = replace(
                settings, streams=count, workers=WORKERS, seconds=limit, asynchronous=asynchronous
            )
            opener = cluster.open_streams if where == "ray" else open_workers
            found = train(graph, settings=chosen, open_streams=opener)
            bounds = [
                min((r.bound for r in found.records if r.seconds <= mark), default=float("nan"))
                for mark in marks
            ]
            name = f"{where}, asynchronous" if asynchronous else where
            written = " ".join(f"{bound:>14,.3f}" for bound in bounds)
            load = f"load {os.getloadavg()[0]:.1f}"
            print(f"{count:>8} {name:>22} {len(found.records):>7} {written} {load:>11}", flush=True)


def alone() -> None:
    """Print the bound over processor time, as if each stream had a processor and exchange cost nothing.

    All streams run in this process, and each counts an equal part of its processor time. So other work on the
    machine changes little, and what is printed is the most that more machines could bring.
    """
    graph, settings = _problem()
    compile_now()
    limit = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    marks = [limit / 4.0, limit / 2.0, limit]
    print(f"{'streams':>8} {'rounds':>7} " + " ".join(f"{f'{mark:g} s':>12}" for mark in marks))
    for count in (1, 2, 4):
        found = list[tuple[float, float]]()
        began = time.process_time()

        def note(record: TrainingRecord, count: int = count, began: float = began) -> bool:
            found.append(((time.process_time() - began) / count, record.bound))  # noqa: B023 - of this turn
            return found[-1][0] >= limit  # noqa: B023

        train(graph, settings=replace(settings, streams=count, workers=1), progress=note)
        bounds = [min((bound for at, bound in found if at <= mark), default=float("nan")) for mark in marks]
        written = " ".join(f"{bound:>12,.3f}" for bound in bounds)
        print(f"{count:>8} {len(found):>7} {written}", flush=True)


def _problem() -> tuple[PolicyGraph, TrainingSettings]:
    """A policy of the smaller of the shipped neoclouds, on a lattice of forty nodes."""
    from capexpand.scenarios.condensation import condense
    from capexpand.scenarios.futures import compile_futures
    from capexpand.scenarios.sampling import draw_scenarios

    case = load_case("telecom-edge")
    m, futures, grain = compile_case(case), compile_futures(case), LatticeSettings()
    drawn = draw_scenarios(futures, 4096, seed=1)
    lattice = condense(
        drawn, nodes=40, outcomes=1, seed=1, fine_quarters=grain.recourse_quarters, later_nodes=20
    )
    stages = take_apart(m, lattice)
    graph = policy_graph(stages, lattice, PolicySettings().risk)
    settings = TrainingSettings(
        iterations=10**6,
        gap_fraction=0.0,
        stall_fraction=0.0,
        stabilisation=0.3,
        lower_bound=lower_bound(stages, graph),
    )
    return graph, settings


def main() -> None:
    """Run what is asked for."""
    modes: dict[str, Callable[[], None]] = {"streams": streams, "alone": alone}
    modes.get(sys.argv[1] if len(sys.argv) > 1 else "", chunks)()


if __name__ == "__main__":
    main()
