"""Streams of a training on a Ray cluster: one actor for each worker, made anew where its node is lost.

Cuts travel through the object store: what a round found is put once and fetched once by each node. At every
barrier where the streams drop their bases, what a stream is follows from the rounds until then and the state
of its random numbers alone. So a lost actor is made anew from these and repeats the few rounds since; the
training gives the same bytes as if nothing had happened.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from capexpand.errors import SolverError
from capexpand.executing.ray_nodes import RETRIES, packed, processors, spared_head
from capexpand.files.json_text import JsonObject
from capexpand.sddp.deadline import OutOfTimeError
from capexpand.sddp.kept_cuts import KeptCuts
from capexpand.sddp.stream import Iteration
from capexpand.sddp.workers import LocalWorker, Round, Streams, WorkerTask, shares


def open_on_ray(task: WorkerTask, workers: int) -> RayStreams:
    """Spread streams over the cluster to which this process is connected.

    Args:
        workers: is not asked; each stream has a processor of its own, as far as there are so many.
    """
    del workers
    store = _Store()
    each = shares(task, len(task.streams))
    return RayStreams([RayWorker(replace(task, streams=share), store, len(each)) for share in each])


class StreamHost:
    """In a worker of the cluster: some streams."""

    def __init__(self, task: bytes) -> None:
        from threadpoolctl import threadpool_limits

        threadpool_limits(limits=1)
        self._task = task
        self._made: LocalWorker | None = None

    @property
    def _worker(self) -> LocalWorker:
        if self._made is None:  # here, so that an error reaches the training
            self._made = LocalWorker(pickle.loads(self._task))  # noqa: S301 - from the process that asks
        return self._made

    def finish(self) -> bytes:
        """Iterate each stream once; return what they found and the states of their random numbers."""
        return packed((self._worker.finish(), self._worker.generator_states()))

    def exchange(self, found: bytes, own: bool, forget: bool) -> None:
        """Take in what others found.

        Args:
            found: by stream.
            own: whether the streams' own cuts are among it, and unknown to them.
            forget: whether to drop the bases.
        """
        by_stream: dict[int, Iteration] = pickle.loads(found)  # noqa: S301
        if own:
            self._worker.take_own(by_stream)
        self._worker.exchange(by_stream, forget=forget)

    def generator_states(self) -> list[JsonObject]:
        """Return the states of the random numbers."""
        return self._worker.generator_states()

    def kept(self, group: int) -> bytes:
        """Return what has to be kept of the cuts of a group, for each stream."""
        return packed(self._worker.kept(group))


class RayWorker:
    """Streams on the cluster, as their training sees them.

    Args:
        task: with the numbers of the streams that live there.
        store: for what they find.
        streams: of the whole training.
    """

    def __init__(self, task: WorkerTask, store: _Store, streams: int) -> None:
        self._task, self._store, self._streams = task, store, streams
        self._past: list[Round] = list(task.past)
        self._states: list[JsonObject] | None = None
        self._since: list[dict[int, Iteration]] = []
        """Rounds since the last barrier at which the streams dropped their bases."""
        self._known: list[dict[int, Iteration]] = []
        """Of an asynchronous training: all that the streams were told or found."""
        self._losses = 0
        self.pending: Any = None
        self._host = self._opened(task)

    def start(self) -> None:
        """Ask for an iteration."""
        self.pending = self._host.finish.remote()

    def finish(self) -> dict[int, Iteration]:
        """Wait for it; where the node is lost meanwhile, it is done again elsewhere."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        while True:
            try:
                if self.pending is None:
                    self.start()
                found, states = pickle.loads(ray.get(self.pending))  # noqa: S301 - from our own actor
            except SystemError as error:  # Ray makes one of what ends the wait, such as a limit of time
                raise error.__cause__ if isinstance(error.__cause__, OutOfTimeError) else error from None
            except RayTaskError as error:
                raise error.cause if isinstance(error.cause, Exception) else error from None
            except RayError as error:
                self._made_anew(error)
                continue
            self.pending = None
            self._last_states = states
            if self._task.asynchronous:
                self._states = states
                self._known.append(found)
            return found

    def exchange(self, found: dict[int, Iteration], *, forget: bool) -> None:
        """Send what was found; the streams take it in while the training goes on."""
        self._host.exchange.remote(self._store.put(found), False, forget)
        if self._task.asynchronous:
            self._known.append(found)
            return
        self._since.append(found)
        if forget:
            self._past += [tuple(one[number] for number in sorted(one)) for one in self._since]
            self._since.clear()
            self._states = self._last_states

    def generator_states(self) -> list[JsonObject]:
        """Return the states of the random numbers after the last iteration."""
        import ray
        from ray.exceptions import RayError

        while True:
            try:
                return ray.get(self._host.generator_states.remote())
            except RayError as error:
                self._made_anew(error)

    def kept(self, group: int) -> list[KeptCuts]:
        """Return what has to be kept of the cuts of a group, for each stream."""
        import ray
        from ray.exceptions import RayError

        while True:
            try:
                return pickle.loads(ray.get(self._host.kept.remote(group)))  # noqa: S301 - from our own actor
            except RayError as error:
                self._made_anew(error)

    def close(self) -> None:
        """End the actor."""
        import ray

        with suppress(Exception):  # its node may be gone
            ray.kill(self._host)

    def _opened(self, task: WorkerTask) -> Any:
        import ray

        # an actor that asks for a processor waits for ever where others keep all that are left
        asks = 1 if processors() >= self._streams else 0
        options: dict[str, object] = {
            "num_cpus": asks,
            "max_restarts": 0,
            "scheduling_strategy": spared_head(),
        }
        return ray.remote(StreamHost).options(**options).remote(ray.put(packed(task)))

    def _made_anew(self, error: Exception) -> None:
        """Make the streams again on another node and let them repeat what they did since the last barrier."""
        self._losses += 1
        if self._losses > RETRIES:
            raise SolverError(
                f"a stream of the training was lost {self._losses} times, the last time so: {error}; "
                "run the same command again: a training with a checkpoint resumes from it"
            ) from error
        self.close()
        generators = dict(enumerate(self._task.generators))
        if self._states is not None:
            generators |= dict(zip(self._task.streams, self._states, strict=True))
        states = tuple(generators.get(number, {}) for number in range(max(self._task.streams) + 1))
        started = self._states is not None or bool(self._task.generators)
        past = tuple(self._past)
        self._host = self._opened(replace(self._task, past=past, generators=states if started else ()))
        for found in self._known:
            self._host.exchange.remote(self._store.put(found), True, False)
        for found in self._since:
            self._host.finish.remote()
            self._host.exchange.remote(self._store.put(found), False, False)
        self.pending = None


class _Store:
    """Puts what a round found into the cluster once for all workers."""

    def __init__(self) -> None:
        self._last: tuple[dict[int, Iteration], Any] | None = None

    def put(self, found: dict[int, Iteration]) -> Any:
        """Return where it is."""
        import ray

        if self._last is None or self._last[0] is not found:
            self._last = found, ray.put(packed(found))
        return self._last[1]


class RayStreams(Streams):
    """All streams of a training on a cluster."""

    can_run_free = True

    def __init__(self, workers: Sequence[RayWorker]) -> None:
        super().__init__(workers)
        self._actors = workers

    def ready(self, seconds: float | None) -> list[RayWorker]:
        """Wait until some worker has answered, and return those that have."""
        import ray

        by_reference = {worker.pending: worker for worker in self._actors}
        done, _ = ray.wait(list(by_reference), num_returns=1, timeout=seconds)
        return [by_reference[one] for one in done]
