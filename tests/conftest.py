"""What all tests share: how hypothesis behaves, and the browser."""

import os
import shutil

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
