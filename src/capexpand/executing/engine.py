"""The one seam between work that is split and what runs it, in the terms of ``concurrent.futures``.

::

    with engine.pool(work, most=len(chunks)) as pool:
        running = {pool.submit(chunk): chunk for chunk in chunks}
        for future in first_completed(running):
            answer_of(future)

What is split must not depend on who computes which chunk, nor on the order in which answers come. Then any
engine, with any number of workers and after any failure, gives the same bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from capexpand.errors import SolverError
from capexpand.sddp.workers import Streams, WorkerTask

Chunk = TypeVar("Chunk")
Answer = TypeVar("Answer")

AHEAD = 2
"""Chunks handed in for each worker where answers are taken in order, so that none waits for a slow one."""
_END: object = object()


class Pool(ABC, Generic[Chunk, Answer]):
    """Workers that hold one piece of work and answer chunks with it, until the pool is left."""

    @property
    @abstractmethod
    def slots(self) -> int:
        """Number of chunks that keep all workers busy; it may change as machines come and go."""

    @abstractmethod
    def submit(self, chunk: Chunk) -> Future[Answer]:
        """Hand in a chunk; its answer comes in the future."""


class Engine(ABC):
    """A place where chunks of work are run."""

    @abstractmethod
    def open_streams(self, task: WorkerTask, workers: int) -> Streams:
        """Spread the streams of a training over workers.

        Args:
            workers: number of processes, where they are of this machine.
        """

    @abstractmethod
    def pool(
        self, work: Callable[[Chunk], Answer], *, most: int
    ) -> AbstractContextManager[Pool[Chunk, Answer]]:
        """Bring work to the workers, once; leaving the block cancels what has not been answered.

        Args:
            work: what to do with a chunk; whatever large it holds travels once.
            most: number of chunks that there are at most; there is no use for more workers.
        """


def first_completed(futures: Iterable[Future[Answer]]) -> set[Future[Answer]]:
    """Wait until at least one of some futures is done, and return those that are."""
    return wait(futures, return_when=FIRST_COMPLETED).done


def in_order(pool: Pool[Chunk, Answer], chunks: Iterable[Chunk]) -> Generator[tuple[Chunk, Answer]]:
    """Yield each chunk with its answer, in the order of the chunks, and keep all workers busy meanwhile.

    Whoever stops before the end cancels what has not been begun.

    Args:
        pool: that does the chunks.

    Raises:
        SolverError: a worker was lost, and nobody else could do its chunk.
    """
    left = iter(chunks)
    running: deque[tuple[Chunk, Future[Answer]]] = deque()
    try:
        while True:
            most = AHEAD * pool.slots if pool.slots > 1 else 1
            while len(running) < most and (chunk := next(left, _END)) is not _END:
                running.append((chunk, pool.submit(chunk)))  # type: ignore[arg-type]
            if not running:
                return
            chunk, future = running[0]
            wait([future])
            running.popleft()
            yield chunk, answer_of(future)
    finally:
        for _, future in running:
            future.cancel()


def answer_of(future: Future[Answer]) -> Answer:
    """Return the answer of a chunk that is done.

    Raises:
        SolverError: its worker was lost, and nobody else could do it.
    """
    try:
        return future.result()
    except BrokenExecutor as error:
        raise SolverError(
            "a worker ended unexpectedly, as when memory runs out; "
            "run the same command again with fewer workers: with --out, what is done is kept"
        ) from error
