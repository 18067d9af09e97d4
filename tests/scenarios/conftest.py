"""Small uncertain cases: the two sites with one block of processes."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

import pytest

from capexpand.case.loading import load_case
from capexpand.case.schema import Case
from capexpand.scenarios.futures import Futures, compile_futures

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"


@pytest.fixture(scope="session")
def certain_case(tmp_path_factory) -> Path:
    """Return the file of the two sites without anything unknown."""
    file = tmp_path_factory.mktemp("cases") / "certain.yaml"
    file.write_text(f"extends: {TWO_SITES}\nuncertainty: null\n", "utf-8")
    return file


@pytest.fixture
def declare(certain_case, tmp_path) -> Callable[[str], Case]:
    """Load the two sites with a block of uncertainty; ``more`` adds fields of the case."""

    def load(block: str, more: str = "") -> Case:
        file = tmp_path / "case.yaml"
        text = indent(dedent(block).strip(), "  ")
        file.write_text(f"extends: {certain_case}\n{dedent(more)}\nuncertainty:\n{text}\n", "utf-8")
        return load_case(file)

    return load


@pytest.fixture
def futures_of(declare) -> Callable[[str], Futures]:
    """Compile the futures of a block of uncertainty."""
    return lambda block, more="": compile_futures(declare(block, more))
