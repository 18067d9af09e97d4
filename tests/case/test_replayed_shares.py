"""A usable share that a replay found: read at load, part of the hash and of the copy, wrong ones shown."""

import json

import pytest

from capexpand.case.loading import load_case
from capexpand.case.numbers import numbers
from capexpand.errors import CaseError

ROW = {"workload": "chat", "offer": "all", "usable": 0.8, "usable_low": 0.7, "usable_high": 0.9}
REFERENCE = {"usable_share: 50 %": "utilisation: {from_replay: derating.json, workload: chat}"}


def write_derating(folder, *rows, name="derating.json"):
    document = {"trace": "azure", "quarter": "2026Q1", "deratings": list(rows) or [ROW]}
    (folder / name).write_text(json.dumps(document, indent=1))


def reference(text):
    return {"usable_share: 50 %": f"utilisation: {text}"}


def test_the_share_comes_from_the_file_with_its_interval_and_trace(write_case, tmp_path):
    write_derating(tmp_path)
    case = load_case(write_case(REFERENCE))
    assert case.workloads["chat"].usable_fraction == pytest.approx(0.8)
    figure = {each.path: each.figure for each in numbers(case)}["workloads.chat.utilisation"]
    assert "70.0% to 90.0%" in figure.source
    assert "azure" in figure.source
    assert "derating.json" in figure.source


def test_a_csv_holds_the_same(write_case, tmp_path):
    (tmp_path / "d.csv").write_text(
        "workload,offer,usable,usable_low,usable_high,trace\nchat,all,0.8,0.7,0.9,t\nchat,h20,0.6,0.5,0.7,t\n"
    )
    case = load_case(write_case(reference("{from_replay: d.csv, offer: h20, times: 90 %}")))
    assert case.workloads["chat"].usable_fraction == pytest.approx(0.54)


def test_another_derating_is_another_case(write_case, tmp_path):
    write_derating(tmp_path)
    file = write_case(REFERENCE)
    first = load_case(file).provenance.content_hash
    assert load_case(file).provenance.content_hash == first
    write_derating(tmp_path, ROW | {"usable": 0.81})
    assert load_case(file).provenance.content_hash != first


def test_the_copy_of_a_case_loads_to_the_same(write_case, tmp_path):
    (tmp_path / "found").mkdir()
    write_derating(tmp_path / "found")
    origin = load_case(write_case(reference("{from_replay: found/derating.json}"))).provenance
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "case.yaml").write_text(origin.text)
    for name, content in origin.tables.items():
        (copy / name).write_bytes(content)
    assert set(origin.tables) == {"derating.json"}
    again = load_case(copy)
    assert again.provenance.content_hash == origin.content_hash
    assert again.workloads["chat"].usable_fraction == pytest.approx(0.8)


def test_a_variant_takes_the_share_of_a_replay(write_case, tmp_path):
    write_derating(tmp_path)
    settings = (
        "set: {workloads.chat.usable_share: null, workloads.chat.utilisation: {from_replay: derating.json}}"
    )
    file = write_case({"set: {workloads.chat.demand: 4 tn token/day}": settings})
    assert load_case(file).workloads["chat"].usable_fraction == pytest.approx(0.5)
    assert load_case(file, "boom").workloads["chat"].usable_fraction == pytest.approx(0.8)


WRONG = {
    "both": ("{from_replay: derating.json}\n    usable_share: 50 %", "keep one"),
    "a stated share": ("80 %", "usable_share: 80 %"),
    "no such file": ("{from_replay: none.json}", "there is no such file"),
    "an unknown workload": ("{from_replay: derating.json, workload: chta}", "did you mean chat?"),
    "an unknown offer": ("{from_replay: derating.json, offer: b200}", "no row for offer 'b200'"),
    "an unknown field": ("{from_replay: derating.json, workloads: chat}", "did you mean workload?"),
    "more than all": ("{from_replay: derating.json, times: 2}", "more than all"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_reference_is_shown_at_its_place(name, write_case, tmp_path, problems_of):
    text, message = WRONG[name]
    write_derating(tmp_path)
    problems = problems_of(write_case(reference(text)))
    assert len(problems) == 1
    assert message in problems[0]
    line = int(problems[0].split(":")[1])
    assert "utilisation" in (tmp_path / "case.yaml").read_text().splitlines()[line - 1]


def test_neither_share_is_an_error(write_case, problems_of):
    problems = problems_of(write_case({"    usable_share: 50 %\n": ""}))
    assert len(problems) == 1
    assert "needs usable_share, or utilisation" in problems[0]


def test_several_workloads_need_a_name(write_case, tmp_path, problems_of):
    write_derating(tmp_path, ROW, ROW | {"workload": "batch"})
    assert "needs workload" in problems_of(write_case(reference("{from_replay: derating.json}")))[0]


BROKEN = {
    "not JSON": ('{"deratings": [,]}', "derating.json:1:16"),
    "no list": ('{"rows": []}', "derating.json:1:1"),
    "above 1": (json.dumps({"deratings": [ROW | {"usable": 1.2}]}, indent=1), "derating.json:4:4"),
    "no number": (json.dumps({"deratings": [ROW, ROW | {"usable": "x"}]}, indent=1), "derating.json:11:4"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_derating_is_shown_at_its_own_line(name, write_case, tmp_path):
    content, place = BROKEN[name]
    (tmp_path / "derating.json").write_text(content)
    with pytest.raises(CaseError) as error:
        load_case(write_case(REFERENCE))
    assert place in str(error.value)
