"""What a value rests on: shares, the next fact, the command and its function."""

import json
from pathlib import Path

import polars as pl
import pytest

import capexpand as cx
from capexpand.case.evidence import ASSUMED, REPORTED
from capexpand.case.loading import load_case
from capexpand.case.number_places import NumberPlace
from capexpand.case.values import Figure
from capexpand.errors import CaseError
from capexpand.executing.local import LocalProcesses
from capexpand.studies.evidence.facts import EvidenceFact, facts_of
from capexpand.studies.evidence.findings import find_evidence, weigh
from capexpand.studies.evidence.measuring import Sensitivity
from commands import capexpand

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites"


def sensitivity(name, kind, slope, way="slope"):
    place = NumberPlace((name,), Figure(1.0, "1", "1"))
    return Sensitivity(EvidenceFact(place, "1", kind, "", ""), way, slope)


def test_shares_are_of_the_variance():
    """An assumed number with a slope of 10 is worth 3² = 9, a reported one with 200 is worth 4² = 16: 36 %
    and 64 %. Found, the first keeps 0.2² = 0.04: 8.96 of 25 go, and 16.04 are left. The second is found
    already.

    Sensitivity: shares of the effects themselves would be 43 % and 57 %, and the largest effect would be
    named as the next to find although nothing can be gained by it.
    """
    found = [sensitivity("a", ASSUMED, 10.0), sensitivity("b", REPORTED, -200.0)]
    kinds, ranked = weigh([*found, sensitivity("c", ASSUMED, None, "held")])
    shares = {kind.evidence.name: kind.share for kind in kinds}
    assert (shares["assumed"], shares["reported"]) == pytest.approx((0.36, 0.64))
    assert [one.fact.path for one in ranked] == ["a", "b"]
    assert ranked[0].removed == pytest.approx(8.96 / 25)
    assert ranked[0].left == pytest.approx(16.04**0.5)
    assert ranked[1].removed == 0.0
    assert ranked[1].left == pytest.approx(5.0)


def test_a_value_that_nothing_moves_has_no_shares():
    kinds, ranked = weigh([sensitivity("a", ASSUMED, 0.0)])
    assert all(kind.share == 0.0 for kind in kinds)
    assert ranked[0].left == 0.0


def test_the_values_of_a_series_are_one_fact():
    from capexpand.case.loading import read_declaration

    declaration = read_declaration("alibaba-2025")
    facts = {fact.path: fact for fact in facts_of(declaration, declaration.load())}
    assert facts["sites.ulanqab.grid"].numbers == 7
    assert "sites.ulanqab.grid.2025-04-01" not in facts
    assert "opening.other_revenue.growth.2028-04-01" in facts
    assert not any(path.startswith("uncertainty") for path in facts)


@pytest.mark.slow
def test_a_number_that_is_found_leaves_the_list(tmp_path):
    """With a source the price is reported, and what is next is another number."""
    file = tmp_path / "case.yaml"
    price = '{value: 0.50 CNY/Mtoken, source: "Price list of 2025-03-01", reason: null}'
    file.write_text(
        f"extends: {TWO_SITES / 'case.yaml'}\nworkloads: {{chat: {{price: {price}}}}}\n", encoding="utf-8"
    )
    before, after = (find_evidence(load_case(place), "x") for place in (TWO_SITES, file))
    price_before, price_after = (
        next(one for one in found.ranked if one.fact.path == "workloads.chat.price")
        for found in (before, after)
    )
    assert price_before.fact.evidence == ASSUMED
    assert price_after.fact.evidence.deviation < ASSUMED.deviation
    assert price_after.removed < price_before.removed
    assert after.deviation < before.deviation


@pytest.mark.slow
def test_any_number_of_workers_finds_the_same():
    case = load_case(TWO_SITES)
    one, two = (find_evidence(case, "two-sites", engine=LocalProcesses(workers)) for workers in (1, 2))
    assert [each.slope for each in one.sensitivities] == [each.slope for each in two.sensitivities]


def test_files_that_changed_since_are_refused(tmp_path):
    file = tmp_path / "case.yaml"
    file.write_text(f"extends: {TWO_SITES / 'case.yaml'}\n", encoding="utf-8")
    case = load_case(file)
    file.write_text(f"extends: {TWO_SITES / 'case.yaml'}\nprogramme: {{cap: 2 bn CNY}}\n", encoding="utf-8")
    with pytest.raises(CaseError, match="load it again"):
        find_evidence(case, "x")


@pytest.mark.parametrize("wrong", [{"top": 0}, {"workers": 0}])
def test_nothing_is_done_with_a_count_below_one(wrong):
    with pytest.raises(CaseError, match="below 1"):
        cx.evidence(TWO_SITES, **wrong)


@pytest.mark.slow
def test_the_function_writes_a_run_with_its_table(tmp_path):
    found = cx.evidence(TWO_SITES, variant="double-budget", workers=1, top=3, out=tmp_path / "run")
    document = json.loads((tmp_path / "run" / "evidence.json").read_text(encoding="utf-8"))
    assert document == found.document
    assert document["value"] == pytest.approx(259.81936e6, rel=1e-6)
    assert len(document["next_facts"]) == 3
    assert sum(kind["share_of_variance"] for kind in document["evidence"]) == pytest.approx(1.0)
    facts = pl.read_parquet(tmp_path / "run" / "tables" / "facts.parquet")
    assert facts["numbers"].sum() == sum(kind["numbers"] for kind in document["evidence"])
    again = cx.evidence(tmp_path / "run", workers=1, top=3)
    assert again.document["next_facts"] == document["next_facts"]


def test_the_command_prints_one_object():
    done = capexpand("evidence", TWO_SITES, "--top", 2, "--json")
    document = json.loads(done.stdout)
    assert document["next_facts"][0]["kind"] == "assumed"
    assert [one["found_by"] for one in document["without_slope"]].count("held") == 2


def test_an_infeasible_case_ends_in_words(tmp_path):
    file = tmp_path / "case.yaml"
    file.write_text(
        f"extends: {TWO_SITES / 'case.yaml'}\nprogramme: {{cap: 1 bn CNY}}\n"
        "workloads: {chat: {role: obligation, price: null, tranches: null, external_share: null}}\n",
        encoding="utf-8",
    )
    with pytest.raises(cx.CapexpandError):
        cx.evidence(file)
