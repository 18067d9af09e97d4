"""The strict settings of pyproject.toml find what they are for; scripts/test checks all types in a step."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "pyrefly", "check", "--output-format", "min-text"]


def check_types(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    interpreter = ["--python-interpreter-path", sys.executable]
    return subprocess.run(
        [*COMMAND, *interpreter, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_a_function_without_types_is_found(tmp_path):
    untyped = tmp_path / "untyped.py"
    untyped.write_text("def double(amount):\n    return 2 * amount\n")
    result = check_types("--config", ROOT / "pyproject.toml", untyped)
    assert "[unannotated-return]" in result.stdout
    assert "[implicit-any-parameter]" in result.stdout
