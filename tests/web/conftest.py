"""Fixtures for the tests of the web application."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from servers import STORES, Server, fresh_database, program, running, unprivileged, wait_for


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL of our own on this machine's address; the address of its first database."""
    initdb, postgres = program("initdb"), program("postgres")
    if initdb is None or postgres is None:
        reason = "needs postgres and initdb (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="capexpand-postgres-"))
    user = unprivileged()
    options = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    common = {"cwd": folder, "env": environment, **options}
    made = [initdb, "-D", str(data), "-U", "capexpand", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(made, check=True, capture_output=True, **common)
    command = [
        postgres,
        "-D",
        str(data),
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "listen_addresses=127.0.0.1",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "-c", "fsync=off"], stdout=log, stderr=log, **common)
    import psycopg

    def answers() -> bool:
        try:
            with psycopg.connect(f"postgresql://capexpand@127.0.0.1:{port}/postgres"):
                return True
        except psycopg.OperationalError:
            return False

    try:
        wait_for(answers, seconds=30)
        yield f"postgresql://capexpand@127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)  # ends it at once, clients or not
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """A store of its own for a test: SQLite in the server's folder, and PostgreSQL."""
    if request.param == "sqlite":
        return None
    return fresh_database(request.getfixturevalue("postgresql"), tmp_path.name)


@pytest.fixture
def server(tmp_path: Path, database: str | None) -> Iterator[Server]:
    """A server of a lone user, with one worker."""
    with running(tmp_path / "home", database) as found:
        yield found


@pytest.fixture(scope="session")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a lone user for many tests, which runs no jobs; each cleans up behind itself."""
    with running(tmp_path_factory.mktemp("lone") / "home", None, "--workers", "0") as found:
        yield found


# --- Browsers


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield made
        made.close()
