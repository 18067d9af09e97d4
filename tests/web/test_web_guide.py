"""docs/guides/web.md: its server for one, its server for a team on PostgreSQL, and its script."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from pages import PASSWORD, ROOT, run_page
from servers import fresh_database


def token(address: str) -> str:
    """Make a token on the page of the account, as the guide says."""
    with httpx.Client(base_url=address, timeout=60, follow_redirects=True) as visitor:
        visitor.post("/sign-in", data={"name": "ada", "password": PASSWORD}).raise_for_status()
        csrf = visitor.get("/api/v1/me").json()["csrf"]
        page = visitor.post("/account/tokens", data={"title": "a script", "csrf": csrf}).text
    found = re.search(r'id="token">([^<]+)<', page)
    assert found is not None
    return found[1]


@pytest.mark.slow
def test_the_guide_to_the_web_application_runs(postgresql: str, tmp_path: Path) -> None:
    given = {"postgresql": lambda _: fresh_database(postgresql, tmp_path.name), "token": token}
    assert run_page(ROOT / "docs/guides/web.md", tmp_path, given) == 3
