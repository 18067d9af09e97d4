"""The commands of the guide to sweeps do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from capexpand.cli.main import build_app

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "sweep.md").read_text("utf-8")
COMMANDS = re.findall(r"^capexpand (sweep .*)$", GUIDE, re.MULTILINE)


def test_the_guide_shows_three_commands() -> None:
    assert len(COMMANDS) == 3


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_guide_works(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(build_app(), shlex.split(command))
    assert done.exception is None, done.output
    assert "How far does the value move?" in done.output
