"""The API answers anything it is sent with what its description says, and never with a fault of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from servers import STORES, Server, fresh_database, running

from capexpand.web.serving import add_user


@pytest.fixture(scope="module", params=STORES)
def described(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("api")
    database = None
    if request.param == "postgresql":
        database = fresh_database(request.getfixturevalue("postgresql"), "api")
    add_user("ada", "admin", "correct horse", home, database=database)
    with running(home, database, "--workers", "0") as found:
        yield found


@pytest.fixture(scope="module")
def token(described: Server) -> str:
    with described.client() as client:
        client.post("/sign-in", data={"name": "ada", "password": "correct horse", "to": "/"})
        csrf = client.get("/api/v1/me").json()["csrf"]
        page = client.post("/account/tokens", data={"title": "odd values", "csrf": csrf}).text
    return page.split('id="token">')[1].split("<")[0]


@pytest.mark.slow
def test_odd_values_never_break_the_server(described: Server, token: str) -> None:
    """Every call of the description, with values that fit it and values that do not."""
    schema = schemathesis.openapi.from_url(f"{described.address}/api/openapi.json")
    headers = {"Authorization": f"Bearer {token}"}
    called = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=8, suppress_health_check=list(HealthCheck), deadline=None, database=None)
        def holds(case: schemathesis.Case) -> None:
            answer = case.call(headers=headers, timeout=60)
            assert answer.status_code < 500, f"{case.method} {case.path}: {answer.text}"

        holds()
        called += 1
    assert called >= 24


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/cases/%00", None),
        ("GET", "/api/v1/cases/two-sites?version=99999999999999999999", None),
        ("GET", "/api/v1/cases/two-sites/assumptions?variant=%00", None),
        ("GET", "/api/v1/runs/..%2f..%2fetc", None),
        ("GET", "/api/v1/runs/0000000000000000/files/%2e%2e/%2e%2e/secret", None),
        ("GET", "/api/v1/catalogue/no-such", None),
        ("GET", "/api/v1/claims?on=9999-99-99", None),
        ("GET", "/api/v1/audit?most=-1", None),
        ("POST", "/api/v1/users", {"name": "\ud800", "role": "admin", "password": "long enough pass"}),
        ("POST", "/api/v1/users", {"name": "a\x00", "role": "admin", "password": "long enough pass"}),
        ("POST", "/api/v1/runs", {"case": "two-sites", "changes": [["budget", "\x00"]]}),
        ("POST", "/api/v1/runs", {"case": "two-sites", "kind": "why", "asked": "\x00"}),
        ("POST", "/api/v1/cases", {"name": "nul", "files": {"case.yaml": "title: \x00"}}),
        ("POST", "/api/v1/cases", {"name": "nul", "files": {"a\x00.yaml": "title: x"}, "main": "a\x00.yaml"}),
        ("POST", "/api/v1/cases", {"name": "deep", "files": {"case.yaml": "[" * 5000}}),
        ("POST", "/api/v1/cases", {"name": "gone", "files": {"case.yaml": "title: x"}, "main": "other.yaml"}),
        ("POST", "/api/v1/cases/two-sites/explore", {"changes": [["budget", "1e999 bn CNY"]]}),
    ],
)
def test_hostile_values_are_refused(
    described: Server, token: str, method: str, path: str, body: dict[str, object] | None
) -> None:
    import json

    content = None if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    answer = httpx.request(method, described.address + path, content=content, headers=headers, timeout=60)
    assert 400 <= answer.status_code < 500, answer.text
    assert "Traceback" not in (Path(described.home) / "server.log").read_text()
