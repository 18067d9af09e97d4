"""Chunks on a Ray cluster: the work is put once, what is lost is done again, the head node comes last."""

from __future__ import annotations

import os
import pickle
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from capexpand.errors import CaseError, Problem, RunError
from capexpand.executing.engine import Answer, Chunk, Engine, Pool
from capexpand.executing.ray_nodes import RETRIES, nodes, packed, spared_head
from capexpand.executing.ray_streams import open_on_ray
from capexpand.executing.versions import difference, made_with
from capexpand.sddp.workers import Streams, WorkerTask

_LONGEST = 300
_LOOK_SECONDS = 1.0
_SECONDS = 5.0
"""How long an address may take to answer."""

_kept: dict[str, Callable[[Any], Any]] = {}
"""In a worker: the work, by the name of the object that holds it. It travels as bytes: arrays that Ray hands
over itself lie in shared memory and can only be read, and compiled code takes these for another type."""


@contextmanager
def connected(on: str, *, workers: int) -> Generator[RayCluster]:
    """Connect to a cluster as long as the block lasts.

    Args:
        on: ``ray`` for the cluster that ``RAY_ADDRESS`` names or that runs on this machine, and else one
            that is started for the block; or ``ray://HOST:PORT``.
        workers: processes of a cluster that is started.

    Raises:
        CaseError: the address has not this form.
        RunError: Ray is not installed, nothing answers, or what answers has another version.
    """
    address = _address(on)
    try:
        import ray
    except ImportError:
        raise RunError(f"--on {on} needs Ray, which is not installed: pip install 'capexpand[ray]'") from None
    mine = not ray.is_initialized()
    if mine:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # sends nothing about its use to anyone
        _connect(on, address, workers)
    try:
        _check_versions(on)
        yield RayCluster()
    finally:
        if mine:
            ray.shutdown()


def _address(on: str) -> str | None:
    """Where to connect; None where only this machine is asked. Something must be listening."""
    written = os.environ.get("RAY_ADDRESS") if on == "ray" else on
    if written in (None, "", "auto", "local"):
        return None
    assert written is not None  # noqa: S101 - pyrefly does not follow the test above
    parts = urlsplit(written if "://" in written else f"//{written}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or port is None:
        raise CaseError(
            [Problem(f"--on: '{written}' is no address; write ray://HOST:PORT, as ray://head:10001")]
        )
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError as error:
        raise RunError(f"--on {on}: nothing listens at {host}:{port} ({error.strerror or error})") from None
    return written


def _connect(on: str, address: str | None, workers: int) -> None:
    import ray

    quiet: dict[str, object] = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        if address is not None:
            ray.init(address=address, **quiet)
            _tell(f"the cluster at {address}")
            return
        try:
            ray.init(address="auto", **quiet)
            _tell(f"the cluster at {_joined()}, which Ray's file on this machine names")
        except ConnectionError:  # none runs here
            ray.init(num_cpus=workers, include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
            _tell("a cluster started for this command; no other is known on this machine")
    except Exception as error:
        raise RunError(f"--on {on}: cannot be used: {_in_a_line(error)}") from error


def _joined() -> str:
    """The address of the cluster to which this process is connected."""
    import ray

    return str(ray.get_runtime_context().gcs_address)


def _tell(which: str) -> None:
    """Say where the work goes, apart from the result: a cluster that was forgotten is easily joined."""
    print(f"Working on {which}.", file=sys.stderr, flush=True)


def _check_versions(on: str) -> None:
    """Refuse a cluster that would compute with other versions than those here."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    probe = ray.remote(_versions)
    places = [node["NodeID"] for node in nodes()]
    asked = [
        probe.options(
            num_cpus=0,
            max_retries=RETRIES,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=True),
        ).remote()
        for node in places
    ]
    for node, reference in zip(places, asked, strict=True):
        try:
            found = ray.get(reference)
        except Exception as error:  # what a node without capexpand raises is not one class
            wanted = made_with()["capexpand"]
            raise RunError(
                f"--on {on}: capexpand does not run on node {node[:8]}: {_last_line(error)}; "
                f"install capexpand {wanted} there"
            ) from error
        other = difference(found, made_with())
        if other is not None:
            raise RunError(f"--on {on}: node {node[:8]} has {other} as here; install the same there")


class RayCluster(Engine):
    """The cluster to which this process is connected."""

    def open_streams(self, task: WorkerTask, workers: int) -> Streams:
        """Spread the streams of a training over the cluster."""
        return open_on_ray(task, workers)

    @contextmanager
    def pool(self, work: Callable[[Chunk], Answer], *, most: int) -> Generator[Pool[Chunk, Answer]]:
        """Put the work into the cluster; what it still does when the block is left is cancelled."""
        pool = _RayPool(work, most)
        try:
            yield pool
        finally:
            pool.cancel()


class _RayPool(Pool[Chunk, Answer]):
    """Hands the cluster as many chunks as it has processors beside the head, and keeps the others back.

    Ray would send to the head what finds no room elsewhere.
    """

    def __init__(self, work: Callable[[Chunk], Answer], most: int) -> None:
        import ray

        self._work = ray.put(packed(work))
        self._most = most
        self._task = ray.remote(_run)
        self._waiting: deque[tuple[Future[Answer], Chunk]] = deque()
        self._running: dict[Future[Answer], Any] = {}
        self._lock = threading.RLock()
        self._looked, self._cores, self._where = 0.0, 0, spared_head()
        self._room, self._left = threading.Event(), False
        threading.Thread(target=self._hand_out, daemon=True).start()

    @property
    def slots(self) -> int:
        self._look()
        return max(1, min(self._most, self._cores))

    def submit(self, chunk: Chunk) -> Future[Answer]:
        answer: Future[Answer] = Future()
        with self._lock:
            self._waiting.append((answer, chunk))
        self._room.set()
        return answer

    def cancel(self) -> None:
        """Cancel what has not been answered."""
        import ray

        self._left = True
        self._room.set()
        with self._lock:
            self._waiting.clear()
            left = list(self._running.values())
        for reference in left:
            with suppress(Exception):  # it may be done by now, or its cluster gone
                ray.cancel(reference, force=True)

    def _look(self) -> None:
        """See which nodes there are, once a second: machines come and go."""
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked, self._where = now, spared_head()
            self._cores = sum(int(node["Resources"].get("CPU", 0)) for node in nodes())

    def _hand_out(self) -> None:
        """Begin chunks whenever there is room, in a thread of its own: Ray's must not be kept waiting."""
        while self._room.wait() and not self._left:
            self._room.clear()
            try:
                self._start()
            except Exception as error:  # noqa: BLE001 - Ray's losses are many classes
                self._give_up(error)

    def _start(self) -> None:
        """Begin chunks as long as there is room."""
        with self._lock:
            while self._waiting and len(self._running) < self.slots:
                answer, chunk = self._waiting.popleft()
                if not answer.cancelled():
                    self._begin(answer, chunk)

    def _give_up(self, error: Exception) -> None:
        """Tell whoever waits that the cluster is gone."""
        with self._lock:
            left = [answer for answer, _ in self._waiting]
            self._waiting.clear()
        for answer in left:
            if answer.set_running_or_notify_cancel():
                answer.set_exception(_broken(error))

    def _begin(self, answer: Future[Answer], chunk: Chunk) -> None:
        options: dict[str, object] = {
            "num_cpus": 1,
            "max_retries": RETRIES,
            "scheduling_strategy": self._where,
        }
        try:
            reference = self._task.options(**options).remote([self._work], self._work.hex(), chunk)
        except BaseException:
            self._waiting.appendleft((answer, chunk))
            raise
        self._running[answer] = reference
        found: Future[bytes] = reference.future()
        answer.add_done_callback(self._ended)
        found.add_done_callback(lambda done: _pass_on(done, answer))

    def _ended(self, answer: Future[Answer]) -> None:
        import ray

        with self._lock:
            reference = self._running.pop(answer, None)
        if answer.cancelled() and reference is not None:
            with suppress(Exception):
                ray.cancel(reference)
        self._room.set()


def _pass_on(found: Future[bytes], answer: Future[Answer]) -> None:
    """Give an answer on: what the work raised as it is, any loss in the cluster as that of an executor."""
    from ray.exceptions import RayTaskError

    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(pickle.loads(found.result()))  # noqa: S301 - from our own workers
    except RayTaskError as error:
        answer.set_exception(error.cause if isinstance(error.cause, Exception) else error)
    except (Exception, CancelledError) as error:  # noqa: BLE001 - Ray's losses are many classes
        answer.set_exception(_broken(error))


def _broken(error: BaseException) -> BrokenExecutor:
    broken = BrokenExecutor()
    broken.__cause__ = error
    return broken


def _versions() -> dict[str, str]:
    return made_with()


def _run(held: list[Any], name: str, chunk: Any) -> bytes:
    """In a worker: do a chunk; the work is read once and kept."""
    import ray
    from threadpoolctl import threadpool_limits

    if name not in _kept:
        _kept.clear()
        _kept[name] = pickle.loads(ray.get(held[0]))  # noqa: S301 - from the process that asks
    with threadpool_limits(limits=1):
        return packed(_kept[name](chunk))


def _in_a_line(error: BaseException) -> str:
    """What an error says, its lines joined and cut where it would fill a screen."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST].rsplit(' ', 1)[0]} …"


def _last_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
