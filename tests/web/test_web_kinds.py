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
    "why-not": {"asked": "orders.server.2025Q2 >= 500"},
    "breakeven": {"scenarios": 16},
    "compare": {"others": ["own@1"], "changes": [["budget", "800 mn CNY"]]},
    "scenarios": {"scenarios": 16},
    "frontier": {"objectives": "npv,power", "points": 3},
    "evidence": {},
    "policy": {"scenarios": 100, "iterations": 5},
}
"""Kinds with small options; a plan has many tests, and what needs more than a case has its own below."""


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


@pytest.mark.parametrize("kind", ORDERS)
def test_every_column_of_every_table_is_described(done: tuple[Server, dict[str, str]], kind: str) -> None:
    """All but the axes of a sweep, whose names are places of the case."""
    server, numbers = done
    with server.client() as client:
        described = client.get(f"/api/v1/runs/{numbers[kind]}/files/tables/datapackage.json").json()
    without = {
        (table["name"], field["name"])
        for table in described["resources"]
        for field in table["schema"]["fields"]
        if "description" not in field and "." not in field["name"]
    }
    assert without == set()


def test_a_training_leaves_its_numbers_for_the_picture(done: tuple[Server, dict[str, str]]) -> None:
    """Bound and value of each step that was told, from which the page draws how the gap closes."""
    server, numbers = done
    with server.client() as client:
        lines = client.get(f"/api/v1/runs/{numbers['policy']}/log").json()
    steps = [line["data"] for line in lines if line["data"]]
    assert steps
    assert {"iteration", "bound", "mean", "halfwidth"} <= set(steps[-1])
    assert steps[-1]["bound"] >= steps[-1]["mean"] - steps[-1]["halfwidth"]


JOBS = """arrival_s,duration_s,accelerators
0,600,64
10,600,64
20,900,512
30,900,512
"""


@pytest.mark.slow
def test_a_plan_is_rolled_forward_and_a_trace_replayed_on_its_fleet(tmp_path: Path) -> None:
    """The table that the plan expects comes from the server; half the servers ordered are what came.

    A roll of a roll is a roll again; what is no table of actuals, and a trace of no known format, fail with
    the place in the file and without a path of the server.
    """
    with running(tmp_path / "home", None, "--workers", "2") as server, server.local() as client:

        def sent(name: str, content: str) -> str:
            return client.post("/api/v1/files", params={"name": name}, content=content).json()["sent"]

        def ended(**order: object) -> dict:
            answer = client.post("/api/v1/runs", json={"case": "two-sites", **order})
            assert answer.status_code == 201, answer.text
            number = answer.json()["id"]
            wait_for(
                lambda: client.get(f"/api/v1/runs/{number}").json()["state"] not in ("queued", "running")
            )
            return client.get(f"/api/v1/runs/{number}").json()

        plan = ended()
        table = client.get(f"/api/v1/runs/{plan['id']}/actuals.csv", params={"as_of": "2025-09-30"}).text
        assert table.startswith("quantity,site,offer,workload,date,value,unit")
        roll = ended(kind="roll", run=plan["id"], sent=sent("actuals.csv", table), as_of="2025-09-30")
        assert roll["state"] == "done", roll["message"]
        assert "2025Q4" in roll["summary"]["title"]
        assert roll["order"]["case"] == "two-sites"
        later = client.get(f"/runs/{roll['id']}/actuals.csv", params={"as_of": "2025-12-31"}).text
        again = ended(kind="roll", run=roll["id"], sent=sent("actuals.csv", later), as_of="2025-12-31")
        assert "2026Q1" in again["summary"]["title"], again["message"]

        replay = ended(kind="replay", run=plan["id"], sent=sent("my jobs.csv", JOBS), quarter="2026Q1")
        assert replay["state"] == "done", replay["message"]
        assert "deratings" in replay["summary"]["tables"]
        for run in (roll, replay):
            described = client.get(f"/api/v1/runs/{run['id']}/files/tables/datapackage.json").json()
            fields = [field for table in described["resources"] for field in table["schema"]["fields"]]
            assert all("description" in field for field in fields)
        shown = client.get(f"/runs/{replay['id']}").text
        assert "my-jobs" in shown
        assert "Roll forward" not in shown

        wrong = ended(kind="roll", run=plan["id"], sent=sent("actuals.csv", "quantity,site\nodd,coast\n"))
        assert wrong["state"] == "failed"
        assert "actuals.csv" in wrong["message"]
        strange = ended(kind="replay", run=plan["id"], sent=sent("notes.txt", "nothing"))
        assert strange["state"] == "failed"
        assert "notes.txt" in strange["message"]
        assert str(tmp_path) not in wrong["message"] + strange["message"]
        for kind, run, said in (("replay", roll["id"], "is no plan"), ("roll", replay["id"], "is no plan")):
            order = {"case": "two-sites", "kind": kind, "run": run, "sent": sent("a.csv", table)}
            refused = client.post("/api/v1/runs", json=order)
            assert (refused.status_code, said in refused.text) == (422, True)


@pytest.mark.slow
def test_a_run_knows_its_own_folder_alone(done: tuple[Server, dict[str, str]]) -> None:
    server, numbers = done
    folders = {path.name for path in Path(server.home / "runs").iterdir()}
    with server.client() as client:
        runs = {client.get(f"/api/v1/runs/{number}").json()["run"] for number in numbers.values()}
    assert runs == folders
    assert [path for path in (server.home / "work").iterdir() if path.is_dir()] == []
