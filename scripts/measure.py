#!/usr/bin/env python
"""Say how the source keeps to its aims: lines by package, long functions, wide signatures, imports.

Usage: scripts/measure.py [--list]

A line of code is one that is neither empty nor a comment nor within a docstring. Of a function the body
counts; its signature is measured by its arguments. Compiled kernels may be long. ``--list`` names each place.
"""

from __future__ import annotations

import argparse
import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "capexpand"
LONGEST, WIDEST = 60, 12
COMPILED = {"kernel", "inline_kernel", "making_arrays", "compiled", "njit", "cfunc"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Measures:
    """What was found in some files."""

    lines: int = 0
    code: int = 0
    docstrings: int = 0
    imports: int = 0
    by_package: Counter[str] = field(default_factory=Counter)
    long: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)


def measure() -> Measures:
    """Read every file of the package."""
    found = Measures()
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text("utf-8")
        place = str(path.relative_to(SOURCE))
        tree = ast.parse(text)
        lines = text.count("\n")
        documented = {
            line for node in docstrings(tree) for line in range(node.lineno, (node.end_lineno or 0) + 1)
        }
        written = {token.start[0] for token in tokens(text)} - documented
        found.lines += lines
        found.code += len(written)
        found.docstrings += len(documented)
        found.by_package[place.split("/", 1)[0].removesuffix(".py")] += lines
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                found.imports += (node.end_lineno or node.lineno) - node.lineno + 1
            if isinstance(node, Function):
                note(found, node, f"{place}:{node.lineno} {node.name}")
            if isinstance(node, ast.Subscript) and ast.unparse(node) == "dict[str, Any]":
                found.loose.append(f"{place}:{node.lineno}")
    return found


def docstrings(tree: ast.AST) -> Iterator[ast.Expr]:
    """Yield every text that stands alone: docstrings, and what is said of a constant below it."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node


def tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """Yield what is code."""
    silent = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    return (
        token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in silent
    )


def note(found: Measures, node: Function, name: str) -> None:
    """Keep a function that is longer or wider than it should be."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
    decorators = {ast.unparse(one).split("(")[0].rpartition(".")[2] for one in node.decorator_list}
    if length > LONGEST and not decorators & COMPILED:
        found.long.append(f"{name}: {length} lines")
    arguments = node.args
    width = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
    if width > WIDEST:
        found.wide.append(f"{name}: {width} arguments")


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="name each place")
    listed = parser.parse_args().list
    found = measure()
    print(f"{found.lines:,} lines, of them {found.code:,} of code and {found.docstrings:,} of docstrings")
    print(f"imports: {found.imports:,} lines, {found.imports / found.lines:.1%}")
    for title, places in (
        (f"functions over {LONGEST} lines outside compiled kernels", found.long),
        (f"signatures over {WIDEST} arguments", found.wide),
        ("dict[str, Any]", found.loose),
    ):
        print(f"{title}: {len(places)}")
        for place in places if listed else ():
            print(f"  {place}")
    for package, lines in found.by_package.most_common():
        print(f"{lines:7,} {package}")


if __name__ == "__main__":
    main()
