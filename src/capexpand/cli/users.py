"""``capexpand users``: who may sign in to the web application."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson, Group
from capexpand.cli.serve import Database, Home, check_installed
from capexpand.reporting.console import print_json, say

Password = Annotated[
    str,
    typer.Option(
        prompt="Password of the user", confirmation_prompt=True, hide_input=True, envvar="CAPEXPAND_PASSWORD",
        help="Asked for if not given; better not written on a command line.",
    ),
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    users = typer.Typer(
        cls=Group, help="Manage who may sign in to the web application.", no_args_is_help=True
    )
    app.add_typer(users, name="users")

    @users.command("list")
    def show(
        home: Home = None,
        *,
        database: Database = None,
        as_json: AsJson = False,
    ) -> None:
        """List the users and their roles."""
        check_installed()
        from capexpand.web.serving import users as list_users

        found = list_users(home, database=database)
        if as_json:
            print_json({"users": [{"name": name, "role": role} for name, role in found]}, indent=None)
            return
        for name, role in found:
            say(f"{name}  {role}")
        if not found:
            say("no users; a server on this machine needs none")

    @users.command("add")
    def add(
        name: Annotated[str, typer.Argument(help="Letters, digits and . _ @ -.")],
        password: Password,
        role: Annotated[str, typer.Option(help="viewer, planner or admin.")] = "planner",
        home: Home = None,
        *,
        database: Database = None,
    ) -> None:
        """Add a user, or give one another role and password."""
        check_installed()
        from capexpand.web.serving import add_user

        add_user(name, role, password, home, database=database)
        say(f"{name} may sign in as {role}")

    @users.command("remove")
    def remove(
        name: Annotated[str, typer.Argument(help="The user.")],
        home: Home = None,
        *,
        database: Database = None,
    ) -> None:
        """Remove a user with every sign-in and token."""
        check_installed()
        from capexpand.web.serving import remove_user

        remove_user(name, home, database=database)
        say(f"{name} is removed")
