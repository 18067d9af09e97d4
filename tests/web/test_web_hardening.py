"""Forms that are none, what a proxy brings, jobs of a machine that slept, what is kept and what is not."""

from __future__ import annotations

import io
import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from servers import Server
from sqlalchemy import update

from capexpand.case.shipped import case_place
from capexpand.errors import CaseError, RunError
from capexpand.web import access
from capexpand.web.access import RefusedError
from capexpand.web.jobs import SILENT_SECONDS, take_up_lost
from capexpand.web.server import build_server
from capexpand.web.serving import add_user
from capexpand.web.settings import Limits, Settings
from capexpand.web.store import Store, now
from capexpand.web.tables import Job
from capexpand.web.uploads import read_upload

TWO_SITES = (Path(case_place("two-sites")) / "case.yaml").read_text("utf-8")
PASSWORD = "correct horse battery"  # of a user that lives for a test


@pytest.fixture
def settings(lone: Server) -> Settings:
    return Settings(home=lone.home, workers=0)


@pytest.fixture
def client(lone: Server) -> Iterator[httpx.Client]:
    """A client of the lone user; whatever a test makes is gone after it."""
    with lone.local() as made:
        yield made
        for job in made.get("/api/v1/runs").json():
            made.post(f"/api/v1/runs/{job['id']}/cancel")
        for case in made.get("/api/v1/cases").json():
            if case["editable"]:
                made.delete(f"/api/v1/cases/{case['name']}")


def queue(client: httpx.Client, **order: object) -> str:
    answer = client.post("/api/v1/runs", json={"case": "two-sites", **order})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.mark.parametrize("changes", ["{", "[[", "[[1]]", '{"budget": 1}', '[["a"]]', "null", "[" * 1500])
def test_changes_that_are_none_are_refused_and_not_a_fault(client: httpx.Client, changes: str) -> None:
    client.post("/api/v1/cases/two-sites/fork", json={"to": "own"})
    for place in ("/runs", "/explore/own/variant"):
        sent = {"case": "two-sites", "changes": changes, "to": "a"}
        answer = client.post(place, data=sent)
        assert answer.status_code == 422
        assert "write names and levels" in answer.text


def test_a_level_is_read_whole_or_not_at_all(client: httpx.Client) -> None:
    """Sixty characters are a level; what follows them is not cut off in silence."""
    long = "800 mn CNY" + " " * 52 + "x"
    answer = client.post("/api/v1/runs", json={"case": "two-sites", "changes": [["budget", long]]})
    assert answer.status_code == 422
    assert "at most 60 characters" in answer.text


@pytest.mark.parametrize("last", ["²", "9" * 5000, "-1", "x"])
def test_a_number_that_is_none_starts_the_log_at_its_beginning(client: httpx.Client, last: str) -> None:
    number = queue(client)
    client.post(f"/api/v1/runs/{number}/cancel")
    answer = client.get(f"/runs/{number}/events", headers={"last-event-id": last.encode("latin-1")})
    assert answer.status_code == 200
    assert "Queued" in answer.text


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host"])
def test_what_a_proxy_brings_is_no_lone_user(client: httpx.Client, header: str) -> None:
    """A proxy in front of a server without users would make an admin of whoever it lets in."""
    answer = client.get("/api/v1/me", headers={header: "203.0.113.7"})
    assert answer.status_code == 403
    assert "add users" in answer.text


def test_a_server_behind_a_proxy_does_not_start_without_users(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="users add"):
        build_server(Settings(home=tmp_path, workers=0, secure=True))


def test_sign_ins_at_the_same_time_are_counted_as_well(tmp_path: Path) -> None:
    """Of twenty tries at once eight are checked, as of twenty tries one after the other."""
    add_user("ada", "admin", PASSWORD, tmp_path)
    store = Store(Settings(home=tmp_path).database_url)

    def attempt(number: int) -> int:
        with pytest.raises(RefusedError) as refused:
            access.sign_in(store, "ada", f"wrong {number}", "127.0.0.1", Limits())
        return refused.value.status

    with ThreadPoolExecutor(20) as pool:
        found = sorted(pool.map(attempt, range(20)))
    store.close()
    assert found == [401] * 8 + [429] * 12


def test_a_sign_in_that_succeeds_does_not_count_against_its_address(tmp_path: Path) -> None:
    add_user("ada", "admin", PASSWORD, tmp_path)
    store = Store(Settings(home=tmp_path).database_url)
    limits = Limits(sign_in_failures=1)
    for _ in range(7):
        assert access.sign_in(store, "ada", PASSWORD, "127.0.0.1", limits)
    store.close()


def test_the_folder_of_a_server_is_its_owners_alone(tmp_path: Path) -> None:
    add_user("ada", "admin", PASSWORD, tmp_path / "home")
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_a_case_that_is_refused_leaves_no_files(client: httpx.Client, settings: Settings) -> None:
    before = list((settings.home / "cases").iterdir())
    body = {"name": "bad", "files": {"case.yaml": "title: nothing else\n"}}
    assert client.post("/api/v1/cases", json=body).status_code == 422
    assert list((settings.home / "cases").iterdir()) == before


def test_the_cases_of_a_comparison_stay_as_they_were_when_it_was_queued(client: httpx.Client) -> None:
    client.post("/api/v1/cases/two-sites/fork", json={"to": "own"})
    number = queue(client, kind="compare", others=["own"])
    files = client.get("/api/v1/cases/own").json()["files"]
    changed = {path: text.replace("cap: 1 bn CNY", "cap: 2 bn CNY") for path, text in files.items()}
    body = {"files": changed, "main": "two-sites/case.yaml"}
    assert client.put("/api/v1/cases/own", json=body).json()["version"] == 2
    assert client.get(f"/api/v1/runs/{number}").json()["order"]["others"] == ["own@1"]


def test_a_case_shows_its_own_runs_however_many_others_came_later(client: httpx.Client) -> None:
    client.post("/api/v1/cases/two-sites/fork", json={"to": "own"})
    first = queue(client, case="own")
    for _ in range(9):
        queue(client)
    assert f"/runs/{first}" in client.get("/cases/own").text


def test_what_changed_between_two_states_is_shown_line_by_line(client: httpx.Client) -> None:
    client.post("/api/v1/cases", json={"name": "own", "files": {"case.yaml": TWO_SITES}})
    changed = TWO_SITES.replace("cap: 1 bn CNY", "cap: 2 bn CNY")
    client.put("/api/v1/cases/own", json={"files": {"case.yaml": changed}})
    text = client.get("/cases/own/changes").text
    assert "</span>  cap: 1 bn CNY" in text.split("<del>")[1].split("</del>")[0] + "</del>"
    assert "</span>  cap: 2 bn CNY" in text.split("<ins>")[1].split("</ins>")[0] + "</ins>"
    assert "Nothing differs" in client.get("/cases/own/changes?since=2&to=2").text
    assert client.get("/cases/own/changes?since=7").status_code == 404


def test_a_form_brings_changes_back_as_they_were(client: httpx.Client) -> None:
    """Quotes of JSON would end the attribute that holds it."""
    page = client.get("/explore/two-sites?budget=800+mn+CNY").text
    assert 'value="[[&#34;budget&#34;, &#34;0.8 bn CNY&#34;]]"' in page


# --- Jobs on a machine that sleeps, and on one that is gone


def runs_in(settings: Settings, number: str, process: int, machine: str, silent: float) -> None:
    store = Store(settings.database_url)
    with store.writing() as session:
        session.execute(
            update(Job).where(Job.id == number).values(
                state="running", attempt=1, process=process, machine=machine, seen_at=now() - silent
            )
        )  # fmt: skip
    store.close()


def state(settings: Settings, number: str) -> str:
    store = Store(settings.database_url)
    take_up_lost(store)
    with store.reading() as session:
        job = session.get(Job, number)
    store.close()
    assert job is not None
    return job.state


def test_a_run_goes_on_after_the_machine_slept(client: httpx.Client, settings: Settings) -> None:
    """Its process was silent for a night, and lives; once it is gone the run is taken up again."""
    number = queue(client)
    command = [sys.executable, "-c", "import time; time.sleep(120)", number]
    process = subprocess.Popen(command)
    try:
        runs_in(settings, number, process.pid, platform.node(), 8 * 3600.0)
        assert state(settings, number) == "running"
    finally:
        process.kill()
        process.wait()
    assert state(settings, number) == "queued"


def test_another_process_of_the_same_number_is_not_taken_for_the_job(
    client: httpx.Client, settings: Settings
) -> None:
    number = queue(client)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    try:
        runs_in(settings, number, process.pid, platform.node(), 60.0)
        assert state(settings, number) == "queued"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("silent", "now_is"), [(5.0, "running"), (SILENT_SECONDS + 1.0, "queued")])
def test_a_run_of_another_machine_is_taken_up_when_it_falls_silent(
    client: httpx.Client, settings: Settings, silent: float, now_is: str
) -> None:
    number = queue(client)
    runs_in(settings, number, 1, "another", silent)
    assert state(settings, number) == now_is


# --- Workbooks


def test_a_case_goes_through_a_workbook_and_back(client: httpx.Client) -> None:
    """Downloaded as an input workbook and uploaded again it is the same case."""
    book = client.get("/cases/two-sites/workbook.xlsx")
    assert book.status_code == 200
    assert zipfile.is_zipfile(io.BytesIO(book.content))
    sent = client.post("/new", data={"name": "back"}, files={"file": ("two.xlsx", book.content)})
    assert sent.status_code == 303, sent.text
    figures = [
        client.post(f"/api/v1/cases/{name}/explore", json={}).json()["figures"]
        for name in ("back", "two-sites")
    ]
    assert figures[0] == figures[1]


def test_a_mistake_in_a_workbook_is_named_by_its_cell(client: httpx.Client) -> None:
    from capexpand.case.plain_document import merged_document
    from capexpand.workbook.form import form_bytes

    document = merged_document("two-sites", Path.cwd())
    document["programme"]["cap"] = "much"
    answer = client.post("/new", data={"name": "wrong"}, files={"file": ("x.xlsx", form_bytes(document))})
    assert answer.status_code == 422
    assert "Programme!" in answer.text or "Case!" in answer.text
    assert "programme.cap" in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("field", ["extends", "table"])
def test_a_workbook_cannot_lead_out_of_its_folder(field: str) -> None:
    from capexpand.case.plain_document import merged_document
    from capexpand.workbook.form import form_bytes

    document = merged_document("two-sites", Path.cwd())
    if field == "extends":
        document = {"extends": "/etc/passwd"}
    else:
        site = next(iter(document["sites"].values()))
        site["grid"] = {"csv": "/etc/passwd", "column": "a", "unit": "MW"}
    with pytest.raises(CaseError, match="outside of the case's folder"):
        read_upload("x.xlsx", form_bytes(document), Limits())
