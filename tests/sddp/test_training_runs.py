"""One seed gives one result: whatever the number of workers, and after a kill too."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from multistage_cases import OWN, random_graph

from capexpand.errors import CaseError, RunError
from capexpand.sddp.extensive import solve_extensive
from capexpand.sddp.futures import CutKind
from capexpand.sddp.initial_lower_bounds import initial_lower_bounds
from capexpand.sddp.policy import TrainingRecord
from capexpand.sddp.training import TrainingSettings, train
from capexpand.sddp.workers import LocalWorker, WorkerTask

_SETTINGS = TrainingSettings(
    iterations=24, streams=3, exact_limit=0, checkpoint_rounds=2, stall_iterations=1000, back_end="highs"
)


def _changed(**changes: object) -> TrainingSettings:
    return replace(_SETTINGS, **changes)


@pytest.mark.parametrize(("back_end", "stabilisation"), [("highs", 0.0), ("highs", 0.3), ("kernel", 0.3)])
def test_workers_never_change_the_result(back_end: str, stabilisation: float) -> None:
    graph = random_graph(21, stages=4)
    one = train(graph, settings=_changed(back_end=back_end, stabilisation=stabilisation))
    two = train(graph, settings=_changed(back_end=back_end, stabilisation=stabilisation, workers=2))
    assert [record.bound for record in two.records] == [record.bound for record in one.records]
    assert [record.path_value for record in two.records] == [record.path_value for record in one.records]


def test_another_seed_takes_other_paths() -> None:
    graph = random_graph(21, stages=4)
    first, second = train(graph, settings=_SETTINGS), train(graph, settings=_changed(seed=2))
    assert [r.path_value for r in first.records] != [r.path_value for r in second.records]


def test_asynchronous_workers_reach_the_same_optimum() -> None:
    graph = random_graph(22)
    settings = _changed(iterations=120, workers=2, streams=2, asynchronous=True)
    expected = train(graph, settings=_changed(iterations=120)).bound
    assert train(graph, settings=settings).bound == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("own", [0, 1])
def test_every_stream_takes_in_what_the_others_found(own: int) -> None:
    """With or without its own iteration in the round, which it knows already."""
    graph = random_graph(22)
    lower_bound = initial_lower_bounds(graph)
    task = WorkerTask(
        graph, lower_bound, CutKind.SINGLE, "highs", seed=1, longest_path=100, streams=(0, 1), past=(),
        generators=(), warm_starts=(), stabilisation=0.0,
    )  # fmt: skip
    found = LocalWorker(task).finish()
    for sent in (found, {number: iteration for number, iteration in found.items() if number != own}):
        worker = LocalWorker(replace(task, streams=(own,)))
        worker.finish()
        worker.exchange(sent, forget=False)
        made = sum(len(iteration.trial_points) for iteration in found.values())
        assert sum(pool.count for pool in worker.streams[own].solvers.pools) == made > 0


@pytest.mark.slow
def test_a_pull_changes_where_cuts_are_made_and_not_what_they_lead_to() -> None:
    graph = random_graph(24, stages=4)
    plain = train(graph, settings=_changed(iterations=300, streams=1))
    pulled = train(graph, settings=_changed(iterations=300, streams=1, stabilisation=0.3))
    assert [record.bound for record in pulled.records] != [record.bound for record in plain.records]
    assert pulled.bound == pytest.approx(solve_extensive(graph).value, rel=1e-4)


@pytest.mark.parametrize("stabilisation", [0.0, 0.3])
def test_an_interrupted_training_resumes_to_the_same_bounds(tmp_path: Path, stabilisation: float) -> None:
    graph, settings = random_graph(23, stages=4), _changed(stabilisation=stabilisation)
    whole = train(graph, settings=settings, checkpoint=tmp_path / "whole.checkpoint")

    def stop(record: TrainingRecord) -> bool:
        return record.iterations >= 15

    part = train(graph, settings=settings, checkpoint=tmp_path / "part.checkpoint", progress=stop)
    assert part.status == "interrupted"
    resumed = train(
        graph,
        settings=_changed(stabilisation=stabilisation, workers=2),
        checkpoint=tmp_path / "part.checkpoint",
    )
    assert [record.bound for record in resumed.records] == [record.bound for record in whole.records]


def test_a_torn_last_chunk_is_cut_off(tmp_path: Path) -> None:
    graph, checkpoint_log = random_graph(23), tmp_path / "training.checkpoint"
    first = train(graph, settings=_changed(iterations=12), checkpoint=checkpoint_log)
    size = checkpoint_log.stat().st_size
    with checkpoint_log.open("ab") as file:
        file.write(b"CXJ1 half a chunk")
    again = train(graph, settings=_changed(iterations=12), checkpoint=checkpoint_log)
    assert again.bound == first.bound
    assert checkpoint_log.stat().st_size == size


def test_a_checkpoint_of_another_problem_is_refused(tmp_path: Path) -> None:
    train(random_graph(23), settings=_SETTINGS, checkpoint=tmp_path / "training.checkpoint")
    with pytest.raises(RunError, match="another problem"):
        train(random_graph(24), settings=_SETTINGS, checkpoint=tmp_path / "training.checkpoint")


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(CaseError) as caught:
        train(random_graph(1), settings=TrainingSettings(iterations=0, stabilisation=1.5, back_end="magic"))
    assert len(caught.value.problems) == 3


def test_a_callback_sees_growing_counts_and_the_first_decision() -> None:
    graph = random_graph(25)
    seen: list[TrainingRecord] = []
    train(graph, settings=_changed(iterations=6), progress=seen.append)
    assert [record.iterations for record in seen] == [3, 6]
    assert seen[1].solves > seen[0].solves
    assert all(np.isfinite(record.first_state).all() for record in seen)


_KILLED = """
import sys, time
from pathlib import Path
from capexpand.sddp.formats.reading import read_problem
from capexpand.sddp.training import TrainingSettings, train

settings = TrainingSettings(
    iterations=60, exact_limit=0, checkpoint_rounds=5, stall_iterations=1000, back_end="highs"
)
slow = float(sys.argv[3])
policy = train(
    read_problem(Path(sys.argv[1])),
    settings=settings,
    checkpoint=Path(sys.argv[2]),
    progress=lambda record: time.sleep(slow) or False,
)
print([record.bound for record in policy.records])
"""


def _run(checkpoint_log: Path, pause: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _KILLED, str(OWN / "college_fund.json"), str(checkpoint_log), str(pause)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill")
def test_a_killed_training_ends_where_an_undisturbed_one_does(tmp_path: Path) -> None:
    undisturbed, _ = _run(tmp_path / "whole.checkpoint", 0.0).communicate(timeout=120)
    process = _run(tmp_path / "killed.checkpoint", 0.05)
    checkpoint_log, deadline = tmp_path / "killed.checkpoint", time.monotonic() + 60.0
    while not (checkpoint_log.exists() and checkpoint_log.stat().st_size > 0) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    killed, _ = process.communicate(timeout=60)
    assert not killed
    resumed, _ = _run(tmp_path / "killed.checkpoint", 0.0).communicate(timeout=120)
    assert resumed
    assert resumed == undisturbed
