"""Ctrl-C while something long is at work: the first asks to end at the next good place, the next insists."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether someone asked to end."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Takes note the first time; raises the second, for whoever does not want to wait.

        Raises:
            KeyboardInterrupt: it was asked before.
        """
        del number, frame
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def asked_to_end() -> Generator[Interruption]:
    """Listens for Ctrl-C, so that it breaks into no solver and no half-written round.

    Only the main thread of a program that has Python's own answer to Ctrl-C can listen; elsewhere nothing
    changes.
    """
    interruption = Interruption()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interruption
        return
    signal.signal(signal.SIGINT, interruption)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def deaf_children() -> Generator[None]:
    """Lets processes that start meanwhile never hear Ctrl-C: the terminal tells all, only one has to answer.

    Blocked signals stay blocked in a new process from its first instruction on, so none ends with a
    traceback while it still loads its modules. What comes meanwhile reaches this process afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
