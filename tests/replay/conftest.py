"""The folder of real traces, which is never part of the project."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def traces() -> Path:
    """Return the folder named by CAPEXPAND_TRACES; without one the test is skipped."""
    folder = os.environ.get("CAPEXPAND_TRACES")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real traces: set CAPEXPAND_TRACES to their folder (docs/reference/traces.md)")
    return Path(folder)
