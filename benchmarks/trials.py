"""Try command lines in bounds: each in a process of its own, forked from one that has imported everything.

A trial ends well when the command does its work or refuses in words: exit code 0, 2, 3 or 4, no traceback, no
word of Python's, within its seconds and its memory. The server is a process without threads, since a process
that has some must not be forked.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

GOOD_CODES = (0, 2, 3, 4)
SECONDS, MEGABYTES = 60.0, 4000.0
PYTHON_WORDS = re.compile(
    r"Traceback|\b[A-Z]\w*(?:Error|Exception|Warning)\b|NoneType|\bndarray\b|\bfloat64\b|object at 0x|<class|"
    r"object has no attribute|unsupported operand|\[Errno|must be (?:integers|str|int|float|real number)|"
    r"\b(?:dict|list|tuple|float|int|str) object\b|not subscriptable|not iterable|\bpydantic\b|\bnumpy\b"
)
"""Words that no user should read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one trial ended.

    Args:
        code: exit code, or minus the signal that ended it.
        seconds: wall time.
        megabytes: most memory that it held.
        output: standard output and error.
    """

    code: int
    seconds: float
    megabytes: float
    output: str

    def faults(self, given: Sequence[str] = ()) -> list[str]:
        """Return what must not happen.

        Args:
            given: words of the input, which the output may repeat.
        """
        found = [] if self.code in GOOD_CODES else [f"exit {self.code}"]
        said = self.output if self.code else "".join(re.findall(r"(?m)^Traceback.*", self.output))
        for word in given:
            said = said.replace(word, "")
        if (name := PYTHON_WORDS.search(said)) is not None:
            found.append(f"prints {name.group()}")
        if self.seconds > SECONDS:
            found.append(f"over {SECONDS:.0f} s")
        if self.megabytes > MEGABYTES:
            found.append(f"over {MEGABYTES:.0f} MB")
        if self.code and not self.output.strip():
            found.append("no message")
        return found


def import_all() -> None:
    """Import every module but the server's, so that a forked process begins with its work."""
    package = importlib.import_module("capexpand")
    for module in pkgutil.walk_packages(package.__path__, "capexpand."):
        if not module.name.endswith("__main__") and not module.name.startswith("capexpand.web"):
            importlib.import_module(module.name)
    for library in ("highspy", "polars", "scipy.stats", "rich.table", "rich.text", "rich.console"):
        importlib.import_module(library)
    gc.collect()
    gc.freeze()


def attempt(words: Sequence[str], folder: Path, *, seconds: float = SECONDS + 30.0) -> Outcome:
    """Run a command line in a forked process, which is killed when its seconds are over.

    Args:
        words: behind ``capexpand``.
        folder: where it runs.
        seconds: after which it is killed; more than a good outcome takes.
    """
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _run(words, folder, output.fileno())
        status, usage = _wait(child, began + seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what it has started
        output.seek(0)
        text = output.read(2_000_000).decode("utf-8", "replace")
    code = os.waitstatus_to_exitcode(status)
    return Outcome(code, time.monotonic() - began, usage.ru_maxrss / 1024.0, text)


def _wait(child: int, until: float) -> tuple[int, resource.struct_rusage]:
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return status, usage
        if time.monotonic() > until:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        time.sleep(0.002)


def _run(words: Sequence[str], folder: Path, output: int) -> None:
    """Be the command, and end."""
    code = 70
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = int(MEGABYTES * 1e6)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        sys.argv = ["capexpand", *words]
        from capexpand.cli.main import main

        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:  # noqa: BLE001 - whatever it is, it is the finding
        import traceback

        traceback.print_exc()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


@dataclass(frozen=True, slots=True)
class Trials:
    """A server that tries command lines."""

    process: subprocess.Popen[str]

    def attempt(self, words: Sequence[str], folder: Path, *, seconds: float = SECONDS + 30.0) -> Outcome:
        """Try a command line; see the function of the same name."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"words": list(words), "folder": str(folder), "seconds": seconds}) + "\n")
        stdin.flush()
        return Outcome(**json.loads(stdout.readline()))


@contextmanager
def serving(environment: dict[str, str] | None = None) -> Generator[Trials]:
    """Start a server, and end it with the block.

    Args:
        environment: variables to set beside those of this process.
    """
    quiet = {"OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100", "PYTHONWARNINGS": "default"}
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **quiet, **(environment or {})},
    ) as process:  # fmt: skip
        try:
            yield Trials(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()


def main() -> None:
    """Try what standard input asks for, one JSON object a line."""
    import_all()
    for line in sys.stdin:
        asked = json.loads(line)
        found = attempt(asked["words"], Path(asked["folder"]), seconds=asked["seconds"])
        told = {"code": found.code, "seconds": found.seconds, "megabytes": found.megabytes,
                "output": found.output}  # fmt: skip
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
