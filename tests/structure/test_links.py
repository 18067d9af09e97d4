"""A link from one document to another leads somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
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
