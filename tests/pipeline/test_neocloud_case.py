"""The shipped case of a neocloud: it is financed, its contracts are counted, and its statements tie."""

from pathlib import Path

import jsonschema
import pytest

from capexpand.case.loading import load_case
from capexpand.finance.debt import financing_statement
from capexpand.pipeline import evaluate, optimise
from capexpand.reporting.context import ReportContext
from capexpand.reporting.document import metrics_document, metrics_schema

CASE = Path(__file__).parents[2] / "cases" / "neocloud-2025"


@pytest.fixture(scope="module")
def context():
    return ReportContext(evaluate(optimise(load_case(CASE))))


@pytest.mark.slow
def test_what_debt_and_contracts_say_is_in_the_document(context):
    document = metrics_document(context)
    jsonschema.validate(document, metrics_schema())
    assert {"debt", "dscr_min", "equity_irr", "covenant_breaches", "contracts", "backlog"} <= document.keys()
    assert document["dscr_min"] > 1.1
    assert document["covenant_breaches"] == []
    assert 10e9 < max(document["debt"]["balance"]) < 20e9
    assert document["contracts"]["second-order"]["signed"] == pytest.approx(1.0)


@pytest.mark.slow
def test_the_balance_sheet_balances_and_every_rule_holds(context):
    sheet = financing_statement(context.findings.result.plan).sheet
    assert sheet.gap < 1e-9
    assert max(context.findings.checks.values()) < 1e-6
    assert abs(context.findings.bridge.rounding) < 1e-3


@pytest.mark.slow
def test_without_the_second_order_old_loans_outlast_old_contracts(context):
    alone = metrics_document(ReportContext(evaluate(optimise(load_case(CASE, "no-second-order")))))
    assert alone["dscr_min"] < 1.0
    assert alone["npv"] < context.findings.metrics.npv * 1e6
