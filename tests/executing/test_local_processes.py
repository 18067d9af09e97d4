"""Processes of this machine as an engine: each chunk is answered once, and none outlives what started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from capexpand.errors import CaseError, RunError, SolverError
from capexpand.executing.choosing import engine_on
from capexpand.executing.engine import answer_of, first_completed
from capexpand.executing.local import LocalProcesses


def answers(work, chunks, workers):
    found = {}
    with LocalProcesses(workers).pool(work, most=len(chunks)) as pool:
        running = {pool.submit(chunk): chunk for chunk in chunks}
        while running:
            for future in first_completed(running):
                found[running.pop(future)] = answer_of(future)
    return found


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_chunk_is_answered_by_any_number_of_workers(workers):
    unpicklable = lambda chunk: chunk * chunk  # noqa: E731 - work travels by fork, so it may be anything
    assert answers(unpicklable, range(7), workers) == {chunk: chunk * chunk for chunk in range(7)}


def test_a_worker_that_is_killed_ends_in_one_sentence():
    def work(chunk):
        if chunk == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return chunk

    with pytest.raises(SolverError, match="a worker ended unexpectedly"):
        answers(work, range(6), 2)


def test_work_that_goes_on_ends_with_the_block_and_with_the_process_that_asked():
    """A chunk of an hour does not keep the block open; killed, a program leaves no worker behind."""
    code = (
        "import os, time\n"
        "from capexpand.executing.engine import first_completed\n"
        "from capexpand.executing.local import LocalProcesses\n"
        "def work(chunk):\n"
        "    os.write(1, f'{os.getpid()}\\n'.encode())\n"
        "    time.sleep(3600)\n"
        "with LocalProcesses(2).pool(work, most=2) as pool:\n"
        "    running = [pool.submit(chunk) for chunk in range(2)]\n"
        "    STOP\n"
    )
    for stop, killed in (("time.sleep(2); raise SystemExit(7)", False), ("time.sleep(3600)", True)):
        with subprocess.Popen(
            [sys.executable, "-c", code.replace("STOP", stop)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            workers = [int(process.stdout.readline()) for _ in range(2)]
            if killed:
                process.kill()
            assert process.wait() == (-signal.SIGKILL if killed else 7)
            deadline = time.monotonic() + 60.0
            while any(map(_lives, workers)):
                assert time.monotonic() < deadline
                time.sleep(0.05)


def _lives(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_only_engines_that_there_are_can_be_named():
    with pytest.raises(CaseError, match="there is no engine 'dask'"), engine_on("dask", workers=2):
        pass
    with pytest.raises(CaseError, match="is no address; write ray://HOST"), engine_on("ray://x", workers=2):
        pass
    with pytest.raises(RunError, match="nothing listens at"), engine_on("ray://127.0.0.1:9", workers=2):
        pass


def test_local_processes_import_no_cluster():
    code = "import capexpand.executing.choosing, sys; print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
