"""A run's workbook is a live model: independent engines recalculate it to our own numbers."""

import re
from dataclasses import replace
from zipfile import ZipFile

import numpy as np
import pytest
from workbook_cases import CASES, findings_of
from workbook_engines import ENGINES, ENGINES_AND_OFFICE, OFFICE, WITH_OFFICE, cached, formulas

from capexpand.case.loading import load_case
from capexpand.case.plain_document import yaml_text
from capexpand.errors import RunError
from capexpand.finance.debt_metrics import financing_result
from capexpand.finance.metrics import measure
from capexpand.finance.programme import programme_result
from capexpand.finance.statements import statement
from capexpand.model.compile import compile_case
from capexpand.workbook.case_terms import case_terms
from capexpand.workbook.formulas import CONSTANT, FIRST, cell
from capexpand.workbook.writing import save_workbook, workbook_bytes

CENT = 1e-8  # of money in millions
ROUNDING = 1e-12  # of the largest sums: what two orders of adding up differ by
SHIPPED = (
    "alibaba-2025", "bytedance-2025", "meta-2025", "microsoft-fy2025", "neocloud-2025", "telecom-edge",
    "two-sites-financed",
)  # fmt: skip


def close(found, expected, scale):
    return abs(float(found) - float(expected)) <= max(CENT, ROUNDING * scale)


def rows_by_title(path, sheet):
    return {line[0]: i for i, line in enumerate(cached(path)[sheet]) if line and line[0]}


def headline(engine, path):
    """Net present values and rate of return as an engine reads them on the control sheet."""
    row = rows_by_title(path, "Control")
    titles = {
        "npv": "Net present value after tax",
        "npv_before_tax": "Net present value before tax",
        "npv_end_value_zero": "Net present value without end value",
    }
    return {key: engine.read("Control", row[title], CONSTANT) for key, title in titles.items()}


def agrees_everywhere(path, engine):
    """Every formula of a workbook has the value that was written beside it."""
    engine.calculate()
    for sheet, row, column, text, value in formulas(path):
        found = engine.read(sheet, row, column)
        where = f"{sheet}!{cell(column, row)} ={text}"
        if value is None:
            assert found in (None, ""), where
            continue
        try:
            expected = float(value.text)
        except ValueError:
            assert str(found) == value.text, where
            continue
        assert abs(float(found) - expected) <= 1e-9 * max(1.0, abs(expected)), where


@pytest.mark.parametrize("engine", WITH_OFFICE)
@pytest.mark.parametrize("name", ["small", "rich", "agreed"])
def test_every_formula_recalculates_to_the_value_written_beside_it(books, name, engine):
    agrees_everywhere(books[name], ENGINES_AND_OFFICE[engine](books[name]))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["small", "rich", "agreed"])
def test_the_headline_agrees_with_ours_to_the_cent(books, small, rich, agreed, name, engine):
    ours = {"small": small, "rich": rich, "agreed": agreed}[name]
    opened = ENGINES[engine](books[name])
    opened.calculate()
    scale = float(np.abs(ours.result.total.revenue).sum())
    for key, found in headline(opened, books[name]).items():
        assert close(found, getattr(ours.metrics, key), scale), key


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_the_workbook_of_every_shipped_case_recalculates(tmp_path, name):
    found = findings_of(load_case(CASES / name))
    path = save_workbook(found, tmp_path / "book.xlsx")
    scale = float(np.abs(found.result.total.revenue).sum())
    for make in (ENGINES if OFFICE is None else ENGINES_AND_OFFICE).values():
        opened = make(path)
        agrees_everywhere(path, opened)
        for key, value in headline(opened, path).items():
            assert close(value, getattr(found.metrics, key), scale), key


@pytest.mark.parametrize("name", [*SHIPPED, "two-sites"])
def test_every_term_of_a_shipped_case_follows_from_its_inputs(name):
    """Sensitivity: a term that no formula gives would be listed, and stand as a value in the workbook."""
    case = load_case(CASES / name)
    assert case_terms(case, compile_case(case)).stated == ()


CHANGES = (
    ("finance.discount_rate", 1.3),
    ("finance.tax_rate", 0.6),
    ("finance.value_added_tax", 1.5),
    ("finance.server_life", 0.5),
    ("finance.ordinary_costs", 1.2),
    ("workloads.chat.price", 0.9),
    ("sites.coast.energy_price", 1.4),
    ("sites.west.build.cost", 1.1),
    ("offers.server.buy.price", 0.8),
    ("offers.server.buy.deposit", 2.0),
    ("offers.server.average_draw", 0.9),
    ("offers.newer.lead_time", 2.0),
    ("offers.server.supply.CN.import_duty", 3.0),
    ("offers.newer.maintenance", 2.0),
    ("opening.other_revenue", 2.0),
    ("exchange_rates.USD", 1.05),
    ("workloads.chat.tranches.0.price", 1.1),
)


def inputs_of(path):
    """Sheet, row, column, values and unit of each input by its place."""
    found = {}
    for line in cached(path)["Origin"][1:]:
        sheet, place, unit, _, row, column, *values = line
        if place:
            found[place] = (sheet, int(row), int(column), [v for v in values if v != ""], unit)
    return found


AGREED_CHANGES = (
    ("finance.discount_rate", 1.2),
    ("finance.carbon_price", 1.5),
    ("finance.churn.order", 2.0),
    ("finance.churn.power_order", 3.0),
    ("clouds.cloud.on_demand.fee", 1.1),
    ("clouds.cloud.reserved.year.fee", 0.9),
    ("clouds.cloud.reserved.year.term", 0.5),
    ("offers.server.lease.fee", 1.1),
    ("offers.server.lease.term", 0.8),
    ("offers.server.lease.escalation", 2.0),
    ("offers.server.buy.leaseback.price", 0.9),
    ("offers.server.buy.leaseback.fee", 1.1),
    ("sites.coast.colocate.fee", 0.9),
    ("sites.coast.colocate.minimum", 1.2),
    ("sites.coast.energy.capacity_charge", 1.3),
    ("sites.coast.energy.carbon_intensity", 1.1),
    ("sites.coast.energy.contracts.wind.price", 1.2),
    ("sites.coast.energy.contracts.wind.term", 0.5),
    ("sites.coast.energy.contracts.wind.surplus", 0.5),
    ("sites.coast.energy.contracts.engines.price", 1.2),
    ("sites.coast.energy.contracts.engines.fee", 2.0),
    ("sites.coast.energy.contracts.turbines.cost", 1.1),
    ("sites.coast.energy.contracts.turbines.deposit", 1.5),
    ("sites.coast.energy.contracts.batteries.cost", 0.9),
    ("finance.building_end_value", 0.8),
    ("workloads.anchor.price", 1.1),
    ("workloads.anchor.contract.prepayment", 0.5),
    ("workloads.anchor.contract.take_or_pay", 1.1),
    ("workloads.anchor.contract.renewal_price", 0.8),
    ("workloads.standing.contract.penalty", 2.0),
    ("financing.reference_rate", 1.5),
    ("financing.facilities.old.rate", 2.0),
    ("financing.facilities.bridge.spread", 1.3),
    ("financing.facilities.bridge.upfront_fee", 2.0),
    ("financing.facilities.line.commitment_fee", 3.0),
    ("financing.cash_interest", 1.5),
    ("financing.cost_of_equity", 1.1),
    ("financing.equity.issue_cost", 2.0),
    ("financing.opening_cash", 1.1),
)


def changed(book, file, found, changes, engine):
    """The workbook with changed inputs, recalculated, and our result of that variant with decisions held."""
    from capexpand.workbook.changes import setting

    known, settings = inputs_of(book), {}
    opened = ENGINES_AND_OFFICE[engine](book)
    for place, factor in changes:
        sheet, row, column, values, unit = known[place]
        series = [value * factor for value in values]
        for i, value in enumerate(series):
            opened.put(sheet, row, column + i, value)
        settings[place] = setting(series, unit, found.result.times.starts)
    opened.calculate()
    varied = file.parent / "varied.yaml"
    variant = {"extends": "case.yaml", "variants": {"changed": {"title": "Changed", "set": settings}}}
    varied.write_text(yaml_text(variant), encoding="utf-8")
    m = compile_case(load_case(varied, "changed"))
    held = programme_result(
        replace(found.result.plan, data=m), replace(found.result.base_plan, data=m.without_programme())
    )
    assert abs(measure(held).npv - found.metrics.npv) > 1.0
    return opened, held


@pytest.mark.parametrize("engine", WITH_OFFICE)
@pytest.mark.parametrize("name", ["rich", "agreed"])
def test_changed_inputs_give_what_capexpand_gives_for_the_same_variant_with_the_same_decisions(
    books, rich, rich_file, agreed, agreed_file, name, engine
):
    """Seventeen inputs change, then thirty-seven of what is signed for a time; decisions stay."""
    file, found, changes = {
        "rich": (rich_file, rich, CHANGES), "agreed": (agreed_file, agreed, AGREED_CHANGES),
    }[name]  # fmt: skip
    opened, held = changed(books[name], file, found, changes, engine)
    expected, scale = measure(held), float(np.abs(held.total.revenue).sum())
    for key, value in headline(opened, books[name]).items():
        assert close(value, getattr(expected, key), scale), key
    row = rows_by_title(books[name], "Control")
    if name == "agreed":
        owners = financing_result(held)
        assert close(opened.read("Control", row["Value for owners at the cost of equity"], CONSTANT),
                     owners.equity_npv, scale)  # fmt: skip
        cash = rows_by_title(books[name], "Debt")["Cash"]
        for t, value in enumerate(owners.statement.sheet.cash):
            assert close(opened.read("Debt", cash, FIRST + t), value, scale)
    else:
        checks = row["Checks that do not hold (must read 0)"]
        assert float(opened.read("Control", checks, CONSTANT)) == 0.0


def test_every_kind_of_agreement_is_used_in_the_case_that_shows_them(agreed):
    """Sensitivity: an agreement that the plan does not use would be left out of its workbook."""
    plan = agreed.result.plan
    assert plan.hired.sum(axis=1).all()
    assert plan.signed.all()
    assert plan.energy.signed.sum(axis=1).all()
    assert plan.energy.surplus.any()
    assert plan.energy.stored.any()
    assert plan.financing.drawn.sum(axis=1)[1:].all()
    assert plan.financing.raised.any()
    total = agreed.result.total
    for lines in (total.damages, total.prepayments, total.leaseback_gains, total.payments_plants):
        assert np.abs(lines).max() > 0.0


@pytest.mark.parametrize("name", ["small", "rich", "agreed"])
def test_each_input_stands_in_one_cell(books, name):
    """An offer that is bought and leased has one lead time and one draw."""
    places = [line[1] for line in cached(books[name])["Origin"][1:] if line[1]]
    assert len(places) == len(set(places)) > 10


def test_a_lever_moves_all_prices_at_once(books, rich):
    """Half of every price: revenue halves, and with it the value falls."""
    path = books["rich"]
    row = rows_by_title(path, "Control")["All prices of workloads"]
    revenue = rows_by_title(path, "With")["Revenue"]
    for make in ENGINES.values():
        opened = make(path)
        opened.put("Control", row, CONSTANT, 0.5)
        opened.calculate()
        plan = rich.result.total
        expected = plan.revenue_by_workload.sum(axis=0) / 2.0 + plan.other_revenue
        found = [opened.read("With", revenue, FIRST + t) for t in range(expected.size)]
        assert np.allclose(found, expected, rtol=1e-12)


def test_a_check_reads_more_than_zero_where_a_decision_breaks_a_limit(books):
    path = books["small"]
    row = rows_by_title(path, "Decisions with")
    units = next(i for title, i in row.items() if title.startswith("Units running"))
    checks = rows_by_title(path, "Control")["Checks that do not hold (must read 0)"]
    for make in ENGINES.values():
        opened = make(path)
        opened.put("Decisions with", units, FIRST + 5, 1e5)
        opened.calculate()
        assert float(opened.read("Control", checks, CONSTANT)) > 0.0


def relative(text, row, column):
    """A formula with its references as they are from the cell that holds it."""
    from xlsxwriter.utility import xl_cell_to_rowcol

    def from_here(match):
        fixed_column, letters, fixed_row, digits = match.groups()
        at_row, at_column = xl_cell_to_rowcol(f"{letters}{digits}")
        across = f"C{at_column}" if fixed_column else f"C[{at_column - column}]"
        return (f"R{at_row}" if fixed_row else f"R[{at_row - row}]") + across

    return re.sub(r"(\$?)([A-Z]{1,3})(\$?)(\d+)", from_here, text)


@pytest.mark.parametrize("name", ["small", "rich", "agreed"])
def test_each_row_has_one_formula_across_the_timeline(books, name):
    seen = {}
    for sheet, row, column, text, _ in formulas(books[name]):
        if column >= FIRST and sheet not in ("Outputs", "Checks"):
            seen.setdefault((sheet, row), set()).add(relative(text, row, column))
    assert {place: texts for place, texts in seen.items() if len(texts) > 1} == {}


@pytest.mark.parametrize("name", ["small", "rich", "agreed"])
def test_no_formula_holds_a_constant_or_a_volatile_reference(books, name):
    for sheet, row, column, text, _ in formulas(books[name]):
        assert not re.search(r"OFFSET|INDIRECT|NOW|TODAY|RAND", text)
        plain = re.sub(r"'[^']*'!|\"[^\"]*\"|\$?[A-Z]{1,3}\$?\d+", "", text)
        numbers = set(re.findall(r"(?<![A-Z])\d+\.?\d*", plain))
        assert numbers <= {"0", "1"}, f"{sheet}!{cell(column, row)} ={text}"


def test_text_that_begins_like_a_formula_is_text(books):
    """The case's title, a site and an offer begin with = and @."""
    texts = {text for _, _, _, text, _ in formulas(books["rich"])}
    assert not any("cmd" in text or text == "1+1" for text in texts)
    control = cached(books["rich"])["Control"]
    assert control[0][0] == "=cmd|' /C calc'!A0"
    assert any(str(line[0]).endswith(": =1+1") for line in cached(books["rich"])["Decisions with"] if line)
    with ZipFile(books["rich"]) as archive:
        assert not any("external" in name.lower() or "vba" in name.lower() for name in archive.namelist())


def test_every_input_says_its_unit_and_where_it_comes_from(books):
    with ZipFile(books["rich"]) as archive:
        comments = "".join(archive.read(name).decode() for name in archive.namelist() if "comments" in name)
    assert comments.count("Unit: ") >= len(inputs_of(books["rich"]))
    assert "In the case: offers.server.buy.price" in comments
    assert "Reason: invented for the worked example" in comments


def test_the_same_run_gives_the_same_bytes(small):
    assert workbook_bytes(small) == workbook_bytes(small)


def test_no_file_of_another_make_is_replaced(small, tmp_path):
    mine = tmp_path / "mine.xlsx"
    mine.write_bytes(b"my own")
    with pytest.raises(RunError):
        save_workbook(small, mine)
    assert mine.read_bytes() == b"my own"
    with pytest.raises(RunError, match=r"\.xlsx"):
        save_workbook(small, tmp_path / "book.xls")
    path = save_workbook(small, tmp_path / "book.xlsx")
    assert save_workbook(small, path) == path


def test_without_the_packages_one_sentence_says_what_to_install(small, tmp_path, monkeypatch):
    monkeypatch.setattr("capexpand.workbook.excel.find_spec", lambda name: None)
    with pytest.raises(RunError, match=r"pip install 'capexpand\[excel\]'"):
        save_workbook(small, tmp_path / "book.xlsx")


def test_statements_and_workbook_share_their_lines(rich):
    """A line of the workbook has the very values of our statement; nothing is computed a second time."""
    from capexpand.workbook.financial_model import financial_model

    model, ours = financial_model(rich), statement(rich.result.plan)
    for name in ("ebitda", "ebita", "tax", "free_cash_flow", "book_value", "invested"):
        assert np.allclose(getattr(model.total, name).values, getattr(ours, name), rtol=1e-12, atol=1e-9)
    assert float(model.results["npv"].rows.values) == pytest.approx(rich.metrics.npv, rel=1e-12)
    assert float(model.results["mirr"].rows.values) == pytest.approx(rich.metrics.mirr, rel=1e-9)
