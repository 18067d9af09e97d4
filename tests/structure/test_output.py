"""Text enters a terminal in one place, where no markup in it counts and its control characters are shown."""

import ast
from pathlib import Path

CLI = Path(__file__).parents[2] / "src" / "capexpand" / "cli"
OWN_WORDS = {"main.py", "streams.py"}
"""They print before and after all commands: the version, and errors by way of ``printable``."""


def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def prints_elsewhere(text: str) -> list[int]:
    """Return the lines in which a command prints text by itself; ready JSON may be printed as it is."""
    found = []
    for call in calls(ast.parse(text)):
        function = ast.unparse(call.func)
        first = ast.unparse(call.args[0]) if call.args else ""
        prints = function == "print" and not first.endswith(".json()")
        if prints or function in ("typer.echo", "typer.secho", "Console"):
            found.append(call.lineno)
    return found


def test_no_command_prints_by_itself():
    found = {path.name: prints_elsewhere(path.read_text("utf-8")) for path in CLI.glob("*.py")}
    assert {name: lines for name, lines in found.items() if lines and name not in OWN_WORDS} == {}


def test_a_command_that_prints_by_itself_would_be_found():
    assert prints_elsewhere("typer.echo(title)\nprint(title)\nprint(sheet.json())\nConsole().print(x)") == [
        1,
        2,
        4,
    ]
