"""How long functions and signatures may be, and where types may be loose."""

import ast
import functools
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "capexpand"

COMPILED = ("sddp/kernel/", "replay/serving/advance.py", "replay/jobs/first_come.py")
"""Loops that Numba compiles: a call within them costs time, and arguments go by position."""
COMMANDS = ("api/", "cli/")
"""A command has as many arguments as options."""
LOOSE = {
    "api/starting.py",  # the return type of a public function, for readers
    "files/json_text.py",  # defines the one type of a JSON object
    "finance/statements.py",  # the fields of a statement, as rows or as numbers
    "optimiser/brackets.py",  # what changes of a program
    "replay/compiled.py",  # options of Numba
    "sddp/compiling.py",
    "sddp/stream.py",  # what a process is sent
    "web/pages.py",  # names in templates
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def functions() -> list[tuple[str, Function]]:
    """Return every function with the file in which it stands."""
    return [
        (path.relative_to(PACKAGE).as_posix(), node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, Function)
    ]


def statement_lines(node: Function) -> int:
    """Count the lines of a function after its signature and docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_function_has_more_than_60_lines_of_statements():
    found = [
        f"{place}:{node.name}"
        for place, node in functions()
        if statement_lines(node) > 60 and not place.startswith(COMPILED)
    ]
    assert found == []


def test_no_signature_but_that_of_a_command_has_more_than_12_arguments():
    found = [
        f"{place}:{node.name}"
        for place, node in functions()
        if len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs) > 12
        and not place.startswith((*COMPILED, *COMMANDS))
    ]
    assert found == []


def test_a_dictionary_of_anything_is_a_json_object():
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "dict[str, Any]" in path.read_text("utf-8")
    }
    assert found == LOOSE
