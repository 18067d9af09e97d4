"""What a loaded case keeps: where it came from, its hash, every number with its place."""

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from capexpand.case.document import locate, plain, read_document
from capexpand.case.loading import load_case
from capexpand.case.numbers import numbers
from capexpand.case.schema import Case


def test_a_folder_stands_for_its_case_file(write_case):
    file = write_case()
    assert load_case(file.parent) == load_case(file) == load_case(str(file))


def test_the_hash_follows_the_content_and_nothing_else(write_case, tmp_path):
    table = {"grid: 80 MW": "grid: {csv: grid.csv, column: east, unit: MW}"}
    (tmp_path / "grid.csv").write_text("date,east\n2025-04-01,70\n")
    first = load_case(write_case(table)).provenance.content_hash
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.copy(tmp_path / "case.yaml", moved)
    shutil.copy(tmp_path / "grid.csv", moved)
    assert load_case(moved).provenance.content_hash == first
    assert load_case(tmp_path, "boom").provenance.content_hash != first
    (moved / "grid.csv").write_text("date,east\n2025-04-01,71\n")
    assert load_case(moved).provenance.content_hash != first
    commented = write_case({**table, "title: Small": "title: Small  # a comment"})
    assert load_case(commented).provenance.content_hash == first


def test_the_merged_text_and_its_tables_load_to_the_same_case(write_case, tmp_path):
    for folder, power in (("one", 70), ("two", 60)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "grid.csv").write_text(f"date,east\n2025-04-01,{power}\n")
    limit = "limit: {csv: two/grid.csv, column: east, unit: MW}"
    grid = "grid: {csv: one/grid.csv, column: east, unit: MW}"
    deposit = "      deposit: 30 %\n"
    write_case({"grid: 80 MW": grid, deposit: f"{deposit}      {limit}\n"}, name="common.yaml")
    case = load_case(write_case(text="extends: common.yaml\ntitle: '2025'\ndescription: 'yes: no'\n"), "boom")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "case.yaml").write_text(case.provenance.text)
    for name, content in case.provenance.tables.items():
        (copy / name).write_bytes(content)
    again = load_case(copy)
    values = [(number.path, number.figure.value) for number in numbers(case)]
    assert [(number.path, number.figure.value) for number in numbers(again)] == values
    assert (again.title, again.description) == ("2025", "yes: no")
    assert again.provenance.content_hash == case.provenance.content_hash
    assert len(case.provenance.tables) == 2
    assert len(case.provenance.files) == 4


def test_every_number_has_its_place_and_what_its_block_says(write_case):
    file = write_case(
        {
            "grid: 80 MW": "grid: {2025-04-01: 80 MW, 2026-01-01: {value: 90 MW, source: a letter}}",
            "title: East": "title: East\n    source: a report\n    basis_date: 2025-06-01",
            "price: 1.2 CNY/Mtoken": "price: {value: 1.2 CNY/Mtoken, growth: -5 %/year}",
        }
    )
    found = {number.path: number.figure for number in numbers(load_case(file))}
    assert found["sites.east.grid.2025-04-01"].source == "a report"
    assert found["sites.east.grid.2026-01-01"].source == "a letter"
    assert found["sites.east.build.cost"].source == "a report"
    assert found["sites.east.build.cost"].hindsight
    assert found["workloads.chat.price"].source is None
    assert found["workloads.chat.price.growth"].reason == "invented"
    assert not found["workloads.chat.price.growth"].hindsight
    assert found["opening.sites.east.installed.h20"].value == 10
    assert found["exchange_rates.USD"].unit == "CNY/USD"
    assert len(found) == len(list(numbers(load_case(file))))


def test_a_case_never_changes(write_case):
    case = load_case(write_case())
    with pytest.raises(ValidationError):
        case.title = "Other"


def test_a_case_can_be_built_without_a_file(write_case):
    data = plain(read_document(write_case()))
    case = Case.model_validate(data)
    assert case.programme.cap.value == 2000
    with pytest.raises(ValueError, match="not loaded from a file"):
        _ = case.provenance


def test_scalars_follow_yaml_1_2(tmp_path):
    file = tmp_path / "case.yaml"
    file.write_text(
        "country: NO\nswitch: on\nclock: 12:30:00\nnumber: 1e3\nwhole: -7\nquoted: '5'\ntruth: true\n"
        "nothing:\nday: 2025-04-01\nolder: 0o17\nthousands: 1_000\nblock: |\n  two\n  lines\n"
    )
    assert plain(read_document(file)) == {
        "country": "NO",
        "switch": "on",
        "clock": "12:30:00",
        "number": 1000.0,
        "whole": -7,
        "quoted": "5",
        "truth": True,
        "nothing": None,
        "day": "2025-04-01",
        "older": "0o17",
        "thousands": "1_000",
        "block": "two\nlines\n",
    }


def test_places_point_to_keys_and_to_elements_of_lists(tmp_path):
    file = tmp_path / "case.yaml"
    file.write_text("ä: {b: [1, {c: 2}]}\nd: &x {e: 3}\nf: *x\n", encoding="utf-8")
    node = read_document(file)

    def place(*path: str | int) -> tuple[int, int]:
        mark = locate(node, path)
        return mark.line, mark.column

    assert place("ä", "b") == (1, 5)
    assert place("ä", "b", 1) == (1, 12)
    assert place("ä", "b", 1, "c") == (1, 13)
    assert place("ä", "b", 7, "c") == (1, 5)
    assert place("f", "e") == (2, 8)
    assert plain(node)["f"] == {"e": 3}


def test_both_parsers_of_yaml_read_the_same(write_case, monkeypatch):
    """The fast parser may be absent; the slow one then gives the same tree with the same places."""
    import ruamel.yaml

    file = write_case()
    fast = read_document(file)
    made = ruamel.yaml.YAML
    monkeypatch.setattr(ruamel.yaml, "YAML", lambda typ: made(typ=typ, pure=True))
    assert read_document(file) == fast


def test_the_two_sites_case_loads_with_each_variant():
    path = Path(__file__).parents[2] / "cases" / "two-sites"
    case = load_case(path)
    for name in case.variants:
        assert load_case(path, name).provenance.content_hash != case.provenance.content_hash
