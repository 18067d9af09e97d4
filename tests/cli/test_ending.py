"""How the command line ends when its output cannot be written, or when the user has had enough."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from capexpand.cli.main import COMMANDS

TWO_SITES = Path(__file__).parents[2] / "cases/two-sites"
COMMAND = [sys.executable, "-m", "capexpand.cli.main"]

INTERRUPTED_SOLVER = """
import sys, threading
from capexpand import pipeline
from capexpand.cli.main import main

asked = []

def solve(*arguments, **options):
    asked.append(1)
    if len(asked) == 1:
        raise KeyboardInterrupt
    threading.Event().wait()  # a solver that does not listen

pipeline.optimise_plan = solve
main()
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no such device")
@pytest.mark.parametrize("command", ["check", "run"])
def test_output_that_cannot_be_written_ends_with_one_message(tmp_path, command):
    out = ["--out", str(tmp_path / "run")] if command == "run" else []
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, command, str(TWO_SITES), "--json", *out],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == f"the output cannot be written: {os.strerror(28)}\n"


def test_a_reader_who_stops_early_causes_no_message():
    """The pipe is closed before anything is written into it."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "check", str(TWO_SITES)], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == b""


def test_an_interrupted_run_says_so_and_waits_for_no_solver(tmp_path):
    """One of the solvers would never end: waiting for it would run into the limit of this test."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_SOLVER, "run", str(TWO_SITES), "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 130
    assert done.stderr.endswith("interrupted\n")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_check_counts_in_the_singular():
    done = subprocess.run([*COMMAND, "check", str(TWO_SITES)], capture_output=True, text=True, check=True)
    assert "\n2 sites: " in done.stdout
    assert "\n1 offer: server\n1 workload: chat\n" in done.stdout


def test_the_help_lists_every_command_in_one_order():
    """Groups of commands, such as claims, stand where they belong and not behind all others."""
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    listed = [
        words[1] for line in done.stdout.splitlines() if (words := line.split())[1:2] and line[2:3].isalpha()
    ]
    assert [word for word in listed if word in COMMANDS] == list(COMMANDS)
