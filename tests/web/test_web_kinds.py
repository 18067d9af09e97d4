"""Every kind of run goes through the server from its order to its report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from editions import REPORTED
from servers import Server, running, wait_for

from capexpand.case.shipped import case_place
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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers."""
    with running(tmp_path_factory.mktemp("kinds") / "home", None, "--workers", "2") as found:
        yield found


def ended(client: httpx.Client, **order: object) -> dict:
    """The job of an order once it is over."""
    answer = client.post("/api/v1/runs", json={"case": "two-sites", **order})
    assert answer.status_code == 201, answer.text
    number = answer.json()["id"]
    wait_for(
        lambda: client.get(f"/api/v1/runs/{number}").json()["state"] not in ("queued", "running"), seconds=300
    )
    return client.get(f"/api/v1/runs/{number}").json()


def undescribed(client: httpx.Client, job: dict) -> set[tuple[str, str]]:
    """The columns of a run's tables without a meaning; axes are named by places of the case."""
    path = f"/api/v1/runs/{job['id']}/files"
    if "tables/datapackage.json" not in client.get(path).json():
        return set()
    return {
        (table["name"], field["name"])
        for table in client.get(f"{path}/tables/datapackage.json").json()["resources"]
        for field in table["schema"]["fields"]
        if "description" not in field and "." not in field["name"]
    }


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] if kind != "why" else []) for kind in ORDERS]
)
def test_a_run_of_each_kind_ends_with_its_report_and_described_tables(server: Server, kind: str) -> None:
    with server.local() as client:
        if kind == "compare":
            client.post("/api/v1/cases/two-sites/fork", json={"to": "own"})
        job = ended(client, kind=kind, **ORDERS[kind])
        assert job["state"] == "done", job["message"]
        report = client.get(f"/api/v1/runs/{job['id']}/files/report.html")
        assert report.status_code == 200
        assert job["summary"]["title"] in report.text
        assert "report.html" in client.get(f"/api/v1/runs/{job['id']}/files").json()
        shown = client.get(f"/runs/{job['id']}").text
        assert TITLES[kind] in shown  # type: ignore[index]
        assert "<iframe" in shown
        assert undescribed(client, job) == set()
        if kind == "policy":
            check_training(client, job)


def check_training(client: httpx.Client, job: dict) -> None:
    """Bound and value of each step that was told, from which the page draws how the gap closes."""
    steps = [line["data"] for line in client.get(f"/api/v1/runs/{job['id']}/log").json() if line["data"]]
    assert steps
    assert {"iteration", "bound", "mean", "halfwidth"} <= set(steps[-1])
    assert steps[-1]["bound"] >= steps[-1]["mean"] - steps[-1]["halfwidth"]


def test_a_run_knows_its_own_folder_alone(server: Server) -> None:
    with server.local() as client:
        run = ended(client, kind="why", asked="budget")["run"]
        runs = {job["run"] for job in client.get("/api/v1/runs").json()}
    assert run in runs
    assert {path.name for path in Path(server.home / "runs").iterdir()} == runs
    assert [path for path in (server.home / "work").iterdir() if path.is_dir()] == []


JOBS = """arrival_s,duration_s,accelerators
0,600,64
10,600,64
20,900,512
30,900,512
"""


@pytest.mark.slow
def test_a_plan_is_rolled_forward_and_a_trace_replayed_on_its_fleet(server: Server) -> None:
    """The table that the plan expects comes from the server; half the servers ordered are what came.

    A roll of a roll is a roll again; what is no table of actuals, and a trace of no known format, fail with
    the place in the file and without a path of the server.
    """
    with server.local() as client:

        def sent(name: str, content: str) -> str:
            return client.post("/api/v1/files", params={"name": name}, content=content).json()["sent"]

        plan = ended(client)
        table = client.get(f"/api/v1/runs/{plan['id']}/actuals.csv", params={"as_of": "2025-09-30"}).text
        assert table.startswith("quantity,site,offer,workload,date,value,unit")
        roll = ended(client, kind="roll", run=plan["id"], sent=sent("actuals.csv", table), as_of="2025-09-30")
        assert roll["state"] == "done", roll["message"]
        assert "2025Q4" in roll["summary"]["title"]
        assert roll["order"]["case"] == "two-sites"
        later = client.get(f"/runs/{roll['id']}/actuals.csv", params={"as_of": "2025-12-31"}).text
        again = ended(
            client, kind="roll", run=roll["id"], sent=sent("actuals.csv", later), as_of="2025-12-31"
        )
        assert "2026Q1" in again["summary"]["title"], again["message"]
        check_history_and_case(client, plan, roll, again)

        replay = ended(
            client, kind="replay", run=plan["id"], sent=sent("my jobs.csv", JOBS), quarter="2026Q1"
        )
        assert replay["state"] == "done", replay["message"]
        assert "deratings" in replay["summary"]["tables"]
        assert undescribed(client, roll) == undescribed(client, replay) == set()
        shown = client.get(f"/runs/{replay['id']}").text
        assert "my-jobs" in shown
        assert "Roll forward" not in shown

        wrong = ended(
            client, kind="roll", run=plan["id"], sent=sent("actuals.csv", "quantity,site\nodd,coast\n")
        )
        assert wrong["state"] == "failed"
        assert "actuals.csv" in wrong["message"]
        strange = ended(client, kind="replay", run=plan["id"], sent=sent("notes.txt", "nothing"))
        assert strange["state"] == "failed"
        assert "notes.txt" in strange["message"]
        assert str(server.home) not in wrong["message"] + strange["message"]
        for kind, run, said in (
            ("replay", roll["id"], "is no plan"),
            ("roll", replay["id"], "is no plan"),
            ("history", plan["id"], "is no rolled"),
        ):
            file = {} if kind == "history" else {"sent": sent("a.csv", table)}
            order = {"case": "two-sites", "kind": kind, "run": run, **file}
            refused = client.post("/api/v1/runs", json=order)
            assert (refused.status_code, said in refused.text) == (422, True)


def check_history_and_case(client: httpx.Client, plan: dict, roll: dict, again: dict) -> None:
    """The two rolled runs make one chain; the case of the last is explored as it was planned, and forked."""
    found = ended(client, kind="history", run=again["id"])
    assert found["state"] == "done", found["message"]
    chain = client.get(f"/api/v1/runs/{found['id']}/files/history.json").json()
    assert len(chain["periods"]) == 3
    name = f"run-{again['id']}"
    assert f'href="/explore/{name}"' in client.get(f"/runs/{again['id']}").text
    assert 'href="/explore/two-sites"' in client.get(f"/runs/{plan['id']}").text
    page = client.get(f"/cases/{name}").text
    assert "quarters from 2026-01-01" in page
    assert f'href="/runs/{again["id"]}"' in page
    explored = client.post(f"/api/v1/cases/{name}/explore", json={"changes": [["discount", "12 %/year"]]})
    assert explored.status_code == 200, explored.text
    assert client.post(f"/api/v1/cases/{name}/fork", json={"to": "onward"}).status_code == 201
    changed = client.put(f"/api/v1/cases/{name}", json={"files": {"case.yaml": "title: x"}})
    assert changed.status_code in (403, 409)
    assert client.get(f"/cases/run-{'0' * 16}").status_code == 404
    assert roll["id"] != again["id"]


@pytest.mark.slow
def test_a_plan_is_held_against_the_figures_that_its_company_sends(server: Server) -> None:
    """The catalogue knows nothing of the company, so without its figures there is nothing to hold it to."""
    text = (Path(case_place("two-sites")) / "case.yaml").read_text("utf-8")
    case = {
        "name": "reported",
        "files": {"case.yaml": text.replace("\ncalendar:", f"{REPORTED}\ncalendar:", 1)},
    }
    ends = [f"{year}-{day}" for year in (2023, 2024) for day in ("03-31", "06-30", "09-30", "12-31")]
    ends += ["2025-03-31", "2025-06-30", "2025-09-30"]
    rows = [
        f"Example Cloud,{measure},{end},{first + 5 * n},mn CNY"
        for measure, first in (("revenue", 90), ("capital_expenditure", 60))
        for n, end in enumerate(ends)
    ]
    table = "\n".join(["company,measure,quarter_end,value,unit", *rows]).encode()
    with server.local() as client:
        assert client.post("/api/v1/cases", json=case).status_code == 201
        assert ended(client, case="reported", kind="backtest")["state"] == "failed"
        sent = client.post("/api/v1/files", params={"name": "reports.csv"}, content=table).json()["sent"]
        job = ended(client, case="reported", kind="backtest", sent=sent)
        assert job["state"] == "done", job["message"]
        assert {"scored", "regret"} <= set(job["summary"]["tables"])
        assert undescribed(client, job) == set()
