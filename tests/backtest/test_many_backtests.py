"""Backtests of several cases are one table, the same bytes in shards; a case that cannot be says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from editions import copied_case

import capexpand as cx
from capexpand.errors import CaseError, RunError
from commands import answered

ASKED = {"scenarios": 20, "workers": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Return a folder with two cases, one that nobody reports on, and the companies' figures."""
    folder = tmp_path_factory.mktemp("many")
    for name, company in (("one", "Example Cloud"), ("two", "Other Cloud"), ("none", "Nobody Ltd")):
        copied_case(folder).rename(folder / name)
        file = folder / name / "case.yaml"
        file.write_text(file.read_text("utf-8").replace("Example Cloud", company), "utf-8")
    rows = [
        f"{company},cloud_revenue,{day},{value},mn CNY"
        for company, first in (("Example Cloud", 100.0), ("Other Cloud", 200.0))
        for day, value in (
            ("2025-03-31", first),
            ("2025-06-30", 1.1 * first),
            ("2025-09-30", 1.21 * first),
            ("2025-12-31", 1.331 * first),
        )
    ]
    (folder / "series.csv").write_text("company,measure,quarter_end,value,unit\n" + "\n".join(rows) + "\n")
    return folder


def cases(place: Path) -> list[Path]:
    return [place / name for name in ("one", "two", "none")]


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def whole(place):
    """Return the run of one machine."""
    found = cx.backtest(cases(place), series=place / "series.csv", out=place / "whole", **ASKED)
    return place / "whole", found


@pytest.mark.slow
def test_every_case_is_a_line_or_says_why_it_is_none(place, whole):
    folder, found = whole
    assert [line["case"] for line in found.document["cases"]] == ["one", "two"]
    assert [line["company"] for line in found.document["cases"]] == ["Example Cloud", "Other Cloud"]
    (left,) = found.document["left_out"]
    assert (left["case"], left["status"]) == ("none", "invalid")
    assert "has no reports of 'Nobody Ltd'" in left["reason"]
    alone = cx.backtest(place / "two", series=place / "series.csv", **ASKED)
    ours = found.table.filter(found.table["case"] == "two").drop("case")
    assert ours.to_dicts() == alone.tables["scored"].to_dicts()
    kept = json.loads((folder / "backtests/two.json").read_text("utf-8"))
    assert kept["scored"] == json.loads(json.dumps(alone.document["scored"]))


@pytest.mark.slow
def test_shards_are_joined_to_the_run_of_one_machine(place, whole, tmp_path):
    folders = [tmp_path / f"shard{number}" for number in (1, 2)]
    for number, folder in enumerate(folders, 1):
        part = cx.backtest(
            cases(place), series=place / "series.csv", shard=f"{number}/2", out=folder, **ASKED
        )
        assert part.document["cases"] == number  # of three
    merged = cx.merge(folders[::-1], out=tmp_path / "merged")
    assert content(tmp_path / "merged") == content(whole[0])
    assert merged.table.equals(whole[1].table)
    with pytest.raises(RunError, match=r"shard 2 of 2 is missing; make it with --shard 2/2"):
        cx.merge(folders[:1])
    with pytest.raises(RunError, match=r"shard 1/2 is named 2 times"):
        cx.merge([*folders, folders[0]])
    cx.backtest(cases(place)[2:], shard="2/2", out=tmp_path / "foreign", **ASKED)
    with pytest.raises(RunError, match="is of other backtests than"):
        cx.merge([folders[0], tmp_path / "foreign"])


@pytest.mark.slow
def test_what_a_journal_holds_is_not_done_again(place, whole, tmp_path, monkeypatch):
    """The second case breaks off; then the first is taken from the journal, and the bytes are the same."""
    from capexpand.studies.backtest import many

    asked, real = [], many.backtest

    def broken(path, *rest, **settings):
        asked.append(Path(path).name)
        if asked == ["one", "two"]:
            raise KeyboardInterrupt
        return real(path, *rest, **settings)

    monkeypatch.setattr(many, "backtest", broken)
    with pytest.raises(KeyboardInterrupt):
        cx.backtest(cases(place), series=place / "series.csv", out=tmp_path / "run", **ASKED)
    assert (tmp_path / ".run.backtest").is_file()
    cx.backtest(cases(place), series=place / "series.csv", out=tmp_path / "run", **ASKED)
    assert asked == ["one", "two", "two", "none"]
    assert content(tmp_path / "run") == content(whole[0])
    assert not (tmp_path / ".run.backtest").exists()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"shard": "41/40", "out": "s"}, "there is no shard 41 of 40"),
        ({"shard": "1/40"}, "a shard is a folder; name it with --out"),
    ],
)
def test_a_bad_shard_is_one_sentence(place, asked, message):
    with pytest.raises(CaseError, match=message):
        cx.backtest(cases(place), **asked)


def test_cases_that_are_wrong_are_all_left_out(place):
    """A variant that no case has: each says so, and there is nothing else to tell."""
    found = cx.backtest(cases(place), "nonsense", series=place / "series.csv", **ASKED)
    assert [row["status"] for row in found.document["left_out"]] == ["invalid"] * 3
    assert found.document["cases"] == []
    assert "no plan was backtested" in found.sheet().answers[1].text.lower()


def test_two_cases_of_one_name_are_refused(place):
    with pytest.raises(CaseError, match="two cases are called 'one'"):
        cx.backtest([place / "one", place / "one"])


@pytest.mark.slow
def test_the_command_takes_several_cases(place, tmp_path):
    said = answered(
        "backtest", *map(str, cases(place)), "--series", str(place / "series.csv"), "--scenarios", "20",
        "--workers", "1", "--shard", "3/3", "--out", str(tmp_path / "s"),
    )  # fmt: skip
    assert said["shard"] == 3
    assert said["cases"] == 1
