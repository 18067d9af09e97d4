"""What must hold of any comparison: order and currency change nothing but order and currency."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.case.loading import load_case
from capexpand.runs.folder import read_manifest
from capexpand.studies.comparison.comparing import compare
from capexpand.studies.comparison.document import comparison_document, frame
from capexpand.studies.comparison.rates import day_rates
from capexpand.studies.comparison.rows import GROUPS, MONEY
from capexpand.studies.comparison.sheet import comparison_sheet

KINDS = {line.key: line.kind for group in GROUPS for line in group.lines}


def by_name(comparison):
    return {one["name"]: one["figures"] for one in comparison_document(comparison)["programmes"]}


def test_the_order_of_the_cases_changes_no_figure(both):
    found = [one.findings for one in both.programmes]
    turned = compare(list(reversed(found)))
    assert by_name(turned) == by_name(both)
    assert turned.rates == both.rates


def test_another_currency_scales_all_money_and_nothing_else(both):
    """Each figure is multiplied once, from the case's own currency, so the factor is exact."""
    found = [one.findings for one in both.programmes]
    own, other = (
        by_name(compare(found, rates=["8 CNY/USD"])),
        by_name(compare(found, currency="CNY", rates=["8 CNY/USD"])),
    )
    compared = 0
    for name, figures in own.items():
        for key, value in figures.items():
            if value is None:
                assert other[name][key] is None
            elif KINDS[key] in MONEY:
                assert other[name][key] == 8 * value  # a power of two leaves every digit
                compared += value != 0
            else:
                assert other[name][key] == value
    assert compared > 30


@given(rate=st.floats(0.01, 100))
def test_a_rate_and_its_inverse_undo_each_other(both, rate):
    cases = [one.case for one in both.programmes]
    there = day_rates(date(2025, 3, 31), "CNY", cases, [f"{rate:.6f} CNY/USD"]).factor("USD")
    back = day_rates(date(2025, 3, 31), "USD", cases, [f"{rate:.6f} CNY/USD"]).factor("CNY")
    assert there * back == pytest.approx(1)


def test_a_written_rate_comes_before_the_catalogue_and_that_before_a_case(both):
    cases = [one.case for one in both.programmes]
    assert "as given" in day_rates(date(2025, 3, 31), "USD", cases, ["7 CNY/USD"]).rates[0].source
    assert "known on 2025-02-20" in day_rates(date(2025, 3, 31), "USD", cases).rates[0].source
    assert "2026-07-09" in day_rates(date(2026, 8, 1), "USD", cases).rates[0].source


def test_a_rate_known_later_is_not_used(both):
    """On 2025-02-19 the release of the 20th was not out."""
    from capexpand.errors import CaseError

    cases = [one.case for one in both.programmes]
    with pytest.raises(CaseError, match="no exchange rate between CNY and USD was known on 2025-02-19"):
        day_rates(date(2025, 2, 19), "USD", cases)


def test_a_rate_that_a_case_declares_is_used_where_nothing_else_is_known(tiny, tmp_path):
    text = (tiny("used") / "case.yaml").read_text("utf-8")
    text = text.replace("currency: USD", "currency: USD\nexchange_rates: {CNY: 0.125 USD/CNY}")
    (tmp_path / "case.yaml").write_text(text, "utf-8")
    cases = [load_case(tiny("sold")), load_case(tmp_path)]
    (rate,) = day_rates(date(2024, 1, 1), "USD", cases).rates
    assert rate.factor == 0.125
    assert "as declared by the case 'Used inside'" in rate.source


def test_a_comparison_is_a_run_that_can_be_made_again(both, tmp_path):
    """From the copies of the cases in the folder the same figures come out, and the hashes hold."""
    comparison_sheet(both).save(tmp_path / "first")
    manifest = read_manifest(tmp_path / "first")
    assert manifest["kind"] == "comparison"
    again = compare([tmp_path / "first/cases/sold", tmp_path / "first/cases/used"])
    comparison_sheet(again).save(tmp_path / "second")
    names = ("tables/comparison.csv", "tables/comparison.parquet", "comparison.json")
    first, second = (
        (tmp_path / run / name).read_bytes() for run in ("first", "second") for name in names[:1]
    )
    assert first == second
    assert read_manifest(tmp_path / "second")["cases"] == manifest["cases"]


def test_a_run_that_holds_no_single_case_or_was_changed_is_refused(both, tiny, tmp_path):
    from capexpand.errors import RunError
    from capexpand.pipeline import write

    comparison_sheet(both).save(tmp_path / "both")
    with pytest.raises(RunError, match="is not a single-case run"):
        compare([tmp_path / "both", tiny("sold")])
    write(both.programmes[0].findings, tmp_path / "run")
    (tmp_path / "run/case/case.yaml").write_text("title: other", "utf-8")
    with pytest.raises(RunError, match="was changed after the run was written"):
        compare([tmp_path / "run", tiny("used")])


def test_a_run_of_one_case_stands_for_the_case(both, tiny, tmp_path):
    from capexpand.pipeline import write

    write(both.programmes[0].findings, tmp_path / "run")
    found = compare([tmp_path / "run", both.programmes[1].findings])
    assert by_name(found) == by_name(both)


def test_a_variant_is_named_after_a_colon(tiny):
    found = compare([tiny("sold"), f"{tiny('sold')}:half-demand"])
    whole, half = (one.measures.purchase.accelerators for one in found.programmes)
    assert [one.label for one in found.programmes] == ["sold", "sold:half-demand"]
    assert half == pytest.approx(whole / 2)
    assert found.currency == "CNY"  # the cases share one


def test_the_table_has_a_row_for_every_line_of_every_programme(both):
    table = frame(both)
    assert table.height == 2 * len(KINDS)
    assert len(KINDS) == sum(len(group.lines) for group in GROUPS)  # no key twice
