"""The site's navigation leads to every page, and to nothing that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


def leaves(part: Any) -> list[str]:
    if isinstance(part, str):
        return [part]
    inner = part.values() if isinstance(part, dict) else part
    return [leaf for one in inner for leaf in leaves(one)]


def test_every_page_stands_in_the_navigation() -> None:
    settings = YAML(typ="safe").load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = leaves(settings["nav"])
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(pages - set(named)) == []
    assert sorted(set(named) - pages) == []
    assert len(named) == len(set(named))
