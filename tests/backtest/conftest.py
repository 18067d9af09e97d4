"""A small case that two sites plan, with a company whose reports the tests make up."""

from __future__ import annotations

from pathlib import Path

import pytest
from editions import copied_case


@pytest.fixture
def two_sites(tmp_path: Path) -> Path:
    """Return a copy of the smallest case, with what its buyer reports."""
    return copied_case(tmp_path)
