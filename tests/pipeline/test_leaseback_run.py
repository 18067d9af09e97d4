"""A run tells what is sold and leased back, follows it through futures, and refuses a policy in words."""

import jsonschema
import pytest
from small_case import loaded

from capexpand.errors import CaseError
from capexpand.finance.metrics import net_present_value
from capexpand.pipeline import evaluate, optimise, refuse_policy
from capexpand.policy.followed import follow_plan
from capexpand.reporting.context import ReportContext
from capexpand.reporting.document import metrics_document, metrics_schema
from capexpand.reporting.sources import sources_section

TERMS = {"price": "1 mn CNY", "fee": "0.15 mn CNY/quarter", "term": "6 months", "age": "3 months"}
STILL = {"trends": {"price": {"title": "P", "volatility": "0 %", "moves": {"workloads.chat.price": 1}}}}
CASE = {
    "finance.tax_rate": "20 %",
    "finance.discount_rate": "8 %/year",
    "finance.server_end_value": "10 %",
    "offers.server.buy.leaseback": TERMS,
    "programme.renewal_budget": "0 CNY/quarter",
}


@pytest.fixture(scope="module")
def plans():
    return optimise(loaded(CASE | {"uncertainty": STILL}))


def test_the_document_and_the_page_tell_of_it(plans):
    context = ReportContext(evaluate(plans))
    document = metrics_document(context)
    jsonschema.validate(document, metrics_schema())
    found = document["leasebacks"]
    assert sum(found["units"]["server"]) == pytest.approx(sum(found["proceeds"]) / 1e6)
    assert sum(found["units"]["server"]) > 1.0
    assert sum(found["fees"]) == pytest.approx(0.3 * sum(found["proceeds"]))
    (section,) = sources_section(context)
    assert "sold to a lessor" in str(section)


def test_where_all_turns_out_as_planned_futures_repeat_the_plan(plans):
    """No price moves, so the value in each future is the plan's."""
    followed = follow_plan(plans.case, plans.optimised, plans.base, scenarios=3)
    assert followed is not None
    result = evaluate(plans).result
    value = net_present_value(result.programme, result.times)
    assert followed.npv == pytest.approx(value, rel=1e-6)


def test_a_policy_is_refused_in_words():
    with pytest.raises(CaseError, match=r"offers\.server\.buy\.leaseback: lets servers be sold"):
        refuse_policy(loaded(CASE | {"uncertainty": STILL}))


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"fee": "-0.1 mn CNY/quarter"}, "leaseback.fee: '-0.1 mn CNY/quarter' is negative"),
        ({"term": "2 years"}, "is beyond the calendar's end; a shorter term"),
        ({"price": "3 mn CNY"}, "a sale would bring more than a new unit and the fees of the term cost"),
        ({"price": "1 mn USD"}, "is in USD; write it in CNY, as the price"),
        ({"age": "6 years"}, "leaves nothing in the books, 5 years long"),
    ],
)
def test_what_is_wrong_is_said(terms, says):
    changes = {"offers.server.buy.leaseback": TERMS | terms, "exchange_rates": {"USD": "7 CNY/USD"}}
    with pytest.raises(CaseError, match=says):
        loaded(changes)
