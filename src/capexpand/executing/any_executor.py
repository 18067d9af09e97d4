"""Chunks on an executor of ``concurrent.futures`` that the caller has made: threads, processes, MPI, Dask."""

from __future__ import annotations

import hashlib
import os
import pickle
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

from capexpand.errors import RunError
from capexpand.executing.engine import Answer, Chunk, Engine, Pool
from capexpand.sddp.workers import Streams, WorkerTask, open_workers

_kept = threading.local()
"""The work that a thread or process has unpacked, by its hash: one piece at a time."""


class AnyExecutor(Engine):
    """An executor that stays the caller's: nothing is shut down.

    Args:
        executor: of any kind that follows ``concurrent.futures``.
        workers: chunks that it is thought to do at a time, where it does not say so itself.
    """

    def __init__(self, executor: Executor, workers: int) -> None:
        self._executor = executor
        own = getattr(executor, "_max_workers", None)
        self._workers = own if isinstance(own, int) else workers

    def open_streams(self, task: WorkerTask, workers: int) -> Streams:
        """Spread the streams of a training over processes of this machine.

        A stream keeps its state from round to round, and an executor does not say who does what.
        """
        return open_workers(task, workers)

    @contextmanager
    def pool(self, work: Callable[[Chunk], Answer], *, most: int) -> Generator[Pool[Chunk, Answer]]:
        """Pack the work; what is still to be done when the block is left is cancelled."""
        made = _Submitted(self._executor, pickle.dumps(work), min(self._workers, most))
        try:
            with threadpool_limits(limits=1):  # as in a worker, where it is a thread of this process
                yield made
        finally:
            made.cancel()


class _Submitted(Pool[Chunk, Answer]):
    """Hands each chunk over with the packed work, which every worker unpacks once."""

    def __init__(self, executor: Executor, packed: bytes, slots: int) -> None:
        self._executor, self._packed, self._slots = executor, packed, slots
        self._name = hashlib.sha256(packed).hexdigest()
        self._futures: set[Future[Answer]] = set()

    @property
    def slots(self) -> int:
        return self._slots

    def submit(self, chunk: Chunk) -> Future[Answer]:
        try:
            future: Future[Answer] = self._executor.submit(_do, self._packed, self._name, os.getpid(), chunk)
        except RuntimeError as error:  # it was shut down, or its workers are lost
            raise RunError(f"the executor takes no more work: {error}") from error
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def cancel(self) -> None:
        """Cancel what has not begun."""
        for future in tuple(self._futures):
            future.cancel()


def _do(packed: bytes, name: str, asker: int, chunk: Any) -> Any:
    """In a worker: do a chunk; each thread has work of its own, since work may hold a solver."""
    if getattr(_kept, "name", None) != name:
        _kept.work, _kept.name = pickle.loads(packed), name  # noqa: S301 - from the process that asks
    if os.getpid() == asker:
        return _kept.work(chunk)
    with threadpool_limits(limits=1):
        return _kept.work(chunk)
