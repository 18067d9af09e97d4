"""Chunks in processes of this machine, which share by fork whatever the work holds."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from threadpoolctl import threadpool_limits

from capexpand.executing.engine import Answer, Chunk, Engine, Pool
from capexpand.sddp.interruption import deaf_children
from capexpand.sddp.parallel import can_fork
from capexpand.sddp.workers import Streams, WorkerTask, open_workers

_work: Callable[[Any], Any] | None = None
"""In a worker process: what it does with each chunk."""


class LocalProcesses(Engine):
    """Processes of this machine; where processes cannot share what is loaded, all is done in this one.

    Args:
        workers: number of processes, from 1.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def open_streams(self, task: WorkerTask, workers: int) -> Streams:
        """Spread the streams of a training over processes."""
        return open_workers(task, workers)

    @contextmanager
    def pool(self, work: Callable[[Chunk], Answer], *, most: int) -> Generator[Pool[Chunk, Answer]]:
        """Start the processes; what they still do when the block is left ends at once."""
        workers = min(self.workers, most)
        if workers <= 1 or not can_fork():
            yield _Here(work)
            return
        context = multiprocessing.get_context("fork")
        ears, lifeline = context.Pipe(duplex=False)
        executor = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_begin, initargs=(work, ears, lifeline)
        )
        try:
            yield _Processes(executor, workers)
        except BaseException:
            lifeline.close()
            raise
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
            lifeline.close()
            ears.close()


class _Here(Pool[Chunk, Answer]):
    """Does each chunk when it is handed in."""

    def __init__(self, work: Callable[[Chunk], Answer]) -> None:
        self._do = work

    @property
    def slots(self) -> int:
        return 1

    def submit(self, chunk: Chunk) -> Future[Answer]:
        future: Future[Answer] = Future()
        future.set_result(self._do(chunk))
        return future


class _Processes(Pool[Chunk, Answer]):
    def __init__(self, executor: ProcessPoolExecutor, workers: int) -> None:
        self._executor, self._workers = executor, workers

    @property
    def slots(self) -> int:
        return self._workers

    def submit(self, chunk: Chunk) -> Future[Answer]:
        with deaf_children():  # the first call starts the processes
            return self._executor.submit(_do, chunk)


def _begin(work: Callable[[Any], Any], ears: Connection, lifeline: Connection) -> None:
    """Keep the work, with one thread for linear algebra, and end when the process that asks does."""
    global _work  # noqa: PLW0603 - each process has one piece of work for as long as it lives
    lifeline.close()
    _work = work
    threadpool_limits(limits=1)
    threading.Thread(target=_end_with, args=(ears,), daemon=True).start()


def _end_with(ears: Connection) -> None:
    """End this process once the other end of the pipe is closed, as it is by any end of its process."""
    with suppress(EOFError, OSError):
        ears.recv_bytes()
    os._exit(0)


def _do(chunk: Any) -> Any:
    assert _work is not None  # noqa: S101 - a process begins with it
    return _work(chunk)
