"""The notebooks run from top to bottom, and what their cells end with shows itself."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "docs/notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SHORT = 40_000
"""Characters of what a cell shows: some sentences, a table and a picture, not a dump."""


def cells(path: Path) -> list[str]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]


def run_cell(text: str, namespace: dict[str, Any], where: str) -> object:
    """Run a cell as a notebook does, and return the value of its last line."""
    tree = ast.parse(text)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        exec(compile(tree, where, "exec"), namespace)
        return None
    exec(compile(ast.Module(tree.body[:-1], []), where, "exec"), namespace)
    return eval(compile(ast.Expression(last.value), where, "eval"), namespace)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_itself(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for number, text in enumerate(cells(path), 1):
        shown = run_cell(text, namespace, f"{path.name}, cell {number}")
        if shown is None:
            continue
        html = getattr(shown, "_repr_html_", None)
        assert 0 < len(repr(shown)) < SHORT
        if html is not None:
            assert 0 < len(html()) < SHORT
    assert not list(tmp_path.iterdir()), "a notebook leaves nothing behind"


def test_there_are_six_and_none_keeps_its_output() -> None:
    assert len(NOTEBOOKS) == 6
    for path in NOTEBOOKS:
        content = json.loads(path.read_text(encoding="utf-8"))
        assert all(not cell.get("outputs") for cell in content["cells"])
        assert all(cell.get("execution_count") is None for cell in content["cells"])
