"""``capexpand run --policy`` and ``solve``, killed or interrupted, go on or say what was reached."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNCERTAIN = f"""
extends: {ROOT / "cases/two-sites/case.yaml"}
calendar: {{start: 2025-04-01, quarters: 8}}
uncertainty:
  reason: so that training takes some rounds
  trends:
    adoption: {{volatility: 30 %, moves: {{workloads.chat.demand: 1}}}}
    chips: {{volatility: 15 %, moves: {{offers.server.buy.price: 1}}}}
  reversions:
    price: {{deviation: 20 %, half_life: 12 months, moves: {{workloads.chat.price: 1}}}}
"""
OPTIONS = ("--policy", "--json", "--gap", "0", "--iterations", "80", "--scenarios", "40")
PATIENCE = 300.0
"""Seconds after which a test gives up on something that hangs; no test measures time."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs signals and /proc"),
]


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("uncertain") / "case.yaml"
    file.write_text(UNCERTAIN, "utf-8")
    return file


@pytest.fixture(scope="module")
def undisturbed(case: Path, tmp_path_factory) -> dict:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    output, errors = started(case, out).communicate(timeout=PATIENCE)
    assert not checkpoint_of(out).exists(), errors
    return json.loads(output)


def started(case: Path, out: Path, *more: object) -> subprocess.Popen[str]:
    return command("run", case, "--out", out, *OPTIONS, *more)


def command(*arguments: object) -> subprocess.Popen[str]:
    """Start a command as the leader of a group of its own, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, "-m", "capexpand.cli.main", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def checkpoint_of(out: Path) -> Path:
    return out.parent / f".{out.name}.training"


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.01)


def some_training(out: Path) -> Callable[[], bool]:
    return lambda: holds_rounds(checkpoint_of(out))


def holds_rounds(checkpoint: Path) -> bool:
    """Tell whether a checkpoint holds more than the name of its problem."""
    return checkpoint.exists() and checkpoint.stat().st_size > 1000


def alive_in_group(group: int) -> list[str]:
    """Return the processes of a group that have not ended."""
    found: list[str] = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = place.read_text().rpartition(") ")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state not in "ZX":
            found.append(place.parent.name)
    return found


@pytest.mark.parametrize("workers", [2])
def test_a_killed_run_goes_on_and_ends_where_an_undisturbed_one_does(
    case: Path, undisturbed: dict, tmp_path: Path, workers: int
) -> None:
    out = tmp_path / "run"
    process = started(case, out, "--workers", workers)
    wait_for(some_training(out), process)
    os.kill(process.pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL
    assert output == ""
    assert not out.exists()
    wait_for(lambda: not alive_in_group(process.pid))
    output, errors = started(case, out, "--workers", workers).communicate(timeout=PATIENCE)
    assert json.loads(output) == undisturbed, errors
    assert undisturbed["in_lattice"]["iterations"] > 50
    assert not checkpoint_of(out).exists()


@pytest.mark.parametrize("workers", [1])
def test_an_interrupted_run_keeps_what_it_reached_and_the_same_command_finishes_it(
    case: Path, undisturbed: dict, tmp_path: Path, workers: int
) -> None:
    out = tmp_path / "run"
    process = started(case, out, "--workers", workers)
    wait_for(some_training(out), process)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "KeyboardInterrupt" not in errors
    wait_for(lambda: not alive_in_group(process.pid))
    found = json.loads(output)
    assert found["in_lattice"]["status"] == "interrupted"
    assert found["in_lattice"]["iterations"] < undisturbed["in_lattice"]["iterations"]
    assert found["bound"] >= undisturbed["bound"]
    assert found["strategies"]["policy"]["scenarios"] == 40
    page = (out / "report.html").read_text("utf-8")
    assert f"interrupted after {found['in_lattice']['iterations']} iterations" in page
    output, errors = started(case, out, "--workers", workers).communicate(timeout=PATIENCE)
    assert json.loads(output) == undisturbed, errors
    assert "The training was interrupted" not in (out / "report.html").read_text("utf-8")
    assert not checkpoint_of(out).exists()


def test_a_checkpoint_of_another_case_is_no_hindrance(case: Path, undisturbed: dict, tmp_path: Path) -> None:
    out, other = tmp_path / "run", tmp_path / "other.yaml"
    other.write_text(UNCERTAIN.replace("30 %", "45 %"), "utf-8")
    process = started(other, out)
    wait_for(some_training(out), process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    output, errors = started(case, out).communicate(timeout=PATIENCE)
    assert json.loads(output) == undisturbed, errors


def stocks(stages: int = 8, goods: int = 4, outcomes: int = 10) -> dict:
    """Return a problem of ordering goods ahead of demand, far too large to be done at once."""
    variables, rows = [], []
    for g in range(goods):
        names = (f"stock{g}.in", f"stock{g}.out", f"order{g}", f"sale{g}")
        costs = (0.0, 0.1 + 0.05 * g, 1.0 + 0.1 * g, -3.0 - 0.3 * g)
        variables += [{"name": n, "lb": 0.0, "ub": None, "obj": c} for n, c in zip(names, costs, strict=True)]
        terms = [[names[1], 1.0], [names[0], -1.0], [names[3], 1.0], [names[2], -1.0]]
        rows.append({"name": f"balance{g}", "terms": terms, "sense": "==", "rhs": 0.0})
    shared = [[f"order{g}", 1.0] for g in range(goods)]
    rows.append({"name": "lorry", "terms": shared, "sense": "<=", "rhs": 4.0 * goods})

    def demand(t: int, r: int) -> dict:
        return {f"sale{g}": 1.0 + (7 * r + 3 * g * (t + 1) + r * r * g) % 11 for g in range(goods)}

    nodes = {
        str(t): {
            "subproblem": "stage",
            "scenarios": [{"prob": 1.0 / outcomes, "set": {"ub": demand(t, r)}} for r in range(outcomes)],
        }
        for t in range(stages)
    }
    return {
        "format": "sddp-case/1",
        "sense": "min",
        "initial_state": {f"stock{g}": 0.0 for g in range(goods)},
        "graph": {"root": [["0", 1.0]], "edges": [[str(t), str(t + 1), 1.0] for t in range(stages - 1)]},
        "nodes": nodes,
        "subproblems": {"stage": {"variables": variables, "constraints": rows}},
        "risk": None,
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_solve_says_what_it_reached(tmp_path: Path, workers: int) -> None:
    """Two streams in two processes are forked here, since nothing else runs in the command."""
    file, journal = tmp_path / "stocks.json", tmp_path / "journal"
    file.write_text(json.dumps(stocks()), "utf-8")
    process = command(
        "solve", file, "--json", "--gap", "0", "--streams", 2, "--workers", workers, "--paths", 50,
        "--iterations", 1_000_000, "--seconds", 10_000, "--back-end", "highs", "--checkpoint", journal,
    )  # fmt: skip
    wait_for(lambda: holds_rounds(journal), process)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert errors == ""
    found = json.loads(output)
    assert found["status"] == "interrupted"
    assert found["iterations"] >= 40
    assert found["bound"] <= found["simulated_mean"] + found["simulated_halfwidth"]
    wait_for(lambda: not alive_in_group(process.pid))


def test_no_process_outlives_a_killed_solve(tmp_path: Path) -> None:
    file, journal = tmp_path / "stocks.json", tmp_path / "journal"
    file.write_text(json.dumps(stocks()), "utf-8")
    process = command(
        "solve", file, "--gap", "0", "--streams", 3, "--workers", 3, "--iterations", 1_000_000,
        "--seconds", 10_000, "--back-end", "highs", "--checkpoint", journal,
    )  # fmt: skip
    wait_for(lambda: holds_rounds(journal), process)
    assert len(alive_in_group(process.pid)) == 4
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    wait_for(lambda: not alive_in_group(process.pid))
