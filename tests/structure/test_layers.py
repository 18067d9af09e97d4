"""The order of the layers is declared in pyproject.toml; these tests hold the code to it."""

import graphlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "capexpand"


def run_contracts(folder: Path, *, search_path: Path) -> subprocess.CompletedProcess[str]:
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    environment = {**os.environ, "PYTHONPATH": str(search_path)}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def write_package(folder: Path, sources: dict[str, str]) -> None:
    for name, source in {"__init__.py": "", "errors.py": "", **sources}.items():
        path = folder / "capexpand" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    shutil.copy(ROOT / "pyproject.toml", folder)


def test_every_layer_imports_only_from_lower_ones():
    result = run_contracts(ROOT, search_path=PACKAGE.parent)
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_import_from_a_higher_layer_is_found(tmp_path):
    write_package(tmp_path, {"errors.py": "import capexpand.case", "case/__init__.py": ""})
    result = run_contracts(tmp_path, search_path=tmp_path)
    assert result.returncode == 1
    assert "capexpand.errors -> capexpand.case" in result.stdout


def test_a_room_without_a_place_in_the_order_is_found(tmp_path):
    write_package(tmp_path, {"attic.py": ""})
    result = run_contracts(tmp_path, search_path=tmp_path)
    assert result.returncode == 1
    assert "capexpand.attic" in result.stdout


def test_a_circle_inside_a_layer_is_found(tmp_path):
    circle = {
        "case/__init__.py": "",
        "case/first.py": "from capexpand.case import second",
        "case/second.py": "def later():\n    from capexpand.case import first\n",
    }
    write_package(tmp_path, circle)
    result = run_contracts(tmp_path, search_path=tmp_path)
    assert result.returncode == 1
    assert "capexpand.case" in result.stdout


def test_the_contracts_see_every_module():
    files = PACKAGE.rglob("*.py")
    modules = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in files}
    modules = {name.removesuffix(".__init__") for name in modules}
    unseen = modules - grimp.build_graph("capexpand", cache_dir=None).modules
    assert not unseen, f"is an __init__.py missing? {sorted(unseen)}"


def test_no_module_imports_itself_through_others():
    graph = grimp.build_graph("capexpand", cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


def test_the_package_needs_no_published_experiment() -> None:
    """Only the group of commands that runs them knows that they are there."""
    users = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "capexpand_reproductions" in path.read_text("utf-8")
    ]
    assert users == ["cli/reproduce.py"]
