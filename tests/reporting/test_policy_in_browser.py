"""The part of the page that shows a policy: the decision, the rule for later, the futures, the worth."""

from pathlib import Path

import pytest

import capexpand as cx
from browser_visits import WIDTHS, visit
from capexpand.policy.findings import PolicyFindings, decision_sentence

CASE = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"
RATIONED = """
uncertainty:
  regimes:
    export:
      title: Export rules
      reason: invented
      initial: free
      states:
        free: {title: as many as are sold}
        rationed: {title: thirty a quarter, moves: {offers.server.supply.CN.limit: 5 %}}
      transitions: {free: {rationed: 30 %}}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> tuple[PolicyFindings, Path]:
    """The two sites with demand as it may turn out and servers that may be rationed, and its page."""
    folder = tmp_path_factory.mktemp("policy")
    (folder / "case.yaml").write_text(f"extends: {CASE}\n{RATIONED}", "utf-8")
    case = cx.load_case(folder)
    planned = cx.optimise_policy(case)
    policy = cx.evaluate_policy(planned, cx.simulate(planned, 60))
    page = folder / "report.html"
    page.write_text(cx.report(cx.evaluate(cx.optimise(case)), policy).html(), "utf-8")
    return policy, page


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_the_policy_is_all_there_and_fits_the_screen(chromium, found, width):
    policy, page = found
    with visit(chromium, page, *WIDTHS[width]) as seen:
        section = seen.page.locator("section#policy")
        assert " ".join(section.locator(".decision").inner_text().split()) == decision_sentence(policy)
        assert section.locator(".decision").is_visible()
        captions = section.locator("h3").all_inner_texts()
        tables = [
            [row.all_inner_texts() for row in table.locator("tbody tr:not(.group)").all()]
            for table in section.locator("table:not(.numbers table)").all()
        ]
        drawn = section.locator("[data-chart] svg.marks").evaluate_all(
            "all => all.map(svg => [svg.getBoundingClientRect().width, svg.querySelectorAll('path').length])"
        )
        wide = seen.page.evaluate("document.documentElement.scrollWidth")
        link = seen.page.locator('a[href="#policy"]')
        assert link.count() == 1
    assert seen.said == []
    assert wide <= WIDTHS[width][0]
    assert len(drawn) == 5
    assert all(across > 150 and paths > 5 for across, paths in drawn)
    assert captions[0] == "What is ordered when"
    assert captions[-1] == "What rules cost, and what one more licence is worth"
    assert len(tables) == 4


def test_the_policy_reads_as_sentences_with_titles_and_numbers(chromium, found):
    policy, page = found
    with visit(chromium, page, *WIDTHS["desktop"]) as seen:
        text = " ".join(seen.page.locator("section#policy").inner_text().split())
        first = seen.page.locator("section#policy table").first
        conditions = first.locator("tbody tr:not(.group) th").all_inner_texts()
        strategies = seen.page.locator("section#policy table").nth(2).locator("tbody th").all_inner_texts()
        worth = seen.page.locator("section#policy table").nth(3)
        states = worth.locator("tbody tr").all_inner_texts()
    assert "export rationed is “thirty a quarter”" in text
    assert any(condition.startswith("demand high, export rationed") for condition in conditions)
    assert not any("_" in condition for condition in conditions)
    assert "2025Q2: power at Coast" in text
    assert strategies == [
        "the policy",
        "spending evenly",
        "the plan for the mean, kept to",
        "a new plan each quarter",
        "perfect foresight",
    ]
    assert "hat export may leave its present state costs" in text
    assert any("export rationed" in state for state in states)
    assert "nan" not in text.lower().split()
    assert all(row.share > 0 and row.money > -1e-6 for row in policy.reactions)
    shown = policy.strategies.metrics[0]
    assert f"{shown.value.mean:,.1f}" in text


def test_an_order_that_waits_for_more_is_named_as_more_where_some_is_ordered_now(found):
    policy, _ = found
    now, _, later = decision_sentence(policy).partition("; hold back ")
    assert "Server with eight accelerators" in now
    assert later.startswith("more of Server with eight accelerators")
