"""Every kind of run goes through the server from its order to its report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Server, running, wait_for

from capexpand.web.orders import TITLES

ORDERS: dict[str, dict[str, object]] = {
    "sweep": {"vary": ["programme.cap=0.5x:1.5x:3"]},
    "diff": {"others": ["two-sites"], "changes": [["budget", "800 mn CNY"]]},
    "why": {"asked": "budget"},
    "breakeven": {"scenarios": 16},
    "compare": {"others": ["own@1"], "changes": [["budget", "800 mn CNY"]]},
    "scenarios": {"scenarios": 16},
    "frontier": {"objectives": "npv,power", "points": 3},
    "evidence": {},
    "policy": {"scenarios": 100, "iterations": 5},
}
"""Kinds with small options; a backtest has a test of its own and a plan many."""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server with two workers that made one run of each kind."""
    with (
        running(tmp_path_factory.mktemp("kinds") / "home", None, "--workers", "2") as server,
        server.local() as client,
    ):
        client.post("/api/v1/cases/two-sites/fork", json={"to": "own"})
        numbers: dict[str, str] = {}
        for kind, options in ORDERS.items():
            answer = client.post("/api/v1/runs", json={"case": "two-sites", "kind": kind, **options})
            assert answer.status_code == 201, answer.text
            numbers[kind] = answer.json()["id"]

        def all_ended() -> bool:
            jobs = client.get("/api/v1/runs").json()
            return all(job["state"] not in ("queued", "running") for job in jobs)

        wait_for(all_ended, seconds=240)
        yield server, numbers


@pytest.mark.parametrize("kind", ORDERS)
def test_a_run_of_each_kind_ends_with_its_report(done: tuple[Server, dict[str, str]], kind: str) -> None:
    server, numbers = done
    with server.client() as client:
        job = client.get(f"/api/v1/runs/{numbers[kind]}").json()
        assert job["state"] == "done", job["message"]
        report = client.get(f"/api/v1/runs/{numbers[kind]}/files/report.html")
        assert report.status_code == 200
        assert job["summary"]["title"] in report.text
        assert "report.html" in client.get(f"/api/v1/runs/{numbers[kind]}/files").json()
        shown = client.get(f"/runs/{numbers[kind]}").text
        assert TITLES[kind] in shown  # type: ignore[index]
        assert "<iframe" in shown


def test_a_training_leaves_its_numbers_for_the_picture(done: tuple[Server, dict[str, str]]) -> None:
    """Bound and value of each step that was told, from which the page draws how the gap closes."""
    server, numbers = done
    with server.client() as client:
        lines = client.get(f"/api/v1/runs/{numbers['policy']}/log").json()
    steps = [line["data"] for line in lines if line["data"]]
    assert steps
    assert {"iteration", "bound", "mean", "halfwidth"} <= set(steps[-1])
    assert steps[-1]["bound"] >= steps[-1]["mean"] - steps[-1]["halfwidth"]


@pytest.mark.slow
def test_a_run_knows_its_own_folder_alone(done: tuple[Server, dict[str, str]]) -> None:
    server, numbers = done
    folders = {path.name for path in Path(server.home / "runs").iterdir()}
    with server.client() as client:
        runs = {client.get(f"/api/v1/runs/{number}").json()["run"] for number in numbers.values()}
    assert runs == folders
    assert [path for path in (server.home / "work").iterdir() if path.is_dir()] == []
