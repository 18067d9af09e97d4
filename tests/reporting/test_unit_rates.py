"""The report shows what a unit serves, what bounds it, and why a cell is empty."""

import pytest

from capexpand.hardware.estimate import ServingQuestion, serve
from capexpand.hardware.specs import Load
from capexpand.reporting.context import ReportContext
from capexpand.reporting.run_sheet import run_sheet
from capexpand.reporting.tables import frames
from capexpand.reporting.unit_rates import SHADES, computes_any, export_table, rate_table


def page_of(findings):
    return run_sheet(findings).html()


STATED = """\
    throughput:
      server: 2 tn token/quarter   # half of it usable: a server sells 1 tn tokens a quarter
"""


def serving(model: str) -> tuple[tuple[str, str], ...]:
    asked = f"    serving: {{model: {model}, input: 1000 token, output: 1000 token, counted: output}}\n"
    chip = ("    accelerators: 8\n", "    accelerator: A800 SXM4 80GB\n    accelerators: 8\n")
    return (STATED, asked), chip


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_computed_cell_shows_its_rate_and_what_bounds_it(changed):
    answer = serve(ServingQuestion("Qwen2.5 72B", "A800", chips=8, load=Load(1000.0, 1000.0)))
    context = ReportContext(changed(*serving("Qwen2.5 72B")))
    found = rate_table(context)
    ((cell,),) = (row.cells for row in found.rows)
    assert found.head == ("Offer", "Chat, tokens/s")
    assert (cell.text, cell.remark) == (f"{answer.output_tokens_per_s:,.0f}", answer.bound_by)
    assert cell.shade == SHADES
    assert "Qwen2.5 72B in bf16" in cell.tip
    assert computes_any(context)


def test_an_empty_cell_says_why(changed):
    findings = changed(*serving("DeepSeek V3"))
    ((cell,),) = (row.cells for row in rate_table(ReportContext(findings)).rows)
    assert (cell.text, cell.remark, cell.shade) == ("0", "does not fit", 0)
    page = page_of(findings)
    assert "does not fit: DeepSeek V3 needs 1,342 GB" in page


def test_a_stated_cell_says_that_it_is_stated(two_sites):
    context = ReportContext(two_sites)
    ((cell,),) = (row.cells for row in rate_table(context).rows)
    assert cell.remark == "stated"
    assert not computes_any(context)


def test_a_pair_without_a_throughput_is_a_dash(alibaba):
    found = rate_table(ReportContext(alibaba))
    (servers, *_) = [row.cells for row in found.rows if row.title.startswith("CPU")]
    texts = [cell.text for cell in servers]
    assert texts.count("–") == len(texts) - 1  # general cloud only
    assert all(max(row.cells[j].shade for row in found.rows) == SHADES for j in range(len(texts)))


def test_the_table_holds_every_pair_with_unit_and_origin(alibaba):
    table = frames(ReportContext(alibaba))["throughput"]
    assert table.height == len(alibaba.case.offers) * len(alibaba.case.workloads)
    named = (table["offer"] == "h20-server") & (table["workload"] == "tokens-large")
    row = table.filter(named).row(0, named=True)
    assert (row["unit"], row["origin"], row["bound_by"]) == ("tokens/s", "computed", "compute")
    assert 5_000 < row["value"] < 15_000


def test_the_page_shows_what_the_export_rules_give(alibaba):
    rows = {(row.title, row.cells[0]): row.cells for row in export_table(ReportContext(alibaba)).rows}
    _, _, status, quantity, fee, _ = rows["H20 server", "CN"]
    assert (status, quantity, fee) == ("free", "100 %", "–")
    page = page_of(alibaba)
    assert "What the export rules give" in page
    assert "presumption of denial" in page


def test_hindsight_of_computed_rates_is_among_the_doubts(alibaba, two_sites):
    assert any(doubt.startswith("hindsight: throughput is computed") for doubt in alibaba.warnings)
    assert not any("hindsight" in doubt for doubt in two_sites.warnings)
