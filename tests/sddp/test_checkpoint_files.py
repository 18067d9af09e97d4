"""A checkpoint is written only to a file of our own, by one process at a time; dead workers are told."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from multistage_cases import OWN, random_graph

from capexpand.errors import RunError, SolverError
from capexpand.files import hold
from capexpand.sddp.policy import TrainingRecord
from capexpand.sddp.training import TrainingSettings, train

_SETTINGS = TrainingSettings(
    iterations=12, streams=2, exact_limit=0, checkpoint_rounds=2, stall_iterations=1000, back_end="highs"
)


def _train(checkpoint: Path) -> None:
    train(random_graph(23), settings=_SETTINGS, checkpoint=checkpoint)


@pytest.mark.parametrize("content", [b"", b"{}", b"CXJ1", b"CXJ1" + bytes(60), b"my only copy\n" * 99])
def test_a_file_that_is_no_checkpoint_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "thesis.txt"
    file.write_bytes(content)
    with pytest.raises(RunError, match="is no checkpoint and is left as it is"):
        _train(file)
    assert file.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_problem_itself_is_no_checkpoint(tmp_path: Path) -> None:
    problem = tmp_path / "farmer.json"
    problem.write_bytes((OWN / "farmer.json").read_bytes())
    with pytest.raises(RunError, match="no checkpoint"):
        _train(problem)
    assert json.loads(problem.read_text("utf-8"))["format"] == "sddp-case/1"


def test_folders_links_and_pipes_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("folder", "is a folder"), ("link", "is a link"), ("pipe", "no regular file")):
        with pytest.raises(RunError, match=words):
            _train(tmp_path / name)
    with pytest.raises(RunError, match="cannot be"):
        _train(tmp_path / "folder" / ("x" * 300))
    assert not target.exists()


def test_a_checkpoint_leaves_nothing_else_behind(tmp_path: Path) -> None:
    _train(tmp_path / "deep" / "training")
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["training"]


_HOLDER = """
import sys, time
from pathlib import Path
from capexpand.sddp.checkpoint import CheckpointLog
log = CheckpointLog(Path(sys.argv[1]), "x")
log.read()
print("held", flush=True)
time.sleep(60)
"""


def test_a_checkpoint_in_use_names_who_uses_it_until_that_process_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "training"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(file)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=rf"training: process {holder.pid} .* is writing it"):
            _train(file)
        assert not file.exists()
        holder.send_signal(signal.SIGKILL)
    _train(file)
    assert file.exists()


def test_two_trainings_of_one_process_do_not_share_a_checkpoint(tmp_path: Path) -> None:
    """In two threads, and within each other. Mixed journals counted rounds twice."""
    file = tmp_path / "training"
    refused: list[str] = []

    def second() -> None:
        try:
            _train(file)
        except RunError as error:
            refused.append(str(error))

    def while_training(record: TrainingRecord) -> bool:
        if record.iterations == 4:
            second()
            thread = threading.Thread(target=second)
            thread.start()
            thread.join()
        return False

    alone = train(random_graph(23), settings=_SETTINGS)
    found = train(random_graph(23), settings=_SETTINGS, checkpoint=file, progress=while_training)
    assert [f"process {os.getpid()}" in each for each in refused] == [True, True]
    assert [record.bound for record in found.records] == [record.bound for record in alone.records]


def test_a_process_that_was_started_meanwhile_keeps_nobody_out(tmp_path: Path) -> None:
    """It is a copy of the one that holds the lock, and lives on when that one has let go."""
    with hold(tmp_path / "x"):
        child = os.fork()
        if child == 0:
            time.sleep(600)
    try:
        with hold(tmp_path / "x", again=False):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert not list(tmp_path.iterdir())


def test_a_killed_worker_is_told_with_its_signal(tmp_path: Path) -> None:
    """As the system kills for memory; what the checkpoint holds stays, and the same training resumes."""
    graph = random_graph(23, stages=4)
    settings = TrainingSettings(
        iterations=60, streams=2, workers=2, exact_limit=0, checkpoint_rounds=2, stall_iterations=1000,
        back_end="highs",
    )  # fmt: skip

    def kill_one(record: TrainingRecord) -> bool:
        if record.iterations == 20:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            os.kill(int(children[-1]), signal.SIGKILL)
        return False

    with pytest.raises(SolverError, match=r"killed by signal 9 \(SIGKILL\).*memory.*resumes"):
        train(graph, settings=settings, checkpoint=tmp_path / "training", progress=kill_one)
    resumed = train(graph, settings=settings, checkpoint=tmp_path / "training")
    whole = train(graph, settings=settings)
    assert [record.bound for record in resumed.records] == pytest.approx([r.bound for r in whole.records])
