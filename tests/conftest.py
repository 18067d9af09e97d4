"""What all tests share: how hypothesis behaves, the browser, and the folder of real traces."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: a slow machine is no mistake. New examples in each run, except where a
# result must not change by itself.
settings.register_profile("default", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable" if os.environ.get("CI") == "true" else "default")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the system's Chromium, for playwright's `executable_path`.

    Without one the test is skipped, but under CI=true it fails, so that no browser test goes missing unseen.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "needs chromium on the path (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def traces() -> Path:
    """Return the folder named by CAPEXPAND_TRACES; without one the test is skipped."""
    folder = os.environ.get("CAPEXPAND_TRACES")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real traces: set CAPEXPAND_TRACES to their folder (docs/reference/traces.md)")
    return Path(folder)
