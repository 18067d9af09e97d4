"""How the command line ends when its output cannot be written, or when the user has had enough."""

import os
import subprocess
import sys
import tempfile
from json import loads
from pathlib import Path

import pytest

from capexpand import user_cache
from capexpand.cli.main import COMMANDS
from capexpand.runs.folder import read_manifest

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


@pytest.mark.slow
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
    assert done.returncode == 2
    assert done.stderr == f"the output cannot be written: {os.strerror(28)}\n"


def test_a_reader_who_stops_early_causes_no_message():
    """The pipe is closed before anything is written into it."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "check", str(TWO_SITES)], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert done.returncode == 0
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
        line.split()[0] for line in done.stdout.splitlines() if line[:2] == "  " and line[2:3].isalpha()
    ]
    known = [name.replace("_", "-") for name in COMMANDS]
    assert [word for word in listed if word in known] == known


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_text_that_the_terminal_cannot_show_is_written_plainly(tmp_path, encoding, json):
    """The title holds a dash that is not in ASCII, and characters that none of these encodings has."""
    text = (TWO_SITES / "case.yaml").read_text("utf-8").replace("title: Two sites", "title: 阿里 – two", 1)
    (tmp_path / "case.yaml").write_text(text, "utf-8")
    for table in TWO_SITES.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    done = subprocess.run(
        [*COMMAND, "check", str(tmp_path), *json],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    shown = done.stdout.decode(encoding)
    if json:
        assert loads(shown)["title"] == "阿里 – two"
    else:
        assert shown.startswith("\\u963f\\u91cc " + ("–" if encoding == "cp1252" else "-") + " two\n")


@pytest.mark.slow
def test_a_command_with_all_its_streams_closed_does_its_work(tmp_path):
    """The first file that is opened would get the number of standard output and take what is printed."""
    command = [*COMMAND, "run", str(TWO_SITES), "--out", str(tmp_path / "run")]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command], capture_output=True, check=False
    )
    assert done.returncode == 0
    read_manifest(tmp_path / "run")


NOISY_LIBRARY = """
import os
from capexpand.case import loading
from capexpand.cli.main import main

load = loading.load_case

def noisy(*arguments):
    os.write(1, b"Running a solver of somebody else\\n")
    return load(*arguments)

loading.load_case = noisy
main()
"""


def test_what_a_library_prints_goes_to_standard_error():
    done = subprocess.run(
        [sys.executable, "-c", NOISY_LIBRARY, "check", str(TWO_SITES), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loads(done.stdout)["title"] == "Two sites"
    assert "somebody else" in done.stderr


@pytest.mark.slow
def test_two_identical_runs_are_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        subprocess.run([*COMMAND, "run", str(TWO_SITES), "--out", name], cwd=tmp_path, check=True)
    files = {path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()}
    assert len(files) > 10
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_a_user_without_a_home_or_with_a_read_only_cache_has_a_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    monkeypatch.setattr(user_cache, "_usual_root", lambda: tmp_path / "file")
    found = user_cache.cache_directory()
    assert found.parent == tmp_path
    assert found.stat().st_mode & 0o077 == 0

    def without_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(user_cache, "_usual_root", without_home)
    assert user_cache.cache_directory() == found
    found.chmod(0o777)  # somebody else could put compiled code there
    assert user_cache.cache_directory() != found
