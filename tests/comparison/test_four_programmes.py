"""The four programmes of the news, as the documentation shows them."""

import re
from pathlib import Path

import pytest

from capexpand.studies.comparison.comparing import compare
from capexpand.studies.comparison.rows import GROUPS

ROOT = Path(__file__).parents[2]
NAMES = ("alibaba-2025", "microsoft-fy2025", "meta-2025", "bytedance-2025")
LINES = {line.key: line for group in GROUPS for line in group.lines}
SHOWN = {  # row of the page: line of the comparison
    "ordered in the window": "ordered",
    "ordered in twelve months, AI part": "ai_ordered_a_year",
    "accelerators": "accelerators",
    "the same in H100": "h100_equivalents",
    "a MW with hall": "all_in_per_mw",
    "the compute of an H100, with hall": "per_h100",
    "needed per accelerator-hour": "needed",
    "brought in the case": "earned",
    "net present value, cash": "npv",
    "with transfer values": "npv_with_transfer",
}
SCALES = {"bn": 1e3, "mn": 1.0, "million": 1e6}


def number(text, kind):
    """Reads a number of the page in the unit of the line."""
    value = float(re.match(r"[−\d.,]+", text)[0].replace("−", "-").replace(",", ""))
    scale = next((SCALES[word] for word in text.split() if word in SCALES), 1.0)
    return value * scale * (1e6 if kind == "price" and scale == 1.0 and "mn" in text else 1.0)


@pytest.mark.slow
def test_the_page_of_the_method_shows_what_the_command_gives():
    found = compare([ROOT / "cases" / name for name in NAMES])
    page = (ROOT / "docs/explanation/comparison.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| ([^|]+?) \| (.+) \|$", page, re.MULTILINE))
    assert set(SHOWN) <= set(rows)
    for title, key in SHOWN.items():
        line = LINES[key]
        for cell, one in zip(rows[title].split(" | "), found.programmes, strict=True):
            expected = line.read(one.measures)
            if expected is None:
                assert cell == "–", (title, one.label)
                continue
            assert number(cell, line.kind) == pytest.approx(expected, rel=0.02), (title, one.label)
    assert [one.mostly_internal for one in found.programmes] == [False, False, True, True]
    assert found.yardstick is not None
    assert found.yardstick.model == "DeepSeek V3"
    assert all(one.measures.purchase.tokens_per_day > 1e12 for one in found.programmes)
