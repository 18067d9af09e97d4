"""A Ray cluster as an engine: how a process connects to it, and which it takes."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

from capexpand.errors import CaseError, Problem, RunError
from capexpand.executing.engine import Answer, Chunk, Engine, Pool
from capexpand.executing.ray_nodes import RETRIES, nodes
from capexpand.executing.ray_pool import RayPool
from capexpand.executing.ray_streams import open_on_ray
from capexpand.executing.versions import difference, made_with
from capexpand.sddp.workers import Streams, WorkerTask

_LONGEST = 300
_SECONDS = 5.0
"""How long an address may take to answer."""


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
        pool = RayPool(work, most)
        try:
            yield pool
        finally:
            pool.cancel()


def _versions() -> dict[str, str]:
    return made_with()


def _in_a_line(error: BaseException) -> str:
    """What an error says, its lines joined and cut where it would fill a screen."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST].rsplit(' ', 1)[0]} …"


def _last_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
