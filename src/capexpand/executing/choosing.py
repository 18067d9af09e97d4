"""Chooses the engine that a user names."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Executor
from contextlib import contextmanager

from capexpand.errors import CaseError, Problem
from capexpand.executing.engine import Engine
from capexpand.executing.local import LocalProcesses


@contextmanager
def engine_on(on: str | Executor | None, *, workers: int) -> Generator[Engine]:
    """Yield the engine of a name, connected as long as the block lasts.

    Args:
        on: ``ray``, ``ray://HOST:PORT``, an executor, or None for processes of this machine.
        workers: processes of this machine, also of a Ray that has to be started here.

    Raises:
        CaseError: there is no such engine.
        RunError: nothing answers there, or what answers has another version.
    """
    if on is None:
        yield LocalProcesses(workers)
        return
    if isinstance(on, Executor):
        from capexpand.executing.any_executor import AnyExecutor

        yield AnyExecutor(on, workers)
        return
    if on != "ray" and not on.startswith("ray://"):
        raise CaseError([Problem(f"--on: there is no engine '{on}'; write ray or ray://HOST:PORT")])
    from capexpand.executing.ray_cluster import connected

    with connected(on, workers=workers) as engine:
        yield engine
