"""No kind of file, given where a path is expected, ends a command in a traceback, a hang or exit code 1.

``benchmarks/fuzz.py files`` tries every kind at every place, each in a process of its own.
"""

import re
import signal
from pathlib import Path

import pytest
from kinds_of_file import make_kinds, places
from typer.testing import CliRunner

from capexpand.cli.main import build_app
from capexpand.errors import CapexpandError

KINDS = (
    "empty",
    "binary",
    "utf-16",
    "deep list",
    "folder",
    "pipe",
    "loop",
    "sparse",
    "endless device",
    "long name",
)
COMMANDS = ("run", "breakeven", "compare", "backtest", "scenarios", "check", "new")
PLACES = [place for place in places() if place.name.split()[0] in COMMANDS]
PYTHON = re.compile(r"\b(Traceback|\w+Error|NoneType|object has no attribute|\[Errno)\b")


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES, ids=[place.name for place in PLACES])
def test_a_file_of_any_kind_ends_in_words(place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kinds").mkdir()
    made = make_kinds(tmp_path / "kinds")
    for kind in KINDS:
        words = [word.replace("OUT", str(tmp_path / "out")) for word in place.words(made[kind], tmp_path)]
        signal.alarm(120)  # a hang ends the tests, and says where
        result = CliRunner().invoke(build_app(), words)
        signal.alarm(0)
        error = result.exception
        said = str(error) if isinstance(error, CapexpandError) else result.output
        assert error is None or isinstance(error, CapexpandError | SystemExit), f"{kind}: {error!r}"
        assert result.exit_code in (0, 1 if isinstance(error, CapexpandError) else 0, 2, 3, 4), kind
        assert not PYTHON.search(said), f"{kind}: {said}"


def test_the_places_of_the_command_line_are_all_found() -> None:
    assert {place.name for place in places()} >= {
        "run case",
        "replay --trace",
        "solve --checkpoint",
        "new folder",
    }
