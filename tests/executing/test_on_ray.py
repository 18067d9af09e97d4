"""On a cluster of four nodes that loses some of them, everything is as on one machine, in bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from multistage_cases import random_graph
from pages import of_the_tests
from small_case import SMALL

import capexpand as cx
from capexpand.executing import ray_cluster, ray_nodes, ray_pool
from capexpand.executing.carrying import Carrying
from capexpand.executing.choosing import engine_on
from capexpand.executing.engine import answer_of, first_completed
from capexpand.sddp.parallel import in_slices
from capexpand.sddp.training import TrainingSettings, train
from capexpand.studies.study.manifest import read_study
from capexpand.studies.study.planning import Planner

if os.environ.get("CI") == "true":  # then nothing goes missing unseen
    import ray
else:
    ray = pytest.importorskip("ray", reason="needs the extra ray: pip install 'capexpand[ray]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Ray leaves sockets and files open when nodes are lost
]

QUIET = {"num_cpus": 1, "object_store_memory": 80_000_000, "node_ip_address": "127.0.0.1"}
QUICK_TO_NOTICE = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 4,
}


@pytest.fixture(scope="module")
def cluster():
    """Return a cluster on this machine: a head and three more nodes, each with one processor.

    All tests connect to it once, so that its workers load capexpand once.
    """
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "ray._private.ray_constants.ENABLE_RAY_CLUSTER", False
        )  # nodes at the loopback address
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        head = {**QUIET, "include_dashboard": False, "_system_config": QUICK_TO_NOTICE}
        made = Cluster(initialize_head=True, head_node_args=head)
        made.others = [made.add_node(**QUIET) for _ in range(3)]
        patched.setenv("RAY_ADDRESS", made.address)
        made.wait_for_nodes()
        ray.init(address=made.address, logging_level="ERROR", log_to_driver=False)
        yield made
        ray.shutdown()
        made.shutdown()


def lose_a_node(cluster) -> None:
    """Kill a node, and everything on it, without a word to the others."""
    cluster.remove_node(cluster.others.pop(), allow_graceful=False)


def replace_lost(cluster) -> None:
    """Bring the cluster back to three nodes beside the head."""
    while len(cluster.others) < 3:
        cluster.others.append(cluster.add_node(**QUIET))


def written(folder: Path) -> str:
    case = json.loads(json.dumps(SMALL))
    case["programme"]["cap"] = "10 mn CNY"
    folder.mkdir(parents=True)
    (folder / "case.yaml").write_text(json.dumps(case), encoding="utf-8")
    return str(folder)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_lost_node_costs_no_answer_and_the_head_computes_nothing_before(cluster):
    """Chunks are handed in one for each node beside the head."""

    def where(chunk):
        import time

        import ray

        time.sleep(0.1)
        return chunk, ray.get_runtime_context().get_node_id()

    replace_lost(cluster)
    head = cluster.head_node.node_id
    found, before = {}, set()
    with engine_on("ray", workers=2) as engine, engine.pool(where, most=24) as pool:
        running, left = {}, list(range(24))
        while left or running:
            while left and len(running) < 2 * pool.slots:  # more than there is room for beside the head
                chunk = left.pop()
                running[pool.submit(chunk)] = chunk
            for future in first_completed(running):
                chunk = running.pop(future)
                found[chunk] = answer_of(future)
            if len(found) >= 6 and not before:
                before = {answer[1] for answer in found.values()}
                lose_a_node(cluster)
    assert sorted(found) == list(range(24))
    assert all(chunk == answer[0] for chunk, answer in found.items())
    assert before - {head}


def test_a_sweep_that_loses_a_node_is_the_sweep_of_one_machine(cluster, tmp_path):
    replace_lost(cluster)
    place = written(tmp_path / "case")
    axes = ["programme.cap=0.5x:1.5x:6", "workloads.chat.price=0.5x:1.5x:4"]
    told: list[str] = []

    def lose(words: str) -> None:
        told.append(words)
        if words.startswith("Planned 5 "):
            lose_a_node(cluster)

    cx.sweep(place, vary=axes, on="ray", out=tmp_path / "ray", progress=lose)
    assert len(cluster.others) == 2
    cx.sweep(place, vary=axes, workers=1, out=tmp_path / "here")
    for name in ("report.html", "sweep.json", "tables/points.parquet", "tables/brackets.parquet"):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_policy_is_trained_and_followed_as_on_one_machine_though_a_node_is_lost(cluster, tmp_path):
    """The node is lost while the streams train, and another while scenarios are followed."""
    replace_lost(cluster)
    lost: list[str] = []

    def lose(words: str) -> None:
        if (not lost and words.startswith("Training, iteration 4")) or (
            len(lost) == 1 and words.startswith("Following the naive plan")
        ):
            lost.append(words)
            lose_a_node(cluster)

    asked = {"scenarios": 40, "iterations": 8}
    cx.policy("two-sites", out=tmp_path / "ray", on="ray", progress=lose, **asked)
    assert len(lost) == 2
    cx.policy("two-sites", out=tmp_path / "here", workers=1, **asked)
    one, other = content(tmp_path / "ray"), content(tmp_path / "here")
    assert len(one) > 10
    assert {name for name in one if one[name] != other[name]} <= {"run.json"} | {
        name
        for name in one
        if name.endswith(".svg")  # the renderer numbers their parts on through a process
    }


@pytest.mark.parametrize("barriers", [3, 100])
def test_streams_that_are_lost_are_made_anew_from_the_last_barrier(cluster, barriers, monkeypatch):
    """With barriers every three rounds, and with none before the loss."""
    replace_lost(cluster)
    monkeypatch.setattr("capexpand.sddp.training._FRESH_ROUNDS", barriers)
    graph = random_graph(21, stages=4)
    settings = TrainingSettings(
        iterations=24, streams=3, exact_limit=0, stall_iterations=1000, back_end="highs"
    )
    expected = train(graph, settings=settings)

    def lose(record) -> bool:
        if record.iterations == 12:
            lose_a_node(cluster)
        return False

    with engine_on("ray", workers=2) as engine:
        found = train(graph, settings=settings, progress=lose, open_streams=engine.open_streams)
    assert len(cluster.others) == 2
    assert [record.bound for record in found.records] == [record.bound for record in expected.records]
    assert [record.path_value for record in found.records] == [r.path_value for r in expected.records]


def test_more_streams_than_processors_share_them(cluster):
    """Six streams on four processors, and on three once a node is lost: none waits for ever for its own."""
    replace_lost(cluster)
    graph = random_graph(21, stages=3)
    settings = TrainingSettings(
        iterations=24, streams=6, exact_limit=0, stall_iterations=1000, back_end="highs"
    )
    expected = train(graph, settings=settings)

    def lose(record) -> bool:
        if record.iterations == 12:
            lose_a_node(cluster)
        return False

    with engine_on("ray", workers=2) as engine:
        found = train(graph, settings=settings, progress=lose, open_streams=engine.open_streams)
    assert [record.bound for record in found.records] == [record.bound for record in expected.records]


def test_asynchronous_streams_reach_the_same_optimum_and_resume(cluster, tmp_path):
    replace_lost(cluster)
    graph = random_graph(22)
    settings = TrainingSettings(
        iterations=60, streams=2, exact_limit=0, stall_iterations=1000, back_end="highs", checkpoint_rounds=5,
        asynchronous=True,
    )  # fmt: skip
    optimum = train(graph, settings=replace(settings, iterations=120, asynchronous=False)).bound
    with engine_on("ray", workers=2) as engine:
        found = train(
            graph, settings=settings, open_streams=engine.open_streams, checkpoint=tmp_path / "log",
            progress=lambda record: record.iterations >= 40,
        )  # fmt: skip
        assert found.status == "interrupted"
        again = train(graph, settings=settings, open_streams=engine.open_streams, checkpoint=tmp_path / "log")
    assert again.records[-1].iterations >= 60
    assert again.bound == pytest.approx(optimum, rel=1e-6)


def test_the_guide_reaches_a_cluster_by_its_address(cluster, tmp_path):
    """The commands of docs/guides/cluster.md, on a small case and this machine's cluster."""
    from ray.util.client.server import serve

    replace_lost(cluster)
    (block,) = of_the_tests("docs/guides/cluster.md", "tests/executing/test_on_ray.py")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listening = serve("127.0.0.1", port)
    text = block.text
    for this, that in (("alibaba-2025", "two-sites"), (":21", ":3"), ("head:10001", f"127.0.0.1:{port}")):
        assert this in text
        text = text.replace(this, that)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    try:
        subprocess.run(
            ["bash", "-ec", text], cwd=tmp_path, check=True, timeout=300,
            env={**os.environ, "PATH": programs, "PIP_NO_INDEX": "1"},
        )  # fmt: skip
    finally:
        listening.stop(0)
    cx.sweep("two-sites", vary=["programme.cap=0.5x:1.5x:3"], workers=1, out=tmp_path / "here")
    one, other = content(tmp_path / "runs/sweep"), content(tmp_path / "here")
    assert {name for name in one if one[name] != other[name]} <= {"run.json"}


def test_evidence_on_a_cluster_is_that_of_one_machine(cluster):
    replace_lost(cluster)
    one, other = (cx.evidence("two-sites", on=on, workers=1).sheet().json() for on in ("ray", None))
    assert one == other


def test_a_study_and_break_evens_on_a_cluster_are_those_of_one_machine(cluster, tmp_path):
    replace_lost(cluster)
    written(tmp_path / "case")
    manifest = tmp_path / "study.yaml"
    manifest.write_text("cases: [case]\ndates: [as declared, 2025-03-01]\n", encoding="utf-8")
    one, other = (cx.study(manifest, on=on, workers=1) for on in ("ray", None))
    assert one.table.equals(other.table)
    case = cx.load_case(tmp_path / "case")
    there, here = (
        cx.breakeven(case, driver=["price"], pair=["none"], scenarios=20, on=on).found.break_evens.single
        for on in ("ray", None)
    )
    assert [found.root for found in there] == [found.root for found in here]


def test_a_simulation_on_a_cluster_that_loses_a_node_is_that_of_one_machine(cluster, monkeypatch):
    from capexpand.studies.simulation import simulating

    replace_lost(cluster)
    monkeypatch.setattr(simulating, "FUTURES", 16)
    told: list[str] = []

    def lose(words: str) -> None:
        told.append(words)
        if len(cluster.others) == 3 and words.startswith("Followed through 32"):
            lose_a_node(cluster)

    there = cx.simulate("two-sites", 160, on="ray", progress=lose)
    assert len(cluster.others) == 2
    assert there.table.equals(cx.simulate("two-sites", 160, workers=1).table)


def test_nodes_that_see_no_case_files_read_those_that_came_with_the_work(cluster, tmp_path):
    """The files go once the work is in the cluster, so its workers find none where they stood.

    Sensitivity: work that does not carry them says that the case is missing.
    """
    replace_lost(cluster)
    place = Path(written(tmp_path / "home" / "case"))
    shutil.move(place / "case.yaml", tmp_path / "home" / "below.yaml")
    (place / "case.yaml").write_text("extends: ../below.yaml\n", encoding="utf-8")
    manifest = tmp_path / "study.yaml"
    manifest.write_text("cases: [home/case]\ndates: [as declared, 2025-03-01]\n", encoding="utf-8")
    study = read_study(manifest)
    here = Planner.of(study)(study.items)
    assert [row["status"] for row in here] == ["planned", "planned"]
    carried, alone = Carrying(Planner.of(study), study.copies), Planner.of(study)
    with (
        engine_on("ray", workers=2) as engine,
        engine.pool(carried, most=2) as with_files,
        engine.pool(alone, most=2) as without,
    ):
        shutil.rmtree(tmp_path / "home")
        answers = [with_files.submit((item,)) for item in study.items]
        assert [answer_of(answer)[0] for answer in answers] == here
        assert answer_of(without.submit((study.items[0],)))[0]["status"] == "invalid"


def test_what_work_raises_reaches_who_asked_as_it_was(cluster):
    def work(chunk):
        if chunk == 1:
            raise cx.InfeasibleError(["one limit", "another limit"])
        raise cx.CaseError([cx.Problem("is wrong", path="sites.a")])

    with engine_on("ray", workers=1) as engine, engine.pool(work, most=2) as pool:
        with pytest.raises(cx.InfeasibleError, match="one limit") as infeasible:
            answer_of(pool.submit(1))
        with pytest.raises(cx.CaseError, match=r"sites\.a: is wrong"):
            answer_of(pool.submit(2))
    assert infeasible.value.conflict == ("one limit", "another limit")


@pytest.fixture
def withheld(monkeypatch):
    """Return the answers that Ray brought and that the pool was not told of, until told so.

    Word of the first answers to each chunk is kept back, as often as ``times`` says.
    """
    kept, times = [], {"times": 1}
    watch = ray_pool.RayPool._watch

    def late(pool, reference, handed_in):
        if len(handed_in.references) <= times["times"]:
            kept.append(lambda: watch(pool, reference, handed_in))
        else:
            watch(pool, reference, handed_in)

    monkeypatch.setattr(ray_pool.RayPool, "_watch", late)
    monkeypatch.setattr(ray_pool, "_PATIENCE_SECONDS", 0.1)
    return kept, times


def test_a_chunk_whose_answer_never_comes_is_done_again_and_a_late_answer_ignored(cluster, withheld, capsys):
    replace_lost(cluster)
    kept, _ = withheld
    with engine_on("ray", workers=2) as engine, engine.pool(lambda chunk: chunk * chunk, most=8) as pool:
        running = [pool.submit(chunk) for chunk in range(8)]
        assert [answer_of(future) for future in running] == [chunk * chunk for chunk in range(8)]
        assert len(kept) == 8
        for late in kept:
            late()
        assert answer_of(pool.submit(9)) == 81
    said = r"No answer to a chunk came for \d+ s, though the cluster has room; it is handed out again\."
    assert re.search(said, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("given", "processors", "free", "missing"),
    [
        (3, 4.0, 1.0, 0),  # all are computed
        (3, 4.0, 4.0, 3),
        (3, 4.0, 2.0, 1),
        (3, 2.0, 0.0, 0),  # one waits for room, since a node was lost
        (3, 8.0, 1.0, 0),  # others compute as well
        (3, 1.0, 1.0, 1),
    ],
)
def test_tasks_are_missing_where_less_is_computed_than_was_given(
    monkeypatch, given, processors, free, missing
):
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": processors})
    monkeypatch.setattr(ray, "available_resources", lambda: {"CPU": free} if free else {})
    assert ray_nodes.missing_tasks(given) == missing


def test_a_chunk_that_is_never_answered_is_given_up_with_one_error(cluster, withheld):
    replace_lost(cluster)
    _, times = withheld
    times["times"] = 1_000
    with engine_on("ray", workers=2) as engine, engine.pool(abs, most=1) as pool:
        with pytest.raises(cx.SolverError, match="gave no answer to a chunk that it was handed 4 times"):
            answer_of(pool.submit(-1))
        times["times"] = 0
        assert answer_of(pool.submit(-2)) == 2


def test_a_cluster_with_other_versions_is_refused_in_one_sentence(cluster, monkeypatch):
    ray.shutdown()  # so that it connects itself
    real = ray_cluster.made_with()
    monkeypatch.setattr(ray_cluster, "made_with", lambda: {**real, "numpy": "0.1"})
    said = r"node \w{8} has numpy .*, not 0\.1 as here; install the same"
    with pytest.raises(cx.RunError, match=said), engine_on("ray", workers=2):
        pass


def test_another_version_of_ray_is_told_in_one_line(monkeypatch):
    """Ray says so over several lines, as it does where a node has another Python than the client."""

    def refuse(**_):
        raise RuntimeError(
            "Version mismatch: The cluster was started with:\n    Ray: 2.1\n    Python: 3.9.1\n"
        )

    monkeypatch.setenv("RAY_ADDRESS", "")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    said = r"^--on ray: cannot be used: Version mismatch: .* with: Ray: 2\.1 Python: 3\.9\.1$"
    with pytest.raises(cx.RunError, match=said), engine_on("ray", workers=1):
        pass


@pytest.mark.parametrize(
    ("running", "said"),
    [
        (True, "Working on the cluster at 10.0.0.7:6379, which Ray's file on this machine names."),
        (False, "Working on a cluster started for this command; no other is known on this machine."),
    ],
)
def test_it_is_said_which_cluster_was_joined(monkeypatch, capsys, running, said):
    """Ray names whatever cluster its own file names, which may be one that somebody left behind."""

    def connect(address=None, **_):
        if address == "auto" and not running:
            raise ConnectionError

    monkeypatch.setenv("RAY_ADDRESS", "")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", connect)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.setattr(ray_cluster, "_joined", lambda: "10.0.0.7:6379")
    monkeypatch.setattr(ray_cluster, "_check_versions", lambda on: None)
    with engine_on("ray", workers=1):
        pass
    assert capsys.readouterr().err.strip() == said


def test_seeds_of_a_replay_on_a_cluster_are_those_of_one_machine(cluster, tmp_path):
    (tmp_path / "fleet.csv").write_text("offer,units,accelerators,model\nold,2,4,P\nnew,2,8,H\n")
    rows = "".join(f"{i},{5 + i % 7},{1 + i % 3}\n" for i in range(50))
    (tmp_path / "jobs.csv").write_text("arrival_s,duration_s,accelerators\n" + rows)
    asked = {"trace": tmp_path / "jobs.csv", "fleet": tmp_path / "fleet.csv", "placement": "random"}
    one, other = (cx.replay(**asked, seeds=3, workers=1, on=on).document for on in ("ray", None))
    assert one == other


def test_a_process_that_is_connected_works_itself_and_does_not_fork(cluster):
    """Once it has forked, what it asks of Ray may not reach a node any more."""
    with (
        engine_on("ray", workers=2) as far,
        engine_on(None, workers=2) as near,
        near.pool(lambda chunk: os.getpid(), most=4) as here,
        far.pool(lambda chunk: os.getpid(), most=4) as there,
    ):
        assert {here.submit(chunk).result() for chunk in range(4)} == {os.getpid()}
        assert os.getpid() not in {there.submit(chunk).result() for chunk in range(4)}
        slices = in_slices(lambda part: os.getpid(), 4, workers=2, size=1)
        assert {found for _, found in slices} == {os.getpid()}
