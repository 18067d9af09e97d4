"""``capexpand serve``: the web application; ``capexpand users``: who may sign in to it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None, typer.Option(help="Folder of runs, cases and the store; in your data folder if not given.")
]
Database = Annotated[
    str | None,
    typer.Option(
        help="Store other than SQLite: postgresql://USER:PASSWORD@HOST/NAME.", envvar="CAPEXPAND_DATABASE"
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("serve")(serve)


def serve(
    home: Home = None,
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own needs users.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any that is free.")
    ] = 8421,
    database: Database = None,
    workers: Annotated[int, typer.Option(min=0, help="Runs that are made at a time.")] = 1,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A host name by which browsers reach the server; may be repeated."),
    ] = None,
    secure: Annotated[
        bool, typer.Option("--secure", help="Browsers reach it by HTTPS, through a proxy: mark cookies so.")
    ] = False,
    browser: Annotated[bool, typer.Option("--browser", help="Open it in a browser.")] = False,
) -> None:
    """Serve the web application: explore cases, start runs, read their reports in a browser."""
    check_installed()
    from capexpand.reporting.console import say as print_line
    from capexpand.web.serving import serve as run

    def say(address: str) -> None:
        print_line(f"capexpand is at {address} – Ctrl-C ends it; runs go on when it starts again")
        sys.stdout.flush()  # it is read while the command goes on

    run(
        home, host=host, port=port, database=database, workers=workers, name=name, secure=secure,
        browser=browser, progress=say,
    )  # fmt: skip


def check_installed() -> None:
    """Say what to install where the extra is missing.

    Raises:
        RunError: it is.
    """
    from capexpand.errors import RunError

    if any(find_spec(module) is None for module in ("fastapi", "sqlalchemy", "alembic", "argon2", "uvicorn")):
        raise RunError("the web application needs more packages: pip install 'capexpand[web]'")
