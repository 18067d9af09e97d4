"""Findings to report on: the smallest case, and changes of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.pipeline import evaluate, optimise
from capexpand.reporting.inputs import Findings

CASES = Path(__file__).parents[2] / "cases"
Changed = Callable[..., Findings]


@pytest.fixture(scope="session")
def two_sites() -> Findings:
    return evaluate(optimise(load_case(CASES / "two-sites")))


@pytest.fixture(scope="session")
def alibaba() -> Findings:
    return evaluate(optimise(load_case(CASES / "alibaba-2025")))


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Return a function that gives the findings of the two-sites case with parts of its text replaced."""

    def findings(*replacements: tuple[str, str], variant: str | None = None) -> Findings:
        text = (CASES / "two-sites" / "case.yaml").read_text("utf-8")
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "case.yaml"
        path.write_text(text, "utf-8")
        return evaluate(optimise(load_case(path, variant)))

    return findings
