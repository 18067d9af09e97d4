"""Files of every kind, and every place of the command line where a path is given."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer

from capexpand.cli.main import build_app

CASES = Path(__file__).parents[2] / "cases"
CASE = str(CASES / "two-sites" / "case.yaml")
TRACE = "arrival_s,duration_s,accelerators\n0,3600,1\n60,3600,2\n120,60,8\n"
FLEET = "count,accelerators\n4,8\n"


def make_kinds(folder: Path) -> dict[str, Path]:
    """Make a file of each kind in an empty folder."""
    contents = {
        "empty": b"",
        "zero bytes": b"\0" * 5000,
        "binary": bytes(range(256)) * 20,
        "utf-16": "title: x\r\na,b\r\n".encode("utf-16"),
        "latin-1": "title: caf\xe9\na,b\n".encode("latin-1"),
        "mark only": b"\xef\xbb\xbf",
        "one line of 3 MB": b"a" * 3_000_000,
        "deep list": b"[" * 100_000,
        "deep mapping": b"{\"a\":" * 50_000,
        "not a number": b'{"a": NaN, "b": [Infinity]}',
        "json text": b'"text"',
        "yaml alias bomb": b"a: &a [x,x,x,x,x,x,x,x]\n" + b"".join(
            b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 8)) for i in range(20)
        ),
        "quotes": b'a,"b\n1,2\n',
        "many commas": b"," * 100_000,
        "cut archive": b"PK\x03\x04" + b"\0" * 100,
        "cut gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc",
        "cut parquet": b"PAR1" + b"\0" * 50,
        "html": b"<html><body>no</body></html>",
        "run manifest": b'{"files": {}}',
    }  # fmt: skip
    kinds: dict[str, Path] = {}
    for name, content in contents.items():
        kinds[name] = folder / name.replace(" ", "-")
        kinds[name].write_bytes(content)
    for name in ("folder", "pipe", "loop", "dangling", "sparse"):
        kinds[name] = folder / name
    kinds["folder"].mkdir()
    os.mkfifo(kinds["pipe"])
    kinds["loop"].symlink_to("loop")
    kinds["dangling"].symlink_to("nowhere")
    with kinds["sparse"].open("wb") as file:
        file.truncate(6_000_000_000)
    kinds["missing"] = folder / "missing"
    kinds["endless device"] = Path("/dev/zero")
    kinds["null device"] = Path("/dev/null")
    kinds["below a file"] = folder / "empty" / "inside"
    kinds["hostile name"] = folder / "[b]{x}\x1b[31m\n"
    kinds["hostile name"].write_bytes(b"a,b\n")
    kinds["long name"] = folder / ("x" * 300)
    return kinds


@dataclass(frozen=True)
class Place:
    """One path on the command line: the words before it, and those behind it."""

    name: str
    before: tuple[str, ...]
    behind: tuple[str, ...]

    def words(self, path: Path, folder: Path) -> list[str]:
        """Return the whole command line, with the files that the other arguments need."""
        (folder / "trace.csv").write_text(TRACE)
        (folder / "fleet.csv").write_text(FLEET)
        words = [*self.before, str(path), *self.behind]
        return [word.replace("TRACE", str(folder / "trace.csv")).replace("FLEET", str(folder / "fleet.csv"))
                for word in words]  # fmt: skip


REQUIRED = {
    "replay": ("--trace", "TRACE", "--fleet", "FLEET"),
    "size": ("--trace", "TRACE"),
    "backtest": ("--scenarios", "20"),
    "breakeven": ("--scenarios", "10", "--driver", "price", "--pair", "none"),
    "scenarios": ("--scenarios", "20"),
}
"""Words without which a command would not come to its files, or would take long."""
ARGUMENTS = {
    "run": (CASE,), "breakeven": (CASE,), "backtest": (CASE,), "scenarios": (CASE,), "check": (CASE,),
    "compare": (CASE, CASE), "traces": ("TRACE",), "tokens": ("llama-3.1-8b", "H100"),
}  # fmt: skip
"""Positional arguments, where an option is tried."""


def places() -> Iterator[Place]:
    """Yield every path that the command line takes."""
    yield from _places(typer.main.get_command(build_app()), ())


def _places(command: Any, above: tuple[str, ...]) -> Iterator[Place]:
    if hasattr(command, "commands"):
        for name, one in command.commands.items():
            yield from _places(one, (*above, name))
        return
    hints = get_type_hints(inspect.unwrap(command.callback))
    paths = {name for name, hint in hints.items() if Path in (hint, *get_args(hint))}
    if above == ("compare",):
        paths.add("cases")
    usual = REQUIRED.get(above[0], ())
    out = any("--out" in parameter.opts for parameter in command.params)
    for parameter in command.params:
        where = " ".join((*above, parameter.opts[0]))
        if parameter.name not in paths:
            continue
        if parameter.param_type_name == "argument":
            quiet = ("--out", "OUT") if out else ()
            yield Place(where, above, (*usual, *quiet))
        else:
            flag = parameter.opts[0]
            others = tuple(word for word in _without(usual, flag))
            quiet = ("--out", "OUT") if out and flag != "--out" else ()
            yield Place(where, (*above, *ARGUMENTS.get(above[0], ()), *others, *quiet, flag), ())


def _without(words: tuple[str, ...], flag: str) -> tuple[str, ...]:
    if flag not in words:
        return words
    at = words.index(flag)
    return words[:at] + words[at + 2 :]
