"""The requirement files pin everything by version and hash, name no address, and agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NAME = r"(?P<name>[a-z0-9-]+)(\[[a-z0-9,_-]+\])?"  # with its extras
PINNED = re.compile(NAME + r"==(?P<version>[\w.+!]+)(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)")
FILES = sorted((ROOT / "requirements").glob("*.txt"))


def logical_lines(path: Path) -> list[str]:
    text = path.read_text("utf-8").replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#.*", "", line) for line in text.splitlines())
    return [" ".join(line.split()) for line in lines if line.strip()]


def pins(name: str) -> dict[str, str]:
    matches = (PINNED.fullmatch(line) for line in logical_lines(ROOT / "requirements" / f"{name}.txt"))
    return {match["name"]: match["version"] for match in matches if match}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_requirement_has_a_version_and_hashes_and_nothing_else(path):
    lines = logical_lines(path)
    assert lines
    assert [line for line in lines if not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_requirement_files_name_no_address(path):
    assert "://" not in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        (PROJECT["project"]["dependencies"], "run"),
        (PROJECT["project"]["optional-dependencies"]["dev"], "dev"),
        (PROJECT["project"]["optional-dependencies"]["web"], "dev"),
        (PROJECT["build-system"]["requires"], "build"),
    ],
    ids=["run", "dev", "web", "build"],
)
def test_what_the_project_declares_is_pinned_within_its_limits(declared, name):
    """After a change of pyproject.toml, `scripts/lock` makes this true again."""
    pinned = pins(name)
    for requirement in map(Requirement, declared):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in requirements/{name}.txt"
        assert version in requirement.specifier, f"{requirement} is pinned to {version}"


@pytest.mark.parametrize("name", ["run", "build"])
def test_requirement_files_agree_on_versions(name):
    everything = pins("dev")
    different = {
        package for package, version in pins(name).items() if everything.get(package, version) != version
    }
    assert different == set()


def test_the_checks_run_with_all_that_the_program_runs_with():
    assert pins("run").items() <= pins("dev").items()
