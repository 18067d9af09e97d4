"""Runs the blocks of a page: commands, Python, and the files that it shows.

* ``console``: a line that begins with ``$`` is run by the shell in a folder of the page's own; what stands
  below it must be printed. A line of three dots stands for any text; white space counts as one space.
* ``python``: run one after the other in one namespace; a ``text`` block right below says what is printed.
* a block with ``title="FILE"`` is written to that file first.

Comments right above a block say how it is run:

* ``<!-- fails -->``: its commands must fail.
* ``<!-- serves -->``: its last command goes on until the next one that serves, or to the end of the page.
* ``<!-- in the tests: THIS → THAT; … -->``: with something smaller, or with what only this machine knows;
  ``{name}`` is given by the test of the page.
* ``<!-- run by FILE -->``: not here, but by that file, which a test holds to it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"(?P<marks>(?:^<!-- [^\n]*? -->\n)*)^```(?P<kind>\w+)(?P<more>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(r"^<!-- (.*) -->$", re.MULTILINE)
LIMIT_SECONDS = 600
SERVED = "http://127.0.0.1:8421"
PASSWORD = "a long enough password"

Given = Mapping[str, Callable[[str], str]]
"""What only a test knows, by name; each is asked with the address of the server that goes on."""


@dataclass(frozen=True)
class Block:
    kind: str
    title: str | None
    text: str
    line: int
    fails: bool = False
    serves: bool = False
    run_by: str | None = None
    replaced: tuple[tuple[str, str], ...] = ()

    def ready(self, given: Given, address: str) -> str:
        """The text as it is run."""
        text = self.text
        for this, that in self.replaced:
            assert this in text, f"line {self.line}: the block does not have '{this}'"
            text = text.replace(this, that)
        for name in re.findall(r"\{(\w+)\}", "".join(that for _, that in self.replaced)):
            text = text.replace(f"{{{name}}}", given[name](address))
        return text.replace(SERVED, address)


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page that have a kind."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        title = re.search(r'title="([^"]+)"', found["more"])
        line = text.count("\n", 0, found.start("kind")) + 1
        yield Block(found["kind"], title[1] if title else None, found["text"], line, **marks(found["marks"]))


def marks(text: str) -> dict[str, Any]:
    """Return what the comments above a block say."""
    said: dict[str, Any] = {}
    for words in MARK.findall(text):
        if words in ("fails", "serves"):
            said[words] = True
        elif words.startswith("run by "):
            said["run_by"] = words.removeprefix("run by ")
        else:
            assert words.startswith("in the tests: "), f"a mark that nobody knows: {words}"
            pairs = (pair.split("→") for pair in words.removeprefix("in the tests: ").split(";"))
            said["replaced"] = tuple((this.strip(), that.strip()) for this, that in pairs)
    return said


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a command and what it is said to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, _, rest = part.partition("\n")
        while first.endswith("\\"):
            more, _, rest = rest.partition("\n")
            first = f"{first[:-1]} {more.strip()}"
        yield first, rest


def assert_prints(said: str, printed: str, where: str) -> None:
    """Each stretch of text between lines of dots stands in what was printed, in order."""
    shown = " ".join(printed.split())
    at = 0
    for stretch in re.split(r"^\s*\.\.\.\s*$", said, flags=re.MULTILINE):
        wanted = " ".join(stretch.split())
        found = shown.find(wanted, at)
        assert found >= 0, f"{where} says\n  {wanted}\nbut what is printed is\n{printed}"
        at = found + len(wanted)


@dataclass
class Page:
    """A page that is run in a folder.

    Args:
        path: of the page.
        folder: where its commands run.
        given: what its blocks need of this machine.
        programs: folder of the commands; those of the tests' own environment if absent.
    """

    path: Path
    folder: Path
    given: Given = field(default_factory=dict)
    programs: Path = Path(sys.executable).parent
    address: str = SERVED
    server: subprocess.Popen[str] | None = None

    def run(self) -> int:
        """Run the blocks and return the number of those that were run or written."""
        namespace: dict[str, Any] = {"__name__": "page"}
        printed: str | None = None
        count = 0
        try:
            for block in blocks(self.path):
                where = f"{self.path.name}, line {block.line}"
                if block.run_by is not None:
                    continue
                said, printed = printed, None
                if block.title is not None:
                    place = self.folder / block.title
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_text(block.text, encoding="utf-8")
                elif block.kind == "console":
                    self.run_console(block, where)
                elif block.kind == "python":
                    output = io.StringIO()
                    with contextlib.redirect_stdout(output):
                        exec(compile(block.ready(self.given, self.address), where, "exec"), namespace)
                    printed = output.getvalue()
                elif block.kind == "text" and said is not None:
                    assert_prints(block.text, said, where)
                else:
                    continue
                count += 1
        finally:
            self.end_server()
        return count

    def run_console(self, block: Block, where: str) -> None:
        """Run the commands of a block, one after the other."""
        pairs = list(commands(block.ready(self.given, self.address)))
        for number, (command, said) in enumerate(pairs, 1):
            at = f"{where}: $ {command}"
            if block.serves and number == len(pairs):
                assert_prints(said, self.serve(command, at), at)
                return
            done = subprocess.run(
                ["bash", "-c", command],
                capture_output=True,
                text=True,
                check=False,
                cwd=self.folder,
                env=self.environment(),
                timeout=LIMIT_SECONDS,
            )
            assert (done.returncode != 0) == block.fails, f"{at}\n{done.stdout}{done.stderr}"
            assert_prints(said, done.stdout + done.stderr, at)

    def environment(self) -> dict[str, str]:
        """A terminal of 100 columns, a data folder of its own, no browser and no package index."""
        return {
            **os.environ,
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "100",
            "XDG_DATA_HOME": str(self.folder / ".data"),
            "BROWSER": "true",
            "CAPEXPAND_PASSWORD": PASSWORD,
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def serve(self, command: str, where: str) -> str:
        """Start what serves, and return what it prints until it says its address."""
        self.end_server()
        self.folder.joinpath(".data").mkdir(exist_ok=True)
        with (self.folder / ".data/log").open("w") as log:
            self.server = subprocess.Popen(
                ["bash", "-c", command],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,
                env=self.environment(),
                start_new_session=True,
            )
        assert self.server.stdout is not None
        printed = ""
        for line in self.server.stdout:
            printed += line
            if found := re.search(r" at (http://\S+?)/?(?:\s|$)", line):
                self.address = found[1]
                return printed
        raise AssertionError(f"{where}\n{printed}{(self.folder / '.data/log').read_text()}")

    def end_server(self) -> None:
        """End what serves, if anything does."""
        if self.server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server.pid, signal.SIGINT)
        try:
            self.server.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
        assert self.server.stdout is not None
        self.server.stdout.close()
        self.server = None


def run_page(page: Path, folder: Path, given: Given | None = None) -> int:
    """Run a page in a folder and return the number of blocks that were run or written."""
    return Page(page, folder, given or {}).run()


def of_the_tests(page: str, name: str) -> list[Block]:
    """Return the blocks of a page that a file of the tests runs."""
    found = [block for block in blocks(ROOT / page) if block.run_by == name]
    assert found, f"{page} has no block that {name} runs"
    return found
