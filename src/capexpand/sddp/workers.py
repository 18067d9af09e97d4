"""Where streams live: in this process or in others; what they compute is the same."""

from __future__ import annotations

import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from typing import Any, Protocol

import numpy as np

from capexpand.errors import InfeasibleError, SolverError
from capexpand.files.json_text import JsonObject
from capexpand.sddp.futures import CutKind
from capexpand.sddp.initial_lower_bounds import InitialLowerBounds
from capexpand.sddp.interruption import deaf_children
from capexpand.sddp.kept_cuts import KeptCuts, Record, unpacked_cuts
from capexpand.sddp.parallel import can_fork, ended_early, one_thread
from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.stream import ForwardPassStream, Iteration, Solvers, Step

Round = tuple[Iteration, ...]


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """What a worker has to know.

    Args:
        graph: the problem.
        lower_bound: bounds before the cuts.
        kind: single or multi cuts.
        back_end: which stage solver.
        seed: of the whole training; each stream draws from its own child.
        longest_path: where to stop walking in an endless graph.
        streams: numbers of the streams that live here.
        kept: of each group, the cuts from which a training goes on, see ``packed_cuts``; or empty.
        past: rounds from a checkpoint, without their cuts up to where ``kept`` was made.
        generators: states of all streams' random numbers at the checkpoint, or empty.
        warm_starts: for every stream of the training the paths that it takes first.
        stabilisation: of the streams.
        asynchronous: whether rounds of the past hold what one worker found at a time; then all streams go on
            from the last of the kept ones.
    """

    graph: PolicyGraph
    lower_bound: InitialLowerBounds
    kind: CutKind
    back_end: str
    seed: int
    longest_path: int
    streams: tuple[int, ...]
    past: tuple[Round, ...]
    generators: tuple[JsonObject, ...]
    warm_starts: tuple[tuple[tuple[Step, ...], ...], ...]
    stabilisation: float
    asynchronous: bool = False
    kept: tuple[Record, ...] = ()


class Worker(Protocol):
    """Runs some streams round by round."""

    def start(self) -> None:
        """Begin an iteration of each stream."""
        ...

    def finish(self) -> dict[int, Iteration]:
        """Wait for it and return what each stream found."""
        ...

    def exchange(self, found: dict[int, Iteration], *, forget: bool) -> None:
        """Give all streams what others found; at a checkpoint they also forget their bases."""
        ...

    def generator_states(self) -> list[JsonObject]:
        """Return the state of each stream's random numbers."""
        ...

    def kept(self, group: int) -> list[KeptCuts]:
        """Return what has to be kept of the cuts of a group, for each stream."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class LocalWorker:
    """Streams in this process."""

    def __init__(self, task: WorkerTask) -> None:
        self.streams = {number: self._stream(task, number) for number in task.streams}
        self._own: dict[int, Iteration] = {}
        for group, record in enumerate(task.kept):
            for number, stream in self.streams.items():
                stream.restore(group, unpacked_cuts(record, -1 if task.asynchronous else number))
        for merged in task.past:
            if task.asynchronous:  # whose they were does not matter any more
                for stream in self.streams.values():
                    stream.take_in(merged)
                continue
            for number, stream in self.streams.items():
                stream.repeat(merged[number])
            self.exchange(dict(enumerate(merged)), forget=False)

    @staticmethod
    def _stream(task: WorkerTask, number: int) -> ForwardPassStream:
        solvers = Solvers(
            task.graph, task.lower_bound.stage_and_future, kind=task.kind, back_end=task.back_end
        )
        generator = np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(task.seed, spawn_key=(number,)))
        )
        if task.generators:
            generator.bit_generator.state = task.generators[number]
        warm_starts = task.warm_starts[number][len(task.past) :] if task.warm_starts else ()
        return ForwardPassStream(
            solvers,
            kind=task.kind,
            generator=generator,
            longest_path=task.longest_path,
            warm_starts=warm_starts,
            stabilisation=task.stabilisation,
        )

    def start(self) -> None:
        """Do nothing: the work is done when it is asked for."""

    def finish(self) -> dict[int, Iteration]:
        """Iterate each stream once."""
        self._own = {number: stream.iterate() for number, stream in self.streams.items()}
        return self._own

    def exchange(self, found: dict[int, Iteration], *, forget: bool) -> None:
        """Give each stream the others' cuts in the order of the streams; its own come first."""
        merged = sorted({**self._own, **found}.items())
        self._own = {}
        for number, stream in self.streams.items():
            for other, iteration in merged:
                if other != number:
                    stream.receive(iteration)
            stream.move_centres([iteration for _, iteration in merged])
            if forget:
                stream.solvers.forget()

    def take_own(self, found: dict[int, Iteration]) -> None:
        """Give each stream what it found itself before it was lost and made anew."""
        for number, stream in self.streams.items():
            if number in found:
                stream.receive(found[number])

    def generator_states(self) -> list[JsonObject]:
        """Return the state of each stream's random numbers."""
        return [dict(stream.generator.bit_generator.state) for stream in self.streams.values()]

    def kept(self, group: int) -> list[KeptCuts]:
        """Return what has to be kept of the cuts of a group, for each stream."""
        return [stream.kept(group) for stream in self.streams.values()]

    def close(self) -> None:
        """Do nothing."""


class WorkerProcess:
    """Streams in another process, which ends with this one."""

    def __init__(self, task: WorkerTask) -> None:
        fork = can_fork() and threading.active_count() == 1
        # Forking starts in no time and shares memory; it is safe only without threads.
        context: ForkContext | SpawnContext = ForkContext() if fork else SpawnContext()
        self.connection, theirs = context.Pipe()
        self._numbers = task.streams
        inherited = self.connection if fork else None
        self._process = context.Process(target=_serve, args=(theirs, task, inherited), daemon=True)
        with deaf_children():
            self._process.start()
        theirs.close()

    def start(self) -> None:
        """Ask for an iteration."""
        self._send(("iterate",))

    def finish(self) -> dict[int, Iteration]:
        """Wait for the answer."""
        return self._answer()

    def exchange(self, found: dict[int, Iteration], *, forget: bool) -> None:
        """Send what others found; the process knows its own, and takes all in while this one goes on."""
        others = {number: iteration for number, iteration in found.items() if number not in self._numbers}
        self._send(("exchange", others, forget))

    def generator_states(self) -> list[JsonObject]:
        """Ask for the states of the random numbers."""
        self._send(("generators",))
        return self._answer()

    def kept(self, group: int) -> list[KeptCuts]:
        """Ask for what has to be kept of the cuts of a group."""
        self._send(("kept", group))
        return self._answer()

    def _send(self, request: tuple[object, ...]) -> None:
        try:
            self.connection.send(request)
        except OSError:
            raise ended_early(self._process) from None

    def _answer(self) -> Any:
        try:
            kind, content = self.connection.recv()
        except (EOFError, OSError):
            raise ended_early(self._process) from None
        if kind == "infeasible":
            raise InfeasibleError(content)
        if kind == "failed":
            raise SolverError(content)
        return content

    def close(self) -> None:
        """End the process, also in the middle of an iteration."""
        self.connection.close()
        self._process.terminate()
        self._process.join()


def _serve(connection: Connection, task: WorkerTask, inherited: Connection | None) -> None:
    """Answer the requests of the training process until it hangs up, or is killed.

    A forked process holds the other end of its own connection, too; unless it closes that, it never hears
    that the training process has gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if inherited is not None:
        inherited.close()
    try:
        with one_thread():
            _answer_requests(connection, LocalWorker(task))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except InfeasibleError as error:
        connection.send(("infeasible", list(error.conflict)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the training process has to hear of it
        connection.send(("failed", f"a worker process failed: {type(error).__name__}: {error}"))


def _answer_requests(connection: Connection, worker: LocalWorker) -> None:
    while True:
        request = connection.recv()
        if request[0] == "iterate":
            connection.send(("done", worker.finish()))
        elif request[0] == "generators":
            connection.send(("done", worker.generator_states()))
        elif request[0] == "kept":
            connection.send(("done", worker.kept(request[1])))
        else:
            worker.exchange(request[1], forget=request[2])


class Streams(ABC):
    """All workers of a training, in this process or in others.

    Args:
        workers: that share the streams.
    """

    can_run_free = False
    """Whether workers can iterate at their own pace."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = workers

    @abstractmethod
    def ready(self, seconds: float | None) -> Sequence[Worker]:
        """Wait until some worker has answered, and return those that have.

        Args:
            seconds: the most to wait; None for as long as it takes.
        """

    def exchange(self, found: dict[int, Iteration], *, forget: bool) -> None:
        """Give all streams what a round found; at a checkpoint they also forget their bases."""
        for worker in self.workers:
            worker.exchange(found, forget=forget)

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            worker.close()


class StreamsHere(Streams):
    """Streams in this process."""

    def ready(self, seconds: float | None) -> Sequence[Worker]:
        """Return all: they work when they are asked."""
        del seconds
        return self.workers


class StreamProcesses(Streams):
    """Streams in processes of this machine."""

    can_run_free = True

    def __init__(self, workers: Sequence[WorkerProcess]) -> None:
        super().__init__(workers)
        self._processes = workers

    def ready(self, seconds: float | None) -> list[WorkerProcess]:
        """Wait until some worker has answered, and return those that have."""
        by_connection = {worker.connection: worker for worker in self._processes}
        return [by_connection[one] for one in wait(list(by_connection), seconds)]  # type: ignore[index]


def shares(task: WorkerTask, workers: int) -> list[tuple[int, ...]]:
    """Return the numbers of the streams for each of some workers."""
    workers = min(workers, len(task.streams))
    return [tuple(task.streams[first::workers]) for first in range(workers)]


def open_workers(task: WorkerTask, workers: int) -> Streams:
    """Spread the streams over this process or over several."""
    if workers <= 1 or len(task.streams) <= 1:
        return StreamsHere([LocalWorker(task)])
    return StreamProcesses([WorkerProcess(replace(task, streams=share)) for share in shares(task, workers)])
