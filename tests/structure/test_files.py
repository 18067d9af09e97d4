"""What may stand in the project's files, and how long they may be."""

import ast
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IGNORED = [".git/", *(ROOT / ".gitignore").read_text("utf-8").split()]

# A path of somebody's machine, but not the same letters inside an address or a longer path.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:home|Users|mnt|opt|root|tmp|work)/")
REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|test\.pypi|registry\.npmjs|conda\.anaconda")
VAGUE_NAME = re.compile(r"(^|_)(utils?|helpers?|managers?|base|misc|common)(_|\.|$)")
FORBIDDEN_KIND = re.compile(r"\.(pyc|pyo|so|whl|egg|zip|gz|sqlite3?|db|pkl|pickle|env|pem|key|orig|rej)$")


def is_ignored(path: Path) -> bool:
    """Tell whether .gitignore leaves a path out; a rule with a slash in front holds at the top only."""
    place = "/" + path.relative_to(ROOT).as_posix()
    rules = (rule.rstrip("/") for rule in IGNORED)
    return any(fnmatch(place, rule) if rule.startswith("/") else fnmatch(path.name, rule) for rule in rules)


def project_files() -> Iterator[Path]:
    """Yield all that is or would be committed."""
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if not is_ignored(Path(folder, name))]
        yield from (path for path in (Path(folder, name) for name in names) if not is_ignored(path))


def places(pattern: re.Pattern[str]) -> list[str]:
    """Return file:line of each line that the pattern finds."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in project_files()
        for number, line in enumerate(path.read_text("utf-8", errors="ignore").splitlines(), start=1)
        if pattern.search(line)
    ]


def python_files() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".py"]


def test_no_source_is_left_out_of_the_repository():
    """A rule for a build folder at the top must not hide a room of the same name."""
    written = {path for path in (ROOT / "src").rglob("*.py") if "__pycache__" not in path.parts}
    assert written - set(project_files()) == set()
    assert is_ignored(ROOT / "runs")
    assert not is_ignored(ROOT / "src" / "capexpand" / "runs")


def test_no_python_file_is_longer_than_500_lines():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in python_files()
    }
    assert {path: length for path, length in lengths.items() if length > 500} == {}


def test_names_of_files_and_folders_say_what_is_in_them():
    parts = {part for path in python_files() for part in path.relative_to(ROOT).parts}
    assert [part for part in sorted(parts) if VAGUE_NAME.search(part)] == []


def test_test_files_have_unique_names():
    names = [path.name for path in python_files() if path.name.startswith("test_")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_no_path_of_a_machine_is_written_down():
    assert places(MACHINE_PATH) == []


def test_no_package_registry_is_named():
    assert places(REGISTRY) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE_PATH, "see " + "/ho" + "me/ada/case.yaml"),
        (MACHINE_PATH, '"' + "/wo" + 'rk/main"'),
        (REGISTRY, "https://py" + "pi.org/simple"),
    ],
)
def test_what_must_not_be_written_would_be_found(pattern, text):
    assert pattern.search(text)


def test_addresses_are_not_taken_for_paths_of_a_machine():
    assert not MACHINE_PATH.search("https://example.com/home/results and runs/tmp/work/")


def test_no_built_secret_or_unreadable_file_is_in_the_project():
    names = [str(path.relative_to(ROOT)) for path in project_files()]
    assert [name for name in names if FORBIDDEN_KIND.search(name)] == []


def test_no_file_is_larger_than_a_megabyte():
    large = {str(path.relative_to(ROOT)) for path in project_files() if path.stat().st_size > 1_000_000}
    assert large == set()


def test_commands_can_be_run():
    commands = [*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]
    assert [path.name for path in commands if not os.access(path, os.X_OK)] == []


def test_no_test_measures_time():
    """A timed assertion fails on a busy machine; timings belong into benchmarks/."""
    clocks = {"perf_counter", "perf_counter_ns", "process_time", "thread_time"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in clocks
    ]
    assert found == []
