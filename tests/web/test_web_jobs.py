"""Runs as jobs: cancelled, taken up again after a kill, finished without their server, kept whole."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser
from servers import Server, running, start, wait_for

LONG = {"case": "two-sites", "kind": "policy", "scenarios": 20_000, "iterations": 4000}
"""A policy whose training takes far longer than a test."""


def queue(client: httpx.Client, **order: object) -> str:
    answer = client.post("/api/v1/runs", json={"case": "two-sites", **order})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def job(client: httpx.Client, number: str) -> dict:
    return client.get(f"/api/v1/runs/{number}").json()


def texts(client: httpx.Client, number: str) -> list[str]:
    return [line["text"] for line in client.get(f"/api/v1/runs/{number}/log").json()]


def trains(client: httpx.Client, number: str) -> bool:
    return any("iteration" in text for text in texts(client, number))


def group_of(server: Server, number: str, database: str | None) -> int:
    """The process of a job, asked of the store."""
    from sqlalchemy import select

    from capexpand.web.settings import Settings
    from capexpand.web.store import Store
    from capexpand.web.tables import Job

    store = Store(Settings(home=server.home, database=database).database_url)
    with store.reading() as session:
        found = session.scalars(select(Job.process).where(Job.id == number)).one()
    store.close()
    assert found is not None
    return found


@pytest.mark.slow
def test_a_run_ends_with_files_whose_hashes_hold(server: Server) -> None:
    with server.local() as client:
        number = queue(client, changes=[["budget", "800 mn CNY"]])
        wait_for(lambda: job(client, number)["state"] == "done")
        listed = client.get(f"/api/v1/runs/{number}/files").json()
        assert {"report.html", "metrics.json", "case/case.yaml", "charts/power.vl.json"} <= set(listed)
        for name in ("report.html", "tables/years.parquet", "charts/power.vl.json"):
            if name in listed:
                content = client.get(f"/api/v1/runs/{number}/files/{name}").content
                assert hashlib.sha256(content).hexdigest() == listed[name]
        assert job(client, number)["summary"]["figures"]
        assert client.get(f"/api/v1/runs/{number}/files/%2e%2e/%2e%2e/secret").status_code == 404


@pytest.mark.slow
def test_the_same_order_twice_is_one_folder(server: Server) -> None:
    """A run folder stands under the hash of its content."""
    with server.local() as client:
        both = [queue(client), queue(client)]
        wait_for(lambda: all(job(client, one)["state"] == "done" for one in both))
        assert job(client, both[0])["run"] == job(client, both[1])["run"]
        assert len([path for path in (server.home / "runs").iterdir() if not path.name.startswith(".")]) == 1


@pytest.mark.slow
def test_a_run_that_is_cancelled_ends_and_leaves_nothing(
    server: Server, database: str | None, browser: Browser
) -> None:
    """While it trains its page draws bound and value. Sensitivity: a picture without width shows nothing."""
    with server.local() as client:
        number = queue(client, **LONG)
        waits = queue(client)
        wait_for(lambda: trains(client, number))
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(f"{server.address}/runs/{number}")
            page.wait_for_function(
                "+(document.querySelector('#gap svg')?.getAttribute('width') ?? 0) > 200", timeout=60_000
            )
        process = group_of(server, number, database)
        assert client.post(f"/api/v1/runs/{waits}/cancel").json()["state"] == "cancelled"
        client.post(f"/api/v1/runs/{number}/cancel")
        wait_for(lambda: job(client, number)["state"] == "cancelled")
        wait_for(lambda: not Path(f"/proc/{process}").exists())
        assert client.post(f"/api/v1/runs/{number}/cancel").status_code == 409
        assert client.get(f"/api/v1/runs/{number}/files").status_code == 404
        assert list((server.home / "runs").iterdir()) == []


@pytest.mark.slow
def test_a_killed_server_finds_its_run_done(tmp_path: Path, database: str | None) -> None:
    """kill -9 of the server in the middle of a run: the run ends by itself, and the next server shows it."""
    first = start(tmp_path / "home", database)
    with first.local() as client:
        number = queue(client)
        wait_for(lambda: job(client, number)["state"] == "running")
    first.kill()
    with running(tmp_path / "home", database) as second, second.local() as client:
        wait_for(lambda: job(client, number)["state"] == "done")
        assert job(client, number)["attempt"] == 1


@pytest.mark.slow
def test_a_run_whose_process_is_lost_as_well_goes_on(tmp_path: Path, database: str | None) -> None:
    """A machine that goes down takes both: the next server begins the run again from where it is."""
    first = start(tmp_path / "home", database)
    with first.local() as client:
        number = queue(client, **{**LONG, "iterations": 30, "scenarios": 100})
        wait_for(lambda: job(client, number)["state"] == "running")
    first.kill()
    os.killpg(group_of(first, number, database), signal.SIGKILL)
    with running(tmp_path / "home", database) as second, second.local() as client:
        wait_for(lambda: job(client, number)["state"] == "done")
        assert job(client, number)["attempt"] == 2
        assert any("goes on" in text for text in texts(client, number))


@pytest.mark.slow
def test_a_stopped_server_takes_its_run_up_again(tmp_path: Path) -> None:
    with running(tmp_path / "home", None) as first, first.local() as client:
        number = queue(client, **{**LONG, "iterations": 30, "scenarios": 100})
        wait_for(lambda: job(client, number)["state"] == "running")
    with running(tmp_path / "home", None) as second, second.local() as client:
        wait_for(lambda: job(client, number)["state"] == "done")


@pytest.fixture
def idle(lone: Server) -> Iterator[httpx.Client]:
    """A client of a server that runs nothing; what it queued is cancelled."""
    with lone.local() as client:
        yield client
        for one in client.get("/api/v1/runs").json():
            client.post(f"/api/v1/runs/{one['id']}/cancel")


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"changes": [["budget", "800"]]}, "needs a unit"),
        ({"changes": [["budget", "800 tn CNY"]]}, "out of range"),
        ({"variant": "no-such"}, "there is no variant"),
        ({"kind": "compare"}, "at least one other case"),
        ({"kind": "plan", "others": ["alibaba-2025"]}, "an option of compare, diff and roll"),
        ({"kind": "diff", "others": ["two-sites", "meta-2025"]}, "takes one other case"),
        ({"kind": "sweep"}, "needs axes"),
        ({"kind": "why-not"}, "needs what is forced"),
        (
            {"kind": "why-not", "asked": "budget", "vary": ["programme.cap=0.5x:1.5x:5"]},
            "an option of sweep, not of why-not",
        ),
        ({"kind": "roll"}, "send it first"),
        ({"kind": "roll", "sent": f"{'0' * 64}/a.csv"}, "there is no sent file"),
        ({"kind": "replay", "sent": f"{'0' * 64}/a.csv"}, "number of the run"),
        ({"kind": "roll", "run": "0" * 16, "sent": f"{'0' * 64}/a.csv", "variant": "x"}, "leave both out"),
        ({"kind": "policy", "risk": "brave"}, "brave"),
    ],
)
def test_a_wrong_order_is_refused_before_it_is_queued(idle: httpx.Client, order: dict, said: str) -> None:
    before = idle.get("/api/v1/runs").json()
    answer = idle.post("/api/v1/runs", json={"case": "two-sites", **order})
    assert answer.status_code in (404, 422)
    assert said in answer.text
    assert idle.get("/api/v1/runs").json() == before


def test_no_more_jobs_wait_than_a_user_may_have(idle: httpx.Client) -> None:
    """However many a test before has left, which no process of this server runs."""
    for _ in range(21):
        answer = idle.post("/api/v1/runs", json={"case": "two-sites"})
        if answer.status_code != 201:
            break
    assert answer.status_code == 429
    assert "20 runs under way" in answer.text
