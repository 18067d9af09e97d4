"""The reference pages say what the code says, and every field of a case has its sentence."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import capexpand as cx

ROOT = Path(__file__).parents[2]


def written() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts/reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return written()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["case.md", "commands.md", "python.md"])
def test_page_is_what_the_script_writes(pages: dict[str, str], name: str) -> None:
    stands = (ROOT / "docs/reference" / name).read_text(encoding="utf-8")
    assert stands == pages[name], "run .venv/bin/python scripts/reference.py"


def test_every_field_of_a_case_has_a_sentence() -> None:
    schema = cx.schema()
    blocks = {"Case": schema, **{name: part for name, part in schema["$defs"].items() if "title" in part}}
    silent = [
        f"{name}.{field}"
        for name, block in blocks.items()
        for field, part in block.get("properties", {}).items()
        if not part.get("description", "").rstrip(".").strip()
    ]
    assert silent == []
    assert sum(len(block.get("properties", {})) for block in blocks.values()) > 200


def test_every_field_of_a_case_has_an_example(pages: dict[str, str]) -> None:
    """An amount, a name or all that may be written, in its form; a block leads to its own fields."""
    rows = [line.split(" | ") for line in pages["case.md"].splitlines() if line.startswith("| `")]
    shown = ("such as ", "e.g. ", "`", "[below]")
    assert len(rows) > 350
    assert [row[0] for row in rows if not any(sign in row[1] for sign in shown)] == []


def test_every_command_and_public_name_has_its_place(pages: dict[str, str]) -> None:
    from capexpand.cli.main import COMMANDS

    for command in COMMANDS:
        assert f"## capexpand {command.replace('_', '-')}" in pages["commands.md"]
    for name in cx.__all__:
        if not name.startswith("_"):
            assert f"### cx.{name}\n" in pages["python.md"]


def test_anchors_of_the_case_page_lead_somewhere(pages: dict[str, str]) -> None:
    import re

    titles = re.findall(r"^## `?([^`\n]+)`?$", pages["case.md"], flags=re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9_-]", "", title.lower()) for title in titles}
    assert set(re.findall(r"\(#([^)]+)\)", pages["case.md"])) <= anchors
