"""A sweep on a cluster of three nodes, one of which is lost in the middle, is the sweep of one machine."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from small_case import SMALL

import capexpand as cx
from capexpand.executing.choosing import engine_on
from capexpand.executing.engine import answer_of, first_completed

ray = pytest.importorskip("ray", reason="needs the extra ray: pip install 'capexpand[ray]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Ray leaves sockets and files open when nodes are lost
]


@pytest.fixture
def cluster(monkeypatch):
    """Return a cluster on this machine: a head and two more nodes, each with one processor."""
    from ray.cluster_utils import Cluster

    monkeypatch.setattr(
        "ray._private.ray_constants.ENABLE_RAY_CLUSTER", False
    )  # nodes at the loopback address
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    quiet = {"num_cpus": 1, "object_store_memory": 80_000_000}
    made = Cluster(
        initialize_head=True,
        head_node_args={**quiet, "include_dashboard": False, "node_ip_address": "127.0.0.1"},
    )
    made.others = [made.add_node(**quiet, node_ip_address="127.0.0.1") for _ in range(2)]
    monkeypatch.setenv("RAY_ADDRESS", made.address)
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


def written(folder: Path) -> str:
    case = json.loads(json.dumps(SMALL))
    case["programme"]["cap"] = "10 mn CNY"
    folder.mkdir(parents=True)
    (folder / "case.yaml").write_text(json.dumps(case), encoding="utf-8")
    return str(folder)


def test_a_lost_node_costs_no_answer(cluster):
    def where(chunk):
        """Return the chunk and the node that answers it; so slowly that a node is lost meanwhile."""
        import time

        import ray

        time.sleep(0.3)
        return chunk, ray.get_runtime_context().get_node_id()

    head = cluster.head_node.node_id
    found, before = {}, set()
    with engine_on("ray", workers=2) as engine, engine.pool(where, most=24) as pool:
        assert pool.slots == 2
        running, left = {}, list(range(24))
        while left or running:
            while left and len(running) < pool.slots:
                chunk = left.pop()
                running[pool.submit(chunk)] = chunk
            for future in first_completed(running):
                chunk = running.pop(future)
                found[chunk] = answer_of(future)
            if len(found) >= 6 and not before:
                before = {answer[1] for answer in found.values()}
                cluster.remove_node(cluster.others[0], allow_graceful=False)
    assert sorted(found) == list(range(24))
    assert all(chunk == answer[0] for chunk, answer in found.items())
    assert before - {head}


def test_a_sweep_that_loses_a_node_is_the_sweep_of_one_machine(cluster, tmp_path):
    place = written(tmp_path / "case")
    axes = ["programme.cap=0.5x:1.5x:12", "workloads.chat.price=0.5x:1.5x:8"]
    journal = tmp_path / ".ray.sweep"
    lost: list[int] = []

    def lose() -> None:
        deadline = time.monotonic() + 120.0
        while time.monotonic() < deadline:
            done = journal.read_bytes().count(b"CXS1") if journal.exists() else 0
            if done > 10:
                cluster.remove_node(cluster.others[0], allow_graceful=False)
                lost.append(done)
                return
            time.sleep(0.01)

    watcher = threading.Thread(target=lose)
    watcher.start()
    cx.sweep(place, vary=axes, on="ray", out=tmp_path / "ray")
    watcher.join()
    assert lost
    assert lost[0] < 96
    cx.sweep(place, vary=axes, workers=2, out=tmp_path / "here")
    for name in ("report.html", "sweep.json", "tables/points.parquet", "tables/brackets.parquet"):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_cluster_with_other_versions_is_refused_in_one_sentence(cluster, monkeypatch):
    from capexpand.executing import ray_cluster

    real = ray_cluster.made_with()
    monkeypatch.setattr(ray_cluster, "made_with", lambda: {**real, "numpy": "0.1"})
    said = r"node \w{8} has numpy .*, not 0\.1 as here; install the same"
    with pytest.raises(cx.RunError, match=said), engine_on("ray", workers=2):
        pass
