"""How well articles are read: floors a little below what `capexpand claims measure` prints."""

import os
from datetime import date
from pathlib import Path

import pytest

from capexpand.claims.documents import parse_document
from capexpand.claims.measuring import ANSWERS, ExpectedClaim, as_answer, measure_folder, measured, pair_up
from capexpand.claims.proposals import propose_claims
from capexpand.claims.table import CURRENCIES, FRACTION, SHARES, reported_claims
from capexpand.errors import CaseError

ARTICLES = Path(__file__).parent / "articles"
FLOORS = {"tuned": (0.95, 0.95), "held_out": (0.87, 0.84), "agencies": (0.93, 0.94)}


@pytest.fixture(scope="module")
def sets():
    return {one.name: one for one in measure_folder(ARTICLES)}


@pytest.mark.parametrize(("name", "floors"), FLOORS.items(), ids=FLOORS)
def test_whole_claims_are_read_about_as_well_as_was_measured(name, floors, sets):
    whole = sets[name].whole
    assert whole.precision >= floors[0]
    assert whole.recall >= floors[1]


@pytest.mark.parametrize(
    ("field", "floor"),
    [("amount", 0.9), ("currency", 0.95), ("company", 0.95), ("kind", 0.95), ("period", 0.89)],
)
def test_each_field_is_read_about_as_well_as_was_measured(field, floor, sets):
    score = dict(sets["held_out"].fields)[field]
    assert min(score.precision, score.recall) >= floor


def test_there_are_enough_articles(sets):
    assert sets["tuned"].articles >= 12
    assert sets["held_out"].articles >= 10
    assert sets["agencies"].articles >= 20
    assert all(
        f"{path.stem}," in (path.parent / ANSWERS).read_text("utf-8") for path in ARTICLES.glob("*/*.txt")
    )


def test_the_two_reports_are_read():
    """The answers are the table's own rows: money, percentages and shares that the text writes as figures."""
    folder = os.environ.get("CAPEXPAND_SHARED")
    if not folder or not (Path(folder) / "seeds").is_dir():
        pytest.skip("needs CAPEXPAND_SHARED, the folder above the two news reports")
    pairs = []
    for path in sorted((Path(folder) / "seeds").glob("*.txt")):
        text = path.read_text("utf-8")
        name = "report-1" if "to Invest $53 Billion" in text else "report-2"
        proposals = propose_claims(parse_document(text), date(2025, 2, 24))
        pairs += pair_up([as_answer(name, one) for one in proposals], answers_of(name))
    result = measured("reports", 2, pairs)
    assert result.whole.due == 21
    assert result.whole.precision >= 0.94
    assert result.whole.recall >= 0.89


def answers_of(name: str) -> list[ExpectedClaim]:
    return [
        ExpectedClaim(
            name,
            int(claim.paragraph or 0),
            claim.company,
            claim.amount,
            None,
            claim.unit,
            claim.kind,
            claim.period_basis,
            str(claim.period_start or ""),
            str(claim.period_end or ""),
        )
        for claim in reported_claims()
        if claim.document == name
        and claim.amount is not None
        and claim.measure != "past spending"
        and claim.unit in (*CURRENCIES, FRACTION, SHARES)
    ]


def answer(**changes):
    plain = {
        "article": "a",
        "paragraph": 1,
        "company": "Meta",
        "amount": 5e9,
        "amount_high": None,
        "unit": "USD",
    }
    plain |= {"kind": "total", "period_basis": "", "period_start": "", "period_end": ""}
    return ExpectedClaim(**(plain | changes))


def test_precision_and_recall_by_hand():
    """Two of three proposals are right, and four were due: precision 2/3, recall 2/4.

    Sensitivity: were the one with a wrong company counted, precision would be 3/3.
    """
    due = [answer(), answer(amount=6e9), answer(amount=7e9), answer(amount=8e9)]
    proposed = [answer(), answer(amount=6e9), answer(amount=7e9, company="Alphabet")]
    result = measured("by hand", 1, list(pair_up(proposed, due)))
    assert result.whole.precision == pytest.approx(2 / 3)
    assert result.whole.recall == pytest.approx(2 / 4)
    fields = dict(result.fields)
    assert fields["company"].precision == pytest.approx(2 / 3)
    assert fields["amount"].recall == pytest.approx(3 / 4)


def test_answers_that_do_not_hold_are_refused(tmp_path):
    with pytest.raises(CaseError, match=r"answers\.csv"):
        measure_folder(tmp_path)
    (tmp_path / ANSWERS).write_text("article\nx\n", "utf-8")
    with pytest.raises(CaseError, match="needs the columns"):
        measure_folder(tmp_path)
