"""CONTRIBUTING.md lists the packages of the layers contract, and each package says what it holds."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/capexpand"


def _layers() -> list[str]:
    """Every package of the contract that exists, lowest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(one["layers"] for one in contracts if one["id"] == "layers")
    names = [name for layer in reversed(layers) for name in re.findall(r"\w+", layer)]
    return [name for name in names if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()]


def _table() -> list[str]:
    """The packages of each row of the table, in its order."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", text, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"\w+", row)]


def test_the_table_names_every_package_once() -> None:
    assert sorted(_table()) == sorted(_layers())


def test_the_table_has_the_order_of_the_layers() -> None:
    """Within one layer the order is free, so each package stands above all of the layers higher up."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(one["layers"] for one in contracts if one["id"] == "layers")
    height = {
        name: level for level, layer in enumerate(reversed(layers)) for name in re.findall(r"\w+", layer)
    }
    heights = [height[name] for name in _table()]
    assert heights == sorted(heights)


def test_every_package_says_what_it_holds() -> None:
    for name in _layers():
        folder = PACKAGE / name
        file = folder / "__init__.py" if folder.is_dir() else PACKAGE / f"{name}.py"
        said = ast.get_docstring(ast.parse(file.read_text("utf-8")))
        assert said, f"{name} says nothing"
        assert len(said.split("\n")[0].split()) >= 3, f"{name} says too little: {said}"
