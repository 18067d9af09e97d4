"""A limit of time for all that a command does, and how work that knows nothing of it is broken off."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class OutOfTimeError(Exception):
    """The time is up; whoever set the limit turns this into a status or a message."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of the monotonic clock, which all processes of a machine share.

    Args:
        at: the moment [s]; infinity where there is no limit.
    """

    at: float = math.inf

    @staticmethod
    def after(seconds: float | None) -> Deadline:
        """Return the moment some seconds from now, or one that never comes."""
        return Deadline() if seconds is None else Deadline(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """Return the time that is left [s], at least zero."""
        return max(0.0, self.at - time.monotonic())

    def part(self, fraction: float) -> Deadline:
        """Return the moment when a fraction of the time that is left has gone."""
        return self if math.isinf(self.at) else Deadline.after(fraction * self.remaining)

    def check(self) -> None:
        """End what is at work once the time is up.

        Raises:
            OutOfTimeError: it is.
        """
        if time.monotonic() >= self.at:
            raise OutOfTimeError


_LONGEST_S = 1e8
"""That a timer of the system takes: three years."""


@contextmanager
def broken_off(deadline: Deadline) -> Generator[None]:
    """Break off what the block does when the time is up, wherever that is.

    What was at work is of no use afterwards. A solver's call ends first. Only the main thread can do this,
    where the system has timers; elsewhere the block ends when it is done.

    Raises:
        OutOfTimeError: the time was up before the block ended.
    """
    deadline.check()
    main = threading.current_thread() is threading.main_thread()
    if math.isinf(deadline.at) or not main or not hasattr(signal, "setitimer"):
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, end)
    earlier = signal.setitimer(signal.ITIMER_REAL, min(max(deadline.remaining, 1e-3), _LONGEST_S))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *earlier)
        signal.signal(signal.SIGALRM, before)
