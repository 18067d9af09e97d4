"""A link from one document to another leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md"))
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)[^)]*\)")


def local_links(text: str) -> list[str]:
    targets = LINK.findall(CODE.sub("", text))
    return [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


def test_every_link_between_documents_leads_to_a_file():
    documents = [
        *ROOT.glob("*.md"),
        *(path for folder in ("docs", "benchmarks", "cases") for path in (ROOT / folder).rglob("*.md")),
    ]
    dead = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in local_links(document.read_text("utf-8"))
        if not (document.parent / target).exists()
    ]
    assert dead == []


def test_links_to_the_web_and_links_in_code_are_left_alone():
    text = "[a](one.md#part) [b](https://example.com/x) `[c](two.md)` [d](#here)\n```\n[e](three.md)\n```\n"
    assert local_links(text) == ["one.md"]


def anchors(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_of_the_site_leads_to_a_page_and_place_of_the_site(page):
    """The site is built of docs alone: a link to a file beside it would lead nowhere."""
    text = re.sub(
        r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, place = target.partition("#")
        file = ((ROOT / page).parent / name).resolve() if name else ROOT / page
        assert file.is_file(), f"{page}: {target}"
        assert file.is_relative_to(ROOT / "docs"), f"{page}: {target} is not part of the site"
        if place:
            assert place in anchors(file), f"{page}: {target}"
