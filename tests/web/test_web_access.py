"""Who may do what: sign-in, roles, tokens, forms of other sites, hosts, and a server that needs users."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from servers import STORES, Server, fresh_database, running

from capexpand.web.serving import add_user, remove_user, users

PASSWORD = "correct horse battery"  # of users that live for a test
NAMES = {"ada": "admin", "paul": "planner", "vera": "viewer"}


@pytest.fixture(scope="module", params=STORES)
def team(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one user of each role."""
    home = tmp_path_factory.mktemp("team")
    database = None
    if request.param == "postgresql":
        database = fresh_database(request.getfixturevalue("postgresql"), "team")
    for name, role in NAMES.items():
        add_user(name, role, PASSWORD, home, database=database)
    with running(home, database, "--workers", "0") as found:
        yield found


@contextmanager
def signed_in(server: Server, name: str) -> Iterator[httpx.Client]:
    with server.client() as client:
        answer = client.post("/sign-in", data={"name": name, "password": PASSWORD, "to": "/"})
        assert answer.status_code == 303, answer.text
        client.headers["x-csrf-token"] = client.get("/api/v1/me").json()["csrf"]
        yield client


CALLS = [
    # method, path, body, least role
    ("GET", "/api/v1/cases", None, "viewer"),
    ("POST", "/api/v1/cases/two-sites/explore", {}, "viewer"),
    ("POST", "/api/v1/runs", {"case": "two-sites"}, "planner"),
    ("POST", "/api/v1/cases/two-sites/fork", {"to": "mine-{name}"}, "planner"),
    ("GET", "/api/v1/users", None, "admin"),
    ("GET", "/api/v1/audit", None, "admin"),
    ("POST", "/api/v1/users", {"name": "new", "role": "viewer", "password": PASSWORD}, "admin"),
    ("DELETE", "/api/v1/users/new", None, "admin"),
    ("GET", "/admin", None, "admin"),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_role_may_do_what_is_its_own_and_no_more(team: Server, name: str) -> None:
    order = ["viewer", "planner", "admin"]
    with signed_in(team, name) as client:
        for method, path, body, least in CALLS:
            sent = body if body is None else {key: str(text).format(name=name) for key, text in body.items()}
            status = client.request(method, path, json=sent).status_code
            allowed = order.index(NAMES[name]) >= order.index(least)
            assert (status < 300) == allowed, f"{name} {method} {path}: {status}"
            assert allowed or status == 403


def test_nobody_gets_in_without_signing_in(team: Server) -> None:
    with team.client() as client:
        for method, path, body, _ in CALLS:
            status = client.request(method, path, json=body).status_code
            assert status == (401 if path.startswith("/api/") else 303)
        assert client.get("/runs").headers["location"] == "/sign-in?to=%2Fruns"
        assert client.post("/sign-in", data={"name": "ada", "password": "wrong"}).status_code == 401


def test_a_place_to_go_to_after_signing_in_is_one_of_this_server(team: Server) -> None:
    with team.client() as client:
        form = {"name": "ada", "password": PASSWORD}
        for place in ("//evil.example", "https://evil.example", "/\\evil.example", ""):
            answer = client.post("/sign-in", data={**form, "to": place})
            assert answer.headers["location"] == "/"
        assert client.post("/sign-in", data={**form, "to": "/runs"}).headers["location"] == "/runs"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(team: Server) -> None:
    with team.client() as client:
        answer = client.post("/sign-in", data={"name": "ada", "password": PASSWORD, "to": "/"})
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie


@pytest.mark.slow
def test_too_many_failed_sign_ins_must_wait(tmp_path: Path) -> None:
    add_user("ada", "admin", PASSWORD, tmp_path)
    with running(tmp_path, None, "--workers", "0") as server, server.client() as client:
        wrong = [{"name": "ada", "password": f"wrong {n}"} for n in range(9)]
        assert [client.post("/sign-in", data=one).status_code for one in wrong] == [401] * 8 + [429]
        right = client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
        assert right.status_code == 429
        assert int(right.headers["retry-after"]) > 0


def test_a_form_of_another_site_is_refused(team: Server) -> None:
    with signed_in(team, "ada") as client:
        before = len(client.get("/api/v1/runs").json())
        order = {"case": "two-sites"}
        evil = {"origin": "https://evil.example"}
        assert client.post("/api/v1/runs", json=order, headers=evil).status_code == 403
        assert client.post("/runs", data={**order, "csrf": "0" * 64}).status_code == 403
        del client.headers["x-csrf-token"]
        assert client.post("/runs", data=order).status_code == 403
        assert client.post("/api/v1/runs", json=order).status_code == 403
        assert len(client.get("/api/v1/runs").json()) == before


def test_a_token_acts_for_its_user_until_it_is_withdrawn(team: Server) -> None:
    with signed_in(team, "paul") as client:
        csrf = client.headers["x-csrf-token"]
        page = client.post("/account/tokens", data={"title": "script", "csrf": csrf}).text
        secret = page.split('id="token">')[1].split("<")[0]
        with team.client(secret) as script:
            assert script.get("/api/v1/me").json()["name"] == "paul"
            assert script.post("/api/v1/runs", json={"case": "two-sites"}).status_code == 201
            assert script.get("/api/v1/users").status_code == 403
            number = client.get("/account").text.split("/account/tokens/")[1].split('"')[0]
            client.post(f"/account/tokens/{number}", data={"csrf": csrf})
            assert script.get("/api/v1/me").status_code == 401


def test_a_planner_cannot_touch_what_belongs_to_another(team: Server) -> None:
    with signed_in(team, "ada") as ada, signed_in(team, "paul") as paul:
        assert ada.post("/api/v1/cases/two-sites/fork", json={"to": "hers"}).status_code == 201
        number = ada.post("/api/v1/runs", json={"case": "hers"}).json()["id"]
        body = {"files": {"two-sites/case.yaml": "title: x"}, "main": "two-sites/case.yaml"}
        assert paul.put("/api/v1/cases/hers", json=body).status_code in (403, 422)
        assert paul.delete("/api/v1/cases/hers").status_code == 403
        assert paul.post(f"/api/v1/runs/{number}/cancel").status_code == 403
        assert ada.get("/api/v1/cases/hers").json()["latest"] == 1


def test_what_was_done_stands_in_the_audit_log(team: Server) -> None:
    with signed_in(team, "ada") as client:
        client.post("/api/v1/runs", json={"case": "two-sites"})
        client.post("/api/v1/cases/two-sites/fork", json={"to": "noted"})
        found = {(one["user"], one["action"]) for one in client.get("/api/v1/audit").json()}
        assert {("ada", "sign-in"), ("ada", "run"), ("ada", "case")} <= found


def test_the_only_admin_cannot_be_removed(tmp_path: Path) -> None:
    from capexpand.errors import RunError

    add_user("ada", "admin", PASSWORD, tmp_path)
    with pytest.raises(RunError, match="only admin"):
        remove_user("ada", tmp_path)
    with pytest.raises(RunError, match="only admin"):
        add_user("ada", "viewer", PASSWORD, tmp_path)
    assert users(tmp_path) == (("ada", "admin"),)


@pytest.mark.parametrize(("name", "role", "password"), [
    ("", "admin", PASSWORD), ("a b", "admin", PASSWORD), ("local", "admin", PASSWORD),
    ("x" * 65, "admin", PASSWORD),
    ("ada", "king", PASSWORD), ("ada", "admin", "short"),
])  # fmt: skip
def test_a_user_that_will_not_do_is_refused(tmp_path: Path, name: str, role: str, password: str) -> None:
    from capexpand.errors import RunError

    with pytest.raises(RunError):
        add_user(name, role, password, tmp_path)
    assert users(tmp_path) == ()


def test_a_server_that_others_can_reach_does_not_start_without_users(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "capexpand.cli.main", "serve", "--home", str(tmp_path), "--port", "0"]
    command += ["--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 2
    assert "capexpand users add" in done.stderr


def test_another_name_of_this_machine_is_refused(lone: Server) -> None:
    """A page of another site whose name leads here must not reach the server of a lone user."""
    with lone.client() as client:
        assert client.get("/", headers={"host": "evil.example"}).status_code == 421
        assert client.get("/", headers={"host": "localhost:1"}).status_code == 200


def test_pages_allow_no_script_of_their_own_text(lone: Server) -> None:
    with lone.client() as client:
        for path in (
            "/",
            "/cases/two-sites",
            "/explore/two-sites",
            "/runs",
            "/new",
            "/catalogue",
            "/claims",
            "/api",
        ):
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            script = next(part for part in policy.split(";") if "script-src" in part)
            assert script.strip() == "script-src 'self'"
            assert "<script>" not in answer.text
            assert " onclick=" not in answer.text


def test_a_viewer_signs_in_and_sees_no_button_to_run(browser: Browser, team: Server) -> None:
    page = browser.new_page()
    page.goto(team.address + "/explore/two-sites")
    page.get_by_label("Name").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector('html[data-planned=""]', state="attached", timeout=60_000)
    expect(page.get_by_role("button", name="Run with these")).to_have_count(0)
    page.goto(team.address + "/new")
    expect(page.get_by_role("heading", level=1)).to_contain_text("role of a planner")
