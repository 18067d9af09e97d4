"""Chunks on a Ray cluster: the work is put once, what is lost is done again, the head node comes last.

One thread of the pool owns its state; whoever hands in a chunk, and Ray when it brings an answer, only leave
word for it. So nothing of ours keeps Ray's own thread waiting.
"""

from __future__ import annotations

import pickle
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic

from capexpand.errors import SolverError
from capexpand.executing.engine import Answer, Chunk, Pool
from capexpand.executing.ray_nodes import RETRIES, missing_tasks, nodes, packed, spared_head

_LOOK_SECONDS = 1.0
_LEAVE_SECONDS = 5.0
_PATIENCE_SECONDS = 30.0
"""How long an answer may be owed by a cluster that computes fewer chunks than it was given; each further time
twice as long as the time before."""
_ATTEMPTS = 4
"""How often a chunk is handed out, at most, whose answer does not come."""

_kept: dict[str, Callable[[Any], Any]] = {}
"""In a worker: the work, by the name of the object that holds it. It travels as bytes: arrays that Ray hands
over itself lie in shared memory and can only be read, and compiled code takes these for another type."""


@dataclass(eq=False, slots=True)
class _HandedIn(Generic[Chunk, Answer]):
    """A chunk and its answer to be.

    Args:
        references: to what the cluster has for it, one for each time that it was handed out.
        since: when it was handed out last.
    """

    chunk: Chunk
    answer: Future[Answer] = field(default_factory=Future)
    references: list[Any] = field(default_factory=list)
    since: float = 0.0

    @property
    def patience(self) -> float:
        """How many seconds its answer may be overdue before it is handed out again."""
        return _PATIENCE_SECONDS * 2.0 ** (len(self.references) - 1)


class RayPool(Pool[Chunk, Answer]):
    """Hands the cluster as many chunks as it has processors beside the head, and keeps the others back.

    Ray would send to the head what finds no room elsewhere. Should an answer never come although the cluster
    has room, as may happen where a node is lost, its chunk is handed out again: a second answer is the same.
    """

    def __init__(self, work: Callable[[Chunk], Answer], most: int) -> None:
        import ray

        self._work = ray.put(packed(work))
        self._most = most
        self._task = ray.remote(_run)
        self._waiting: deque[_HandedIn[Chunk, Answer]] = deque()
        self._running: set[_HandedIn[Chunk, Answer]] = set()
        self._words: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._looked, self._cores, self._where = 0.0, 0, spared_head()
        self._checked, self._missing_since, self._left = 0.0, float("inf"), False
        self._thread = threading.Thread(target=self._attend, daemon=True)
        self._thread.start()

    @property
    def slots(self) -> int:
        """Number of processors on which to compute, as far as there are chunks for them."""
        self._look()
        return max(1, min(self._most, self._cores))

    def submit(self, chunk: Chunk) -> Future[Answer]:
        """Hand in a chunk; it begins as soon as there is room."""
        handed_in: _HandedIn[Chunk, Answer] = _HandedIn(chunk)
        handed_in.answer.add_done_callback(
            lambda answer: self._words.put(lambda: self._drop(handed_in)) if answer.cancelled() else None
        )
        self._words.put(lambda: self._waiting.append(handed_in))
        return handed_in.answer

    def cancel(self) -> None:
        """Cancel what has not been answered."""
        self._words.put(self._leave)
        self._thread.join(_LEAVE_SECONDS)

    def _leave(self) -> None:
        import ray

        self._left = True
        for reference in [one for handed_in in self._running for one in handed_in.references]:
            with suppress(Exception):  # it may be done by now, or its cluster gone
                ray.cancel(reference, force=True)

    def _look(self) -> None:
        """See which nodes there are, once a second: machines come and go."""
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked, self._where = now, spared_head()
            self._cores = sum(int(node["Resources"].get("CPU", 0)) for node in nodes())

    def _attend(self) -> None:
        """Do what word was left for, and begin chunks whenever there is room, until the pool is left."""
        while not self._left:
            try:
                self._take_words()
                if not self._left:
                    self._start()
                    self._ask_again()
            except Exception as error:  # noqa: BLE001 - Ray's losses are many classes
                self._give_up(error)

    def _take_words(self) -> None:
        """Do what word was left for; wait for some, but look after what is running now and then."""
        with suppress(Empty):
            self._words.get(timeout=_LOOK_SECONDS if self._running else None)()
            while not self._left:
                self._words.get_nowait()()

    def _start(self) -> None:
        """Begin chunks as long as there is room."""
        while self._waiting and len(self._running) < self.slots:
            handed_in = self._waiting[0]
            if not handed_in.answer.cancelled():
                self._begin(handed_in)
            self._waiting.popleft()

    def _give_up(self, error: Exception) -> None:
        """Tell whoever waits for what was not begun that the cluster is gone."""
        for handed_in in self._waiting:
            if handed_in.answer.set_running_or_notify_cancel():
                handed_in.answer.set_exception(_broken(error))
        self._waiting.clear()

    def _begin(self, handed_in: _HandedIn[Chunk, Answer]) -> None:
        """Hand a chunk out, for the first time or once more."""
        options: dict[str, object] = {
            "num_cpus": 1,
            "max_retries": RETRIES,
            "scheduling_strategy": self._where,
        }
        reference = self._task.options(**options).remote([self._work], self._work.hex(), handed_in.chunk)
        handed_in.references.append(reference)
        handed_in.since = time.monotonic()
        self._running.add(handed_in)
        self._watch(reference, handed_in)

    def _watch(self, reference: Any, handed_in: _HandedIn[Chunk, Answer]) -> None:
        """Have word left when the answer is there."""
        found: Future[bytes] = reference.future()
        found.add_done_callback(lambda done: self._words.put(lambda: self._pass_on(done, handed_in)))

    def _drop(self, handed_in: _HandedIn[Chunk, Answer]) -> None:
        """Cancel a chunk whose answer nobody wants any more."""
        import ray

        self._running.discard(handed_in)
        for reference in handed_in.references:
            with suppress(Exception):
                ray.cancel(reference)

    def _pass_on(self, found: Future[bytes], handed_in: _HandedIn[Chunk, Answer]) -> None:
        """Give an answer on: what the work raised as it is, a loss in the cluster as that of an executor."""
        from ray.exceptions import RayTaskError

        if handed_in not in self._running:  # cancelled, or answered by another worker before
            return
        self._running.discard(handed_in)
        answer = handed_in.answer
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(pickle.loads(found.result()))  # noqa: S301 - from our own workers
        except RayTaskError as error:
            answer.set_exception(error.cause if isinstance(error.cause, Exception) else error)
        except (Exception, CancelledError) as error:  # noqa: BLE001 - Ray's losses are many classes
            answer.set_exception(_broken(error))

    def _ask_again(self) -> None:
        """Hand out again the chunks whose answers are overdue though nobody computes them."""
        now = time.monotonic()
        late = [one for one in self._running if now - one.since > one.patience]
        if not late or now - self._checked < _LOOK_SECONDS:
            return
        self._checked, missing = now, missing_tasks(len(self._running))
        if missing < 1:
            self._missing_since = float("inf")
            return
        self._missing_since = min(self._missing_since, now)
        if now - self._missing_since < _PATIENCE_SECONDS:
            return
        self._missing_since = float("inf")
        for handed_in in sorted(late, key=lambda one: (len(one.references), one.since))[:missing]:
            if len(handed_in.references) < _ATTEMPTS:
                _tell(f"No answer to a chunk came for {now - handed_in.since:.0f} s")
                self._begin(handed_in)
            else:
                self._fail(handed_in)

    def _fail(self, handed_in: _HandedIn[Chunk, Answer]) -> None:
        """Give up a chunk that was handed out as often as may be."""
        self._running.discard(handed_in)
        if handed_in.answer.set_running_or_notify_cancel():
            handed_in.answer.set_exception(
                SolverError(
                    f"the cluster gave no answer to a chunk that it was handed {_ATTEMPTS} times, though it "
                    "had room; run the same command again: with --out, what is done is kept"
                )
            )


def _tell(what: str) -> None:
    """Say, apart from the result, why something takes longer."""
    print(f"{what}, though the cluster has room; it is handed out again.", file=sys.stderr, flush=True)


def _broken(error: BaseException) -> BrokenExecutor:
    broken = BrokenExecutor()
    broken.__cause__ = error
    return broken


def _run(held: list[Any], name: str, chunk: Any) -> bytes:
    """In a worker: do a chunk; the work is read once and kept."""
    import ray
    from threadpoolctl import threadpool_limits

    if name not in _kept:
        _kept.clear()
        _kept[name] = pickle.loads(ray.get(held[0]))  # noqa: S301 - from the process that asks
    with threadpool_limits(limits=1):
        return packed(_kept[name](chunk))
