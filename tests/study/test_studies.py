"""A study is the same bytes in one piece, after a kill and in shards; a bad manifest is told its place."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from small_case import SMALL

import capexpand as cx
from capexpand.studies.study.manifest import read_study
from capexpand.studies.study.planning import Planner
from commands import answered, printed

MANIFEST = """\
title: Around two cases
cases: [one, {case: two, variants: [as declared, dear, wrong]}]
dates: [as declared, 2025-03-01]
"""


def written(folder: Path, manifest: str = MANIFEST) -> Path:
    """Return a manifest beside two small cases, the second with a variant that is dear and a wrong one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, cap in (("one", "10 mn CNY"), ("two", "8 mn CNY")):
        case = json.loads(json.dumps(SMALL))
        case["title"] = name.capitalize()
        case["programme"]["cap"] = cap
        if name == "two":
            case["variants"] = {
                "dear": {"title": "Dear", "set": {"offers.server.buy.price": "2 mn CNY"}},
                "wrong": {"title": "Wrong", "set": {"workloads.chat.usable_share": "120 %"}},
            }
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "case.yaml").write_text(json.dumps(case), encoding="utf-8")
    (folder / "study.yaml").write_text(manifest, encoding="utf-8")
    return folder / "study.yaml"


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def different(one: Path, other: Path) -> list[str]:
    """Return the files that differ; the renderer numbers the parts of pictures on through a process."""
    left, right = content(one), content(other)
    names = sorted({*left, *right})
    return [n for n in names if left.get(n) != right.get(n) and n != "run.json" and not n.endswith(".svg")]


def test_every_combination_is_a_row_with_its_value_or_its_reason(tmp_path):
    """Ten servers would pay; 10 or 8 mn CNY buy as many, or half of that if dear.

    Each earns 4 in the year and costs 1, so case one is worth 30 and two 24; dear, four servers at 2 earn
    4 (4 − 2) = 8. Sensitivity: with the same cap case two would be worth 30 as well.
    """
    found = cx.study(written(tmp_path), workers=1, out=tmp_path / "run")
    rows = found.table.select("case", "variant", "as_of", "status", "npv").rows()
    npv = {(case, variant, str(day)): value for case, variant, day, _, value in rows}
    assert len(npv) == 8
    for day in ("2025-03-31", "2025-03-01"):
        assert npv["one", None, day] == pytest.approx(30e6)
        assert npv["two", None, day] == pytest.approx(24e6)
        assert npv["two", "dear", day] == pytest.approx(8e6)
        assert npv["two", "wrong", day] is None
    wrong = found.table.filter(pl.col("variant") == "wrong")
    assert wrong["status"].to_list() == ["invalid", "invalid"]
    assert "usable_share" in wrong["reason"][0]
    assert [answer.question for answer in found.sheet().answers][-1] == "Which have no plan?"
    read = pl.read_parquet(tmp_path / "run" / "table" / "**" / "*.parquet", hive_partitioning=True)
    assert read.select(found.table.columns).sort("item").equals(found.table)


@pytest.mark.parametrize("left", [0.0, 0.4, 0.99])
def test_a_study_that_was_killed_goes_on_to_the_same_bytes(tmp_path, left, monkeypatch):
    """A process that is killed leaves a part of its journal, cut off at any byte."""
    monkeypatch.setattr("capexpand.studies.study.running.PLANS_AT_ONCE", 2)
    manifest = written(tmp_path / "home")
    cx.study(manifest, workers=1, out=tmp_path / "whole")

    def stop(words: str) -> None:
        if words.startswith(("Planned 7", "Planned 8")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cx.study(manifest, workers=1, out=tmp_path / "run", progress=stop)
    journal = tmp_path / ".run.study"
    journal.write_bytes(journal.read_bytes()[: int(left * journal.stat().st_size)])
    planned: list[int] = []
    real = Planner.row
    monkeypatch.setattr(Planner, "row", lambda self, item: planned.append(item.number) or real(self, item))
    cx.study(manifest, workers=1, out=tmp_path / "run")
    assert different(tmp_path / "run", tmp_path / "whole") == []
    assert len(planned) < 8 or left < 0.4
    assert not journal.exists()


def test_shards_of_a_study_are_joined_to_the_run_of_one_machine(tmp_path):
    manifest = written(tmp_path / "home")
    cx.study(manifest, workers=2, out=tmp_path / "whole")
    folders = [tmp_path / str(number) for number in (1, 2, 3)]
    for number, folder in enumerate(folders, start=1):
        part = cx.study(manifest, workers=1, shard=f"{number}/3", out=folder)
        assert part.document["items_of_the_study"] == 8
    stamp = (folders[0] / "run.json").stat().st_ino
    cx.study(manifest, workers=1, shard="1/3", out=folders[0])
    assert (folders[0] / "run.json").stat().st_ino == stamp
    cx.merge(folders[::-1], out=tmp_path / "merged")
    assert different(tmp_path / "merged", tmp_path / "whole") == []
    other = written(tmp_path / "other", MANIFEST.replace("Around", "About"))
    cx.study(other, workers=1, shard="3/3", out=tmp_path / "foreign")
    for wrong, said in (
        (folders[:2], "shard 3 of 3 is missing; make it with --shard 3/3"),
        ([*folders, folders[0]], "shard 1/3 is named 2 times"),
        ([*folders[:2], tmp_path / "foreign"], "is of another study than"),
        ([folders[0], tmp_path / "whole"], "is the run of a study, no shard of a study"),
    ):
        with pytest.raises(cx.RunError, match=said) as error:
            cx.merge(wrong, out=tmp_path / "none")
        assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("title: x\n", r"study\.yaml:1:1: cases: is missing; list the cases"),
        ("cases: one\n", r":1:1: cases: is a list with at least one entry"),
        ("cases: [one, one]\n", r":1:14: cases: 'one' is named twice"),
        ("cases: [none]\n", "none: there is no such file"),
        ("cases: [one]\ncase: x\n", r":2:1: case: there is no field 'case'; did you mean cases\?"),
        ("cases: [one]\nvariants: [dear]\n", r":2:1: variants: no case has a variant 'dear'"),
        ("cases: [{case: two, variants: [daer]}]\n", r"two has no variant 'daer'; did you mean dear\?"),
        ("cases: [one]\ndates: [soon]\n", r":2:9: dates: 'soon' is not a date; write it as 2025-04-01"),
        ("cases: [one]\nrisks: [brave]\n", r":2:9: risks: 'brave' is none of plan, mean, worst"),
        ("cases: [one]\nseed: -1\n", r":2:1: seed: is a whole number of at least 0"),
        ("cases: [one]\nscenarios: 3\n", r"scenarios: is a whole number of at least 10"),
        ("cases: [one]\ncurrency: USD\n", "no exchange rate between CNY and USD|there is"),
        ("cases: [{variants: [all]}]\n", r"cases: is a case, or a case with variants"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_place(tmp_path, manifest, said):
    if "currency" in manifest:
        manifest = manifest.replace("USD", "XXZ")
        said = "there is no currency 'XXZ'"
    with pytest.raises(cx.CaseError, match=said) as error:
        cx.study(written(tmp_path, manifest), out=tmp_path / "run")
    assert len(error.value.problems) == 1
    assert not (tmp_path / "run").exists()


def test_items_are_counted_once_and_dates_of_the_case_are_its_own(tmp_path):
    days = "dates: [as declared, 2025-03-31, 2025-03-01]"
    text = f"cases: [one, two]\nvariants: [all]\n{days}\nrisks: [plan, 'cvar:0.9']\n"
    study = read_study(written(tmp_path, text))
    assert len(study.items) == (1 + 3) * 2 * 2
    assert [item.number for item in study.items] == list(range(1, 17))


def test_a_policy_that_nothing_asks_for_is_a_row_with_its_reason(tmp_path):
    found = cx.study(written(tmp_path, "cases: [one]\nrisks: [mean]\n"), workers=1)
    assert found.table["reason"].to_list() == ["declares nothing unknown; add an uncertainty block"]


@pytest.mark.slow
def test_attitudes_to_risk_are_rows_with_their_spread(tmp_path):
    text = "cases: [two-sites]\nrisks: [plan, mean, worst]\nscenarios: 20\niterations: 4\n"
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    table = cx.study(tmp_path / "study.yaml", workers=1).table
    assert table["status"].to_list() == ["planned"] * 3
    assert table["npv_95"][0] is None
    assert all(low < high for low, high in table.select("npv_5", "npv_95").rows()[1:])


def test_the_command_prints_json_and_says_where_the_report_is(tmp_path):
    manifest = written(tmp_path, "cases: [one]\n")
    assert answered("study", manifest, "--workers", "1")["planned"] == 1
    assert "report.html" in printed("study", manifest, "--out", tmp_path / "run")


def test_a_page_of_very_many_rows_is_no_larger_than_one_of_some(tmp_path):
    """Ten times as many rows; the ranking, the levels and a sample are shown either way."""
    from capexpand.studies.study.sheet import About, study_sheet
    from capexpand.studies.study.table import schema

    def page(count: int) -> str:
        names = ["alpha", "beta", "gamma"]
        item = pl.int_range(1, count + 1, eager=True)
        frame = pl.DataFrame(
            {
                "item": item,
                "case": [names[number % 3] for number in range(count)],
                "risk": ["plan"] * count,
                "status": ["planned"] * count,
                "npv": (item * 7919 % 10007).cast(pl.Float64) * 1e6,
                "spent": (item * 31 % 997).cast(pl.Float64) * 1e6,
            }
        )
        rest = [
            pl.lit(None, kind).alias(name) for name, kind in schema().items() if name not in frame.columns
        ]
        cases = tuple({"case": name, "hash": "0"} for name in names)
        about = About("Many", "CNY", count, 1, 10, None, cases, (), "0")
        return study_sheet(about, frame.with_columns(rest).select(schema().keys()).lazy()).html()

    small, large = page(6_000), page(60_000)
    assert abs(len(large) - len(small)) < 0.1 * len(small)
