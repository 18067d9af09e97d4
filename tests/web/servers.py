"""Servers for the tests of the web application: real processes on this machine's own address."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

STORES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
"""Of the tests that go through both; the quick check is content with the first."""


@dataclass
class Server:
    """A server that runs as a process of its own."""

    process: subprocess.Popen[str]
    address: str
    home: Path

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60)

    def local(self) -> httpx.Client:
        """A client that sends what a page of the lone user would."""
        made = self.client()
        made.headers["x-csrf-token"] = httpx.get(f"{self.address}/api/v1/me", timeout=60).json()["csrf"]
        return made

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.close()


def start(home: Path, database: str | None, *options: str) -> Server:
    command = [sys.executable, "-m", "capexpand.cli.main", "serve", "--home", str(home)]
    command += ["--port", "0", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment.pop("CAPEXPAND_DATABASE", None)
    if database is not None:
        environment["CAPEXPAND_DATABASE"] = database
    home.mkdir(parents=True, exist_ok=True)
    with (home / "server.log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    if "is at" not in line:
        process.kill()
        process.wait()
        process.stdout.close()
        raise AssertionError(f"the server did not start: {line} {(home / 'server.log').read_text()}")
    return Server(process, line.split(" at ")[1].split()[0].rstrip("/"), home)


@contextmanager
def running(home: Path, database: str | None, *options: str) -> Iterator[Server]:
    server = start(home, database, *options)
    try:
        yield server
    finally:
        server.stop()


def wait_for(what: Callable[[], object], *, seconds: float = 90.0) -> None:
    """Wait until something is so, and fail if it does not become so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come about in time")


# --- PostgreSQL


def program(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(places[0]) if places else shutil.which(name)


def unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL does not run as root, so someone else is found where these tests do."""
    if os.geteuid() != 0:
        return None
    names = {one.pw_name: one for one in pwd.getpwall()}
    return next((names[name] for name in ("postgres", "nobody") if name in names), None)


def fresh_database(server: str, name: str) -> str:
    import psycopg

    safe = "".join(letter if letter.isalnum() else "_" for letter in name.lower())
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{safe}"')
        connection.execute(f'CREATE DATABASE "{safe}"')
    return f"{server}/{safe}"
