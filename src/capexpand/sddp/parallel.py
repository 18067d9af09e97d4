"""Shares paths and scenarios among processes; how many changes nothing: slices are joined in order."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

from threadpoolctl import threadpool_limits

from capexpand.errors import CapexpandError, SolverError
from capexpand.sddp.interruption import deaf_children

Part = TypeVar("Part")

_SECONDS_TO_END = 5.0
"""Time for a process to be gone once its connection is."""


def can_fork() -> bool:
    """Tell whether processes can start as copies of this one, which share what it has loaded.

    Not while it is connected to Ray: once it has forked, Ray may answer it no more.
    """
    ray = sys.modules.get("ray")
    connected = ray is not None and ray.is_initialized()
    return "fork" in multiprocessing.get_all_start_methods() and not connected


def in_slices(
    work: Callable[[slice], Part], count: int, *, workers: int, size: int
) -> Iterator[tuple[slice, Part]]:
    """Yield what is found for each slice of paths or scenarios, in order.

    Args:
        work: what to do; it must not depend on what other slices did.
        workers: processes; where processes cannot share what is loaded (no fork), all is done in this one.

    Raises:
        SolverError: a process failed.
    """
    slices = [slice(first, min(first + size, count)) for first in range(0, count, size)]
    if workers <= 1 or len(slices) <= 1 or not can_fork():
        for part in slices:
            yield part, work(part)
        return
    context = multiprocessing.get_context("fork")
    running = []
    for worker in range(min(workers, len(slices))):
        ours, theirs = context.Pipe(duplex=False)
        arguments = (theirs, ours, work, slices[worker::workers])
        process = context.Process(target=_serve, args=arguments, daemon=True)
        with deaf_children():
            process.start()
        theirs.close()
        running.append((process, ours))
    try:
        for place, part in enumerate(slices):
            process, ours = running[place % workers]
            yield part, _answer(ours, process)
    finally:
        for process, ours in running:
            ours.close()
            process.terminate()
            process.join()


def one_thread() -> AbstractContextManager[object]:
    """Let linear algebra compute in one thread.

    Its threads would be in the way of the other processes: two of these with two threads each came to a third
    of their speed on two cores. Products of these small matrices gain nothing from threads, and with one a
    result does not depend on the number of cores.
    """
    return threadpool_limits(limits=1)


def _serve(
    connection: Connection, inherited: Connection, work: Callable[[slice], Part], slices: list[slice]
) -> None:
    """Work on some slices; ends where nobody listens, which it hears once its copy of that end is closed."""
    inherited.close()
    with one_thread():
        for part in slices:
            try:
                connection.send((True, work(part)))
            except CapexpandError as error:
                connection.send((False, str(error)))
                return
            except (BrokenPipeError, KeyboardInterrupt):
                return


def ended_early(process: BaseProcess) -> SolverError:
    """Return the error that says how a worker process ended that still had work to do."""
    process.join(_SECONDS_TO_END)
    code = process.exitcode
    if code is None or code >= 0:
        return SolverError(
            "a worker process ended unexpectedly; a training with a checkpoint resumes from it"
        )
    name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
    why = ", as the system does when memory runs out" if name == "SIGKILL" else ""
    return SolverError(
        f"a worker process was killed by signal {-code} ({name}){why}; "
        "run the same command again: a training with a checkpoint resumes from it"
    )


def _answer(connection: Connection, process: BaseProcess) -> Part:
    try:
        good, content = connection.recv()
    except (EOFError, ConnectionResetError):
        raise ended_early(process) from None
    if not good:
        raise SolverError(content)
    return content
